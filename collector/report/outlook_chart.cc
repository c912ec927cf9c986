// SPDX-License-Identifier: Apache-2.0
// Draws the steps: every date on which a rule turns is one.
#include "collector/report/outlook_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "collector/report/phrases.h"
#include "collector/report/wording.h"

namespace plumbline {
namespace {

constexpr double kLeft = 6, kRight = 694, kTop = 26, kBottom = 118;
constexpr double kLeastSpan = 4;  // points from top to bottom, so that a small step looks small

struct Step {
  std::int64_t day = 0;
  double score = 0;
};

// From the first day on: the score after all that has turned by then.
std::vector<Step> steps_of(const Clock& clock) {
  std::vector<Step> out = {{clock.from, *clock.now.score.value / 10.0}};
  for (const ClockTurn& turn : clock.turns) {
    if (turn.day > clock.moments.back().day) break;
    if (turn.day > out.back().day) out.push_back({turn.day, out.back().score});
    out.back().score += turn.points;
  }
  return out;
}

}  // namespace

std::string outlook_chart(const Clock& clock) {
  if (!clock.now.score.value || clock.moments.empty()) return {};
  const std::vector<Step> steps = steps_of(clock);
  double least = steps.front().score, most = least;
  for (const Step& step : steps) {
    least = std::min(least, step.score);
    most = std::max(most, step.score);
  }
  const double middle = (least + most) / 2, half = std::max(kLeastSpan, (most - least) * 1.2) / 2;
  const std::int64_t last = clock.moments.back().day;
  const double days = static_cast<double>(std::max<std::int64_t>(1, last - clock.from));
  const auto x_of = [&](std::int64_t day) { return kLeft + (kRight - kLeft) * static_cast<double>(day - clock.from) / days; };
  const auto y_of = [&](double score) { return kTop + (kBottom - kTop) * (middle + half - score) / (2 * half); };
  std::string path = fmt::format("M{:.1f} {:.1f}", kLeft, y_of(steps.front().score));
  for (std::size_t i = 1; i < steps.size(); ++i) path += fmt::format("H{:.1f}V{:.1f}", x_of(steps[i].day), y_of(steps[i].score));
  path += fmt::format("H{:.1f}", kRight);
  const std::string now = points_text(*clock.now.score.value);
  const auto& end = clock.moments.back().assessment.score.value;
  const std::string then = end ? points_text(*end) : "–";
  std::string svg = fmt::format(
      R"(<svg class="trend" viewBox="0 0 700 148" role="img" aria-label="{}"><path class="s-accent" fill="#0b5c6b" fill-opacity=".1" d="{}V{:.1f}H{:.1f}Z"/><line class="s-line" stroke="#dfe5e8" x1="0" x2="700" y1="{:.1f}" y2="{:.1f}"/><path class="s-line-accent" fill="none" stroke="#0b5c6b" stroke-width="2.5" stroke-linejoin="round" d="{}"/><g font-size="13" font-family="Inter, DejaVu Sans, sans-serif">)",
      escape_html(say("outlook.chart", {{"from", now}, {"first", date_text(clock.from)}, {"to", then}, {"last", date_text(last)}})), path, kBottom + 6, kLeft, kBottom + 6, kBottom + 6, path);
  const auto mark = [&](std::int64_t day, double score, std::string_view anchor, const std::string& label) {
    svg += fmt::format(R"(<circle class="s-accent s-rim" fill="#0b5c6b" stroke="#ffffff" stroke-width="2" cx="{:.1f}" cy="{:.1f}" r="5"/><text class="s-ink" fill="#14202b" font-weight="700" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text><text class="s-soft" fill="#56656f" x="{:.1f}" y="142" text-anchor="{}">{}</text>)",
                       x_of(day), y_of(score), x_of(day), y_of(score) - 10, anchor, escape_html(label), x_of(day), anchor, escape_html(month_text(day)));
  };
  mark(clock.from, steps.front().score, "start", now);
  for (std::size_t i = 0; i < clock.moments.size(); ++i) {
    const ClockMoment& moment = clock.moments[i];
    if (!moment.assessment.score.value) continue;
    mark(moment.day, *moment.assessment.score.value / 10.0, i + 1 == clock.moments.size() ? "end" : "middle", points_text(*moment.assessment.score.value));
  }
  return svg + "</g></svg>";
}

}  // namespace plumbline
