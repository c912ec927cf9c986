// SPDX-License-Identifier: Apache-2.0
// Landlock: no file is written, made, removed or run but where told; no port is opened.
#pragma once

#include <string>
#include <vector>

namespace plumbline {

/// Puts the rules in force for this thread and its children. `writable` are folders below which all but
/// executing is allowed, `devices` are files that may be opened for writing. Reading is never restricted: it
/// is what the agent is for. Returns the version of the kernel's Landlock, or 0 where it has none.
int restrict_writing(const std::vector<std::string>& writable, const std::vector<std::string>& devices);

}  // namespace plumbline
