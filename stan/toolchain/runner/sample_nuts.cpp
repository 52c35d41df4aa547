#include "sample.hpp"

#include <stan/services/sample/hmc_nuts_dense_e.hpp>
#include <stan/services/sample/hmc_nuts_dense_e_adapt.hpp>
#include <stan/services/sample/hmc_nuts_diag_e.hpp>
#include <stan/services/sample/hmc_nuts_diag_e_adapt.hpp>
#include <stan/services/sample/hmc_nuts_unit_e.hpp>
#include <stan/services/sample/hmc_nuts_unit_e_adapt.hpp>

namespace runner {

int sample_nuts(const Run& run, Hmc& s) {
  namespace services = stan::services::sample;
  const int depth = s.engine["max_depth"].integer();
  std::vector<JsonFile> metrics;
  for (int i = 0; i < s.chains; ++i) {
    const std::string ending = s.chains == 1 ? "_metric" : "_metric_" + std::to_string(run.id + i);
    const bool save = s.adapt && run.method["adapt"]["save_metric"].flag();
    metrics.emplace_back(save ? run.json(tagged(run.output_file(), ending, ".json")) : nullptr);
  }

  if (s.adapt && s.metric == "diag_e") {
    return services::hmc_nuts_diag_e_adapt(
        run.model, s.chains, s.inits.contexts, s.inverse_metrics, run.seed, run.id, s.inits.radius, s.warmup, s.draws,
        s.thin, s.save_warmup, run.refresh, s.stepsize, s.jitter, depth, s.delta, s.gamma, s.kappa, s.t0,
        s.init_buffer, s.term_buffer, s.window, run.interrupt, run.logger, s.starts, s.outputs, s.diagnostics,
        metrics);
  }
  if (s.adapt && s.metric == "dense_e") {
    return services::hmc_nuts_dense_e_adapt(
        run.model, s.chains, s.inits.contexts, s.inverse_metrics, run.seed, run.id, s.inits.radius, s.warmup, s.draws,
        s.thin, s.save_warmup, run.refresh, s.stepsize, s.jitter, depth, s.delta, s.gamma, s.kappa, s.t0,
        s.init_buffer, s.term_buffer, s.window, run.interrupt, run.logger, s.starts, s.outputs, s.diagnostics,
        metrics);
  }
  if (s.adapt) {
    return services::hmc_nuts_unit_e_adapt(run.model, s.chains, s.inits.contexts, run.seed, run.id, s.inits.radius,
                                           s.warmup, s.draws, s.thin, s.save_warmup, run.refresh, s.stepsize, s.jitter,
                                           depth, s.delta, s.gamma, s.kappa, s.t0, run.interrupt, run.logger,
                                           s.starts, s.outputs, s.diagnostics, metrics);
  }
  if (s.metric == "diag_e") {
    return services::hmc_nuts_diag_e(run.model, s.chains, s.inits.contexts, s.inverse_metrics, run.seed, run.id,
                                     s.inits.radius, s.warmup, s.draws, s.thin, s.save_warmup, run.refresh,
                                     s.stepsize, s.jitter, depth, run.interrupt, run.logger, s.starts, s.outputs,
                                     s.diagnostics);
  }
  if (s.metric == "dense_e") {
    return services::hmc_nuts_dense_e(run.model, s.chains, s.inits.contexts, s.inverse_metrics, run.seed, run.id,
                                      s.inits.radius, s.warmup, s.draws, s.thin, s.save_warmup, run.refresh,
                                      s.stepsize, s.jitter, depth, run.interrupt, run.logger, s.starts, s.outputs,
                                      s.diagnostics);
  }
  return services::hmc_nuts_unit_e(run.model, s.chains, s.inits.contexts, run.seed, run.id, s.inits.radius, s.warmup,
                                   s.draws, s.thin, s.save_warmup, run.refresh, s.stepsize, s.jitter, depth,
                                   run.interrupt, run.logger, s.starts, s.outputs, s.diagnostics);
}

}  // namespace runner
