// SPDX-License-Identifier: Apache-2.0
// Edits facts, judges what read them again, and compares.
#include "rules/what_if.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "rules/accepted.h"
#include "rules/fact_values.h"
#include "rules/roadmap.h"
#include "rules/waiver.h"

namespace plumbline {
namespace {

using nlohmann::json;

bool names_host(const std::string& hosts, const AssessedHost& host) { return host.id == hosts || matches_glob(hosts, host.name); }

const std::string& hosts_of(const FactChange& change) {
  const auto* action = std::get_if<ActionDone>(&change.what);
  return action != nullptr ? action->hosts : std::get<FactEdit>(change.what).hosts;
}

Result<void> require_hosts(const FleetFacts& fleet, const FactChange& change) {
  const std::string& wanted = hosts_of(change);
  if (wanted == "*") return {};
  std::vector<std::string> known;
  for (const AssessedHost& host : fleet.hosts) {
    if (names_host(wanted, host)) return {};
    known.push_back(printable(host.name));
  }
  const auto near = did_you_mean(wanted, known);
  return fail(ErrorKind::not_found, printable(change.text) + ": no host is named " + printable(wanted) +
                                        (near ? "; did you mean " + *near + "?" : "; see them all: plumbline-collector hosts"));
}

// ---- facts

// Reads a host's facts with all edits that name it, derived facts as of its scan among them.
struct EditedHost {
  const RuleSet& rules;
  const RuleIndex& index;
  const FleetFacts& fleet;
  const std::vector<FactChange>& changes;

  bool is_touched(std::size_t host) const {
    return std::any_of(changes.begin(), changes.end(), [&](const FactChange& change) {
      return std::holds_alternative<FactEdit>(change.what) && names_host(hosts_of(change), fleet.hosts[host]);
    });
  }

  /// The sections that edits touched are added to `sections`, what they met to `effects`.
  Result<cel::Document*> read(FactReader& reader, std::size_t host, bool edited, std::set<std::string>& sections,
                              std::vector<ChangeEffect>& effects) const {
    const AssessedHost& about = fleet.hosts[host];
    const auto document = fleet.document(host);
    if (!document) return fail("facts of " + printable(about.name), document.error());
    auto facts = reader.read_scan(*document);
    if (!facts) return fail("facts of " + printable(about.name), facts.error());
    const std::vector<bool> meant = edited ? meant_for(host, **facts) : std::vector<bool>(changes.size());
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if (!meant[i]) continue;
      const auto* edit = &std::get<FactEdit>(changes[i].what);
      const EditEffect effect = apply_edit(*edit, **facts);
      sections.insert(edit->path.front().name);
      effects[i].changed += effect.places > 0 ? 1 : 0;
      effects[i].places += effect.places;
      effects[i].unread += effect.was_unread ? 1 : 0;
    }
    derive_facts(**facts, rules.catalogue, about.taken_at);
    return facts;
  }

  // By change: whether it edits this host. Conditions on hosts see facts as they were, so the order of changes does not
  // matter to them.
  std::vector<bool> meant_for(std::size_t host, cel::Document& facts) const {
    std::vector<bool> out(changes.size());
    bool derived = false;
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const auto* edit = std::get_if<FactEdit>(&changes[i].what);
      out[i] = edit != nullptr && names_host(edit->hosts, fleet.hosts[host]);
      if (!out[i] || !edit->where) continue;
      if (!std::exchange(derived, true)) derive_facts(facts, rules.catalogue, fleet.hosts[host].taken_at);
      out[i] = decide(*edit->where, facts) == Verdict::pass;
    }
    return out;
  }

  Result<Judgement> judge_edited(FactReader& reader, std::size_t host, std::vector<ChangeEffect>& effects) const {
    std::set<std::string> sections;
    const auto facts = read(reader, host, true, sections, effects);
    if (!facts) return tl::unexpected(facts.error());
    return index.judge_again(**facts, fleet.hosts[host].judgement, {sections.begin(), sections.end()}, false);
  }

