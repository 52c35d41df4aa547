#include "inputs.hpp"
#include "run.hpp"

#include <stan/services/experimental/advi/fullrank.hpp>
#include <stan/services/experimental/advi/meanfield.hpp>

namespace runner {

int variational(const Run& run) {
  namespace services = stan::services::experimental::advi;
  const Argument& m = run.method;
  const auto integer = [&m](const char* name) { return m[name].integer(); };
  const Inits inits = read_inits(run.args["init"].text(), 1, run.id);
  stan::callbacks::writer start;
  CsvFile output = run.output(run.output_file());
  CsvFile progress = std::move(run.diagnostics(1)[0]);
  const auto approximate = m["algorithm"].chosen() == "meanfield" ? services::meanfield<stan::model::model_base>
                                                                   : services::fullrank<stan::model::model_base>;
  return approximate(run.model, *inits.contexts[0], run.seed, run.id, inits.radius, integer("grad_samples"),
                     integer("elbo_samples"), integer("iter"), m["tol_rel_obj"].real(), m["eta"].real(),
                     m["adapt"]["engaged"].flag(), m["adapt"]["iter"].integer(), integer("eval_elbo"),
                     integer("output_samples"), run.interrupt, run.logger, start, output, progress);
}

}  // namespace runner
