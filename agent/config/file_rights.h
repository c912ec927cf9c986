// SPDX-License-Identifier: Apache-2.0
// System files and folders that have more rights, or other owners, than their kind needs.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "agent/host.h"
#include "agent/machine.h"

namespace plumbline {

struct LooseFiles {
  /// Path and what is: "0777", or "0644 1000:1000" where the owner or the group is another than it should be.
  std::map<std::string, std::string> found;
  /// A place that could not be looked at.
  std::optional<Error> unread;
};

/// Looks at a fixed list of places; files that are not there are no deviation.
LooseFiles loose_files(const Host& host, Machine& machine);

}  // namespace plumbline
