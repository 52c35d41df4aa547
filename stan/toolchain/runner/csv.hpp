#ifndef RUNNER_CSV_HPP
#define RUNNER_CSV_HPP

#include <string>
#include <vector>

namespace runner {

// A CSV file as the methods write it: comments anywhere, one line of names, rows of numbers.
struct Table {
  std::vector<std::string> names;
  std::vector<std::vector<double>> rows;
  bool from_optimize = false;  // its comments say so
};

// Reads a table, or throws saying which line is wrong.
Table read_csv(const std::string& path);

// The columns called `wanted`, in that order, or throws naming the first that is missing.
std::vector<std::size_t> columns(const Table& table, const std::vector<std::string>& wanted, const std::string& path);

}  // namespace runner
#endif
