// SPDX-License-Identifier: Apache-2.0
// Pages on which people decide: the roadmap with its plan and reviews, the goals, and what the company says of itself.
#pragma once

#include <optional>
#include <string>

#include "collector/decisions/reviews.h"
#include "collector/report/report.h"
#include "rules/questionnaire.h"

namespace plumbline {

/// Whether who looks may change what is shown there.
bool may_change(const PageContext& context);

/// The plan of `input.decisions` is the one with what scans prove now. Reviews that are nothing were never recorded.
std::string page_roadmap(const ReportInput& input, const PageContext& context, const std::optional<SinceReview>& since_it,
                         const std::optional<SinceReview>& since_board);
std::string page_goals(const ReportInput& input, const PageContext& context);
std::string page_organisation(const ReportInput& input, const PageContext& context, const Questionnaire& questions);

}  // namespace plumbline
