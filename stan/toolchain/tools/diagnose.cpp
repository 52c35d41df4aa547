// Checks the CSV files of a fit for what makes its draws doubtful.
#include "tools/chains.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>

namespace {

// "12 of 100 (12.00%)"
std::string share(std::size_t count, std::size_t all) {
  char text[80];
  std::snprintf(text, sizeof(text), "%zu of %zu (%.2f%%)", count, all, 100.0 * count / all);
  return text;
}

bool treedepth_good(const tools::Chains& chains) {
  const std::vector<double> depths = chains.joined("treedepth__");
  const std::string limit = chains.settings().setting("max_depth");
  if (depths.empty() || limit.empty()) {
    return true;
  }
  const auto hits = std::count_if(depths.begin(), depths.end(), [&](double d) { return d >= std::stod(limit); });
  std::cout << "Checking sampler transitions treedepth.\n";
  if (hits == 0) {
    std::cout << "Treedepth satisfactory for all transitions.\n\n";
    return true;
  }
  std::cout << share(hits, depths.size()) << " transitions hit the maximum treedepth limit of " << limit << ", or 2^"
            << limit << " leapfrog steps.\nTrajectories that are prematurely terminated due to this limit will "
            << "result in slow exploration.\nFor optimal performance, increase this limit.\n\n";
  return false;
}

bool divergences_absent(const tools::Chains& chains) {
  const std::vector<double> divergent = chains.joined("divergent__");
  if (divergent.empty()) {
    return true;
  }
  const auto count = std::count_if(divergent.begin(), divergent.end(), [](double d) { return d > 0; });
  std::cout << "Checking sampler transitions for divergences.\n";
  if (count == 0) {
    std::cout << "No divergent transitions found.\n\n";
    return true;
  }
  std::cout << share(count, divergent.size()) << " transitions ended with a divergence.\nThese divergent transitions "
            << "indicate that HMC is not fully able to explore the posterior distribution.\nTry increasing adapt "
            << "delta closer to 1.\nIf this doesn't remove all divergences, try to reparameterize the model.\n\n";
  return false;
}

bool energy_good(const tools::Chains& chains) {
  double lowest = 1;
  const auto energies = chains.column("energy__");
  for (const std::vector<double>& energy : energies) {
    double steps = 0;
    for (std::size_t i = 1; i < energy.size(); ++i) {
      steps += (energy[i] - energy[i - 1]) * (energy[i] - energy[i - 1]);
    }
    lowest = energy.size() < 2 ? lowest : std::min(lowest, steps / (tools::variance(energy) * (energy.size() - 1)));
  }
  if (energies[0].empty()) {
    return true;
  }
  std::cout << "Checking E-BFMI - sampler transitions HMC potential energy.\n";
  if (lowest >= 0.3) {
    std::cout << "E-BFMI satisfactory.\n\n";
    return true;
  }
  std::cout << "The E-BFMI, " << lowest << ", is below the nominal threshold of 0.30, which suggests that HMC may have "
            << "trouble exploring the target distribution.\nIf possible, try to reparameterize the model.\n\n";
  return false;
}

// Names the parameters for which `doubtful` holds.
template <class Doubtful>
bool parameters_good(const tools::Chains& chains, const std::string& good, const std::string& bad,
                     const std::string& advice, Doubtful&& doubtful) {
  std::string names;
  for (const std::string& name : chains.names()) {
    if (name.size() < 2 || name.compare(name.size() - 2, 2, "__") != 0) {
      names += doubtful(chains.column(name)) ? (names.empty() ? "  " : ", ") + tools::readable(name) : "";
    }
  }
  std::cout << (names.empty() ? good + "\n\n" : bad + "\n" + names + "\n" + advice + "\n\n");
  return names.empty();
}

int diagnose(const std::vector<std::string>& files) {
  const tools::Chains chains(files);
  const double draws = chains.joined(chains.names()[0]).size();
  bool good = treedepth_good(chains);
  good = divergences_absent(chains) && good;
  good = energy_good(chains) && good;
  good = parameters_good(chains, "Effective sample size satisfactory for all parameters.",
                         "The following parameters had fewer than 0.001 effective draws per transition:",
                         "Such low values indicate that the effective sample size estimators may be biased high and "
                         "actual performance may be substantially lower than quoted.",
                         [&](const auto& column) { return tools::effective_sample_size(column) / draws < 0.001; }) &&
         good;
  good = parameters_good(chains, "Rank-normalized split R-hat values satisfactory for all parameters.",
                         "The following parameters had rank-normalized split R-hat greater than 1.01:",
                         "Such high values indicate incomplete mixing and biased estimation.\nYou should consider "
                         "regularizing your model with additional prior information or a more effective "
                         "parameterization.",
                         [](const auto& column) { return tools::r_hat(column) > 1.01; }) &&
         good;
  std::cout << (good ? "Processing complete, no problems detected.\n" : "Processing complete.\n");
  return 0;
}

}  // namespace

int main(int argc, const char* argv[]) { return tools::guarded(diagnose, argc, argv); }
