// SPDX-License-Identifier: Apache-2.0
// Evaluates a rule's named expressions for a person.
#include "rules/shown_evidence.h"

#include "rules/fact_values.h"
#include "rules/judge.h"

namespace plumbline {
namespace {

std::vector<ShownEvidence> show(const Rule& rule, const cel::Lookup& lookup) {
  std::vector<ShownEvidence> out;
  for (const NamedExpression& one : rule.evidence) out.push_back({one.name, show_observed(one.value, lookup)});
  return out;
}

}  // namespace

std::vector<ShownEvidence> named_evidence(const Rule& rule, const nlohmann::json& facts) {
  if (rule.evidence.empty()) return {};
  FactValues values(facts);
  return show(rule, values.lookup());
}

std::vector<ShownEvidence> named_evidence(const RuleSet& rules, const Rule& rule,
                                          const std::vector<std::optional<double>>& aggregates) {
  return show(rule, fleet_lookup(rules, aggregates));
}

}  // namespace plumbline
