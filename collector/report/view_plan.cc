// SPDX-License-Identifier: Apache-2.0
// Actions with what people planned of them, and what the company says of itself.
#include <algorithm>

#include "base/text.h"
#include "collector/report/view.h"
#include "collector/report/work_list.h"
#include "rules/questionnaire.h"
#include "rules/roadmap.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostTitles = 3;

std::vector<std::string> workload_titles(const ReportInput& input, const std::vector<std::size_t>& workloads) {
  std::vector<std::string> titles;
  for (const std::size_t workload : workloads) titles.push_back(input.rules->workloads[workload].title);
  return titles;
}

}  // namespace

std::string owner_of(const ReportInput& input, const Action& action) {
  const PlanItem* item = plan_of(input, action.id);
  if (item != nullptr && !item->owner.empty()) return item->owner;
  return action.owner.empty() ? say("owner.none") : action.owner;
}

View action_row(const ReportInput& input, const Action& action) {
  const std::size_t lead = leading_rule(input, action);
  View row;
  put_text(row, "id", input.rules->rules[lead].id);
  put_text(row, "action_id", action.id);
  put_text(row, "title", capitalised(action_title(input, action)));
  row["sentence"] = maybe(with_full_stop(finding_sentence(input, lead, Altitude::cio)));
  put_text(row, "hosts", action.hosts.empty() ? say("where.fleet_alone") : grouped(static_cast<std::int64_t>(action.hosts.size())));
  put_text(row, "effort", effort_text(action.effort_days));
  put_text(row, "cost", cost_text(action.cost));
  put_text(row, "owner", owner_of(input, action));
  put_text(row, "gain", gain_text(action.gain));
  std::vector<std::string> opens, waits;
  for (const std::size_t gate : action.opens_gates) opens.push_back(input.rules->gates[gate].title);
  row["opens"] = maybe(opens.empty() ? "" : say_count("action.opens", opens.size(), {{"gates", listed(opens, kMostTitles)}}));
  for (const std::size_t before : action.after) waits.push_back(capitalised(action_title(input, input.assessment->actions[before])));
  row["after"] = maybe(waits.empty() ? "" : say("action.after", {{"actions", listed(waits, kMostTitles)}}));
  const std::string where = action.hosts.empty() ? say("where.in_fleet") : say_count("where.on_hosts", action.hosts.size());
  put_text(row, "done_when", say_count("action.done_when", action.rules.size(), {{"where", where}}));
  std::string unlocks;
  if (!action.unlocks.empty()) unlocks = say("action.unlocks", {{"workloads", listed(workload_titles(input, action.unlocks), kMostTitles)}});
  else if (!action.helps.empty()) unlocks = say("action.helps", {{"workloads", listed(workload_titles(input, action.helps), kMostTitles)}});
  row["unlocks"] = maybe(unlocks);
  const PlanItem* item = plan_of(input, action.id);
  put_truth(row, "planned", item != nullptr);
  put_text(row, "status", status_text(item != nullptr ? item->status : PlanStatus::proposed));
  const bool overdue = item != nullptr && is_overdue(*item, input.assessment->as_of);
  const std::string due = item != nullptr && item->due_at ? date_text(*item->due_at) : "";
  row["due"] = maybe(overdue ? say("action.overdue", {{"date", due}}) : due);
  put_truth(row, "overdue", overdue);
  row["kpi"] = maybe(item != nullptr ? item->kpi : "");
  return row;
}

std::vector<std::size_t> actions_in_order(const ReportInput& input) {
  std::vector<std::size_t> wanted, order;
  if (input.decisions)
    for (const WorkloadGoal& goal : input.decisions->goals.workloads)
      for (std::size_t at = 0; at < input.rules->workloads.size(); ++at)
        if (input.rules->workloads[at].id == goal.workload) wanted.push_back(at);
  if (!wanted.empty()) return order_for(*input.rules, *input.assessment, wanted);
  for (std::size_t at = 0; at < input.assessment->actions.size(); ++at) order.push_back(at);
  return order;
}

SelfReport self_report_of(const ReportInput& input) {
  constexpr std::size_t kQuestions = 20;  // where the questionnaire itself was not read
  SelfReport report;
  report.asked = input.questionnaire ? input.questionnaire->questions.size() : kQuestions;
  if (!input.decisions) {
    report.sentence = say("organisation.nowhere");
    return report;
  }
  for (const Answer& answer : input.decisions->answers)
    if (!input.questionnaire || find_question(*input.questionnaire, answer.question) != nullptr) ++report.answered;
  report.answered = std::min(report.answered, report.asked);
  report.sentence = say("organisation.sentence", {{"answered", std::to_string(report.answered)}, {"all", std::to_string(report.asked)}});
  return report;
}

}  // namespace plumbline
