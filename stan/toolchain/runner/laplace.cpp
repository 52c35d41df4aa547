#include "parameters.hpp"
#include "run.hpp"

#include <stan/services/optimize/laplace_sample.hpp>

#include <stdexcept>

namespace runner {
namespace {

Eigen::VectorXd mode(const Run& run, const std::string& path) {
  if (tagged(path, "", ".csv") != path) {
    return unconstrained(run.model, path);
  }
  const Table table = read_csv(path);
  if (table.setting("method") != "optimize" || table.rows.empty()) {
    throw std::invalid_argument("CSV file is not output from Stan optimization\n");
  }
  return unconstrained(run.model, table, path).back();
}

}  // namespace

int laplace(const Run& run) {
  const std::string& path = run.method["mode"].text();
  if (path.empty()) {
    throw std::invalid_argument("Missing mode argument, cannot get laplace sample without parameter estimates theta-hat");
  }
  const Eigen::VectorXd at = mode(run, path);
  const int draws = run.method["draws"].integer();
  const bool lp = run.method["calculate_lp"].flag();
  CsvFile output = run.output(run.output_file());
  const std::string& diagnostic = run.args["output"]["diagnostic_file"].text();
  JsonFile hessian(diagnostic.empty() ? nullptr : run.json(tagged(diagnostic, "", ".json")));
  return run.method["jacobian"].flag()
             ? stan::services::laplace_sample<true>(run.model, at, draws, lp, run.seed, run.refresh, run.interrupt,
                                                    run.logger, output, hessian)
             : stan::services::laplace_sample<false>(run.model, at, draws, lp, run.seed, run.refresh, run.interrupt,
                                                     run.logger, output, hessian);
}

}  // namespace runner
