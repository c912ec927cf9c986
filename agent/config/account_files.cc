// SPDX-License-Identifier: Apache-2.0
// Reads passwd(5), shadow(5) and group(5) line by line.
#include "agent/config/account_files.h"

#include "agent/redact.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxAccountBytes = 8u << 20;
constexpr std::size_t kMaxDoubles = 50;

void note_double(const char* kind, std::string_view value, std::set<std::string>& seen, AccountFiles& found) {
  const std::string name = std::string(kind) + " " + printable(value.substr(0, 64));
  if (!seen.insert(name).second && found.doubles.size() < kMaxDoubles) found.doubles.push_back(name);
}

// "root:x:0:0:root:/root:/bin/bash", "+::::::"
void read_passwd(std::string_view text, AccountFiles& found) {
  std::set<std::string> seen;
  for (const std::string_view line : lines(text)) {
    if (line.starts_with('+')) ++found.nis_entries;
    const auto fields = split(line, ':');
    if (fields.size() < 4 || line.starts_with('#') || line.starts_with('+') || line.starts_with('-')) continue;
    if (fields[1] == kRedacted) ++found.unshadowed;
    if (fields[1].empty()) ++found.empty;
    note_double("user", fields[0], seen, found);
    note_double("uid", fields[2], seen, found);
  }
}

// "docker:x:999:alice,bob"
void read_group(std::string_view text, AccountFiles& found) {
  std::set<std::string> seen;
  for (const std::string_view line : lines(text)) {
    if (line.starts_with('+')) ++found.nis_entries;
    const auto fields = split(line, ':');
    if (fields.size() < 3 || line.starts_with('#') || line.starts_with('+') || line.starts_with('-')) continue;
    note_double("group", fields[0], seen, found);
    note_double("gid", fields[2], seen, found);
  }
}

// As redact_shadow() gives it: "root:$y$:", "daemon:*:"
void read_shadow(std::string_view text, AccountFiles& found) {
  if (!trim(text).empty() && !contains(text, ":")) {
    found.shadow_unread = Error{ErrorKind::invalid, "no account in it: /etc/shadow"};
    return;
  }
  for (const std::string_view line : lines(text)) {
    if (line.starts_with('+')) {
      ++found.nis_entries;
      continue;
    }
    const auto fields = split(line, ':');
    if (fields.size() < 2) continue;
    const std::string_view kind = fields[1];
    const bool locked = kind.starts_with('!') || kind.starts_with('*');
    if (kind.empty()) ++found.empty;
    if (!kind.empty() && !locked) found.hashes.insert(to_utf8(kind));
    if (kind == "des" || kind == "$1$" || kind == "$md5$") ++found.weak_hashes;
    if (fields[0] == "root") found.root_password = kind.empty() ? "empty" : locked ? "locked" : "set";
  }
}

}  // namespace

AccountFiles read_account_files(const Host& host) {
  AccountFiles found;
  if (const auto passwd = host.read_redacted("/etc/passwd", redact_passwd, kMaxAccountBytes))
    read_passwd(*passwd, found);
  else
    found.passwd_unread = passwd.error();
  if (const auto group = host.read("/etc/group", kMaxAccountBytes))
    read_group(*group, found);
  else
    found.group_unread = group.error();
  if (const auto shadow = host.read_redacted("/etc/shadow", redact_shadow, kMaxAccountBytes))
    read_shadow(*shadow, found);
  else
    found.shadow_unread = shadow.error();
  return found;
}

}  // namespace plumbline
