// Mixed model of counts with one grouping factor: logit of binomial outcomes, logarithm of Poisson rates.
//
//   eta_i = known_i + x_i'beta + z_i'u_c(i)        u_j = L v_j, v_j ~ N(0, I)
//   y_i ~ Binomial(n_i, logit^-1(eta_i))            or   y_i ~ Poisson(exp(eta_i))
//
// Rows that share cluster and design row stand together, with their sums of y, n and exposure; `constant` holds the
// terms without parameters, so that the log likelihood is that of the rows as they were. `clustered_counts`
// (functions/clustered_counts.hpp) has the analytic gradient.
//
// Columns are centred and divided by their spread; `unit` is what one unit of a parameter here is in the user's units,
// in which the priors are stated.
functions {
  #include priors.stan
  #include correlation.stan
  real clustered_counts(data int counts, data vector y, data vector trials,
                        data vector known, data matrix X, data matrix Z,
                        data array[] int cluster, vector beta, matrix u);
}
data {
  int<lower=1> N; // rows after aggregation
  int<lower=1> J; // clusters
  int<lower=1> p; // coefficients
  int<lower=1> q; // random effects of a cluster
  int<lower=0, upper=1> counts; // Poisson rather than binomial
  vector<lower=0>[N] y; // events
  vector<lower=0>[N] trials;
  vector[N] known; // logarithm of the exposure; zeros for binomial outcomes
  matrix[N, p] X;
  matrix[N, q] Z;
  array[N] int<lower=1, upper=J> cluster;
  real constant;
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
  real<lower=0> eta; // of the LKJ prior
}
transformed data {
  vector[N] start = known + X * (beta_offset ./ beta_unit);
}
parameters {
  vector<lower=beta_lower, upper=beta_upper>[p] beta;
  vector<lower=sd_lower, upper=sd_upper>[q] sd;
  vector<lower=-1, upper=1>[n_partial] partial;
  matrix[q, J] v;
}
model {
  matrix[q, J] u = block_cholesky(sd, block_size, partial) * v;
  target += constant
            + clustered_counts(counts, y, trials, start, X, Z, cluster, beta, u);
  target += std_normal_lpdf(to_vector(v));
  target += partial_lkj_lpdf(partial | block_size, eta);
  for (j in 1 : p) {
    target += prior_lpdf(beta_offset[j] + beta_unit[j] * beta[j] | beta_family[j], beta_prior[j])
              + log(beta_unit[j]);
  }
  for (j in 1 : q) {
    target += prior_lpdf(sd_unit[j] * sd[j] | sd_family[j], sd_prior[j])
              + log(sd_unit[j]);
  }
}
