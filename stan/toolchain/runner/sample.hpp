#ifndef RUNNER_SAMPLE_HPP
#define RUNNER_SAMPLE_HPP

#include "inputs.hpp"
#include "run.hpp"

#include <string>
#include <vector>

namespace runner {

// The arguments that both engines of Hamiltonian Monte Carlo share, read once.
struct Hmc {
  explicit Hmc(const Run& run);

  const Argument& engine;
  std::string metric;
  bool adapt, save_warmup;
  int chains, warmup, draws, thin;
  double stepsize, jitter;
  double delta, gamma, kappa, t0;
  unsigned int init_buffer, term_buffer, window;
  Inits inits;
  std::vector<Context> inverse_metrics;
  std::vector<CsvFile> outputs, diagnostics;
  std::vector<stan::callbacks::writer> starts;
};

int sample_nuts(const Run& run, Hmc& s);
int sample_static(const Run& run, Hmc& s);

}  // namespace runner
#endif
