// SPDX-License-Identifier: Apache-2.0
// The score's history between two moments, summed up by cause.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "collector/report/view.h"
#include "rules/score_change.h"

namespace plumbline {

/// What kept points tell of the time between two moments.
struct Trend {
  std::optional<ScorePoint> start;   // the score as it stood at the first moment; nothing where none had been kept by then
  std::vector<ScorePoint> points;    // after it, up to and at the second, oldest first
  std::optional<Tenths> change;      // from the start, or the first point, to the last one
  ScoreChange split;                 // of the changes that are put down to causes
  Tenths untold = 0;                 // of those that are not: change = split.total() + untold
  std::size_t untold_points = 0;     // how many those are
};

/// "2026-11-23" is the end of that day, "2026-11-23T12:00:00Z" a moment.
std::optional<std::int64_t> parse_moment(std::string_view text);

/// `history` oldest first.
Trend trend_between(const std::vector<ScorePoint>& history, std::int64_t from, std::int64_t to);

/// With every point.
nlohmann::json trend_json(const Trend& trend);

/// The last month, in words: what the score moved by and how much of it each cause made. Truth `has_trend` of the view says
/// whether anything is to be told; `headline`, `causes` (each cause_title, cause_points, cause_css, cause_text), `untold`.
View trend_view(const ReportInput& input);
/// Every kept change, newest first, at most so many: at, value, change, fleet, rules, coverage.
View trend_rows(const ReportInput& input, std::size_t most);

}  // namespace plumbline
