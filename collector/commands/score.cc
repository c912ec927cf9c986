// SPDX-License-Identifier: Apache-2.0
// `score` and `findings`: where the fleet stands, and what gains most.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "base/time.h"
#include "collector/commands/common.h"

namespace plumbline {
namespace {

constexpr std::size_t kTopFindings = 3;

std::string bold(std::string_view text) { return colour_wanted() ? "\x1b[1m" + std::string(text) + "\x1b[0m" : std::string(text); }

std::string hosts_text(std::size_t count) { return count == 1 ? "1 host" : std::to_string(count) + " hosts"; }

std::string score_head(const FleetView& view) {
  const Score& score = view.assessment().score;
  const std::string value = score.value ? show_points(*score.value) : "no verdict yet";
  std::string text = bold(fmt::format("Score {} of 100", value)) +
                     fmt::format(", between {} and {}\n", show_points(score.lower), show_points(score.upper));
  text += fmt::format("Level {} of 5: {}", score.level, level_title(score.level));
  if (score.level_without_gates > score.level) text += fmt::format("; {} without the gates below", level_title(score.level_without_gates));
  text += fmt::format("\n{}, {:.0f} % of the checks known, newest scan {}, rules {}\n", hosts_text(static_cast<std::size_t>(score.hosts)),
                      score.checks_known * 100, to_iso8601(score.newest_scan), view.rules().version);
  return text;
}

std::string pillar_lines(const Score& score) {
  std::string text = "\n";
  for (const PillarResult& pillar : score.pillars) {
    const std::string value = pillar.value ? fmt::format("{:5.1f}", *pillar.value) : std::string("    -");
    text += fmt::format("  {:<22} {}   gives {:>4} points\n", title_of(pillar.pillar), value, show_points(pillar.contribution));
  }
  return text;
}

// Only the gates that cost a level: a shut one above the level that the points give holds nothing back.
std::string gate_lines(const FleetView& view) {
  std::string text;
  for (const GateResult& gate : view.assessment().gates)
    if (gate.shut && view.rules().gates[gate.gate].level < view.assessment().score.level_without_gates)
      text += fmt::format("  level {} at most: {}\n", view.rules().gates[gate.gate].level, view.rules().gates[gate.gate].title);
  return text.empty() ? text : "\n" + bold("Held back by") + "\n" + text;
}

std::string finding_line(const FleetView& view, std::size_t rule) {
  const RuleResult& result = view.assessment().rules[rule];
  const Rule& about = view.rules().rules[rule];
  const std::string where = about.fleet ? std::string("fleet") : hosts_text(result.failing.size());
  return fmt::format("  {:>6}  {:<8}  {}  ({}, {})\n", "+" + show_points(result.gain), to_text(about.severity), about.title, where, about.id);
}

// The findings whose repair gains most.
std::vector<std::size_t> by_gain(const Assessment& assessment) {
  std::vector<std::size_t> findings = assessment.findings;
  std::stable_sort(findings.begin(), findings.end(), [&](std::size_t a, std::size_t b) { return assessment.rules[a].gain > assessment.rules[b].gain; });
  return findings;
}

std::string gain_lines(const FleetView& view) {
  std::vector<std::size_t> findings = by_gain(view.assessment());
  if (findings.empty()) return "\nNothing fails.\n";
  if (findings.size() > kTopFindings) findings.resize(kTopFindings);
  std::string text = "\n" + bold("These gain most") + "\n";
  for (const std::size_t rule : findings) text += finding_line(view, rule);
  return text + fmt::format("\n{} findings in all: plumbline-collector findings\n", view.assessment().findings.size());
}

nlohmann::json finding_json(const FleetView& view, std::size_t rule) {
  const RuleResult& result = view.assessment().rules[rule];
  const Rule& about = view.rules().rules[rule];
  nlohmann::json hosts = nlohmann::json::array();
  for (const std::size_t host : result.failing)
    hosts.push_back({{"id", view.assessment().hosts[host].id}, {"name", view.assessment().hosts[host].name}});
  return {{"id", about.id}, {"title", about.title}, {"severity", to_text(about.severity)}, {"pillar", to_text(about.pillar)},
          {"why", about.why}, {"expected", about.expected}, {"gain", show_points(result.gain)}, {"hosts", hosts},
          {"fix", {{"text", about.fix.text}, {"commands", about.fix.commands}, {"effort_days", about.fix.effort_days},
                   {"once", about.fix.once}, {"cost", to_text(about.fix.cost)}, {"owner", about.fix.owner}}},
          {"references", about.references}};
}

int exit_code(const FleetView& view, const FindingsOptions& options) {
  return reaches(view, options.fail_on) ? kExitThreshold : kExitOk;
}

}  // namespace

int run_score(const FindingsOptions& options) {
  const auto open = open_fleet(options.common, options.as_of);
  if (!open) return report_error(open.error());
  const FleetView& view = *open->view;
  if (options.common.json) print(view.json() + "\n");
  else if (view.assessment().hosts.empty()) print("No host has sent a scan yet; enrol one: plumbline-collector token create\n");
  else print(score_head(view) + pillar_lines(view.assessment().score) + gate_lines(view) + gain_lines(view));
  return exit_code(view, options);
}

int run_findings(const FindingsOptions& options) {
  const auto open = open_fleet(options.common, options.as_of);
  if (!open) return report_error(open.error());
  const FleetView& view = *open->view;
  nlohmann::json list = nlohmann::json::array();
  for (const std::size_t rule : view.assessment().findings) {
    if (options.common.json) list.push_back(finding_json(view, rule));
    else print(finding_line(view, rule));
  }
  if (options.common.json) print(list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  else if (view.assessment().findings.empty()) print("Nothing fails.\n");
  return exit_code(view, options);
}

}  // namespace plumbline
