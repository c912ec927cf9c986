// SPDX-License-Identifier: Apache-2.0
// How much a folder holds: a walk that ends after so many entries or so long, whatever it finds.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <ctime>

#include <fmt/format.h>

#include "agent/asks/asks.h"
#include "agent/files.h"

namespace plumbline {
namespace {

constexpr int kMaxEntries = 20'000;
constexpr int kMaxDepth = 12;
constexpr int kEntriesBetweenClocks = 64;
// Of the processor, so that a busy machine's folders are counted, too; and by the clock, for disks that hang.
constexpr std::int64_t kMaxProcessorNs = 60'000'000;
constexpr auto kMaxTime = std::chrono::milliseconds(300);
constexpr std::uint64_t kBlockBytes = 512;  // of st_blocks, stat(2)

struct Usage {
  std::uint64_t bytes = 0;
  std::uint64_t files = 0;
  std::int64_t oldest = 0;  // of files that hold something; 0 where there is none
  std::int64_t newest = 0;
  bool complete = true;
  bool spent = false;  // as much as one answer may cost
  int entries = 0;
  dev_t device = 0;
  std::int64_t processor_end = 0;
  std::chrono::steady_clock::time_point end;
};

std::int64_t processor_ns() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::int64_t{used.tv_sec} * 1'000'000'000 + used.tv_nsec;
}

bool is_spent(Usage& usage) {
  const bool looks = ++usage.entries % kEntriesBetweenClocks == 0;
  if (usage.entries > kMaxEntries ||
      (looks && (processor_ns() > usage.processor_end || std::chrono::steady_clock::now() > usage.end)))
    usage.spent = true;
  usage.complete = usage.complete && !usage.spent;
  return usage.spent;
}

void count_file(Usage& usage, const struct stat& file) {
  usage.bytes += static_cast<std::uint64_t>(file.st_blocks) * kBlockBytes;
  ++usage.files;
  if (file.st_size == 0) return;
  const std::int64_t modified = file.st_mtim.tv_sec;
  if (usage.oldest == 0 || modified < usage.oldest) usage.oldest = modified;
  if (modified > usage.newest) usage.newest = modified;
}

/// Links are not followed, other file systems are not entered.
void walk(const Descriptor& folder, int depth, Usage& usage) {
  FolderReader reader(folder.get());
  while (const auto entry = reader.next()) {
    if (is_spent(usage)) return;
    if (entry->type != DT_REG && entry->type != DT_DIR && entry->type != DT_UNKNOWN) continue;
    struct stat status {};
    if (::fstatat(folder.get(), entry->name, &status, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) != 0) {
      if (errno != ENOENT) usage.complete = false;
      continue;
    }
    if (S_ISREG(status.st_mode)) count_file(usage, status);
    if (!S_ISDIR(status.st_mode) || status.st_dev != usage.device) continue;
    const Descriptor inner(
        ::openat(folder.get(), entry->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (!inner || depth >= kMaxDepth)
      usage.complete = false;
    else
      walk(inner, depth + 1, usage);
    if (usage.spent) return;
  }
  if (reader.error() != 0) usage.complete = false;
}

}  // namespace

Result<std::string> ask_usage(std::string_view path) {
  if (auto good = check_path(path); !good) return tl::unexpected<Error>(good.error());
  const Descriptor folder(
      ::open(std::string(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK));
  if (!folder) return tl::unexpected<Error>(file_error(errno, path));
  struct stat status {};
  if (::fstat(folder.get(), &status) != 0) return tl::unexpected<Error>(file_error(errno, path));
  Usage usage;
  usage.device = status.st_dev;
  usage.processor_end = processor_ns() + kMaxProcessorNs;
  usage.end = std::chrono::steady_clock::now() + kMaxTime;
  walk(folder, 0, usage);
  return fmt::format(R"({{"bytes":{},"files":{},"oldest":{},"newest":{},"complete":{}}})", usage.bytes,
                     usage.files, usage.oldest, usage.newest, usage.complete);
}

}  // namespace plumbline
