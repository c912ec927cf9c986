// SPDX-License-Identifier: Apache-2.0
// Chooses the host and the changes for each workload; the decisions are described in assessment.h.
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
constexpr std::size_t kMostChoices = 8;              // actions that one host's requirements are weighed against
constexpr std::size_t kNone = SIZE_MAX;

struct Price {
  double effort_days = 0;
  CostClass cost = CostClass::c0;
};
bool is_cheaper(const Price& a, const Price& b) { return std::tie(a.cost, a.effort_days) < std::tie(b.cost, b.effort_days); }

// An action to be done, with its price where it is looked at.
struct Todo {
  std::size_t action = 0;  // index in Ground::action_ids
  Price price;
};

// What stands between a host and a state of a workload.
struct Distance {
  int changes = 0;
  int undecided = 0;  // requirements and security rules that could not be decided
  double effort_days = 0;
  CostClass cost = CostClass::c0;

  void add(const Price& price) {
    ++changes;
    effort_days += price.effort_days;
    cost = std::max(cost, price.cost);
  }
  WorkloadState state() const {
    if (cost > kDearestChange) return WorkloadState::not_ready;
    if (undecided > 0) return WorkloadState::unknown;
    return changes > 0 ? WorkloadState::after_changes : WorkloadState::ready;
  }
  auto rank() const { return std::make_tuple(cost > kDearestChange, changes, effort_days, cost); }
};

// The changes that take a host there.
struct Plan {
  Distance distance;
  std::vector<std::size_t> bought;  // requirements met by a change of their own: indexes in View::requirements
  std::vector<Todo> actions;
};

struct Candidate {
  std::size_t host = 0;
  Plan pilot;
  Distance production;  // pilot and the recommended requirements
  bool meets_minimum = false;
};

// What all workloads are seen against.
struct Ground {
  const RuleSet& rules;
  const std::vector<AssessedHost>& hosts;
  const std::vector<RuleResult>& results;
  const std::vector<Action>& actions;
  std::vector<std::string_view> action_ids;           // of all rules, sorted
  std::vector<std::size_t> action_of_rule;            // index in action_ids
  std::vector<std::vector<std::size_t>> rules_of;     // by index in action_ids
  std::vector<std::size_t> open;                      // by index in action_ids: index in actions, or kNone
  std::size_t first_way = 0;                          // of RuleSet::ways in Judgement::requirements

  std::size_t find(std::string_view id) const {
    const auto at = std::lower_bound(action_ids.begin(), action_ids.end(), id);
    return at != action_ids.end() && *at == id ? static_cast<std::size_t>(at - action_ids.begin()) : kNone;
  }
  Verdict on_host(std::size_t rule, std::size_t host) const {
    const auto& verdicts = hosts[host].judgement.verdicts;
    return rule < verdicts.size() ? verdicts[rule] : Verdict::unknown;
  }
  // Nothing where no rule of it fails on this host.
  std::optional<Price> price_on(std::size_t action, std::size_t host) const {
    std::optional<Price> out;
    for (const std::size_t rule : rules_of[action]) {
      if (rules.rules[rule].fleet || on_host(rule, host) != Verdict::fail) continue;
      const Remediation& fix = rules.rules[rule].fix;
      out = out.value_or(Price{});
      *out = {std::max(out->effort_days, fix.effort_days), std::max(out->cost, fix.cost)};
    }
    return out;
  }
  // The whole of it, where nothing of it is accepted: only then is it done everywhere.
  std::optional<Price> price_everywhere(std::size_t action) const {
    const bool accepted = std::any_of(rules_of[action].begin(), rules_of[action].end(), [&](std::size_t rule) { return results[rule].tally.waived > 0; });
    if (open[action] == kNone || accepted) return std::nullopt;
    return Price{actions[open[action]].effort_days, actions[open[action]].cost};
  }
};

Ground make_ground(const RuleSet& rules, const std::vector<AssessedHost>& hosts, const std::vector<RuleResult>& results,
                   const std::vector<Action>& actions) {
  Ground out{rules, hosts, results, actions, {}, {}, {}, {}};
  for (const Rule& rule : rules.rules) out.action_ids.push_back(rule.action);
  std::sort(out.action_ids.begin(), out.action_ids.end());
  out.action_ids.erase(std::unique(out.action_ids.begin(), out.action_ids.end()), out.action_ids.end());
  out.rules_of.resize(out.action_ids.size());
  out.open.assign(out.action_ids.size(), kNone);
  for (std::size_t rule = 0; rule < rules.rules.size(); ++rule) {
    out.action_of_rule.push_back(out.find(rules.rules[rule].action));
    out.rules_of[out.action_of_rule.back()].push_back(rule);
  }
  for (std::size_t i = 0; i < actions.size(); ++i)
    if (const std::size_t id = out.find(actions[i].id); id != kNone) out.open[id] = i;
  for (const Workload& workload : rules.workloads) out.first_way += workload.minimum.size() + workload.recommended.size();
  return out;
}

