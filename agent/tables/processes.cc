// SPDX-License-Identifier: Apache-2.0
// Processes in one pass over /proc: stat and cmdline of each, and the link to its program.
#include <algorithm>

#include "agent/redact.h"
#include "agent/tables/tables.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxProcesses = 50'000;
constexpr std::size_t kMaxArgumentsBytes = 64u << 10;
constexpr std::size_t kMaxArguments = 512;
constexpr int kKernelThreads = 2;  // pid of kthreadd

/// "24 (redis-server) S 1 24 …": the name may hold blanks and parentheses, so it ends at the last one.
bool parse_stat(std::string_view text, Process& process, char& state) {
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return false;
  const auto rest = words(text.substr(close + 1, 64));
  if (rest.size() < 2 || rest[0].size() != 1) return false;
  process.name = to_utf8(text.substr(open + 1, close - open - 1));
  process.parent = static_cast<int>(parse_i64(rest[1]).value_or(0));
  state = rest[0][0];
  return true;
}

std::vector<std::string> split_arguments(std::string_view text) {
  while (text.ends_with('\0')) text.remove_suffix(1);
  std::vector<std::string> found;
  if (text.empty()) return found;
  for (const std::string_view part : split(text, '\0')) {
    if (found.size() == kMaxArguments) break;
    found.emplace_back(part);
  }
  return found;
}

}  // namespace

Result<std::vector<Process>> read_processes(const Host& host) {
  const auto entries = host.list("/proc");
  if (!entries) return tl::unexpected<Error>(entries.error());
  std::vector<Process> found;
  for (const auto& entry : *entries) {
    const auto pid = parse_u64(entry.name);
    if (!pid || *pid == 0 || *pid > 0x7fffffff || found.size() >= kMaxProcesses) continue;
    const std::string folder = "/proc/" + entry.name;
    const auto stat = host.read(folder + "/stat", 4096);
    Process process;
    process.pid = static_cast<int>(*pid);
    char state = 0;
    if (!stat && stat.error().kind == ErrorKind::not_found) continue;  // it has ended meanwhile
    if (!stat || !parse_stat(*stat, process, state)) {
      found.push_back(std::move(process));  // there, and not to be seen: /proc with hidepid
      continue;
    }
    if (process.pid == kKernelThreads && process.name == "kthreadd") continue;
    if (process.parent == kKernelThreads || state == 'Z' || state == 'X') continue;
    if (const auto arguments =
            host.read_redacted(folder + "/cmdline", redact_arguments, kMaxArgumentsBytes)) {
      process.arguments = split_arguments(*arguments);
    }
    if (auto program = host.read_link(folder + "/exe")) {
      process.program = std::move(*program);
      if (process.program.ends_with(" (deleted)")) process.program.resize(process.program.size() - 10);
    }
    found.push_back(std::move(process));
  }
  std::sort(found.begin(), found.end(), [](const Process& a, const Process& b) { return a.pid < b.pid; });
  return found;
}

}  // namespace plumbline
