// SPDX-License-Identifier: Apache-2.0
// The sample company on a fixed day, with its history, what people decided and the outlook: what golden reports show.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "collector/fleet.h"
#include "collector/report/report.h"

namespace plumbline {

struct Story {
  std::shared_ptr<const RuleSet> rules;
  std::shared_ptr<const FleetView> view;
  std::vector<ScorePoint> history;
  std::vector<AssessedHost> before;  // as at the review before
  std::shared_ptr<Decisions> decisions;
  std::shared_ptr<const Questionnaire> questionnaire;
  std::shared_ptr<const Clock> outlook;

  ReportInput input() const;
};

/// Made once a program; ends it with a message where the sample company cannot be read.
const Story& story();

/// What a reader sees of a page, line by line, without empty ones.
std::string readable(std::string_view html);

/// Every page and report of an input by name.
std::vector<std::pair<std::string, std::string>> pages_of(const ReportInput& input);

}  // namespace plumbline