// One requirement of a workload, ready to be looked up.
struct Asked {
  struct KnownWay {
    std::size_t action;               // index in Ground::action_ids
    std::optional<std::size_t> when;  // index in RuleSet::ways
    bool always;
  };
  const Requirement* requirement = nullptr;
  std::size_t index = 0;              // in Judgement::requirements
  Verdict in_fleet = Verdict::unknown;
  Price price;                        // of a change of its own
  bool counts_carriers = false;
  std::vector<KnownWay> ways = {};
};

// One workload seen against one fleet.
struct View {
  const Ground& ground;
  const Workload& workload;
  cel::Lookup fleet;                       // with fleet.carriers once that is known
  std::vector<Asked> requirements = {};    // minimum before recommended
  std::vector<std::size_t> security = {};  // rules

  Verdict verdict(const Asked& asked, std::size_t host) const {
    if (asked.requirement->fleet) return asked.in_fleet;
    const auto& verdicts = ground.hosts[host].judgement.requirements;
    return asked.index < verdicts.size() ? verdicts[asked.index] : Verdict::unknown;
  }
  Verdict rule(std::size_t index, std::size_t host) const {
    if (!ground.rules.rules[index].fleet) {
      const Verdict verdict = ground.on_host(index, host);
      return verdict == Verdict::waived ? Verdict::fail : verdict;  // an accepted risk stands in the way as before
    }
    const Tally& tally = ground.results[index].tally;
    if (tally.fail + tally.waived > 0) return Verdict::fail;
    if (tally.unknown > 0) return Verdict::unknown;
    return tally.pass > 0 ? Verdict::pass : Verdict::not_applicable;
  }
  // What a way costs on this host; nothing where it does not lead there.
  std::optional<Price> price(const Asked& asked, const Asked::KnownWay& way, std::size_t host) const {
    if (way.when && !holds(*way.when, host)) return std::nullopt;
    return asked.requirement->fleet ? ground.price_everywhere(way.action) : ground.price_on(way.action, host);
  }
  bool holds(std::size_t way, std::size_t host) const {
    const Requirement& condition = ground.rules.ways[way];
    if (condition.fleet) return decide(condition.check, fleet) == Verdict::pass;
    const auto& verdicts = ground.hosts[host].judgement.requirements;
    return ground.first_way + way < verdicts.size() && verdicts[ground.first_way + way] == Verdict::pass;
  }
  void decide_fleet(std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i)
      if (requirements[i].requirement->fleet) requirements[i].in_fleet = decide(requirements[i].requirement->check, fleet);
  }
};

View make_view(const Ground& ground, const Workload& workload, std::size_t first, cel::Lookup fleet) {
  View out{ground, workload, std::move(fleet)};
  for (const std::vector<Requirement>* list : {&workload.minimum, &workload.recommended}) {
    for (const Requirement& one : *list) {
      Asked asked{&one, first + out.requirements.size(), Verdict::unknown, {one.effort_days, one.cost}, false, {}};
      const auto& reads = one.check.reads();
      asked.counts_carriers = one.fleet && std::find(reads.begin(), reads.end(), "fleet.carriers") != reads.end();
      for (const Way& way : one.met_by)
        if (const std::size_t action = ground.find(way.action); action != kNone) asked.ways.push_back({action, way.when, way.always});
      out.requirements.push_back(std::move(asked));
    }
  }
  const auto& ids = workload.security_rules;
  for (std::size_t i = 0; i < ground.rules.rules.size(); ++i)
    if (std::find(ids.begin(), ids.end(), ground.rules.rules[i].id) != ids.end()) out.security.push_back(i);
  return out;
}

// ---- the cheapest changes on one host

void add_todo(const Todo& todo, std::vector<Todo>& list) {
  for (Todo& known : list) {
    if (known.action != todo.action) continue;
    known.price = {std::max(known.price.effort_days, todo.price.effort_days), std::max(known.price.cost, todo.price.cost)};
    return;
  }
  list.push_back(todo);
}
bool has_todo(std::size_t action, const std::vector<Todo>& list) {
  return std::any_of(list.begin(), list.end(), [&](const Todo& one) { return one.action == action; });
}

