// Log likelihood of the three-level normal model with its analytic gradient: `three_level` of stan/meta.stan, whose
// header has the mathematics. Autodiff would put every row and cluster sum on the tape; here a gradient costs one
// pass over the rows. tests/exact checks value and gradient against dense linear algebra.
#ifndef HIERMETA_THREE_LEVEL_HPP
#define HIERMETA_THREE_LEVEL_HPP

#include <stan/model/model_header.hpp>

namespace hiermeta {

using Eigen::ArrayXd;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// What is computed per row: residuals, tau_i, D_i (with dependent errors, without v_i), a_i, and the derivatives of the
// log likelihood by residual, by the diagonal of V and by a_i. Kept between calls: for thousands of rows, returning the
// memory each time takes longer than the arithmetic.
struct Rows {
  ArrayXd residual, tau, variance, scale, by_residual, by_variance, by_scale;
  double log_likelihood;

  static Rows& of_thread(int k) {
    static thread_local Rows rows;
    for (auto* column : {&rows.residual, &rows.tau, &rows.variance, &rows.scale, &rows.by_residual, &rows.by_variance,
                         &rows.by_scale}) {
      column->resize(k);
    }
    return rows;
  }
};

// Sum of logarithms with one call of log for many factors.
class SumOfLogs {
 public:
  void add(double x) {
    product_ *= x;
    if (product_ > 1e100 || product_ < 1e-100) {
      flush();
    }
  }
  double total() {
    flush();
    return sum_;
  }

 private:
  void flush() {
    sum_ += std::log(product_);
    product_ = 1;
  }
  double product_ = 1, sum_ = 0;
};

// Sampling errors independent: V_c = diag(D) + a a', inverted by Sherman and Morrison.
inline void independent_cluster(int first, int last, SumOfLogs& logs, Rows& rows) {
  const ArrayXd &variance = rows.variance, &r = rows.residual, &a = rows.scale;
  double q = 0, h = 0, squares = 0;
  for (int i = first; i < last; ++i) {
    const double w = 1 / variance[i];
    rows.by_variance[i] = w;
    q += a[i] * a[i] * w;
    h += a[i] * r[i] * w;
    squares += r[i] * r[i] * w;
    logs.add(variance[i]);
  }
  const double s = 1 + q, gamma = h / s;
  logs.add(s);
  rows.log_likelihood -= 0.5 * (squares - h * gamma);
  for (int i = first; i < last; ++i) {
    const double w = rows.by_variance[i];
    const double e = r[i] - a[i] * gamma;
    rows.by_residual[i] = -w * e;
    rows.by_variance[i] = 0.5 * w * (w * (e * e + a[i] * a[i] / s) - 1);
    rows.by_scale[i] = w * (gamma * e - a[i] / s);
  }
}

// Sampling errors with covariance S_c: V_c = S_c + diag(extra) + a a' by Cholesky; dL/dV = (alpha alpha' - V^-1)/2.
inline void dependent_cluster(int first, int last, const Eigen::Ref<const MatrixXd>& S, SumOfLogs& logs, Rows& rows) {
  const int n = last - first;
  const VectorXd scale = rows.scale.segment(first, n).matrix(), residual = rows.residual.segment(first, n).matrix();
  MatrixXd V = S + scale * scale.transpose();
  V.diagonal() += rows.variance.segment(first, n).matrix();
  const Eigen::LLT<MatrixXd> cholesky(V);
  if (cholesky.info() != Eigen::Success) {
    throw std::domain_error("three_level: a cluster's covariance matrix is not positive definite");
  }
  for (int i = 0; i < n; ++i) {
    const double l = cholesky.matrixLLT()(i, i);
    logs.add(l * l);
  }
  const VectorXd alpha = cholesky.solve(residual);
  rows.log_likelihood -= 0.5 * residual.dot(alpha);
  const MatrixXd by_V = 0.5 * (alpha * alpha.transpose() - cholesky.solve(MatrixXd::Identity(n, n)));
  rows.by_residual.segment(first, n) = -alpha.array();
  rows.by_variance.segment(first, n) = by_V.diagonal().array();
  rows.by_scale.segment(first, n) = 2 * (by_V * scale).array();
}

}  // namespace hiermeta

