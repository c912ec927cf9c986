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
  std::string_view title;
};
// DESIGN.md, "Score": the levels and where they begin; the band is drawn to scale.
constexpr std::array<Band, 5> kBands = {{{0, 300, "#e8d5d5", "band1", "Not ready"},
                                         {300, 500, "#efe0c9", "band2", "Foundations"},
                                         {500, 700, "#d5e5e8", "band3", "Pilot"},
                                         {700, 850, "#cfe4d8", "band4", "Production"},
                                         {850, 1000, "#b9d8c7", "band5", "Scaling"}}};

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
  if (same_day) return to_iso8601(at).substr(11, 5);
  const std::string date = long_date(at);
  return date.substr(0, date.rfind(' '));
}

}  // namespace

std::string bar_chart(std::string_view label, const PillarResult& pillar) {
  if (!pillar.value)
    return fmt::format(R"(<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="{}: no value"><rect class="s-bar" fill="#e3e8ea" x="0" y="1" width="100" height="8" rx="1"/></svg>)", escape_html(label));
  const double lower = pillar.lower.value_or(*pillar.value), upper = pillar.upper.value_or(*pillar.value);
  std::string svg = fmt::format(
      R"(<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="{}: {:.0f} of 100, between {:.0f} and {:.0f}"><rect class="s-bar" fill="#d5dde0" x="0" y="0" width="100" height="10"/><rect class="s-accent" fill="#0b5c6b" x="0" y="0" width="{:.1f}" height="10"/>)",
      escape_html(label), *pillar.value, lower, upper, *pillar.value);
  if (upper - lower >= 0.5)
    svg += fmt::format(R"(<rect class="s-range" fill="#14202b" fill-opacity=".45" x="{:.1f}" y="3.5" width="{:.1f}" height="3"/>)", lower, upper - lower);
  return svg + "</svg>";
}

std::string level_chart(const Score& score) {
  const Tenths value = score.value.value_or(0);
  const bool held = score.value && score.level < score.level_without_gates;
  std::string label = score.value ? fmt::format("Score {} of 100, between {} and {}. Level {} of 5: {}.", whole_points(value), whole_points(score.lower), whole_points_up(score.upper), score.level, level_title(score.level))
                                  : std::string("No score yet.");
  if (held) label += fmt::format(" A gate holds it; without the gate it is {}.", level_title(score.level_without_gates));
  std::string svg = fmt::format(R"(<svg class="levels" viewBox="0 0 460 74" role="img" aria-label="{}"><g font-size="12" font-family="Inter, DejaVu Sans, sans-serif">)", escape_html(label));
  for (std::size_t at = 0; at < kBands.size(); ++at) {
    const Band& band = kBands[at];
    const bool here = score.value && static_cast<int>(at) + 1 == score.level;
    svg += fmt::format(R"(<rect class="s-{}" fill="{}" x="{:.0f}" y="30" width="{:.0f}" height="16"/><text class="{}" fill="{}" font-weight="{}" x="{:.0f}" y="64">{}</text>)",
                       band.css, band.fill, band_x(band.from), band_x(band.to - band.from) - 1, here ? "s-ink" : "s-soft", here ? "#14202b" : "#56656f", here ? "700" : "400", band_x(band.from), band.title);
  }
  if (score.value) {
    const double x = band_x(value), low = band_x(score.lower), high = band_x(score.upper);
    svg += fmt::format(R"(<line class="s-line-ink" stroke="#14202b" stroke-opacity=".4" stroke-width="5" stroke-linecap="round" x1="{:.1f}" x2="{:.1f}" y1="38" y2="38"/><circle class="s-accent s-rim" fill="#0b5c6b" stroke="#ffffff" stroke-width="2" cx="{:.1f}" cy="38" r="7"/>)",
                       low, high, std::clamp(x, 8.0, kBandWidth - 8));
    const double text_x = std::clamp(x, 12.0, kBandWidth - 150);
    svg += fmt::format(R"(<text class="s-ink" fill="#14202b" font-weight="700" x="{:.1f}" y="20">{}</text><text class="s-soft" fill="#56656f" x="{:.1f}" y="20">{} to {} possible</text>)",
                       text_x - 8, whole_points(value), text_x + (value >= 1000 ? 22.0 : 15.0), whole_points(score.lower), whole_points_up(score.upper));
  }
  if (held) {
    const Band& band = kBands[static_cast<std::size_t>(std::clamp(score.level, 1, 5) - 1)];
    svg += fmt::format(R"(<rect class="s-bad" fill="#a3262a" x="{:.0f}" y="26" width="3" height="24"/>)", std::max(0.0, band_x(band.to) - 4));
  }
  return svg + "</g></svg>";
}

std::string trend_chart(const std::vector<ScorePoint>& history) {
  const std::vector<ScorePoint> points = thinned(history);
  if (points.size() < 2) return {};
  Tenths least = 1000, most = 0;
  for (const auto& point : points) {
    least = std::min(least, *point.value);
    most = std::max(most, *point.value);
  }
  least = std::max(0, least - 80);
  most = std::min(1000, most + 80);
  const double span_s = std::max<double>(1, static_cast<double>(points.back().at - points.front().at));
  const auto x_of = [&](const ScorePoint& p) { return 6 + 388 * static_cast<double>(p.at - points.front().at) / span_s; };
  const auto y_of = [&](Tenths v) { return 78 - 62 * static_cast<double>(std::clamp(v, least, most) - least) / std::max(1, most - least); };
  std::string line, above, below;
  for (const auto& point : points) {
    line += fmt::format("{:.1f},{:.1f} ", x_of(point), y_of(*point.value));
    above += fmt::format("{:.1f},{:.1f} ", x_of(point), y_of(point.upper));
    below = fmt::format("{:.1f},{:.1f} ", x_of(point), y_of(point.lower)) + below;
  }
  const bool same_day = points.back().at - points.front().at < 86400;
  const std::string first = trend_date(points.front().at, same_day), last = trend_date(points.back().at, same_day);
  const std::string from = whole_points(*points.front().value), to = whole_points(*points.back().value);
  return fmt::format(
      R"(<svg class="trend" viewBox="0 0 400 104" role="img" aria-label="Score {} on {}, {} on {}"><polygon class="s-accent" fill="#0b5c6b" fill-opacity=".1" points="{}{}"/><line class="s-line" stroke="#dfe5e8" x1="0" x2="400" y1="84" y2="84"/><polyline class="s-line-accent" fill="none" stroke="#0b5c6b" stroke-width="2.5" stroke-linejoin="round" points="{}"/><circle class="s-accent" fill="#0b5c6b" cx="{:.1f}" cy="{:.1f}" r="4"/><g font-size="12" font-family="Inter, DejaVu Sans, sans-serif"><text class="s-soft" fill="#56656f" x="0" y="100">{}: {}</text><text class="s-soft" fill="#56656f" x="400" y="100" text-anchor="end">{}: {}</text></g></svg>)",
      from, escape_html(first), to, escape_html(last), above, below, line, x_of(points.back()), y_of(*points.back().value), escape_html(first), from, escape_html(last), to);
}

}  // namespace plumbline
