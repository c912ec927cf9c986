// SPDX-License-Identifier: Apache-2.0
// The named values that a rule shows beside its verdict.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "rules/pack.h"

namespace plumbline {

/// "Configured ciphers" and "aes256-ctr, aes128-ctr"; "fact not read" where it could not be told.
struct ShownEvidence {
  std::string name;
  std::string value;
};

/// Of a host's facts, derived ones among them.
std::vector<ShownEvidence> named_evidence(const Rule& rule, const nlohmann::json& facts);
/// Of a fleet rule, on aggregates by index in RuleSet::measures.
std::vector<ShownEvidence> named_evidence(const RuleSet& rules, const Rule& rule, const std::vector<std::optional<double>>& aggregates);

}  // namespace plumbline
