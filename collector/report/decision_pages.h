// SPDX-License-Identifier: Apache-2.0
// The pages that look at another day and at other facts: what becomes of the fleet if nothing is done, and what would be.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "collector/report/report.h"
#include "collector/report/view.h"
#include "rules/what_if.h"

namespace plumbline {

std::string page_outlook(const ReportInput&, const PageContext&);
/// The clock for other pages: `has_outlook`, and where it is true moments, workloads, dates, chart, undated.
View outlook_view(const ReportInput& input);

/// What somebody asks on /what-if.
struct WhatIfQuestion {
  std::vector<std::string> actions;  // ids, each done on `hosts`
  std::string hosts;                 // a glob; empty: every host
  std::string edits;                 // one change a line, as docs/decisions.md has them
  bool empty() const { return actions.empty() && edits.find_first_not_of(" \t\r\n") == std::string::npos; }
};
/// What is answered: a result, or why there is none.
struct WhatIfAnswer {
  std::vector<FactChange> changes;
  std::optional<WhatIf> result;
  std::string problem;               // lines as a program would print them, with places and carets
};
std::string page_what_if(const ReportInput&, const PageContext&, const WhatIfQuestion& question, const WhatIfAnswer& answer);

}  // namespace plumbline
