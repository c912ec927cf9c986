// SPDX-License-Identifier: Apache-2.0
// Merges failing rules into actions and orders them.
#include "rules/roadmap.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "rules/score.h"

namespace plumbline {
namespace {

constexpr double kLeastEffortDays = 0.1;  // below this, gain per day says nothing

using Indexes = std::vector<std::size_t>;

bool contains_index(const Indexes& sorted, std::size_t wanted) { return std::binary_search(sorted.begin(), sorted.end(), wanted); }

void sort_once(Indexes& indexes) {
  std::sort(indexes.begin(), indexes.end());
  indexes.erase(std::unique(indexes.begin(), indexes.end()), indexes.end());
}

// ---- one action

// One change serves a host once, whichever of its rules fail there: the longest counts. What is done once for all hosts
// counts once.
double effort_of(const RuleSet& rules, const std::vector<RuleResult>& results, const Action& action) {
  std::map<std::size_t, double> by_host;
  double once = 0;
  for (std::size_t index : action.rules) {
    const Rule& rule = rules.rules[index];
    if (rule.fix.once || rule.fleet) {
      once = std::max(once, rule.fix.effort_days);
      continue;
    }
    for (std::size_t host : results[index].failing) {
      double& effort = by_host[host];
      effort = std::max(effort, rule.fix.effort_days);
    }
  }
  double sum = once;
  for (const auto& [host, effort] : by_host) sum += effort;
  return sum;
}

Indexes hosts_of(const std::vector<RuleResult>& results, const Action& action) {
  Indexes hosts;
  for (std::size_t index : action.rules) hosts.insert(hosts.end(), results[index].failing.begin(), results[index].failing.end());
  sort_once(hosts);
  return hosts;
}

// The score, 0 to 100, once these rules pass wherever they fail; what is waived stays, for nobody is asked to mend that.
double score_with(const RuleSet& rules, const std::vector<RuleResult>& results, const PillarSums& now, const Indexes& members) {
  PillarSums then = now;
  for (const std::size_t index : members) {
    const Rule& rule = rules.rules[index];
    const Tally& tally = results[index].tally;
    const double known = tally.pass + tally.fail + tally.waived;
    const double more = rule.fleet ? 1 - results[index].degree.value_or(0) : tally.fail / known;
    then[static_cast<std::size_t>(rule.pillar)].points += weight_of(rule.severity) * more;
  }
  return total(then).value_or(0);
}

void add_action(const RuleSet& rules, const std::vector<RuleResult>& results, const PillarSums& known, std::string id, Indexes members,
                ActionDrafts& drafts) {
  Action action;
  action.id = std::move(id);
  // The gravest rule speaks for the action.
  std::stable_sort(members.begin(), members.end(), [&](std::size_t a, std::size_t b) {
    return rules.rules[a].severity > rules.rules[b].severity;
  });
  action.rules = std::move(members);
  action.hosts = hosts_of(results, action);
  const double before = total(known).value_or(0), after = score_with(rules, results, known, action.rules);
  action.gain = std::max(0, tenths(after) - tenths(before));
  action.effort_days = effort_of(rules, results, action);
  for (std::size_t index : action.rules) action.cost = std::max(action.cost, rules.rules[index].fix.cost);
  action.owner = rules.rules[action.rules.front()].fix.owner;
  drafts.actions.push_back(std::move(action));
  drafts.gains.push_back(std::max(0.0, after - before));
  drafts.opens.push_back(kOpensNone);
}

// ---- gates

// Gates that are shut only because of rules that actions turn everywhere: a waived host holds its gate shut.
void note_gates(const RuleSet& rules, const std::vector<RuleResult>& results, const std::vector<GateResult>& gates,
                const std::map<std::string_view, std::size_t>& by_id, ActionDrafts& drafts) {
  for (const GateResult& gate : gates) {
    const Gate& about = rules.gates[gate.gate];
    if (!gate.shut || gate.failing_rules.empty() || about.shut_when) continue;
    Indexes openers;
    bool openable = true;
    for (const std::size_t rule : gate.failing_rules) {
      const auto found = by_id.find(rules.rules[rule].action);
      openable = openable && found != by_id.end() && results[rule].tally.waived == 0;
      if (openable) openers.push_back(found->second);
    }
    if (!openable) continue;
    sort_once(openers);
    if (openers.size() == 1) drafts.actions[openers.front()].opens_gates.push_back(gate.gate);
    for (const std::size_t one : openers) drafts.opens[one] = std::min(drafts.opens[one], about.level);
  }
}

// ---- dependencies

bool is_done_once(const RuleSet& rules, const Action& action) {
  return std::any_of(action.rules.begin(), action.rules.end(), [&](std::size_t rule) { return rules.rules[rule].fleet || rules.rules[rule].fix.once; });
}

bool meet(const Indexes& sorted_a, const Indexes& sorted_b) {
  for (auto a = sorted_a.begin(), b = sorted_b.begin(); a != sorted_a.end() && b != sorted_b.end();) {
    if (*a == *b) return true;
    if (*a < *b) ++a;
    else ++b;
  }
  return false;
}

void find_dependencies(const RuleSet& rules, const std::vector<RuleResult>& results,
                       const std::map<std::string_view, std::size_t>& by_id, std::vector<Action>& actions) {
  for (std::size_t i = 0; i < actions.size(); ++i) {
    for (const std::size_t rule : actions[i].rules) {
      const Remediation& fix = rules.rules[rule].fix;
      for (const std::string& id : fix.after) {
        const auto found = by_id.find(id);
        if (found == by_id.end() || found->second == i) continue;
        const Action& first = actions[found->second];
        if (fix.once || rules.rules[rule].fleet || is_done_once(rules, first) || meet(results[rule].failing, first.hosts))
          actions[i].after.push_back(found->second);
      }
    }
    sort_once(actions[i].after);
  }
}

// ---- phases and order

int phase_of(const Action& action, bool is_lever) {
  const bool cheap = action.cost <= CostClass::c1;
  if (cheap && (action.effort_days <= 1 || (is_lever && action.effort_days <= 10))) return 1;
  return is_lever || (cheap && action.effort_days <= 10) ? 2 : 3;
}

// Puts drafts in order: always the action next that is worth most together with what is left of what it waits for.
struct Order {
  ActionDrafts& drafts;
  std::vector<Indexes> before = {};   // all of it, by draft
  std::vector<char> unlocks = {}, placed = {};
  Indexes out = {};

