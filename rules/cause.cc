// SPDX-License-Identifier: Apache-2.0
// From the texts that rules give as causes to groups of findings.
#include "rules/cause.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "rules/fact_values.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostCauses = 64;  // of one rule on one host; a rule about more stands for itself

bool stronger(const RuleSet& rules, std::size_t a, std::size_t b) {
  const Rule &one = rules.rules[a], &other = rules.rules[b];
  if (one.severity != other.severity) return one.severity > other.severity;
  return one.id < other.id;
}

bool fails(const Judgement& judgement, std::size_t rule) {
  return rule < judgement.verdicts.size() && judgement.verdicts[rule] == Verdict::fail;
}

std::vector<std::size_t> sorted_by_strength(const RuleSet& rules, const std::set<std::size_t>& chosen) {
  std::vector<std::size_t> out(chosen.begin(), chosen.end());
  std::sort(out.begin(), out.end(), [&](std::size_t a, std::size_t b) { return stronger(rules, a, b); });
  return out;
}

}  // namespace

std::vector<std::string> causes_of(const Rule& rule, const cel::Document& facts) {
  if (!rule.cause) return {};
  const cel::Value value = rule.cause->evaluate_unnamed(facts, kJudgingLimits);
  std::vector<std::string> out;
  if (const std::string* text = value.string()) out.push_back(*text);
  if (const cel::List* list = value.list()) {
    for (const cel::Value& item : *list) {
      const std::string* text = item.string();
      if (text == nullptr) return {};
      out.push_back(*text);
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  if (out.size() > kMostCauses) out.clear();
  return out;
}

std::vector<std::string> causes_of(const Rule& rule, const nlohmann::json& facts) {
  return rule.cause ? causes_of(rule, FactValues(facts).document()) : std::vector<std::string>();
}

std::uint64_t cause_key(std::string_view text) {
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return hash;
}

ToldByOthers told_by_others(const RuleSet& rules, const Judgement& judgement) {
  std::map<std::uint64_t, std::size_t> teller;  // of each cause: the strongest rule that fails for it
  for (const CauseMark& mark : judgement.causes) {
    if (!fails(judgement, mark.rule)) continue;
    const auto [at, fresh] = teller.emplace(mark.key, mark.rule);
    if (!fresh && stronger(rules, mark.rule, at->second)) at->second = mark.rule;
  }
  std::map<std::size_t, std::set<std::size_t>> tellers;
  for (const CauseMark& mark : judgement.causes)
    if (fails(judgement, mark.rule)) tellers[mark.rule].insert(teller.at(mark.key));
  ToldByOthers out;
  for (const auto& [rule, by] : tellers)
    if (by.count(rule) == 0) out.emplace(rule, sorted_by_strength(rules, by));
  return out;
}

std::vector<std::size_t> told_by(const ToldByOthers& told, std::size_t teller) {
  std::vector<std::size_t> out;
  for (const auto& [rule, by] : told)
    if (std::find(by.begin(), by.end(), teller) != by.end()) out.push_back(rule);
  return out;
}

void group_by_cause(const RuleSet& rules, const std::vector<AssessedHost>& hosts, std::vector<RuleResult>& results) {
  std::map<std::size_t, std::set<std::size_t>> under, also;
  for (std::size_t host = 0; host < hosts.size(); ++host) {
    if (hosts[host].judgement.causes.empty()) continue;
    for (const auto& [rule, by] : told_by_others(rules, hosts[host].judgement)) {
      if (rule >= results.size()) continue;
      results[rule].told_elsewhere.push_back(host);
      under[rule].insert(by.begin(), by.end());
      for (const std::size_t one : by) also[one].insert(rule);
    }
  }
  for (const auto& [rule, by] : under) results[rule].told_under = sorted_by_strength(rules, by);
  for (const auto& [rule, others] : also)
    if (rule < results.size()) results[rule].also_seen_as = sorted_by_strength(rules, others);
}

}  // namespace plumbline
