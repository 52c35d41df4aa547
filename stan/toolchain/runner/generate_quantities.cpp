#include "inputs.hpp"
#include "parameters.hpp"
#include "run.hpp"

#include <stan/services/sample/standalone_gqs.hpp>

#include <stdexcept>

namespace runner {
namespace {

// For several chains the services write each draw's parameters before its quantities, though they name only the
// quantities; this leaves the parameters out.
class Quantities final : public stan::callbacks::writer {
 public:
  Quantities(CsvFile& file, Eigen::Index parameters) : file_(file), parameters_(parameters) {}

  void operator()(const std::vector<std::string>& names) override { file_(names); }
  void operator()(const std::vector<double>& row) override { file_(row); }
  void operator()(const Eigen::Ref<Eigen::Matrix<double, -1, -1>>& draw) override {
    file_(std::vector<double>(draw.data() + parameters_, draw.data() + draw.size()));
  }

 private:
  CsvFile& file_;
  Eigen::Index parameters_;
};

}  // namespace

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
  std::vector<Quantities> quantities;
  for (CsvFile& file : outputs) {
    quantities.emplace_back(file, draws[0].cols());
  }
  return stan::services::standalone_generate(run.model, chains, draws, run.seed, run.interrupt, run.logger,
                                             quantities);
}

}  // namespace runner
