#include "csv.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace runner {
namespace {

std::vector<std::string> fields(const std::string& line) {
  std::vector<std::string> parts;
  std::istringstream in(line);
  for (std::string part; std::getline(in >> std::ws, part, ',');) {
    parts.push_back(part);
  }
  return parts;
}

}  // namespace

Table read_csv(const std::string& path) {
  std::ifstream in(path);
  if (!in) {
    throw std::invalid_argument("Cannot open specified file, \"" + path + "\"\n");
  }
  Table table;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.empty() || line[0] == '#') {
      table.from_optimize = table.from_optimize || line.rfind("# method = optimize", 0) == 0;
      continue;
    }
    const std::vector<std::string> parts = fields(line);
    if (table.names.empty()) {
      table.names = parts;
      continue;
    }
    std::vector<double> row;
    for (const std::string& part : parts) {
      char* end = nullptr;
      row.push_back(std::strtod(part.c_str(), &end));
      if (end == part.c_str() || *end != '\0') {
        throw std::invalid_argument("Line " + std::to_string(number) + " of \"" + path + "\" has \"" + part +
                                    "\" where a number belongs. Is the file complete?");
      }
    }
    if (row.size() != table.names.size()) {
      throw std::invalid_argument("Line " + std::to_string(number) + " of \"" + path + "\" has " +
                                  std::to_string(row.size()) + " values for " + std::to_string(table.names.size()) +
                                  " columns. Is the file complete?");
    }
    table.rows.push_back(row);
  }
  return table;
}

std::vector<std::size_t> columns(const Table& table, const std::vector<std::string>& wanted, const std::string& path) {
  std::vector<std::size_t> found;
  for (const std::string& name : wanted) {
    const auto it = std::find(table.names.begin(), table.names.end(), name);
    if (it == table.names.end()) {
      throw std::invalid_argument("\"" + path + "\" has no column \"" + name +
                                  "\", a parameter of the model. Give the output of a fit of this model.");
    }
    found.push_back(it - table.names.begin());
  }
  return found;
}

}  // namespace runner
