#include "run.hpp"

#include <stan/version.hpp>

#include <sstream>

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

void write_json(JsonFile& json, const Argument& a) {
  if (a.kind == Argument::Kind::value) {
    std::visit([&](const auto& value) { json.write(a.name, value); }, a.value);
    return;
  }
  if (a.kind == Argument::Kind::marker) {
    return;
  }
  json.begin_record(a.name);
  if (a.kind == Argument::Kind::choice) {
    json.write("value", a.chosen());
    write_json(json, a.alternative());
  }
  for (const Argument& child : a.children) {
    if (a.kind == Argument::Kind::group) {
      write_json(json, child);
    }
  }
  json.end_record();
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

std::unique_ptr<JsonStream> Run::json(const std::string& path) const {
  return std::make_unique<JsonStream>(path, sig_figs());
}

void save_configuration(const Run& run) {
  JsonFile json(run.json(tagged(run.output_file(), "_config", ".json")));
  json.begin_record();
  json.write("stan_major_version", stan::MAJOR_VERSION);
  json.write("stan_minor_version", stan::MINOR_VERSION);
  json.write("stan_patch_version", stan::PATCH_VERSION);
  json.write("model_name", run.model.model_name());
  json.write("start_datetime", run.started);
  for (const Argument& argument : run.args.children) {
    write_json(json, argument);
  }
  json.write("mpi_enabled", false);
  for (const std::string& line : run.model.model_compile_info()) {
    const auto equals = line.find(" = ");
    json.write(line.substr(0, equals), line.substr(equals + 3));
  }
  json.end_record();
}

}  // namespace runner
