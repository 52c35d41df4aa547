#include "inputs.hpp"
#include "run.hpp"

#include <stan/services/diagnose/diagnose.hpp>

namespace runner {

int diagnose(const Run& run) {
  const Argument& gradient = run.method["test"].alternative();
  const Inits inits = read_inits(run.args["init"].text(), 1, run.id);
  stan::callbacks::writer start;
  CsvFile output = run.output(run.output_file());
  return stan::services::diagnose::diagnose(run.model, *inits.contexts[0], run.seed, run.id, inits.radius,
                                            gradient["epsilon"].real(), gradient["error"].real(), run.interrupt,
                                            run.logger, start, output);
}

}  // namespace runner
