// SPDX-License-Identifier: Apache-2.0
// What login shells are told for everybody: umask, idle time-out, search path.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "agent/host.h"

namespace plumbline {

struct ShellProfile {
  /// By file: the bits that every umask of the file takes away ("027"); "invalid" where one is no mask. Files without
  /// one are left out.
  std::map<std::string, std::string> umasks;
  /// The longest TMOUT that is set; 0 where none is, or one switches it off.
  int timeout_seconds = 0;
  /// Search paths that hold the current folder: ".", an empty part or a name that does not begin with "/".
  int risky_paths = 0;
  /// The first file or folder that could not be read: there may be more.
  std::optional<Error> unread;
};

/// /etc/profile, /etc/profile.d, /etc/bashrc and its like.
ShellProfile read_shell_profile(const Host& host);

}  // namespace plumbline
