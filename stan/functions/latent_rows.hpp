// Log likelihood of outcomes of each family given random effects, with its analytic
// gradient: `latent_rows` of stan/hierarchical_latent.stan. Autodiff would put every row on the tape; here a gradient
// costs one pass over the rows. tests/exact checks value and gradient.
#ifndef HIERMETA_LATENT_ROWS_HPP
#define HIERMETA_LATENT_ROWS_HPP

#include <stan/model/model_header.hpp>

/**
 * Log likelihood of rows that stand together.
 *
 * @param family  0 binomial (logit), 1 Poisson (log), 2 gaussian, 3 Student's t
 * @param y       events, sums of gaussian outcomes, or Student-t outcomes that are equal, as real numbers
 * @param trials  trials of binomial outcomes, number of the others
 * @param known   part of the linear predictor that is known
 * @param constant  what aggregation leaves: terms without parameters, at a residual SD of 1
 * @param X       design of the coefficients
 * @param Z       design of the random effects
 * @param place   for each row and column of Z, where its random effect stands in u, from 1
 * @param beta    coefficients
 * @param u       random effects
 * @param own     parameters of the family: residual SD, degrees of freedom
 * @return        constant plus the sum of y eta - exp(eta) or of y eta - trials log(1 + exp(eta)); the log density of
 *                gaussian and Student-t outcomes
 */
template <typename VY, typename VT, typename VK, typename MX, typename MZ, typename Beta, typename VU, typename VO>
stan::return_type_t<Beta, VU, VO> latent_rows(const int& family, const VY& y, const VT& trials, const VK& known,
                                              const double& constant, const MX& X, const MZ& Z,
                                              const std::vector<std::vector<int>>& place, const Beta& beta,
                                              const VU& u, const VO& own, std::ostream*) {
  using stan::math::value_of;
  const Eigen::VectorXd effects = value_of(u);
  const int rows = y.size(), q = Z.cols();
  Eigen::ArrayXd linear = (known + X * value_of(beta)).array();
  for (int i = 0; i < rows; ++i) {
    for (int k = 0; k < q; ++k) {
      linear[i] += Z(i, k) * effects[place[i][k] - 1];
    }
  }
  const Eigen::VectorXd parameters = value_of(own);
  Eigen::VectorXd residual, by_own = Eigen::VectorXd::Zero(parameters.size());
  double value;
  if (family == 3) {
    const double sigma = parameters[0], nu = parameters[1], half = 0.5 * (nu + 1.0), n = trials.sum();
    const Eigen::ArrayXd apart = (y.array() - linear) / sigma;
    const Eigen::ArrayXd square = apart.square() / nu;
    const Eigen::ArrayXd weight = trials.array() / (1.0 + square);
    const double logs = (trials.array() * square.log1p()).sum();
    residual = (2.0 * half / (nu * sigma) * weight * apart).matrix();
    value = n * (std::lgamma(half) - std::lgamma(0.5 * nu) - 0.5 * std::log(nu * stan::math::pi()) - std::log(sigma))
            - half * logs;
    by_own[0] = (2.0 * half * (weight * square).sum() - n) / sigma;
    by_own[1] = 0.5 * n * (stan::math::digamma(half) - stan::math::digamma(0.5 * nu) - 1.0 / nu) - 0.5 * logs
                + half / nu * (weight * square).sum();
  } else if (family == 2) {
    const double sigma = parameters[0], variance = sigma * sigma, n = trials.sum();
    const Eigen::ArrayXd apart = y.array() / trials.array() - linear;
    const double squares = constant - 0.5 * (trials.array() * apart.square()).sum();
    residual = (trials.array() * apart / variance).matrix();
    value = squares / variance - n * (std::log(sigma) + stan::math::HALF_LOG_TWO_PI);
    by_own[0] = -(2.0 * squares / variance + n) / sigma;
  } else if (family == 1) {
    const Eigen::ArrayXd mean = linear.exp();
    residual = y - mean.matrix();
    value = constant + (y.array() * linear).sum() - mean.sum();
  } else {
    const Eigen::ArrayXd small = (-linear.abs()).exp();
    const Eigen::ArrayXd mean
        = trials.array() * (linear > 0.0).select(1.0 / (1.0 + small), small / (1.0 + small));
    residual = y - mean.matrix();
    value = constant + (y.array() * linear).sum() - (trials.array() * (linear.max(0.0) + (1.0 + small).log())).sum();
  }

  auto gradient = stan::math::make_partials_propagator(beta, u, own);
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
  if constexpr (!stan::is_constant_all<VO>::value) {
    stan::math::partials<2>(gradient) = by_own;
  }
  return gradient.build(value);
}

#endif
