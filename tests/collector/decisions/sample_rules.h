// SPDX-License-Identifier: Apache-2.0
// A rule set and assessments made by hand, a letter a verdict: what tests of the plan and of reviews are fed with.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "rules/assessment.h"

namespace plumbline::testing {

struct MadeRule {
  std::string id, action;
  bool fleet = false;
  Severity severity = Severity::medium;
};

inline RuleSet make_rules(const std::vector<MadeRule>& made) {
  RuleSet rules;
  for (const MadeRule& one : made) {
    Rule rule;
    rule.id = one.id;
    rule.action = one.action;
    rule.title = one.id;
    rule.severity = one.severity;
    rule.fleet = one.fleet;
    rules.rules.push_back(std::move(rule));
  }
  return rules;
}

inline Verdict verdict_of(char letter) {
  switch (letter) {
    case 'p': return Verdict::pass;
    case 'f': return Verdict::fail;
    case 'u': return Verdict::unknown;
    case 'w': return Verdict::waived;
    default: return Verdict::not_applicable;
  }
}

/// Hosts by id, each with a letter a rule; the letters of fleet rules come from `fleet`.
inline Assessment make_assessment(const RuleSet& rules, std::int64_t as_of, const std::map<std::string, std::string>& hosts, const std::string& fleet = {}) {
  Assessment made;
  made.as_of = as_of;
  made.rules.resize(rules.rules.size());
  const auto count = [&](std::size_t rule, Verdict verdict) {
    Tally& tally = made.rules[rule].tally;
    made.rules[rule].rule = rule;
    switch (verdict) {
      case Verdict::pass: ++tally.pass; break;
      case Verdict::fail: ++tally.fail; break;
      case Verdict::unknown: ++tally.unknown; break;
      case Verdict::waived: ++tally.waived; break;
      case Verdict::not_applicable: ++tally.not_applicable; break;
    }
  };
  for (const auto& [id, letters] : hosts) {
    AssessedHost host;
    host.id = host.name = id;
    host.taken_at = as_of;
    for (std::size_t i = 0; i < rules.rules.size(); ++i) {
      host.judgement.verdicts.push_back(rules.rules[i].fleet ? Verdict::not_applicable : verdict_of(letters.at(i)));
      if (!rules.rules[i].fleet) count(i, host.judgement.verdicts.back());
    }
    made.hosts.push_back(std::move(host));
  }
  for (std::size_t i = 0; i < fleet.size(); ++i)
    if (rules.rules[i].fleet) count(i, verdict_of(fleet[i]));
  std::map<std::string, Action> actions;
  for (std::size_t i = 0; i < rules.rules.size(); ++i) {
    if (made.rules[i].tally.fail == 0) continue;
    Action& action = actions[rules.rules[i].action];
    action.id = rules.rules[i].action;
    action.rules.push_back(i);
    action.gain += 10;
  }
  for (auto& [id, action] : actions) made.actions.push_back(std::move(action));
  return made;
}

}  // namespace plumbline::testing
