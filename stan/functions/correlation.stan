/**
 * Cholesky factor of a covariance matrix whose random effects are correlated within blocks and independent between.
 *
 * @param sd      standard deviations
 * @param size    number of random effects in each block
 * @param partial partial correlations in (-1, 1) of one block after the other, row by row below the diagonal
 * @return        L with covariance L L'
 */
matrix block_cholesky(vector sd, array[] int size, vector partial) {
  int q = rows(sd);
  matrix[q, q] L = rep_matrix(0, q, q);
  int first = 0;
  int used = 0;
  for (b in 1 : size(size)) {
    for (i in 1 : size[b]) {
      real left = 1;
      for (j in 1 : i - 1) {
        used += 1;
        L[first + i, first + j] = sd[first + i] * partial[used] * sqrt(left);
        left *= 1 - square(partial[used]);
      }
      L[first + i, first + i] = sd[first + i] * sqrt(left);
    }
    first += size[b];
  }
  return L;
}

/**
 * Log density of the partial correlations under LKJ(eta) in each block (Lewandowski, Kurowicka & Joe 2009): that of
 * column j of a block of K is a beta variable on (-1, 1) with both shapes eta + (K - 1 - j) / 2.
 *
 * @param partial as in block_cholesky
 * @param size    number of random effects in each block
 * @param eta     shape; 1 is uniform over correlation matrices
 * @return        log p(partial), fully normalised
 */
real partial_lkj_lpdf(vector partial, array[] int size, real eta) {
  real total = 0;
  int used = 0;
  for (b in 1 : size(size)) {
    for (i in 2 : size[b]) {
      for (j in 1 : i - 1) {
        used += 1;
        real shape = eta + 0.5 * (size[b] - 1 - j);
        total += beta_lpdf(0.5 * (partial[used] + 1) | shape, shape) - log2();
      }
    }
  }
  return total;
}
