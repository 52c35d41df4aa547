#ifndef RUNNER_PARAMETERS_HPP
#define RUNNER_PARAMETERS_HPP

#include "csv.hpp"

#include <stan/model/model_base.hpp>

#include <string>
#include <vector>

namespace runner {

// The model's parameters (constrained, in declaration order) from each row of a table.
Eigen::MatrixXd parameter_draws(const stan::model::model_base& model, const Table& table, const std::string& path);

// The same taken to the unconstrained scale; from rows of a CSV, or one set from a JSON or R dump file.
std::vector<Eigen::VectorXd> unconstrained(const stan::model::model_base& model, const Table& table,
                                           const std::string& path);
Eigen::VectorXd unconstrained(const stan::model::model_base& model, const std::string& path);

}  // namespace runner
#endif
