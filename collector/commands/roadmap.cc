// SPDX-License-Identifier: Apache-2.0
// `roadmap`: the actions in the order to do them, with what each waits for and unlocks, and what people planned.
#include "rules/roadmap.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "collector/commands/common.h"
#include "collector/commands/decisions.h"
#include "collector/decisions/records.h"
#include "collector/decisions/text.h"
#include "collector/report/view.h"
#include "rules/fields.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::size_t kMostNamedHosts = 3;
constexpr const char* kDays[] = {"0–30 days", "31–90 days", "91–180 days"};

std::string bold(std::string_view text) { return colour_wanted() ? "\x1b[1m" + std::string(text) + "\x1b[0m" : std::string(text); }

// A roadmap as it is to be shown.
struct Shown {
  const RuleSet& rules;
  const Assessment& assessment;
  std::shared_ptr<const Decisions> decisions = nullptr;  // nullptr without a store
  std::vector<std::size_t> wanted = {};                  // workloads
  std::vector<std::size_t> order = {};                   // of actions

  const PlanItem* plan(const Action& action) const {
    if (!decisions) return nullptr;
    const auto found = std::find_if(decisions->plan.begin(), decisions->plan.end(), [&](const PlanItem& item) { return item.action == action.id; });
    return found == decisions->plan.end() ? nullptr : &*found;
  }
  std::string title(const Action& action) const {
    ReportInput input;
    input.rules = &rules;
    input.assessment = &assessment;
    return action_title(input, action);
  }
  std::string workload_title(std::size_t workload) const { return printable(rules.workloads[workload].title); }
};

Result<std::size_t> workload_named(const RuleSet& rules, const std::string& wanted) {
  std::vector<std::string> known;
  for (std::size_t i = 0; i < rules.workloads.size(); ++i) {
    if (rules.workloads[i].id == wanted) return i;
    known.push_back(rules.workloads[i].id);
  }
  return fail(ErrorKind::not_found, "no workload is called " + printable(wanted) + suggestion_or_list(wanted, known));
}

// Those that were asked for, else those that the company chose; one that no rule file knows any more is left out.
Result<std::vector<std::size_t>> wanted_workloads(const RoadmapOptions& options, const Shown& shown) {
  std::vector<std::size_t> out;
  for (const std::string& id : options.workloads) {
    const auto found = workload_named(shown.rules, id);
    if (!found) return tl::unexpected(found.error());
    out.push_back(*found);
  }
  if (!out.empty() || options.ignore_goals || !shown.decisions) return out;
  for (const WorkloadGoal& goal : shown.decisions->goals.workloads)
    if (const auto found = workload_named(shown.rules, goal.workload)) out.push_back(*found);
  return out;
}

// ---- text

std::string hosts_text(const Assessment& assessment, const Action& action) {
  if (action.hosts.empty()) return "the fleet";
  std::vector<std::string> names;
  for (std::size_t i = 0; i < action.hosts.size() && i < kMostNamedHosts; ++i) names.push_back(printable(assessment.hosts[action.hosts[i]].name));
  if (action.hosts.size() > kMostNamedHosts) names.push_back(fmt::format("{} more", action.hosts.size() - kMostNamedHosts));
  return fmt::format("{} {}: {}", action.hosts.size(), action.hosts.size() == 1 ? "host" : "hosts", join(names, ", "));
}

std::string plan_line(const PlanItem& item, std::int64_t now) {
  std::string text = "    plan: " + std::string(to_text(item.status));
  if (!item.owner.empty()) text += ", " + printable(item.owner);
  if (item.due_at) text += fmt::format(", due {}{}", iso_date(*item.due_at), is_overdue(item, now) ? " (overdue)" : "");
  if (item.unverified) text += ", not proven by a scan yet";
  return text + "\n";
}

std::string names_line(std::string_view words, const std::vector<std::string>& names) {
  return names.empty() ? "" : fmt::format("    {}: {}\n", words, join(names, ", "));
}

std::string action_lines(const Shown& shown, const Action& action, std::size_t place, bool with_phase) {
  std::string text = fmt::format("{:>3}. {}  [{}]\n", place, printable(shown.title(action)), action.id);
  text += fmt::format("    {}, {:g} {}, {} ({}), +{} points, {}{}\n", printable(action.owner), action.effort_days, action.effort_days == 1 ? "day" : "days",
                      describe(action.cost), to_text(action.cost), show_points(action.gain), hosts_text(shown.assessment, action),
                      with_phase ? std::string(", ") + kDays[action.phase - 1] : "");
  std::vector<std::string> gates, after, unlocks, helps;
  for (const std::size_t gate : action.opens_gates) gates.push_back(printable(shown.rules.gates[gate].title));
  for (const std::size_t first : action.after) after.push_back(shown.assessment.actions[first].id);
  for (const std::size_t workload : action.unlocks) unlocks.push_back(shown.workload_title(workload));
  for (const std::size_t workload : action.helps) helps.push_back(shown.workload_title(workload));
  if (helps.size() > 1 && helps.size() == shown.rules.workloads.size()) helps = {"every workload"};
  text += names_line("opens the gate", gates) + names_line("waits for", after) + names_line("unlocks", unlocks) + names_line("helps", helps);
  const PlanItem* item = shown.plan(action);
  return text + (item != nullptr ? plan_line(*item, now_seconds()) : "");
}

