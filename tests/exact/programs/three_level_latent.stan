// The three-level model with every random effect sampled, as textbooks write it (not centred):
//
//   y_i ~ N(theta_i, v_i),   theta_i = mu + tau (sqrt(rho) gamma_c(i) + sqrt(1 - rho) epsilon_i)
//   gamma_c ~ N(0, 1),  epsilon_i ~ N(0, 1),  mu ~ N(0, mu_sd^2),  tau ~ N+(0, tau_scale^2),  rho ~ U(0, 1)
data {
  int<lower=1> k; // estimates
  int<lower=1> J; // clusters
  vector[k] y;
  vector<lower=0>[k] v; // sampling variances
  array[k] int<lower=1, upper=J> cluster;
  real<lower=0> mu_sd;
  real<lower=0> tau_scale;
}
parameters {
  real mu;
  real<lower=0> tau;
  real<lower=0, upper=1> rho;
  vector[J] gamma;
  vector[k] epsilon;
}
transformed parameters {
  vector[k] theta = mu
                    + tau * (sqrt(rho) * gamma[cluster] + sqrt(1 - rho) * epsilon);
}
model {
  y ~ normal(theta, sqrt(v));
  mu ~ normal(0, mu_sd);
  tau ~ normal(0, tau_scale);
  gamma ~ std_normal();
  epsilon ~ std_normal();
}
