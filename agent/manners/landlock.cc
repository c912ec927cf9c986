// SPDX-License-Identifier: Apache-2.0
// The three system calls of Landlock (Documentation/userspace-api/landlock.rst), with own declarations: the
// headers that we build with are older than the kernels that we run on.
#include "agent/manners/landlock.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "agent/files.h"

namespace plumbline {
namespace {

constexpr long kCreateRuleset = 444, kAddRule = 445, kRestrictSelf = 446;  // on every architecture
constexpr unsigned kAskVersion = 1;
constexpr int kPathBeneath = 1, kNetworkPort = 2;

// Rights on files (LANDLOCK_ACCESS_FS_…), by the version that brought them.
constexpr std::uint64_t kExecute = 1u << 0, kWriteFile = 1u << 1, kRemoveFolder = 1u << 4, kRemoveFile = 1u << 5;
constexpr std::uint64_t kMakeFirst = 6, kMakeLast = 12;  // char, folder, regular, socket, FIFO, block, link
constexpr std::uint64_t kRefer = 1u << 13;               // version 2
constexpr std::uint64_t kTruncate = 1u << 14;            // version 3
constexpr std::uint64_t kBindTcp = 1u << 0;              // of the network; version 4
constexpr std::uint64_t kScopes = 1u << 0 | 1u << 1;     // abstract UNIX sockets, signals; version 6
constexpr int kVersionOfRefer = 2, kVersionOfTruncate = 3, kVersionOfPorts = 4, kVersionOfScopes = 6;

struct Ruleset {
  std::uint64_t files = 0, network = 0, scoped = 0;
};
struct [[gnu::packed]] PathRule {
  std::uint64_t rights = 0;
  std::int32_t parent = -1;
};

struct PortRule {
  std::uint64_t rights = 0, port = 0;
};

std::uint64_t writing_rights(int version) {
  std::uint64_t rights = kWriteFile | kRemoveFolder | kRemoveFile;
  for (std::uint64_t bit = kMakeFirst; bit <= kMakeLast; ++bit) rights |= std::uint64_t{1} << bit;
  if (version >= kVersionOfRefer) rights |= kRefer;
  if (version >= kVersionOfTruncate) rights |= kTruncate;
  return rights;
}

std::size_t size_for(int version) {
  if (version >= kVersionOfScopes) return sizeof(Ruleset);
  return version >= kVersionOfPorts ? 2 * sizeof(std::uint64_t) : sizeof(std::uint64_t);
}

bool allow(int ruleset, const std::string& path, std::uint64_t rights) {
  const Descriptor place(open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!place) return false;
  const PathRule rule{rights, place.get()};
  return syscall(kAddRule, ruleset, kPathBeneath, &rule, 0) == 0;
}

/// Port 0 is one of the kernel's choice: a greeting that comes from the address it goes to (agent/asks/conversations.cc)
/// asks for it. It poses as no service, and the filter of system calls lets nobody listen.
bool allow_any_free_port(int ruleset) {
  const PortRule rule{kBindTcp, 0};
  return syscall(kAddRule, ruleset, kNetworkPort, &rule, 0) == 0;
}

}  // namespace

int restrict_writing(const std::vector<std::string>& writable, const std::vector<std::string>& devices) {
  const long version = syscall(kCreateRuleset, nullptr, 0, kAskVersion);
  if (version < 1) return 0;
  const int known = static_cast<int>(version);
  Ruleset rules;
  rules.files = writing_rights(known) | kExecute;
  if (known >= kVersionOfPorts) rules.network = kBindTcp;
  if (known >= kVersionOfScopes) rules.scoped = kScopes;
  const Descriptor ruleset(static_cast<int>(syscall(kCreateRuleset, &rules, size_for(known), 0)));
  if (!ruleset) return 0;
  for (const auto& folder : writable) allow(ruleset.get(), folder, writing_rights(known));
  for (const auto& device : devices) allow(ruleset.get(), device, kWriteFile);
  if (known >= kVersionOfPorts) allow_any_free_port(ruleset.get());
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 0;
  return syscall(kRestrictSelf, ruleset.get(), 0) == 0 ? known : 0;
}

}  // namespace plumbline
