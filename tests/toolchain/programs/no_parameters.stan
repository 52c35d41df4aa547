functions {
  real twice(real x);
}
transformed data {
  profile("drawing") {
    real unused = normal_rng(0, 1);
  }
}
generated quantities {
  real doubled = twice(21);
  real noise = normal_rng(10, 2);
}
