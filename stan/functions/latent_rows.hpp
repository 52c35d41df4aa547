// Log likelihood of binomial (logit), Poisson (log) and gaussian outcomes given random effects, with its analytic
// gradient: `latent_rows` of stan/hierarchical_latent.stan. Autodiff would put every row on the tape; here a gradient
// costs one pass over the rows. tests/exact checks value and gradient.
#ifndef HIERMETA_LATENT_ROWS_HPP
#define HIERMETA_LATENT_ROWS_HPP

#include <stan/model/model_header.hpp>

/**
 * Log likelihood without the terms that don't depend on parameters, that of gaussian outcomes at a variance of 1.
 *
 * @param family  0 binomial, 1 Poisson, 2 gaussian
 * @param y       events, or sums of gaussian outcomes, as real numbers
 * @param trials  trials of binomial outcomes, number of gaussian ones
 * @param known   part of the linear predictor that is known
 * @param X       design of the coefficients
 * @param Z       design of the random effects
 * @param place   for each row and column of Z, where its random effect stands in u, from 1
 * @param beta    coefficients
 * @param u       random effects
 * @return        sum of y eta - exp(eta), of y eta - trials log(1 + exp(eta)), or of -trials (y / trials - eta)^2 / 2
 */
template <typename VY, typename VT, typename VK, typename MX, typename MZ, typename Beta, typename VU>
stan::return_type_t<Beta, VU> latent_rows(const int& family, const VY& y, const VT& trials, const VK& known,
                                          const MX& X, const MZ& Z, const std::vector<std::vector<int>>& place,
                                          const Beta& beta, const VU& u, std::ostream*) {
  using stan::math::value_of;
  const Eigen::VectorXd effects = value_of(u);
  const int rows = y.size(), q = Z.cols();
  Eigen::ArrayXd linear = (known + X * value_of(beta)).array();
  for (int i = 0; i < rows; ++i) {
    for (int k = 0; k < q; ++k) {
      linear[i] += Z(i, k) * effects[place[i][k] - 1];
    }
  }
  Eigen::VectorXd residual;
  double value;
  if (family == 2) {
    const Eigen::ArrayXd apart = y.array() / trials.array() - linear;
    residual = (trials.array() * apart).matrix();
    value = -0.5 * (trials.array() * apart.square()).sum();
  } else if (family == 1) {
    const Eigen::ArrayXd mean = linear.exp();
    residual = y - mean.matrix();
    value = (y.array() * linear).sum() - mean.sum();
  } else {
    const Eigen::ArrayXd small = (-linear.abs()).exp();
    const Eigen::ArrayXd mean
        = trials.array() * (linear > 0.0).select(1.0 / (1.0 + small), small / (1.0 + small));
    residual = y - mean.matrix();
    value = (y.array() * linear).sum() - (trials.array() * (linear.max(0.0) + (1.0 + small).log())).sum();
  }

  auto gradient = stan::math::make_partials_propagator(beta, u);
  if constexpr (!stan::is_constant_all<Beta>::value) {
    stan::math::partials<0>(gradient) = X.transpose() * residual;
  }
  if constexpr (!stan::is_constant_all<VU>::value) {
    Eigen::VectorXd by_u = Eigen::VectorXd::Zero(effects.size());
    for (int i = 0; i < rows; ++i) {
      for (int k = 0; k < q; ++k) {
        by_u[place[i][k] - 1] += Z(i, k) * residual[i];
      }
    }
    stan::math::partials<1>(gradient) = by_u;
  }
  return gradient.build(value);
}

#endif