// Security rules that fail, by action.
void plan_security(const View& view, std::size_t host, Plan& plan) {
  for (const std::size_t index : view.security) {
    const Verdict verdict = view.rule(index, host);
    if (verdict == Verdict::unknown) ++plan.distance.undecided;
    if (verdict != Verdict::fail) continue;
    const Remediation& fix = view.ground.rules.rules[index].fix;
    add_todo({view.ground.action_of_rule[index], {fix.effort_days, fix.cost}}, plan.actions);
  }
}

// A requirement that is not met, with the actions that would meet it here.
struct Unmet {
  std::size_t index;
  std::vector<Todo> ways;
  std::size_t always = kNone;  // the action among them that is taken in any case
};

std::vector<Unmet> unmet_of(const View& view, std::size_t host, std::size_t from, std::size_t to, Plan& plan) {
  std::vector<Unmet> out;
  for (std::size_t i = from; i < to; ++i) {
    const Asked& asked = view.requirements[i];
    const Verdict verdict = view.verdict(asked, host);
    if (verdict == Verdict::unknown) ++plan.distance.undecided;
    if (verdict != Verdict::fail) continue;
    Unmet one{i, {}};
    for (const Asked::KnownWay& way : asked.ways) {
      const auto price = view.price(asked, way, host);
      if (!price) continue;
      one.ways.push_back({way.action, *price});
      if (way.always && one.always == kNone) one.always = way.action;
    }
    out.push_back(std::move(one));
  }
  return out;
}

// The plan in which these actions are done beside those that must be, and what is still unmet is met by itself.
Plan plan_with(const View& view, const Plan& base, const std::vector<Todo>& given, const std::vector<Unmet>& unmet,
               const std::vector<std::size_t>& chosen) {
  Plan out = base;
  for (const Unmet& one : unmet) {
    const auto way = std::find_if(one.ways.begin(), one.ways.end(), [&](const Todo& todo) {
      return todo.action == one.always || has_todo(todo.action, given) || has_todo(todo.action, base.actions) ||
             std::find(chosen.begin(), chosen.end(), todo.action) != chosen.end();
    });
    if (way == one.ways.end()) out.bought.push_back(one.index);
    else if (!has_todo(way->action, given)) add_todo(*way, out.actions);
  }
  for (const std::size_t index : out.bought) out.distance.add(view.requirements[index].price);
  for (const Todo& todo : out.actions) out.distance.add(todo.price);
  return out;
}

// Every choice of the actions that would meet something: there are few.
Plan cheapest(const View& view, const Plan& base, const std::vector<Todo>& given, const std::vector<Unmet>& unmet) {
  std::vector<std::size_t> choices;
  for (const Unmet& one : unmet)
    for (const Todo& way : one.ways)
      if (std::find(choices.begin(), choices.end(), way.action) == choices.end() && choices.size() < kMostChoices) choices.push_back(way.action);
  if (choices.empty()) return plan_with(view, base, given, unmet, {});
  std::optional<Plan> best;
  for (std::size_t mask = std::size_t{1} << choices.size(); mask-- > 0;) {
    std::vector<std::size_t> chosen;
    for (std::size_t i = 0; i < choices.size(); ++i)
      if ((mask >> i & 1u) != 0) chosen.push_back(choices[i]);
    Plan plan = plan_with(view, base, given, unmet, chosen);
    // Fewer, then cheaper; where it is all the same, the roadmap's action rather than a change that only this workload knows.
    if (!best || plan.distance.rank() < best->distance.rank()) best = std::move(plan);
  }
  return std::move(*best);
}

Candidate measure_host(const View& view, std::size_t host) {
  Candidate out;
  out.host = host;
  const std::size_t minimum = view.workload.minimum.size();
  Plan base;
  const std::vector<Unmet> unmet = unmet_of(view, host, 0, minimum, base);
  out.meets_minimum = unmet.empty() && base.distance.undecided == 0;
  plan_security(view, host, base);
  out.pilot = cheapest(view, base, {}, unmet);
  return out;
}

// What daily use needs beside the pilot's changes.
Plan plan_production(const View& view, const Candidate& candidate) {
  Plan base;
  const std::vector<Unmet> unmet = unmet_of(view, candidate.host, view.workload.minimum.size(), view.requirements.size(), base);
  return cheapest(view, base, candidate.pilot.actions, unmet);
}

