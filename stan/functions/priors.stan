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
  if (family == 1) return normal_lpdf(x | a[1], a[2]);
  if (family == 2) return student_t_lpdf(x | a[1], a[2], a[3]);
  if (family == 3) return cauchy_lpdf(x | a[1], a[2]);
  if (family == 4) return log2() + normal_lpdf(x | 0, a[1]);
  if (family == 5) return log2() + student_t_lpdf(x | a[1], 0, a[2]);
  if (family == 6) return log2() + cauchy_lpdf(x | 0, a[1]);
  if (family == 7) return gamma_lpdf(x | a[1], a[2]);
  if (family == 8) return inv_gamma_lpdf(x | a[1], a[2]);
  if (family == 9) return exponential_lpdf(x | a[1]);
  if (family == 10) return lognormal_lpdf(x | a[1], a[2]);
  if (family == 11) return uniform_lpdf(x | a[1], a[2]);
  if (family == 12) return beta_lpdf(x | a[1], a[2]);
  reject("unknown prior family ", family);
}
