// SPDX-License-Identifier: Apache-2.0
// Workloads on every page: how they stand, what they need, how many people the machines serve, and cards that could do
// more.
#include <algorithm>
#include <tuple>

#include "base/text.h"
#include "collector/report/view.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostHostsNamed = 5;
constexpr std::size_t kMostStrandedRows = 40;

std::string state_name(WorkloadState state, int changes) {
  switch (state) {
    case WorkloadState::ready: return say("state.ready");
    case WorkloadState::after_changes: return say_count("state.after", static_cast<std::size_t>(std::max(changes, 1)));
    case WorkloadState::not_ready: return say("state.not_ready");
    case WorkloadState::unknown: break;
  }
  return say("verdict.unknown");
}

View requirement_rows(const std::vector<RequirementResult>& results) {
  View rows = view_list();
  for (const auto& result : results) {
    const bool unmet = result.verdict == Verdict::fail;
    View row;
    put_text(row, "text", capitalised(result.requirement->text));
    put_text(row, "word", say(result.verdict == Verdict::pass ? "requirement.met" : unmet ? "requirement.unmet" : "verdict.unknown"));
    put_text(row, "word_css", std::string(verdict_word(result.verdict).css));
    row["observed"] = maybe(result.observed);
    row["change"] = maybe(unmet ? say("effort.and_cost", {{"effort", effort_text(result.requirement->effort_days)}, {"cost", cost_text(result.requirement->cost)}}) : "");
    rows.push_back(row);
  }
  return rows;
}

const Action* action_named(const ReportInput& input, std::string_view id) {
  for (const Action& action : input.assessment->actions)
    if (action.id == id) return &action;
  return nullptr;
}

std::string need_text(const ReportInput& input, const NeededChange& change) {
  if (change.requirement != nullptr) return change.requirement->text;
  const Action* action = action_named(input, change.action);
  return action != nullptr ? action_title(input, *action) : change.action;
}

View needed_rows(const ReportInput& input, const std::vector<NeededChange>& needed) {
  View rows = view_list();
  for (const NeededChange& change : needed) {
    View row;
    const Action* action = change.requirement == nullptr ? action_named(input, change.action) : nullptr;
    put_text(row, "need", capitalised(need_text(input, change)));
    row["need_rule"] = maybe(action != nullptr ? input.rules->rules[leading_rule(input, *action)].id : "");
    put_text(row, "need_price", say("effort.and_cost", {{"effort", effort_text(change.effort_days)}, {"cost", cost_text(change.cost)}}));
    rows.push_back(row);
  }
  return rows;
}

View rule_links(const ReportInput& input, const std::vector<std::size_t>& rules) {
  View rows = view_list();
  for (const std::size_t rule : rules) {
    View row;
    put_text(row, "rule_id", input.rules->rules[rule].id);
    put_text(row, "rule_title", input.rules->rules[rule].title);
    rows.push_back(row);
  }
  return rows;
}

View host_rows(const ReportInput& input, const WorkloadResult& result) {
  View rows = view_list();
  for (std::size_t at = 0; at < result.hosts.size() && at < kMostHostsNamed; ++at) {
    View host;
    put_text(host, "name", host_title(input.assessment->hosts[result.hosts[at]]));
    put_text(host, "host_id", input.assessment->hosts[result.hosts[at]].id);
    rows.push_back(host);
  }
  return rows;
}

std::string cards_text(const ServingOption& option) {
  const int cards = option.cards * std::max(1, option.replicas);
  if (option.card.empty()) return say("serving.processor");
  return cards > 1 ? say("serving.cards", {{"count", std::to_string(cards)}, {"card", option.card}}) : option.card;
}

/// "Qwen 2.5 14B at 8 bits on 2 × NVIDIA L40S of gpu-01".
std::string way_text(const ReportInput& input, const ServingOption& option) {
  static constexpr std::string_view kPrecisions[] = {"precision.half", "precision.eight_bit", "precision.four_bit"};
  return say("serving.way", {{"model", option.model_title}, {"precision", say(kPrecisions[static_cast<std::size_t>(option.precision)])},
                             {"cards", cards_text(option)}, {"host", host_title(input.assessment->hosts[option.host])}});
}

