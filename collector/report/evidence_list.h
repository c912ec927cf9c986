// SPDX-License-Identifier: Apache-2.0
// Every finding with what was observed on its hosts: the appendix that a report's sentences point to.
#pragma once

#include <cstddef>

#include "collector/report/view.h"

namespace plumbline {

/// One row a finding, most severe first, each with at most so many hosts.
View evidence_list(const ReportInput& input, std::size_t most_hosts, Altitude altitude);

}  // namespace plumbline
