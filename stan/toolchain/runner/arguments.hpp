#ifndef RUNNER_ARGUMENTS_HPP
#define RUNNER_ARGUMENTS_HPP

#include <functional>
#include <iosfwd>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

// The command line as a tree. `grammar()` declares it once; parsing, help texts, defaults, ranges,
// the configuration printed in every CSV and the configuration JSON all follow from that one tree.
namespace runner {

using Value = std::variant<bool, long long, double, std::string>;

// The command line was refused; the messages are complete lines for stderr.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Argument {
  enum class Kind {
    group,   // name, then its children
    marker,  // an alternative without children, not printed in configurations
    choice,  // name=alternative; children are the alternatives
    value    // name=value
  };

  Kind kind;
  std::string name, description;
  std::string type{}, validity{}, shown_default{};  // as help prints them
  Value fallback{}, value{};
  std::function<bool(const Value&)> is_valid{};
  std::vector<Argument> children{};

  // Accepts `text` as this argument's value, or throws UsageError.
  void assign(const std::string& text);

  bool is_default() const { return value == fallback; }

  // The child called `child`; grammar and callers are one program, so a missing name is a bug here.
  const Argument& operator[](const std::string& child) const;
  Argument& operator[](const std::string& child);

  // For a choice: the name of the alternative, and the alternative itself.
  const std::string& chosen() const { return std::get<std::string>(value); }
  const Argument& alternative() const { return (*this)[chosen()]; }

  bool flag() const { return std::get<bool>(value); }
  int integer() const { return static_cast<int>(std::get<long long>(value)); }
  double real() const { return std::get<double>(value); }
  const std::string& text() const { return std::get<std::string>(value); }
};

// The tree of all arguments with their defaults, its root being a nameless group.
Argument grammar();

// What a command line asks for; `help` is the complete text when help was asked for.
struct Request {
  Argument root;
  std::string help;
};
Request parse(const std::string& program, const std::vector<std::string>& words);

std::string usage(const Argument& root, const std::string& program);

// "name = value (Default)" lines, indented by depth, each after `prefix`.
void print_configuration(std::ostream& out, const Argument& root, const std::string& prefix);

// A default that depends on the clock or environment: it still prints as a default.
void set_default(Argument& argument, Value value);

}  // namespace runner
#endif
