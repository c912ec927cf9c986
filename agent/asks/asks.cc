// SPDX-License-Identifier: Apache-2.0
// The list of questions this machine can be asked, and the short ones.
#include "agent/asks/asks.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <nlohmann/json.hpp>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "agent/asks/nvml.h"
#include "agent/asks/within.h"
#include "base/text.h"

namespace plumbline {
namespace {

struct Question {
  std::string_view name;
  Result<std::string> (*answer)(std::string_view argument);
};

constexpr std::array<Question, 15> kQuestions = {{
    {"now", ask_now},
    {"uname", ask_uname},
    {"statvfs", ask_statvfs},
    {"statvfs_remote", ask_statvfs_remote},
    {"adjtimex", ask_adjtimex},
    {"sockets", ask_sockets},
    {"addresses", ask_addresses},
    {"affinity", ask_affinity},
    {"privileges", ask_privileges},
    {"hypervisor", ask_hypervisor},
    {"nvml", ask_nvml},
    {"head", ask_head},
    {"rpm", ask_rpm},
    {"usage", ask_usage},
    {"nftables", ask_nftables},
}};

constexpr int kMaxCpus = 1 << 16;
constexpr auto kRemoteTimeout = std::chrono::seconds(2);

tl::unexpected<Error> failed(std::string_view subject, int error_number) {
  ErrorKind kind = ErrorKind::io;
  if (error_number == ENOENT || error_number == ENOTDIR) kind = ErrorKind::not_found;
  if (error_number == EACCES || error_number == EPERM) kind = ErrorKind::permission_denied;
  return fail(kind, std::string(subject) + ": " + std::generic_category().message(error_number));
}

std::string to_answer(const struct statvfs& native) {
  const std::uint64_t unit = native.f_frsize != 0 ? native.f_frsize : native.f_bsize;
  return fmt::format(
      R"({{"block_bytes":{},"blocks":{},"blocks_free":{},"blocks_available":{},"files":{},"files_free":{}}})",
      unit, native.f_blocks, native.f_bfree, native.f_bavail, native.f_files, native.f_ffree);
}

}  // namespace

Result<std::string> ask_this_machine(std::string_view question) {
  const auto colon = question.find(':');
  const auto name = question.substr(0, colon);
  const auto argument = colon == std::string_view::npos ? std::string_view() : question.substr(colon + 1);
  for (const auto& row : kQuestions) {
    if (row.name == name) return row.answer(argument);
  }
  return fail(ErrorKind::not_found, "no such question: " + std::string(question));
}

Result<std::string> ask_now(std::string_view) {
  return std::to_string(std::time(nullptr));
}

Result<std::string> ask_uname(std::string_view) {
  struct utsname native {};
  if (uname(&native) != 0) return failed("uname", errno);
  const auto text = [](const char* value) { return to_utf8(value); };
  return nlohmann::json{{"sysname", text(native.sysname)},
                        {"nodename", text(native.nodename)},
                        {"release", text(native.release)},
                        {"version", text(native.version)},
                        {"machine", text(native.machine)}}
      .dump();
}

Result<std::string> ask_statvfs(std::string_view path) {
  struct statvfs native {};
  if (statvfs(std::string(path).c_str(), &native) != 0) return failed(path, errno);
  return to_answer(native);
}

Result<std::string> ask_statvfs_remote(std::string_view path) {
  return answer_within(kRemoteTimeout, path, [name = std::string(path)] { return ask_statvfs(name); });
}

Result<std::string> ask_adjtimex(std::string_view) {
  struct timex native {};
  const int state = adjtimex(&native);
  if (state < 0) return failed("adjtimex", errno);
  const bool synchronized = state != TIME_ERROR && (native.status & STA_UNSYNC) == 0;
  return fmt::format(R"({{"synchronized":{},"status":{},"max_error_us":{},"estimated_error_us":{}}})",
                     synchronized, native.status, native.maxerror, native.esterror);
}

Result<std::string> ask_affinity(std::string_view) {
  std::vector<unsigned long> mask(kMaxCpus / (8 * sizeof(unsigned long)));
  const long bytes = syscall(SYS_sched_getaffinity, 0, mask.size() * sizeof(unsigned long), mask.data());
  if (bytes < 0) return failed("affinity", errno);
  constexpr std::size_t kBits = 8 * sizeof(unsigned long);
  const auto is_set = [&](std::size_t cpu) { return (mask[cpu / kBits] >> (cpu % kBits) & 1u) != 0; };
  const std::size_t count = static_cast<std::size_t>(bytes) * 8;
  std::string text;
  for (std::size_t cpu = 0; cpu < count; ++cpu) {
    if (!is_set(cpu)) continue;
    const std::size_t first = cpu;
    while (cpu + 1 < count && is_set(cpu + 1)) ++cpu;
    if (!text.empty()) text += ',';
    text += first == cpu ? std::to_string(first) : fmt::format("{}-{}", first, cpu);
  }
  return text;
}

Result<std::string> ask_privileges(std::string_view) {
  struct __user_cap_header_struct header {};
  header.version = _LINUX_CAPABILITY_VERSION_3;
  std::array<struct __user_cap_data_struct, 2> data{};
  if (syscall(SYS_capget, &header, data.data()) != 0) return failed("privileges", errno);
  const std::uint64_t effective = static_cast<std::uint64_t>(data[1].effective) << 32 | data[0].effective;
  return fmt::format(R"({{"uid":{},"effective_uid":{},"capabilities":"{:016x}"}})", getuid(), geteuid(),
                     effective);
}

}  // namespace plumbline
