// SPDX-License-Identifier: Apache-2.0
// What the people of the sample company decided, day by day: packaging/demo/decisions.yaml, brought into a store by the
// same code that a browser uses.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "collector/decisions/edits.h"
#include "rules/assessment.h"

namespace plumbline {

/// A review as it is written.
struct SampleReview {
  std::string audience, note;
};
/// One day's decisions of one person. Dates in them are texts already, made from days before or after the end.
struct SampleStep {
  int days_ago = 0;
  std::string by;
  std::vector<PlanEdit> plan;
  std::vector<AnswerEdit> answers;
  std::vector<Goals> goals;  // none or one: all goals as they are from then on
  std::vector<SampleReview> reviews;
};

/// Oldest first. `end` is the moment the story ends; actions, workloads and questions are checked when they are kept.
Result<std::vector<SampleStep>> read_sample_decisions(const std::string& folder, std::int64_t end);

/// Brings a step into the store, with the fleet as it was then. `now` is the moment of it.
Result<void> keep_sample_step(Store& store, const SampleStep& step, const RuleSet& rules, const Questionnaire& questions,
                              const Assessment& assessment, std::int64_t now);

}  // namespace plumbline
