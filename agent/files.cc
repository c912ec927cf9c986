// SPDX-License-Identifier: Apache-2.0
// Reads files and folders by descriptor, and walks paths that must stay inside a root.
#include "agent/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstring>
#include <system_error>

namespace plumbline {
namespace {

constexpr std::size_t kFirstReadBytes = 16u << 10;
constexpr std::size_t kReadBytes = 64u << 10;
constexpr std::size_t kFolderBytes = 32u << 10;
constexpr int kMaxLinks = 40;  // as the kernel's own limit
constexpr std::size_t kMaxSteps = 4096;

FileType type_of(mode_t mode) {
  if (S_ISREG(mode)) return FileType::regular;
  if (S_ISDIR(mode)) return FileType::folder;
  if (S_ISLNK(mode)) return FileType::link;
  return FileType::other;
}

FileType type_of_entry(int folder, const FolderReader::Entry& entry) {
  switch (entry.type) {
    case DT_REG:
      return FileType::regular;
    case DT_DIR:
      return FileType::folder;
    case DT_LNK:
      return FileType::link;
    case DT_UNKNOWN:
      break;
    default:
      return FileType::other;
  }
  struct stat native {};
  if (fstatat(folder, entry.name, &native, AT_SYMLINK_NOFOLLOW) != 0) return FileType::other;
  return type_of(native.st_mode);
}

/// The names of a path, last first, so that the next one is at the end.
std::vector<std::string> steps_of(std::string_view path) {
  std::vector<std::string> steps;
  while (!path.empty()) {
    const auto end = path.find('/');
    const auto name = path.substr(0, end);
    if (!name.empty() && name != ".") steps.emplace_back(name);
    if (end == std::string_view::npos) break;
    path.remove_prefix(end + 1);
  }
  std::reverse(steps.begin(), steps.end());
  return steps;
}

}  // namespace

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    if (number_ >= 0) ::close(number_);
    number_ = other.release();
  }
  return *this;
}

int Descriptor::release() {
  const int number = number_;
  number_ = -1;
  return number;
}

Error file_error(int error_number, std::string_view path) {
  const std::string name(path);
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
    case ESRCH:
      return {ErrorKind::not_found, "not found: " + name};
    case EACCES:
    case EPERM:
      return {ErrorKind::permission_denied, "permission denied: " + name};
    default:
      return {ErrorKind::io, "cannot read: " + name + ": " + std::generic_category().message(error_number)};
  }
}

Result<void> check_path(std::string_view path) {
  if (path.empty() || path.front() != '/')
    return fail(ErrorKind::invalid, "not an absolute path: " + std::string(path));
  if (path.size() >= PATH_MAX)
    return fail(ErrorKind::invalid, "path too long: " + std::string(path.substr(0, 80)) + "…");
  if (path.find('\0') != std::string_view::npos) return fail(ErrorKind::invalid, "path with a NUL byte");
  return {};
}

Result<std::string> read_descriptor(int descriptor, std::string_view path, std::size_t limit,
                                    ReadUntil until) {
  std::array<char, kFirstReadBytes> first;
  std::string text;
  std::string more;
  while (true) {
    const bool small = text.size() < first.size();  // most files: what follows is their end
    if (!small && more.empty()) more.resize(kReadBytes);
    char* buffer = small ? first.data() : more.data();
    const std::size_t room = small ? first.size() : more.size();
    const ssize_t count = ::read(descriptor, buffer, room);
    if (count < 0) {
      if (errno == EINTR) continue;
      return tl::unexpected<Error>(file_error(errno, path));
    }
    text.append(buffer, static_cast<std::size_t>(count));
    if (text.size() > limit) {
      return fail(ErrorKind::limit, "larger than " + std::to_string(limit) + " bytes: " + std::string(path));
    }
    if (count == 0) return text;
    if (until == ReadUntil::short_read && static_cast<std::size_t>(count) < room) return text;
  }
}

