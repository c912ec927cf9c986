// SPDX-License-Identifier: Apache-2.0
// The files that leave for a spreadsheet: findings, the work list, and the whole report as a workbook.
#include "collector/report/ai_pages.h"
#include "collector/report/report.h"
#include "collector/report/phrases.h"
#include "collector/report/tables.h"

namespace plumbline {
namespace {

WorkbookInfo info_of(const ReportInput& input) { return {say("sheet.title"), input.organisation, input.assessment->as_of}; }

}  // namespace

std::string render_findings_csv(const ReportInput& input) { return to_csv(findings_table(input)); }

Result<std::string> render_findings_xlsx(const ReportInput& input) {
  return to_xlsx({summary_table(input), findings_table(input)}, info_of(input));
}

std::string render_work_list_csv(const ReportInput& input, WorkOrder order) {
  const WorkList list = work_list(input);
  return to_csv(order == WorkOrder::by_host ? work_by_host_table(input, list) : work_by_action_table(input, list));
}

Result<std::string> render_report_xlsx(const ReportInput& input) {
  const WorkList list = work_list(input);
  return to_xlsx({summary_table(input), work_by_action_table(input, list), work_by_host_table(input, list), findings_table(input), ai_table(input), workloads_table(input), roadmap_table(input, list),
                  risks_table(input), outlook_table(input), organisation_table(input), measures_table(input), method_table(input)},
                 info_of(input));
}

}  // namespace plumbline
