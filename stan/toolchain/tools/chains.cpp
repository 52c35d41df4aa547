#include "tools/chains.hpp"

#include <stan/analyze/mcmc/compute_effective_sample_size.hpp>
#include <stan/analyze/mcmc/compute_potential_scale_reduction.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <numeric>
#include <stdexcept>

namespace tools {
namespace {

// The rows before the first draw after warmup are dropped; they are there only where saved.
void drop_warmup(runner::Table& chain) {
  if (chain.setting("save_warmup") == "true" && chain.setting("algorithm") != "fixed_param") {
    const int warmup = std::stoi(chain.setting("num_warmup")), thin = std::stoi(chain.setting("thin"));
    const std::size_t saved = std::min<std::size_t>((warmup + thin - 1) / thin, chain.rows.size());
    chain.rows.erase(chain.rows.begin(), chain.rows.begin() + saved);
  }
}

std::vector<const double*> pointers(const std::vector<std::vector<double>>& chains) {
  std::vector<const double*> starts;
  for (const auto& chain : chains) {
    starts.push_back(chain.data());
  }
  return starts;
}

std::vector<std::size_t> sizes(const std::vector<std::vector<double>>& chains) {
  std::vector<std::size_t> counts;
  for (const auto& chain : chains) {
    counts.push_back(chain.size());
  }
  return counts;
}

}  // namespace

Chains::Chains(const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    chains_.push_back(runner::read_csv(file));
    drop_warmup(chains_.back());
    if (chains_.back().names != names() || chains_.back().rows.empty()) {
      throw std::invalid_argument("\"" + file + "\" has other columns than \"" + files[0] +
                                  "\", or no draws. Give the files of one fit.");
    }
  }
  if (chains_.empty()) {
    throw std::invalid_argument("No input files. Give the CSV files of one fit.");
  }
}

double Chains::sampling_seconds() const {
  double seconds = 0;
  for (const runner::Table& chain : chains_) {
    seconds += chain.sampling_seconds;
  }
  return seconds;
}

std::vector<std::vector<double>> Chains::column(const std::string& name) const {
  const auto place = std::find(names().begin(), names().end(), name) - names().begin();
  std::vector<std::vector<double>> values(chains_.size());
  for (std::size_t i = 0; i < chains_.size() && place < static_cast<long>(names().size()); ++i) {
    for (const auto& row : chains_[i].rows) {
      values[i].push_back(row[place]);
    }
  }
  return values;
}

std::vector<double> Chains::joined(const std::string& name) const {
  std::vector<double> all;
  for (const auto& chain : column(name)) {
    all.insert(all.end(), chain.begin(), chain.end());
  }
  return all;
}

double effective_sample_size(const std::vector<std::vector<double>>& chains) {
  return stan::analyze::compute_split_effective_sample_size(pointers(chains), sizes(chains));
}

double r_hat(const std::vector<std::vector<double>>& chains) {
  const auto [bulk, tail] = stan::analyze::compute_split_potential_scale_reduction_rank(pointers(chains), sizes(chains));
  return std::max(bulk, tail);
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / values.size();
}

double variance(const std::vector<double>& values) {
  const double centre = mean(values);
  double sum = 0;
  for (double value : values) {
    sum += (value - centre) * (value - centre);
  }
  return sum / (values.size() - 1);
}

std::string readable(const std::string& column) {
  std::string name;
  bool open = false;
  for (char c : column) {
    if (c == '.') {
      name += open ? "," : "[";
      open = true;
    } else if (c == ':') {  // what follows is an element of a tuple
      name += open ? "]." : ".";
      open = false;
    } else {
      name += c;
    }
  }
  return open ? name + "]" : name;
}

int guarded(int (*tool)(const std::vector<std::string>&), int argc, const char* argv[]) {
  try {
    return tool(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& e) {
    std::cerr << e.what() << std::endl;
    return EXIT_FAILURE;
  }
}

}  // namespace tools
