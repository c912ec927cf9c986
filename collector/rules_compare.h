// SPDX-License-Identifier: Apache-2.0
// Two rule sets over the same hosts: which rules came, went and changed, and whose verdicts turn.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "facts/scan.h"
#include "rules/assessment.h"

namespace plumbline {

/// One host whose verdict differs; of fleet rules there is one, with an empty id and the name "fleet".
struct TurnedVerdict {
  std::string host_id, host_name;
  Verdict before = Verdict::unknown, after = Verdict::unknown;
};

struct ComparedRule {
  enum Kind { added, removed, changed, same };
  Kind kind = same;               // of what the rule says; `same` stands here only because verdicts turned
  std::string id, title;
  Severity severity = Severity::low;  // the new one where there are two
  std::vector<std::string> parts;     // of a changed rule: "check", "severity"
  Tally tally;                        // of an added or removed rule
  std::vector<TurnedVerdict> turned;  // by host name, then id
};

struct RulesComparison {
  std::size_t hosts = 0;
  std::size_t rules_before = 0, rules_after = 0;
  Score before, after;
  std::vector<ComparedRule> rules;  // what is worth telling, by id
};

/// `scans`: one of each host, whole.
RulesComparison compare_rules(const RuleSet& before, const RuleSet& after, const std::vector<Scan>& scans);
nlohmann::json to_json(const RulesComparison& comparison);
/// For a terminal; at most `most_hosts` of a rule.
std::string to_text(const RulesComparison& comparison, std::size_t most_hosts);

/// Of scans of one host only the newest; sorted by host.
std::vector<Scan> newest_of_each(std::vector<Scan> scans);

}  // namespace plumbline
