// SPDX-License-Identifier: Apache-2.0
// The CEO page: one A4, at most 250 words, no host names (goal U2). Words are counted on the finished page, and the
// least needed ones leave until it fits.
#include <algorithm>

#include "base/text.h"
#include "collector/report/reports.h"

namespace plumbline {
namespace {

constexpr std::size_t kWorkloadsOnPage = 3;
constexpr std::size_t kActionsOnPage = 3;
constexpr std::size_t kMostNameWords = 8;  // of a title, an owner, an organisation
constexpr std::size_t kMostLineCharacters = 160;
constexpr std::int64_t kReviewSeconds = 30 * 86400;
/// How much of each sentence stands on the page, from generous to bare.
struct Room {
  bool notes;                  // a line below each workload
  std::size_t action_words, decision_words, threshold_words, gate_words, name_characters;
};
constexpr Room kRooms[] = {{true, 25, 30, 40, 25, 60}, {true, 18, 25, 25, 18, 48}, {true, 14, 25, 25, 14, 40}, {true, 12, 22, 20, 12, 40},
                           {true, 10, 20, 18, 10, 36}, {false, 12, 18, 14, 12, 40}, {false, 9, 14, 0, 9, 32}};

/// So many words and characters, whole words while there are any.
std::string clipped(const std::string& text, std::size_t most_words, std::size_t most_characters = kMostLineCharacters) {
  std::string kept;
  std::size_t count = 0, characters = 0;
  for (const std::string_view word : words(text)) {
    const auto width = static_cast<std::size_t>(std::count_if(word.begin(), word.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
    if (count == most_words || characters + width > most_characters) break;
    kept += (count > 0 ? " " : "") + std::string(word);
    characters += width + 1;
    ++count;
  }
  if (count == words(text).size()) return text;
  if (count == 0)  // one endless word
    for (const char c : text.substr(0, text.find(' '))) {
      if ((static_cast<unsigned char>(c) & 0xC0u) != 0x80u && ++characters > most_characters) break;
      kept += c;
    }
  while (!kept.empty() && std::string_view(",;:.").find(kept.back()) != std::string_view::npos) kept.pop_back();
  return kept.empty() ? kept : kept + " …";
}

std::string people_of(const ReportInput& input, const WorkloadResult& workload) {
  const WorkloadServing* serving = serving_of(input, workload);
  if (serving == nullptr || !serving->best || serving->best->people.high == 0) return {};
  // Other cards than those of the machine that would carry it promise nothing.
  const bool there = std::find(workload.hosts.begin(), workload.hosts.end(), serving->best->host) != workload.hosts.end();
  return there ? people_text(serving->best->people) : std::string();
}

std::string workload_note(const ReportInput& input, const WorkloadResult& workload) {
  const std::string people = people_of(input, workload);
  if (workload.pilot == WorkloadState::ready)
    return people.empty() ? say_count("ceo.can_start", workload.hosts.size()) : say("ceo.serves", {{"people", people}});
  for (const auto& requirement : workload.minimum)
    if (requirement.verdict == Verdict::fail && !requirement.requirement->ceo.empty()) return say("ceo.needs", {{"what", requirement.requirement->ceo}});
  const std::string fixes = workload.blocking_rules.empty() ? "" : say_count("ceo.needs_fixes", workload.blocking_rules.size());
  if (!fixes.empty()) return people.empty() ? fixes : say("ceo.then_serves", {{"people", people}});
  for (const auto& requirement : workload.minimum)
    if (requirement.verdict == Verdict::unknown && !requirement.requirement->ceo.empty()) return say("ceo.not_known", {{"what", requirement.requirement->ceo}});
  return {};
}

/// What the company wants first, then what it could have: each as it stands.
std::vector<const WorkloadResult*> for_the_board(const ReportInput& input) {
  std::vector<const WorkloadResult*> order = workloads_in_order(input);
  const auto wanted = [&](const WorkloadResult* result) {
    if (!input.decisions) return false;
    const auto& goals = input.decisions->goals.workloads;
    return std::any_of(goals.begin(), goals.end(), [&](const WorkloadGoal& goal) { return goal.workload == input.rules->workloads[result->workload].id; });
  };
  std::stable_partition(order.begin(), order.end(), wanted);
  return order;
}

View workload_rows(const std::vector<const WorkloadResult*>& order, const ReportInput& input, const Room& room) {
  View rows = view_list();
  for (std::size_t at = 0; at < order.size() && at < kWorkloadsOnPage; ++at) {
    View row;
    const Word state = state_word(*order[at]);
    put_text(row, "title", clipped(input.rules->workloads[order[at]->workload].title, kMostNameWords, room.name_characters));
    row["note"] = maybe(room.notes ? clipped(workload_note(input, *order[at]), 14, 90) : "");
    put_text(row, "state", order[at]->pilot == WorkloadState::ready ? say("state.ready") : state.text);
    put_text(row, "state_css", std::string(state.css));
    rows.push_back(row);
  }
  return rows;
}

View action_rows(const ReportInput& input, const Room& room) {
  View rows = view_list();
  const auto order = actions_in_order(input);
  for (std::size_t at = 0; at < order.size() && at < kActionsOnPage; ++at) {
    const Action& action = input.assessment->actions[order[at]];
    View row;
    put_text(row, "what", clipped(capitalised(action_title(input, action)), room.action_words));
    put_text(row, "owner", capitalised(clipped(owner_of(input, action), kMostNameWords, room.name_characters)));
    put_text(row, "effort", capitalised(effort_text(action.effort_days)));
    put_text(row, "gain", gain_text(action.gain));
    put_truth(row, "opens", !action.opens_gates.empty());
    rows.push_back(row);
  }
  return rows;
}

struct Decision {
  std::string what, threshold;
  bool own = false;  // in our words, short enough as they are
};

const WorkloadResult* result_of(const ReportInput& input, std::string_view id) {
  for (const WorkloadResult& result : input.assessment->workloads)
    if (input.rules->workloads[result.workload].id == id) return &result;
  return nullptr;
}

std::string goal_phrase(const WorkloadGoal& goal, const std::string& title) {
  const std::string people = goal.people ? say_count("count.people", static_cast<std::size_t>(std::max(0, *goal.people))) : "";
  const std::string month = goal.by ? month_text(*goal.by) : "";
  if (!people.empty() && !month.empty()) return say("ceo.goal_people_by", {{"title", title}, {"people", people}, {"month", month}});
  if (!people.empty()) return say("ceo.goal_people", {{"title", title}, {"people", people}});
  if (!month.empty()) return say("ceo.goal_by", {{"title", title}, {"month", month}});
  return say("ceo.goal", {{"title", title}});
}

/// What the company's first goal asks for: the first of its workloads that is neither impossible here nor unknown.
std::optional<Decision> decision_of_goals(const ReportInput& input) {
  if (!input.decisions) return std::nullopt;
  for (const WorkloadGoal& goal : input.decisions->goals.workloads) {
    const WorkloadResult* result = result_of(input, goal.workload);
    if (result == nullptr || (result->pilot != WorkloadState::ready && result->pilot != WorkloadState::after_changes)) continue;
    const Workload& workload = input.rules->workloads[result->workload];
    const std::string phrase = goal_phrase(goal, clipped(workload.title, kMostNameWords, 60));
    Decision decision;
    decision.own = true;
    if (result->pilot == WorkloadState::ready) decision.what = say("ceo.decide_ready", {{"goal", phrase}});
    else decision.what = say_count("ceo.decide_after", static_cast<std::size_t>(std::max(1, result->changes)), {{"goal", phrase}, {"effort", effort_text(result->effort_days)}});
    const auto kpi = std::find_if(goal.kpis.begin(), goal.kpis.end(), [](const KpiGoal& one) { return one.target.has_value(); });
    decision.threshold = kpi == goal.kpis.end() ? workload.threshold : say("ceo.threshold", {{"kpi", clipped(kpi_text(*kpi), 16, 120)}});
    return decision;
  }
  return std::nullopt;
}

Decision decision_of_actions(const ReportInput& input, const std::string& review) {
  const auto order = actions_in_order(input);
  const std::size_t count = std::min(kActionsOnPage, order.size());
  double days = 0;
  Tenths gain = 0;
  for (std::size_t at = 0; at < count; ++at) {
    days += input.assessment->actions[order[at]].effort_days;
    gain += input.assessment->actions[order[at]].gain;
  }
  const auto wanted = static_cast<std::size_t>(std::max(1, gain / 10));
  return {say_count("ceo.decide_steps", count, {{"effort", effort_text(days)}, {"steps", small_number(count)}}), say_count("ceo.threshold_points", wanted, {{"date", review}})};
}

Decision decision_of(const ReportInput& input, const std::vector<const WorkloadResult*>& order) {
  const Score& score = input.assessment->score;
  const std::string review = date_text(input.assessment->as_of + kReviewSeconds);
  if (score.hosts == 0) return {say("ceo.decide_first"), say("ceo.threshold_first")};
  if (score.checks_known < kLeastKnownToDecide) return {say("ceo.decide_measure", {{"date", review}}), say("ceo.threshold_measure")};
  if (auto wanted = decision_of_goals(input)) return *wanted;
  const bool startable = !order.empty() && (order.front()->pilot == WorkloadState::ready || order.front()->pilot == WorkloadState::after_changes);
  if (startable) {
    const Workload& workload = input.rules->workloads[order.front()->workload];
    return {workload.decision.empty() ? say("ceo.decide_pilot", {{"title", workload.title}}) : workload.decision, workload.threshold};
  }
  if (input.assessment->actions.empty()) return {say("ceo.decide_nothing"), say("ceo.threshold_again", {{"date", review}})};
  return decision_of_actions(input, review);
}

std::string unknown_sentence(const ReportInput& input) {
  const Score& score = input.assessment->score;
  std::vector<std::string> parts;
  if (score.hosts > 0) parts.push_back(score.checks_known >= 1 ? say("ceo.all_read") : say("ceo.unread", {{"share", percent(1 - score.checks_known)}}));
  const std::size_t silent = input.hosts_without_scan + coverage_of(input).stale;
  const std::size_t all = input.hosts_without_scan + static_cast<std::size_t>(score.hosts);
  if (silent > 0) parts.push_back(say_count("ceo.silent", silent, {{"machines", say_count("count.machines", all)}}));
  const SelfReport attested = self_report_of(input);
  parts.push_back(!input.decisions ? say("ceo.not_measured") : say("ceo.attested", {{"answered", std::to_string(attested.answered)}, {"all", std::to_string(attested.asked)}}));
  return join(parts, " ");
}

std::string gate_sentence(const ReportInput& input, const Room& room) {
  const auto gates = holding_gates(input);
  const Score& score = input.assessment->score;
  if (gates.empty()) return {};
  const Gate& gate = input.rules->gates[gates.front()];
  const std::string why = with_full_stop(clipped(gate.ceo.empty() ? gate.title : gate.ceo, room.gate_words));
  const Slots slots{{"why", why}, {"level", level_text(score.level)}, {"free", level_text(score.level_without_gates)}};
  return gates.size() == 1 ? say("ceo.held_alone", slots) : say_count("ceo.held", gates.size() - 1, slots);
}

View view_with(const ReportInput& input, const Room& room) {
  const auto order = for_the_board(input);
  View view;
  put_text(view, "organisation_name", input.organisation.empty() ? say("page.this_company") : clipped(input.organisation, kMostNameWords, room.name_characters));
  put_text(view, "date", input.assessment->as_of > 0 ? date_text(input.assessment->as_of) : date_text(input.now));
  put_text(view, "headline", ceo_headline(input));
  view["score"] = score_view(input);
  view["gate_sentence"] = maybe(gate_sentence(input, room));
  const Movement movement = movement_of(input, "board");
  view["movement"] = maybe(movement.text);
  put_text(view, "movement_css", movement.css);
  put_list(view, "workloads", workload_rows(order, input, room));
  put_list(view, "actions", action_rows(input, room));
  const std::size_t steps = std::min(kActionsOnPage, input.assessment->actions.size());
  put_text(view, "actions_title", say_count("ceo.things", steps, {{"things", capitalised(small_number(steps))}}));
  const Decision decision = decision_of(input, order);
  put_text(view, "decision", with_full_stop(decision.own ? decision.what : clipped(decision.what, room.decision_words, 220)));
  view["threshold"] = maybe(room.threshold_words == 0 || decision.threshold.empty() ? "" : with_full_stop(clipped(decision.threshold, room.threshold_words, 300)));
  put_text(view, "unknown", unknown_sentence(input));
  put_text(view, "rules_version", clipped(input.rules->version, 1, 24));
  put_text(view, "review", date_text((input.assessment->as_of > 0 ? input.assessment->as_of : input.now) + kReviewSeconds));
  return view;
}

}  // namespace

std::string ceo_headline(const ReportInput& input) {
  const Assessment& assessment = *input.assessment;
  std::size_t ready = 0, after = 0, unknown = 0;
  int fewest = 0;
  for (const auto& workload : assessment.workloads) {
    if (workload.pilot == WorkloadState::ready) ++ready;
    if (workload.pilot == WorkloadState::unknown) ++unknown;
    if (workload.pilot != WorkloadState::after_changes) continue;
    fewest = after == 0 ? workload.changes : std::min(fewest, workload.changes);
    ++after;
  }
  if (assessment.score.hosts == 0) return say("headline.nothing_measured");
  if (assessment.score.checks_known < kLeastKnownToDecide) return say("headline.too_little", {{"share", percent(1 - assessment.score.checks_known)}});
  const std::size_t risks = holding_gates(input).size();
  const std::string pilots = say_count("headline.pilots", ready, {{"number", small_number(ready)}});
  if (ready > 0 && risks == 0) return say("headline.start", {{"pilots", pilots}});
  if (ready > 0) return say_count("headline.start_held", risks, {{"pilots", pilots}, {"number", capitalised(small_number(risks))}});
  const auto changes = static_cast<std::size_t>(std::max(1, fewest));
  if (after > 0) return say_count("headline.changes", changes, {{"number", capitalised(small_number(changes))}});
  if (unknown > 0) return say("headline.unknown");
  return risks > 0 ? say_count("headline.not_ready", risks) : say("headline.cannot");
}

std::string visible_text(std::string_view html) {
  std::string text;
  const auto body = html.find("<body");
  for (std::size_t at = body == std::string_view::npos ? 0 : body; at < html.size();) {
    if (html[at] != '<') {
      const auto next = std::min(html.find('<', at), html.size());
      text += html.substr(at, next - at);
      at = next;
      continue;
    }
    const auto end = html.find('>', at);
    if (end == std::string_view::npos) break;
    const std::string_view tag = html.substr(at, end - at + 1);
    const bool inside_line = tag.rfind("<b", 0) == 0 || tag.rfind("</b>", 0) == 0 || tag.rfind("<em", 0) == 0 || tag.rfind("</em", 0) == 0 || tag.rfind("<span", 0) == 0 || tag.rfind("</span", 0) == 0 || tag.rfind("<small", 0) == 0 || tag.rfind("</small", 0) == 0;
    text += inside_line ? " " : "\n";
    at = end + 1;
  }
  return text;
}

View ceo_view(const ReportInput& input) {
  for (const Room& room : kRooms) {
    View view = view_with(input, room);
    const std::string page = render_file("ceo.html", say("ceo.title"), view);
    if (read_ease(visible_text(page)).words <= kMostWordsOnCeoPage) return view;
  }
  return view_with(input, kRooms[std::size(kRooms) - 1]);
}

}  // namespace plumbline
