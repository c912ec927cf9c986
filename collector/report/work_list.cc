// SPDX-License-Identifier: Apache-2.0
// Rows of the work list; facts of each host are read once.
#include "collector/report/work_list.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "collector/report/phrases.h"
#include "collector/report/view.h"

namespace plumbline {
namespace {

/// What a row needs of its host.
struct Spot {
  std::size_t action, rule, row;
};

void choose_commands(WorkRow& row, const Rule& rule, const std::string& family) {
  for (const std::string& name : {family, std::string("any")}) {
    const auto found = rule.fix.commands.find(name);
    if (found == rule.fix.commands.end() || found->second.empty()) continue;
    row.family = name;
    row.commands = found->second;
    return;
  }
}

/// What a scan must show for the action to count as done: the checks, in words.
std::string done_when(const ReportInput& input, const Action& action) {
  std::vector<std::string> parts;
  for (const std::size_t rule : action.rules)
    if (input.assessment->rules[rule].tally.fail > 0) parts.push_back(input.rules->rules[rule].title);
  constexpr std::size_t kMostTitles = 3;
  return say("work.done_when", {{"checks", listed(parts, kMostTitles)}});
}

std::vector<std::string> titles_of(const ReportInput& input, const std::vector<std::size_t>& workloads) {
  std::vector<std::string> titles;
  for (const std::size_t workload : workloads) titles.push_back(input.rules->workloads[workload].title);
  return titles;
}

WorkAction planned(const ReportInput& input, std::size_t index) {
  const Action& action = input.assessment->actions[index];
  WorkAction work;
  work.action = index;
  work.title = capitalised(action_title(input, action));
  work.owner = action.owner;
  work.done_when = done_when(input, action);
  for (const std::size_t before : action.after) work.waits_for.push_back(input.assessment->actions[before].id);
  work.unlocks = titles_of(input, action.unlocks);
  work.helps = titles_of(input, action.helps);
  const PlanItem* item = plan_of(input, action.id);
  if (item == nullptr) return work;
  if (!item->owner.empty()) {
    work.owner = item->owner;
    work.owner_planned = true;
  }
  work.due_at = item->due_at;
  work.status = item->status;
  work.overdue = is_overdue(*item, input.assessment->as_of);
  work.kpi = item->kpi;
  work.note = item->note;
  return work;
}

WorkRow fleet_row(const ReportInput& input, std::size_t action, std::size_t rule) {
  const Rule& about = input.rules->rules[rule];
  const Evidence evidence = evidence_on_fleet(input, rule);
  WorkRow row;
  row.action = action;
  row.rule = rule;
  row.host_name = say("work.fleet");
  row.observed = evidence.observed;
  row.expected = evidence.expected.empty() ? about.expected : evidence.expected;
  choose_commands(row, about, "any");
  return row;
}

/// Evidence and commands, host by host, so that each scan is read once.
void fill_from_hosts(const ReportInput& input, WorkList& list, const std::map<std::size_t, std::vector<Spot>>& by_host) {
  for (const auto& [host, places] : by_host) {
    const HostEvidence evidence(input, host);
    const std::string family = evidence.family();
    for (const Spot& place : places) {
      WorkRow& row = list.rows[place.row];
      const Rule& about = input.rules->rules[place.rule];
      const Evidence shown = evidence.of(place.rule);
      row.observed = shown.observed;
      row.expected = shown.expected.empty() ? about.expected : shown.expected;
      choose_commands(row, about, family);
    }
  }
}

void order_by_host(WorkList& list) {
  list.by_host.resize(list.rows.size());
  for (std::size_t at = 0; at < list.by_host.size(); ++at) list.by_host[at] = at;
  // Hosts of an assessment are sorted by name; the fleet has none and comes first.
  std::stable_sort(list.by_host.begin(), list.by_host.end(), [&](std::size_t a, std::size_t b) { return list.rows[a].host < list.rows[b].host; });
}

}  // namespace

const PlanItem* plan_of(const ReportInput& input, std::string_view action) {
  return input.decisions ? plan_item(*input.decisions, action) : nullptr;
}

std::string status_text(PlanStatus status) { return say("work.status." + std::string(to_text(status))); }

WorkList work_list(const ReportInput& input) {
  const Assessment& assessment = *input.assessment;
  WorkList list;
  std::map<std::size_t, std::vector<Spot>> by_host;
  for (std::size_t at = 0; at < assessment.actions.size(); ++at) {
    list.actions.push_back(planned(input, at));
    list.actions.back().first_row = list.rows.size();
    for (const std::size_t rule : assessment.actions[at].rules) {
      const Rule& about = input.rules->rules[rule];
      const RuleResult& result = assessment.rules[rule];
      if (about.fleet && result.tally.fail > 0) {
        list.rows.push_back(fleet_row(input, at, rule));
        list.rows.back().effort_days = about.fix.effort_days;
      }
      for (const std::size_t host : result.failing) {
        if (list.rows.size() >= kMostWorkRows) {
          ++list.left_out;
          continue;
        }
        WorkRow row;
        row.action = at;
        row.rule = rule;
        row.host = host;
        row.host_name = host_title(assessment.hosts[host]);
        row.effort_days = about.fix.once && host != result.failing.front() ? 0 : about.fix.effort_days;
        by_host[host].push_back({at, rule, list.rows.size()});
        list.rows.push_back(std::move(row));
      }
    }
    list.actions.back().rows = list.rows.size() - list.actions.back().first_row;
  }
  fill_from_hosts(input, list, by_host);
  order_by_host(list);
  return list;
}

}  // namespace plumbline
