#include "inputs.hpp"
#include "run.hpp"

#include <stan/services/error_codes.hpp>
#include <stan/services/sample/fixed_param.hpp>
#include <stan/services/sample/hmc_nuts_dense_e.hpp>
#include <stan/services/sample/hmc_nuts_dense_e_adapt.hpp>
#include <stan/services/sample/hmc_nuts_diag_e.hpp>
#include <stan/services/sample/hmc_nuts_diag_e_adapt.hpp>
#include <stan/services/sample/hmc_nuts_unit_e.hpp>
#include <stan/services/sample/hmc_nuts_unit_e_adapt.hpp>
#include <stan/services/util/create_unit_e_dense_inv_metric.hpp>
#include <stan/services/util/create_unit_e_diag_inv_metric.hpp>

#include <stdexcept>

namespace runner {
namespace {

namespace services = stan::services;

std::vector<Context> inverse_metrics(const Run& run, const Argument& hmc, int chains) {
  const std::string& path = hmc["metric_file"].text();
  if (!path.empty()) {
    return read_per_chain(path, chains, run.id);
  }
  const auto size = run.model.num_params_r();
  const auto unit = hmc["metric"].chosen() == "dense_e" ? services::util::create_unit_e_dense_inv_metric(size)
                                                        : services::util::create_unit_e_diag_inv_metric(size);
  return std::vector<Context>(chains, std::make_shared<stan::io::array_var_context>(unit));
}

std::vector<JsonFile> metric_files(const Run& run, int chains) {
  std::vector<JsonFile> files;
  for (int i = 0; i < chains; ++i) {
    const std::string ending = chains == 1 ? "_metric" : "_metric_" + std::to_string(run.id + i);
    files.emplace_back(run.method["adapt"]["save_metric"].flag() ? json_file(run.beside_output(ending)) : nullptr);
  }
  return files;
}

}  // namespace

int sample(const Run& run) {
  const Argument& m = run.method;
  auto& model = run.model;
  const int chains = m["num_chains"].integer();
  const int warmup = m["num_warmup"].integer(), draws = m["num_samples"].integer(), thin = m["thin"].integer();
  const bool save_warmup = m["save_warmup"].flag();
  const bool fixed = m["algorithm"].chosen() == "fixed_param";
  const bool adapt = m["adapt"]["engaged"].flag();

  if (!fixed && model.num_params_r() == 0) {
    throw std::invalid_argument("Must use algorithm=fixed_param for model that has no parameters.");
  }
  if (!fixed && adapt && warmup == 0) {
    throw std::invalid_argument(
        "The number of warmup samples (num_warmup) must be greater than zero if adaptation is enabled.");
  }

  const Inits inits = read_inits(run.args["init"].text(), chains, run.id);
  auto outputs = run.outputs(chains);
  auto diagnostics = run.diagnostics(chains);
  std::vector<stan::callbacks::writer> starts(chains);

  if (fixed) {
    return services::sample::fixed_param(model, chains, inits.contexts, run.seed, run.id, inits.radius, draws, thin,
                                         run.refresh, run.interrupt, run.logger, starts, outputs, diagnostics);
  }

  const Argument& hmc = m["algorithm"].alternative();
  const std::string& metric = hmc["metric"].chosen();
  const double stepsize = hmc["stepsize"].real(), jitter = hmc["stepsize_jitter"].real();
  const auto metrics = inverse_metrics(run, hmc, chains);
  auto adapted = metric_files(run, chains);
  const Argument& a = m["adapt"];
  const double delta = a["delta"].real(), gamma = a["gamma"].real(), kappa = a["kappa"].real(), t0 = a["t0"].real();
  const unsigned int first = a["init_buffer"].integer(), last = a["term_buffer"].integer(),
                     window = a["window"].integer();
  const int depth = hmc["engine"].alternative()["max_depth"].integer();

  if (adapt && metric == "diag_e") {
    return services::sample::hmc_nuts_diag_e_adapt(
        model, chains, inits.contexts, metrics, run.seed, run.id, inits.radius, warmup, draws, thin, save_warmup,
        run.refresh, stepsize, jitter, depth, delta, gamma, kappa, t0, first, last, window, run.interrupt, run.logger,
        starts, outputs, diagnostics, adapted);
  }
  if (adapt && metric == "dense_e") {
    return services::sample::hmc_nuts_dense_e_adapt(
        model, chains, inits.contexts, metrics, run.seed, run.id, inits.radius, warmup, draws, thin, save_warmup,
        run.refresh, stepsize, jitter, depth, delta, gamma, kappa, t0, first, last, window, run.interrupt, run.logger,
        starts, outputs, diagnostics, adapted);
  }
  if (adapt) {
    return services::sample::hmc_nuts_unit_e_adapt(
        model, chains, inits.contexts, run.seed, run.id, inits.radius, warmup, draws, thin, save_warmup, run.refresh,
        stepsize, jitter, depth, delta, gamma, kappa, t0, run.interrupt, run.logger, starts, outputs, diagnostics,
        adapted);
  }
  if (metric == "diag_e") {
    return services::sample::hmc_nuts_diag_e(model, chains, inits.contexts, metrics, run.seed, run.id, inits.radius,
                                             warmup, draws, thin, save_warmup, run.refresh, stepsize, jitter, depth,
                                             run.interrupt, run.logger, starts, outputs, diagnostics);
  }
  if (metric == "dense_e") {
    return services::sample::hmc_nuts_dense_e(model, chains, inits.contexts, metrics, run.seed, run.id, inits.radius,
                                              warmup, draws, thin, save_warmup, run.refresh, stepsize, jitter, depth,
                                              run.interrupt, run.logger, starts, outputs, diagnostics);
  }
  return services::sample::hmc_nuts_unit_e(model, chains, inits.contexts, run.seed, run.id, inits.radius, warmup,
                                           draws, thin, save_warmup, run.refresh, stepsize, jitter, depth,
                                           run.interrupt, run.logger, starts, outputs, diagnostics);
}

}  // namespace runner
