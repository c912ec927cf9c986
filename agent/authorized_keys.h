// SPDX-License-Identifier: Apache-2.0
// Whether somebody else may add a key to an account's list of login keys.
#pragma once

#include "agent/host.h"
#include "agent/machine.h"
#include "agent/probe.h"

namespace plumbline {

/// Fills ssh.authorized_keys_too_open: accounts whose .ssh or authorized_keys group or others may write. The home folder
/// itself is not looked at: sshd's StrictModes is.
void write_authorized_keys(const Host& host, Machine& machine, Facts& facts);

}  // namespace plumbline
