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

// "#   name = value (Default)", or the time that sampling took
void read_comment(const std::string& line, Table& table) {
  const auto start = line.find_first_not_of("# "), equals = line.find(" = ");
  if (start < equals && equals != std::string::npos) {
    const auto end = line.find(" (Default)");
    table.settings[line.substr(start, equals - start)] =
        line.substr(equals + 3, end == std::string::npos ? end : end - equals - 3);
  }
  if (start != std::string::npos && line.find("seconds (Sampling)") != std::string::npos) {
    table.sampling_seconds = std::strtod(line.c_str() + start, nullptr);
  }
}

}  // namespace

std::string Table::setting(const std::string& name) const {
  const auto found = settings.find(name);
  return found == settings.end() ? "" : found->second;
}

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
      read_comment(line, table);
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
