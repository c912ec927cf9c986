// SPDX-License-Identifier: Apache-2.0
// The score, exactly as docs/rules.md describes it.
#include "rules/score.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "rules/fact_values.h"

namespace plumbline {
namespace {

// Sums of binary fractions miss a half or a whole by less than this; without it 41.25 could round either way.
constexpr double kNoise = 1e-7;

std::size_t index_of(Pillar pillar) { return static_cast<std::size_t>(pillar); }

// The degree where every unknown is `as_pass`; nothing where the rule applies nowhere.
std::optional<double> bound_of(const RuleResult& result, bool as_pass) {
  const Tally& tally = result.tally;
  if (tally.applicable() == 0) return std::nullopt;
  if (tally.unknown == 0) return result.degree;
  double passing = tally.pass + (as_pass ? tally.unknown : 0);
  return passing / tally.applicable();
}

template <class Degree>
PillarSums sums_of(const RuleSet& rules, const std::vector<RuleResult>& results, Degree degree) {
  PillarSums sums;
  for (const RuleResult& result : results) {
    std::optional<double> value = degree(result);
    if (!value) continue;
    const Rule& rule = rules.rules[result.rule];
    PillarSum& sum = sums[index_of(rule.pillar)];
    sum.points += weight_of(rule.severity) * *value;
    sum.weight += weight_of(rule.severity);
  }
  return sums;
}

std::optional<double> pillar_value(const PillarSum& sum) {
  if (sum.weight <= 0) return std::nullopt;
  return 100 * sum.points / sum.weight;
}

int level_of(std::optional<Tenths> value) {
  if (!value) return 1;
  if (*value >= 850) return 5;
  if (*value >= 700) return 4;
  if (*value >= 500) return 3;
  return *value >= 300 ? 2 : 1;
}

void count(Verdict verdict, Tally& tally) {
  switch (verdict) {
    case Verdict::pass: ++tally.pass; break;
    case Verdict::fail: ++tally.fail; break;
    case Verdict::unknown: ++tally.unknown; break;
    case Verdict::waived: ++tally.waived; break;
    case Verdict::not_applicable: ++tally.not_applicable; break;
  }
}

void tally_host_rule(const std::vector<AssessedHost>& hosts, RuleResult& result) {
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const auto& verdicts = hosts[i].judgement.verdicts;
    Verdict verdict = result.rule < verdicts.size() ? verdicts[result.rule] : Verdict::unknown;
    count(verdict, result.tally);
    if (verdict == Verdict::fail) result.failing.push_back(i);
    if (verdict == Verdict::unknown) result.unknown.push_back(i);
    if (verdict == Verdict::waived) result.waived.push_back(i);
  }
  // An accepted risk keeps its price: a waived host counts as failing.
  int known = result.tally.pass + result.tally.fail + result.tally.waived;
  if (known > 0) result.degree = static_cast<double>(result.tally.pass) / known;
}

void fill_pillars(const RuleSet& rules, const std::vector<RuleResult>& results, const PillarSums& known, Score& score) {
  PillarSums lower = sums_of(rules, results, [](const RuleResult& r) { return bound_of(r, false); });
  PillarSums upper = sums_of(rules, results, [](const RuleResult& r) { return bound_of(r, true); });
  double weights = 0;
  for (int i = 0; i < kPillarCount; ++i) {
    auto at = static_cast<std::size_t>(i);
    if (known[at].weight > 0) weights += weight_of(static_cast<Pillar>(i));
  }
  for (int i = 0; i < kPillarCount; ++i) {
    auto at = static_cast<std::size_t>(i);
    PillarResult& pillar = score.pillars[at];
    pillar.pillar = static_cast<Pillar>(i);
    pillar.value = pillar_value(known[at]);
    pillar.lower = pillar_value(lower[at]);
    pillar.upper = pillar_value(upper[at]);
    if (pillar.value) pillar.share = weight_of(pillar.pillar) / weights;
  }
  // Rounded alone each bound could pass the value by a tenth.
  if (auto bound = total(lower)) score.lower = std::min(tenths(*bound), score.value.value_or(1000));
  if (auto bound = total(upper)) score.upper = std::max(tenths(*bound), score.value.value_or(0));
}

// Shares the score out to pillars, and each pillar's part to its rules.
void share_out(const RuleSet& rules, const PillarSums& known, Score& score, std::vector<RuleResult>& results) {
  if (!score.value) return;
  std::vector<double> shares;
  for (const PillarResult& pillar : score.pillars) shares.push_back(10 * pillar.share * pillar.value.value_or(0));
  std::vector<int> parts = apportion(shares, *score.value);
  for (std::size_t at = 0; at < score.pillars.size(); ++at) {
    score.pillars[at].contribution = parts[at];
    std::vector<std::size_t> members;
    std::vector<double> member_shares;
    for (std::size_t i = 0; i < results.size(); ++i) {
      const Rule& rule = rules.rules[results[i].rule];
      if (index_of(rule.pillar) != at || !results[i].degree) continue;
      members.push_back(i);
      member_shares.push_back(1000 * score.pillars[at].share * weight_of(rule.severity) * *results[i].degree /
                              known[at].weight);
    }
    std::vector<int> member_parts = apportion(member_shares, parts[at]);
    for (std::size_t k = 0; k < members.size(); ++k) results[members[k]].contribution = member_parts[k];
  }
}

double share_known(const std::vector<RuleResult>& results) {
  std::int64_t applicable = 0, unknown = 0;
  for (const RuleResult& result : results) {
    applicable += result.tally.applicable();
    unknown += result.tally.unknown;
  }
  if (applicable == 0) return 0;
  return static_cast<double>(applicable - unknown) / static_cast<double>(applicable);
}

}  // namespace

