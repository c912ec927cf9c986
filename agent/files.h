// SPDX-License-Identifier: Apache-2.0
// Careful reading through file descriptors; what the live and the recorded host share.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/host.h"

namespace plumbline {

/// Owns a file descriptor; negative where there is none.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  int release();

 private:
  int number_;
};

/// An errno as an error on a path: "permission denied: /etc/shadow".
Error file_error(int error_number, std::string_view path);
/// Fails with invalid where the path is not absolute or holds a NUL.
Result<void> check_path(std::string_view path);

enum class ReadUntil { end_of_file, short_read };
/// All bytes; `short_read` spares the last, empty read of files that the kernel gives whole.
Result<std::string> read_descriptor(int descriptor, std::string_view path, std::size_t limit,
                                    ReadUntil until);
/// Reads what an O_PATH descriptor stands for, after having seen that it is a regular file: a FIFO would
/// block and opening a device can do harm (a watchdog starts).
Result<std::string> read_regular(int path_descriptor, std::string_view path, std::size_t limit);
/// What a folder holds, in the kernel's order: readdir(3) asks three times more a folder.
class FolderReader {
 public:
  explicit FolderReader(int folder);
  struct Entry {
    const char* name;
    unsigned char type;  // DT_REG, DT_UNKNOWN, …
  };
  /// The next one that is neither "." nor ".."; nothing at the end, or where error() tells why. The name lasts until
  /// the next call.
  std::optional<Entry> next();
  int error() const { return error_; }  // an errno, 0 for none

 private:
  int folder_;
  int error_ = 0;
  std::size_t at_ = 0, end_ = 0;
  std::unique_ptr<char[]> buffer_;
};

/// Takes the descriptor of a folder.
Result<std::vector<FolderEntry>> list_descriptor(Descriptor folder, std::string_view path);
Result<std::string> read_link_at(int folder, const char* name, std::string_view path);
FileStat to_file_stat(const struct stat& native);

/// Opens `path` as if `root` were "/", so that no link and no ".." leads out of it; `flags` as of open(2).
/// A negative errno where it fails.
int open_inside(int root, std::string_view path, int flags);
/// The same without openat2(2), for kernels before 5.6 and filters that refuse it.
int open_inside_by_steps(int root, std::string_view path, int flags);

}  // namespace plumbline
