// SPDX-License-Identifier: Apache-2.0
// Puts score, gates, workloads and actions together, and writes them as JSON.
#include "rules/assessment.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <tuple>

#include "base/json.h"
#include "base/time.h"
#include "rules/accepted.h"
#include "rules/cause.h"
#include "rules/fact_values.h"
#include "rules/roadmap.h"
#include "rules/score.h"
#include "rules/workload.h"

namespace plumbline {
namespace {

using nlohmann::json;

std::vector<std::size_t> order_of(const std::vector<AssessedHost>& hosts) {
  std::vector<std::size_t> order(hosts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::tie(hosts[a].name, hosts[a].id) < std::tie(hosts[b].name, hosts[b].id);
  });
  return order;
}

std::vector<std::size_t> findings_of(const RuleSet& rules, const std::vector<RuleResult>& results) {
  std::vector<std::size_t> out;
  for (const RuleResult& result : results) {
    if (result.is_finding()) out.push_back(result.rule);
  }
  std::stable_sort(out.begin(), out.end(), [&](std::size_t a, std::size_t b) {
    if (rules.rules[a].severity != rules.rules[b].severity) return rules.rules[a].severity > rules.rules[b].severity;
    if (results[a].gain != results[b].gain) return results[a].gain > results[b].gain;
    return rules.rules[a].id < rules.rules[b].id;
  });
  return out;
}

// ---- JSON

json points(Tenths value) { return value / 10.0; }
json points(std::optional<Tenths> value) { return value ? json(*value / 10.0) : json(); }
json number(std::optional<double> value) { return value ? json(*value) : json(); }

std::vector<std::string> rule_ids(const RuleSet& rules, const std::vector<std::size_t>& indexes) {
  std::vector<std::string> out;
  for (std::size_t index : indexes) out.push_back(rules.rules[index].id);
  return out;
}
std::vector<std::string> host_ids(const Assessment& assessment, const std::vector<std::size_t>& indexes) {
  std::vector<std::string> out;
  for (std::size_t index : indexes) out.push_back(assessment.hosts[index].id);
  return out;
}
json moment(std::int64_t seconds) { return seconds > 0 ? json(to_iso8601(seconds)) : json(); }

json score_json(const Score& score) {
  json pillars = json::array();
  for (const PillarResult& pillar : score.pillars) {
    pillars.push_back({{"pillar", to_text(pillar.pillar)},
                       {"title", title_of(pillar.pillar)},
                       {"value", number(pillar.value)},
                       {"lower", number(pillar.lower)},
                       {"upper", number(pillar.upper)},
                       {"share", pillar.share},
                       {"contribution", points(pillar.contribution)}});
  }
  return {{"value", points(score.value)},
          {"lower", points(score.lower)},
          {"upper", points(score.upper)},
          {"level", score.level},
          {"level_title", level_title(score.level)},
          {"level_without_gates", score.level_without_gates},
          {"checks_known", score.checks_known},
          {"hosts", score.hosts},
          {"oldest_scan", moment(score.oldest_scan)},
          {"newest_scan", moment(score.newest_scan)},
          {"pillars", pillars}};
}

json tally_json(const Tally& tally) {
  return {{"pass", tally.pass},
          {"fail", tally.fail},
          {"unknown", tally.unknown},
          {"not_applicable", tally.not_applicable},
          {"waived", tally.waived}};
}

json rule_json(const RuleSet& rules, const Assessment& assessment, const RuleResult& result) {
  const Rule& rule = rules.rules[result.rule];
  json out = {{"id", rule.id},
          {"title", rule.title},
          {"pillar", to_text(rule.pillar)},
          {"severity", to_text(rule.severity)},
          {"scope", rule.fleet ? "fleet" : "host"},
          {"tally", tally_json(result.tally)},
          {"degree", number(result.degree)},
          {"contribution", points(result.contribution)},
          {"gain", points(result.gain)},
          {"accepted", points(result.accepted)},
          {"failing", host_ids(assessment, result.failing)},
          {"waived", host_ids(assessment, result.waived)},
          {"unknown", host_ids(assessment, result.unknown)}};
  // Of one cause with others: most rules never are.
  if (!result.also_seen_as.empty()) out["also_seen_as"] = rule_ids(rules, result.also_seen_as);
  if (!result.told_under.empty()) out["told_under"] = rule_ids(rules, result.told_under);
  if (!result.told_elsewhere.empty()) out["told_elsewhere"] = host_ids(assessment, result.told_elsewhere);
  return out;
}

json gate_json(const RuleSet& rules, const GateResult& result) {
  const Gate& gate = rules.gates[result.gate];
  return {{"id", gate.id},       {"title", gate.title},         {"level", gate.level},
          {"shut", result.shut}, {"unknown", result.unknown},   {"failing_rules", rule_ids(rules, result.failing_rules)}};
}

json requirements_json(const std::vector<RequirementResult>& results) {
  json out = json::array();
  for (const RequirementResult& result : results) {
    out.push_back({{"id", result.requirement->id},
                   {"text", result.requirement->text},
                   {"verdict", to_text(result.verdict)},
                   {"observed", result.observed}});
  }
  return out;
}

json needed_json(const std::vector<NeededChange>& needed) {
  json out = json::array();
  for (const NeededChange& change : needed) {
    json one = {{"action", nullptr}, {"requirement", nullptr}, {"effort_days", change.effort_days}, {"cost", to_text(change.cost)}};
    if (change.requirement) {
      one["requirement"] = change.requirement->id;
      one["text"] = change.requirement->text;
    } else {
      one["action"] = change.action;
    }
    out.push_back(std::move(one));
  }
  return out;
}

json workload_json(const RuleSet& rules, const Assessment& assessment, const WorkloadResult& result) {
  const Workload& workload = rules.workloads[result.workload];
  return {{"id", workload.id},
          {"title", workload.title},
          {"pilot", to_text(result.pilot)},
          {"production", to_text(result.production)},
          {"carried", result.carried},
          {"hosts", host_ids(assessment, result.hosts)},
          {"minimum", requirements_json(result.minimum)},
          {"recommended", requirements_json(result.recommended)},
          {"blocking_rules", rule_ids(rules, result.blocking_rules)},
          {"undecided_rules", rule_ids(rules, result.undecided_rules)},
          {"changes", result.changes},
          {"effort_days", result.effort_days},
          {"cost", to_text(result.cost)},
          {"needed", needed_json(result.needed)},
          {"needed_for_production", needed_json(result.needed_for_production)}};
}

std::vector<std::string> workload_ids(const RuleSet& rules, const std::vector<std::size_t>& indexes) {
  std::vector<std::string> out;
  for (std::size_t index : indexes) out.push_back(rules.workloads[index].id);
  return out;
}

json action_json(const RuleSet& rules, const Assessment& assessment, const Action& action) {
  std::vector<std::string> gates, after;
  for (std::size_t gate : action.opens_gates) gates.push_back(rules.gates[gate].id);
  for (std::size_t first : action.after) after.push_back(assessment.actions[first].id);
  return {{"id", action.id},
          {"rules", rule_ids(rules, action.rules)},
          {"hosts", host_ids(assessment, action.hosts)},
          {"gain", points(action.gain)},
          {"effort_days", action.effort_days},
          {"cost", to_text(action.cost)},
          {"owner", action.owner},
          {"opens_gates", gates},
          {"phase", action.phase},
          {"after", after},
          {"unlocks", workload_ids(rules, action.unlocks)},
          {"helps", workload_ids(rules, action.helps)}};
}

json risk_json(const RuleSet& rules, const Assessment& assessment, const AcceptedRisk& risk) {
  const Waiver& waiver = rules.waivers[risk.waiver];
  return {{"rule", waiver.rule},
          {"hosts", waiver.hosts},
          {"owner", waiver.owner},
          {"reason", waiver.reason},
          {"until", waiver.until},
          {"state", to_text(risk.state)},
          {"failing", host_ids(assessment, risk.hosts)},
          {"points", points(risk.points)}};
}

json disabled_json(const DisabledRule& rule) {
  return {{"id", rule.id}, {"title", rule.title}, {"reason", rule.reason}};
}

json host_json(const RuleSet& rules, const AssessedHost& host) {
  Tally tally;
  for (std::size_t i = 0; i < host.judgement.verdicts.size() && i < rules.rules.size(); ++i) {
    if (rules.rules[i].fleet) continue;
    switch (host.judgement.verdicts[i]) {
      case Verdict::pass: ++tally.pass; break;
      case Verdict::fail: ++tally.fail; break;
      case Verdict::unknown: ++tally.unknown; break;
      case Verdict::waived: ++tally.waived; break;
      case Verdict::not_applicable: ++tally.not_applicable; break;
    }
  }
  return {{"id", host.id}, {"name", host.name}, {"taken_at", moment(host.taken_at)}, {"tally", tally_json(tally)}};
}

}  // namespace

