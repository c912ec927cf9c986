// SPDX-License-Identifier: Apache-2.0
// Charts as SVG text: pillar bars, the level band and the trend.
#include "collector/report/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "base/time.h"
#include "collector/report/wording.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostTrendPoints = 90;
constexpr double kBandWidth = 460;

struct Band {
  Tenths from, to;
  std::string_view fill, css;
  std::string_view key;
};
// DESIGN.md, "Score": the levels and where they begin; the band is drawn to scale.
constexpr std::array<Band, 5> kBands = {{{0, 300, "#e8d5d5", "band1", "band.1"},
                                         {300, 500, "#efe0c9", "band2", "band.2"},
                                         {500, 700, "#d5e5e8", "band3", "band.3"},
                                         {700, 850, "#cfe4d8", "band4", "band.4"},
                                         {850, 1000, "#b9d8c7", "band5", "band.5"}}};

double band_x(Tenths value) { return kBandWidth * static_cast<double>(value) / 1000; }

/// Few enough points to draw: the first, the last and every n-th between.
std::vector<ScorePoint> thinned(const std::vector<ScorePoint>& history) {
  std::vector<ScorePoint> known;
  std::copy_if(history.begin(), history.end(), std::back_inserter(known), [](const ScorePoint& p) { return p.value.has_value(); });
  if (known.size() <= kMostTrendPoints) return known;
  std::vector<ScorePoint> chosen;
  const std::size_t step = known.size() / kMostTrendPoints + 1;
  for (std::size_t at = 0; at + 1 < known.size(); at += step) chosen.push_back(known[at]);
  chosen.push_back(known.back());
  return chosen;
}

/// "23 November", or with the hour where the whole trend is of one day.
std::string trend_date(std::int64_t at, bool same_day) {
  return same_day ? to_iso8601(at).substr(11, 5) : day_text(at);
}

}  // namespace

