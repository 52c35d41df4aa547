// One parameter of each shape; all independent, with moments and modes known in closed form.
parameters {
  vector[2] location; // normal
  real<lower=0> scale; // gamma
  simplex[3] share; // Dirichlet
  corr_matrix[2] R; // its correlation: 2 beta(2, 2) - 1
  tuple(real, matrix[2, 2]) pair; // normal
}
model {
  location[1] ~ normal(1, 0.5);
  location[2] ~ normal(-2, 2);
  scale ~ gamma(4, 2);
  share ~ dirichlet([2, 3, 5]');
  R ~ lkj_corr(2);
  pair.1 ~ normal(3, 1);
  to_vector(pair.2) ~ normal(0, 1);
}
generated quantities {
  real total = sum(location) + scale;
  array[2] int<lower=0> counts = {1, poisson_rng(4)};
}