std::string show_points(Tenths value) {
  std::string sign = value < 0 ? "-" : "";
  int size = value < 0 ? -value : value;
  return sign + std::to_string(size / 10) + "." + std::to_string(size % 10);
}

std::string_view level_title(int level) {
  switch (level) {
    case 2: return "Foundations";
    case 3: return "Pilot-ready";
    case 4: return "Production-ready";
    case 5: return "Scaling";
    default: return "Not ready";
  }
}

std::string_view to_text(WorkloadState state) {
  switch (state) {
    case WorkloadState::ready: return "ready";
    case WorkloadState::after_changes: return "after_changes";
    case WorkloadState::not_ready: return "not_ready";
    case WorkloadState::unknown: return "unknown";
  }
  return "";
}

std::optional<double> aggregate(Aggregate how, const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  switch (how) {
    case Aggregate::sum: return sum;
    case Aggregate::max: return *std::max_element(values.begin(), values.end());
    case Aggregate::min: return *std::min_element(values.begin(), values.end());
    case Aggregate::average: return sum / static_cast<double>(values.size());
    case Aggregate::count:
      return static_cast<double>(std::count_if(values.begin(), values.end(), [](double v) { return v > 0; }));
  }
  return std::nullopt;
}

std::vector<std::optional<double>> aggregate(const RuleSet& rules, const std::vector<AssessedHost>& hosts) {
  std::vector<std::optional<double>> out;
  std::vector<double> values;
  for (std::size_t i = 0; i < rules.measures.size(); ++i) {
    values.clear();
    for (const AssessedHost& host : hosts) {
      const auto& measures = host.judgement.measures;
      if (i < measures.size() && measures[i]) values.push_back(*measures[i]);
    }
    out.push_back(aggregate(rules.measures[i].aggregate, values));
  }
  return out;
}

