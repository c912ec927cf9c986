// SPDX-License-Identifier: Apache-2.0
// The CEO page: one A4, at most 250 words, no host names (goal U2). Words are counted on the finished page, and the
// least needed ones leave until it fits.
#include <algorithm>

#include "base/text.h"
#include "base/time.h"
#include "collector/report/reports.h"

namespace plumbline {
namespace {

constexpr std::size_t kWorkloadsOnPage = 3;
constexpr std::size_t kActionsOnPage = 3;
constexpr std::size_t kMostNameWords = 8;  // of a title, an owner, an organisation
constexpr std::int64_t kReviewSeconds = 30 * 86400;
/// How much of each sentence stands on the page, from generous to bare.
struct Room {
  bool notes;                  // a line below each workload
  std::size_t action_words, decision_words, threshold_words, headline_gate_words;
};
constexpr Room kRooms[] = {{true, 25, 30, 40, 25}, {true, 18, 25, 25, 18}, {false, 16, 22, 20, 14}, {false, 12, 18, 14, 12}, {false, 9, 14, 0, 9}};

std::string clipped(const std::string& text, std::size_t most_words) {
  const auto parts = words(text);
  if (parts.size() <= most_words) return text;
  std::string kept;
  for (std::size_t at = 0; at < most_words; ++at) kept += (at > 0 ? " " : "") + std::string(parts[at]);
  while (!kept.empty() && std::string_view(",;:.").find(kept.back()) != std::string_view::npos) kept.pop_back();
  return kept.empty() ? kept : kept + " …";
}

std::string workload_note(const WorkloadResult& workload) {
  if (workload.pilot == WorkloadState::ready) return "Can start on " + count_of(workload.hosts.size(), "machine");
  for (const auto& requirement : workload.minimum)
    if (requirement.verdict == Verdict::fail && !requirement.requirement->ceo.empty()) return "Needs " + requirement.requirement->ceo;
  if (!workload.blocking_rules.empty()) return "Needs " + count_of(workload.blocking_rules.size(), "security fix", "security fixes");
  for (const auto& requirement : workload.minimum)
    if (requirement.verdict == Verdict::unknown && !requirement.requirement->ceo.empty()) return "Not known: " + requirement.requirement->ceo;
  return {};
}

std::string plain_state(const WorkloadResult& workload) {
  switch (workload.pilot) {
    case WorkloadState::ready: return "Ready";
    case WorkloadState::after_changes: return "After " + count_of(static_cast<std::size_t>(std::max(1, workload.changes)), "change");
    case WorkloadState::not_ready: return "Not here";
    case WorkloadState::unknown: break;
  }
  return "Unknown";
}

View workload_rows(const std::vector<const WorkloadResult*>& order, const ReportInput& input, const Room& room) {
  View rows = view_list();
  for (std::size_t at = 0; at < order.size() && at < kWorkloadsOnPage; ++at) {
    std::string ignored;
    View row;
    row["title"] = View(clipped(input.rules->workloads[order[at]->workload].title, kMostNameWords));
    row["note"] = maybe(room.notes ? clipped(workload_note(*order[at]), 12) : "");
    row["state"] = View(plain_state(*order[at]));
    row["state_css"] = View(std::string(state_word(*order[at], ignored).css));
    rows.push_back(row);
  }
  return rows;
}

View action_rows(const ReportInput& input, const Room& room) {
  View rows = view_list();
  for (std::size_t at = 0; at < input.assessment->actions.size() && at < kActionsOnPage; ++at) {
    const Action& action = input.assessment->actions[at];
    View row;
    row["what"] = View(clipped(capitalised(action_title(input, action)), room.action_words));
    row["owner"] = View(action.owner.empty() ? "Not named" : clipped(action.owner, kMostNameWords));
    row["effort"] = View(capitalised(effort_text(action.effort_days)));
    const Tenths whole = action.gain / 10;
    row["gain"] = View(whole > 0 ? "+" + std::to_string(whole) : std::string("under 1"));
    row["opens"] = View(!action.opens_gates.empty());
    rows.push_back(row);
  }
  return rows;
}

struct Decision {
  std::string what, threshold;
};

Decision decision_of(const ReportInput& input, const std::vector<const WorkloadResult*>& order) {
  const std::string review = long_date(input.assessment->as_of + kReviewSeconds);
  if (input.assessment->score.checks_known < kLeastKnownToDecide)
    return {"Ask IT to complete the measurement by " + review + ".", "Decide on a pilot once at least half of the checks are known."};
  const bool startable = !order.empty() && (order.front()->pilot == WorkloadState::ready || order.front()->pilot == WorkloadState::after_changes);
  if (startable) {
    const Workload& workload = input.rules->workloads[order.front()->workload];
    if (!workload.decision.empty()) return {workload.decision, workload.threshold};
    return {"Approve a pilot: " + workload.title + ".", workload.threshold};
  }
  if (input.assessment->actions.empty()) return {"No decision is needed today.", "We measure again by " + review + "."};
  double days = 0;
  Tenths gain = 0;
  const std::size_t count = std::min(kActionsOnPage, input.assessment->actions.size());
  for (std::size_t at = 0; at < count; ++at) {
    days += input.assessment->actions[at].effort_days;
    gain += input.assessment->actions[at].gain;
  }
  const Tenths wanted = std::max(1, gain / 10);
  return {"Approve " + (count == 1 ? std::string("this step") : "these " + small_number(count) + " steps") + ": " + effort_text(days) + " of work.",
          "Go on if the score is up by " + count_of(static_cast<std::size_t>(wanted), "point") + " on " + review + "; if not, we stop and ask why."};
}

std::string unknown_sentence(const ReportInput& input) {
  const Score& score = input.assessment->score;
  std::string text = score.checks_known >= 1 ? "All checks could be read. " : percent(1 - score.checks_known) + " of checks could not be read. ";
  if (input.hosts_without_scan > 0)
    text += grouped(static_cast<std::int64_t>(input.hosts_without_scan)) + " of " + count_of(input.hosts_without_scan + static_cast<std::size_t>(score.hosts), "machine") + (input.hosts_without_scan == 1 ? " was silent. " : " were silent. ");
  return text + "Skills, budget and policy are not measured.";
}

/// "▲ 9 since 3 August", where there is history.
void add_movement(View& view, const ReportInput& input) {
  view["movement"] = View(false);
  const auto first = std::find_if(input.history.begin(), input.history.end(), [](const ScorePoint& p) { return p.value.has_value(); });
  if (first == input.history.end() || !input.assessment->score.value || input.assessment->as_of - first->at < 86400) return;
  const int change = *input.assessment->score.value / 10 - *first->value / 10;
  const std::string since = " since " + long_date(first->at);
  view["movement"] = View((change > 0 ? "▲ " + std::to_string(change) : change < 0 ? "▼ " + std::to_string(-change) : std::string("No change")) + since);
  view["movement_css"] = View(std::string(change > 0 ? "ok" : change < 0 ? "bad" : "soft"));
}

std::string gate_sentence(const ReportInput& input, const Room& room) {
  const auto gates = holding_gates(input);
  const Score& score = input.assessment->score;
  if (gates.empty()) return {};
  const Gate& gate = input.rules->gates[gates.front()];
  const std::string why = with_full_stop(clipped(gate.ceo.empty() ? gate.title : gate.ceo, room.headline_gate_words));
  const std::string others = gates.size() > 1 ? "This and " + small_number(gates.size() - 1) + " more open " + (gates.size() == 2 ? "risk" : "risks") + " hold us" : "This holds us";
  return why + " " + others + " at “" + std::string(level_title(score.level)) + "”. Once closed, we are at “" + std::string(level_title(score.level_without_gates)) + "”.";
}

View view_with(const ReportInput& input, const Room& room) {
  const auto order = workloads_in_order(input);
  View view;
  view["organisation_name"] = View(input.organisation.empty() ? "This company" : clipped(input.organisation, kMostNameWords));
  view["date"] = View(long_date(input.assessment->as_of));
  view["headline"] = View(ceo_headline(input));
  view["score"] = score_view(input);
  view["gate_sentence"] = maybe(gate_sentence(input, room));
  add_movement(view, input);
  view["workloads"] = workload_rows(order, input, room);
  view["has_workloads"] = View(!order.empty());
  view["actions"] = action_rows(input, room);
  view["has_actions"] = View(!input.assessment->actions.empty());
  const std::size_t steps = std::min(kActionsOnPage, input.assessment->actions.size());
  view["actions_title"] = View(capitalised(small_number(steps)) + (steps == 1 ? " thing to do next" : " things to do next"));
  const Decision decision = decision_of(input, order);
  view["decision"] = View(with_full_stop(clipped(decision.what, room.decision_words)));
  view["threshold"] = maybe(room.threshold_words == 0 || decision.threshold.empty() ? "" : with_full_stop(clipped(decision.threshold, room.threshold_words)));
  view["unknown"] = View(unknown_sentence(input));
  view["rules_version"] = View(clipped(input.rules->version, 1));
  view["review"] = View(long_date(input.assessment->as_of + kReviewSeconds));
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
  if (assessment.score.hosts > 0 && assessment.score.checks_known < kLeastKnownToDecide)
    return "We know too little to decide: " + percent(1 - assessment.score.checks_known) + " of checks could not be read.";
  const std::size_t risks = holding_gates(input).size();
  const std::string pilots = (ready == 1 ? "one AI pilot" : small_number(ready) + " AI pilots");
  if (assessment.score.hosts == 0) return "We have not measured a single machine yet.";
  if (ready > 0 && risks == 0) return "We can start " + pilots + " today.";
  if (ready > 0) return "We can start " + pilots + " today. " + capitalised(small_number(risks)) + (risks == 1 ? " open risk holds" : " open risks hold") + " back the rest.";
  const auto changes = static_cast<std::size_t>(std::max(1, fewest));
  if (after > 0 && changes == 1) return "One change lets us start our first AI pilot.";
  if (after > 0) return capitalised(small_number(changes)) + " changes let us start our first AI pilot.";
  if (unknown > 0) return "We cannot tell yet whether an AI pilot can start.";
  return risks > 0 ? "We are not ready for AI. Close the open " + std::string(risks == 1 ? "risk" : "risks") + " first." : "Our machines cannot run an AI pilot yet.";
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
    const std::string page = render_file("ceo.html", "AI readiness", view);
    if (read_ease(visible_text(page)).words <= kMostWordsOnCeoPage) return view;
  }
  return view_with(input, kRooms[std::size(kRooms) - 1]);
}

}  // namespace plumbline
