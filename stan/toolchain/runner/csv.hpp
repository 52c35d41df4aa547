#ifndef RUNNER_CSV_HPP
#define RUNNER_CSV_HPP

#include <map>
#include <string>
#include <vector>

namespace runner {

// A CSV file as the methods write it: comments anywhere, one line of names, rows of numbers.
struct Table {
  std::vector<std::string> names;
  std::vector<std::vector<double>> rows;
  std::map<std::string, std::string> settings;  // of the comments "# name = value"
  double sampling_seconds = 0;

  // The setting, or nothing where there is none of that name.
  std::string setting(const std::string& name) const;
};

// Reads a table, or throws saying which line is wrong.
Table read_csv(const std::string& path);

// The columns called `wanted`, in that order, or throws naming the first that is missing.
std::vector<std::size_t> columns(const Table& table, const std::vector<std::string>& wanted, const std::string& path);

}  // namespace runner
#endif
