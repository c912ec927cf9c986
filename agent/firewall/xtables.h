// SPDX-License-Identifier: Apache-2.0
// Matches and targets of xtables that iptables-nft keeps as they are inside rules of nftables.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/firewall/netlink.h"
#include "agent/firewall/ruleset.h"

namespace plumbline {

/// What a match asks: none where it asks nothing of arrivals (comments), several where it asks several things.
std::vector<FilterCondition> read_xt_match(const std::string& name, std::uint32_t revision, Bytes info);
/// What a target does; `target` of a redirect are its addresses.
FilterRule read_xt_target(const std::string& name, std::uint32_t revision, Bytes info, bool v6);

/// Bits of ct state, as nf_conntrack_common.h has them: invalid 1, established 2, related 4, new 8, untracked 64.
FilterCondition state_condition(std::uint32_t bits);
/// "10.0.0.5-10.0.0.9" of the first bytes of two addresses; "" where they are no addresses.
std::string address_text(Bytes from, Bytes to, bool v6);

}  // namespace plumbline
