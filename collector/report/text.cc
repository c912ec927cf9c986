// SPDX-License-Identifier: Apache-2.0
// An assessment for a terminal, 96 columns wide; colour only where asked, and never the only sign.
#include <algorithm>
#include <fmt/format.h>

#include "base/text.h"
#include "base/time.h"
#include "collector/report/reports.h"

namespace plumbline {
namespace {

constexpr std::size_t kColumns = 96;
constexpr std::size_t kMostFindingLines = 40;

/// SGR codes, or nothing.
struct Ink {
  bool on;
  std::string operator()(std::string_view code, std::string_view text) const {
    return on ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
  }
};

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
}

/// Exactly this wide: cut with an ellipsis, or filled with blanks.
std::string cell(std::string_view text, std::size_t width) {
  std::string safe = printable(text);
  if (width_of(safe) > width) {
    std::string cut;
    std::size_t columns = 0;
    for (char c : safe) {
      if ((static_cast<unsigned char>(c) & 0xC0u) != 0x80u && ++columns > width - 1) break;
      cut += c;
    }
    safe = cut + "…";
  }
  return safe + std::string(width - std::min(width, width_of(safe)), ' ');
}

std::string without_end(std::string text) {
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

std::string right(std::string_view text, std::size_t width) {
  const std::size_t used = width_of(text);
  return std::string(used < width ? width - used : 0, ' ') + std::string(text);
}

/// Words broken into lines that begin with `indent`.
std::string wrapped(std::string_view text, std::string_view indent) {
  std::string all, line(indent);
  bool fresh = true;
  const std::string safe = printable(text);
  for (const std::string_view word : words(safe)) {
    if (!fresh && width_of(line) + 1 + width_of(word) > kColumns) {
      all += line + "\n";
      line = std::string(indent);
      fresh = true;
    }
    line += (fresh ? "" : " ") + std::string(word);
    fresh = false;
  }
  return fresh ? all : all + line + "\n";
}

std::string_view severity_code(Severity severity) {
  switch (severity) {
    case Severity::critical: return "1;31";
    case Severity::high: return "31";
    case Severity::medium: return "33";
    case Severity::low: break;
  }
  return "2";
}

std::string_view state_code(WorkloadState state) {
  return state == WorkloadState::ready ? "32" : state == WorkloadState::after_changes ? "33" : state == WorkloadState::not_ready ? "31" : "2";
}

void add_head(std::string& text, const ReportInput& input, const Ink& ink) {
  const Score& score = input.assessment->score;
  const std::string left = "AI readiness of " + printable(input.organisation.empty() ? "this company" : input.organisation);
  const std::string when = host_count(input) + ", " + long_date(input.assessment->as_of);
  const std::size_t used = std::min(kColumns, width_of(left) + width_of(when));
  text += ink("1", left) + std::string(std::max<std::size_t>(1, kColumns - used), ' ') + ink("2", when) + "\n\n";
  if (!score.value) {
    text += "  No check could be judged yet.\n";
    return;
  }
  text += "  Score   " + ink("1", show_points(*score.value)) + " of 100   between " + whole_points(score.lower) + " and " + whole_points_up(score.upper) + "; " + percent(score.checks_known) + " of checks known\n";
  text += "  Level   " + ink("1", std::string(level_title(score.level))) + " (" + std::to_string(score.level) + " of 5)";
  const auto gates = holding_gates(input);
  if (gates.empty()) {
    text += "\n";
    return;
  }
  text += "; without " + (gates.size() == 1 ? std::string("this gate") : "these gates") + " it would be " + std::string(level_title(score.level_without_gates)) + ":\n";
  for (const std::size_t gate : gates) text += ink("31", wrapped("✗ " + input.rules->gates[gate].title, "          "));
}

void add_pillars(std::string& text, const ReportInput& input, const Ink& ink) {
  text += "\n" + ink("1", "  Pillar                 Value    Range      Share    Points") + "\n";
  for (const auto& pillar : input.assessment->score.pillars) {
    const std::string range = pillar.value ? out_of_hundred(pillar.lower) + "–" + out_of_hundred(pillar.upper) : "";
    text += "  " + cell(title_of(pillar.pillar), 21) + right(out_of_hundred(pillar.value), 7) + right(range, 9) +
            right(pillar.value ? percent(pillar.share) : "–", 11) + right(pillar.value ? show_points(pillar.contribution) : "–", 10) + "\n";
  }
  text += "  " + cell("Sum", 21) + right("", 27) + right(input.assessment->score.value ? show_points(*input.assessment->score.value) : "–", 10) + "\n";
}

void add_actions(std::string& text, const ReportInput& input, std::size_t most, bool board, const Ink& ink) {
  const auto& actions = input.assessment->actions;
  if (actions.empty()) return;
  const std::size_t shown = std::min(most, actions.size());
  text += "\n" + ink("1", "  What gains most") + "\n";
  for (std::size_t at = 0; at < shown; ++at) {
    const Action& action = actions[at];
    const std::size_t lead = leading_rule(input, action);
    const std::string title = capitalised(action_title(input, action));
    text += "  " + std::to_string(at + 1) + ". " + ink("32", cell(gain_text(action.gain), 10)) + without_end(cell(title, kColumns - 15)) + "\n";
    std::string detail = effort_text(action.effort_days) + " · " + std::string(describe(action.cost)) + " · " + (action.owner.empty() ? "owner not named" : action.owner);
    if (!board) detail += " · " + (action.hosts.empty() ? std::string("fleet") : count_of(action.hosts.size(), "host")) + " · " + input.rules->rules[lead].id;
    if (!action.opens_gates.empty()) detail += " · opens a gate";
    text += "     " + ink("2", std::string(10, ' ') + without_end(cell(detail, kColumns - 15))) + "\n";
  }
}

void add_findings(std::string& text, const ReportInput& input, const Ink& ink) {
  const auto& findings = input.assessment->findings;
  text += "\n" + ink("1", "  " + capitalised(count_of(findings.size(), "finding"))) + "\n";
  if (findings.empty()) return;
  text += ink("2", "  " + cell("Severity", 10) + cell("Pillar", 21) + cell("Check that fails", 44) + right("Hosts", 8) + right("Points", 10)) + "\n";
  for (std::size_t at = 0; at < findings.size() && at < kMostFindingLines; ++at) {
    const Rule& rule = input.rules->rules[findings[at]];
    const RuleResult& result = input.assessment->rules[findings[at]];
    const std::string hosts = rule.fleet ? "fleet" : std::to_string(result.tally.fail) + "/" + std::to_string(result.tally.applicable());
    text += "  " + ink(severity_code(rule.severity), cell(severity_word(rule.severity).text, 10)) + cell(title_of(rule.pillar), 21) + cell(rule.title, 44) + right(hosts, 8) + right(result.gain > 0 ? gain_text(result.gain) : "–", 10) + "\n";
  }
  if (findings.size() > kMostFindingLines) text += "  and " + std::to_string(findings.size() - kMostFindingLines) + " more\n";
}

void add_accepted(std::string& text, const ReportInput& input, const Ink& ink) {
  std::string lines;
  for (const AcceptedRisk& risk : input.assessment->risks) {
    if (risk.state == RiskState::unused) continue;
    const Waiver& waiver = input.rules->waivers[risk.waiver];
    const std::string last_day = long_date(waiver.ends - 1);
    const bool active = risk.state == RiskState::active;
    lines += ink(active ? "33" : "31", "  " + without_end(cell(active ? show_points(risk.points) + " points until " + last_day : "expired on " + last_day, 34) + cell(input.rules->rules[risk.rule].title, kColumns - 36))) + "\n";
    lines += ink("2", wrapped(waiver.owner + ": " + waiver.reason, std::string(36, ' ')));
  }
  if (!lines.empty()) text += "\n" + ink("1", "  Accepted risks") + "\n" + lines;
}

void add_workloads(std::string& text, const ReportInput& input, const Ink& ink) {
  if (input.assessment->workloads.empty()) return;
  text += "\n" + ink("1", "  Workloads") + "\n";
  for (const auto& workload : input.assessment->workloads) {
    std::string state;
    state_word(workload, state);
    text += "  " + cell(input.rules->workloads[workload.workload].title, 50) + ink(state_code(workload.pilot), state) + "\n";
  }
}

void add_unknown(std::string& text, const ReportInput& input, const Ink& ink) {
  int unknown = 0, checks = 0;
  for (const auto& rule : input.assessment->rules) {
    unknown += rule.tally.unknown;
    checks += rule.tally.applicable();
  }
  if (unknown == 0) return;
  text += "\n" + ink("2", wrapped("Not known: " + std::to_string(unknown) + " of " + count_of(static_cast<std::size_t>(checks), "check") + " could not be judged, because facts were not readable.", "  "));
}

std::string board_text(const ReportInput& input, const Ink& ink) {
  std::string text = ink("1", wrapped(ceo_headline(input), "  ")) + "\n";
  add_head(text, input, ink);
  add_workloads(text, input, ink);
  add_actions(text, input, 3, true, ink);
  add_unknown(text, input, ink);
  return text;
}

}  // namespace

std::string render_text(const ReportInput& input, Audience audience, bool colour) {
  const Ink ink{colour};
  if (audience == Audience::ceo) return board_text(input, ink);
  std::string text;
  add_head(text, input, ink);
  if (audience == Audience::cio) {
    add_pillars(text, input, ink);
    add_workloads(text, input, ink);
  }
  add_actions(text, input, audience == Audience::cio ? 10 : 3, false, ink);
  if (audience == Audience::it) {
    add_findings(text, input, ink);
    add_workloads(text, input, ink);
  }
  add_accepted(text, input, ink);
  add_unknown(text, input, ink);
  return text;
}

}  // namespace plumbline
