// SPDX-License-Identifier: Apache-2.0
// From where the clock's service takes the time, as its files say.
#pragma once

#include <string>
#include <string_view>

#include "agent/config/layered.h"
#include "agent/host.h"
#include "agent/machine.h"

namespace plumbline {

/// "chrony.server" "2" (how many), "chrony.pool", "chrony.cmdport" "0", "ntp.server", "ntp.restrict4" (sorted words of
/// "restrict -4 default …"), "ntp.restrict6", "ntp.user", "timesyncd.ntp" (how many). Includes are followed.
Layered read_time_settings(const Host& host, Machine& machine);

/// Of chrony's and ntpd's files what is read of them: sources without their options (a word after "key" should be a
/// number, and may be the key itself), includes, restrictions.
std::string redact_time_sources(std::string_view text);

}  // namespace plumbline
