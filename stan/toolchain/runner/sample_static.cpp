#include "sample.hpp"

#include <stan/services/sample/hmc_static_dense_e.hpp>
#include <stan/services/sample/hmc_static_dense_e_adapt.hpp>
#include <stan/services/sample/hmc_static_diag_e.hpp>
#include <stan/services/sample/hmc_static_diag_e_adapt.hpp>
#include <stan/services/sample/hmc_static_unit_e.hpp>
#include <stan/services/sample/hmc_static_unit_e_adapt.hpp>

namespace runner {

int sample_static(const Run& run, Hmc& s) {
  namespace services = stan::services::sample;
  const double time = s.engine["int_time"].real();
  const stan::io::var_context &init = *s.inits.contexts[0], &inverse_metric = *s.inverse_metrics[0];

  if (s.adapt && s.metric == "diag_e") {
    return services::hmc_static_diag_e_adapt(
        run.model, init, inverse_metric, run.seed, run.id, s.inits.radius, s.warmup, s.draws, s.thin, s.save_warmup,
        run.refresh, s.stepsize, s.jitter, time, s.delta, s.gamma, s.kappa, s.t0, s.init_buffer, s.term_buffer,
        s.window, run.interrupt, run.logger, s.starts[0], s.outputs[0], s.diagnostics[0]);
  }
  if (s.adapt && s.metric == "dense_e") {
    return services::hmc_static_dense_e_adapt(
        run.model, init, inverse_metric, run.seed, run.id, s.inits.radius, s.warmup, s.draws, s.thin, s.save_warmup,
        run.refresh, s.stepsize, s.jitter, time, s.delta, s.gamma, s.kappa, s.t0, s.init_buffer, s.term_buffer,
        s.window, run.interrupt, run.logger, s.starts[0], s.outputs[0], s.diagnostics[0]);
  }
  if (s.adapt) {
    return services::hmc_static_unit_e_adapt(
        run.model, init, run.seed, run.id, s.inits.radius, s.warmup, s.draws, s.thin, s.save_warmup, run.refresh,
        s.stepsize, s.jitter, time, s.delta, s.gamma, s.kappa, s.t0, run.interrupt, run.logger, s.starts[0],
        s.outputs[0], s.diagnostics[0]);
  }
  if (s.metric == "diag_e") {
    return services::hmc_static_diag_e(run.model, init, inverse_metric, run.seed, run.id, s.inits.radius, s.warmup,
                                       s.draws, s.thin, s.save_warmup, run.refresh, s.stepsize, s.jitter, time,
                                       run.interrupt, run.logger, s.starts[0], s.outputs[0], s.diagnostics[0]);
  }
  if (s.metric == "dense_e") {
    return services::hmc_static_dense_e(run.model, init, inverse_metric, run.seed, run.id, s.inits.radius, s.warmup,
                                        s.draws, s.thin, s.save_warmup, run.refresh, s.stepsize, s.jitter, time,
                                        run.interrupt, run.logger, s.starts[0], s.outputs[0], s.diagnostics[0]);
  }
  return services::hmc_static_unit_e(run.model, init, run.seed, run.id, s.inits.radius, s.warmup, s.draws, s.thin,
                                     s.save_warmup, run.refresh, s.stepsize, s.jitter, time, run.interrupt,
                                     run.logger, s.starts[0], s.outputs[0], s.diagnostics[0]);
}

}  // namespace runner