std::string roadmap_text(const Shown& shown) {
  const Score& score = shown.assessment.score;
  std::string text = bold(fmt::format("Score {} of 100, level {} {}; {} {} to do", score.value ? show_points(*score.value) : "unknown", score.level, level_title(score.level),
                                      shown.order.size(), shown.order.size() == 1 ? "action" : "actions")) + "\n";
  std::vector<std::string> wanted;
  for (const std::size_t workload : shown.wanted) wanted.push_back(shown.workload_title(workload));
  if (!wanted.empty()) text += "In the order for: " + join(wanted, ", ") + "\n\n";
  int phase = 0;
  for (std::size_t i = 0; i < shown.order.size(); ++i) {
    const Action& action = shown.assessment.actions[shown.order[i]];
    if (wanted.empty() && action.phase != phase) text += fmt::format("\n{}\n", bold(kDays[(phase = action.phase) - 1]));
    text += action_lines(shown, action, i + 1, !wanted.empty());
  }
  return text;
}

// ---- JSON

json plan_json(const PlanItem* item) {
  if (item == nullptr) return nullptr;
  return {{"owner", item->owner}, {"due", item->due_at ? json(iso_date(*item->due_at)) : json()}, {"status", to_text(item->status)},
          {"unverified", item->unverified}};
}

json action_json(const Shown& shown, const Action& action, std::size_t place) {
  json out = {{"place", place}, {"id", action.id}, {"title", shown.title(action)}, {"phase", action.phase}, {"owner", action.owner},
              {"effort_days", action.effort_days}, {"cost", to_text(action.cost)}, {"gain", action.gain / 10.0}, {"plan", plan_json(shown.plan(action))}};
  for (const char* list : {"rules", "hosts", "opens_gates", "after", "unlocks", "helps"}) out[list] = json::array();
  for (const std::size_t rule : action.rules) out["rules"].push_back(shown.rules.rules[rule].id);
  for (const std::size_t host : action.hosts) out["hosts"].push_back({{"id", shown.assessment.hosts[host].id}, {"name", shown.assessment.hosts[host].name}});
  for (const std::size_t gate : action.opens_gates) out["opens_gates"].push_back(shown.rules.gates[gate].id);
  for (const std::size_t first : action.after) out["after"].push_back(shown.assessment.actions[first].id);
  for (const std::size_t workload : action.unlocks) out["unlocks"].push_back(shown.rules.workloads[workload].id);
  for (const std::size_t workload : action.helps) out["helps"].push_back(shown.rules.workloads[workload].id);
  return out;
}

std::string roadmap_json(const Shown& shown) {
  const Score& score = shown.assessment.score;
  json out = {{"schema", 1},
              {"rule_set", {{"hash", shown.rules.hash}, {"version", shown.rules.version}, {"date", shown.rules.date}}},
              {"score", score.value ? json(*score.value / 10.0) : json()},
              {"level", score.level},
              {"ordered_for", json::array()},
              {"actions", json::array()}};
  for (const std::size_t workload : shown.wanted) out["ordered_for"].push_back(shown.rules.workloads[workload].id);
  for (std::size_t i = 0; i < shown.order.size(); ++i) out["actions"].push_back(action_json(shown, shown.assessment.actions[shown.order[i]], i + 1));
  return canonical_json(out) + "\n";
}

}  // namespace

int run_roadmap(const RoadmapOptions& options) {
  const auto fleet = open_given_fleet(options.fleet);
  if (!fleet) return report_error(fleet.error());
  const Assessment assessment = assess(*fleet->rules, fleet->facts.hosts, nullptr);
  Shown shown{*fleet->rules, assessment};
  if (fleet->store) {
    auto decisions = read_decisions(*fleet->store);
    if (!decisions) return report_error(decisions.error());
    shown.decisions = std::make_shared<const Decisions>(std::move(*decisions));
  }
  auto wanted = wanted_workloads(options, shown);
  if (!wanted) return report_error(wanted.error());
  shown.wanted = std::move(*wanted);
  shown.order = order_for(shown.rules, assessment, shown.wanted);
  print(options.fleet.common.json ? roadmap_json(shown) : roadmap_text(shown));
  return kExitOk;
}

}  // namespace plumbline
