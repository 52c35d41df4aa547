// The model of meta.stan in the plainest form: estimates in clusters, random effects integrated out by the multivariate
// normal. The cost grows with the cube of k; tests/exact/test_reference_programs.py shows equal densities.
//
//   y_i = x_i'beta + b_c(i) + w_i + e_i
//   b_c ~ N(0, tau^2 rho), w_i ~ N(0, tau^2 (1 - rho)), e_i ~ N(0, v_i)
data {
  int<lower=1> k; // effect estimates
  int<lower=1> p; // coefficients
  vector[k] y; // effect estimates
  vector<lower=0>[k] v; // their sampling variances
  matrix[k, p] X; // design
  array[k] int cluster;
  vector<lower=0>[p] beta_sd; // SDs of the priors of the coefficients
  real<lower=0> tau_scale; // scale of the half-normal prior of tau
}
parameters {
  vector[p] beta;
  real<lower=0> tau;
  real<lower=0, upper=1> rho;
}
model {
  matrix[k, k] V = diag_matrix(v + square(tau) * (1 - rho));
  for (i in 1 : k) {
    for (j in 1 : k) {
      if (cluster[i] == cluster[j]) {
        V[i, j] += square(tau) * rho;
      }
    }
  }
  beta ~ normal(0, beta_sd);
  tau ~ normal(0, tau_scale);
  rho ~ uniform(0, 1);
  y ~ multi_normal(X * beta, V);
}
