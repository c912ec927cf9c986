// SPDX-License-Identifier: Apache-2.0
// `what-if`: the assessment with changes beside the one without.
#include "rules/what_if.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "collector/commands/common.h"
#include "collector/commands/decisions.h"
#include "collector/commands/rules.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostNamedHosts = 3;

std::string bold(std::string_view text) { return colour_wanted() ? "\x1b[1m" + std::string(text) + "\x1b[0m" : std::string(text); }

std::string count_text(std::size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string signed_points(Tenths points) { return (points >= 0 ? "+" : "") + show_points(points); }
std::string value_text(const Score& score) { return score.value ? show_points(*score.value) : "no verdict"; }

std::string score_lines(const WhatIf& result) {
  const Score &was = result.before.score, &is = result.after.score;
  std::string text = bold(fmt::format("Score {} → {} of 100", value_text(was), value_text(is)));
  if (was.value && is.value) text += fmt::format(" ({})", signed_points(*is.value - *was.value));
  text += fmt::format("\nbetween {} and {} → between {} and {}\n", show_points(was.lower), show_points(was.upper), show_points(is.lower), show_points(is.upper));
  return text + fmt::format("Level {} {} → {} {}\n", was.level, level_title(was.level), is.level, level_title(is.level));
}

std::string gate_lines(const RuleSet& rules, const WhatIf& result) {
  std::string text;
  for (std::size_t i = 0; i < result.after.gates.size(); ++i) {
    if (result.before.gates[i].shut == result.after.gates[i].shut) continue;
    text += fmt::format("  {}: {}\n", result.after.gates[i].shut ? "shuts" : "opens", printable(rules.gates[i].title));
  }
  return text.empty() ? text : "\n" + bold("Gates") + "\n" + text;
}

std::string change_lines(const std::vector<FactChange>& changes, const WhatIf& result) {
  std::string text = changes.empty() ? "" : "\n" + bold("Changes") + "\n";
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const ChangeEffect& effect = result.effects[i];
    const bool action = std::holds_alternative<ActionDone>(changes[i].what);
    text += fmt::format("  {}\n    {} of {}, {}\n", printable(changes[i].text), effect.changed, count_text(effect.hosts, "host", "hosts"),
                        action ? count_text(effect.places, "verdict", "verdicts") : count_text(effect.places, "place", "places"));
    if (effect.unread > 0) text += fmt::format("    on {} that list was not read: it now holds only what is added\n", count_text(effect.unread, "host", "hosts"));
  }
  return text;
}

std::string state_text(WorkloadState state) {
  switch (state) {
    case WorkloadState::ready: return "ready";
    case WorkloadState::after_changes: return "after changes";
    case WorkloadState::not_ready: return "not ready";
    case WorkloadState::unknown: return "unknown";
  }
  return "";
}

bool same_outcome(const WorkloadResult& a, const WorkloadResult& b) {
  return a.pilot == b.pilot && a.production == b.production && a.changes == b.changes && a.effort_days == b.effort_days && a.cost == b.cost;
}

std::string pilot_text(const WorkloadResult& result) {
  std::string text = state_text(result.pilot);
  if (result.changes > 0) text += fmt::format(" ({}, {:g} days)", count_text(static_cast<std::size_t>(result.changes), "change", "changes"), result.effort_days);
  return text;
}

std::string workload_lines(const RuleSet& rules, const WhatIf& result) {
  std::string text;
  for (std::size_t i = 0; i < result.after.workloads.size(); ++i) {
    const WorkloadResult &was = result.before.workloads[i], &is = result.after.workloads[i];
    if (same_outcome(was, is)) continue;
    text += fmt::format("  {}\n    pilot {} → {}", printable(rules.workloads[is.workload].title), pilot_text(was), pilot_text(is));
    if (!is.hosts.empty()) text += " on " + printable(result.after.hosts[is.hosts.front()].name);
    if (was.production != is.production) text += fmt::format("\n    production {} → {}", state_text(was.production), state_text(is.production));
    text += "\n";
  }
  return "\n" + bold("Workloads") + "\n" + (text.empty() ? "  none changes\n" : text);
}

