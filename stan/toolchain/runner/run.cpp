#include "run.hpp"

#include <stan/version.hpp>

#include <sstream>
#include <stdexcept>

namespace runner {
namespace {

std::string opening(const Run& run, bool complete) {
  std::ostringstream out;
  out << "# stan_version_major = " << stan::MAJOR_VERSION << "\n# stan_version_minor = " << stan::MINOR_VERSION
      << "\n# stan_version_patch = " << stan::PATCH_VERSION << "\n# model = " << run.model.model_name() << '\n';
  if (complete) {
    out << "# start_datetime = " << run.started << '\n';
  }
  print_configuration(out, run.args, "# ");
  if (complete) {
    for (const std::string& line : run.model.model_compile_info()) {
      out << "# " << line << '\n';
    }
  }
  return out.str();
}

}  // namespace

CsvFile Run::output(const std::string& path) const {
  CsvFile file(path, sig_figs());
  file.raw(opening(*this, true));
  return file;
}

std::vector<CsvFile> Run::outputs(int num_chains) const {
  std::vector<CsvFile> files;
  for (int i = 0; i < num_chains; ++i) {
    files.push_back(output(of_chain(output_file(), num_chains, id + i)));
  }
  return files;
}

std::vector<CsvFile> Run::diagnostics(int num_chains) const {
  const std::string& path = args["output"]["diagnostic_file"].text();
  std::vector<CsvFile> files(path.empty() ? num_chains : 0);
  for (int i = 0; i < num_chains && !path.empty(); ++i) {
    files.emplace_back(of_chain(path, num_chains, id + i), sig_figs());
    files.back().raw(opening(*this, false));
  }
  return files;
}

std::string Run::beside_output(const std::string& ending) const {
  return tagged(output_file(), ending, ".json");
}

std::unique_ptr<std::ofstream> json_file(const std::string& path) {
  auto file = std::make_unique<std::ofstream>(path);
  if (!*file) {
    throw std::runtime_error("Cannot open output file \"" + path + "\" for writing.");
  }
  return file;
}

}  // namespace runner