Assessment assess(const RuleSet& rules, std::vector<AssessedHost> hosts,
                  const std::function<const json*(std::size_t)>& facts_of_host) {
  Assessment out;
  std::vector<std::size_t> order = order_of(hosts);
  for (std::size_t index : order) out.hosts.push_back(std::move(hosts[index]));
  for (const AssessedHost& host : out.hosts) out.as_of = std::max(out.as_of, host.taken_at);
  out.risks = accept_risks(rules, out.hosts, out.as_of);
  out.measures = aggregate(rules, out.hosts);
  out.rules = tally(rules, out.hosts, out.measures);
  accept_fleet_risks(rules, out.as_of, out.rules, out.risks);
  out.gates = judge_gates(rules, out.rules, out.measures);
  out.score = make_score(rules, out.hosts, out.rules, out.gates);
  price_risks(rules, out.rules, out.risks);
  auto facts = [&](std::size_t host) { return facts_of_host ? facts_of_host(order[host]) : nullptr; };
  ActionDrafts drafts = make_actions(rules, out.rules, out.gates);
  JudgedWorkloads judged = judge_workloads(rules, out.hosts, out.rules, drafts.actions, out.measures, facts);
  link_workloads(judged, drafts.actions);
  out.workloads = std::move(judged.results);
  out.actions = in_order(std::move(drafts));
  out.serving = serve_workloads(rules, out.hosts);
  out.stranded = stranded_cards(rules, out.hosts);
  group_by_cause(rules, out.hosts, out.rules);
  out.findings = findings_of(rules, out.rules);
  return out;
}

