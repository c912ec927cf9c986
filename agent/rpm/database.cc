// SPDX-License-Identifier: Apache-2.0
// Tells the form of the database by its first bytes and makes lines of its headers.
#include "agent/rpm/database.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <vector>

#include "agent/files.h"
#include "agent/rpm/header.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMagicBytes = 16;
constexpr std::string_view kSqliteMagic("SQLite format 3\0", 16);
constexpr std::string_view kNdbMagic("RpmP");
constexpr std::uint32_t kBerkeleyHashMagic = 0x061561;  // at offset 12

Result<void> visit_headers(int file, std::string_view path, const RpmVisit& visit) {
  const auto magic = read_at(file, path, 0, kMagicBytes);
  if (!magic) return tl::unexpected<Error>(magic.error());
  if (*magic == kSqliteMagic) return visit_sqlite_headers(file, path, visit);
  if (magic->starts_with(kNdbMagic)) return visit_ndb_headers(file, path, visit);
  if (little_u32(*magic, 12) == kBerkeleyHashMagic) return visit_berkeley_headers(file, path, visit);
  return fail(ErrorKind::invalid, "rpm database of an unknown form: " + std::string(path));
}

}  // namespace

Result<std::string> read_at(int file, std::string_view path, std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t got = 0;
  while (got < size) {
    const ssize_t count = pread(file, bytes.data() + got, size - got, static_cast<off_t>(offset + got));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return tl::unexpected<Error>(file_error(errno, path));
    if (count == 0) break;
    got += static_cast<std::size_t>(count);
  }
  bytes.resize(got);
  return bytes;
}

std::uint32_t little_u32(std::string_view bytes, std::size_t at) {
  if (bytes.size() < 4 || at > bytes.size() - 4) return 0;
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

Result<std::string> list_rpm_packages(const std::string& place, std::string_view path) {
  // A FIFO would wait for a writer; anything but a regular file is refused.
  const Descriptor file(::open(place.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return tl::unexpected<Error>(file_error(errno, path));
  struct stat native {};
  if (fstat(file.get(), &native) != 0) return tl::unexpected<Error>(file_error(errno, path));
  if (!S_ISREG(native.st_mode)) return fail(ErrorKind::invalid, "not a regular file: " + std::string(path));

  std::vector<std::string> rows;
  bool unreadable = false;
  const auto done = visit_headers(file.get(), path, [&](std::string_view head) {
    const auto package = parse_rpm_header(head);
    if (!package)
      unreadable = true;
    else if (package->name != "gpg-pubkey")
      rows.push_back(package->name + "\t" + package->version + "\t" + package->vendor + "\n");
    return rows.size() <= kMaxRpmPackages;
  });
  if (!done) return tl::unexpected<Error>(done.error());
  if (rows.size() > kMaxRpmPackages) {
    return fail(ErrorKind::limit,
                "more than " + std::to_string(kMaxRpmPackages) + " packages: " + std::string(path));
  }
  if (rows.empty() && unreadable)
    return fail(ErrorKind::invalid, "no package can be read: " + std::string(path));
  std::sort(rows.begin(), rows.end());
  return join(rows, "");
}

}  // namespace plumbline
