// SPDX-License-Identifier: Apache-2.0
// "head:/path": the first bytes of a file as hexadecimal digits, enough to tell its format. Model files are
// too large to be read whole.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "agent/asks/asks.h"
#include "agent/files.h"
#include "base/text.h"

namespace plumbline {
namespace {
constexpr std::size_t kHeadBytes = 64;
}

Result<std::string> ask_head(std::string_view path) {
  if (auto good = check_path(path); !good) return tl::unexpected<Error>(good.error());
  const std::string name(path);
  // Opening a FIFO for reading would wait for a writer; anything but a regular file is refused.
  const Descriptor file(open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return tl::unexpected<Error>(file_error(errno, path));
  struct stat native {};
  if (fstat(file.get(), &native) != 0) return tl::unexpected<Error>(file_error(errno, path));
  if (!S_ISREG(native.st_mode)) return fail(ErrorKind::invalid, "not a regular file: " + name);
  std::array<char, kHeadBytes> bytes{};
  const ssize_t got = pread(file.get(), bytes.data(), bytes.size(), 0);
  if (got < 0) return tl::unexpected<Error>(file_error(errno, path));
  return hex(std::string_view(bytes.data(), static_cast<std::size_t>(got)));
}

}  // namespace plumbline
