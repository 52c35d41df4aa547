// Three-level normal meta-analysis with meta-regression and location-scale part, random effects integrated out.
//
//   y_i = x_i'beta + b_c(i) + w_i + e_i          e_c ~ N(0, S_c), known, by default diag(v)
//   w_i ~ N(0, tau_i^2 (1 - rho))                within clusters
//   b_i = tau_i sqrt(rho) gamma_c(i)             between clusters, gamma_c ~ N(0, 1)
//   log tau_i = log tau + z_i'delta              z centred
//
// With D_i = v_i + tau_i^2 (1 - rho), a_i = tau_i sqrt(rho), r = y - X beta, and per cluster
// q = sum(a_i^2 / D_i), h = sum(a_i r_i / D_i):
//
//   log p(y_c) = -1/2 [ sum(log(2 pi D_i)) + log(1 + q) + sum(r_i^2 / D_i) - h^2 / (1 + q) ]
//
// and with dependent sampling errors the density of N(X beta, S_c + diag(tau_i^2 (1 - rho)) + a a'). `three_level`
// (functions/three_level.hpp) returns the sum over clusters with its analytic gradient. J = 0 leaves clusters out.
// A prior of family 0 fixes its parameter.
//
// The same model in plain form: reference/meta.stan (equal densities: tests/exact/test_reference_programs.py).
functions {
  #include priors.stan

  real three_level(data vector y, data vector v, data vector S, data matrix X, data matrix Z, data array[] int start,
                   vector beta, real tau, real rho, vector delta);
}
data {
  int<lower=1> k; // effect estimates, sorted by cluster
  int<lower=0> J; // clusters
  int<lower=1> p; // coefficients of the mean
  int<lower=0> s; // coefficients of log tau
  vector[k] y; // effect estimates
  vector<lower=0>[k] v; // sampling variances
  int<lower=0> S_size;
  vector[S_size] S; // sampling covariances, one matrix after the other; none where errors are independent
  matrix[k, p] X; // standardised design of the mean
  matrix[k, s] Z; // standardised, centred design of log tau
  array[J + 1] int<lower=1, upper=k + 1> start; // first row of each cluster, then k + 1

  int<lower=0, upper=p> p_free; // coefficients of the mean whose prior isn't a point
  array[p_free] int<lower=1, upper=p> free; // which they are
  vector[p] beta_point; // values of the others
  array[p_free] int<lower=1> beta_family;
  array[p_free, 3] real beta_prior;
  vector[p_free] beta_lower;
  vector[p_free] beta_upper;

  int<lower=0> tau_family;
  array[3] real tau_prior;
  array[2] real<lower=0> tau_bounds;
  real<lower=0> tau_point; // its value if its family is 0
  int<lower=0> rho_family;
  array[3] real rho_prior;
  array[2] real<lower=0, upper=1> rho_bounds;
  real<lower=0, upper=1> rho_point; // its value if its family is 0
  int<lower=0> delta_family;
  array[3] real delta_prior;
  array[2] real delta_bounds;
  real delta_point; // its value if its family is 0
}
parameters {
  vector<lower=beta_lower, upper=beta_upper>[p_free] beta_free;
  array[tau_family > 0] real<lower=tau_bounds[1], upper=tau_bounds[2]> tau_free;
  array[rho_family > 0] real<lower=rho_bounds[1], upper=rho_bounds[2]> rho_free;
  vector<lower=delta_bounds[1], upper=delta_bounds[2]>[delta_family > 0 ? s : 0] delta_free;
}
transformed parameters {
  vector[p] beta = beta_point;
  beta[free] = beta_free;
  real tau = tau_family > 0 ? tau_free[1] : tau_point; // total heterogeneity SD at the mean of Z
  real rho = rho_family > 0 ? rho_free[1] : rho_point; // share between clusters
  vector[s] delta = delta_family > 0 ? delta_free : rep_vector(delta_point, s);
}
model {
  target += three_level(y, v, S, X, Z, start, beta, tau, rho, delta);
  for (j in 1 : p_free) {
    target += prior_lpdf(beta_free[j] | beta_family[j], beta_prior[j]);
  }
  if (tau_family > 0) {
    target += prior_lpdf(tau | tau_family, tau_prior);
  }
  if (rho_family > 0) {
    target += prior_lpdf(rho | rho_family, rho_prior);
  }
  if (delta_family > 0) {
    for (j in 1 : s) {
      target += prior_lpdf(delta[j] | delta_family, delta_prior);
    }
  }
}
