// SPDX-License-Identifier: Apache-2.0
// Rules as iptables-save writes and iptables-restore reads them.
#pragma once

#include <string_view>

#include "agent/firewall/ruleset.h"

namespace plumbline {

/// Adds what a file says to a rule set: chains by ":INPUT DROP [0:0]", rules by "-A INPUT …" and "-I …". Chains of its
/// own that a file declares again begin anew, as iptables-restore --noflush has it. What an option means that is not
/// known here is unknown. Fails with limit where there are more rules than are followed.
Result<void> add_iptables_rules(std::string_view text, bool v6, Ruleset& ruleset);

}  // namespace plumbline
