#ifndef RUNNER_RUN_HPP
#define RUNNER_RUN_HPP

#include "arguments.hpp"
#include "outputs.hpp"

#include <stan/callbacks/interrupt.hpp>
#include <stan/callbacks/json_writer.hpp>
#include <stan/callbacks/stream_logger.hpp>
#include <stan/model/model_base.hpp>

#include <memory>
#include <string>
#include <vector>

namespace runner {

using JsonFile = stan::callbacks::json_writer<JsonStream>;

// What every method starts from: the arguments, the model with its data, and where messages go.
struct Run {
  const Argument& args;
  const Argument& method;  // the arguments of the chosen method
  stan::model::model_base& model;
  std::string started;  // when, in UTC
  unsigned int seed;
  int id;
  int refresh;
  mutable stan::callbacks::stream_logger logger;
  mutable stan::callbacks::interrupt interrupt{};  // signals end the program by themselves

  // Output files with CmdStan's opening comments, one per chain (or path).
  CsvFile output(const std::string& path) const;
  std::vector<CsvFile> outputs(int num_chains) const;
  std::vector<CsvFile> diagnostics(int num_chains) const;

  std::unique_ptr<JsonStream> json(const std::string& path) const;

  const std::string& output_file() const { return args["output"]["file"].text(); }
  int sig_figs() const { return args["output"]["sig_figs"].integer(); }
};

// Writes the arguments as JSON beside the output file.
void save_configuration(const Run& run);

// The methods, each in the file of its name; they return stan::services error codes.
int sample(const Run& run);
int optimize(const Run& run);
int variational(const Run& run);
int diagnose(const Run& run);
int generate_quantities(const Run& run);
int pathfinder(const Run& run);
int log_prob(const Run& run);
int laplace(const Run& run);

}  // namespace runner
#endif
