// SPDX-License-Identifier: Apache-2.0
// The report as one JSON document: the assessment as it always was, and under "report" all that the pages add to it.
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "collector/report/ai_pages.h"
#include "collector/report/figures.h"
#include "collector/report/report.h"
#include "collector/report/view.h"
#include "collector/report/work_list.h"

namespace plumbline {
namespace {

using nlohmann::json;

double points(Tenths tenths) { return tenths / 10.0; }
json moment(std::int64_t seconds) { return to_iso8601(seconds); }
json moment(const std::optional<std::int64_t>& seconds) { return seconds ? moment(*seconds) : json(); }
json day(const std::optional<std::int64_t>& seconds) { return seconds ? json(to_iso8601(*seconds).substr(0, 10)) : json(); }
json number(const std::optional<double>& value) { return value ? json(*value) : json(); }
std::string text(std::string_view value) { return to_utf8(value); }

json texts(const std::vector<std::string>& values) {
  json list = json::array();
  for (const auto& value : values) list.push_back(text(value));
  return list;
}

json figures_json(const ReportInput& input) {
  json list = json::array();
  for (const Figure& figure : figures(input))
    list.push_back({{"name", text(figure.name)}, {"about", text(figure.about)}, {"text", text(figure.text)}, {"number", number(figure.number)}, {"unit", figure.unit}});
  return list;
}

json action_json(const ReportInput& input, const WorkAction& work) {
  const Action& action = input.assessment->actions[work.action];
  return {{"action", action.id}, {"title", text(work.title)}, {"status", to_text(work.status)}, {"owner", text(work.owner)}, {"owner_named_by", work.owner_planned ? "plan" : "packs"},
          {"due", day(work.due_at)}, {"overdue", work.overdue}, {"phase", action.phase}, {"gain_points", points(action.gain)}, {"effort_days", action.effort_days}, {"cost", to_text(action.cost)},
          {"hosts", action.hosts.size()}, {"waits_for", texts(work.waits_for)}, {"unlocks", texts(work.unlocks)}, {"helps", texts(work.helps)}, {"kpi", text(work.kpi)}, {"note", text(work.note)},
          {"done_when", text(work.done_when)}};
}

json row_json(const ReportInput& input, const WorkList& list, const WorkRow& row) {
  const Rule& rule = input.rules->rules[row.rule];
  json one = {{"action", input.assessment->actions[list.actions[row.action].action].id}, {"rule", rule.id}, {"title", text(rule.title)}, {"severity", to_text(rule.severity)}, {"host", nullptr}, {"host_id", nullptr},
              {"observed", text(row.observed)}, {"expected", text(row.expected)}, {"fix", text(rule.fix.text)}, {"commands", texts(row.commands)}, {"commands_for", text(row.family)},
              {"effort_days", row.effort_days}, {"cost", to_text(rule.fix.cost)}};
  if (row.host) {
    one["host"] = text(row.host_name);
    one["host_id"] = input.assessment->hosts[*row.host].id;
  }
  return one;
}

json work_json(const ReportInput& input) {
  const WorkList list = work_list(input);
  json actions = json::array(), rows = json::array();
  for (const WorkAction& work : list.actions) actions.push_back(action_json(input, work));
  for (const WorkRow& row : list.rows) rows.push_back(row_json(input, list, row));
  return {{"actions", std::move(actions)}, {"rows", std::move(rows)}, {"rows_left_out", list.left_out}};
}

json plan_json(const Decisions& decisions) {
  json list = json::array();
  for (const PlanItem& item : decisions.plan)
    list.push_back({{"action", text(item.action)}, {"title", text(item.title)}, {"owner", text(item.owner)}, {"due", day(item.due_at)}, {"status", to_text(item.status)}, {"kpi", text(item.kpi)}, {"note", text(item.note)},
                    {"first_seen", moment(item.first_seen_at)}, {"done", moment(item.done_at)}, {"reopened", moment(item.reopened_at)}, {"times_reopened", item.times_reopened}, {"unverified", item.unverified}});
  return list;
}

json goals_json(const Goals& goals) {
  json workloads = json::array();
  for (const WorkloadGoal& goal : goals.workloads) {
    json kpis = json::array();
    for (const KpiGoal& kpi : goal.kpis)
      kpis.push_back({{"name", text(kpi.name)}, {"unit", text(kpi.unit)}, {"baseline", number(kpi.baseline)}, {"target", number(kpi.target)}, {"now", number(kpi.now)}});
    workloads.push_back({{"workload", goal.workload}, {"by", day(goal.by)}, {"people", goal.people ? json(*goal.people) : json()}, {"owner", text(goal.owner)}, {"kpis", std::move(kpis)}});
  }
  return {{"workloads", std::move(workloads)}, {"score", goals.score ? json(*goals.score) : json()}, {"score_by", day(goals.score_by)}};
}

json decisions_json(const ReportInput& input) {
  if (!input.decisions) return nullptr;
  json answers = json::array(), reviews = json::array();
  for (const Answer& answer : input.decisions->answers)
    answers.push_back({{"question", text(answer.question)}, {"value", answer.value}, {"evidence", text(answer.evidence)}, {"owner", text(answer.owner)}, {"answered_by", text(answer.answered_by)}, {"answered", moment(answer.answered_at)}});
  for (const Review& review : input.decisions->reviews)
    reviews.push_back({{"audience", review.audience}, {"at", moment(review.at)}, {"score", review.score ? json(points(*review.score)) : json()}, {"level", review.level}, {"by", text(review.by)}, {"note", text(review.note)}});
  return {{"plan", plan_json(*input.decisions)}, {"goals", goals_json(input.decisions->goals)}, {"answers", std::move(answers)}, {"reviews", std::move(reviews)}};
}

json outlook_json(const ReportInput& input) { return input.outlook ? json::parse(to_json(*input.rules, *input.outlook)) : json(); }

json history_json(const ReportInput& input) {
  json list = json::array();
  for (const ScorePoint& point : input.history) {
    json one = {{"at", moment(point.at)}, {"score", point.value ? json(points(*point.value)) : json()}, {"lower", points(point.lower)}, {"upper", points(point.upper)}, {"level", point.level}, {"hosts", point.hosts}, {"split", nullptr}};
    if (point.split) one["split"] = {{"fleet", points(point.split->fleet)}, {"rules", points(point.split->rules)}, {"coverage", points(point.split->coverage)}};
    list.push_back(std::move(one));
  }
  return list;
}

json method_json(const ReportInput& input) {
  json packs = json::array();
  for (const PackInfo& pack : input.rules->packs) packs.push_back({{"pack", text(pack.id)}, {"version", text(pack.version)}, {"date", text(pack.date)}, {"licence", text(pack.licence)}});
  const Score& score = input.assessment->score;
  return {{"packs", std::move(packs)}, {"catalogue_date", text(input.rules->catalogue.date)}, {"oldest_scan", moment(score.oldest_scan)}, {"newest_scan", moment(score.newest_scan)},
          {"hosts_without_scan", input.hosts_without_scan}, {"hosts_waiting", input.hosts_waiting}};
}

}  // namespace

std::string render_json(const ReportInput& input) {
  json document = json::parse(to_json(*input.rules, *input.assessment));
  document["report"] = {{"schema", 1}, {"organisation", text(input.organisation)}, {"figures", figures_json(input)}, {"work_list", work_json(input)}, {"ai_in_use", ai_json(input, 0, kAiHostsInJson)}, {"decisions", decisions_json(input)}, {"outlook", outlook_json(input)}, {"history", history_json(input)}, {"method", method_json(input)}};
  return canonical_json(document);
}

}  // namespace plumbline
