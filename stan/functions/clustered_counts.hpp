// Log likelihood of binomial (logit) and Poisson (log) outcomes given random effects, with its analytic gradient:
// `clustered_counts` of stan/hierarchical_latent.stan. Autodiff would put every row on the tape; here a gradient costs
// one pass over the rows. tests/exact checks value and gradient.
#ifndef HIERMETA_CLUSTERED_COUNTS_HPP
#define HIERMETA_CLUSTERED_COUNTS_HPP

#include <stan/model/model_header.hpp>

/**
 * Log likelihood without the terms that don't depend on parameters.
 *
 * @param counts  1 for Poisson outcomes, 0 for binomial ones
 * @param y       events, as real numbers
 * @param trials  trials of binomial outcomes
 * @param known   part of the linear predictor that is known
 * @param X       design of the coefficients
 * @param Z       design of the random effects
 * @param cluster cluster of each row, from 1
 * @param beta    coefficients
 * @param u       random effects, one column per cluster
 * @return        sum of y eta - exp(eta), or of y eta - trials log(1 + exp(eta))
 */
template <typename VY, typename VT, typename VK, typename MX, typename MZ, typename Beta, typename MU>
stan::return_type_t<Beta, MU> clustered_counts(const int& counts, const VY& y, const VT& trials, const VK& known,
                                               const MX& X, const MZ& Z, const std::vector<int>& cluster,
                                               const Beta& beta, const MU& u, std::ostream*) {
  using stan::math::value_of;
  const Eigen::MatrixXd effects = value_of(u);
  const int rows = y.size(), q = Z.cols();
  Eigen::ArrayXd linear = (known + X * value_of(beta)).array();
  for (int k = 0; k < q; ++k) {
    for (int i = 0; i < rows; ++i) {
      linear[i] += Z(i, k) * effects(k, cluster[i] - 1);
    }
  }
  Eigen::ArrayXd mean;
  double value = (y.array() * linear).sum();
  if (counts) {
    mean = linear.exp();
    value -= mean.sum();
  } else {
    const Eigen::ArrayXd small = (-linear.abs()).exp();
    value -= (trials.array() * (linear.max(0.0) + (1.0 + small).log())).sum();
    mean = trials.array() * (linear > 0.0).select(1.0 / (1.0 + small), small / (1.0 + small));
  }
  const Eigen::VectorXd residual = y - mean.matrix();

  auto gradient = stan::math::make_partials_propagator(beta, u);
  if constexpr (!stan::is_constant_all<Beta>::value) {
    stan::math::partials<0>(gradient) = X.transpose() * residual;
  }
  if constexpr (!stan::is_constant_all<MU>::value) {
    Eigen::MatrixXd by_u = Eigen::MatrixXd::Zero(q, effects.cols());
    for (int k = 0; k < q; ++k) {
      for (int i = 0; i < rows; ++i) {
        by_u(k, cluster[i] - 1) += Z(i, k) * residual[i];
      }
    }
    stan::math::partials<1>(gradient) = by_u;
  }
  return gradient.build(value);
}

#endif
