#include "parameters.hpp"
#include "inputs.hpp"

#include <iostream>
#include <stdexcept>

namespace runner {
namespace {

template <class Unconstrain>
Eigen::VectorXd checked(Unconstrain&& unconstrain) {
  try {
    Eigen::VectorXd result;
    unconstrain(result);
    return result;
  } catch (const std::exception& e) {
    throw std::domain_error(std::string(e.what()) + "\nBad or missing parameter values, cannot unconstrain.\n");
  }
}

}  // namespace

Eigen::MatrixXd parameter_draws(const stan::model::model_base& model, const Table& table, const std::string& path) {
  std::vector<std::string> names;
  model.constrained_param_names(names, false, false);
  const auto places = columns(table, names, path);
  Eigen::MatrixXd draws(table.rows.size(), names.size());
  for (Eigen::Index row = 0; row < draws.rows(); ++row) {
    for (Eigen::Index i = 0; i < draws.cols(); ++i) {
      draws(row, i) = table.rows[row][places[i]];
    }
  }
  return draws;
}

std::vector<Eigen::VectorXd> unconstrained(const stan::model::model_base& model, const Table& table,
                                           const std::string& path) {
  const Eigen::MatrixXd draws = parameter_draws(model, table, path);
  std::vector<Eigen::VectorXd> points;
  for (Eigen::Index row = 0; row < draws.rows(); ++row) {
    const Eigen::VectorXd constrained = draws.row(row);
    points.push_back(checked([&](Eigen::VectorXd& u) { model.unconstrain_array(constrained, u, &std::cout); }));
  }
  return points;
}

Eigen::VectorXd unconstrained(const stan::model::model_base& model, const std::string& path) {
  const Context values = read_variables(path);
  return checked([&](Eigen::VectorXd& u) { model.transform_inits(*values, u, &std::cout); });
}

}  // namespace runner
