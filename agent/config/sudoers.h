// SPDX-License-Identifier: Apache-2.0
// sudoers with its includes: which rules give everything without a password.
#pragma once

#include "agent/host.h"

namespace plumbline {

/// Rules that give all commands without a password to a user or a group; includes followed. Fails where a
/// file cannot be read, for then there may be more.
Result<int> count_sudo_nopasswd(const Host& host);

}  // namespace plumbline
