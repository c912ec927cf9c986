// SPDX-License-Identifier: Apache-2.0
// Chooses the host for each workload and tells what is missing there; the decisions are described in assessment.h.
#include "rules/workload.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "rules/fact_values.h"

namespace plumbline {
namespace {

constexpr CostClass kDearestChange = CostClass::c2;  // what a pilot may buy without a business case of its own
constexpr std::size_t kShownNearest = 3;

// What stands between a host and a state of a workload.
struct Distance {
  int unmet = 0;      // requirements that fail
  int actions = 0;    // different fixes of security rules that fail
  int undecided = 0;  // requirements and security rules that could not be decided
  double effort_days = 0;
  CostClass cost = CostClass::c0;

  int changes() const { return unmet + actions; }
  WorkloadState state() const {
    if (cost > kDearestChange) return WorkloadState::not_ready;
    if (undecided > 0) return WorkloadState::unknown;
    return changes() > 0 ? WorkloadState::after_changes : WorkloadState::ready;
  }
};

struct Candidate {
  std::size_t host = 0;
  Distance pilot;
  Distance production;      // pilot and the recommended requirements
  bool meets_minimum = false;
};

// One workload seen against one fleet.
struct View {
  const RuleSet& rules;
  const Workload& workload;
  std::size_t first;  // of its requirements in requirements_of()
  const std::vector<AssessedHost>& hosts;
  const std::vector<RuleResult>& results;
  cel::Lookup fleet;

  Verdict requirement(std::size_t index, const Requirement& requirement, std::size_t host) const {
    if (requirement.fleet) return decide(requirement.check, fleet);
    const auto& verdicts = hosts[host].judgement.requirements;
    return first + index < verdicts.size() ? verdicts[first + index] : Verdict::unknown;
  }
  Verdict rule(std::size_t index, std::size_t host) const {
    if (!rules.rules[index].fleet) {
      const auto& verdicts = hosts[host].judgement.verdicts;
      Verdict verdict = index < verdicts.size() ? verdicts[index] : Verdict::unknown;
      return verdict == Verdict::waived ? Verdict::fail : verdict;  // an accepted risk stands in the way as before
    }
    const Tally& tally = results[index].tally;
    if (tally.fail + tally.waived > 0) return Verdict::fail;
    if (tally.unknown > 0) return Verdict::unknown;
    return tally.pass > 0 ? Verdict::pass : Verdict::not_applicable;
  }
};

void add_requirement(Verdict verdict, const Requirement& requirement, Distance& distance) {
  if (verdict == Verdict::unknown) ++distance.undecided;
  if (verdict != Verdict::fail) return;
  ++distance.unmet;
  distance.effort_days += requirement.effort_days;
  distance.cost = std::max(distance.cost, requirement.cost);
}

std::vector<std::size_t> security_rules(const View& view) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < view.rules.rules.size(); ++i) {
    const auto& ids = view.workload.security_rules;
    if (std::find(ids.begin(), ids.end(), view.rules.rules[i].id) != ids.end()) out.push_back(i);
  }
  return out;
}

void add_security(const View& view, const std::vector<std::size_t>& security, std::size_t host, Distance& distance) {
  std::map<std::string_view, double> effort_by_action;
  for (std::size_t index : security) {
    Verdict verdict = view.rule(index, host);
    if (verdict == Verdict::unknown) ++distance.undecided;
    if (verdict != Verdict::fail) continue;
    const Rule& rule = view.rules.rules[index];
    double& effort = effort_by_action[rule.action];
    effort = std::max(effort, rule.fix.effort_days);
    distance.cost = std::max(distance.cost, rule.fix.cost);
  }
  distance.actions = static_cast<int>(effort_by_action.size());
  for (const auto& [action, effort] : effort_by_action) distance.effort_days += effort;
}

Candidate measure_host(const View& view, const std::vector<std::size_t>& security, std::size_t host) {
  Candidate out;
  out.host = host;
  const auto& minimum = view.workload.minimum;
  const auto& recommended = view.workload.recommended;
  for (std::size_t i = 0; i < minimum.size(); ++i) {
    add_requirement(view.requirement(i, minimum[i], host), minimum[i], out.pilot);
  }
  out.meets_minimum = out.pilot.unmet == 0 && out.pilot.undecided == 0;
  add_security(view, security, host, out.pilot);
  out.production = out.pilot;
  for (std::size_t i = 0; i < recommended.size(); ++i) {
    add_requirement(view.requirement(minimum.size() + i, recommended[i], host), recommended[i], out.production);
  }
  return out;
}

