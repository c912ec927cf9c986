// SPDX-License-Identifier: Apache-2.0
// firewalld's zones, services and rich rules as the rule set that it loads.
#pragma once

#include "agent/firewall/ruleset.h"
#include "agent/host.h"

namespace plumbline {

/// What the permanent settings below /etc/firewalld and /usr/lib/firewalld come to. Policies, direct rules and services
/// that are not known may accept anything. Fails where a zone in use may not be read.
Result<Ruleset> read_firewalld_rules(const Host& host);
/// "public" where nothing else is set.
std::string firewalld_default_zone(const Host& host);

}  // namespace plumbline
