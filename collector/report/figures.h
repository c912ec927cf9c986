// SPDX-License-Identifier: Apache-2.0
// The figures that every format of every report must show alike, each with a name, taken from the assessment once. The
// workbook's summary and the JSON document print this list; a test finds each of them in all formats.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "collector/report/report.h"

namespace plumbline {

struct Figure {
  std::string name;                 // "score", "pillar.security", "finding.ssh.root-login.gain"
  std::string about;                // whose figure it is, as reports title it; empty for the whole fleet's
  std::string text;                 // as a person reads it: "47.3", "half a day", "After 2 changes"
  std::optional<double> number;     // the same for a machine; nothing where it is a word or not known
  std::string unit;                 // "points", "hosts", "days", "people", "share", "state"
};

/// Score, bounds, level, checks known, hosts; each pillar; each finding's gain and hosts; each action's gain, effort and
/// hosts; each workload's states, changes and people; the score in 6 and 12 months.
std::vector<Figure> figures(const ReportInput& input);

}  // namespace plumbline