std::string limit_text(ServingLimit limit) {
  static constexpr std::string_view kLimits[] = {"limit.none", "limit.memory", "limit.speed", "limit.wait"};
  return say(kLimits[static_cast<std::size_t>(limit)]);
}

// The cards that serve best need not be in the host that comes nearest to all requirements.
std::string people_label(const WorkloadResult& result, const ServingOption& best) {
  const bool there = std::find(result.hosts.begin(), result.hosts.end(), best.host) != result.hosts.end();
  const std::string_view key = result.pilot == WorkloadState::ready ? "workload.serves" : there ? "workload.then_serves" : "workload.would_serve";
  return say(key, {{"people", people_text(best.people)}});
}

void put_serving(View& row, const ReportInput& input, const WorkloadResult& result) {
  const WorkloadServing* serving = serving_of(input, result);
  put_truth(row, "asks_model", serving != nullptr);
  row["people"] = View(false);
  row["no_card"] = View(false);
  if (serving == nullptr) return;
  if (!serving->best) {
    row["no_card"] = maybe(say("serving.no_card"));
    return;
  }
  const ServingOption& best = *serving->best;
  row["people"] = maybe(people_text(best.people));
  put_text(row, "people_label", people_label(result, best));
  put_text(row, "people_way", way_text(input, best));
  put_text(row, "people_limit", limit_text(best.capacity.limit));
  put_text(row, "people_requests", say_count("serving.requests", static_cast<std::size_t>(std::max(0, best.requests))));
  const bool other = serving->most && serving->most->people.high > best.people.high && serving->hosts == 1;
  row["people_most"] = maybe(other ? say("serving.most", {{"people", people_text(serving->most->people)}}) : "");
  row["people_unread"] = maybe(serving->hosts_unread > 0 ? say_count("serving.unread", static_cast<std::size_t>(serving->hosts_unread)) : "");
  row["people_fleet"] = maybe(serving->hosts > 1 ? say_count("serving.fleet", static_cast<std::size_t>(serving->hosts), {{"people", people_text(serving->fleet)}}) : "");
  row["people_free"] = maybe(serving->best_free ? say("serving.free", {{"people", people_text(serving->best_free->people)}}) : "");
  const bool enough = serving->serves_wanted;
  row["people_wanted"] = maybe(serving->people_wanted > 0 ? say(enough ? "serving.enough" : "serving.short", {{"wanted", say_count("count.people", static_cast<std::size_t>(serving->people_wanted))}}) : "");
  View lines = view_list();
  for (const std::string& assumption : serving->assumptions) {
    View line;
    put_text(line, "assumption", with_full_stop(capitalised(assumption)));
    lines.push_back(line);
  }
  put_list(row, "assumptions", std::move(lines));
}

void put_goal(View& row, const ReportInput& input, const Workload& workload) {
  row["goal"] = View(false);
  if (!input.decisions) return;
  for (const WorkloadGoal& goal : input.decisions->goals.workloads) {
    if (goal.workload != workload.id) continue;
    std::vector<std::string> parts;
    if (goal.people) parts.push_back(say_count("count.people", static_cast<std::size_t>(std::max(0, *goal.people))));
    if (goal.by) parts.push_back(say("goal.by", {{"date", date_text(*goal.by)}}));
    if (!goal.owner.empty()) parts.push_back(goal.owner);
    for (const KpiGoal& kpi : goal.kpis) parts.push_back(kpi_text(kpi));
    row["goal"] = View(parts.empty() ? say("goal.chosen") : join(parts, "; "));
  }
}

/// "processor's side unknown" in the reader's language; what is not known here stays as it is.
std::string reason_text(const std::string& reason) {
  std::string key = "stranded.reason_";
  for (const char c : reason) key += c >= 'a' && c <= 'z' ? c : '_';
  return phrases().find(key) != nullptr ? say(key) : capitalised(reason);
}

