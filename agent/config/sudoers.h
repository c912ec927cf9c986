// SPDX-License-Identifier: Apache-2.0
// sudoers with its includes: options, and rules that give too much.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "agent/config/layered.h"
#include "agent/host.h"

namespace plumbline {

struct Sudoers {
  /// Rules that give all commands without a password to a user or a group other than root.
  int nopasswd_all = 0;
  /// nopasswd (a rule for anything without a password), unauthenticated (Defaults !authenticate), all_users (a rule
  /// for ALL users), negated_command (easily got around), any_arguments (a command that may be given any).
  std::set<std::string> weaknesses;
  /// "Defaults" lines for everybody, under "sudo.": use_pty "true", targetpw "false", logfile "/var/log/sudo.log".
  Layered defaults;
};

/// Includes are followed. Fails where a file cannot be read, for then there may be more.
Result<Sudoers> read_sudoers(const Host& host);

/// Rules without the arguments of their commands, the options that are read, and includes.
std::string redact_sudoers(std::string_view text);

}  // namespace plumbline