std::string bar_chart(std::string_view label, const PillarResult& pillar) {
  if (!pillar.value)
    return fmt::format(R"(<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="{}"><rect class="s-bar" fill="#e3e8ea" x="0" y="1" width="100" height="8" rx="1"/></svg>)", escape_html(say("chart.no_value", {{"what", std::string(label)}})));
  const double lower = pillar.lower.value_or(*pillar.value), upper = pillar.upper.value_or(*pillar.value);
  std::string svg = fmt::format(
      R"(<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="{}"><rect class="s-bar" fill="#d5dde0" x="0" y="0" width="100" height="10"/><rect class="s-accent" fill="#0b5c6b" x="0" y="0" width="{:.1f}" height="10"/>)",
      escape_html(say("chart.bar", {{"what", std::string(label)}, {"value", decimal_text(*pillar.value, 0)}, {"lower", decimal_text(lower, 0)}, {"upper", decimal_text(upper, 0)}})), *pillar.value);
  if (upper - lower >= 0.5)
    svg += fmt::format(R"(<rect class="s-range" fill="#14202b" fill-opacity=".45" x="{:.1f}" y="3.5" width="{:.1f}" height="3"/>)", lower, upper - lower);
  return svg + "</svg>";
}

std::string level_chart(const Score& score) {
  const Tenths value = score.value.value_or(0);
  const bool held = score.value && score.level < score.level_without_gates;
  std::string label = score.value ? say("chart.level", {{"value", whole_points(value)}, {"lower", whole_points(score.lower)}, {"upper", whole_points_up(score.upper)}, {"number", std::to_string(score.level)}, {"level", level_text(score.level)}})
                                  : say("chart.no_score");
  if (held) label += " " + say("chart.held", {{"level", level_text(score.level_without_gates)}});
  std::string svg = fmt::format(R"(<svg class="levels" viewBox="0 0 460 74" role="img" aria-label="{}"><g font-size="12" font-family="Inter, DejaVu Sans, sans-serif">)", escape_html(label));
  for (std::size_t at = 0; at < kBands.size(); ++at) {
    const Band& band = kBands[at];
    const bool here = score.value && static_cast<int>(at) + 1 == score.level;
    svg += fmt::format(R"(<rect class="s-{}" fill="{}" x="{:.0f}" y="30" width="{:.0f}" height="16"/><text class="{}" fill="{}" font-weight="{}" x="{:.0f}" y="64">{}</text>)",
                       band.css, band.fill, band_x(band.from), band_x(band.to - band.from) - 1, here ? "s-ink" : "s-soft", here ? "#14202b" : "#56656f", here ? "700" : "400", band_x(band.from), escape_html(say(band.key)));
  }
  if (score.value) {
    const double x = band_x(value), low = band_x(score.lower), high = band_x(score.upper);
    svg += fmt::format(R"(<line class="s-line-ink" stroke="#14202b" stroke-opacity=".4" stroke-width="5" stroke-linecap="round" x1="{:.1f}" x2="{:.1f}" y1="38" y2="38"/><circle class="s-accent s-rim" fill="#0b5c6b" stroke="#ffffff" stroke-width="2" cx="{:.1f}" cy="38" r="7"/>)",
                       low, high, std::clamp(x, 8.0, kBandWidth - 8));
    const double text_x = std::clamp(x, 12.0, kBandWidth - 150);
    svg += fmt::format(R"(<text class="s-ink" fill="#14202b" font-weight="700" x="{:.1f}" y="20">{}</text><text class="s-soft" fill="#56656f" x="{:.1f}" y="20">{}</text>)",
                       text_x - 8, whole_points(value), text_x + (value >= 1000 ? 22.0 : 15.0), escape_html(say("chart.possible", {{"lower", whole_points(score.lower)}, {"upper", whole_points_up(score.upper)}})));
  }
  if (held) {
    const Band& band = kBands[static_cast<std::size_t>(std::clamp(score.level, 1, 5) - 1)];
    svg += fmt::format(R"(<rect class="s-bad" fill="#a3262a" x="{:.0f}" y="26" width="3" height="24"/>)", std::max(0.0, band_x(band.to) - 4));
  }
  return svg + "</g></svg>";
}

std::string trend_chart(const std::vector<ScorePoint>& history, const ScoreGoal& goal) {
  const std::vector<ScorePoint> points = thinned(history);
  if (points.size() < 2) return {};
  Tenths least = 1000, most = 0;
  for (const auto& point : points) {
    least = std::min(least, *point.value);
    most = std::max(most, *point.value);
  }
  if (goal.points) most = std::max(most, *goal.points * 10);
  if (goal.points) least = std::min(least, *goal.points * 10);
  least = std::max(0, least - 40);
  most = std::min(1000, most + 40);
  const double span_s = std::max<double>(1, static_cast<double>(points.back().at - points.front().at));
  const auto x_of = [&](const ScorePoint& p) { return 6 + 388 * static_cast<double>(p.at - points.front().at) / span_s; };
  const auto y_of = [&](Tenths v) { return 78 - 62 * static_cast<double>(std::clamp(v, least, most) - least) / std::max(1, most - least); };
  std::string line, above, below, wanted;
  for (const auto& point : points) {
    line += fmt::format("{:.1f},{:.1f} ", x_of(point), y_of(*point.value));
    above += fmt::format("{:.1f},{:.1f} ", x_of(point), y_of(point.upper));
    below = fmt::format("{:.1f},{:.1f} ", x_of(point), y_of(point.lower)) + below;
  }
  if (goal.points) {
    const double y = y_of(*goal.points * 10);
    wanted = fmt::format(R"(<line class="s-line-ink" stroke="#14202b" stroke-opacity=".5" stroke-dasharray="4 4" x1="0" x2="400" y1="{:.1f}" y2="{:.1f}"/><text class="s-soft" fill="#56656f" font-size="13" font-family="Inter, DejaVu Sans, sans-serif" x="0" y="{:.1f}">{}</text>)",
                         y, y, y < 16 ? y + 14 : y - 5, escape_html(goal.label));
  }
  const bool same_day = points.back().at - points.front().at < 86400;
  const std::string first = trend_date(points.front().at, same_day), last = trend_date(points.back().at, same_day);
  const std::string from = whole_points(*points.front().value), to = whole_points(*points.back().value);
  std::string label = say("chart.trend", {{"from", from}, {"first", first}, {"to", to}, {"last", last}});
  if (!goal.label.empty()) label += " " + goal.label + ".";
  return fmt::format(
      R"(<svg class="trend" viewBox="0 0 400 104" role="img" aria-label="{}"><polygon class="s-accent" fill="#0b5c6b" fill-opacity=".1" points="{}{}"/><line class="s-line" stroke="#dfe5e8" x1="0" x2="400" y1="84" y2="84"/>{}<polyline class="s-line-accent" fill="none" stroke="#0b5c6b" stroke-width="2.5" stroke-linejoin="round" points="{}"/><circle class="s-accent" fill="#0b5c6b" cx="{:.1f}" cy="{:.1f}" r="4"/><g font-size="13" font-family="Inter, DejaVu Sans, sans-serif"><text class="s-soft" fill="#56656f" x="0" y="100">{}</text><text class="s-soft" fill="#56656f" x="400" y="100" text-anchor="end">{}</text></g></svg>)",
      escape_html(label), above, below, wanted, line, x_of(points.back()), y_of(*points.back().value),
      escape_html(say("chart.point", {{"date", first}, {"points", from}})), escape_html(say("chart.point", {{"date", last}, {"points", to}})));
}

}  // namespace plumbline
