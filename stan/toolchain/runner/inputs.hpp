#ifndef RUNNER_INPUTS_HPP
#define RUNNER_INPUTS_HPP

#include <stan/io/var_context.hpp>

#include <memory>
#include <string>
#include <vector>

namespace runner {

using Context = std::shared_ptr<stan::io::var_context>;

// The variables in a JSON (or, by its name, R dump) file; no file, no variables.
Context read_variables(const std::string& path);

// One context per chain: of several chains each takes path_ID.json where that file exists.
std::vector<Context> read_per_chain(const std::string& path, int num_chains, int first_id);

// What `init=` says: a radius for random values, or files and the radius for what they leave out.
struct Inits {
  double radius;
  std::vector<Context> contexts;
};
Inits read_inits(const std::string& init, int num_chains, int first_id);

}  // namespace runner
#endif
