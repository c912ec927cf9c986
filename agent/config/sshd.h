// SPDX-License-Identifier: Apache-2.0
// sshd_config as sshd reads it: Include at its place, the first value of a keyword wins, Match blocks left
// out.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/host.h"

namespace plumbline {

struct SshdConfig {
  /// Arguments by keyword in lower case: the first line that sets it; of AllowUsers, DenyUsers, AllowGroups,
  /// DenyGroups, Port, ListenAddress and HostKey those of all lines. What "Match all" sets goes before it.
  std::map<std::string, std::vector<std::string>> values;
  int match_blocks = 0;
  /// Keywords that a later line sets to something else; the first line counts.
  std::vector<std::string> conflicts;
  /// What lines inside Match blocks set: keyword and arguments, in their order.
  std::vector<std::pair<std::string, std::string>> overrides;
  /// Patterns of Include lines outside Match blocks, as whole paths.
  std::vector<std::string> includes;
  /// Keywords of lines that sshd refuses: without an argument, or a Match with a criterion it does not know.
  std::vector<std::string> refused;
  /// The first Include that could not be read, and the keywords that were settled before it.
  std::optional<Error> unread;
  std::vector<std::string> settled;

  /// The first argument, or nullptr where the default is in force.
  const std::string* value(std::string_view keyword) const;
  /// Whether a part that could not be read may say something else about the keyword.
  bool is_doubtful(std::string_view keyword) const;
};

/// Fails where the file itself cannot be read. `path` is the main file: /etc/ssh/sshd_config.
Result<SshdConfig> read_sshd_config(const Host& host, const std::string& path);

/// "120", "2m", "1h30m" in seconds; nothing where sshd would refuse it.
std::optional<std::int64_t> parse_sshd_time(std::string_view text);

}  // namespace plumbline
