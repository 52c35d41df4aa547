#include "sample.hpp"

#include <stan/io/array_var_context.hpp>
#include <stan/services/sample/fixed_param.hpp>
#include <stan/services/util/create_unit_e_dense_inv_metric.hpp>
#include <stan/services/util/create_unit_e_diag_inv_metric.hpp>

#include <stdexcept>

namespace runner {
namespace {

std::vector<Context> read_inverse_metrics(const Run& run, const Argument& hmc, int chains) {
  const std::string& path = hmc["metric_file"].text();
  if (!path.empty()) {
    return read_per_chain(path, chains, run.id);
  }
  namespace util = stan::services::util;
  const auto size = run.model.num_params_r();
  const auto unit = hmc["metric"].chosen() == "dense_e" ? util::create_unit_e_dense_inv_metric(size)
                                                        : util::create_unit_e_diag_inv_metric(size);
  return std::vector<Context>(chains, std::make_shared<stan::io::array_var_context>(unit));
}

int sample_fixed_param(const Run& run) {
  const int chains = run.method["num_chains"].integer();
  const Inits inits = read_inits(run.args["init"].text(), chains, run.id);
  auto outputs = run.outputs(chains);
  auto diagnostics = run.diagnostics(chains);
  std::vector<stan::callbacks::writer> starts(chains);
  return stan::services::sample::fixed_param(
      run.model, chains, inits.contexts, run.seed, run.id, inits.radius, run.method["num_samples"].integer(),
      run.method["thin"].integer(), run.refresh, run.interrupt, run.logger, starts, outputs, diagnostics);
}

}  // namespace

Hmc::Hmc(const Run& run)
    : engine(run.method["algorithm"].alternative()["engine"].alternative()),
      metric(run.method["algorithm"].alternative()["metric"].chosen()),
      adapt(run.method["adapt"]["engaged"].flag()),
      save_warmup(run.method["save_warmup"].flag()),
      chains(run.method["num_chains"].integer()),
      warmup(run.method["num_warmup"].integer()),
      draws(run.method["num_samples"].integer()),
      thin(run.method["thin"].integer()),
      stepsize(run.method["algorithm"].alternative()["stepsize"].real()),
      jitter(run.method["algorithm"].alternative()["stepsize_jitter"].real()),
      delta(run.method["adapt"]["delta"].real()),
      gamma(run.method["adapt"]["gamma"].real()),
      kappa(run.method["adapt"]["kappa"].real()),
      t0(run.method["adapt"]["t0"].real()),
      init_buffer(run.method["adapt"]["init_buffer"].integer()),
      term_buffer(run.method["adapt"]["term_buffer"].integer()),
      window(run.method["adapt"]["window"].integer()),
      inits(read_inits(run.args["init"].text(), chains, run.id)),
      inverse_metrics(read_inverse_metrics(run, run.method["algorithm"].alternative(), chains)),
      outputs(run.outputs(chains)),
      diagnostics(run.diagnostics(chains)),
      starts(chains) {}

int sample(const Run& run) {
  const Argument& m = run.method;
  if (m["algorithm"].chosen() == "fixed_param") {
    return sample_fixed_param(run);
  }
  if (run.model.num_params_r() == 0) {
    run.logger.info("Model contains no parameters, running fixed_param sampler, no updates to Markov chain");
    return sample_fixed_param(run);
  }
  if (m["adapt"]["engaged"].flag() && m["num_warmup"].integer() == 0) {
    throw std::invalid_argument(
        "The number of warmup samples (num_warmup) must be greater than zero if adaptation is enabled.");
  }
  const bool nuts = m["algorithm"].alternative()["engine"].chosen() == "nuts";
  if (!nuts && m["num_chains"].integer() > 1) {
    throw std::invalid_argument("Argument 'num_chains' is unavailable for the 'static' HMC engine.");
  }
  Hmc settings(run);
  return nuts ? sample_nuts(run, settings) : sample_static(run, settings);
}

}  // namespace runner
