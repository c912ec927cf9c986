// SPDX-License-Identifier: Apache-2.0
// Scores a fleet three times: as it was, as much of that as is seen now, and as it is.
#include "rules/score_change.h"

#include <unordered_map>

#include "rules/score.h"

namespace plumbline {
namespace {

// One host as it enters a score: what `was` knows counts where `is` knows it, too.
struct Seen {
  const Judgement* is = nullptr;
  const Judgement* was = nullptr;  // nullptr: only what is
};

Verdict verdict_in(const Judgement& judgement, std::size_t rule) {
  return rule < judgement.verdicts.size() ? judgement.verdicts[rule] : Verdict::unknown;
}

Verdict verdict_of(const Seen& host, std::size_t rule) {
  const Verdict is = verdict_in(*host.is, rule);
  if (host.was == nullptr || is == Verdict::unknown) return is;
  const Verdict was = verdict_in(*host.was, rule);
  return was == Verdict::unknown ? is : was;
}

std::optional<double> measure_in(const Judgement& judgement, std::size_t measure) {
  return measure < judgement.measures.size() ? judgement.measures[measure] : std::nullopt;
}

std::optional<double> measure_of(const Seen& host, std::size_t measure) {
  const std::optional<double> is = measure_in(*host.is, measure);
  if (host.was == nullptr || !is) return is;
  const std::optional<double> was = measure_in(*host.was, measure);
  return was ? was : is;
}

std::vector<std::optional<double>> aggregates_of(const RuleSet& rules, const std::vector<Seen>& hosts) {
  std::vector<std::optional<double>> out;
  std::vector<double> values;
  for (std::size_t i = 0; i < rules.measures.size(); ++i) {
    values.clear();
    for (const Seen& host : hosts)
      if (const auto value = measure_of(host, i)) values.push_back(*value);
    out.push_back(aggregate(rules.measures[i].aggregate, values));
  }
  return out;
}

std::optional<Tenths> value_of(const RuleSet& rules, const std::vector<Seen>& hosts) {
  if (hosts.empty()) return std::nullopt;
  // Fleet rules are decided on the aggregates, whatever host is there; host rules are counted here.
  std::vector<RuleResult> results = tally(rules, std::vector<AssessedHost>(1), aggregates_of(rules, hosts));
  struct Count { int pass = 0, known = 0; };
  std::vector<Count> counts(rules.rules.size());
  for (const Seen& host : hosts)
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const Verdict verdict = verdict_of(host, i);
      const bool passes = verdict == Verdict::pass;
      counts[i].pass += passes ? 1 : 0;
      counts[i].known += passes || verdict == Verdict::fail || verdict == Verdict::waived ? 1 : 0;
    }
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (rules.rules[i].fleet) continue;
    results[i].degree.reset();
    if (counts[i].known > 0) results[i].degree = static_cast<double>(counts[i].pass) / counts[i].known;
  }
  const auto value = total(known_sums(rules, results));
  return value ? std::optional(tenths(*value)) : std::nullopt;
}

std::vector<Seen> as_they_are(const std::vector<HostVerdicts>& hosts) {
  std::vector<Seen> out;
  out.reserve(hosts.size());
  for (const HostVerdicts& host : hosts) out.push_back({host.judgement, nullptr});
  return out;
}

}  // namespace

ScoreChange& ScoreChange::operator+=(const ScoreChange& more) {
  fleet += more.fleet;
  rules += more.rules;
  coverage += more.coverage;
  return *this;
}

std::vector<HostVerdicts> verdicts_of(const std::vector<AssessedHost>& hosts) {
  std::vector<HostVerdicts> out;
  out.reserve(hosts.size());
  for (const AssessedHost& host : hosts) out.push_back({host.id, &host.judgement});
  return out;
}

std::optional<Tenths> score_value(const RuleSet& rules, const std::vector<HostVerdicts>& hosts) {
  return value_of(rules, as_they_are(hosts));
}

std::optional<ScoreChange> change_of_hosts(const RuleSet& rules, const std::vector<HostVerdicts>& before,
                                           const std::vector<HostVerdicts>& after) {
  std::unordered_map<std::string_view, const Judgement*> known;
  for (const HostVerdicts& host : before) known.emplace(host.id, host.judgement);
  std::vector<Seen> kept = as_they_are(after);
  for (std::size_t i = 0; i < after.size(); ++i)
    if (const auto found = known.find(after[i].id); found != known.end()) kept[i].was = found->second;
  const auto was = value_of(rules, as_they_are(before)), is = value_of(rules, as_they_are(after));
  if (!was || !is) return std::nullopt;
  const Tenths between = value_of(rules, kept).value_or(*is);
  return ScoreChange{.fleet = *is - between, .rules = 0, .coverage = between - *was};
}

std::optional<ScoreChange> change_of_rules(const RuleSet& was, const std::vector<HostVerdicts>& was_hosts, const RuleSet& is,
                                           const std::vector<HostVerdicts>& is_hosts) {
  const auto before = score_value(was, was_hosts), after = score_value(is, is_hosts);
  if (!before || !after) return std::nullopt;
  return ScoreChange{.fleet = 0, .rules = *after - *before, .coverage = 0};
}

}  // namespace plumbline
