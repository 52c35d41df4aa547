// Mixed model with any number of grouping factors, random effects sampled.
//
//   eta_i = known_i + x_i'beta + sum_k z_ik u_place(i,k)      u_j = L v_j, v_j ~ N(0, I), for each cluster j of a factor
//   y_i ~ family(eta_i, own), such as Binomial(n_i, logit^-1(eta_i)), Poisson(exp(eta_i)) or N(eta_i, own_1^2)
//
// Rows that share all clusters and design row stand together, with their sums of y, n and exposure (n counts rows of
// gaussian outcomes); `constant` holds the terms without parameters, so that the log likelihood is that of the rows as
// they were. `latent_rows` (functions/latent_rows.hpp) has the analytic gradient.
//
// Where the data settle the random effects far more closely than their SDs do, v_j = L^-1 u_j would have to change with
// every sd. v is then a coordinate of u = u_centre + u_slope beta + u_root v, in which the likelihood is nearly N(0, I)
// at any beta and sd.
//
// Columns are centred and divided by their spread; `unit` is what one unit of a parameter here is in the user's units,
// in which the priors are stated.
//
// The same model in plain form: reference/hierarchical_latent.stan (equal densities: tests/exact/test_reference_programs.py).
functions {
  #include priors.stan
  #include correlation.stan

  real latent_rows(data int family, data vector y, data vector trials, data vector known, data real constant,
                   data matrix X, data matrix Z, data array[,] int place, vector beta, vector u, vector own);
}
data {
  int<lower=1> N; // rows after aggregation
  int<lower=1> M; // random effects of all clusters
  int<lower=1> p; // coefficients
  int<lower=1> q; // random effects of a row
  int<lower=0> family; // see latent_rows
  int<lower=0> m; // parameters of the family: residual SD, then its shape
  vector[N] y; // events, or sums of outcomes
  vector<lower=0>[N] trials;
  vector[N] known; // logarithm of the exposure, and the centre of the outcome
  matrix[N, p] X;
  matrix[N, q] Z;
  array[N, q] int<lower=1, upper=M> place;
  real constant;
  int<lower=1> blocks; // sets of random effects that are correlated with each other
  array[blocks] int<lower=1> block_size;
  array[blocks] int<lower=1> block_clusters;
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
  array[m] int<lower=1> own_family;
  array[m, 3] real own_prior;
  vector[m] own_lower;
  vector[m] own_upper;
  vector<lower=0>[m] own_unit;
  real<lower=0> eta; // of the LKJ prior
  int<lower=0, upper=1> settled; // whether the data settle the random effects
  vector[settled * M] u_centre;
  matrix[settled * M, p] u_slope;
  matrix[settled * M, M] u_root;
}
parameters {
  vector<lower=beta_lower, upper=beta_upper>[p] beta;
  vector<lower=sd_lower, upper=sd_upper>[q] sd;
  vector<lower=own_lower, upper=own_upper>[m] own;
  vector<lower=-1, upper=1>[n_partial] partial;
  vector[M] v; // block after block, cluster after cluster; see above where they are settled
}
model {
  vector[M] u = v;
  if (settled) {
    u = u_centre + u_slope * beta + u_root * v;
  }
  {
    matrix[q, q] L = block_cholesky(sd, block_size, partial);
    int first = 0;
    int used = 0;
    for (b in 1 : blocks) {
      int s = block_size[b];
      int length = s * block_clusters[b];
      matrix[s, s] root = L[first + 1 : first + s, first + 1 : first + s];
      if (settled) {
        matrix[s, block_clusters[b]] effects = to_matrix(u[used + 1 : used + length], s, block_clusters[b]);
        target += -0.5 * (sum(square(mdivide_left_tri_low(root, effects))) + length * log(2 * pi()));
        target += -block_clusters[b] * sum(log(diagonal(root)));
      } else {
        u[used + 1 : used + length] = to_vector(root * to_matrix(v[used + 1 : used + length], s, block_clusters[b]));
        target += std_normal_lpdf(v[used + 1 : used + length]);
      }
      first += s;
      used += length;
    }
  }
  target += latent_rows(family, y, trials, known, constant, X, Z, place, beta, u, own);
  target += partial_lkj_lpdf(partial | block_size, eta);
  for (j in 1 : p) {
    target += prior_lpdf(beta_offset[j] + beta_unit[j] * beta[j] | beta_family[j], beta_prior[j]) + log(beta_unit[j]);
  }
  for (j in 1 : q) {
    target += prior_lpdf(sd_unit[j] * sd[j] | sd_family[j], sd_prior[j]) + log(sd_unit[j]);
  }
  for (j in 1 : m) {
    target += prior_lpdf(own_unit[j] * own[j] | own_family[j], own_prior[j]) + log(own_unit[j]);
  }
}
