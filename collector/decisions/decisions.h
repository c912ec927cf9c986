// SPDX-License-Identifier: Apache-2.0
// What people add to what is measured: who owns an action and by when, what the company wants, what it says of itself,
// and when it looked. Kept in the store as records; nothing here changes a measured score.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/assessment.h"

namespace plumbline {

/// Where an action stands. People move it between proposed, planned and in_progress; done and reopened are set by scans
/// alone: done when every check of the action passes, reopened when one fails again.
enum class PlanStatus { proposed, planned, in_progress, done, reopened };
std::string_view to_text(PlanStatus status);
std::optional<PlanStatus> plan_status_from(std::string_view text);

/// One action of the roadmap as people plan it; by Action::id, which outlives the scan that found it.
struct PlanItem {
  std::string action;
  std::string owner;                       // a person or role; empty: the role the packs propose
  std::optional<std::int64_t> due_at;      // midnight UTC
  PlanStatus status = PlanStatus::proposed;
  std::string kpi, note;
  std::string title;                       // as it was last shown, for actions that are done
  std::int64_t first_seen_at = 0;
  std::optional<std::int64_t> done_at, reopened_at;  // of the scans that proved it
  int times_reopened = 0;
  Tenths gain = 0;                         // points when it was last open
  std::int64_t gain_at = 0;                // of the scans by which title and gain were noted; at most once a day
  bool unverified = false;                 // no check fails any more, but some cannot be read: not done (or no longer proven)
  std::string edited_by;                   // who last changed owner, due date, status, KPI or note; empty: nobody
  std::int64_t edited_at = 0;
  std::int64_t version = 0;                // of the record: an older one is refused when it is written
};

/// Not done, and its due day is over.
bool is_overdue(const PlanItem& item, std::int64_t now);

/// A figure the company wants to move, by a workload it has chosen.
struct KpiGoal {
  std::string name, unit;
  std::optional<double> baseline, target, now;
  std::int64_t now_at = 0;
};
struct WorkloadGoal {
  std::string workload;                    // id
  std::optional<std::int64_t> by;          // midnight UTC
  std::optional<int> people;               // that shall use it
  std::string owner;
  std::vector<KpiGoal> kpis;
};
struct Goals {
  std::vector<WorkloadGoal> workloads;     // in the order of their importance
  std::optional<int> score;                // 0..100, wanted
  std::optional<std::int64_t> score_by;
  std::int64_t version = 0;
};

/// What an answer's number means: "no", "planned", "partly", "in place", "measured".
inline constexpr int kMostAnswer = 4;
std::string_view answer_word(int value);

/// One question of rules/questionnaire/questions.yaml and what the company answered: attested, never mixed into the score.
struct Answer {
  std::string question;                    // "Q13"
  int value = 0;                           // 0 no, 1 planned, 2 partly, 3 in place, 4 measured
  std::string evidence, owner, answered_by;
  std::int64_t answered_at = 0;
  std::int64_t version = 0;
};

/// A moment at which people looked: monthly for IT, quarterly for the board.
struct Review {
  std::string audience;                    // "it" or "board"
  std::int64_t at = 0;
  std::optional<Tenths> score;
  int level = 1;
  std::string by, note;
};

/// How often each audience looks, and until when it should have: months of 31 days, quarters of 92.
inline constexpr std::int64_t kItReviewSeconds = 31 * 86400;
inline constexpr std::int64_t kBoardReviewSeconds = 92 * 86400;
inline constexpr std::string_view kItReview = "it", kBoardReview = "board";

// What people may write at most; in bytes.
inline constexpr std::size_t kMaxPlanName = 200;     // owners, KPI names, who answered
inline constexpr std::size_t kMaxPlanText = 4'000;   // notes and evidence
inline constexpr std::size_t kMaxUnit = 40;
inline constexpr std::size_t kMostWorkloadGoals = 40;
inline constexpr std::size_t kMostKpiGoals = 20;     // of one workload
inline constexpr int kMostPeople = 10'000'000;
inline constexpr double kMostKpiValue = 1e15;

struct Decisions {
  std::vector<PlanItem> plan;              // by action
  Goals goals;
  std::vector<Answer> answers;             // by question
  std::vector<Review> reviews;             // oldest first
  std::vector<std::string> unreadable;     // records that no reader of ours understands: why, one a record; never shown as nothing
};

/// The plan's item of an action, or nullptr.
const PlanItem* plan_item(const Decisions& decisions, std::string_view action);
/// The last review of an audience, or nullptr.
const Review* last_review(const std::vector<Review>& reviews, std::string_view audience);
/// When an audience should have looked next; nothing before its first review.
std::optional<std::int64_t> next_review(const std::vector<Review>& reviews, std::string_view audience);

}  // namespace plumbline
