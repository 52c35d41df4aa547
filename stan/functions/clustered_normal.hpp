// Log likelihood of the gaussian mixed model with one grouping factor, from sufficient statistics, with its analytic
// gradient: `clustered_normal` of stan/hierarchical_gaussian.stan, whose header has the mathematics. The cost depends
// on the number of clusters, not of rows. tests/exact checks value and gradient against dense linear algebra.
#ifndef HIERMETA_CLUSTERED_NORMAL_HPP
#define HIERMETA_CLUSTERED_NORMAL_HPP

#include <stan/model/model_header.hpp>

namespace hiermeta {

// What the clusters add to the log likelihood, with its derivatives.
struct Clusters {
  double log_likelihood = 0, by_variance = 0;
  Eigen::VectorXd by_rows;   // by every residual projection a_j
  Eigen::MatrixXd by_L;
};

// Q is the number of random effects where it is known when compiling: small matrices then need no memory.
template <int Q>
Clusters clusters(const Eigen::Ref<const Eigen::MatrixXd>& R, const Eigen::VectorXd& a, double variance,
                  const Eigen::MatrixXd& factor) {
  using Square = Eigen::Matrix<double, Q, Q>;
  using Column = Eigen::Matrix<double, Q, 1>;
  const int q = factor.rows(), J = a.size() / q;
  const Square L = factor, identity = Square::Identity(q, q);
  Square by_L = Square::Zero(q, q);
  Clusters sum;
  sum.by_rows.resize(a.size());
  for (int j = 0; j < J; ++j) {
    const Square root = R.middleRows(j * q, q), B = root * L;
    Square V = B * B.transpose();
    V.diagonal().array() += variance;
    const Eigen::LLT<Square> cholesky(V);
    if (cholesky.info() != Eigen::Success) {
      throw std::domain_error("clustered_normal: a covariance matrix is not positive definite");
    }
    const Square inverse = cholesky.solve(identity);
    const Column residual = a.segment(j * q, q), alpha = inverse * residual;
    sum.log_likelihood -= std::log(cholesky.matrixLLT().diagonal().prod()) + 0.5 * residual.dot(alpha);
    sum.by_variance += 0.5 * (alpha.squaredNorm() - inverse.trace());
    by_L.noalias() += root.transpose() * (alpha * alpha.transpose() - inverse) * B;
    sum.by_rows.segment(j * q, q) = -alpha;
  }
  sum.by_L = by_L;
  return sum;
}

}  // namespace hiermeta

/**
 * Log likelihood with the random effects integrated out.
 *
 * @param N     rows of the data
 * @param R     triangular factors of the clusters' random-effect designs, Z_j = Q_j R_j, one below the other
 * @param E     Q_j'X_j, one below the other
 * @param d     Q_j'y_j, one after the other
 * @param T     triangular factor of [X, y] after projection onto what the Z_j leave
 * @param beta  coefficients of X
 * @param sigma residual SD
 * @param L     Cholesky factor of the covariance of the random effects
 * @return      log p(y | beta, sigma, L)
 */
template <typename MR, typename ME, typename VD, typename MT, typename Beta, typename Sigma, typename ML>
stan::return_type_t<Beta, Sigma, ML> clustered_normal(const int& N, const MR& R, const ME& E, const VD& d, const MT& T,
                                                      const Beta& beta, const Sigma& sigma, const ML& L,
                                                      std::ostream*) {
  using stan::math::value_of;
  const Eigen::VectorXd b = value_of(beta);
  const Eigen::MatrixXd factor = value_of(L);
  const double sd = value_of(sigma), variance = sd * sd;
  const int p = b.size(), free = N - static_cast<int>(d.size());
  const Eigen::VectorXd within = T.leftCols(p) * b - T.col(p);
  const Eigen::VectorXd a = d - E * b;
  const auto evaluate = factor.rows() == 1   ? hiermeta::clusters<1>
                        : factor.rows() == 2 ? hiermeta::clusters<2>
                        : factor.rows() == 3 ? hiermeta::clusters<3>
                                             : hiermeta::clusters<Eigen::Dynamic>;
  const hiermeta::Clusters between = evaluate(R, a, variance, factor);
  const double squares = within.squaredNorm();
  const double value = -0.5 * N * stan::math::LOG_TWO_PI - free * std::log(sd) - 0.5 * squares / variance
                       + between.log_likelihood;

  auto gradient = stan::math::make_partials_propagator(beta, sigma, L);
  if constexpr (!stan::is_constant_all<Beta>::value) {
    stan::math::partials<0>(gradient) = T.leftCols(p).transpose() * (-within / variance) - E.transpose() * between.by_rows;
  }
  if constexpr (!stan::is_constant_all<Sigma>::value) {
    stan::math::partials<1>(gradient)[0] = (squares / variance - free) / sd + 2 * sd * between.by_variance;
  }
  if constexpr (!stan::is_constant_all<ML>::value) {
    stan::math::partials<2>(gradient) = between.by_L;
  }
  return gradient.build(value);
}

#endif