  /// For evidence: what workloads show of the hosts that carry them.
  std::function<const json*(std::size_t)> evidence(bool edited) const {
    auto kept = std::make_shared<std::map<std::size_t, json>>();
    auto reader = std::make_shared<FactReader>();
    return [this, edited, kept, reader](std::size_t host) -> const json* {
      if (const auto found = kept->find(host); found != kept->end()) return &found->second;
      std::set<std::string> sections;
      std::vector<ChangeEffect> effects(changes.size());
      const auto facts = read(*reader, host, edited, sections, effects);
      return facts ? &kept->emplace(host, facts_json(**facts)).first->second : nullptr;
    };
  }
};

// ---- actions

void count_hosts(const FleetFacts& fleet, const std::vector<FactChange>& changes, std::vector<ChangeEffect>& effects) {
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const std::string& wanted = hosts_of(changes[i]);
    effects[i].hosts = static_cast<std::size_t>(std::count_if(fleet.hosts.begin(), fleet.hosts.end(),
                                                              [&](const AssessedHost& host) { return names_host(wanted, host); }));
  }
}

// The host rules of an action pass where they fail. `judged` has waived verdicts: nobody is asked to mend those.
void finish_action(const RuleSet& rules, const ActionDone& action, const std::vector<AssessedHost>& judged,
                   std::vector<AssessedHost>& hosts, ChangeEffect& effect) {
  std::vector<std::size_t> members;
  for (std::size_t i = 0; i < rules.rules.size(); ++i)
    if (rules.rules[i].action == action.action && !rules.rules[i].fleet) members.push_back(i);
  for (std::size_t host = 0; host < hosts.size(); ++host) {
    if (!names_host(action.hosts, hosts[host])) continue;
    std::size_t turned = 0;
    for (const std::size_t rule : members) {
      if (judged[host].judgement.verdicts[rule] != Verdict::fail) continue;
      hosts[host].judgement.verdicts[rule] = Verdict::pass;
      ++turned;
    }
    effect.places += turned;
    effect.changed += turned > 0 ? 1 : 0;
  }
}

void finish_actions(const RuleSet& rules, const std::vector<FactChange>& changes, std::int64_t as_of,
                    std::vector<AssessedHost>& hosts, std::vector<ChangeEffect>& effects) {
  std::vector<AssessedHost> judged = hosts;
  accept_risks(rules, judged, as_of);
  for (std::size_t i = 0; i < changes.size(); ++i)
    if (const auto* action = std::get_if<ActionDone>(&changes[i].what)) finish_action(rules, *action, judged, hosts, effects[i]);
}

// The fleet rules of actions that are done everywhere, but for accepted ones.
std::vector<std::size_t> fleet_rules_done(const RuleSet& rules, const std::vector<FactChange>& changes, const Assessment& before) {
  std::set<std::string> done;
  for (const FactChange& change : changes) {
    const auto* action = std::get_if<ActionDone>(&change.what);
    if (action != nullptr && action->hosts == "*") done.insert(action->action);
  }
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < rules.rules.size(); ++i)
    if (rules.rules[i].fleet && done.contains(rules.rules[i].action) && before.rules[i].tally.waived == 0) out.push_back(i);
  return out;
}

// The rules, or a copy in which these pass.
std::shared_ptr<const RuleSet> rules_that_pass(const RuleSet& rules, const std::vector<std::size_t>& done) {
  if (done.empty()) return {std::shared_ptr<const RuleSet>(), &rules};
  auto copy = std::make_shared<RuleSet>(rules);
  const cel::Program passes = *cel::compile("true", {});
  for (const std::size_t rule : done) copy->rules[rule].check = passes;
  return copy;
}

// ---- what differs

Verdict fleet_verdict(const Tally& tally) {
  if (tally.pass > 0) return Verdict::pass;
  if (tally.fail > 0) return Verdict::fail;
  if (tally.waived > 0) return Verdict::waived;
  return tally.unknown > 0 ? Verdict::unknown : Verdict::not_applicable;
}

void note(Verdict is, std::size_t host, RuleShift& shift) {
  switch (is) {
    case Verdict::pass: shift.passing.push_back(host); break;
    case Verdict::fail:
    case Verdict::waived: shift.failing.push_back(host); break;
    case Verdict::unknown: shift.unknown.push_back(host); break;
    case Verdict::not_applicable: shift.not_applicable.push_back(host); break;
  }
}

