// SPDX-License-Identifier: Apache-2.0
// The score on every page: its gates, pillars, coverage, what changed, and risks that are accepted.
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "collector/decisions/reviews.h"
#include "collector/report/chart.h"
#include "collector/report/view.h"

namespace plumbline {
namespace {

constexpr std::int64_t kStaleSeconds = 26 * 3600;  // agents report every hour; a day and two hours is silence
constexpr std::size_t kMostUnread = 5;
constexpr std::int64_t kDay = 86'400;

std::string rule_scope(const ReportInput& input, std::size_t rule, int hosts) {
  return input.rules->rules[rule].fleet ? say("where.fleet") : say_count("count.hosts", static_cast<std::size_t>(hosts));
}

View rule_row(const ReportInput& input, std::size_t rule, int hosts) {
  View row;
  put_text(row, "rule_id", input.rules->rules[rule].id);
  put_text(row, "rule_title", input.rules->rules[rule].title);
  put_text(row, "rule_scope", rule_scope(input, rule, hosts));
  return row;
}

View holding_rows(const ReportInput& input, const std::vector<std::size_t>& gates) {
  View list = view_list();
  for (const std::size_t gate : gates) {
    View one;
    put_text(one, "gate_title", input.rules->gates[gate].title);
    const auto& all = input.assessment->gates;
    const auto found = std::find_if(all.begin(), all.end(), [&](const GateResult& result) { return result.gate == gate; });
    one["gate_rule"] = maybe(found != all.end() && !found->failing_rules.empty() ? input.rules->rules[found->failing_rules.front()].id : "");
    put_text(one, "gate_caps", level_text(input.rules->gates[gate].level));
    list.push_back(one);
  }
  return list;
}

std::string where_changed(const Rule& rule, std::size_t hosts) {
  return rule.fleet ? say("where.fleet_alone") : say_count("count.hosts", hosts);
}

}  // namespace

View gate_rows(const ReportInput& input) {
  View rows = view_list();
  std::vector<GateResult> gates = input.assessment->gates;  // shut ones first, then those that could not be decided
  std::stable_sort(gates.begin(), gates.end(), [](const GateResult& a, const GateResult& b) { return std::pair(!a.shut, !a.unknown) < std::pair(!b.shut, !b.unknown); });
  for (const auto& gate : gates) {
    const Gate& about = input.rules->gates[gate.gate];
    View row;
    put_text(row, "title", about.title);
    put_text(row, "state", say(gate.shut ? "gate.shut" : gate.unknown ? "verdict.unknown" : "gate.open"));
    put_text(row, "state_css", gate.shut ? "bad" : gate.unknown ? "unknown" : "ok");
    put_text(row, "caps", level_text(about.level));
    put_truth(row, "shut", gate.shut);
    View rules = view_list();
    for (const std::size_t rule : gate.failing_rules) rules.push_back(rule_row(input, rule, input.assessment->rules[rule].tally.fail));
    row["rules"] = std::move(rules);
    rows.push_back(row);
  }
  return rows;
}

std::string score_range(const Score& score) {
  return say("score.range", {{"lower", whole_points(score.lower)}, {"upper", whole_points_up(score.upper)}});
}

ScoreGoal score_goal(const ReportInput& input) {
  if (!input.decisions || !input.decisions->goals.score) return {};
  const Goals& goals = input.decisions->goals;
  const std::string points = std::to_string(*goals.score);
  return {goals.score, goals.score_by ? say("goal.score_by", {{"points", points}, {"month", month_text(*goals.score_by)}}) : say("goal.score", {{"points", points}})};
}

View score_view(const ReportInput& input) {
  const Score& score = input.assessment->score;
  View view;
  put_truth(view, "has_score", score.value.has_value());
  put_text(view, "value", score.value ? points_text(*score.value) : std::string("–"));
  put_text(view, "whole", score.value ? whole_points(*score.value) : std::string("–"));
  put_text(view, "lower", whole_points(score.lower));
  put_text(view, "upper", whole_points_up(score.upper));
  put_text(view, "known", percent(score.checks_known));
  put_text(view, "level", level_text(score.level));
  put_text(view, "level_number", std::to_string(score.level));
  put_text(view, "level_free", level_text(score.level_without_gates));
  const auto gates = holding_gates(input);
  put_truth(view, "held", !gates.empty());
  put_text(view, "gate_count", say_count("gate.count", gates.size()));
  view["holding"] = holding_rows(input, gates);
  put_text(view, "closed_sentence", say_count("score.closed", gates.size(), {{"level", level_text(score.level_without_gates)}}));
  put_text(view, "level_chart", level_chart(score));
  const ScoreGoal goal = score_goal(input);
  view["trend"] = maybe(trend_chart(input.history, goal));
  view["goal"] = maybe(goal.label);
  return view;
}

View pillar_rows(const ReportInput& input) {
  View rows = view_list();
  for (const auto& pillar : input.assessment->score.pillars) {
    View row;
    put_text(row, "title", pillar_text(pillar.pillar));
    put_text(row, "pillar_id", std::string(to_text(pillar.pillar)));
    put_text(row, "value", out_of_hundred(pillar.value));
    put_truth(row, "measured", pillar.value.has_value());
    const bool ranged = pillar.value && pillar.lower && pillar.upper && std::lround(*pillar.lower) != std::lround(*pillar.upper);
    row["range"] = maybe(ranged ? say("score.span", {{"lower", out_of_hundred(pillar.lower)}, {"upper", out_of_hundred(pillar.upper)}}) : "");
    put_text(row, "share", pillar.value ? percent(pillar.share) : std::string("–"));
    put_text(row, "points", pillar.value ? points_text(pillar.contribution) : std::string("–"));
    put_text(row, "chart", bar_chart(pillar_text(pillar.pillar), pillar));
    const auto failing = std::count_if(input.assessment->rules.begin(), input.assessment->rules.end(), [&](const RuleResult& rule) {
      return rule.tally.fail > 0 && input.rules->rules[rule.rule].pillar == pillar.pillar;
    });
    put_text(row, "findings", say_count("count.findings", static_cast<std::size_t>(failing)));
    rows.push_back(row);
  }
  return rows;
}

Coverage coverage_of(const ReportInput& input) {
  Coverage coverage;
  for (const auto& host : input.assessment->hosts)
    if (input.now - host.taken_at > kStaleSeconds) ++coverage.stale;
  for (std::size_t rule = 0; rule < input.assessment->rules.size(); ++rule) {
    const Tally& tally = input.assessment->rules[rule].tally;
    coverage.checks += static_cast<std::size_t>(tally.applicable());
    coverage.unknown += static_cast<std::size_t>(tally.unknown);
    if (tally.unknown > 0) coverage.unread.push_back(rule);
  }
  std::stable_sort(coverage.unread.begin(), coverage.unread.end(), [&](std::size_t a, std::size_t b) { return input.assessment->rules[a].tally.unknown > input.assessment->rules[b].tally.unknown; });
  return coverage;
}

View coverage_view(const ReportInput& input) {
  const Assessment& assessment = *input.assessment;
  const Coverage coverage = coverage_of(input);
  View view;
  put_text(view, "hosts", host_count(input));
  put_text(view, "unknown_checks", say_count("coverage.unknown", coverage.unknown, {{"checks", say_count("count.checks", coverage.checks)}}));
  view["stale"] = maybe(coverage.stale > 0 ? say_count("coverage.stale", coverage.stale) : "");
  view["silent"] = maybe(input.hosts_without_scan > 0 ? say_count("coverage.silent", input.hosts_without_scan) : "");
  const bool of_many_days = assessment.hosts.size() > 1 && date_text(assessment.score.oldest_scan) != date_text(assessment.score.newest_scan);
  view["oldest"] = maybe(of_many_days ? say("coverage.oldest", {{"date", date_text(assessment.score.oldest_scan)}}) : "");
  View rows = view_list();
  for (std::size_t at = 0; at < coverage.unread.size() && at < kMostUnread; ++at) rows.push_back(rule_row(input, coverage.unread[at], assessment.rules[coverage.unread[at]].tally.unknown));
  put_list(view, "unread", std::move(rows));
  const SelfReport attested = self_report_of(input);
  put_text(view, "attested", attested.sentence);
  return view;
}

namespace {

// What stands first on every page: since people last looked, or else since the scan before.
struct Changes {
  std::vector<Change> list;
  std::string since;
  bool known = false;
};
Changes changes_of(const ReportInput& input) {
  if (input.since_review && input.since_review->known) return {input.since_review->changes, say("overview.review_of", {{"date", date_text(input.since_review->at)}}), true};
  if (input.before.empty()) return {};
  std::int64_t since = 0;
  for (const auto& host : input.before) since = std::max(since, host.taken_at);
  // Hosts whose scan before is known by its verdicts alone carry the day of their latest one: then no day is told.
  const bool dated = since > 0 && since / kDay < input.assessment->as_of / kDay;
  return {changes(*input.rules, input.before, input.assessment->hosts), dated ? date_text(since) : say("overview.scan_before"), true};
}

}  // namespace

View change_view(const ReportInput& input) {
  View won = view_list(), lost = view_list();
  const Changes changed = changes_of(input);
  for (const auto& change : changed.list) {
    const Rule& rule = input.rules->rules[change.rule];
    View row;
    put_text(row, "rule_id", rule.id);
    put_text(row, "what", rule.title);
    if (change.newly_passing > 0) {
      put_text(row, "where", where_changed(rule, change.newly_passing));
      won.push_back(row);
    }
    if (change.newly_failing > 0) {
      put_text(row, "where", where_changed(rule, change.newly_failing));
      lost.push_back(row);
    }
  }
  View view;
  put_truth(view, "same", changed.known && won.list_value().empty() && lost.list_value().empty());
  put_list(view, "won", std::move(won));
  put_list(view, "lost", std::move(lost));
  put_truth(view, "first", !changed.known);
  put_text(view, "since", changed.since);
  const Movement movement = movement_of(input, "it");
  view["movement"] = maybe(movement.text);
  put_text(view, "movement_css", movement.css);
  return view;
}

Movement movement_of(const ReportInput& input, std::string_view audience) {
  const auto& now = input.assessment->score.value;
  if (!now) return {};
  std::optional<Tenths> before;
  std::string since;
  if (input.decisions)
    for (const Review& review : input.decisions->reviews)
      if (review.audience == audience && review.score && review.at < input.assessment->as_of) {
        before = review.score;
        since = say("movement.since_review", {{"date", day_text(review.at)}});
      }
  // Without a review: what is at least a month old, or else the oldest there is.
  if (!before) {
    const ScorePoint* chosen = nullptr;
    for (const ScorePoint& point : input.history)
      if (point.value && input.assessment->as_of - point.at >= kDay && (chosen == nullptr || input.assessment->as_of - point.at >= 28 * kDay)) chosen = &point;
    if (chosen == nullptr) return {};
    before = chosen->value;
    since = say("movement.since", {{"date", day_text(chosen->at)}});
  }
  const int change = *now / 10 - *before / 10;
  if (change == 0) return {say("movement.none", {{"since", since}}), "soft", 0};
  const std::string points = std::to_string(std::abs(change));
  return {say(change > 0 ? "movement.up" : "movement.down", {{"points", points}, {"since", since}}), change > 0 ? "ok" : "bad", change};
}

View accepted_rows(const ReportInput& input, std::optional<std::size_t> rule) {
  View rows = view_list();
  for (const AcceptedRisk& risk : input.assessment->risks) {
    if (risk.state == RiskState::unused || (rule && risk.rule != *rule)) continue;
    const Waiver& waiver = input.rules->waivers[risk.waiver];
    const Rule& about = input.rules->rules[risk.rule];
    const bool active = risk.state == RiskState::active;
    const std::string last_day = date_text(waiver.ends - 1);
    View row;
    put_text(row, "risk_rule", about.id);
    put_text(row, "risk_title", about.title);
    put_text(row, "risk_price", active ? say("risk.price", {{"points", points_text(risk.points)}, {"date", last_day}}) : say("risk.expired", {{"date", last_day}}));
    put_text(row, "risk_css", active ? "wait" : "bad");
    const std::string whose = waiver.hosts == "*" ? say("where.all_hosts") : waiver.hosts;
    put_text(row, "risk_hosts", about.fleet ? say("where.fleet") : say("risk.hosts", {{"whose", whose}, {"hosts", say_count("count.hosts", risk.hosts.size())}}));
    put_text(row, "risk_owner", waiver.owner);
    put_text(row, "risk_reason", waiver.reason);
    rows.push_back(row);
  }
  return rows;
}

std::string acceptance_of(const ReportInput& input, std::size_t rule, std::size_t host) {
  for (const AcceptedRisk& risk : input.assessment->risks) {
    const bool here = risk.rule == rule && risk.state == RiskState::active && std::find(risk.hosts.begin(), risk.hosts.end(), host) != risk.hosts.end();
    if (!here) continue;
    const Waiver& waiver = input.rules->waivers[risk.waiver];
    return say("risk.accepted_by", {{"owner", waiver.owner}, {"date", date_text(waiver.ends - 1)}, {"reason", waiver.reason}});
  }
  return "";
}

}  // namespace plumbline
