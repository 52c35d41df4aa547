#include "arguments.hpp"

#include <algorithm>
#include <sstream>

namespace runner {
namespace {

using Kind = Argument::Kind;

std::string print(const Value& value) {
  std::ostringstream out;
  out << std::boolalpha;
  std::visit([&out](const auto& v) { out << v; }, value);
  return out.str();
}

// Numbers are read as C++ streams read them: a leading number counts, what follows is ignored.
template <class T>
bool read(const std::string& text, Value& value) {
  std::istringstream in(text);
  T parsed;
  if (!(in >> parsed)) {
    return false;
  }
  value = parsed;
  return true;
}

bool read_as(const Value& like, const std::string& text, Value& value) {
  if (std::holds_alternative<long long>(like)) {
    return read<long long>(text, value);
  }
  if (std::holds_alternative<double>(like)) {
    return read<double>(text, value);
  }
  if (std::holds_alternative<bool>(like)) {
    value = text == "1" || text == "true";
    return text == "0" || text == "1" || text == "false" || text == "true";
  }
  value = text;
  return true;
}

Argument* find(std::vector<Argument>& among, const std::string& name) {
  auto it = std::find_if(among.begin(), among.end(), [&](const Argument& a) { return a.name == name; });
  return it == among.end() ? nullptr : &*it;
}

std::string names(const Argument& argument) {
  std::string list;
  for (const Argument& child : argument.children) {
    list += (list.empty() ? "" : ", ") + child.name;
  }
  return list;
}

bool has_value(const Argument& a) { return a.kind == Kind::choice || a.kind == Kind::value; }

void print_help(std::ostream& out, const Argument& a, int depth, bool recurse) {
  const std::string pad(2 * depth, ' ');
  out << pad << a.name << (has_value(a) ? "=<" + a.type + ">" : "") << '\n';
  out << pad << "  " << a.description << '\n';
  if (a.kind == Kind::group && !a.children.empty()) {
    out << pad << "  Valid subarguments: " << names(a) << '\n';
  }
  if (has_value(a)) {
    out << pad << "  Valid values: " << a.validity << '\n';
    out << pad << "  Defaults to " << a.shown_default << '\n';
  }
  out << '\n';
  if (recurse) {
    for (const Argument& child : a.children) {
      print_help(out, child, depth + 1, true);
    }
  }
}

// Every place in the tree where `name` is an argument, written as the words that lead there.
void suggestions(const Argument& a, const std::string& path, const std::string& name, std::string& found) {
  for (const Argument& child : a.children) {
    if (child.name == name && has_value(child)) {
      found += "  " + path + name + "=<" + child.type + ">\n";
    } else if (child.name == name) {
      found += "  " + path + name + "\n";
    }
    if (child.kind == Kind::choice) {
      for (const Argument& option : child.children) {
        const std::string here = path + child.name + "=" + option.name;
        found += option.name == name ? "  " + here + "\n" : "";
        suggestions(option, here + " ", name, found);
      }
    } else if (child.kind == Kind::group) {
      suggestions(child, path + child.name + " ", name, found);
    }
  }
}

class Parser {
 public:
  Parser(Argument& root, const std::vector<std::string>& words) : root_(root), words_(words) {}

  void run() {
    take_children(root_);
    if (next_ < words_.size() && help_.empty()) {
      const std::string& word = words_[next_];
      std::string message = word + " is either mistyped or misplaced.\n";
      std::string found;
      suggestions(root_, "", word.substr(0, word.find('=')), found);
      if (!found.empty()) {
        message += "Perhaps you meant one of the following valid configurations?\n" + found;
      }
      throw UsageError(message);
    }
  }

  const std::string& help() const { return help_; }
  bool method_given() const { return method_given_; }

 private:
  // Takes words as long as they belong to `group`; the first that does not is left to the parent.
  void take_children(Argument& group) {
    while (next_ < words_.size() && help_.empty()) {
      std::string word = words_[next_];
      if (word == "help" || word == "help-all") {
        return describe(group, word == "help-all");
      }
      if (&group == &root_ && !method_given_ && find(root_["method"].children, word)) {
        word = "method=" + word;
      }
      const auto equals = word.find('=');
      Argument* child = find(group.children, word.substr(0, equals));
      if (!child || (!has_value(*child) && equals != std::string::npos)) {
        return;
      }
      ++next_;
      if (!has_value(*child)) {
        take_children(*child);
      } else if (equals != std::string::npos) {
        child->assign(word.substr(equals + 1));
        method_given_ = method_given_ || child->name == "method";
        if (child->kind == Kind::choice) {
          take_children((*child)[child->chosen()]);
        }
      } else if (next_ < words_.size() && (words_[next_] == "help" || words_[next_] == "help-all")) {
        return describe(*child, words_[next_] == "help-all");
      }
    }
  }

