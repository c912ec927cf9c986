// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "base/hash.h"
#include "base/text.h"

namespace plumbline {
namespace {

struct Descriptor {
  int fd = -1;
  explicit Descriptor(int value) : fd(value) {}
  ~Descriptor() { if (fd >= 0) ::close(fd); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
};

ErrorKind kind_of(int error) {
  if (error == ENOENT || error == ENOTDIR) return ErrorKind::not_found;
  if (error == EACCES || error == EPERM) return ErrorKind::permission_denied;
  return ErrorKind::io;
}

auto system_error(const std::string& path, int error) {
  return fail(kind_of(error), path + ": " + lower(std::strerror(error)));
}

Result<void> write_all(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(fd, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return system_error(path, errno);
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

std::string parent_of(const std::string& path) {
  const auto slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t limit_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (file.fd < 0) return system_error(path, errno);
  std::string text;
  char block[64 * 1024];
  for (;;) {
    const ssize_t got = ::read(file.fd, block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(path, errno);
    if (got == 0) return text;
    text.append(block, static_cast<std::size_t>(got));
    if (text.size() > limit_bytes)
      return fail(ErrorKind::limit, path + ": larger than " + std::to_string(limit_bytes) + " bytes");
  }
}

Result<void> write_file_atomic(const std::string& path, std::string_view text, unsigned mode) {
  const std::string beside = path + "." + hex(random_bytes(6)) + ".new";
  const Descriptor file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (file.fd < 0) return system_error(path, errno);
  auto written = write_all(file.fd, text, path);
  if (written && ::fsync(file.fd) != 0) written = system_error(path, errno);
  if (written && ::rename(beside.c_str(), path.c_str()) != 0) written = system_error(path, errno);
  if (!written) {
    ::unlink(beside.c_str());
    return written;
  }
  // The name lives in the folder: without this a crash may bring the old file back.
  const Descriptor folder(::open(parent_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.fd < 0 || ::fsync(folder.fd) != 0) return system_error(parent_of(path), errno);
  return {};
}

Result<void> make_folder(const std::string& path, unsigned mode) {
  struct stat found {};
  if (::stat(path.c_str(), &found) == 0) {
    if (S_ISDIR(found.st_mode)) return {};
    return fail(ErrorKind::conflict, path + ": is there already and is no folder");
  }
  const std::string parent = parent_of(path);
  if (parent != path && parent != "." && parent != "/") {
    if (auto made = make_folder(parent, mode); !made) return made;
  }
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return system_error(path, errno);
  return {};
}

Result<std::string> real_path(const std::string& path) {
  char resolved[PATH_MAX];
  if (!::realpath(path.c_str(), resolved)) return system_error(path, errno);
  return std::string(resolved);
}

}  // namespace plumbline