bool has_changed(const RuleSet& rules, const RuleShift& shift, const WhatIf& result) {
  if (!shift.passing.empty() || !shift.failing.empty() || !shift.unknown.empty() || !shift.not_applicable.empty()) return true;
  const RuleResult &was = result.before.rules[shift.rule], &is = result.after.rules[shift.rule];
  return rules.rules[shift.rule].fleet && (was.degree != is.degree || fleet_verdict(was.tally) != fleet_verdict(is.tally));
}

std::vector<RuleShift> compare(const RuleSet& rules, const WhatIf& result) {
  std::vector<RuleShift> all(rules.rules.size());
  for (std::size_t host = 0; host < result.after.hosts.size(); ++host) {
    const auto& was = result.before.hosts[host].judgement.verdicts;
    const auto& is = result.after.hosts[host].judgement.verdicts;
    if (was == is) continue;
    for (std::size_t rule = 0; rule < all.size() && rule < was.size() && rule < is.size(); ++rule)
      if (was[rule] != is[rule]) note(is[rule], host, all[rule]);
  }
  std::vector<RuleShift> out;
  for (std::size_t rule = 0; rule < all.size(); ++rule) {
    all[rule].rule = rule;
    all[rule].points = result.after.rules[rule].contribution - result.before.rules[rule].contribution;
    if (has_changed(rules, all[rule], result)) out.push_back(std::move(all[rule]));
  }
  return out;
}

// ---- effort

bool is_failing(Verdict verdict) { return verdict == Verdict::fail || verdict == Verdict::waived; }

// The rules that failed and now pass, as if they were all that fails: the roadmap then merges them and adds them up.
void add_fixes(const RuleSet& rules, WhatIf& result) {
  std::vector<RuleResult> solved(rules.rules.size());
  for (std::size_t rule = 0; rule < solved.size(); ++rule) solved[rule].rule = rule;
  for (const RuleShift& shift : result.rules) {
    RuleResult& one = solved[shift.rule];
    for (const std::size_t host : shift.passing)
      if (is_failing(result.before.hosts[host].judgement.verdicts[shift.rule])) one.failing.push_back(host);
    const bool fleet_passes = rules.rules[shift.rule].fleet && is_failing(fleet_verdict(result.before.rules[shift.rule].tally)) &&
                              fleet_verdict(result.after.rules[shift.rule].tally) == Verdict::pass;
    one.tally.fail = static_cast<int>(one.failing.size()) + (fleet_passes ? 1 : 0);
    if (one.tally.fail > 0) one.degree = 0;
  }
  for (const Action& action : make_actions(rules, solved, {})) {
    result.effort_days += action.effort_days;
    result.cost = std::max(result.cost, action.cost);
  }
}

void add_requirements(const RuleSet& rules, WhatIf& result) {
  const auto requirements = requirements_of(rules);
  for (std::size_t host = 0; host < result.after.hosts.size(); ++host) {
    const auto& was = result.before.hosts[host].judgement.requirements;
    const auto& is = result.after.hosts[host].judgement.requirements;
    double longest = 0;
    for (std::size_t i = 0; i < requirements.size() && i < was.size() && i < is.size(); ++i) {
      if (was[i] != Verdict::fail || is[i] != Verdict::pass) continue;
      longest = std::max(longest, requirements[i]->effort_days);
      result.cost = std::max(result.cost, requirements[i]->cost);
    }
    result.effort_days += longest;
  }
}

// ---- JSON

json points(std::optional<Tenths> value) { return value ? json(*value / 10.0) : json(); }

json score_json(const RuleSet& rules, const Assessment& assessment) {
  json shut = json::array();
  for (const GateResult& gate : assessment.gates)
    if (gate.shut) shut.push_back(rules.gates[gate.gate].id);
  return {{"value", points(assessment.score.value)}, {"lower", points(assessment.score.lower)}, {"upper", points(assessment.score.upper)},
          {"level", assessment.score.level}, {"level_title", level_title(assessment.score.level)},
          {"level_without_gates", assessment.score.level_without_gates}, {"shut_gates", shut}};
}

