// SPDX-License-Identifier: Apache-2.0
// The page of the readiness clock: the score over the coming year, the dates that do the damage, and what has no known end.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "base/text.h"
#include "collector/report/decision_pages.h"
#include "collector/report/outlook_chart.h"
#include "collector/report/phrases.h"
#include "collector/report/trend.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostDates = 60;
constexpr std::size_t kMostNamedHosts = 3;
constexpr std::size_t kMostNamedRules = 3;
constexpr std::size_t kMostUndatedShown = 40;
constexpr std::size_t kMostChangesShown = 30;
constexpr double kNothing = 0.005;  // points that would be shown as 0.00

std::string signed_hundredths(double points) {
  const std::string size = decimal_text(std::abs(points), 2);
  return (points > 0 ? "+" : "−") + size;
}

std::string product_text(const ClockCause& cause) {
  if (cause.product == "certificate") return say("outlook.certificate");
  std::string text = cause.product + (cause.version.empty() ? "" : " " + cause.version);
  if (!cause.cycle.empty() && cause.cycle != cause.version) text += " (" + cause.cycle + ")";
  return to_utf8(text);
}

std::string ends_text(const ClockCause& cause, std::int64_t day) {
  if (!cause.ends) return {};
  const bool over = *cause.ends < day;
  return say(cause.product == "certificate" ? (over ? "outlook.certificate_ended" : "outlook.certificate_ends") : (over ? "outlook.support_ended" : "outlook.support_ends"),
             {{"date", date_text(*cause.ends)}});
}

// What happens because one product ends: mostly a warning on one day and the end on another.
struct DateGroup {
  std::set<std::int64_t> days;
  std::vector<ClockCause> causes;
  double points = 0;
  std::set<std::size_t> hosts, rules;  // rules that newly do not pass
};

std::string key_of(const ClockTurn& turn) {
  std::string key;
  for (const ClockCause& cause : turn.causes) key += cause.product + '\n' + cause.cycle + '\n' + (cause.cycle.empty() ? cause.version : "") + '\n' + std::to_string(cause.ends.value_or(0)) + '\n';
  return key;
}

std::vector<DateGroup> grouped(const Clock& clock) {
  std::map<std::string, DateGroup> groups;
  for (const ClockTurn& turn : clock.turns) {
    // Turns without a product are those of fleet rules: each day is its own.
    DateGroup& group = groups[turn.causes.empty() ? std::to_string(turn.day) : key_of(turn)];
    group.days.insert(turn.day);
    if (group.causes.empty()) group.causes = turn.causes;
    group.points += turn.points;
    if (turn.host) group.hosts.insert(*turn.host);
    if (turn.is == Verdict::fail || turn.is == Verdict::unknown) group.rules.insert(turn.rule);
  }
  std::vector<DateGroup> out;
  for (auto& [key, group] : groups) out.push_back(std::move(group));
  std::stable_sort(out.begin(), out.end(), [](const DateGroup& a, const DateGroup& b) { return *a.days.begin() < *b.days.begin(); });
  return out;
}

View date_row(const ReportInput& input, const Clock& clock, const DateGroup& group) {
  View row;
  put_text(row, "date", date_text(*group.days.begin()));
  row["passed"] = View(*group.days.begin() <= clock.from);
  row["later"] = maybe(group.days.size() == 1 ? std::string() : group.days.size() == 2 ? say("outlook.and_date", {{"date", date_text(*group.days.rbegin())}})
                                                                : say("outlook.until_date", {{"date", date_text(*group.days.rbegin())}}));
  std::vector<std::string> products, ends;
  for (const ClockCause& cause : group.causes) {
    products.push_back(product_text(cause));
    if (const std::string text = ends_text(cause, clock.from); !text.empty() && std::find(ends.begin(), ends.end(), text) == ends.end()) ends.push_back(text);
  }
  put_text(row, "product", group.causes.empty() ? say("outlook.whole_fleet") : listed(products, 3));
  row["ends"] = maybe(join(ends, "; "));
  std::vector<std::string> names;
  for (const std::size_t host : group.hosts) names.push_back(host_title(clock.now.hosts.at(host)));
  row["hosts"] = maybe(names.empty() ? std::string() : listed(names, kMostNamedHosts));
  put_text(row, "points", std::abs(group.points) < kNothing ? "0" : signed_hundredths(group.points));
  put_text(row, "points_css", group.points < -kNothing ? "bad" : group.points > kNothing ? "ok" : "soft");
  View rules = view_list();
  std::size_t shown = 0;
  for (const std::size_t rule : group.rules) {
    if (shown++ == kMostNamedRules) break;
    View one;
    put_text(one, "rule_id", input.rules->rules.at(rule).id);
    put_text(one, "rule_title", input.rules->rules.at(rule).title);
    put_text(one, "todo", first_sentence(input.rules->rules.at(rule).fix.text));
    rules.push_back(one);
  }
  put_list(row, "rules", rules);
  row["more_rules"] = maybe(group.rules.size() > kMostNamedRules ? say_count("outlook.more_checks", group.rules.size() - kMostNamedRules) : std::string());
  return row;
}