/// Why it is not ready, or who can carry it; and the same in its first part.
std::pair<std::string, std::string> because_of(const ReportInput& input, const WorkloadResult& result) {
  if (result.pilot == WorkloadState::ready) {
    const std::string text = say_count("workload.carried", result.hosts.size());
    return {text, text};
  }
  std::vector<std::string> unmet, unread, parts;
  for (const auto& requirement : result.minimum) {
    if (requirement.verdict == Verdict::fail) unmet.push_back(requirement.requirement->text);
    if (requirement.verdict == Verdict::unknown) unread.push_back(requirement.requirement->text);
  }
  if (!unmet.empty()) parts.push_back(say("workload.needs", {{"what", listed(unmet, 2)}}));
  if (!result.blocking_rules.empty()) parts.push_back(say_count("workload.security", result.blocking_rules.size()));
  if (!unread.empty()) parts.push_back(say("workload.unread", {{"what", listed(unread, 2)}}));
  if (parts.empty()) return {};
  std::string first = parts.front();
  if (result.pilot == WorkloadState::after_changes && !result.needed.empty()) first = say("workload.first_change", {{"what", need_text(input, result.needed.front())}});
  else if (!unmet.empty()) first = say("workload.needs", {{"what", unmet.front()}});
  else if (result.blocking_rules.empty()) first = say("workload.unread", {{"what", unread.front()}});
  return {capitalised(join(parts, "; ")), capitalised(std::move(first))};
}

}  // namespace

Word state_word(const WorkloadResult& workload) {
  static constexpr std::string_view kCss[] = {"ok", "wait", "bad", "unknown"};
  const bool pilot_only = workload.pilot == WorkloadState::ready && workload.production != WorkloadState::ready;
  return {pilot_only ? say("state.ready_pilot") : state_name(workload.pilot, workload.changes), kCss[static_cast<std::size_t>(workload.pilot)]};
}

Word state_word(const WorkloadResult& workload, std::string& text) {
  Word word = state_word(workload);
  text = word.text;
  return word;
}

const WorkloadServing* serving_of(const ReportInput& input, const WorkloadResult& workload) {
  if (workload.workload >= input.assessment->serving.size()) return nullptr;
  const WorkloadServing& serving = input.assessment->serving[workload.workload];
  return serving.asked ? &serving : nullptr;
}

std::string kpi_text(const KpiGoal& kpi) {
  const auto figure = [&](const std::optional<double>& value, bool with_unit = true) {
    const bool whole = value && *value == static_cast<double>(static_cast<std::int64_t>(*value));
    return !value ? std::string("–") : (whole ? grouped(static_cast<std::int64_t>(*value)) : decimal_text(*value, 1)) + (!with_unit || kpi.unit.empty() ? "" : kpi.unit == "%" ? "%" : " " + kpi.unit);
  };
  if (kpi.baseline && kpi.target) return say("goal.kpi_from", {{"name", kpi.name}, {"baseline", figure(kpi.baseline, false)}, {"target", figure(kpi.target)}});
  return kpi.target ? say("goal.kpi", {{"name", kpi.name}, {"target", figure(kpi.target)}}) : kpi.name;
}

