#include "inputs.hpp"
#include "parameters.hpp"
#include "run.hpp"

#include <stan/services/sample/standalone_gqs.hpp>

#include <stdexcept>

namespace runner {

int generate_quantities(const Run& run) {
  const std::string& path = run.method["fitted_params"].text();
  const int chains = run.method["num_chains"].integer();
  if (path.empty()) {
    throw std::invalid_argument("Missing fitted_params argument, cannot run generate_quantities without fitted sample.");
  }
  if (tagged(path, "", ".csv") != path) {
    throw std::invalid_argument("Fitted params file must be a CSV file.");
  }
  std::vector<Eigen::MatrixXd> draws;
  for (int i = 0; i < chains; ++i) {
    const std::string own = of_chain(path, chains, run.id + i);
    draws.push_back(parameter_draws(run.model, read_csv(own), own));
  }
  auto outputs = run.outputs(chains);
  return stan::services::standalone_generate(run.model, chains, draws, run.seed, run.interrupt, run.logger, outputs);
}

}  // namespace runner
