// SPDX-License-Identifier: Apache-2.0
// The live host: this machine, read without side effects.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "agent/asks/asks.h"
#include "agent/asks/greeting.h"
#include "agent/files.h"
#include "agent/host.h"

namespace plumbline {
namespace {

constexpr int kReadFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

/// The kernel makes these files; there is neither a FIFO nor a device among them. What lies below a process's
/// root folder are a container's own files.
bool is_pseudo(std::string_view path) {
  if (starts_with(path, "/sys/")) return true;
  return starts_with(path, "/proc/") && path.find("/root/") == std::string_view::npos;
}

/// Attributes that the kernel gives whole in one read. Not so the record-wise files of /proc (cpuinfo,
/// mountinfo, modules …): there a short read only means that the next record did not fit.
ReadUntil read_until(std::string_view path) {
  if (starts_with(path, "/sys/") || starts_with(path, "/proc/sys/")) return ReadUntil::short_read;
  if (!starts_with(path, "/proc/")) return ReadUntil::end_of_file;
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const bool whole =
      name == "stat" || name == "status" || name == "cmdline" || name == "comm" || name == "cgroup";
  return whole && path.size() > 6 && path[6] >= '0' && path[6] <= '9' ? ReadUntil::short_read
                                                                      : ReadUntil::end_of_file;
}

class LiveHost final : public Host {
 public:
  explicit LiveHost(bool greetings) : greetings_(greetings) {}

  Result<std::string> read(std::string_view path, std::size_t limit) const override {
    if (auto good = check_path(path); !good) return tl::unexpected<Error>(good.error());
    const std::string name(path);
    if (is_pseudo(path)) {
      const Descriptor file(::open(name.c_str(), kReadFlags));
      if (!file) return tl::unexpected<Error>(file_error(errno, path));
      return read_descriptor(file.get(), path, limit, read_until(path));
    }
    const Descriptor thing(::open(name.c_str(), O_PATH | O_CLOEXEC));
    if (!thing) return tl::unexpected<Error>(file_error(errno, path));
    return read_regular(thing.get(), path, limit);
  }

  Result<std::string> read_redacted(std::string_view path, Redact redact, std::size_t limit) const override {
    return read(path, limit).map([redact](const std::string& text) { return redact(text); });
  }

  Result<std::vector<FolderEntry>> list(std::string_view path) const override {
    if (auto good = check_path(path); !good) return tl::unexpected<Error>(good.error());
    Descriptor folder(::open(std::string(path).c_str(), kReadFlags | O_DIRECTORY));
    if (!folder) return tl::unexpected<Error>(file_error(errno, path));
    return list_descriptor(std::move(folder), path);
  }

  Result<std::string> read_link(std::string_view path) const override {
    if (auto good = check_path(path); !good) return tl::unexpected<Error>(good.error());
    return read_link_at(AT_FDCWD, std::string(path).c_str(), path);
  }

  Result<FileStat> stat(std::string_view path, bool follow) const override {
    if (auto good = check_path(path); !good) return tl::unexpected<Error>(good.error());
    struct stat native {};
    const int flags = AT_NO_AUTOMOUNT | (follow ? 0 : AT_SYMLINK_NOFOLLOW);
    if (fstatat(AT_FDCWD, std::string(path).c_str(), &native, flags) != 0) {
      return tl::unexpected<Error>(file_error(errno, path));
    }
    return to_file_stat(native);
  }

  Result<std::string> ask(std::string_view question) const override {
    if (starts_with(question, kGreetingQuestion)) return ask_all({std::string(question)}).front();
    return ask_this_machine(question);
  }

  std::vector<Result<std::string>> ask_all(const std::vector<std::string>& questions) const override {
    std::vector<std::string> greetings;
    for (const std::string& question : questions)
      if (starts_with(question, kGreetingQuestion)) greetings.push_back(question);
    const auto said = greet(greetings);
    std::vector<Result<std::string>> answers;
    std::size_t next = 0;
    for (const std::string& question : questions)
      answers.push_back(starts_with(question, kGreetingQuestion) ? said[next++] : ask_this_machine(question));
    return answers;
  }

 private:
  std::vector<Result<std::string>> greet(const std::vector<std::string>& questions) const {
    if (greetings_ || questions.empty()) return ask_greetings(questions);
    const Result<std::string> off = fail(ErrorKind::unavailable, "greeting: switched off");
    return std::vector<Result<std::string>>(questions.size(), off);
  }

  bool greetings_;
};

}  // namespace

std::unique_ptr<Host> live_host(bool greetings) {
  return std::make_unique<LiveHost>(greetings);
}

}  // namespace plumbline