  void describe(const Argument& argument, bool all) {
    std::ostringstream out;
    if (&argument != &root_) {
      print_help(out, argument, 0, all);
    } else if (all) {
      for (const Argument& child : root_.children) {
        print_help(out, child, 1, true);
      }
    }
    help_ = out.str() + "\n";
  }

  Argument& root_;
  const std::vector<std::string>& words_;
  std::size_t next_ = 0;
  std::string help_;
  bool method_given_ = false;
};

void print_lines(std::ostream& out, const Argument& a, const std::string& prefix, int depth) {
  if (a.kind == Kind::marker) {
    return;
  }
  out << prefix << std::string(2 * depth, ' ') << a.name;
  if (has_value(a)) {
    out << " = " << print(a.value) << (a.is_default() ? " (Default)" : "");
  }
  out << '\n';
  if (a.kind == Kind::choice) {
    print_lines(out, a.alternative(), prefix, depth + 1);
  }
  if (a.kind == Kind::group) {
    for (const Argument& child : a.children) {
      print_lines(out, child, prefix, depth + 1);
    }
  }
}

}  // namespace

void Argument::assign(const std::string& text) {
  Value parsed;
  if (!read_as(fallback, text, parsed) || (is_valid && !is_valid(parsed))) {
    throw UsageError(text + " is not a valid value for \"" + name + "\"\n  Valid values: " + validity + "\n");
  }
  value = parsed;
}

const Argument& Argument::operator[](const std::string& child) const {
  return const_cast<Argument&>(*this)[child];
}

Argument& Argument::operator[](const std::string& child) {
  Argument* found = find(children, child);
  if (!found) {
    throw std::logic_error("no argument \"" + child + "\" in \"" + name + "\"");
  }
  return *found;
}

void set_default(Argument& argument, Value value) {
  argument.fallback = value;
  argument.value = value;
}

Request parse(const std::string& program, const std::vector<std::string>& words) {
  Request request{grammar(), ""};
  Parser parser(request.root, words);
  std::string complaint;
  try {
    parser.run();
  } catch (const UsageError& e) {
    complaint = e.what();
  }
  if (!parser.help().empty()) {
    request.help = parser.help().substr(0, parser.help().size() - 1) + usage(request.root, program);
    return request;
  }
  if (!parser.method_given()) {
    complaint += "A method must be specified!\n";
  }
  if (!complaint.empty()) {
    throw UsageError(complaint + "Failed to parse command arguments, cannot run model.\n");
  }
  return request;
}

std::string usage(const Argument& root, const std::string& program) {
  std::ostringstream out;
  out << "Usage: " << program << " <arg1> <subarg1_1> ... <subarg1_m> ... <arg_n> <subarg_n_1> ... <subarg_n_m>\n\n"
      << "Begin by selecting amongst the following inference methods and diagnostics,\n";
  const auto line = [&out](const std::string& name, const std::string& description) {
    out << "  " << name << std::string(name.size() < 10 ? 12 - name.size() : 2, ' ') << description << '\n';
  };
  for (const Argument& method : root["method"].children) {
    line(method.name, method.description);
  }
  out << "\nOr see help information with\n";
  line("help", "Prints help");
  line("help-all", "Prints entire argument tree");
  out << "\nAdditional configuration available by specifying\n";
  for (const Argument& argument : root.children) {
    if (argument.name != "method") {
      line(argument.name, argument.description);
    }
  }
  out << "\nSee " << program << " <arg1> [ help | help-all ] for details on individual arguments.\n\n";
  return out.str();
}

void print_configuration(std::ostream& out, const Argument& root, const std::string& prefix) {
  for (const Argument& child : root.children) {
    print_lines(out, child, prefix, 0);
  }
}

}  // namespace runner
