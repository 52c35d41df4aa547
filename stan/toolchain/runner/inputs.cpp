#include "inputs.hpp"
#include "outputs.hpp"

#include <stan/io/dump.hpp>
#include <stan/io/empty_var_context.hpp>
#include <stan/io/json/json_data.hpp>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace runner {

Context read_variables(const std::string& path) {
  if (path.empty()) {
    return std::make_shared<stan::io::empty_var_context>();
  }
  std::ifstream in(path);
  if (!in) {
    throw std::invalid_argument("Can't open specified file, \"" + path + "\"\n");
  }
  if (tagged(path, "", ".json") == path) {
    try {
      return std::make_shared<stan::json::json_data>(in);
    } catch (const std::exception& e) {
      throw std::invalid_argument("Error reading file \"" + path + "\": " + e.what());
    }
  }
  return std::make_shared<stan::io::dump>(in);
}

std::vector<Context> read_per_chain(const std::string& path, int num_chains, int first_id) {
  std::vector<Context> contexts;
  for (int i = 0; i < num_chains; ++i) {
    const std::string own = of_chain(path, num_chains, first_id + i);
    contexts.push_back(read_variables(!path.empty() && std::ifstream(own) ? own : path));
  }
  return contexts;
}

Inits read_inits(const std::string& init, int num_chains, int first_id) {
  char* end = nullptr;
  const double radius = std::strtod(init.c_str(), &end);
  if (!init.empty() && *end == '\0' && radius >= 0) {
    return {radius, read_per_chain("", num_chains, first_id)};
  }
  return {2, read_per_chain(init, num_chains, first_id)};
}

}  // namespace runner
