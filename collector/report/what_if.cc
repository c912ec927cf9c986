// SPDX-License-Identifier: Apache-2.0
// The page on which people try what would help: actions and edits on the left, before and after on the right.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "collector/report/decision_pages.h"
#include "collector/report/phrases.h"

namespace plumbline {
namespace {

constexpr std::size_t kActionsOpen = 10;   // and those that are chosen; the others stand behind a click
constexpr std::size_t kMostRulesShown = 40;
constexpr std::size_t kMostNamedHosts = 3;

std::string signed_points(Tenths points) { return points == 0 ? "0" : (points > 0 ? "+" : "−") + points_text(std::abs(points)); }
std::string css_of(Tenths points) { return points > 0 ? "ok" : points < 0 ? "bad" : "soft"; }
std::string value_text(const Score& score) { return score.value ? points_text(*score.value) : "–"; }

// What somebody wrote, fit for a page: lines stay, what cannot be shown becomes a mark.
std::string shown_lines(std::string_view text) {
  std::vector<std::string> out;
  for (const std::string_view line : split(text, '\n')) out.push_back(printable(line));
  return join(out, "\n");
}

// ---- the form

View action_choice(const ReportInput& input, const Action& action, bool chosen) {
  View row;
  put_text(row, "action_id", action.id);
  put_text(row, "action_title", action_title(input, action));
  put_text(row, "action_points", gain_text(action.gain));
  put_text(row, "action_detail", say("whatif.action_detail", {{"hosts", action.hosts.empty() ? say("whatif.whole_fleet") : say_count("count.hosts", action.hosts.size())}, {"effort", effort_text(action.effort_days)}, {"cost", cost_text(action.cost)}}));
  row["chosen"] = View(chosen);
  return row;
}

void put_form(View& view, const ReportInput& input, const WhatIfQuestion& question) {
  const std::set<std::string> chosen(question.actions.begin(), question.actions.end());
  View first = view_list(), rest = view_list();
  std::size_t open = 0;
  for (const Action& action : input.assessment->actions) {
    const bool is_chosen = chosen.contains(action.id);
    (is_chosen || open++ < kActionsOpen ? first : rest).push_back(action_choice(input, action, is_chosen));
  }
  put_list(view, "actions", first);
  put_list(view, "more_actions", rest);
  put_text(view, "hosts_glob", printable(question.hosts));
  put_text(view, "edits", shown_lines(question.edits));
}

// ---- the answer

void put_score(View& view, const WhatIf& result) {
  const Score &was = result.before.score, &is = result.after.score;
  put_text(view, "was", value_text(was));
  put_text(view, "is", value_text(is));
  const Tenths points = was.value && is.value ? *is.value - *was.value : 0;
  put_text(view, "difference", signed_points(points));
  put_text(view, "difference_css", css_of(points));
  const auto range = [](const Score& score) { return say("outlook.range", {{"lower", points_text(score.lower)}, {"upper", points_text(score.upper)}}); };
  put_text(view, "was_range", range(was));
  put_text(view, "is_range", range(is));
  put_text(view, "was_level", level_text(was.level));
  put_text(view, "is_level", level_text(is.level));
  put_truth(view, "level_moves", was.level != is.level);
  put_text(view, "effort", effort_text(result.effort_days));
  put_text(view, "cost", cost_text(result.cost));
  put_truth(view, "has_effort", result.effort_days > 0 || result.cost != CostClass::c0);
}

View gate_changes(const ReportInput& input, const WhatIf& result) {
  View rows = view_list();
  for (std::size_t i = 0; i < result.after.gates.size(); ++i) {
    if (result.before.gates[i].shut == result.after.gates[i].shut) continue;
    View row;
    const bool shuts = result.after.gates[i].shut;
    put_text(row, "gate_word", say(shuts ? "whatif.gate_shuts" : "whatif.gate_opens"));
    put_text(row, "gate_css", shuts ? "bad" : "ok");
    put_text(row, "gate_title", input.rules->gates[i].title);
    rows.push_back(row);
  }
  return rows;
}

View effect_rows(const WhatIfAnswer& answer) {
  View rows = view_list();
  for (std::size_t i = 0; i < answer.changes.size(); ++i) {
    const ChangeEffect& effect = answer.result->effects[i];
    const bool action = std::holds_alternative<ActionDone>(answer.changes[i].what);
    View row;
    put_text(row, "change_text", printable(answer.changes[i].text));
    put_text(row, "effect", say(effect.changed == 0 ? "whatif.effect_none" : "whatif.effect",
                                {{"changed", grouped(static_cast<std::int64_t>(effect.changed))}, {"hosts", say_count("count.hosts", effect.hosts)},
                                 {"places", say_count(action ? "whatif.verdicts" : "whatif.places", effect.places)}}));
    row["unread"] = maybe(effect.unread == 0 ? std::string() : say_count("whatif.unread", effect.unread));
    rows.push_back(row);
  }
  return rows;
}

std::string people_of(const WorkloadServing* serving) {
  if (serving == nullptr || !serving->asked) return {};
  return serving->fleet.high > 0 ? people_text(serving->fleet) : say("whatif.nobody");
}

const WorkloadServing* serving_in(const Assessment& assessment, std::size_t workload) {
  return workload < assessment.serving.size() ? &assessment.serving[workload] : nullptr;
}

std::string state_text(const WorkloadResult& result) { return state_word(result).text; }

View workload_changes(const ReportInput& input, const WhatIf& result, View& page) {
  View rows = view_list();
  std::size_t same = 0;
  for (std::size_t i = 0; i < result.after.workloads.size(); ++i) {
    const WorkloadResult &was = result.before.workloads[i], &is = result.after.workloads[i];
    const std::string people_was = people_of(serving_in(result.before, was.workload)), people_is = people_of(serving_in(result.after, is.workload));
    if (was.pilot == is.pilot && was.production == is.production && was.changes == is.changes && was.effort_days == is.effort_days && was.cost == is.cost && people_was == people_is) {
      ++same;
      continue;
    }
    View row;
    put_text(row, "workload_id", input.rules->workloads.at(is.workload).id);
    put_text(row, "workload_title", input.rules->workloads.at(is.workload).title);
    put_text(row, "state_was", state_text(was));
    put_text(row, "state_is", state_text(is));
    put_text(row, "state_css", std::string(state_word(is).css));
    row["carrier"] = maybe(is.hosts.empty() || !is.carried ? std::string() : say("whatif.on_host", {{"host", host_title(result.after.hosts[is.hosts.front()])}}));
    row["people"] = maybe(people_was == people_is ? people_is : people_was + " → " + people_is);
    rows.push_back(row);
  }
  page["same_workloads"] = maybe(same == 0 ? std::string() : say_count("outlook.same_workloads", same));
  return rows;
}

std::string names_of(const WhatIf& result, const std::vector<std::size_t>& hosts) {
  std::vector<std::string> names;
  for (const std::size_t host : hosts) names.push_back(host_title(result.after.hosts[host]));
  return listed(names, kMostNamedHosts);
}

View rule_changes(const ReportInput& input, const WhatIf& result, View& page) {
  std::vector<const RuleShift*> shifts;
  for (const RuleShift& shift : result.rules) shifts.push_back(&shift);
  std::stable_sort(shifts.begin(), shifts.end(), [](const RuleShift* a, const RuleShift* b) { return std::abs(a->points) > std::abs(b->points); });
  View rows = view_list();
  for (std::size_t i = 0; i < shifts.size() && i < kMostRulesShown; ++i) {
    const RuleShift& shift = *shifts[i];
    View row, words = view_list();
    put_text(row, "rule_id", input.rules->rules.at(shift.rule).id);
    put_text(row, "rule_title", input.rules->rules.at(shift.rule).title);
    put_text(row, "rule_points", signed_points(shift.points));
    put_text(row, "rule_css", css_of(shift.points));
    for (const auto& [key, hosts] : {std::pair{"whatif.now_passes", &shift.passing}, {"whatif.now_fails", &shift.failing}, {"whatif.now_unknown", &shift.unknown}, {"whatif.now_not", &shift.not_applicable}}) {
      if (hosts->empty()) continue;
      View word;
      put_text(word, "word", say(key, {{"hosts", names_of(result, *hosts)}}));
      words.push_back(word);
    }
    put_list(row, "words", std::move(words));
    rows.push_back(row);
  }
  page["more_rules"] = maybe(shifts.size() > kMostRulesShown ? say_count("outlook.more_checks", shifts.size() - kMostRulesShown) : std::string());
  return rows;
}

}  // namespace

std::string page_what_if(const ReportInput& input, const PageContext& context, const WhatIfQuestion& question, const WhatIfAnswer& answer) {
  View view;
  put_form(view, input, question);
  put_truth(view, "any_host", input.assessment->score.hosts > 0);
  put_truth(view, "asked", !question.empty());
  view["problem"] = maybe(shown_lines(answer.problem));
  put_truth(view, "has_answer", answer.result.has_value());
  put_truth(view, "answered", answer.result.has_value() || !answer.problem.empty());
  if (answer.result) {
    put_score(view, *answer.result);
    put_list(view, "gates", gate_changes(input, *answer.result));
    put_list(view, "effects", effect_rows(answer));
    put_list(view, "workloads", workload_changes(input, *answer.result, view));
    put_list(view, "rules", rule_changes(input, *answer.result, view));
  }
  return render_page("what_if.html", say("nav.what_if"), std::move(view), input, context);
}

}  // namespace plumbline
