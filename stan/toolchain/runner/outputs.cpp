#include "outputs.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <stdexcept>

namespace runner {
namespace {

// The descriptors of files being written, where a signal handler can read them without locks.
std::array<std::atomic<int>, 256> open_files{};

void remember(int fd) {
  for (auto& slot : open_files) {
    int none = 0;
    if (slot.compare_exchange_strong(none, fd)) {
      return;
    }
  }
}

void forget(int fd) {
  for (auto& slot : open_files) {
    int same = fd;
    if (slot.compare_exchange_strong(same, 0)) {
      return;
    }
  }
}

void say(const char* text) noexcept {
  if (::write(STDERR_FILENO, text, std::strlen(text)) < 0) {
    return;  // nothing is left to tell
  }
}

void mark_incomplete() noexcept {
  static const char mark[] = "\nincomplete: the program ended before all rows were written\n";
  const off_t length = sizeof(mark) - 1;
  for (auto& slot : open_files) {
    const int fd = slot.exchange(0);
    struct stat status;
    if (fd <= 0 || ::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ||
        ::pwrite(fd, mark, length, status.st_size) == length) {
      continue;
    }
    // On a full disk the mark goes over the end of what is there, since nothing can be added.
    const off_t start = status.st_size > length ? status.st_size - length : 0;
    if (::pwrite(fd, mark, length, start) != length || ::ftruncate(fd, start + length) != 0) {
      say("An incomplete output file could not be marked as such; delete it.\n");
    }
  }
}

extern "C" void on_signal(int signal) {
  mark_incomplete();
  say(signal == SIGINT ? "Interrupted (SIGINT): the output is incomplete.\n"
                       : "Terminated (SIGTERM): the output is incomplete.\n");
  ::_exit(128 + signal);
}

std::atomic<bool> json_failed{false};

std::runtime_error cannot_open(const std::string& path) {
  return std::runtime_error("Cannot open output file \"" + path + "\": " + std::strerror(errno) +
                            ". Name a file in an existing, writable folder.");
}

}  // namespace

void end_on_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGXFSZ, SIG_IGN);  // a file too large is then a failed write, and said to be one
}

CsvFile::CsvFile(const std::string& path, int sig_figs, const std::string& comment_prefix)
    : precision_(sig_figs < 0 ? 6 : sig_figs), path_(path), prefix_(comment_prefix) {
  fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd_ < 0) {
    throw cannot_open(path);
  }
  remember(fd_);
}

CsvFile::CsvFile(CsvFile&& other) noexcept
    : fd_(other.fd_), precision_(other.precision_), path_(other.path_), prefix_(other.prefix_) {
  other.fd_ = -1;
}

CsvFile::~CsvFile() {
  if (fd_ >= 0) {
    forget(fd_);
    ::close(fd_);
  }
}

void CsvFile::flush() {
  for (const char *at = buffer_.data(), *end = at + buffer_.size(); fd_ >= 0 && at != end;) {
    const ssize_t written = ::write(fd_, at, end - at);
    if (written < 0 && errno != EINTR) {
      const std::string why = std::strerror(errno);
      mark_incomplete();
      throw std::runtime_error("Cannot write output file \"" + path_ + "\": " + why +
                               ". The output is incomplete; free some space and run again.");
    }
    at += written < 0 ? 0 : written;
  }
  buffer_.clear();
}

void CsvFile::append(double number) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof(text), number, std::chars_format::general, precision_);
  buffer_.append(text, end.ptr);
}

void CsvFile::operator()(const std::vector<std::string>& names) {
  if (fd_ < 0 || names.empty()) {
    return;
  }
  for (const std::string& name : names) {
    buffer_ += name;
    buffer_ += ',';
  }
  buffer_.back() = '\n';
  flush();
}

void CsvFile::operator()(const std::vector<double>& row) {
  if (fd_ < 0 || row.empty()) {
    return;
  }
  for (double number : row) {
    append(number);
    buffer_ += ',';
  }
  buffer_.back() = '\n';
  flush();
}

void CsvFile::operator()(const Eigen::Ref<Eigen::Matrix<double, -1, -1>>& columns) {
  if (fd_ < 0) {
    return;
  }
  for (Eigen::Index draw = 0; draw < columns.cols(); ++draw) {
    for (Eigen::Index i = 0; i < columns.rows(); ++i) {
      buffer_ += i == 0 ? "" : ", ";
      append(columns(i, draw));
    }
    buffer_ += '\n';
    flush();
  }
}

void CsvFile::operator()() { raw(prefix_ + "\n"); }

void CsvFile::operator()(const std::string& comment) { raw(prefix_ + comment + "\n"); }

void CsvFile::raw(const std::string& text) {
  buffer_ += text;
  flush();
}

JsonStream::JsonStream(const std::string& path, int sig_figs) : std::ofstream(path), path_(path) {
  if (!*this) {
    throw cannot_open(path);
  }
  if (sig_figs >= 0) {
    precision(sig_figs);
  }
}

JsonStream::~JsonStream() {
  close();
  if (fail()) {
    say(("Cannot write output file \"" + path_ + "\". It is incomplete; free some space and run again.\n").c_str());
    json_failed = true;
  }
}

bool outputs_failed() { return json_failed; }

bool has_extension(const std::string& path) {
  const auto slash = path.rfind('/'), dot = path.rfind('.');
  return dot != std::string::npos && (slash == std::string::npos || dot > slash);
}

std::string tagged(const std::string& path, const std::string& tag, const std::string& extension) {
  const auto stem = has_extension(path) ? path.rfind('.') : path.size();
  return path.substr(0, stem) + tag + (extension.empty() ? path.substr(stem) : extension);
}

std::string of_chain(const std::string& path, int num_chains, int id) {
  return num_chains == 1 ? path : tagged(path, "_" + std::to_string(id));
}

}  // namespace runner
