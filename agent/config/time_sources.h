// SPDX-License-Identifier: Apache-2.0
// From where the clock's service takes the time, as its files say.
#pragma once

#include "agent/config/layered.h"
#include "agent/host.h"
#include "agent/machine.h"

namespace plumbline {

/// "chrony.server" "2" (how many), "chrony.pool", "chrony.cmdport" "0", "ntp.server", "ntp.restrict4" (sorted words of
/// "restrict -4 default …"), "ntp.restrict6", "ntp.user", "timesyncd.ntp" (how many). Includes are followed.
Layered read_time_settings(const Host& host, Machine& machine);

}  // namespace plumbline
