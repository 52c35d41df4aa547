#include "inputs.hpp"
#include "parameters.hpp"
#include "run.hpp"

#include <stan/model/log_prob_grad.hpp>
#include <stan/services/error_codes.hpp>

#include <iostream>
#include <stdexcept>

namespace runner {
namespace {

// One point as the vector `params_r`, or several. Of several, CmdStan fills point after point with the numbers
// read column by column, which mixes them; the same is done here, because the results are meant to be CmdStan's.
std::vector<Eigen::VectorXd> points_given(const Run& run, const std::string& path) {
  const Context values = read_variables(path);
  const std::vector<double> numbers = values->vals_r("params_r");
  const std::vector<std::size_t> dims = values->dims_r("params_r");
  if (dims.empty()) {
    throw std::invalid_argument(
        "Unconstrained parameters file has no variable 'params_r' with unconstrained parameter values!");
  }
  const std::size_t size = dims.back(), count = dims.size() > 1 ? dims[0] : 1;
  if (size != run.model.num_params_r()) {
    throw std::invalid_argument("Incorrect number of unconstrained parameters provided! Model has " +
                                std::to_string(run.model.num_params_r()) + " parameters but " + std::to_string(size) +
                                " were found.");
  }
  std::vector<Eigen::VectorXd> points(count, Eigen::VectorXd(size));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    points[i / size](i % size) = numbers[i];
  }
  return points;
}

std::vector<Eigen::VectorXd> points(const Run& run) {
  const std::string& free = run.method["unconstrained_params"].text();
  const std::string& constrained = run.method["constrained_params"].text();
  if (free.empty() && constrained.empty()) {
    throw std::invalid_argument("No input parameter files provided, cannot calculate log probability density.");
  }
  if (!free.empty() && !constrained.empty()) {
    throw std::invalid_argument(
        "Cannot specify both input files of both constrained and unconstrained parameter values.");
  }
  if (!free.empty()) {
    return points_given(run, free);
  }
  if (tagged(constrained, "", ".csv") == constrained) {
    return unconstrained(run.model, read_csv(constrained), constrained);
  }
  return {unconstrained(run.model, constrained)};
}

}  // namespace

int log_prob(const Run& run) {
  const bool jacobian = run.method["jacobian"].flag();
  const auto at = points(run);
  std::vector<std::string> parameters, names{"lp__"};
  run.model.unconstrained_param_names(parameters, false, false);
  for (const std::string& name : parameters) {
    names.push_back("g_" + name);
  }
  CsvFile output = run.output(run.output_file());
  output(names);
  for (Eigen::VectorXd point : at) {
    Eigen::VectorXd gradient;
    const double lp = jacobian ? stan::model::log_prob_grad<true, true>(run.model, point, gradient, &std::cout)
                               : stan::model::log_prob_grad<true, false>(run.model, point, gradient, &std::cout);
    std::vector<double> row{lp};
    row.insert(row.end(), gradient.data(), gradient.data() + gradient.size());
    output(row);
  }
  return stan::services::error_codes::OK;
}

}  // namespace runner
