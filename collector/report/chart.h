// SPDX-License-Identifier: Apache-2.0
// Charts as SVG text. Colours stand twice: as attributes for print engines that read no style sheet inside SVG, and
// as classes, which the style sheet turns with the reader's light or dark setting. Labels are escaped here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collector/store/store.h"
#include "rules/assessment.h"

namespace plumbline {

/// A bar of 0..100 with a thin line for its range; `label` is read out.
std::string bar_chart(std::string_view label, const PillarResult& pillar);
/// The five levels as bands, the score with its range, and a mark where gates hold the level.
std::string level_chart(const Score& score);
/// The score that people want, as a line in the trend.
struct ScoreGoal {
  std::optional<int> points;  // 0..100; nothing: no line
  std::string label;          // "Goal for March 2027: 70"
};
/// The score over time with its bounds; empty where there are fewer than two points.
std::string trend_chart(const std::vector<ScorePoint>& history, const ScoreGoal& goal = {});

}  // namespace plumbline
