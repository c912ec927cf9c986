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
#include "rules/score.h"
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

// A requirement of hosts that an action meets, by index in Judgement::requirements.
struct HostWay {
  std::size_t requirement;
  std::optional<std::size_t> when;
};

std::vector<HostWay> host_ways(const RuleSet& rules, const std::string& action) {
  const auto requirements = requirements_of(rules);
  const std::size_t first_way = requirements.size() - rules.ways.size();
  std::vector<HostWay> out;
  for (std::size_t i = 0; i < first_way; ++i) {
    if (requirements[i]->fleet) continue;
    for (const Way& way : requirements[i]->met_by)
      if (way.action == action) out.push_back({i, way.when ? std::optional(first_way + *way.when) : std::nullopt});
  }
  return out;
}

void meet_requirements(const std::vector<HostWay>& ways, const Judgement& judged, Judgement& judgement) {
  for (const HostWay& way : ways) {
    if (judged.requirements[way.requirement] != Verdict::fail) continue;
    if (!way.when || judged.requirements[*way.when] == Verdict::pass) judgement.requirements[way.requirement] = Verdict::pass;
  }
}

// The host rules of an action pass where they fail, and where one did, the requirements that it meets are met. `judged` has
// waived verdicts: nobody is asked to mend those.
void finish_action(const RuleSet& rules, const ActionDone& action, const std::vector<AssessedHost>& judged,
                   std::vector<AssessedHost>& hosts, ChangeEffect& effect) {
  std::vector<std::size_t> members;
  for (std::size_t i = 0; i < rules.rules.size(); ++i)
    if (rules.rules[i].action == action.action && !rules.rules[i].fleet) members.push_back(i);
  const std::vector<HostWay> ways = host_ways(rules, action.action);
  for (std::size_t host = 0; host < hosts.size(); ++host) {
    if (!names_host(action.hosts, hosts[host])) continue;
    std::size_t turned = 0;
    for (const std::size_t rule : members) {
      if (judged[host].judgement.verdicts[rule] != Verdict::fail) continue;
      hosts[host].judgement.verdicts[rule] = Verdict::pass;
      ++turned;
    }
    if (turned > 0) meet_requirements(ways, judged[host].judgement, hosts[host].judgement);
    effect.places += turned;
    effect.changed += turned > 0 ? 1 : 0;
  }
}

std::set<std::string> done_everywhere(const std::vector<FactChange>& changes) {
  std::set<std::string> out;
  for (const FactChange& change : changes) {
    const auto* action = std::get_if<ActionDone>(&change.what);
    if (action != nullptr && action->hosts == "*") out.insert(action->action);
  }
  return out;
}

// The rules, or a copy in which others pass and are met.
class RulesAfter {
 public:
  explicit RulesAfter(const RuleSet& rules) : rules_(rules) {}

  // The fleet rules of actions that are done everywhere, but for accepted ones.
  void pass_rules(const std::set<std::string>& done, const std::vector<RuleResult>& results) {
    for (std::size_t i = 0; i < rules_.rules.size(); ++i)
      if (rules_.rules[i].fleet && done.contains(rules_.rules[i].action) && results[i].tally.waived == 0) copy().rules[i].check = passes();
  }

  // Requirements of the fleet that such an action meets, where something of it failed and nothing is accepted.
  void meet_requirements(const std::set<std::string>& done, const std::vector<RuleResult>& results, const cel::Lookup& fleet) {
    for (std::size_t w = 0; w < rules_.workloads.size(); ++w) {
      for (const auto list : {&Workload::minimum, &Workload::recommended}) {
        const std::vector<Requirement>& requirements = rules_.workloads[w].*list;
        for (std::size_t i = 0; i < requirements.size(); ++i)
          if (requirements[i].fleet && is_met(requirements[i], done, results, fleet)) (copy().workloads[w].*list)[i].check = passes();
      }
    }
  }

  std::shared_ptr<const RuleSet> take() { return copy_ ? copy_ : std::shared_ptr<const RuleSet>(std::shared_ptr<const RuleSet>(), &rules_); }

 private:
  static const cel::Program& passes() {
    static const cel::Program program = *cel::compile("true", {});
    return program;
  }
  RuleSet& copy() {
    if (!copy_) copy_ = std::make_shared<RuleSet>(rules_);
    return *copy_;
  }
  bool is_met(const Requirement& requirement, const std::set<std::string>& done, const std::vector<RuleResult>& results,
              const cel::Lookup& fleet) const {
    return std::any_of(requirement.met_by.begin(), requirement.met_by.end(), [&](const Way& way) {
      return done.contains(way.action) && is_wholly_done(way.action, results) &&
             (!way.when || decide(rules_.ways[*way.when].check, fleet) == Verdict::pass);
    });
  }
  bool is_wholly_done(const std::string& action, const std::vector<RuleResult>& results) const {
    int failing = 0, waived = 0;
    for (const RuleResult& result : results) {
      if (rules_.rules[result.rule].action != action) continue;
      failing += result.tally.fail;
      waived += result.tally.waived;
    }
    return failing > 0 && waived == 0;
  }

  const RuleSet& rules_;
  std::shared_ptr<RuleSet> copy_;
};

// Finishes the actions on `hosts`, and gives the rules by which the fleet is to be assessed then.
std::shared_ptr<const RuleSet> finish_actions(const RuleSet& rules, const std::vector<FactChange>& changes, std::int64_t as_of,
                                              std::vector<AssessedHost>& hosts, std::vector<ChangeEffect>& effects) {
  std::vector<AssessedHost> judged = hosts;
  std::vector<AcceptedRisk> risks = accept_risks(rules, judged, as_of);
  for (std::size_t i = 0; i < changes.size(); ++i)
    if (const auto* action = std::get_if<ActionDone>(&changes[i].what)) finish_action(rules, *action, judged, hosts, effects[i]);
  RulesAfter after(rules);
  if (const std::set<std::string> done = done_everywhere(changes); !done.empty()) {
    const auto measures = aggregate(rules, judged);
    std::vector<RuleResult> results = tally(rules, judged, measures);
    accept_fleet_risks(rules, as_of, results, risks);
    after.pass_rules(done, results);
    after.meet_requirements(done, results, fleet_lookup(rules, measures));
  }
  return after.take();
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
  for (const Action& action : make_actions(rules, solved, {}).actions) {
    result.effort_days += action.effort_days;
    result.cost = std::max(result.cost, action.cost);
  }
}

// Those that edits meet; where an action meets one, its own effort is all there is.
void add_requirements(const RuleSet& rules, const std::vector<AssessedHost>& edited, WhatIf& result) {
  const auto requirements = requirements_of(rules);
  for (std::size_t host = 0; host < edited.size(); ++host) {
    const auto& was = result.before.hosts[host].judgement.requirements;
    const auto& is = edited[host].judgement.requirements;
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
  add_requirements(rules, hosts, out);
  out.rules_after = finish_actions(rules, changes, out.before.as_of, hosts, out.effects);
  out.after = assess(*out.rules_after, std::move(hosts), edited.evidence(true));
  out.rules = compare(rules, out);
  add_fixes(rules, out);
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
