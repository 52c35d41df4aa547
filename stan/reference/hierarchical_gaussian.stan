// The model of hierarchical_gaussian.stan in the plainest form: a random intercept and slope, correlated, integrated out
// by the multivariate normal of each cluster. tests/exact/test_reference_programs.py shows equal densities.
//
//   y_i = x_i'beta + z_i'u_j(i) + e_i          u_j ~ N(0, Sigma), e_i ~ N(0, sigma^2)
data {
  int<lower=1> N; // rows
  int<lower=1> J; // clusters
  int<lower=1> p; // coefficients
  vector[N] y;
  matrix[N, p] X;
  matrix[N, 2] Z; // intercept and slope
  array[N] int<lower=1, upper=J> cluster;
  vector[p] beta_mean; // priors
  vector<lower=0>[p] beta_sd;
  vector<lower=0>[2] sd_scale;
  real<lower=0> sigma_scale;
}
parameters {
  vector[p] beta;
  vector<lower=0>[2] sd;
  real<lower=0> sigma;
  real<lower=-1, upper=1> correlation;
}
model {
  matrix[2, 2] Sigma = quad_form_diag([[1, correlation], [correlation, 1]], sd);
  beta ~ normal(beta_mean, beta_sd);
  sd ~ normal(0, sd_scale);
  sigma ~ normal(0, sigma_scale);
  [[1, correlation], [correlation, 1]] ~ lkj_corr(2);
  for (j in 1 : J) {
    array[N] int rows;
    int n = 0;
    for (i in 1 : N) {
      if (cluster[i] == j) {
        n += 1;
        rows[n] = i;
      }
    }
    array[n] int own = rows[1 : n];
    y[own] ~ multi_normal(X[own] * beta, add_diag(quad_form(Sigma, Z[own]'), square(sigma)));
  }
}