Score score_of_host(const RuleSet& rules, const AssessedHost& host) {
  std::vector<AssessedHost> hosts = {host};
  auto measures = aggregate(rules, hosts);
  std::vector<RuleResult> results = tally(rules, hosts, measures);
  for (RuleResult& result : results) {
    if (!rules.rules[result.rule].fleet) continue;
    const std::size_t rule = result.rule;
    result = {};  // whether the company owns a fast disk says nothing about this host
    result.rule = rule;
    result.tally.not_applicable = 1;
  }
  return make_score(rules, hosts, results, judge_gates(rules, results, measures));
}

std::string to_json(const RuleSet& rules, const Assessment& assessment) {
  json out = {{"schema", 1},
              {"as_of", moment(assessment.as_of)},
              {"rule_set", {{"hash", rules.hash}, {"version", rules.version}, {"date", rules.date}}},
              {"score", score_json(assessment.score)},
              {"findings", rule_ids(rules, assessment.findings)}};
  for (const char* list : {"rules", "gates", "workloads", "actions", "hosts", "accepted_risks", "disabled_rules"}) out[list] = json::array();
  out["measures"] = json::object();
  out["serving"] = serving_json(rules, assessment);
  out["stranded"] = stranded_json(assessment);
  for (const RuleResult& result : assessment.rules) out["rules"].push_back(rule_json(rules, assessment, result));
  for (const GateResult& result : assessment.gates) out["gates"].push_back(gate_json(rules, result));
  for (std::size_t i = 0; i < assessment.measures.size(); ++i) {
    out["measures"][rules.measures[i].id] = number(assessment.measures[i]);
  }
  for (const WorkloadResult& result : assessment.workloads) {
    out["workloads"].push_back(workload_json(rules, assessment, result));
  }
  for (const Action& action : assessment.actions) out["actions"].push_back(action_json(rules, assessment, action));
  for (const AcceptedRisk& risk : assessment.risks) out["accepted_risks"].push_back(risk_json(rules, assessment, risk));
  for (const DisabledRule& rule : rules.disabled) out["disabled_rules"].push_back(disabled_json(rule));
  for (const AssessedHost& host : assessment.hosts) out["hosts"].push_back(host_json(rules, host));
  return canonical_json(out);
}

std::vector<Change> changes(const RuleSet& rules, const std::vector<AssessedHost>& before,
                            const std::vector<AssessedHost>& after) {
  std::map<std::string_view, const AssessedHost*> earlier;
  for (const AssessedHost& host : before) earlier[host.id] = &host;
  std::vector<Change> all(rules.rules.size());
  auto note = [&](std::size_t rule, Verdict was, Verdict is) {
    if (was == Verdict::fail && is == Verdict::pass) ++all[rule].newly_passing;
    if (was == Verdict::pass && is == Verdict::fail) ++all[rule].newly_failing;
  };
  for (const AssessedHost& host : after) {
    auto found = earlier.find(host.id);
    if (found == earlier.end()) continue;
    const auto& was = found->second->judgement.verdicts;
    const auto& is = host.judgement.verdicts;
    for (std::size_t i = 0; i < rules.rules.size() && i < was.size() && i < is.size(); ++i) note(i, was[i], is[i]);
  }
  cel::Lookup fleet_before = fleet_lookup(rules, aggregate(rules, before));
  cel::Lookup fleet_after = fleet_lookup(rules, aggregate(rules, after));
  std::vector<Change> out;
  for (std::size_t i = 0; i < rules.rules.size(); ++i) {
    const Rule& rule = rules.rules[i];
    if (rule.fleet && !before.empty()) note(i, decide(rule, fleet_before).verdict, decide(rule, fleet_after).verdict);
    all[i].rule = i;
    if (all[i].newly_passing + all[i].newly_failing > 0) out.push_back(all[i]);
  }
  std::stable_sort(out.begin(), out.end(), [&](const Change& a, const Change& b) {
    if ((a.newly_passing > 0) != (b.newly_passing > 0)) return a.newly_passing > 0;
    return rules.rules[a.rule].severity > rules.rules[b.rule].severity;
  });
  return out;
}

}  // namespace plumbline
