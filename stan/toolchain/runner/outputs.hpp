#ifndef RUNNER_OUTPUTS_HPP
#define RUNNER_OUTPUTS_HPP

#include <stan/callbacks/writer.hpp>

#include <fstream>
#include <string>
#include <vector>

namespace runner {

// One CSV file. A row reaches the file in one write, so a reader never sees half a row while sampling.
// A write that fails throws, after marking all files open as incomplete.
class CsvFile final : public stan::callbacks::writer {
 public:
  CsvFile() = default;  // discards everything
  CsvFile(const std::string& path, int sig_figs, const std::string& comment_prefix = "# ");
  CsvFile(CsvFile&& other) noexcept;
  CsvFile(const CsvFile&) = delete;
  ~CsvFile() override;

  void operator()(const std::vector<std::string>& names) override;
  void operator()(const std::vector<double>& row) override;
  void operator()(const Eigen::Ref<Eigen::Matrix<double, -1, -1>>& columns) override;
  void operator()() override;
  void operator()(const std::string& comment) override;

  // Text as it is, whole lines.
  void raw(const std::string& text);
  int significant_figures() const { return precision_; }

 private:
  void append(double number);
  void flush();

  int fd_ = -1;
  int precision_ = 6;
  std::string path_, prefix_, buffer_;
};

// One JSON file. When it cannot be written completely that is said, and outputs_failed() is true from then on.
class JsonStream final : public std::ofstream {
 public:
  JsonStream(const std::string& path, int sig_figs);
  ~JsonStream() override;

 private:
  std::string path_;
};

bool outputs_failed();

// SIGINT and SIGTERM end the program with status 128 + signal, saying so, after marking all CSV files open as
// incomplete: their last line is then one that no CSV reader accepts.
void end_on_signals();

bool has_extension(const std::string& path);

// "out/fit.csv" → "out/fit" + tag + ".csv"
std::string tagged(const std::string& path, const std::string& tag, const std::string& extension = "");

// The file of chain number `id` when there are several chains; `path` itself when there is one.
std::string of_chain(const std::string& path, int num_chains, int id);

}  // namespace runner
#endif
