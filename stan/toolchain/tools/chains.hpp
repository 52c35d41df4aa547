#ifndef TOOLS_CHAINS_HPP
#define TOOLS_CHAINS_HPP

#include "runner/csv.hpp"

#include <string>
#include <vector>

namespace tools {

// The draws of a fit after warmup, from one CSV file per chain.
class Chains {
 public:
  explicit Chains(const std::vector<std::string>& files);

  const std::vector<std::string>& names() const { return chains_[0].names; }
  const runner::Table& settings() const { return chains_[0]; }
  double sampling_seconds() const;

  // A column of each chain, and of all chains joined; empty where there is no such column.
  std::vector<std::vector<double>> column(const std::string& name) const;
  std::vector<double> joined(const std::string& name) const;

 private:
  std::vector<runner::Table> chains_;
};

// Split chains' effective sample size, and the larger of bulk and tail rank-normalised R-hat.
double effective_sample_size(const std::vector<std::vector<double>>& chains);
double r_hat(const std::vector<std::vector<double>>& chains);

double mean(const std::vector<double>& values);
double variance(const std::vector<double>& values);

// "theta.1.2" → "theta[1,2]", "pair:2.1" → "pair.2[1]"
std::string readable(const std::string& column);

// Runs a tool's main function, saying what went wrong if it throws.
int guarded(int (*tool)(const std::vector<std::string>&), int argc, const char* argv[]);

}  // namespace tools
#endif
