#include "arguments.hpp"

#include <cstdlib>
#include <sstream>
#include <utility>

namespace runner {
namespace {

using Kind = Argument::Kind;

std::string default_text(double value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

Argument group(std::string name, std::string description, std::vector<Argument> children) {
  Argument a{Kind::group, std::move(name), std::move(description)};
  a.children = std::move(children);
  return a;
}

Argument marker(std::string name, std::string description) {
  return {Kind::marker, std::move(name), std::move(description)};
}

Argument choice(std::string name, std::string description, std::string fallback, std::vector<Argument> options) {
  Argument a{Kind::choice, std::move(name), std::move(description)};
  a.type = "list element";
  for (const Argument& option : options) {
    a.validity += (a.validity.empty() ? "" : ", ") + option.name;
  }
  a.shown_default = fallback;
  a.fallback = a.value = fallback;
  a.children = std::move(options);
  a.is_valid = [options = a.children](const Value& v) {
    for (const Argument& option : options) {
      if (option.name == std::get<std::string>(v)) {
        return true;
      }
    }
    return false;
  };
  return a;
}

Argument leaf(std::string name, std::string description, std::string type, Value fallback, std::string shown,
              std::string validity) {
  Argument a{Kind::value, std::move(name), std::move(description)};
  a.type = std::move(type);
  a.fallback = a.value = std::move(fallback);
  a.shown_default = std::move(shown);
  a.validity = std::move(validity);
  return a;
}

Argument flag(std::string name, std::string description, bool fallback) {
  return leaf(std::move(name), std::move(description), "boolean", fallback, fallback ? "true" : "false",
              "[0, 1, false, true]");
}

Argument text(std::string name, std::string description, std::string fallback, std::string shown,
              std::string validity) {
  return leaf(std::move(name), std::move(description), "string", std::move(fallback), std::move(shown),
              std::move(validity));
}

Argument file(std::string name, std::string description) {
  return text(std::move(name), std::move(description), "", "\"\"", "Path to existing file");
}

Argument integer(std::string name, std::string description, long long fallback, long long least, std::string validity,
                 std::string type = "int") {
  Argument a = leaf(std::move(name), std::move(description), std::move(type), fallback, std::to_string(fallback),
                    std::move(validity));
  a.is_valid = [least](const Value& v) {
    const long long i = std::get<long long>(v);
    return i >= least && i <= 2147483647;
  };
  return a;
}

Argument positive(std::string name, std::string description, long long fallback) {
  const std::string validity = "0 < " + name;
  return integer(std::move(name), std::move(description), fallback, 1, validity);
}

// CmdStan accepts 0 for these, though its help says otherwise; help texts are kept as CmdStan's.
Argument nonnegative(std::string name, std::string description, long long fallback, std::string type = "int") {
  const std::string validity = "0 < " + name;
  return integer(std::move(name), std::move(description), fallback, 0, validity, std::move(type));
}

Argument window(std::string name, std::string description, long long fallback) {
  return nonnegative(std::move(name), std::move(description), fallback, "unsigned int");
}

Argument real(std::string name, std::string description, double fallback, std::string shown = "") {
  const std::string validity = "0 < " + name;
  Argument a = leaf(std::move(name), std::move(description), "double", fallback,
                    shown.empty() ? default_text(fallback) : std::move(shown), validity);
  a.is_valid = [](const Value& v) { return std::get<double>(v) > 0; };
  return a;
}

Argument between(std::string name, std::string description, double fallback, double low, double high, bool closed) {
  const std::string validity = std::to_string(low) + " <= " + name + " <= " + std::to_string(high);
  Argument a = leaf(std::move(name), std::move(description), "double", fallback, default_text(fallback), validity);
  a.is_valid = [=](const Value& v) {
    const double x = std::get<double>(v);
    return x >= low && (x < high || (closed && x == high));
  };
  return a;
}

std::vector<Argument> with(std::vector<Argument> first, std::vector<Argument> more) {
  first.insert(first.end(), more.begin(), more.end());
  return first;
}

std::vector<Argument> bfgs_tolerances() {
  return {real("init_alpha", "Line search step size for first iteration", 0.001),
          real("tol_obj", "Convergence tolerance on absolute changes in objective function value", 1e-12),
          real("tol_rel_obj", "Convergence tolerance on relative changes in objective function value", 1e4),
          real("tol_grad", "Convergence tolerance on the norm of the gradient", 1e-8),
          real("tol_rel_grad", "Convergence tolerance on the relative norm of the gradient", 1e7),
          real("tol_param", "Convergence tolerance on changes in parameter value", 1e-8)};
}

std::vector<Argument> lbfgs_options() {
  return with(bfgs_tolerances(), {positive("history_size", "Amount of history to keep for L-BFGS", 5)});
}

Argument sample_method() {
  return group(
      "sample", "Bayesian inference with Markov Chain Monte Carlo",
      {nonnegative("num_samples", "Number of sampling iterations", 1000),
       nonnegative("num_warmup", "Number of warmup iterations", 1000),
       flag("save_warmup", "Stream warmup samples to output?", false),
       positive("thin", "Period between saved samples", 1),
       group("adapt", "Warmup Adaptation",
             {flag("engaged", "Adaptation engaged?", true), real("gamma", "Adaptation regularization scale", 0.05),
              between("delta", "Adaptation target acceptance statistic", 0.8, 0.1, 1, false),
              real("kappa", "Adaptation relaxation exponent", 0.75), real("t0", "Adaptation iteration offset", 10),
              window("init_buffer", "Width of initial fast adaptation interval", 75),
              window("term_buffer", "Width of final fast adaptation interval", 50),
              window("window", "Initial width of slow adaptation interval", 25),
              flag("save_metric", "Save metric as JSON?", false)}),
       choice("algorithm", "Sampling algorithm", "hmc",
              {group("hmc", "Hamiltonian Monte Carlo",
                     {choice("engine", "Engine for Hamiltonian Monte Carlo", "nuts",
                             {group("static", "Static integration time",
                                    {real("int_time",
                                          "Total integration time for Hamiltonian evolution, default is 2 * pi",
                                          6.283185307179586)}),
                              group("nuts", "The No-U-Turn Sampler",
                                    {positive("max_depth", "Maximum tree depth", 10)})}),
                      choice("metric", "Geometry of base manifold", "diag_e",
                             {marker("unit_e", "Euclidean manifold with unit metric"),
                              marker("diag_e", "Euclidean manifold with diag metric"),
                              marker("dense_e", "Euclidean manifold with dense metric")}),
                      text("metric_file", "Input file with precomputed Euclidean metric", "", "", "All"),
                      real("stepsize", "Step size for discrete evolution", 1),
                      between("stepsize_jitter", "Uniformly random jitter of the stepsize, in percent", 0, 0, 1,
                              true)}),
               marker("fixed_param", "Fixed Parameter Sampler")}),
       positive("num_chains", "Number of chains", 1)});
}

Argument optimize_method() {
  return group(
      "optimize", "Point estimation",
      {choice("algorithm", "Optimization algorithm", "lbfgs",
              {group("bfgs", "BFGS with linesearch", bfgs_tolerances()),
               group("lbfgs", "LBFGS with linesearch", lbfgs_options()), group("newton", "Newton's method", {})}),
       flag("jacobian",
            "When true, include change-of-variables adjustment for constraining parameter transforms", false),
       positive("iter", "Total number of iterations", 2000),
       flag("save_iterations", "Stream optimization progress to output?", false)});
}

Argument variational_method() {
  return group("variational", "Variational inference",
               {choice("algorithm", "Variational inference algorithm", "meanfield",
                       {group("meanfield", "mean-field approximation", {}),
                        group("fullrank", "full-rank covariance", {})}),
                positive("iter", "Maximum number of ADVI iterations.", 10000),
                positive("grad_samples", "Number of Monte Carlo draws for computing the gradient.", 1),
                positive("elbo_samples", "Number of Monte Carlo draws for estimate of ELBO.", 100),
                real("eta", "Stepsize scaling parameter.", 1),
                group("adapt", "Eta Adaptation for Variational Inference",
                      {flag("engaged", "Boolean flag for eta adaptation.", true),
                       positive("iter", "Number of iterations for eta adaptation.", 50)}),
                real("tol_rel_obj", "Relative tolerance parameter for convergence.", 0.01),
                positive("eval_elbo", "Number of iterations between ELBO evaluations", 100),
                positive("output_samples", "Number of approximate posterior output draws to save.", 1000)});
}

Argument diagnose_method() {
  return group("diagnose", "Model diagnostics",
               {choice("test", "Diagnostic test", "gradient",
                       {group("gradient", "Check model gradient against finite differences",
                              {real("epsilon", "Finite difference step size", 1e-6, "1e-6"),
                               real("error", "Error threshold", 1e-6, "1e-6")})})});
}

Argument generate_quantities_method() {
  return group("generate_quantities", "Generate quantities of interest",
               {file("fitted_params",
                     "Input file of sample of fitted parameter values for model conditioned on data"),
                positive("num_chains", "Number of chains", 1)});
}

Argument pathfinder_method() {
  return group(
      "pathfinder", "Pathfinder algorithm",
      with(lbfgs_options(),
           {positive("num_psis_draws", "Number of draws from PSIS sample", 1000),
            positive("num_paths", "Number of single pathfinders", 4),
            flag("save_single_paths", "Output single-path pathfinder draws as CSV", false),
            flag("psis_resample",
                 "If true, perform psis resampling on samples returned from individual pathfinders. If false, "
                 "returns num_paths * num_draws samples",
                 true),
            flag("calculate_lp",
                 "If true, individual pathfinders lp calculations are calculated and returned with the output. If "
                 "false, each pathfinder will only  calculate the lp values needed for the elbo calculation. If "
                 "false, psis resampling cannot be performed and the algorithm returns num_paths * num_draws "
                 "samples. The output will still contain any lp values used when calculating ELBO scores within "
                 "LBFGS iterations.",
                 true),
            positive("max_lbfgs_iters", "Maximum number of LBFGS iterations", 1000),
            positive("num_draws", "Number of approximate posterior draws", 1000),
            positive("num_elbo_draws", "Number of Monte Carlo draws to evaluate ELBO", 25)}));
}

Argument log_prob_method() {
  return group(
      "log_prob", "Return the log density up to a constant and its gradients, given supplied parameters",
      {file("unconstrained_params", "Input file (JSON or R dump) of parameter values on unconstrained scale"),
       file("constrained_params", "Input file (JSON or R dump) of parameter values on constrained scale"),
       flag("jacobian",
            "When true, include change-of-variables adjustment for constraining parameter transforms", true)});
}

Argument laplace_method() {
  return group(
      "laplace", "Sample from a Laplace approximation",
      {text("mode",
            "A specification of a mode on the constrained scale for all model parameters, either in JSON or CSV "
            "format.",
            "", "", "All"),
       flag("jacobian",
            "When true, include change-of-variables adjustment for constraining parameter transforms.", true),
       nonnegative("draws", "Number of draws from the laplace approximation", 1000),
       flag("calculate_lp", "If true, calculate the log probability of the model at each draw.", true)});
}

Argument seed() {
  Argument a = leaf("seed", "Random number generator seed", "x", -1LL, "-1",
                    "non-negative integer < 4294967296  or -1 to generate seed from system time");
  a.is_valid = [](const Value& v) {
    const long long i = std::get<long long>(v);
    return i >= -1 && i < 4294967296;
  };
  return a;
}

Argument sig_figs() {
  Argument a = integer("sig_figs", "The number of significant figures used for the output CSV files.", -1, -1,
                       "0 <= integer <= 18 or -1 to use the default number of significant figures");
  a.is_valid = [](const Value& v) { return std::get<long long>(v) >= -1 && std::get<long long>(v) <= 18; };
  return a;
}

Argument output() {
  return group("output", "File output options",
               {text("file", "Output file", "output.csv", "output.csv", "Path to existing file"),
                file("diagnostic_file", "Auxiliary output file for diagnostic information"),
                integer("refresh", "Number of iterations between screen updates", 100, 0, "0 <= refresh"), sig_figs(),
                text("profile_file", "File to store profiling information", "profile.csv", "\"\"",
                     "Valid path and write access to the folder"),
                flag("save_cmdstan_config",
                     "Save the CmdStan configuration (parsed arguments + default values) as JSON alongside the "
                     "output files",
                     false)});
}

Argument num_threads() {
#ifdef STAN_THREADS
  Argument a = integer("num_threads", "Number of threads available to the program.", 1, -1,
                       "num_threads > 0 || num_threads == -1");
  a.is_valid = [](const Value& v) { return std::get<long long>(v) > 0 || std::get<long long>(v) == -1; };
  if (const char* threads = std::getenv("STAN_NUM_THREADS")) {
    a.assign(threads);
    set_default(a, a.value);
  }
#else
  Argument a = integer("num_threads",
                       "Number of threads available to the program. To use this argument, re-compile this model "
                       "with STAN_THREADS=true.",
                       1, 1, "num_threads == 1");
  a.is_valid = [](const Value& v) { return std::get<long long>(v) == 1; };
#endif
  return a;
}

}  // namespace

Argument grammar() {
  return group(
      "", "",
      {choice("method", "Analysis method (Note that method= is optional)", "sample",
              {sample_method(), optimize_method(), variational_method(), diagnose_method(),
               generate_quantities_method(), pathfinder_method(), log_prob_method(), laplace_method()}),
       integer("id", "Unique process identifier", 1, 0, "id >= 0"),
       group("data", "Input data options", {file("file", "Input data file")}),
       text("init",
            "Initialization method: \"x\" initializes randomly between [-x, x], \"0\" initializes to 0, anything "
            "else identifies a file of values",
            "2", "\"2\"", "All"),
       group("random", "Random number configuration", {seed()}), output(), num_threads()});
}

}  // namespace runner
