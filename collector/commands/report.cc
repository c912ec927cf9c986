// SPDX-License-Identifier: Apache-2.0
// `report`: the fleet for IT, the CIO and the CEO, as files or on standard output.
#include "collector/commands/common.h"

namespace plumbline {

int run_report(const ReportOptions& options) {
  const auto open = open_fleet(options.common, options.as_of);
  if (!open) return report_error(open.error());
  if (open->view->assessment().hosts.empty())
    return report_error({ErrorKind::not_found, "report: no host has sent a scan yet; enrol one: plumbline-collector token create"});
  if (options.outlook && options.format != "csv")
    if (auto shown = show_outlook(*open->view); !shown) return report_error(shown.error());
  return write_report(*open->view, options);
}

}  // namespace plumbline