Tenths tenths(double points) { return static_cast<Tenths>(std::floor(points * 10 + 0.5 + kNoise)); }

std::vector<int> apportion(const std::vector<double>& shares, int target) {
  std::vector<int> parts;
  std::vector<double> remainders;
  for (double share : shares) {
    double whole = std::floor(share + kNoise);
    parts.push_back(static_cast<int>(whole));
    remainders.push_back(std::max(0.0, share - whole));
  }
  std::vector<std::size_t> order(shares.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    // Equal but for noise is equal, or the order would depend on how a sum was rounded.
    return remainders[a] > remainders[b] + kNoise;
  });
  int left = target - std::accumulate(parts.begin(), parts.end(), 0);
  for (std::size_t k = 0; k < order.size() && left > 0; ++k, --left) ++parts[order[k]];
  for (std::size_t k = order.size(); k-- > 0 && left < 0;) {
    if (parts[order[k]] > 0) --parts[order[k]], ++left;
  }
  return parts;
}

std::optional<double> total(const PillarSums& sums) {
  double points = 0, weights = 0;
  for (int i = 0; i < kPillarCount; ++i) {
    auto value = pillar_value(sums[static_cast<std::size_t>(i)]);
    if (!value) continue;
    points += weight_of(static_cast<Pillar>(i)) * *value;
    weights += weight_of(static_cast<Pillar>(i));
  }
  if (weights <= 0) return std::nullopt;
  return points / weights;
}

PillarSums known_sums(const RuleSet& rules, const std::vector<RuleResult>& results) {
  return sums_of(rules, results, [](const RuleResult& result) { return result.degree; });
}

double gain_of(const RuleSet& rules, const std::vector<RuleResult>& results, const PillarSums& now,
               const std::vector<std::size_t>& raised) {
  PillarSums then = now;
  for (std::size_t index : raised) {
    const RuleResult& result = results[index];
    if (result.tally.applicable() == 0) continue;
    const Rule& rule = rules.rules[result.rule];
    PillarSum& sum = then[index_of(rule.pillar)];
    if (!result.degree) sum.weight += weight_of(rule.severity);
    sum.points += weight_of(rule.severity) * (1 - result.degree.value_or(0));
  }
  double after = total(then).value_or(0);
  return std::max(0.0, after - total(now).value_or(0));
}

std::vector<RuleResult> tally(const RuleSet& rules, const std::vector<AssessedHost>& hosts,
                              const std::vector<std::optional<double>>& aggregates) {
  std::vector<RuleResult> results(rules.rules.size());
  cel::Lookup fleet = fleet_lookup(rules, aggregates);
  for (std::size_t i = 0; i < results.size(); ++i) {
    RuleResult& result = results[i];
    result.rule = i;
    if (!rules.rules[i].fleet) {
      tally_host_rule(hosts, result);
      continue;
    }
    if (hosts.empty()) continue;
    Decision decision = decide(rules.rules[i], fleet);
    count(decision.verdict, result.tally);
    result.degree = decision.degree;
  }
  return results;
}

std::vector<GateResult> judge_gates(const RuleSet& rules, const std::vector<RuleResult>& results,
                                    const std::vector<std::optional<double>>& aggregates) {
  std::vector<GateResult> out;
  cel::Lookup fleet = fleet_lookup(rules, aggregates);
  for (std::size_t i = 0; i < rules.gates.size(); ++i) {
    const Gate& gate = rules.gates[i];
    GateResult result;
    result.gate = i;
    for (const RuleResult& rule : results) {
      const std::string& id = rules.rules[rule.rule].id;
      if (std::find(gate.rules.begin(), gate.rules.end(), id) == gate.rules.end()) continue;
      if (rule.tally.fail + rule.tally.waived > 0) result.failing_rules.push_back(rule.rule);
      if (rule.tally.unknown > 0) result.unknown = true;
    }
    Verdict shut = gate.shut_when ? decide(*gate.shut_when, fleet) : Verdict::fail;
    result.shut = !result.failing_rules.empty() || shut == Verdict::pass;
    result.unknown = !result.shut && (result.unknown || shut == Verdict::unknown);
    out.push_back(std::move(result));
  }
  return out;
}

Score make_score(const RuleSet& rules, const std::vector<AssessedHost>& hosts, std::vector<RuleResult>& results,
                 const std::vector<GateResult>& gates) {
  Score score;
  PillarSums known = known_sums(rules, results);
  if (auto value = total(known)) score.value = tenths(*value);
  fill_pillars(rules, results, known, score);
  share_out(rules, known, score, results);
  for (std::size_t i = 0; i < results.size(); ++i) {
    results[i].gain = tenths(gain_of(rules, results, known, {i}));
  }
  score.level_without_gates = level_of(score.value);
  score.level = score.level_without_gates;
  for (const GateResult& gate : gates) {
    if (gate.shut) score.level = std::min(score.level, rules.gates[gate.gate].level);
  }
  score.checks_known = share_known(results);
  score.hosts = static_cast<int>(hosts.size());
  for (const AssessedHost& host : hosts) {
    score.newest_scan = std::max(score.newest_scan, host.taken_at);
    score.oldest_scan = score.oldest_scan == 0 ? host.taken_at : std::min(score.oldest_scan, host.taken_at);
  }
  return score;
}

}  // namespace plumbline
