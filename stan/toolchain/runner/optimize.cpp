#include "inputs.hpp"
#include "run.hpp"

#include <stan/services/optimize/bfgs.hpp>
#include <stan/services/optimize/lbfgs.hpp>
#include <stan/services/optimize/newton.hpp>

namespace runner {
namespace {

template <bool jacobian>
int optimize_with(const Run& run) {
  namespace services = stan::services::optimize;
  using Model = stan::model::model_base;
  const Argument& algorithm = run.method["algorithm"].alternative();
  const int iterations = run.method["iter"].integer();
  const bool save = run.method["save_iterations"].flag();
  const Inits inits = read_inits(run.args["init"].text(), 1, run.id);
  const stan::io::var_context& init = *inits.contexts[0];
  stan::callbacks::writer start;
  CsvFile output = run.output(run.output_file());
  const auto option = [&algorithm](const char* name) { return algorithm[name].real(); };

  if (algorithm.name == "newton") {
    return services::newton<Model, jacobian>(run.model, init, run.seed, run.id, inits.radius, iterations, save,
                                             run.interrupt, run.logger, start, output);
  }
  if (algorithm.name == "bfgs") {
    return services::bfgs<Model, jacobian>(run.model, init, run.seed, run.id, inits.radius, option("init_alpha"),
                                           option("tol_obj"), option("tol_rel_obj"), option("tol_grad"),
                                           option("tol_rel_grad"), option("tol_param"), iterations, save, run.refresh,
                                           run.interrupt, run.logger, start, output);
  }
  return services::lbfgs<Model, jacobian>(
      run.model, init, run.seed, run.id, inits.radius, algorithm["history_size"].integer(), option("init_alpha"),
      option("tol_obj"), option("tol_rel_obj"), option("tol_grad"), option("tol_rel_grad"), option("tol_param"),
      iterations, save, run.refresh, run.interrupt, run.logger, start, output);
}

}  // namespace

int optimize(const Run& run) {
  return run.method["jacobian"].flag() ? optimize_with<true>(run) : optimize_with<false>(run);
}

}  // namespace runner