json workload_json(const Assessment& assessment, const WorkloadResult& result) {
  json out = {{"pilot", to_text(result.pilot)}, {"production", to_text(result.production)}, {"changes", result.changes},
              {"effort_days", result.effort_days}, {"cost", to_text(result.cost)}, {"carried", result.carried}, {"host", nullptr}};
  if (!result.hosts.empty()) out["host"] = assessment.hosts[result.hosts.front()].name;
  return out;
}

json names_json(const Assessment& assessment, const std::vector<std::size_t>& hosts) {
  json out = json::array();
  for (const std::size_t host : hosts) out.push_back({{"id", assessment.hosts[host].id}, {"name", assessment.hosts[host].name}});
  return out;
}

json shift_json(const RuleSet& rules, const WhatIf& result, const RuleShift& shift) {
  const auto degree = [](const RuleResult& one) { return one.degree ? json(*one.degree) : json(); };
  return {{"id", rules.rules[shift.rule].id}, {"points", shift.points / 10.0},
          {"degree_before", degree(result.before.rules[shift.rule])}, {"degree_after", degree(result.after.rules[shift.rule])},
          {"passing", names_json(result.after, shift.passing)}, {"failing", names_json(result.after, shift.failing)},
          {"unknown", names_json(result.after, shift.unknown)}, {"not_applicable", names_json(result.after, shift.not_applicable)}};
}

}  // namespace

Result<WhatIf> what_if(const RuleSet& rules, const RuleIndex& index, const FleetFacts& given,
                       const std::vector<FactChange>& changes) {
  const FleetFacts fleet = in_name_order(given);
  const EditedHost edited{rules, index, fleet, changes};
  WhatIf out;
  out.effects.resize(changes.size());
  for (const FactChange& change : changes)
    if (auto named = require_hosts(fleet, change); !named) return tl::unexpected(named.error());
  count_hosts(fleet, changes, out.effects);
  std::vector<AssessedHost> hosts = fleet.hosts;
  FactReader reader;
  for (std::size_t host = 0; host < hosts.size(); ++host) {
    if (!edited.is_touched(host)) continue;
    auto judgement = edited.judge_edited(reader, host, out.effects);
    if (!judgement) return tl::unexpected(judgement.error());
    hosts[host].judgement = std::move(*judgement);
  }
  out.before = assess(rules, fleet.hosts, edited.evidence(false));
  finish_actions(rules, changes, out.before.as_of, hosts, out.effects);
  out.rules_after = rules_that_pass(rules, fleet_rules_done(rules, changes, out.before));
  out.after = assess(*out.rules_after, std::move(hosts), edited.evidence(true));
  out.rules = compare(rules, out);
  add_fixes(rules, out);
  add_requirements(rules, out);
  return out;
}

std::string to_json(const RuleSet& rules, const std::vector<FactChange>& changes, const WhatIf& result) {
  json out = {{"schema", 1},
              {"rule_set", {{"hash", rules.hash}, {"version", rules.version}, {"date", rules.date}}},
              {"before", score_json(rules, result.before)},
              {"after", score_json(rules, result.after)},
              {"effort_days", result.effort_days},
              {"cost", to_text(result.cost)}};
  for (const char* list : {"changes", "rules", "workloads"}) out[list] = json::array();
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const ChangeEffect& effect = result.effects[i];
    out["changes"].push_back({{"text", changes[i].text}, {"hosts", effect.hosts}, {"hosts_changed", effect.changed},
                              {"places", effect.places}, {"hosts_unread", effect.unread}});
  }
  for (const RuleShift& shift : result.rules) out["rules"].push_back(shift_json(rules, result, shift));
  for (std::size_t i = 0; i < result.after.workloads.size(); ++i)
    out["workloads"].push_back({{"id", rules.workloads[result.after.workloads[i].workload].id},
                                {"before", workload_json(result.before, result.before.workloads[i])},
                                {"after", workload_json(result.after, result.after.workloads[i])}});
  return canonical_json(out);
}

}  // namespace plumbline
