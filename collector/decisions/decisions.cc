// SPDX-License-Identifier: Apache-2.0
// Words and plain questions about what people decided.
#include "collector/decisions/decisions.h"

#include <algorithm>
#include <array>

namespace plumbline {
namespace {

constexpr std::array<std::string_view, 5> kStatusWords = {"proposed", "planned", "in_progress", "done", "reopened"};
constexpr std::array<std::string_view, 5> kAnswerWords = {"no", "planned", "partly", "in place", "measured"};
constexpr std::int64_t kDaySeconds = 86400;

}  // namespace

std::string_view to_text(PlanStatus status) { return kStatusWords.at(static_cast<std::size_t>(status)); }

std::optional<PlanStatus> plan_status_from(std::string_view text) {
  for (std::size_t i = 0; i < kStatusWords.size(); ++i)
    if (kStatusWords[i] == text) return static_cast<PlanStatus>(i);
  return std::nullopt;
}

bool is_overdue(const PlanItem& item, std::int64_t now) {
  return item.due_at && item.status != PlanStatus::done && now >= *item.due_at + kDaySeconds;
}

std::string_view answer_word(int value) {
  return value < 0 || value > kMostAnswer ? std::string_view() : kAnswerWords.at(static_cast<std::size_t>(value));
}

const PlanItem* plan_item(const Decisions& decisions, std::string_view action) {
  const auto found = std::find_if(decisions.plan.begin(), decisions.plan.end(), [&](const PlanItem& item) { return item.action == action; });
  return found == decisions.plan.end() ? nullptr : &*found;
}

const Review* last_review(const std::vector<Review>& reviews, std::string_view audience) {
  const Review* last = nullptr;
  for (const Review& review : reviews)
    if (review.audience == audience && (last == nullptr || review.at >= last->at)) last = &review;
  return last;
}

std::optional<std::int64_t> next_review(const std::vector<Review>& reviews, std::string_view audience) {
  const Review* last = last_review(reviews, audience);
  if (last == nullptr) return std::nullopt;
  return last->at + (audience == kBoardReview ? kBoardReviewSeconds : kItReviewSeconds);
}

}  // namespace plumbline
