// SPDX-License-Identifier: Apache-2.0
// sysctl settings in files, in the order in which sysctl --system applies them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/host.h"

namespace plumbline {

/// What files set. Three meanings stay apart: what runs now (/proc/sys), what the next start will set (`values`),
/// and where the administrator's files contradict each other (`conflicts`).
struct SysctlFiles {
  /// Names with dots ("net.ipv4.conf.all.rp_filter") and values, the last one wins. A file's name counts once, from
  /// /etc before /run before /usr; all are applied in the order of their names, /etc/sysctl.conf after them and what
  /// ufw sets when it starts last.
  std::map<std::string, std::string, std::less<>> values;
  /// Names that files below /etc, /run and /usr/local set to different values; that they overrule a file of the
  /// distribution below /usr/lib is meant.
  std::vector<std::string> conflicts;
  /// "net.ipv4.conf.*.rp_filter": patterns with their values, for names that no line sets by itself.
  std::vector<std::pair<std::string, std::string>> patterns;
  /// Names that "-net.ipv4.conf.all.rp_filter" (without a value) takes out of patterns.
  std::vector<std::string> excluded;
  /// A file that is there and could not be read: names may be set that do not stand above.
  std::optional<Error> unread;

  /// What the files set this name to, patterns included; nullptr where nothing does.
  const std::string* find(std::string_view name) const;
};

SysctlFiles read_sysctl_files(const Host& host);

}  // namespace plumbline
