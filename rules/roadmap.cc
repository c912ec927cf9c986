// SPDX-License-Identifier: Apache-2.0
// Merges failing rules into actions and orders them.
#include "rules/roadmap.h"

#include <algorithm>
#include <map>

#include "rules/score.h"

namespace plumbline {
namespace {

constexpr double kLeastEffortDays = 0.1;  // below this, gain per day says nothing

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

std::vector<std::size_t> hosts_of(const std::vector<RuleResult>& results, const Action& action) {
  std::vector<std::size_t> hosts;
  for (std::size_t index : action.rules) {
    hosts.insert(hosts.end(), results[index].failing.begin(), results[index].failing.end());
  }
  std::sort(hosts.begin(), hosts.end());
  hosts.erase(std::unique(hosts.begin(), hosts.end()), hosts.end());
  return hosts;
}

// What the action gains: not what waived hosts cost, for nobody is asked to mend those.
double open_gain(const RuleSet& rules, const std::vector<RuleResult>& results, const PillarSums& known,
                 const std::vector<std::size_t>& members) {
  double gain = gain_of(rules, results, known, members);
  for (std::size_t index : members) {
    const Tally& tally = results[index].tally;
    if (tally.waived > 0) gain -= gain_of(rules, results, known, {index}) * tally.waived / (tally.waived + tally.fail);
  }
  return std::max(0.0, gain);
}

// Gates that are shut only because of rules that this action turns everywhere: a waived host holds its gate shut.
std::vector<std::size_t> gates_opened(const RuleSet& rules, const std::vector<RuleResult>& results,
                                      const std::vector<GateResult>& gates, const Action& action) {
  std::vector<std::size_t> out;
  for (const GateResult& gate : gates) {
    if (!gate.shut || gate.failing_rules.empty() || rules.gates[gate.gate].shut_when) continue;
    bool all = std::all_of(gate.failing_rules.begin(), gate.failing_rules.end(), [&](std::size_t rule) {
      bool turned = std::find(action.rules.begin(), action.rules.end(), rule) != action.rules.end();
      return turned && results[rule].tally.waived == 0;
    });
    if (all) out.push_back(gate.gate);
  }
  return out;
}

int phase_of(const Action& action) {
  bool cheap = action.cost <= CostClass::c1;
  bool opens = !action.opens_gates.empty();
  if (cheap && (action.effort_days <= 1 || (opens && action.effort_days <= 10))) return 1;
  return opens || (cheap && action.effort_days <= 10) ? 2 : 3;
}

Action merge(const RuleSet& rules, const std::vector<RuleResult>& results, const std::vector<GateResult>& gates,
             const PillarSums& known, std::string id, std::vector<std::size_t> members) {
  Action action;
  action.id = std::move(id);
  // The gravest rule speaks for the action.
  std::stable_sort(members.begin(), members.end(), [&](std::size_t a, std::size_t b) {
    return rules.rules[a].severity > rules.rules[b].severity;
  });
  action.rules = std::move(members);
  action.hosts = hosts_of(results, action);
  action.gain = tenths(open_gain(rules, results, known, action.rules));
  action.effort_days = effort_of(rules, results, action);
  for (std::size_t index : action.rules) action.cost = std::max(action.cost, rules.rules[index].fix.cost);
  action.owner = rules.rules[action.rules.front()].fix.owner;
  action.opens_gates = gates_opened(rules, results, gates, action);
  action.phase = phase_of(action);
  return action;
}

}  // namespace

std::vector<Action> make_actions(const RuleSet& rules, const std::vector<RuleResult>& results,
                                 const std::vector<GateResult>& gates) {
  std::map<std::string, std::vector<std::size_t>> members;
  for (const RuleResult& result : results) {
    if (result.tally.fail > 0) members[rules.rules[result.rule].action].push_back(result.rule);
  }
  PillarSums known = known_sums(rules, results);
  std::vector<Action> actions;
  for (auto& [id, list] : members) actions.push_back(merge(rules, results, gates, known, id, std::move(list)));
  auto worth = [](const Action& action) { return action.gain / std::max(action.effort_days, kLeastEffortDays); };
  std::stable_sort(actions.begin(), actions.end(), [&](const Action& a, const Action& b) {
    if (a.opens_gates.empty() != b.opens_gates.empty()) return !a.opens_gates.empty();
    if (worth(a) != worth(b)) return worth(a) > worth(b);
    return a.id < b.id;
  });
  return actions;
}

}  // namespace plumbline