View workload_row(const ReportInput& input, const WorkloadResult& result) {
  const Workload& workload = input.rules->workloads[result.workload];
  const Word state = state_word(result);
  View row;
  put_text(row, "id", workload.id);
  put_text(row, "title", workload.title);
  put_text(row, "outcome", workload.outcome);
  put_text(row, "state", state.text);
  put_text(row, "state_css", std::string(state.css));
  row["kpis"] = maybe(listed(workload.kpis, 4));
  row["decision"] = maybe(workload.decision);
  row["threshold"] = maybe(workload.threshold);
  put_text(row, "effort", effort_text(result.effort_days));
  put_text(row, "cost", cost_text(result.cost));
  put_truth(row, "has_changes", result.pilot == WorkloadState::after_changes);
  const auto for_production = static_cast<int>(result.needed.size() + result.needed_for_production.size());
  put_text(row, "production", state_name(result.production, for_production > 0 ? for_production : result.changes));
  put_list(row, "hosts", host_rows(input, result));
  row["more_hosts"] = maybe(result.hosts.size() > kMostHostsNamed ? say_count("more.plain", result.hosts.size() - kMostHostsNamed) : "");
  put_text(row, "hosts_label", say(result.carried ? "workload.can_run_on" : "workload.nearest"));
  row["minimum"] = requirement_rows(result.minimum);
  put_list(row, "recommended", requirement_rows(result.recommended));
  put_list(row, "needed", needed_rows(input, result.needed));
  put_list(row, "needed_production", needed_rows(input, result.needed_for_production));
  put_list(row, "blocking", rule_links(input, result.blocking_rules));
  put_list(row, "undecided", rule_links(input, result.undecided_rules));
  auto [because, because_first] = because_of(input, result);
  row["because"] = maybe(std::move(because));
  row["because_first"] = maybe(std::move(because_first));
  put_serving(row, input, result);
  put_goal(row, input, workload);
  return row;
}

std::vector<const WorkloadResult*> workloads_in_order(const ReportInput& input) {
  std::vector<const WorkloadResult*> order;
  for (const auto& workload : input.assessment->workloads) order.push_back(&workload);
  const auto rank = [&](const WorkloadResult* w) {
    const int state = w->pilot == WorkloadState::ready ? 0 : w->pilot == WorkloadState::after_changes ? 1 : w->pilot == WorkloadState::unknown ? 2 : 3;
    std::size_t wanted = input.rules->workloads.size();  // a company's goals come first among those that stand alike
    if (input.decisions)
      for (std::size_t at = 0; at < input.decisions->goals.workloads.size(); ++at)
        if (input.decisions->goals.workloads[at].workload == input.rules->workloads[w->workload].id) wanted = std::min(wanted, at);
    return std::tuple(state, wanted, w->changes, w->effort_days);
  };
  std::stable_sort(order.begin(), order.end(), [&](const auto* a, const auto* b) { return rank(a) < rank(b); });
  return order;
}

std::string workloads_sentence(const ReportInput& input) {
  std::size_t ready = 0, after = 0;
  for (const auto& workload : input.assessment->workloads) {
    ready += workload.pilot == WorkloadState::ready ? 1u : 0u;
    after += workload.pilot == WorkloadState::after_changes ? 1u : 0u;
  }
  const std::string all = say_count("count.workloads", input.assessment->workloads.size());
  return say("workload.summary", {{"ready", capitalised(ready == 0 ? say("workload.none") : small_number(ready))}, {"all", all}, {"after", after == 0 ? say("workload.none") : small_number(after)}});
}

View stranded_rows(const ReportInput& input) {
  View rows = view_list();
  for (const StrandedCard& card : input.assessment->stranded) {
    if (rows.list_value().size() >= kMostStrandedRows) break;
    View row;
    put_text(row, "card", card.count > 1 ? say("serving.cards", {{"count", std::to_string(card.count)}, {"card", card.card}}) : card.card);
    put_text(row, "card_host", host_title(input.assessment->hosts[card.host]));
    put_text(row, "card_host_id", input.assessment->hosts[card.host].id);
    put_text(row, "card_reason", reason_text(card.reason));
    row["card_text"] = maybe(with_full_stop(capitalised(card.text)));
    put_text(row, "card_adds", card.memory_gb > 0 ? say("unit.gigabytes", {{"number", grouped(static_cast<std::int64_t>(card.memory_gb + 0.5))}}) : std::string("–"));
    std::string workload;
    for (const Workload& one : input.rules->workloads)
      if (one.id == card.workload) workload = one.title;
    row["card_people"] = maybe(card.adds.high > 0 && !workload.empty() ? say("stranded.adds", {{"people", people_text(card.adds)}, {"workload", workload}}) : "");
    rows.push_back(row);
  }
  return rows;
}

}  // namespace plumbline
