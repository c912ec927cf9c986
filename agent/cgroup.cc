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
constexpr std::size_t kMaxStatBytes = 64u << 10;
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

/// A v1 hierarchy lies under its controller's name, or under all that it was mounted with: "cpu,cpuacct".
std::string mount_of(const Host& host, std::string_view controller, std::string_view names) {
  const std::string base = "/sys/fs/cgroup/";
  for (const auto name : {controller, names}) {
    if (is_there(host, base + std::string(name))) return base + std::string(name);
  }
  return base + std::string(controller);
}

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
        return Hierarchy{false, upwards(mount_of(host, controller, names), group)};
    }
  }
  return Hierarchy{true, upwards("/sys/fs/cgroup", unified)};
}

/// A file that is not there limits nothing; one that is there and cannot be read hides a limit.
template <class T>
Result<std::optional<T>> none_or(const Error& error) {
  if (is_absent(error)) return std::optional<T>();
  return tl::unexpected<Error>(error);
}

/// "200000 100000" (v2: quota and period in microseconds) or "max 100000".
Result<std::optional<double>> cpu_max(const Host& host, const std::string& path) {
  const auto text = read_text(host, path);
  if (!text) return none_or<double>(text.error());
  const auto parts = words(*text);
  if (!parts.empty() && parts[0] == "max") return std::optional<double>();
  const auto quota = parts.empty() ? std::nullopt : parse_u64(parts[0]);
  const auto period = parts.size() > 1 ? parse_u64(parts[1]) : std::optional<std::uint64_t>(100'000);
  if (!quota || !period || *quota == 0 || *period == 0) return fail(ErrorKind::invalid, "no quota: " + path);
  return std::optional<double>(static_cast<double>(*quota) / static_cast<double>(*period));
}

Result<std::optional<double>> cpu_limit_of(const Host& host, const Hierarchy& hierarchy, const std::string& folder) {
  if (hierarchy.unified) return cpu_max(host, folder + "/cpu.max");
  const auto quota = read_i64(host, folder + "/cpu.cfs_quota_us");  // -1: none
  if (!quota) return none_or<double>(quota.error());
  if (*quota <= 0) return std::optional<double>();
  const auto period = read_u64(host, folder + "/cpu.cfs_period_us");
  if (!period) return tl::unexpected<Error>(period.error());
  if (*period == 0) return fail(ErrorKind::invalid, "no period: " + folder + "/cpu.cfs_period_us");
  return std::optional<double>(static_cast<double>(*quota) / static_cast<double>(*period));
}

using Bytes = std::optional<std::uint64_t>;

Result<Bytes> bytes_in(const Host& host, const std::string& path) {
  const auto text = read_text(host, path);
  if (!text) return none_or<std::uint64_t>(text.error());
  if (*text == "max") return Bytes();
  const auto limit = parse_u64(*text);
  if (!limit) return fail(ErrorKind::invalid, "not a number: " + path);
  return *limit < kNoLimit ? Bytes(*limit) : Bytes();
}

/// "hierarchical_memory_limit 268435456" of memory.stat counts limits above what a container sees of the hierarchy.
Bytes limit_above(const Host& host, const std::string& folder) {
  const auto text = host.read(folder + "/memory.stat", kMaxStatBytes);
  const auto value = text ? value_of(*text, "hierarchical_memory_limit", ' ') : std::nullopt;
  const auto limit = value ? parse_u64(*value) : std::nullopt;
  return limit && *limit < kNoLimit ? limit : Bytes();
}

template <class T>
void take_least(std::optional<T>& least, const std::optional<T>& limit) {
  if (limit && (!least || *limit < *least)) least = limit;
}

}  // namespace

Result<std::optional<double>> cgroup_cpu_limit(const Host& host) {
  const auto hierarchy = hierarchy_of(host, "cpu");
  if (!hierarchy) return tl::unexpected<Error>(hierarchy.error());
  std::optional<double> least;
  for (const auto& folder : hierarchy->folders) {
    const auto limit = cpu_limit_of(host, *hierarchy, folder);
    if (!limit) return limit;
    take_least(least, *limit);
  }
  return least;
}

Result<std::optional<std::uint64_t>> cgroup_memory_limit(const Host& host) {
  const auto hierarchy = hierarchy_of(host, "memory");
  if (!hierarchy) return tl::unexpected<Error>(hierarchy.error());
  Bytes least;
  for (const auto& folder : hierarchy->folders) {
    for (const char* file : {hierarchy->unified ? "/memory.max" : "/memory.limit_in_bytes", "/memory.high"}) {
      const auto limit = bytes_in(host, folder + file);
      if (!limit) return limit;
      take_least(least, *limit);
    }
    if (!hierarchy->unified) take_least(least, limit_above(host, folder));
  }
  return least;
}

}  // namespace plumbline
