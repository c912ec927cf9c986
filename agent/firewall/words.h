// SPDX-License-Identifier: Apache-2.0
// What the files of packet filters have in common: ports by name, protocols, conditions from text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/firewall/ruleset.h"

namespace plumbline {

/// "22", "ssh", "8000-8010", "8000:8010"; nothing for a name that is not among the usual ones.
std::optional<std::pair<std::uint16_t, std::uint16_t>> parse_ports(std::string_view text);

/// A condition on any of `values`, unknown where one of them cannot be read.
FilterCondition condition_on(FilterCondition::Kind kind, const std::vector<std::string>& values, bool negated = false);

/// The chain, made at the end where it is not there yet.
FilterChain& chain_named(Ruleset& ruleset, std::string_view family, std::string_view table, std::string_view name);
FilterChain* find_chain(Ruleset& ruleset, std::string_view family, std::string_view table, std::string_view name);

}  // namespace plumbline
