// SPDX-License-Identifier: Apache-2.0
// The first page, the workloads page, the list of reports, login and errors.
#include "base/text.h"
#include "base/time.h"
#include "collector/report/view.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostActionsOnOverview = 5;

View top_actions(const ReportInput& input, std::size_t most) {
  View rows = view_list();
  for (std::size_t at = 0; at < input.assessment->actions.size() && at < most; ++at) rows.push_back(action_row(input, input.assessment->actions[at]));
  return rows;
}

View all_workloads(const ReportInput& input) {
  View rows = view_list();
  for (const auto* workload : workloads_in_order(input)) rows.push_back(workload_row(input, *workload));
  return rows;
}

}  // namespace

std::string page_overview(const ReportInput& input, const PageContext& context) {
  View view;
  view["any_host"] = View(input.assessment->score.hosts > 0);
  view["score"] = score_view(input);
  view["change"] = change_view(input);
  view["pillars"] = pillar_rows(input);
  view["total"] = View(input.assessment->score.value ? show_points(*input.assessment->score.value) : std::string("–"));
  view["actions"] = top_actions(input, kMostActionsOnOverview);
  view["has_actions"] = View(!input.assessment->actions.empty());
  view["workloads"] = all_workloads(input);
  view["has_workloads"] = View(!input.assessment->workloads.empty());
  view["coverage"] = coverage_view(input);
  view["finding_count"] = View(count_of(input.assessment->findings.size(), "finding"));
  return render_page("overview.html", "Overview", std::move(view), input, context);
}

std::string page_workloads(const ReportInput& input, const PageContext& context) {
  View view;
  view["workloads"] = all_workloads(input);
  view["has_workloads"] = View(!input.assessment->workloads.empty());
  std::size_t ready = 0, after = 0;
  for (const auto& workload : input.assessment->workloads) {
    ready += workload.pilot == WorkloadState::ready ? 1u : 0u;
    after += workload.pilot == WorkloadState::after_changes ? 1u : 0u;
  }
  view["summary"] = View((ready == 0 ? std::string("None") : capitalised(small_number(ready))) + " of " + count_of(input.assessment->workloads.size(), "workload") + " can start as a pilot today, " + (after == 0 ? "none" : small_number(after)) + " after named changes.");
  return render_page("workloads.html", "Workloads", std::move(view), input, context);
}

std::string page_reports(const ReportInput& input, const PageContext& context) {
  View view;
  view["as_of"] = View(long_date(input.assessment->as_of));
  return render_page("reports.html", "Reports", std::move(view), input, context);
}

std::string page_login(std::string_view message, std::string_view csrf) {
  View view;
  view["message"] = maybe(std::string(message));
  view["csrf"] = View(std::string(csrf));
  return render_bare("login.html", say("login.title"), std::move(view));
}

std::string page_error(int status, std::string_view what, std::string_view next) {
  View view;
  view["status"] = View(std::to_string(status));
  view["what"] = View(with_full_stop(capitalised(std::string(what))));
  view["next"] = maybe(with_full_stop(capitalised(std::string(next))));
  return render_bare("error.html", say("error.title"), std::move(view));
}

}  // namespace plumbline