Result<std::string> read_regular(int path_descriptor, std::string_view path, std::size_t limit) {
  struct stat native {};
  if (fstat(path_descriptor, &native) != 0) return tl::unexpected<Error>(file_error(errno, path));
  if (!S_ISREG(native.st_mode)) return fail(ErrorKind::invalid, "not a regular file: " + std::string(path));
  const std::string again = "/proc/self/fd/" + std::to_string(path_descriptor);
  const Descriptor file(::open(again.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return tl::unexpected<Error>(file_error(errno, path));
  return read_descriptor(file.get(), path, limit, ReadUntil::end_of_file);
}

FolderReader::FolderReader(int folder) : folder_(folder), buffer_(std::make_unique_for_overwrite<char[]>(kFolderBytes)) {}

std::optional<FolderReader::Entry> FolderReader::next() {
  while (true) {
    if (at_ == end_) {
      const long count = ::syscall(SYS_getdents64, folder_, buffer_.get(), kFolderBytes);
      if (count < 0) error_ = errno;
      if (count <= 0) return std::nullopt;
      at_ = 0;
      end_ = static_cast<std::size_t>(count);
    }
    // struct linux_dirent64 of getdents64(2): inode 8, offset 8, length of the entry 2, type 1, name with a NUL
    constexpr std::size_t length_at = 16, type_at = 18, name_at = 19;
    const char* entry = buffer_.get() + at_;
    std::uint16_t length = 0;
    std::memcpy(&length, entry + length_at, sizeof length);
    at_ += length;
    const std::string_view name = entry + name_at;
    if (name != "." && name != "..") return Entry{entry + name_at, static_cast<unsigned char>(entry[type_at])};
  }
}

Result<std::vector<FolderEntry>> list_descriptor(Descriptor folder, std::string_view path) {
  FolderReader reader(folder.get());
  std::vector<FolderEntry> entries;
  while (const auto entry = reader.next()) {
    if (entries.size() >= kMaxFolderEntries) {
      return fail(ErrorKind::limit,
                  "more than " + std::to_string(kMaxFolderEntries) + " entries: " + std::string(path));
    }
    entries.push_back({std::string(entry->name), type_of_entry(folder.get(), *entry)});
  }
  if (reader.error() != 0) return tl::unexpected<Error>(file_error(reader.error(), path));
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return entries;
}

Result<std::string> read_link_at(int folder, const char* name, std::string_view path) {
  std::array<char, PATH_MAX> target;
  const ssize_t size = readlinkat(folder, name, target.data(), target.size());
  if (size < 0) {
    if (errno == EINVAL) return fail(ErrorKind::invalid, "not a link: " + std::string(path));
    return tl::unexpected<Error>(file_error(errno, path));
  }
  return std::string(target.data(), static_cast<std::size_t>(size));
}

FileStat to_file_stat(const struct stat& native) {
  FileStat result;
  result.type = type_of(native.st_mode);
  result.mode = native.st_mode & 07777;
  result.uid = native.st_uid;
  result.gid = native.st_gid;
  result.size_bytes = static_cast<std::uint64_t>(native.st_size);
  result.modified = native.st_mtim.tv_sec;
  result.device = native.st_dev;
  return result;
}

int open_inside(int root, std::string_view path, int flags) {
  const std::string name(path);
  struct open_how how {};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const long number = syscall(SYS_openat2, root, name.c_str(), &how, sizeof how);
  if (number >= 0) return static_cast<int>(number);
  if (errno == ENOSYS || errno == EPERM) return open_inside_by_steps(root, path, flags);
  return -errno;
}

int open_inside_by_steps(int root, std::string_view path, int flags) {
  std::vector<Descriptor> folders;  // from the root to where we stand, so that ".." stays inside
  folders.emplace_back(fcntl(root, F_DUPFD_CLOEXEC, 0));
  std::vector<std::string> steps = steps_of(path);
  if (steps.empty()) steps.emplace_back(".");
  int links = 0;
  for (std::size_t count = 0; !steps.empty(); ++count) {
    if (count > kMaxSteps) return -ELOOP;
    const std::string step = std::move(steps.back());
    steps.pop_back();
    if (step == "..") {
      if (folders.size() > 1) folders.pop_back();
      if (steps.empty()) steps.emplace_back(".");
      continue;
    }
    const int here = folders.back().get();
    Descriptor next(openat(here, step.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!next) return -errno;
    struct stat native {};
    if (fstat(next.get(), &native) != 0) return -errno;
    if (S_ISLNK(native.st_mode) && !(steps.empty() && (flags & O_NOFOLLOW) != 0)) {
      if (++links > kMaxLinks) return -ELOOP;
      const auto target = read_link_at(next.get(), "", path);
      if (!target) return -EIO;
      if (!target->empty() && target->front() == '/') folders.erase(folders.begin() + 1, folders.end());
      for (auto& part : steps_of(*target)) steps.insert(steps.end(), std::move(part));
      if (steps.empty()) steps.emplace_back(".");
      continue;
    }
    if (steps.empty()) {
      if ((flags & O_PATH) != 0) return next.release();
      const int number = openat(here, step.c_str(), flags | O_NOFOLLOW | O_CLOEXEC);
      return number >= 0 ? number : -errno;
    }
    folders.push_back(std::move(next));
  }
  return -ENOENT;
}

}  // namespace plumbline
