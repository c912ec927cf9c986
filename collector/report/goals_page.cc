// SPDX-License-Identifier: Apache-2.0
// The company's goals: the score it wants, the workloads it has chosen in their order, and the KPIs of each with what was
// reached.
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "collector/decisions/text.h"
#include "collector/report/people_pages.h"
#include "collector/report/view.h"

namespace plumbline {
namespace {

constexpr std::size_t kSpareKpis = 1;  // empty rows of a form beside those that are offered

const WorkloadResult* result_of(const ReportInput& input, std::string_view id) {
  for (const WorkloadResult& result : input.assessment->workloads)
    if (input.rules->workloads[result.workload].id == id) return &result;
  return nullptr;
}

std::string number(const std::optional<double>& value) { return value ? exact_number(*value) : std::string(); }

// How far a KPI has come from its baseline to its target; nothing where that cannot be told.
std::optional<int> progress_of(const KpiGoal& kpi) {
  if (!kpi.baseline || !kpi.target || !kpi.now || *kpi.baseline == *kpi.target) return std::nullopt;
  const double share = (*kpi.now - *kpi.baseline) / (*kpi.target - *kpi.baseline);
  return static_cast<int>(std::floor(std::clamp(share, -9.99, 9.99) * 100));
}

View kpi_row(const KpiGoal& kpi, std::size_t place) {
  View row;
  put_text(row, "kpi_place", std::to_string(place));
  put_text(row, "kpi_name", kpi.name);
  put_text(row, "kpi_unit", kpi.unit);
  put_text(row, "kpi_baseline", number(kpi.baseline));
  put_text(row, "kpi_target", number(kpi.target));
  put_text(row, "kpi_now", number(kpi.now));
  put_text(row, "kpi_now_at", kpi.now ? date_text(kpi.now_at) : "");
  put_text(row, "kpi_now_date", kpi.now ? iso_date(kpi.now_at) : "");
  const auto progress = progress_of(kpi);
  put_text(row, "kpi_progress", progress ? say("goals.progress", {{"percent", std::to_string(*progress)}}) : "");
  put_text(row, "kpi_css", !progress ? "soft" : *progress >= 100 ? "ok" : *progress < 0 ? "bad" : "wait");
  return row;
}

// The chosen KPIs, then those the workload offers, then empty rows.
View kpi_form_rows(const WorkloadGoal& goal, const Workload* workload) {
  std::vector<KpiGoal> kpis = goal.kpis;
  if (workload != nullptr)
    for (const std::string& offered : workload->kpis)
      if (std::none_of(kpis.begin(), kpis.end(), [&](const KpiGoal& kpi) { return kpi.name == offered; })) kpis.push_back({offered, {}, {}, {}, {}, 0});
  for (std::size_t i = 0; i < kSpareKpis; ++i) kpis.emplace_back();
  View rows = view_list();
  for (std::size_t i = 0; i < kpis.size() && i < kMostKpiGoals; ++i) rows.push_back(kpi_row(kpis[i], i));
  return rows;
}

View goal_row(const ReportInput& input, const PageContext& context, std::size_t place) {
  const Goals& goals = input.decisions->goals;
  const WorkloadGoal& goal = goals.workloads[place];
  const WorkloadResult* result = result_of(input, goal.workload);
  const Workload* workload = result == nullptr ? nullptr : &input.rules->workloads[result->workload];
  View row;
  put_text(row, "goal_id", goal.workload);
  put_text(row, "goal_place", std::to_string(place + 1));
  put_text(row, "goal_title", workload == nullptr ? goal.workload : workload->title);
  put_text(row, "goal_outcome", workload == nullptr ? say("goals.gone") : workload->outcome);
  const Word state = result == nullptr ? Word{say("goals.unknown"), "unknown"} : state_word(*result);
  put_text(row, "goal_state", state.text);
  put_text(row, "goal_css", std::string(state.css));
  const bool late = goal.by && (result == nullptr || result->pilot != WorkloadState::ready) && input.now >= *goal.by + 86400;
  row["goal_by"] = maybe(!goal.by ? "" : say(late ? "goals.was_due" : "goals.by", {{"date", date_text(*goal.by)}}));
  put_text(row, "by_css", late ? "bad" : "soft");
  row["goal_people"] = maybe(goal.people ? say_count("goals.people", static_cast<std::size_t>(*goal.people)) : "");
  row["goal_owner"] = maybe(goal.owner);
  View kpis = view_list();
  for (std::size_t i = 0; i < goal.kpis.size(); ++i) kpis.push_back(kpi_row(goal.kpis[i], i));
  put_list(row, "kpis", std::move(kpis));
  row["kpi_rows"] = kpi_form_rows(goal, workload);
  put_truth(row, "may_change", may_change(context));
  put_truth(row, "is_first", place == 0);
  put_truth(row, "is_last", place + 1 == goals.workloads.size());
  put_text(row, "form_by", goal.by ? iso_date(*goal.by) : "");
  put_text(row, "form_people", goal.people ? std::to_string(*goal.people) : "");
  put_text(row, "form_owner", goal.owner);
  put_text(row, "form_version", std::to_string(goals.version));
  return row;
}

View offered_rows(const ReportInput& input) {
  View rows = view_list();
  for (const WorkloadResult* result : workloads_in_order(input)) {
    const Workload& workload = input.rules->workloads[result->workload];
    const auto& chosen = input.decisions->goals.workloads;
    if (std::any_of(chosen.begin(), chosen.end(), [&](const WorkloadGoal& goal) { return goal.workload == workload.id; })) continue;
    View row;
    put_text(row, "offer_id", workload.id);
    put_text(row, "offer_title", workload.title);
    put_text(row, "offer_state", state_word(*result).text);
    rows.push_back(row);
  }
  return rows;
}

}  // namespace

std::string page_goals(const ReportInput& input, const PageContext& context) {
  const Goals& goals = input.decisions->goals;
  const Score& score = input.assessment->score;
  View view;
  put_truth(view, "may_change", may_change(context));
  put_text(view, "form_version", std::to_string(goals.version));
  put_text(view, "score_wanted", goals.score ? std::to_string(*goals.score) : "");
  put_text(view, "score_by", goals.score_by ? iso_date(*goals.score_by) : "");
  put_truth(view, "has_score_goal", goals.score.has_value());
  std::string wanted;
  if (goals.score) wanted = goals.score_by ? say("goals.score_goal_by", {{"score", std::to_string(*goals.score)}, {"date", date_text(*goals.score_by)}}) : say("goals.score_goal", {{"score", std::to_string(*goals.score)}});
  put_text(view, "score_goal", wanted);
  put_text(view, "score_now", score.value ? say("goals.score_now", {{"score", whole_points(*score.value)}}) : say("goals.no_score"));
  View rows = view_list();
  for (std::size_t i = 0; i < goals.workloads.size(); ++i) rows.push_back(goal_row(input, context, i));
  put_list(view, "goals", std::move(rows));
  put_list(view, "offered", offered_rows(input));
  return render_page("goals.html", say("goals.title"), std::move(view), input, context);
}

}  // namespace plumbline