bool only_certificates(const DateGroup& group) {
  return std::all_of(group.causes.begin(), group.causes.end(), [](const ClockCause& cause) { return cause.product == "certificate"; });
}

View date_rows(const ReportInput& input, const Clock& clock, View& page) {
  std::vector<DateGroup> groups = grouped(clock), damage;
  double gained = 0;
  std::size_t others = 0;
  for (DateGroup& group : groups) {
    if (group.points < -kNothing || (!group.rules.empty() && !only_certificates(group))) {
      damage.push_back(std::move(group));
    } else {
      gained += group.points;
      ++others;
    }
  }
  View rows = view_list();
  for (std::size_t i = 0; i < damage.size() && i < kMostDates; ++i) rows.push_back(date_row(input, clock, damage[i]));
  double left = 0;
  for (std::size_t i = kMostDates; i < damage.size(); ++i) left += damage[i].points;
  page["more_dates"] = maybe(damage.size() > kMostDates ? say_count("outlook.more_dates", damage.size() - kMostDates, {{"points", signed_hundredths(left)}}) : std::string());
  page["other_dates"] = maybe(others == 0 || gained < kNothing ? std::string() : say_count("outlook.other_dates", others, {{"points", signed_hundredths(gained)}}));
  return rows;
}

View moment_row(const ReportInput& input, std::string when, std::int64_t day, const Assessment& assessment, const Assessment* before) {
  const Score& score = assessment.score;
  View row;
  put_text(row, "when", std::move(when));
  put_text(row, "day", date_text(day));
  put_text(row, "value", score.value ? points_text(*score.value) : "–");
  put_text(row, "range", say("outlook.range", {{"lower", points_text(score.lower)}, {"upper", points_text(score.upper)}}));
  put_text(row, "level", level_text(score.level));
  std::vector<std::string> shut;
  for (std::size_t i = 0; before != nullptr && i < assessment.gates.size(); ++i)
    if (assessment.gates[i].shut && !before->gates[i].shut) shut.push_back(input.rules->gates[assessment.gates[i].gate].title);
  row["shuts"] = maybe(shut.empty() ? std::string() : say("outlook.gate_shuts", {{"gates", listed(shut, 2)}}));
  return row;
}

View moment_rows(const ReportInput& input, const Clock& clock) {
  View rows = view_list();
  rows.push_back(moment_row(input, say("outlook.now"), clock.from, clock.now, nullptr));
  const Assessment* before = &clock.now;
  for (std::size_t i = 0; i < clock.moments.size(); ++i) {
    rows.push_back(moment_row(input, say(i == 0 ? "outlook.in_six" : "outlook.in_twelve"), clock.moments[i].day, clock.moments[i].assessment, before));
    before = &clock.moments[i].assessment;
  }
  return rows;
}

bool same_outcome(const WorkloadResult& a, const WorkloadResult& b) { return a.pilot == b.pilot && a.production == b.production && a.changes == b.changes; }

