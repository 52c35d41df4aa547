// Summarises the CSV files of a fit: one line per column, on the terminal and, where asked, as CSV.
#include "tools/chains.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <stdexcept>

namespace {

struct Options {
  int sig_figs = 2;
  std::string csv;
  std::vector<std::string> percentiles{"5", "50", "95"}, files;
};

Options parse(const std::vector<std::string>& words) {
  Options options;
  for (const std::string& word : words) {
    const auto equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (name == "--sig_figs") {
      options.sig_figs = std::stoi(value);
    } else if (name == "--csv_filename") {
      options.csv = value;
    } else if (name == "--percentiles") {
      options.percentiles.clear();
      std::istringstream in(value);
      for (std::string one; std::getline(in >> std::ws, one, ',');) {
        options.percentiles.push_back(one);
      }
    } else if (word.rfind("--", 0) == 0) {
      throw std::invalid_argument(word + " is not an option.\nUsage: stansummary [--sig_figs=1..18] "
                                  "[--percentiles=5,50,95] [--csv_filename=FILE] CSV...");
    } else {
      options.files.push_back(word);
    }
  }
  if (options.sig_figs < 1 || options.sig_figs > 18) {
    throw std::invalid_argument("--sig_figs takes a number from 1 to 18.");
  }
  return options;
}

std::vector<double> row(const tools::Chains& chains, const std::string& name, const Options& options) {
  const auto split = chains.column(name);
  std::vector<double> all = chains.joined(name);
  const double deviation = std::sqrt(tools::variance(all)), size = tools::effective_sample_size(split);
  std::vector<double> values{tools::mean(all), deviation / std::sqrt(size), deviation};
  std::sort(all.begin(), all.end());
  for (const std::string& percentile : options.percentiles) {
    const double rank = std::ceil(all.size() * std::stod(percentile) / 100) - 1;
    values.push_back(all[std::clamp<double>(rank, 0, all.size() - 1)]);
  }
  values.insert(values.end(), {size, size / chains.sampling_seconds(), tools::r_hat(split)});
  return values;
}

int summarise(const std::vector<std::string>& words) {
  const Options options = parse(words);
  const tools::Chains chains(options.files);
  std::vector<std::string> header{"Mean", "MCSE", "StdDev"};
  for (const std::string& percentile : options.percentiles) {
    header.push_back(percentile + "%");
  }
  header.insert(header.end(), {"N_Eff", "N_Eff/s", "R_hat"});

  std::ofstream csv(options.csv);
  csv << std::setprecision(options.sig_figs) << "name";
  std::cout << std::setprecision(options.sig_figs) << options.files.size() << " chains\n\n" << std::setw(20) << "";
  for (const std::string& name : header) {
    csv << ',' << name;
    std::cout << ' ' << std::setw(options.sig_figs + 7) << name;
  }
  csv << '\n';
  std::cout << '\n';
  for (const std::string& name : chains.names()) {
    csv << '"' << tools::readable(name) << '"';
    std::cout << std::left << std::setw(20) << tools::readable(name) << std::right;
    for (double value : row(chains, name, options)) {
      csv << ',' << value;
      std::cout << ' ' << std::setw(options.sig_figs + 7) << value;
    }
    csv << '\n';
    std::cout << '\n';
  }
  std::cout << "\nN_Eff: effective sample size of the split chains; R_hat: the larger of the rank-normalised split "
               "R-hat of bulk and tail.\n";
  if (!options.csv.empty() && !csv.flush()) {
    throw std::runtime_error("Cannot write \"" + options.csv + "\". Name a file in an existing, writable folder.");
  }
  return 0;
}

}  // namespace

int main(int argc, const char* argv[]) { return tools::guarded(summarise, argc, argv); }
