#include "arguments.hpp"
#include "inputs.hpp"
#include "outputs.hpp"
#include "run.hpp"

#include <stan/math/prim/core/init_threadpool_tbb.hpp>
#include <stan/math/rev/core/profiling.hpp>
#include <stan/services/error_codes.hpp>
#include <stan/version.hpp>

#include <chrono>
#include <ctime>
#include <fstream>
#include <iostream>
#include <map>

// Defined by the translated model the program is linked with.
stan::model::model_base& new_model(stan::io::var_context& data, unsigned int seed, std::ostream* messages);
stan::math::profile_map& get_stan_profile_data();

namespace runner {
namespace {

void print_version(std::ostream& out) {
  out << "stan_version_major = " << stan::MAJOR_VERSION << "\nstan_version_minor = " << stan::MINOR_VERSION
      << "\nstan_version_patch = " << stan::PATCH_VERSION << '\n';
}

void print_info(std::ostream& out) {
  const auto flag = [&out](const char* name, bool on) { out << name << '=' << (on ? "true" : "false") << '\n'; };
  print_version(out);
#ifdef STAN_THREADS
  flag("STAN_THREADS", true);
#else
  flag("STAN_THREADS", false);
#endif
  flag("STAN_MPI", false);
  flag("STAN_OPENCL", false);
#ifdef STAN_NO_RANGE_CHECKS
  flag("STAN_NO_RANGE_CHECKS", true);
#else
  flag("STAN_NO_RANGE_CHECKS", false);
#endif
#ifdef STAN_CPP_OPTIMS
  flag("STAN_CPP_OPTIMS", true);
#else
  flag("STAN_CPP_OPTIMS", false);
#endif
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", std::gmtime(&now));
  return text;
}

long long seed_from_clock() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count() % 4294967296;
}

// Settles the values that are known only once the command line is read.
void complete(Argument& args) {
  Argument& seed = args["random"]["seed"];
  if (seed.value == Value{-1LL}) {
    set_default(seed, seed_from_clock());
  }
  Argument& file = args["output"]["file"];
  if (!has_extension(file.text())) {
    file.value = file.text() + ".csv";
  }
}

// One line per profile statement and thread, where the program has any.
void save_profiles(const std::string& path) {
  const stan::math::profile_map& profiles = get_stan_profile_data();
  if (profiles.empty()) {
    return;
  }
  std::ofstream out(path);
  out << "name,thread_id,total_time,forward_time,reverse_time,chain_stack,no_chain_stack,autodiff_calls,"
         "no_autodiff_calls\n";
  for (const auto& [key, p] : profiles) {
    out << key.first << ',' << key.second << ',' << p.get_fwd_time() + p.get_rev_time() << ',' << p.get_fwd_time()
        << ',' << p.get_rev_time() << ',' << p.get_chain_stack_used() << ',' << p.get_nochain_stack_used() << ','
        << p.get_num_rev_passes() << ',' << p.get_num_no_AD_fwd_passes() << '\n';
  }
  if (!out.flush()) {
    throw std::runtime_error("Cannot write profile file \"" + path + "\". Name a file in an existing, writable folder.");
  }
}

int run(int argc, const char* argv[]) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const std::string program = argv[0];
  if (words.empty()) {
    std::cout << usage(grammar(), program);
    return 1;
  }
  if (words.size() == 1 && (words[0] == "info" || words[0] == "version")) {
    words[0] == "info" ? print_info(std::cout) : print_version(std::cout);
    return 0;
  }
  Request request = parse(program, words);
  if (!request.help.empty()) {
    std::cout << request.help;
    return 0;
  }
  Argument& args = request.root;
  complete(args);
  print_configuration(std::cout, args, "");
  std::cout << std::endl;

  stan::math::init_threadpool_tbb(args["num_threads"].integer());
  const unsigned int seed = std::get<long long>(args["random"]["seed"].value);
  const Context data = read_variables(args["data"]["file"].text());
  const Argument& method = args["method"];
  Run run{args,
          method.alternative(),
          new_model(*data, seed, &std::cout),
          utc_now(),
          seed,
          args["id"].integer(),
          args["output"]["refresh"].integer(),
          {std::cout, std::cout, std::cout, std::cerr, std::cerr}};
  if (args["output"]["save_cmdstan_config"].flag()) {
    save_configuration(run);
  }
  static const std::map<std::string, int (*)(const Run&)> methods{{"sample", sample},
                                                                  {"optimize", optimize},
                                                                  {"variational", variational},
                                                                  {"diagnose", diagnose},
                                                                  {"generate_quantities", generate_quantities},
                                                                  {"pathfinder", pathfinder},
                                                                  {"log_prob", log_prob},
                                                                  {"laplace", laplace}};
  const int code = methods.at(method.chosen())(run);
  save_profiles(args["output"]["profile_file"].text());
  return code == stan::services::error_codes::OK && !outputs_failed() ? 0 : 1;
}

}  // namespace
}  // namespace runner

int main(int argc, const char* argv[]) {
  runner::end_on_signals();
  try {
    return runner::run(argc, argv);
  } catch (const runner::UsageError& e) {
    std::cerr << e.what();
  } catch (const std::exception& e) {
    std::cerr << e.what() << std::endl;
  }
  return 1;
}
