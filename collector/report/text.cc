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
  const std::string left = say("text.title", {{"organisation", printable(input.organisation.empty() ? say("page.this_company") : input.organisation)}});
  const std::string when = say("text.when", {{"hosts", host_count(input)}, {"date", date_text(input.assessment->as_of)}});
  const std::size_t used = std::min(kColumns, width_of(left) + width_of(when));
  text += ink("1", left) + std::string(std::max<std::size_t>(1, kColumns - used), ' ') + ink("2", when) + "\n\n";
  if (!score.value) {
    text += "  " + say("overview.no_score") + "\n";
    return;
  }
  const std::string of = say("score.of_100"), range = say("text.range", {{"lower", whole_points(score.lower)}, {"upper", whole_points_up(score.upper)}, {"known", percent(score.checks_known)}});
  text += "  " + cell(say("column.score"), 8) + ink("1", points_text(*score.value)) + " " + of + "   " + range + "\n";
  text += "  " + cell(say("column.level"), 8) + ink("1", level_text(score.level)) + " " + say("text.of_levels", {{"number", std::to_string(score.level)}});
  const auto gates = holding_gates(input);
  text += gates.empty() ? "\n" : "; " + say_count("text.held", gates.size(), {{"level", level_text(score.level_without_gates)}}) + "\n";
  for (const std::size_t gate : gates) text += ink("31", wrapped("✗ " + input.rules->gates[gate].title, "          "));
}

void add_pillars(std::string& text, const ReportInput& input, const Ink& ink) {
  text += "\n" + ink("1", "  " + cell(say("column.pillar"), 21) + right(say("column.value"), 7) + right(say("column.range"), 9) + right(say("column.share"), 11) + right(say("column.points"), 10)) + "\n";
  for (const auto& pillar : input.assessment->score.pillars) {
    const std::string range = pillar.value ? out_of_hundred(pillar.lower) + "–" + out_of_hundred(pillar.upper) : "";
    text += "  " + cell(pillar_text(pillar.pillar), 21) + right(out_of_hundred(pillar.value), 7) + right(range, 9) +
            right(pillar.value ? percent(pillar.share) : "–", 11) + right(pillar.value ? points_text(pillar.contribution) : "–", 10) + "\n";
  }
  text += "  " + cell(say("text.sum"), 21) + right("", 27) + right(input.assessment->score.value ? points_text(*input.assessment->score.value) : "–", 10) + "\n";
}

std::string action_detail(const ReportInput& input, const Action& action, bool board) {
  std::vector<std::string> parts = {effort_text(action.effort_days), cost_text(action.cost), owner_of(input, action)};
  if (!board) {
    parts.push_back(action.hosts.empty() ? say("where.fleet_alone") : say_count("count.hosts", action.hosts.size()));
    parts.push_back(input.rules->rules[leading_rule(input, action)].id);
  }
  if (!action.opens_gates.empty()) parts.push_back(say("text.opens_gate"));
  return join(parts, " · ");
}

void add_actions(std::string& text, const ReportInput& input, std::size_t most, bool board, const Ink& ink) {
  const auto order = actions_in_order(input);
  if (order.empty()) return;
  text += "\n" + ink("1", "  " + say("overview.gains_most")) + "\n";
  for (std::size_t at = 0; at < order.size() && at < most; ++at) {
    const Action& action = input.assessment->actions[order[at]];
    const std::string number = std::to_string(at + 1) + ". ";
    text += "  " + number + ink("32", cell(gain_text(action.gain), 10)) + without_end(cell(capitalised(action_title(input, action)), kColumns - 12 - number.size())) + "\n";
    text += "     " + ink("2", std::string(10, ' ') + without_end(cell(action_detail(input, action, board), kColumns - 15))) + "\n";
  }
}

void add_findings(std::string& text, const ReportInput& input, const Ink& ink) {
  const auto& findings = input.assessment->findings;
  text += "\n" + ink("1", "  " + capitalised(say_count("count.findings", findings.size()))) + "\n";
  if (findings.empty()) return;
  text += ink("2", "  " + cell(say("column.severity"), 10) + cell(say("column.pillar"), 21) + cell(say("text.check"), 44) + right(say("column.hosts"), 8) + right(say("column.points"), 10)) + "\n";
  for (std::size_t at = 0; at < findings.size() && at < kMostFindingLines; ++at) {
    const Rule& rule = input.rules->rules[findings[at]];
    const RuleResult& result = input.assessment->rules[findings[at]];
    const std::string hosts = rule.fleet ? say("where.fleet_alone") : std::to_string(result.tally.fail) + "/" + std::to_string(result.tally.applicable());
    text += "  " + ink(severity_code(rule.severity), cell(severity_word(rule.severity).text, 10)) + cell(pillar_text(rule.pillar), 21) + cell(rule.title, 44) + right(hosts, 8) + right(result.gain > 0 ? gain_text(result.gain) : "–", 10) + "\n";
  }
  if (findings.size() > kMostFindingLines) text += "  " + say_count("more.plain", findings.size() - kMostFindingLines) + "\n";
}

void add_accepted(std::string& text, const ReportInput& input, const Ink& ink) {
  std::string lines;
  for (const AcceptedRisk& risk : input.assessment->risks) {
    if (risk.state == RiskState::unused) continue;
    const Waiver& waiver = input.rules->waivers[risk.waiver];
    const std::string last_day = date_text(waiver.ends - 1);
    const bool active = risk.state == RiskState::active;
    const std::string price = active ? say("text.risk", {{"points", points_text(risk.points)}, {"date", last_day}}) : say("text.risk_expired", {{"date", last_day}});
    lines += ink(active ? "33" : "31", "  " + without_end(cell(price, 34) + cell(input.rules->rules[risk.rule].title, kColumns - 36))) + "\n";
    lines += ink("2", wrapped(waiver.owner + ": " + waiver.reason, std::string(36, ' ')));
  }
  if (!lines.empty()) text += "\n" + ink("1", "  " + say("risk.title")) + "\n" + lines;
}

void add_workloads(std::string& text, const ReportInput& input, const Ink& ink) {
  if (input.assessment->workloads.empty()) return;
  text += "\n" + ink("1", "  " + say("nav.workloads")) + "\n";
  for (const auto* workload : workloads_in_order(input)) {
    const WorkloadServing* serving = serving_of(input, *workload);
    const std::string people = serving != nullptr && serving->fleet.high > 0 ? people_text(serving->fleet) : "";
    text += "  " + cell(input.rules->workloads[workload->workload].title, 50) + ink(state_code(workload->pilot), without_end(cell(state_word(*workload).text, 20))) + (people.empty() ? "" : "  " + without_end(cell(people, 22))) + "\n";
  }
}

void add_unknown(std::string& text, const ReportInput& input, const Ink& ink) {
  const Coverage coverage = coverage_of(input);
  std::string unknown = coverage.unknown == 0 ? "" : say_count("coverage.unknown", coverage.unknown, {{"checks", say_count("count.checks", coverage.checks)}});
  if (input.decisions) unknown += (unknown.empty() ? "" : " ") + self_report_of(input).sentence;
  if (!unknown.empty()) text += "\n" + ink("2", wrapped(say("text.not_known", {{"what", unknown}}), "  "));
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
