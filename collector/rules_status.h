// SPDX-License-Identifier: Apache-2.0
// What a running collector tells about its rules: as JSON for programs, as notices for people.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "collector/rejudging.h"
#include "collector/report/report.h"
#include "collector/rules_in_force.h"

namespace plumbline {

/// Everything at one moment.
struct RulesStatus {
  RulesState state;
  RejudgingProgress progress;
  std::string shown_hash, shown_version;  // of the judgements that pages show; empty before the first view
  std::size_t hosts_waiting = 0;          // not judged by those, and in no figure
};

/// docs/protocol.md has the shape.
std::string to_json(const RulesStatus& status);
/// Refused rules with their first mistakes, and the progress of judging again; empty mostly.
std::vector<Notice> notices_of(const RulesStatus& status);

}  // namespace plumbline
