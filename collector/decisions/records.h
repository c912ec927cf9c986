// SPDX-License-Identifier: Apache-2.0
// What people decided as records of the store: strict JSON in, canonical JSON out. Kinds: "plan" by action, "goals",
// "answer" by question, "review" by moment and audience, "review_verdicts" by audience.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "collector/decisions/decisions.h"
#include "collector/store/store.h"

namespace plumbline {

/// Everything people decided. A record that cannot be understood is told in Decisions::unreadable and left as it is.
Result<Decisions> read_decisions(Store& store);

/// `version` of the row is the item's own: what it was read with.
RecordRow row_of(const PlanItem& item, std::string_view changed_by, std::int64_t now);
RecordRow row_of(const Goals& goals, std::string_view changed_by, std::int64_t now);
RecordRow row_of(const Answer& answer, std::string_view changed_by, std::int64_t now);
RecordRow row_of(const Review& review, std::string_view changed_by, std::int64_t now);

/// Fail with kind, id and what is wrong.
Result<PlanItem> plan_item_of(const RecordRow& row);
Result<Goals> goals_of(const RecordRow& row);
Result<Answer> answer_of(const RecordRow& row);
Result<Review> review_of(const RecordRow& row);

inline constexpr std::string_view kPlanKind = "plan", kGoalsKind = "goals", kAnswerKind = "answer",
                                  kReviewKind = "review", kReviewVerdictsKind = "review_verdicts";

}  // namespace plumbline
