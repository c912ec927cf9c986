// SPDX-License-Identifier: Apache-2.0
// One finding for one cause: several rules that fail on a host for the same thing are told by the strongest of them.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "rules/assessment.h"

namespace plumbline {

/// What Rule::cause gives on a host's facts: "open redis:6379"; sorted, each once. Empty where the rule has none, and where
/// it could not be told: then the rule stands for itself.
std::vector<std::string> causes_of(const Rule& rule, const cel::Document& facts);
std::vector<std::string> causes_of(const Rule& rule, const nlohmann::json& facts);
/// What stands for a text in a judgement (FNV-1a of 64 bits).
std::uint64_t cause_key(std::string_view text);

/// Of one host: rules that fail, all of whose causes are those of stronger rules that fail as well, with those rules,
/// strongest first. Stronger is of higher severity, then of smaller id: the same on every host and every day. Waived
/// verdicts tell nothing and are told by nobody.
using ToldByOthers = std::map<std::size_t, std::vector<std::size_t>>;
ToldByOthers told_by_others(const RuleSet& rules, const Judgement& judgement);
/// The other way round: the rules that `teller` tells there, by index.
std::vector<std::size_t> told_by(const ToldByOthers& told, std::size_t teller);

/// Fills told_elsewhere, told_under and also_seen_as of the results. Points, tallies and gates stay as they are.
void group_by_cause(const RuleSet& rules, const std::vector<AssessedHost>& hosts, std::vector<RuleResult>& results);

}  // namespace plumbline
