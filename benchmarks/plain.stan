// Three-level normal meta-analysis, random effects integrated out.
//
//   y_i = mu + b_c(i) + w_i + e_i,     e_i ~ N(0, v_i)             known sampling variance
//   w_i ~ N(0, tau^2 (1 - rho)),             b_c ~ N(0, tau^2 rho)       within and between clusters
//
// With D_i = v_i + tau^2 (1 - rho), a = tau sqrt(rho), r = y - mu, and per cluster
// q = sum(a^2 / D_i), h = sum(a r_i / D_i):
//
//   log p(y_c) = -1/2 [ sum(log(2 pi D_i)) + log(1 + q) + sum(r_i^2 / D_i) - h^2 / (1 + q) ]
//
// J = 0 leaves clusters out (rho is then the point 0). A prior of family 0 fixes its parameter at its lower bound.
functions {
  #include priors.stan
}
data {
  int<lower=1> k; // effect estimates, sorted by cluster
  int<lower=0> J; // clusters
  vector[k] y; // effect estimates
  vector<lower=0>[k] v; // sampling variances
  array[J + 1] int<lower=1, upper=k + 1> start; // first row of each cluster, then k + 1
  int<lower=0> mu_family;
  array[3] real mu_prior;
  array[2] real mu_bounds;
  int<lower=0> tau_family;
  array[3] real tau_prior;
  array[2] real<lower=0> tau_bounds;
  int<lower=0> rho_family;
  array[3] real rho_prior;
  array[2] real<lower=0, upper=1> rho_bounds;
}
transformed data {
  array[J] int size; // rows per cluster
  for (j in 1 : J) 
    size[j] = start[j + 1] - start[j];
}
parameters {
  array[mu_family > 0] real<lower=mu_bounds[1], upper=mu_bounds[2]> mu_free;
  array[tau_family > 0] real<lower=tau_bounds[1], upper=tau_bounds[2]> tau_free;
  array[rho_family > 0] real<lower=rho_bounds[1], upper=rho_bounds[2]> rho_free;
}
transformed parameters {
  real mu = mu_family > 0 ? mu_free[1] : mu_bounds[1]; // pooled effect
  real tau = tau_family > 0 ? tau_free[1] : tau_bounds[1]; // total heterogeneity SD
  real rho = rho_family > 0 ? rho_free[1] : rho_bounds[1]; // share between clusters
}
model {
  vector[k] precision = inv(v + square(tau) * (1 - rho));
  vector[k] r = y - mu;
  vector[k] weighted = r .* precision;
  target += -0.5 * (k * log(2 * pi()) - sum(log(precision)) + dot_product(r, weighted));
  if (J > 0) {
    real a2 = square(tau) * rho;
    vector[J] q;
    vector[J] h2;
    for (j in 1 : J) {
      q[j] = a2 * sum(segment(precision, start[j], size[j]));
      h2[j] = a2 * square(sum(segment(weighted, start[j], size[j])));
    }
    target += -0.5 * (sum(log1p(q)) - sum(h2 ./ (1 + q)));
  }
  if (mu_family > 0) {
    target += prior_lpdf(mu | mu_family, mu_prior);
  }
  if (tau_family > 0) {
    target += prior_lpdf(tau | tau_family, tau_prior);
  }
  if (rho_family > 0) {
    target += prior_lpdf(rho | rho_family, rho_prior);
  }
}