  explicit Order(ActionDrafts& of) : drafts(of), placed(of.actions.size(), 0) {
    for (std::size_t i = 0; i < drafts.actions.size(); ++i) {
      before.push_back(all_before(drafts.actions, i));
      unlocks.push_back(drafts.actions[i].unlocks.empty() ? 0 : 1);
    }
  }

  // What must be done first opens the same gates and unlocks the same workloads.
  void inherit() {
    std::vector<Action>& actions = drafts.actions;
    for (std::size_t i = 0; i < actions.size(); ++i) {
      for (const std::size_t first : before[i]) {
        drafts.opens[first] = std::min(drafts.opens[first], drafts.opens[i]);
        if (!actions[i].unlocks.empty()) unlocks[first] = 1;
      }
    }
    for (std::size_t i = 0; i < actions.size(); ++i) actions[i].phase = phase_of(actions[i], drafts.opens[i] != kOpensNone || unlocks[i] != 0);
    for (const std::size_t i : by_depth())
      for (const std::size_t first : before[i]) actions[i].phase = std::max(actions[i].phase, actions[first].phase);
  }

  // Whatever one waits for has less before it than it has itself.
  Indexes by_depth() const {
    Indexes all(before.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    std::stable_sort(all.begin(), all.end(), [&](std::size_t a, std::size_t b) { return before[a].size() < before[b].size(); });
    return all;
  }

  // Smaller comes first.
  auto key(std::size_t target) const {
    double gain = drafts.gains[target], effort = drafts.actions[target].effort_days;
    for (const std::size_t first : before[target]) {
      if (placed[first] != 0) continue;
      gain += drafts.gains[first];
      effort += drafts.actions[first].effort_days;
    }
    const Action& action = drafts.actions[target];
    return std::make_tuple(action.phase, drafts.opens[target], unlocks[target] == 0, -gain / std::max(effort, kLeastEffortDays), std::string_view(action.id));
  }

  void place(std::size_t target) {
    Indexes bundle;
    for (const std::size_t first : before[target])
      if (placed[first] == 0) bundle.push_back(first);
    std::sort(bundle.begin(), bundle.end(), [&](std::size_t a, std::size_t b) {
      return std::make_tuple(before[a].size(), key(a)) < std::make_tuple(before[b].size(), key(b));
    });
    bundle.push_back(target);
    for (const std::size_t one : bundle) {
      placed[one] = 1;
      out.push_back(one);
    }
  }

  void run() {
    inherit();
    while (out.size() < placed.size()) {
      std::size_t best = placed.size();
      for (std::size_t i = 0; i < placed.size(); ++i)
        if (placed[i] == 0 && (best == placed.size() || key(i) < key(best))) best = i;
      place(best);
    }
    // What was pulled forward may be of an earlier phase than its neighbours; nothing waits for a later phase.
    std::stable_sort(out.begin(), out.end(), [&](std::size_t a, std::size_t b) { return drafts.actions[a].phase < drafts.actions[b].phase; });
  }
};

// ---- workloads

bool takes_away(const Obstacles& obstacles, const Indexes& done) {
  return std::all_of(obstacles.begin(), obstacles.end(), [&](const Indexes& ways) {
    return std::any_of(ways.begin(), ways.end(), [&](std::size_t way) { return contains_index(done, way); });
  });
}

// The actions that are named among a workload's changes, with all that must be done before them.
Indexes on_the_way(const std::vector<Action>& actions, const std::vector<NeededChange>& needed) {
  Indexes out;
  for (const NeededChange& change : needed) {
    const auto found = std::find_if(actions.begin(), actions.end(), [&](const Action& action) { return !change.requirement && action.id == change.action; });
    if (found == actions.end()) continue;
    const auto index = static_cast<std::size_t>(found - actions.begin());
    const Indexes first = all_before(actions, index);
    out.insert(out.end(), first.begin(), first.end());
    out.push_back(index);
  }
  sort_once(out);
  return out;
}

}  // namespace

ActionDrafts make_actions(const RuleSet& rules, const std::vector<RuleResult>& results, const std::vector<GateResult>& gates) {
  std::map<std::string_view, Indexes> members;
  for (const RuleResult& result : results) {
    if (result.tally.fail > 0) members[rules.rules[result.rule].action].push_back(result.rule);
  }
  const PillarSums known = known_sums(rules, results);
  ActionDrafts drafts;
  std::map<std::string_view, std::size_t> by_id;
  for (auto& [id, list] : members) {
    by_id[id] = by_id.size();
    add_action(rules, results, known, std::string(id), std::move(list), drafts);
  }
  note_gates(rules, results, gates, by_id, drafts);
  find_dependencies(rules, results, by_id, drafts.actions);
  return drafts;
}

std::vector<Action> in_order(ActionDrafts drafts) {
  Order order(drafts);
  order.run();
  Indexes place_of(drafts.actions.size());
  for (std::size_t place = 0; place < order.out.size(); ++place) place_of[order.out[place]] = place;
  std::vector<Action> out;
  for (const std::size_t one : order.out) {
    Action& action = drafts.actions[one];
    for (std::size_t& first : action.after) first = place_of[first];
    std::sort(action.after.begin(), action.after.end());
    out.push_back(std::move(action));
  }
  return out;
}

std::vector<std::size_t> all_before(const std::vector<Action>& actions, std::size_t action) {
  std::set<std::size_t> seen;
  Indexes open = {action};
  while (!open.empty()) {
    const std::size_t one = open.back();
    open.pop_back();
    for (const std::size_t next : actions[one].after)
      if (next != action && seen.insert(next).second) open.push_back(next);
  }
  return {seen.begin(), seen.end()};
}

void link_workloads(const JudgedWorkloads& workloads, std::vector<Action>& actions) {
  for (std::size_t i = 0; i < actions.size(); ++i) {
    const Indexes first = all_before(actions, i);
    Indexes done = first;
    done.insert(std::upper_bound(done.begin(), done.end(), i), i);
    for (std::size_t w = 0; w < workloads.results.size(); ++w) {
      const std::set<Obstacles>& sets = workloads.obstacles[w];
      const auto is_ready = [&](const Indexes& with) {
        return std::any_of(sets.begin(), sets.end(), [&](const Obstacles& one) { return takes_away(one, with); });
      };
      if (is_ready(done) && !is_ready(first)) actions[i].unlocks.push_back(workloads.results[w].workload);
    }
  }
  for (const WorkloadResult& result : workloads.results) {
    Indexes way = on_the_way(actions, result.needed);
    const Indexes later = on_the_way(actions, result.needed_for_production);
    way.insert(way.end(), later.begin(), later.end());
    sort_once(way);
    for (const std::size_t action : way) {
      const Indexes& unlocks = actions[action].unlocks;
      if (std::find(unlocks.begin(), unlocks.end(), result.workload) == unlocks.end()) actions[action].helps.push_back(result.workload);
    }
  }
}

std::vector<std::size_t> order_for(const RuleSet& rules, const Assessment& assessment,
                                   const std::vector<std::size_t>& wanted_workloads) {
  const std::vector<Action>& actions = assessment.actions;
  Indexes out;
  std::vector<char> placed(actions.size(), 0);
  const auto add = [&](const Indexes& bundle) {
    for (const std::size_t one : bundle)
      if (std::exchange(placed[one], char{1}) == 0) out.push_back(one);
  };
  for (const auto needed : {&WorkloadResult::needed, &WorkloadResult::needed_for_production}) {
    for (const std::size_t wanted : wanted_workloads) {
      if (wanted >= rules.workloads.size()) continue;
      for (const WorkloadResult& result : assessment.workloads)
        if (result.workload == wanted) add(on_the_way(actions, result.*needed));
    }
  }
  for (std::size_t i = 0; i < actions.size(); ++i) add({i});
  return out;
}

}  // namespace plumbline
