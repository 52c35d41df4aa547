// Gaussian mixed model with one grouping factor, random effects integrated out.
//
//   y_j = X_j beta + Z_j u_j + e_j          u_j ~ N(0, L L'), e_j ~ N(0, sigma^2 I)
//
// With Z_j = Q_j R_j, a_j = Q_j'(y_j - X_j beta) and V_j = sigma^2 I + R_j L L' R_j',
//
//   log p(y) = -N/2 log(2 pi) - (N - J q) log(sigma) - W / (2 sigma^2) - 1/2 sum_j [ log|V_j| + a_j' V_j^-1 a_j ]
//
// where W = sum_j |(I - Q_j Q_j')(y_j - X_j beta)|^2 = |T (beta, -1)|^2. Nothing large cancels, and the cost doesn't
// depend on N. `clustered_normal` (functions/clustered_normal.hpp) has the analytic gradient.
//
// Outcome and columns are centred and divided by their spread; `unit` is what one unit of a parameter here is in the
// user's units, in which the priors are stated.
//
// The same model in plain form: reference/hierarchical_gaussian.stan (equal densities: tests/exact/test_reference_programs.py).
functions {
  #include priors.stan
  #include correlation.stan

  real clustered_normal(data int N, data matrix R, data matrix E, data vector d, data matrix T, vector beta,
                        real sigma, matrix L);
}
data {
  int<lower=1> N; // rows of the data
  int<lower=1> J; // clusters
  int<lower=1> p; // coefficients
  int<lower=1> q; // random effects of a cluster
  matrix[J * q, q] R;
  matrix[J * q, p] E; // Q_j'X_j
  vector[J * q] d; // Q_j'y_j
  matrix[p + 1, p + 1] T;
  int<lower=1> blocks; // sets of random effects that are correlated with each other
  array[blocks] int<lower=1> block_size;
  int<lower=0> n_partial; // partial correlations

  array[p] int<lower=1> beta_family;
  array[p, 3] real beta_prior;
  vector[p] beta_lower;
  vector[p] beta_upper;
  vector[p] beta_offset; // the user's value of a parameter that is zero here
  vector<lower=0>[p] beta_unit;
  array[q] int<lower=1> sd_family;
  array[q, 3] real sd_prior;
  vector<lower=0>[q] sd_lower;
  vector<lower=0>[q] sd_upper;
  vector<lower=0>[q] sd_unit;
  int<lower=1> sigma_family;
  array[3] real sigma_prior;
  array[2] real<lower=0> sigma_bounds;
  real<lower=0> sigma_unit;
  real<lower=0> eta; // of the LKJ prior
}
parameters {
  vector<lower=beta_lower, upper=beta_upper>[p] beta;
  vector<lower=sd_lower, upper=sd_upper>[q] sd;
  real<lower=sigma_bounds[1], upper=sigma_bounds[2]> sigma;
  vector<lower=-1, upper=1>[n_partial] partial;
}
model {
  target += clustered_normal(N, R, E, d, T, beta, sigma, block_cholesky(sd, block_size, partial));
  target += partial_lkj_lpdf(partial | block_size, eta);
  for (j in 1 : p) {
    target += prior_lpdf(beta_offset[j] + beta_unit[j] * beta[j] | beta_family[j], beta_prior[j]) + log(beta_unit[j]);
  }
  for (j in 1 : q) {
    target += prior_lpdf(sd_unit[j] * sd[j] | sd_family[j], sd_prior[j]) + log(sd_unit[j]);
  }
  target += prior_lpdf(sigma_unit * sigma | sigma_family, sigma_prior) + log(sigma_unit);
}
