#include "inputs.hpp"
#include "run.hpp"

#include <stan/services/pathfinder/multi.hpp>
#include <stan/services/pathfinder/single.hpp>

namespace runner {

int pathfinder(const Run& run) {
  namespace services = stan::services::pathfinder;
  const Argument& m = run.method;
  const auto real = [&m](const char* name) { return m[name].real(); };
  const auto integer = [&m](const char* name) { return m[name].integer(); };
  const int paths = integer("num_paths");
  const int resampled = integer("num_psis_draws");
  const bool lp = m["calculate_lp"].flag(), resample = m["psis_resample"].flag();
  const std::string& diagnostic = run.args["output"]["diagnostic_file"].text();
  const bool save_paths = m["save_single_paths"].flag() || !diagnostic.empty();

  if (resampled > paths * integer("num_draws")) {
    run.logger.warn(
        "Warning: Number of PSIS draws is larger than the total number of draws returned by the single Pathfinders. "
        "This is likely unintentional and leads to re-sampling from the same draws.");
  }
  const Inits inits = read_inits(run.args["init"].text(), paths, run.id);
  CsvFile output = run.output(run.output_file());

  if (paths == 1) {
    stan::callbacks::writer start;
    JsonFile steps(diagnostic.empty() ? nullptr : run.json(tagged(diagnostic, "", ".json")));
    // With its draws returned, as the paths of several are: then one instance of this template serves both.
    return std::get<0>(services::pathfinder_lbfgs_single<true>(
        run.model, *inits.contexts[0], run.seed, run.id, inits.radius, integer("history_size"), real("init_alpha"),
        real("tol_obj"), real("tol_rel_obj"), real("tol_grad"), real("tol_rel_grad"), real("tol_param"),
        integer("max_lbfgs_iters"), integer("num_elbo_draws"), integer("num_draws"), save_paths, run.refresh,
        run.interrupt, run.logger, start, output, steps, lp));
  }

  std::vector<stan::callbacks::writer> starts(paths);
  std::vector<CsvFile> path_outputs(save_paths ? 0 : paths);
  std::vector<JsonFile> path_steps(save_paths ? 0 : paths);
  for (int i = 0; i < paths && save_paths; ++i) {
    const std::string tag = "_path_" + std::to_string(run.id + i);
    path_outputs.push_back(run.output(tagged(run.output_file(), tag)));
    path_steps.emplace_back(run.json(tagged(diagnostic.empty() ? run.output_file() : diagnostic, tag, ".json")));
  }
  JsonFile no_steps;
  return services::pathfinder_lbfgs_multi(
      run.model, inits.contexts, run.seed, run.id, inits.radius, integer("history_size"), real("init_alpha"),
      real("tol_obj"), real("tol_rel_obj"), real("tol_grad"), real("tol_rel_grad"), real("tol_param"),
      integer("max_lbfgs_iters"), integer("num_elbo_draws"), integer("num_draws"), resampled, paths, save_paths,
      run.refresh, run.interrupt, run.logger, starts, path_outputs, path_steps, output, no_steps, lp, resample);
}

}  // namespace runner
