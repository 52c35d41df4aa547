// The model of hierarchical_latent.stan in the plainest form: two grouping factors, each with a random intercept, and
// binary outcomes. tests/exact/test_reference_programs.py shows equal densities.
//
//   logit P(y_i = 1) = x_i'beta + a_g(i) + b_h(i)          a_g ~ N(0, sd_1^2), b_h ~ N(0, sd_2^2)
data {
  int<lower=1> N; // rows
  int<lower=1> p; // coefficients
  int<lower=1> G; // clusters of the first grouping factor
  int<lower=1> H; // clusters of the second
  array[N] int<lower=0, upper=1> y;
  matrix[N, p] X;
  array[N] int<lower=1, upper=G> g;
  array[N] int<lower=1, upper=H> h;
  vector[p] beta_mean; // priors
  vector<lower=0>[p] beta_sd;
  vector<lower=0>[2] sd_scale;
}
parameters {
  vector[p] beta;
  vector<lower=0>[2] sd;
  vector[G] a_unit; // random effects over their SDs
  vector[H] b_unit;
}
model {
  beta ~ normal(beta_mean, beta_sd);
  sd ~ normal(0, sd_scale);
  a_unit ~ std_normal();
  b_unit ~ std_normal();
  y ~ bernoulli_logit(X * beta + sd[1] * a_unit[g] + sd[2] * b_unit[h]);
}
