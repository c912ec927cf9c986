// SPDX-License-Identifier: Apache-2.0
// `trend`: every change of the score with its causes, and two moments judged by one rule set.
#include "collector/report/trend.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "collector/commands/common.h"
#include "collector/commands/decisions.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostPoints = 200'000;  // of the history, newest first

std::string bold(std::string_view text) { return colour_wanted() ? "\x1b[1m" + std::string(text) + "\x1b[0m" : std::string(text); }
std::string signed_points(Tenths points) { return (points >= 0 ? "+" : "") + show_points(points); }
std::string value_text(std::optional<Tenths> value) { return value ? show_points(*value) : "no verdict"; }
std::string moment_text(std::int64_t at) { return to_iso8601(at).substr(0, 10) + " " + to_iso8601(at).substr(11, 5); }

struct Span {
  std::int64_t from = 0, to = 0;
};

// Both ends judged by one rule set, and what of the change is the hosts'.
struct JudgedAgain {
  std::shared_ptr<const RuleSet> rules;
  std::optional<Tenths> was, is;
  int hosts_was = 0, hosts_is = 0;
  std::optional<ScoreChange> change;
};

Result<JudgedAgain> judge_ends(Store& store, std::shared_ptr<const RuleSet> rules, const Span& span) {
  const auto then = view_as_of(store, rules, span.from);
  if (!then) return tl::unexpected(then.error());
  const auto now = view_as_of(store, rules, span.to);
  if (!now) return tl::unexpected(now.error());
  const Assessment &was = (*then)->assessment(), &is = (*now)->assessment();
  return JudgedAgain{rules, was.score.value, is.score.value, was.score.hosts, is.score.hosts, change_of_hosts(*rules, verdicts_of(was.hosts), verdicts_of(is.hosts))};
}

Result<Span> span_of(const TrendOptions& options, const std::vector<ScorePoint>& history) {
  Span span{history.empty() ? 0 : history.front().at, now_seconds()};
  for (const auto& [option, text, end] : {std::tuple{"--from", &options.from, &span.from}, {"--to", &options.to, &span.to}}) {
    if (text->empty()) continue;
    const auto moment = read_moment(option, *text);
    if (!moment) return tl::unexpected(moment.error());
    *end = *moment;
  }
  if (span.to <= span.from) return fail(ErrorKind::invalid, fmt::format("trend: {} is not after {}", moment_text(span.to), moment_text(span.from)));
  return span;
}

// What the change that was shown has more than the hosts made: the rules.
std::optional<Tenths> by_rules(const Trend& trend, const JudgedAgain& again) {
  if (!trend.change || !again.change) return std::nullopt;
  return *trend.change - again.change->total();
}

std::string point_lines(const Trend& trend) {
  std::string text = "\n" + bold("Every change") + fmt::format("\n  {:<16}  {:>5}  {:>6}  {:>6}  {:>6}  {:>8}\n", "", "score", "change", "fleet", "rules", "coverage");
  const ScorePoint* before = trend.start ? &*trend.start : nullptr;
  for (const ScorePoint& point : trend.points) {
    const bool moved = before != nullptr && before->value && point.value;
    text += fmt::format("  {:<16}  {:>5}  {:>6}", moment_text(point.at), point.value ? show_points(*point.value) : "-", moved ? signed_points(*point.value - *before->value) : "");
    if (point.split) text += fmt::format("  {:>6}  {:>6}  {:>8}", signed_points(point.split->fleet), signed_points(point.split->rules), signed_points(point.split->coverage));
    else if (moved) text += "  not told";
    text += "\n";
    before = &point;
  }
  return trend.points.empty() ? text + "  none\n" : text;
}

std::string sum_lines(const Trend& trend, const Span& span) {
  std::string text = bold(fmt::format("Score from {} to {}", moment_text(span.from), moment_text(span.to))) + "\n";
  if (!trend.change) return text + "  no score was kept in this time\n";
  const auto first = trend.start ? trend.start->value : trend.points.front().value;
  text += fmt::format("  as it was shown   {} → {}  ({})\n", value_text(first), value_text(trend.points.empty() ? first : trend.points.back().value), signed_points(*trend.change));
  text += fmt::format("  as told then      fleet {}, rules {}, coverage {}", signed_points(trend.split.fleet), signed_points(trend.split.rules), signed_points(trend.split.coverage));
  if (trend.untold_points > 0) text += fmt::format("; not told {} ({})", signed_points(trend.untold), trend.untold_points == 1 ? "1 change" : fmt::format("{} changes", trend.untold_points));
  return text + "\n";
}

std::string again_lines(const Trend& trend, const JudgedAgain& again) {
  const std::string rules = printable(again.rules->version) + ", " + again.rules->hash.substr(0, 12);
  std::string text = fmt::format("  judged again      {} on {} → {} on {}, both by rules {}\n", value_text(again.was), again.hosts_was == 1 ? "1 host" : fmt::format("{} hosts", again.hosts_was),
                                 value_text(again.is), again.hosts_is == 1 ? "1 host" : fmt::format("{} hosts", again.hosts_is), rules);
  if (!again.change) return text + "                    one of the two days has no verdict: nothing to compare\n";
  text += fmt::format("                    fleet {}, coverage {}", signed_points(again.change->fleet), signed_points(again.change->coverage));
  if (const auto rest = by_rules(trend, again)) text += fmt::format("; the rest of what was shown is the rules: {}", signed_points(*rest));
  return text + "\n";
}

nlohmann::json again_json(const Trend& trend, const JudgedAgain& again) {
  const auto points = [](std::optional<Tenths> value) { return value ? nlohmann::json(*value / 10.0) : nlohmann::json(); };
  nlohmann::json out = {{"rule_set", {{"hash", again.rules->hash}, {"version", again.rules->version}, {"date", again.rules->date}}},
                        {"from", {{"value", points(again.was)}, {"hosts", again.hosts_was}}}, {"to", {{"value", points(again.is)}, {"hosts", again.hosts_is}}},
                        {"fleet", nullptr}, {"coverage", nullptr}, {"rules", points(by_rules(trend, again))}};
  if (again.change) {
    out["fleet"] = again.change->fleet / 10.0;
    out["coverage"] = again.change->coverage / 10.0;
  }
  return out;
}

}  // namespace

int run_trend(const TrendOptions& options) {
  const auto store = open_state_store(options.common.state, options.common.store_url);
  if (!store) return report_error(store.error());
  const auto history = (*store)->scores(kMostPoints);
  if (!history) return report_error(history.error());
  const auto span = span_of(options, *history);
  if (!span) return report_usage(span.error().message);
  const Trend trend = trend_between(*history, span->from, span->to);
  std::optional<JudgedAgain> again;
  if (options.judge_again) {
    auto rules = rules_for(options.common);
    if (!rules) return report_error(rules.error());
    auto ends = judge_ends(**store, std::move(*rules), *span);
    if (!ends) return report_error(ends.error());
    again = std::move(*ends);
  }
  if (options.common.json) {
    nlohmann::json out = trend_json(trend);
    out["from"] = to_iso8601(span->from);
    out["to"] = to_iso8601(span->to);
    out["judged_again"] = again ? again_json(trend, *again) : nlohmann::json();
    print(canonical_json(out) + "\n");
  } else {
    print(sum_lines(trend, *span) + (again ? again_lines(trend, *again) : std::string()) + point_lines(trend));
  }
  return kExitOk;
}

}  // namespace plumbline
