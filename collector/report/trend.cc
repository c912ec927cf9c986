// SPDX-License-Identifier: Apache-2.0
// Sums kept points up by cause, and says so.
#include "collector/report/trend.h"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/time.h"
#include "collector/report/phrases.h"

namespace plumbline {
namespace {

using nlohmann::json;

json points_of(std::optional<int> tenths) { return tenths ? json(*tenths / 10.0) : json(); }

json split_json(const ScoreChange& split) {
  return {{"fleet", split.fleet / 10.0}, {"rules", split.rules / 10.0}, {"coverage", split.coverage / 10.0}};
}

json point_json(const ScorePoint& point, const ScorePoint* before) {
  json out = {{"at", to_iso8601(point.at)}, {"value", points_of(point.value)}, {"lower", point.lower / 10.0}, {"upper", point.upper / 10.0},
              {"level", point.level}, {"hosts", point.hosts}, {"rules_hash", point.rules_hash}, {"change", nullptr}, {"split", nullptr}};
  if (before != nullptr && before->value && point.value) out["change"] = (*point.value - *before->value) / 10.0;
  if (point.split) out["split"] = split_json({point.split->fleet, point.split->rules, point.split->coverage});
  return out;
}

std::string signed_points(Tenths points) { return points == 0 ? "0" : (points > 0 ? "+" : "−") + points_text(std::abs(points)); }
std::string css_of(Tenths points) { return points > 0 ? "ok" : points < 0 ? "bad" : "soft"; }
std::string short_moment(std::int64_t at) { return to_iso8601(at).substr(0, 10) + " " + to_iso8601(at).substr(11, 5); }

}  // namespace

std::optional<std::int64_t> parse_moment(std::string_view text) {
  constexpr std::int64_t kDaySeconds = 86'400;
  if (const auto day = parse_date(text)) return *day + kDaySeconds - 1;
  return parse_iso8601(text);
}

Trend trend_between(const std::vector<ScorePoint>& history, std::int64_t from, std::int64_t to) {
  Trend out;
  for (const ScorePoint& point : history) {
    if (point.at > to) continue;
    if (point.at <= from) out.start = point;
    else out.points.push_back(point);
  }
  const ScorePoint* before = out.start ? &*out.start : nullptr;
  std::optional<Tenths> first = out.start ? out.start->value : std::nullopt, last = first;
  for (const ScorePoint& point : out.points) {
    const bool moved = before != nullptr && before->value && point.value;
    if (moved && point.split) {
      out.split += {point.split->fleet, point.split->rules, point.split->coverage};
    } else if (before != nullptr) {
      ++out.untold_points;
    }
    if (!first) first = point.value;
    if (point.value) last = point.value;
    before = &point;
  }
  if (!first || !last) return out;
  out.change = *last - *first;
  out.untold = *out.change - out.split.total();
  return out;
}

json trend_json(const Trend& trend) {
  json out = {{"schema", 1}, {"start", nullptr}, {"points", json::array()}, {"change", points_of(trend.change)},
              {"split", split_json(trend.split)}, {"untold", trend.untold / 10.0}, {"untold_points", trend.untold_points}};
  const ScorePoint* before = nullptr;
  if (trend.start) {
    out["start"] = point_json(*trend.start, nullptr);
    before = &*trend.start;
  }
  for (const ScorePoint& point : trend.points) {
    out["points"].push_back(point_json(point, before));
    before = &point;
  }
  return out;
}

View trend_view(const ReportInput& input) {
  View view;
  const Trend trend = trend_between(input.history, months_later(input.now, -1), input.now);
  const bool told = trend.change && !trend.points.empty() && (trend.start || trend.points.size() > 1);
  put_truth(view, "has_trend", told);
  if (!told) return view;
  const ScorePoint& first = trend.start ? *trend.start : trend.points.front();
  const std::string since = day_text(std::max(first.at, months_later(input.now, -1)));
  put_text(view, "headline", *trend.change == 0 ? say("trend.same", {{"since", since}}) : say("trend.moved", {{"points", signed_points(*trend.change)}, {"since", since}}));
  View causes = view_list();
  for (const auto& [name, points] : {std::pair{"fleet", trend.split.fleet}, {"rules", trend.split.rules}, {"coverage", trend.split.coverage}}) {
    View cause;
    put_text(cause, "cause_title", say(std::string("trend.") + name));
    put_text(cause, "cause_text", say(std::string("trend.") + name + "_meaning"));
    put_text(cause, "cause_points", signed_points(points));
    put_text(cause, "cause_css", css_of(points));
    causes.push_back(cause);
  }
  put_list(view, "causes", causes);
  view["untold"] = maybe(trend.untold_points == 0 ? std::string() : say_count("trend.untold", trend.untold_points, {{"points", signed_points(trend.untold)}}));
  return view;
}

View trend_rows(const ReportInput& input, std::size_t most) {
  View rows = view_list();
  const auto& history = input.history;
  for (std::size_t i = history.size(); i-- > 0 && most > 0; --most) {
    const ScorePoint& point = history[i];
    View row;
    put_text(row, "at", short_moment(point.at));
    put_text(row, "value", point.value ? points_text(*point.value) : "–");
    const bool moved = i > 0 && history[i - 1].value && point.value;
    put_text(row, "change", moved ? signed_points(*point.value - *history[i - 1].value) : "–");
    put_text(row, "change_css", moved ? css_of(*point.value - *history[i - 1].value) : "soft");
    const auto cell = [&](int tenths) { return point.split ? signed_points(tenths) : std::string("–"); };
    put_text(row, "fleet", cell(point.split ? point.split->fleet : 0));
    put_text(row, "rules", cell(point.split ? point.split->rules : 0));
    put_text(row, "coverage", cell(point.split ? point.split->coverage : 0));
    rows.push_back(row);
  }
  return rows;
}

}  // namespace plumbline