std::string hosts_text(const Assessment& assessment, const std::vector<std::size_t>& hosts) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < hosts.size() && i < kMostNamedHosts; ++i) names.push_back(printable(assessment.hosts[hosts[i]].name));
  if (hosts.size() > kMostNamedHosts) names.push_back(fmt::format("{} more", hosts.size() - kMostNamedHosts));
  return join(names, ", ");
}

std::string shift_lines(const RuleSet& rules, const WhatIf& result, const RuleShift& shift) {
  const Rule& rule = rules.rules[shift.rule];
  std::string text = fmt::format("  {:>6}  {}: {}\n", signed_points(shift.points), rule.id, printable(rule.title));
  const auto add = [&](std::string_view words, const std::vector<std::size_t>& hosts) {
    if (!hosts.empty()) text += fmt::format("          {} on {}\n", words, hosts_text(result.after, hosts));
  };
  add("now passes", shift.passing);
  add("now fails", shift.failing);
  add("now unknown", shift.unknown);
  add("no longer applies", shift.not_applicable);
  if (rule.fleet) text += fmt::format("          in the fleet {:.0f} % → {:.0f} %\n", result.before.rules[shift.rule].degree.value_or(0) * 100,
                                      result.after.rules[shift.rule].degree.value_or(0) * 100);
  return text;
}

std::string rule_lines(const RuleSet& rules, const WhatIf& result) {
  std::vector<RuleShift> shifts = result.rules;
  std::stable_sort(shifts.begin(), shifts.end(), [](const RuleShift& a, const RuleShift& b) { return a.points > b.points; });
  std::string text = "\n" + bold("Rules") + "\n";
  for (const RuleShift& shift : shifts) text += shift_lines(rules, result, shift);
  return shifts.empty() ? text + "  none says anything else\n" : text;
}

std::string result_text(const RuleSet& rules, const std::vector<FactChange>& changes, const WhatIf& result) {
  std::string text = score_lines(result) + gate_lines(rules, result) + change_lines(changes, result) + workload_lines(rules, result) + rule_lines(rules, result);
  return text + fmt::format("\nEffort as the packs put it: {:g} days; to buy: {} ({})\n", result.effort_days, describe(result.cost), to_text(result.cost));
}

// Changes of the command line and of the file, each with its own name in messages.
Result<std::vector<FactChange>> read_changes(const WhatIfOptions& options, const RuleSet& rules) {
  auto changes = parse_changes("change", join(options.changes, "\n"), rules);
  if (!changes || options.file.empty()) return changes;
  const auto text = read_file(options.file == "-" ? "/dev/stdin" : options.file, kMostChangesBytes);
  if (!text) return fail(text.error().kind, text.error().message);
  auto more = parse_changes(options.file == "-" ? "standard input" : options.file, *text, rules);
  if (!more) return more;
  changes->insert(changes->end(), std::make_move_iterator(more->begin()), std::make_move_iterator(more->end()));
  return changes;
}

}  // namespace

int run_what_if(const WhatIfOptions& options) {
  if (options.changes.empty() && options.file.empty())
    return report_usage("what-if: no change is given; for example: plumbline-collector what-if 'do ssh-baseline'");
  const auto fleet = open_given_fleet(options.fleet);
  if (!fleet) return report_error(fleet.error());
  const auto changes = read_changes(options, *fleet->rules);
  if (!changes) return report_mistakes(changes.error());
  const auto result = what_if(*fleet->rules, RuleIndex(*fleet->rules), fleet->facts, *changes);
  if (!result) return report_error(result.error());
  print(options.fleet.common.json ? to_json(*fleet->rules, *changes, *result) + "\n" : result_text(*fleet->rules, *changes, *result));
  return kExitOk;
}

}  // namespace plumbline
