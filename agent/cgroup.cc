// SPDX-License-Identifier: Apache-2.0
// Walks cgroup v1 and v2 from the group of process 1 to the root and takes the tightest limit.
#include "agent/cgroup.h"

#include <algorithm>
#include <string>
#include <vector>

#include "agent/read.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxDepth = 32;
// A v1 group without a limit says 2^63 rounded down to a page.
constexpr std::uint64_t kNoLimit = 1ull << 60;

/// The folders to look into, from the group itself to the root of its hierarchy.
std::vector<std::string> upwards(std::string mount, std::string_view group) {
  std::vector<std::string> folders;
  std::string path = group == "/" ? "" : std::string(group);
  while (!path.empty() && folders.size() < kMaxDepth) {
    if (path.find("/..") == std::string::npos) folders.push_back(mount + path);
    path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
  folders.push_back(std::move(mount));
  return folders;
}

struct Hierarchy {
  bool unified = false;
  std::vector<std::string> folders;
};

/// The hierarchy that holds a controller, by lines as "4:cpu,cpuacct:/docker/3f2a" (v1) and "0::/init.scope"
/// (v2).
Result<Hierarchy> hierarchy_of(const Host& host, std::string_view controller) {
  auto text = read_text(host, "/proc/1/cgroup");
  if (!text) text = read_text(host, "/proc/self/cgroup");
  if (!text) return tl::unexpected<Error>(text.error());
  std::string_view unified = "/";
  for (const auto line : lines(*text)) {
    const auto first = line.find(':');
    const auto second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const auto names = line.substr(first + 1, second - first - 1);
    const auto group = line.substr(second + 1);
    if (group.empty() || group.front() != '/') continue;
    if (names.empty()) unified = group;
    for (const auto name : split(names, ',')) {
      if (name == controller)
        return Hierarchy{false, upwards("/sys/fs/cgroup/" + std::string(controller), group)};
    }
  }
  return Hierarchy{true, upwards("/sys/fs/cgroup", unified)};
}

/// "200000 100000" (v2: quota and period in microseconds) or "max 100000".
std::optional<double> parse_cpu_max(std::string_view text) {
  const auto parts = words(text);
  if (parts.empty() || parts[0] == "max") return std::nullopt;
  const auto quota = parse_u64(parts[0]);
  const auto period = parts.size() > 1 ? parse_u64(parts[1]) : std::optional<std::uint64_t>(100'000);
  if (!quota || !period || *quota == 0 || *period == 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

std::optional<double> cpu_limit_of(const Host& host, const Hierarchy& hierarchy, const std::string& folder) {
  if (hierarchy.unified) {
    const auto text = read_text(host, folder + "/cpu.max");
    return text ? parse_cpu_max(*text) : std::nullopt;
  }
  const auto quota = read_i64(host, folder + "/cpu.cfs_quota_us");  // -1: none
  if (!quota || *quota <= 0) return std::nullopt;
  const auto period = read_u64(host, folder + "/cpu.cfs_period_us");
  if (!period || *period == 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

}  // namespace

Result<std::optional<double>> cgroup_cpu_limit(const Host& host) {
  const auto hierarchy = hierarchy_of(host, "cpu");
  if (!hierarchy) return tl::unexpected<Error>(hierarchy.error());
  std::optional<double> least;
  for (const auto& folder : hierarchy->folders) {
    const auto limit = cpu_limit_of(host, *hierarchy, folder);
    if (limit && (!least || *limit < *least)) least = limit;
  }
  return least;
}

Result<std::optional<std::uint64_t>> cgroup_memory_limit(const Host& host) {
  const auto hierarchy = hierarchy_of(host, "memory");
  if (!hierarchy) return tl::unexpected<Error>(hierarchy.error());
  std::optional<std::uint64_t> least;
  for (const auto& folder : hierarchy->folders) {
    const auto limit =
        read_u64(host, folder + (hierarchy->unified ? "/memory.max" : "/memory.limit_in_bytes"));
    if (limit && *limit < kNoLimit && (!least || *limit < *least)) least = *limit;
  }
  return least;
}

}  // namespace plumbline