Distance sum_of(const Distance& a, const Distance& b) {
  return {a.changes + b.changes, a.undecided + b.undecided, a.effort_days + b.effort_days, std::max(a.cost, b.cost)};
}

// Smaller is nearer; hosts are sorted by name already, so the index ends every tie the same way.
auto rank(const Candidate& candidate) {
  const Distance& pilot = candidate.pilot.distance;
  const Distance& production = candidate.production;
  return std::make_tuple(pilot.cost > kDearestChange, pilot.changes + pilot.undecided, pilot.changes, pilot.effort_days,
                         pilot.cost, production.changes + production.undecided, production.effort_days, candidate.host);
}

// ---- how many hosts carry it

// fleet.carriers for what production asks: where too many hosts are undecided to tell, the verdict is unknown.
void decide_production(View& view, const std::vector<Candidate>& candidates, const std::vector<std::optional<double>>& aggregates) {
  int sure = 0, possible = 0;
  for (const Candidate& one : candidates) {
    const WorkloadState state = one.pilot.distance.state();
    sure += state == WorkloadState::ready ? 1 : 0;
    possible += state == WorkloadState::ready || state == WorkloadState::unknown ? 1 : 0;
  }
  const std::size_t first = view.workload.minimum.size();
  view.fleet = fleet_lookup(view.ground.rules, aggregates, possible);
  view.decide_fleet(first, view.requirements.size());
  std::vector<Verdict> at_best;
  for (const Asked& asked : view.requirements) at_best.push_back(asked.in_fleet);
  view.fleet = fleet_lookup(view.ground.rules, aggregates, sure);
  if (sure == possible) return;
  view.decide_fleet(first, view.requirements.size());
  for (std::size_t i = first; i < view.requirements.size(); ++i)
    if (view.requirements[i].in_fleet != at_best[i]) view.requirements[i].in_fleet = Verdict::unknown;
}

// One more host that carries it costs no more than what the next nearest host lacks.
void price_second_host(View& view, const std::vector<Candidate>& nearest_first) {
  for (std::size_t i = 1; i < nearest_first.size(); ++i) {
    const Distance& pilot = nearest_first[i].pilot.distance;
    if (pilot.state() != WorkloadState::after_changes) continue;
    const Price price{pilot.effort_days, pilot.cost};
    for (Asked& asked : view.requirements)
      if (asked.counts_carriers && is_cheaper(price, asked.price)) asked.price = price;
    return;
  }
}

// ---- what is told

RequirementResult show(const View& view, const Asked& asked, std::size_t host, const cel::Lookup& facts) {
  RequirementResult out;
  out.requirement = asked.requirement;
  out.verdict = view.verdict(asked, host);
  const cel::Lookup& lookup = asked.requirement->fleet ? view.fleet : facts;
  if (lookup && asked.requirement->observed) out.observed = show_observed(*asked.requirement->observed, lookup);
  return out;
}

void fill_evidence(const View& view, std::size_t host, const nlohmann::json* facts, WorkloadResult& out) {
  std::optional<FactValues> values;
  cel::Lookup lookup;
  if (facts) {
    values.emplace(*facts);
    lookup = values->lookup();
  }
  for (const Asked& asked : view.requirements)
    (out.minimum.size() < view.workload.minimum.size() ? out.minimum : out.recommended).push_back(show(view, asked, host, lookup));
  for (const std::size_t index : view.security) {
    const Verdict verdict = view.rule(index, host);
    if (verdict == Verdict::fail) out.blocking_rules.push_back(index);
    if (verdict == Verdict::unknown) out.undecided_rules.push_back(index);
  }
}

std::vector<NeededChange> name_changes(const View& view, const Plan& plan) {
  std::vector<NeededChange> out;
  for (const std::size_t index : plan.bought) {
    const Asked& asked = view.requirements[index];
    out.push_back({asked.requirement, "", asked.price.effort_days, asked.price.cost});
  }
  for (const Todo& todo : plan.actions)
    out.push_back({nullptr, std::string(view.ground.action_ids[todo.action]), todo.price.effort_days, todo.price.cost});
  const auto name = [](const NeededChange& one) -> const std::string& { return one.requirement ? one.requirement->id : one.action; };
  std::stable_sort(out.begin(), out.end(), [&](const NeededChange& a, const NeededChange& b) {
    return std::tie(a.cost, a.effort_days, name(a)) < std::tie(b.cost, b.effort_days, name(b));
  });
  return out;
}

