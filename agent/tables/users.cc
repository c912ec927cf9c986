// SPDX-License-Identifier: Apache-2.0
// Local users and groups.
#include "agent/redact.h"
#include "agent/tables/tables.h"
#include "base/text.h"

namespace plumbline {
namespace {
constexpr std::size_t kMaxRows = 100'000;
}

// "redis:x:102:105::/var/lib/redis:/usr/sbin/nologin"
Result<std::vector<User>> read_users(const Host& host) {
  const auto text = host.read_redacted("/etc/passwd", redact_passwd);
  if (!text) return tl::unexpected<Error>(text.error());
  std::vector<User> found;
  for (const std::string_view line : lines(*text)) {
    const auto fields = split(line, ':');
    if (fields.size() < 7 || line.starts_with('#') || line.starts_with('+') || found.size() >= kMaxRows)
      continue;
    const auto uid = parse_u64(fields[2]);
    const auto gid = parse_u64(fields[3]);
    if (fields[0].empty() || !uid || !gid || *uid > 0xffffffffu || *gid > 0xffffffffu) continue;
    found.push_back({to_utf8(fields[0]), static_cast<unsigned>(*uid), static_cast<unsigned>(*gid),
                     std::string(fields[5]), std::string(trim(fields[6]))});
  }
  if (found.empty() && !trim(*text).empty()) return fail(ErrorKind::invalid, "no account in it: /etc/passwd");
  return found;
}

// "docker:x:999:alice,bob"
Result<std::vector<Group>> read_groups(const Host& host) {
  const auto text = host.read("/etc/group");
  if (!text) return tl::unexpected<Error>(text.error());
  std::vector<Group> found;
  for (const std::string_view line : lines(*text)) {
    const auto fields = split(line, ':');
    const auto gid = fields.size() < 4 ? std::nullopt : parse_u64(fields[2]);
    if (!gid || *gid > 0xffffffffu || found.size() >= kMaxRows) continue;
    Group group{to_utf8(fields[0]), static_cast<unsigned>(*gid), {}};
    for (const std::string_view member : split(trim(fields[3]), ',')) {
      if (!member.empty()) group.members.push_back(to_utf8(member));
    }
    found.push_back(std::move(group));
  }
  if (found.empty() && !trim(*text).empty()) return fail(ErrorKind::invalid, "no group in it: /etc/group");
  return found;
}

}  // namespace plumbline
