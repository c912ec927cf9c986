// SPDX-License-Identifier: Apache-2.0
// What the workbook and the CSV files hold: the assessment, the work list and what people decided, as tables.
#pragma once

#include <vector>

#include "collector/report/report.h"
#include "collector/report/table.h"
#include "collector/report/work_list.h"

namespace plumbline {

Table summary_table(const ReportInput& input);
Table work_by_action_table(const ReportInput& input, const WorkList& list);
Table work_by_host_table(const ReportInput& input, const WorkList& list);
/// One row a finding and host, failing and unknown.
Table findings_table(const ReportInput& input);
Table workloads_table(const ReportInput& input);
Table roadmap_table(const ReportInput& input, const WorkList& list);
Table risks_table(const ReportInput& input);
Table outlook_table(const ReportInput& input);
Table organisation_table(const ReportInput& input);
Table measures_table(const ReportInput& input);
Table method_table(const ReportInput& input);

}  // namespace plumbline
