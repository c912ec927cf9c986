// SPDX-License-Identifier: Apache-2.0
// The first page, the workloads page, the list of reports, login and errors.
#include "base/text.h"
#include "collector/report/trend.h"
#include "collector/report/view.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostActionsOnOverview = 5;

View top_actions(const ReportInput& input, std::size_t most) {
  View rows = view_list();
  const auto order = actions_in_order(input);
  for (std::size_t at = 0; at < order.size() && at < most; ++at) rows.push_back(action_row(input, input.assessment->actions[order[at]]));
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
  put_truth(view, "any_host", input.assessment->score.hosts > 0);
  view["score"] = score_view(input);
  view["change"] = change_view(input);
  view["month"] = trend_view(input);
  view["pillars"] = pillar_rows(input);
  put_text(view, "total", input.assessment->score.value ? points_text(*input.assessment->score.value) : std::string("–"));
  put_list(view, "actions", top_actions(input, kMostActionsOnOverview));
  put_list(view, "workloads", all_workloads(input));
  view["coverage"] = coverage_view(input);
  put_text(view, "attested", self_report_of(input).sentence);
  put_text(view, "finding_count", say_count("count.findings", input.assessment->findings.size()));
  return render_page("overview.html", say("nav.overview"), std::move(view), input, context);
}

std::string page_workloads(const ReportInput& input, const PageContext& context) {
  View view;
  put_list(view, "workloads", all_workloads(input));
  put_list(view, "stranded", stranded_rows(input));
  put_text(view, "summary", workloads_sentence(input));
  return render_page("workloads.html", say("nav.workloads"), std::move(view), input, context);
}

std::string page_reports(const ReportInput& input, const PageContext& context) {
  View view;
  put_text(view, "date", date_text(input.assessment->as_of));
  return render_page("reports.html", say("nav.reports"), std::move(view), input, context);
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