View workload_rows(const ReportInput& input, const Clock& clock, View& page) {
  View rows = view_list();
  std::size_t same = 0;
  for (std::size_t i = 0; i < clock.now.workloads.size(); ++i) {
    const WorkloadResult& now = clock.now.workloads[i];
    const bool moves = std::any_of(clock.moments.begin(), clock.moments.end(), [&](const ClockMoment& moment) { return !same_outcome(now, moment.assessment.workloads.at(i)); });
    if (!moves) {
      ++same;
      continue;
    }
    View row, states = view_list();
    put_text(row, "workload_id", input.rules->workloads.at(now.workload).id);
    put_text(row, "workload_title", input.rules->workloads.at(now.workload).title);
    const auto add = [&](const WorkloadResult& result, std::string label) {
      const Word word = state_word(result);
      View state;
      put_text(state, "state", word.text);
      put_text(state, "state_css", std::string(word.css));
      put_text(state, "state_label", std::move(label));
      states.push_back(state);
    };
    add(now, say("outlook.now"));
    for (std::size_t m = 0; m < clock.moments.size(); ++m) add(clock.moments[m].assessment.workloads.at(i), say(m == 0 ? "outlook.in_six" : "outlook.in_twelve"));
    put_list(row, "states", std::move(states));
    rows.push_back(row);
  }
  page["same_workloads"] = maybe(same == 0 ? std::string() : say_count("outlook.same_workloads", same));
  return rows;
}

View undated_rows(const Clock& clock, View& page) {
  std::vector<const Undated*> all;
  for (const Undated& one : clock.undated) all.push_back(&one);
  std::stable_sort(all.begin(), all.end(), [](const Undated* a, const Undated* b) { return a->hosts > b->hosts; });
  View rows = view_list();
  for (std::size_t i = 0; i < all.size() && i < kMostUndatedShown; ++i) {
    View row;
    put_text(row, "product", to_utf8(all[i]->product + (all[i]->version.empty() ? "" : " " + all[i]->version)));
    put_text(row, "hosts", say_count("count.hosts", all[i]->hosts));
    rows.push_back(row);
  }
  page["more_undated"] = maybe(all.size() > kMostUndatedShown ? say_count("outlook.more_undated", all.size() - kMostUndatedShown) : std::string());
  page["certificates_unclear"] = maybe(clock.certificates_unclear == 0 ? std::string() : say_count("outlook.certificates_unclear", clock.certificates_unclear));
  return rows;
}

std::string headline_of(const Clock& clock) {
  if (!clock.now.score.value || clock.moments.empty() || !clock.moments.back().assessment.score.value) return say("outlook.no_score");
  const Tenths was = *clock.now.score.value, is = *clock.moments.back().assessment.score.value;
  const Slots slots = {{"from", points_text(was)}, {"to", points_text(is)}, {"date", date_text(clock.moments.back().day)}};
  return say(is < was ? "outlook.falls" : is > was ? "outlook.rises" : "outlook.stays", slots);
}

std::string state_sentence(const ReportInput& input) {
  const OutlookState& state = input.outlook_state;
  if (input.outlook == nullptr) return state.problem.empty() ? say("outlook.computing") : say("outlook.problem", {{"problem", with_full_stop(state.problem)}});
  if (state.computed_at == 0) return {};
  const std::string age = age_text(std::max<std::int64_t>(0, input.now - state.computed_at));
  if (!state.problem.empty()) return say("outlook.computed_problem", {{"age", age}, {"problem", with_full_stop(state.problem)}});
  return say(state.running ? "outlook.computed_running" : "outlook.computed", {{"age", age}});
}

}  // namespace

View outlook_view(const ReportInput& input) {
  View view;
  put_truth(view, "has_outlook", input.outlook != nullptr);
  view["outlook_state"] = maybe(state_sentence(input));
  if (input.outlook == nullptr) return view;
  const Clock& clock = *input.outlook;
  put_text(view, "headline", headline_of(clock));
  put_text(view, "catalogue_date", input.rules->catalogue.date);
  view["chart"] = maybe(outlook_chart(clock));
  put_list(view, "moments", moment_rows(input, clock));
  put_list(view, "workloads", workload_rows(input, clock, view));
  put_list(view, "dates", date_rows(input, clock, view));
  put_list(view, "undated", undated_rows(clock, view));
  return view;
}

std::string page_outlook(const ReportInput& input, const PageContext& context) {
  View view = outlook_view(input);
  view["trend"] = trend_view(input);
  put_list(view, "changes", trend_rows(input, kMostChangesShown));
  return render_page("outlook.html", say("nav.outlook"), std::move(view), input, context);
}

}  // namespace plumbline
