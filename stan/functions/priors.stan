/**
 * Log density of a prior chosen at run time, fully normalised.
 *
 * @param x      value inside the prior's support
 * @param family 1 normal, 2 student_t, 3 cauchy, 4 half_normal, 5 half_student_t, 6 half_cauchy, 7 gamma,
 *               8 inverse_gamma, 9 exponential, 10 lognormal, 11 uniform, 12 beta
 * @param a      the family's arguments in their usual order, filled up to three
 * @return       log p(x)
 */
real prior_lpdf(real x, int family, array[] real a) {
  real density = negative_infinity();
  if (family == 1) {
    density = normal_lpdf(x | a[1], a[2]);
  } else if (family == 2) {
    density = student_t_lpdf(x | a[1], a[2], a[3]);
  } else if (family == 3) {
    density = cauchy_lpdf(x | a[1], a[2]);
  } else if (family == 4) {
    density = log2() + normal_lpdf(x | 0, a[1]);
  } else if (family == 5) {
    density = log2() + student_t_lpdf(x | a[1], 0, a[2]);
  } else if (family == 6) {
    density = log2() + cauchy_lpdf(x | 0, a[1]);
  } else if (family == 7) {
    density = gamma_lpdf(x | a[1], a[2]);
  } else if (family == 8) {
    density = inv_gamma_lpdf(x | a[1], a[2]);
  } else if (family == 9) {
    density = exponential_lpdf(x | a[1]);
  } else if (family == 10) {
    density = lognormal_lpdf(x | a[1], a[2]);
  } else if (family == 11) {
    density = uniform_lpdf(x | a[1], a[2]);
  } else if (family == 12) {
    density = beta_lpdf(x | a[1], a[2]);
  } else {
    reject("unknown prior family ", family);
  }
  return density;
}