// Nothing where something is undecided, or unmet and met by no action.
std::optional<Obstacles> obstacles_on(const View& view, std::size_t host) {
  Plan seen;
  Obstacles out;
  for (const Unmet& unmet : unmet_of(view, host, 0, view.workload.minimum.size(), seen)) {
    std::vector<std::size_t> ways;
    for (const Todo& way : unmet.ways)
      if (const std::size_t action = view.ground.open[way.action]; action != kNone) ways.push_back(action);
    std::sort(ways.begin(), ways.end());
    if (ways.empty()) return std::nullopt;
    out.push_back(std::move(ways));
  }
  for (const std::size_t index : view.security) {
    const Verdict verdict = view.rule(index, host);
    if (verdict == Verdict::unknown) return std::nullopt;
    if (verdict != Verdict::fail) continue;
    const std::size_t action = view.ground.open[view.ground.action_of_rule[index]];
    const bool accepted = view.ground.rules.rules[index].fleet ? view.ground.results[index].tally.waived > 0
                                                               : view.ground.on_host(index, host) == Verdict::waived;
    if (accepted || action == kNone) return std::nullopt;
    out.push_back({action});
  }
  if (seen.distance.undecided > 0) return std::nullopt;
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

WorkloadResult without_hosts(const Workload& workload) {
  WorkloadResult out;
  for (const Requirement& one : workload.minimum) out.minimum.push_back({&one, Verdict::unknown, ""});
  for (const Requirement& one : workload.recommended) out.recommended.push_back({&one, Verdict::unknown, ""});
  return out;
}

std::vector<Candidate> measure_hosts(View& view, const std::vector<std::optional<double>>& aggregates) {
  std::vector<Candidate> out;
  for (std::size_t host = 0; host < view.ground.hosts.size(); ++host) out.push_back(measure_host(view, host));
  decide_production(view, out, aggregates);
  for (Candidate& one : out) one.production = sum_of(one.pilot.distance, plan_production(view, one).distance);
  std::sort(out.begin(), out.end(), [](const Candidate& a, const Candidate& b) { return rank(a) < rank(b); });
  return out;
}

WorkloadResult judge_workload(View& view, const std::vector<std::optional<double>>& aggregates,
                              const std::function<const nlohmann::json*(std::size_t)>& facts) {
  if (view.ground.hosts.empty()) return without_hosts(view.workload);
  WorkloadResult out;
  view.decide_fleet(0, view.workload.minimum.size());
  const std::vector<Candidate> candidates = measure_hosts(view, aggregates);
  const Candidate& best = candidates.front();
  out.carried = best.meets_minimum;
  for (const Candidate& candidate : candidates) {
    if (out.carried ? candidate.meets_minimum : out.hosts.size() < kShownNearest) out.hosts.push_back(candidate.host);
  }
  price_second_host(view, candidates);
  const Plan production = plan_production(view, best);
  out.pilot = best.pilot.distance.state();
  out.production = sum_of(best.pilot.distance, production.distance).state();
  out.changes = best.pilot.distance.changes;
  out.effort_days = best.pilot.distance.effort_days;
  out.cost = best.pilot.distance.cost;
  out.needed = name_changes(view, best.pilot);
  out.needed_for_production = name_changes(view, production);
  fill_evidence(view, best.host, facts ? facts(best.host) : nullptr, out);
  return out;
}

}  // namespace

JudgedWorkloads judge_workloads(const RuleSet& rules, const std::vector<AssessedHost>& hosts,
                                const std::vector<RuleResult>& results, const std::vector<Action>& actions,
                                const std::vector<std::optional<double>>& aggregates,
                                const std::function<const nlohmann::json*(std::size_t)>& facts) {
  JudgedWorkloads out;
  const Ground ground = make_ground(rules, hosts, results, actions);
  std::size_t first = 0;
  for (std::size_t i = 0; i < rules.workloads.size(); ++i) {
    const Workload& workload = rules.workloads[i];
    View view = make_view(ground, workload, first, fleet_lookup(rules, aggregates));
    WorkloadResult result = judge_workload(view, aggregates, facts);
    result.workload = i;
    std::set<Obstacles>& obstacles = out.obstacles.emplace_back();
    for (std::size_t host = 0; host < hosts.size() && result.pilot != WorkloadState::ready; ++host)
      if (auto found = obstacles_on(view, host)) obstacles.insert(std::move(*found));
    out.results.push_back(std::move(result));
    first += workload.minimum.size() + workload.recommended.size();
  }
  return out;
}

}  // namespace plumbline