// Smaller is nearer; hosts are sorted by name already, so the index ends every tie the same way.
auto rank(const Candidate& candidate) {
  const Distance& pilot = candidate.pilot;
  const Distance& production = candidate.production;
  return std::make_tuple(pilot.cost > kDearestChange, pilot.changes() + pilot.undecided, pilot.changes(),
                         pilot.effort_days, pilot.cost, production.changes() + production.undecided,
                         production.effort_days, candidate.host);
}

RequirementResult show(const View& view, const Requirement& requirement, std::size_t index, std::size_t host,
                       const cel::Lookup& facts) {
  RequirementResult out;
  out.requirement = &requirement;
  out.verdict = view.requirement(index, requirement, host);
  const cel::Lookup& lookup = requirement.fleet ? view.fleet : facts;
  if (!lookup) return out;
  if (requirement.observed) out.observed = show_observed(*requirement.observed, lookup);
  return out;
}

void fill_evidence(const View& view, const std::vector<std::size_t>& security, std::size_t host,
                   const nlohmann::json* facts, WorkloadResult& out) {
  std::optional<FactValues> values;
  cel::Lookup lookup;
  if (facts) {
    values.emplace(*facts);
    lookup = values->lookup();
  }
  const auto& minimum = view.workload.minimum;
  const auto& recommended = view.workload.recommended;
  for (std::size_t i = 0; i < minimum.size(); ++i) {
    out.minimum.push_back(show(view, minimum[i], i, host, lookup));
  }
  for (std::size_t i = 0; i < recommended.size(); ++i) {
    out.recommended.push_back(show(view, recommended[i], minimum.size() + i, host, lookup));
  }
  for (std::size_t index : security) {
    Verdict verdict = view.rule(index, host);
    if (verdict == Verdict::fail) out.blocking_rules.push_back(index);
    if (verdict == Verdict::unknown) out.undecided_rules.push_back(index);
  }
}

WorkloadResult judge_workload(const View& view, std::size_t index,
                              const std::function<const nlohmann::json*(std::size_t)>& facts) {
  WorkloadResult out;
  out.workload = index;
  if (view.hosts.empty()) {
    for (const Requirement& one : view.workload.minimum) out.minimum.push_back({&one, Verdict::unknown, ""});
    for (const Requirement& one : view.workload.recommended) out.recommended.push_back({&one, Verdict::unknown, ""});
    return out;
  }
  std::vector<std::size_t> security = security_rules(view);
  std::vector<Candidate> candidates;
  for (std::size_t host = 0; host < view.hosts.size(); ++host) {
    candidates.push_back(measure_host(view, security, host));
  }
  std::sort(candidates.begin(), candidates.end(),
            [](const Candidate& a, const Candidate& b) { return rank(a) < rank(b); });
  const Candidate& best = candidates.front();
  out.carried = best.meets_minimum;
  for (const Candidate& candidate : candidates) {
    if (out.carried ? candidate.meets_minimum : out.hosts.size() < kShownNearest) out.hosts.push_back(candidate.host);
  }
  out.pilot = best.pilot.state();
  out.production = best.production.state();
  out.changes = best.pilot.changes();
  out.effort_days = best.pilot.effort_days;
  out.cost = best.pilot.cost;
  fill_evidence(view, security, best.host, facts ? facts(best.host) : nullptr, out);
  return out;
}

}  // namespace

std::vector<WorkloadResult> judge_workloads(const RuleSet& rules, const std::vector<AssessedHost>& hosts,
                                            const std::vector<RuleResult>& results,
                                            const std::vector<std::optional<double>>& aggregates,
                                            const std::function<const nlohmann::json*(std::size_t)>& facts) {
  std::vector<WorkloadResult> out;
  std::size_t first = 0;
  for (std::size_t i = 0; i < rules.workloads.size(); ++i) {
    const Workload& workload = rules.workloads[i];
    View view{rules, workload, first, hosts, results, fleet_lookup(rules, aggregates)};
    out.push_back(judge_workload(view, i, facts));
    first += workload.minimum.size() + workload.recommended.size();
  }
  return out;
}

}  // namespace plumbline
