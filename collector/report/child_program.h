// SPDX-License-Identifier: Apache-2.0
// Runs one other program for us, and is the only place that does: no shell, no environment of ours, no network where the
// kernel lets us take it away, a time and a size it cannot exceed, and an end that takes all of its processes along.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace plumbline {

struct ChildProgram {
  std::string program;                 // an absolute path
  std::vector<std::string> arguments;  // after its name
  std::string folder;                  // where it runs; its HOME and TMPDIR, and all that it may think its own
  int most_seconds = 60;
  std::size_t most_file_bytes = 256u << 20;  // of any file it writes
  std::size_t most_memory_bytes = 0;         // of its address space; 0: not limited
  std::function<bool()> stop;                // asked while it runs; true ends it; may be empty
};

struct ChildEnd {
  int exit_code = 0;              // 128 + the signal that ended it
  bool timed_out = false;
  bool stopped = false;           // as `stop` wanted
  std::string complaint;          // the end of what it wrote to standard output and standard error; printable
  bool without_network = false;   // it ran in a network of its own that leads nowhere
};

inline constexpr std::size_t kMostComplaintBytes = 2'000;

/// Waits for its end. Safe from any thread. Fails where it could not be started at all.
Result<ChildEnd> run_child(const ChildProgram& child);

/// The first of these programs in /usr/local/bin, /usr/bin and /bin; empty where none is there. The caller's PATH is not
/// asked: whoever sets it must not choose what a server runs.
std::string find_program(const std::vector<std::string>& names);

/// A folder of one's own, 0700, that is emptied and removed at the end.
class PrivateFolder {
 public:
  static Result<PrivateFolder> make();
  PrivateFolder(PrivateFolder&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  PrivateFolder& operator=(PrivateFolder&&) = delete;
  ~PrivateFolder();
  const std::string& path() const { return path_; }

 private:
  explicit PrivateFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace plumbline