/**
 * Log likelihood with the random effects integrated out.
 *
 * @param y     effect estimates, sorted by cluster
 * @param v     their sampling variances
 * @param S     sampling covariances, the matrices of all clusters one after the other; empty if errors are independent
 * @param X     design of the mean
 * @param Z     design of log tau, centred; no columns if tau is the same for all rows
 * @param start first row of each cluster from 1, then k + 1; just that without clusters
 * @param beta  coefficients of X
 * @param tau   total heterogeneity SD at the mean of Z
 * @param rho   share of tau^2 between clusters; not used without clusters
 * @param delta coefficients of Z
 * @return      log p(y | beta, tau, rho, delta)
 */
template <typename Y, typename V, typename C, typename XX, typename ZZ, typename Beta, typename Tau, typename Rho,
          typename Delta>
stan::return_type_t<Beta, Tau, Rho, Delta> three_level(const Y& y, const V& v, const C& S, const XX& X, const ZZ& Z,
                                                       const std::vector<int>& start, const Beta& beta,
                                                       const Tau& tau, const Rho& rho, const Delta& delta,
                                                       std::ostream*) {
  using stan::math::value_of;
  const int k = y.size(), J = start.size() - 1;
  const bool clustered = J > 0;
  const double tau_mean = value_of(tau), share = clustered ? value_of(rho) : 0.0;
  hiermeta::Rows& rows = hiermeta::Rows::of_thread(k);
  rows.residual.matrix().noalias() = y - X * value_of(beta);
  if (Z.cols() > 0) {
    rows.tau.matrix().noalias() = Z * value_of(delta);
    rows.tau = tau_mean * rows.tau.exp();
  } else {
    rows.tau.setConstant(tau_mean);
  }
  rows.variance = rows.tau.square() * (1 - share);
  rows.scale = rows.tau * std::sqrt(share);

  rows.log_likelihood = -0.5 * k * stan::math::LOG_TWO_PI;
  hiermeta::SumOfLogs logs;
  if (S.size() > 0) {
    const double* block = S.data();
    for (int j = 0; j < J; ++j) {
      const int first = start[j] - 1, n = start[j + 1] - start[j];
      hiermeta::dependent_cluster(first, first + n, Eigen::Map<const Eigen::MatrixXd>(block, n, n), logs, rows);
      block += n * n;
    }
  } else {
    rows.variance += v.array();
    for (int j = 0; j < J; ++j) {
      hiermeta::independent_cluster(start[j] - 1, start[j + 1] - 1, logs, rows);
    }
    for (int i = 0; !clustered && i < k; ++i) {
      hiermeta::independent_cluster(i, i + 1, logs, rows);
    }
  }
  rows.log_likelihood -= 0.5 * logs.total();

  auto gradient = stan::math::make_partials_propagator(beta, tau, rho, delta);
  if constexpr (!stan::is_constant_all<Beta>::value) {
    stan::math::partials<0>(gradient) = -(X.transpose() * rows.by_residual.matrix());
  }
  if constexpr (!stan::is_constant_all<Rho>::value) {
    stan::math::partials<2>(gradient)[0] = share > 0 ? (rows.by_scale * rows.tau).sum() / (2 * std::sqrt(share))
                                                           - (rows.by_variance * rows.tau.square()).sum()
                                                     : 0.0;
  }
  hiermeta::ArrayXd& by_log_tau = rows.by_residual;  // whose use has ended
  by_log_tau = rows.tau * (rows.by_variance * rows.tau * (2 * (1 - share)) + rows.by_scale * std::sqrt(share));
  if constexpr (!stan::is_constant_all<Tau>::value) {
    stan::math::partials<1>(gradient)[0] = by_log_tau.sum() / tau_mean;
  }
  if constexpr (!stan::is_constant_all<Delta>::value) {
    stan::math::partials<3>(gradient) = Z.transpose() * by_log_tau.matrix();
  }
  return gradient.build(rows.log_likelihood);
}

#endif
