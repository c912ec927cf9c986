// SPDX-License-Identifier: Apache-2.0
// `clock`: what becomes of the fleet if nothing is done.
#include "rules/clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "base/time.h"
#include "collector/commands/common.h"
#include "collector/commands/decisions.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostNamedHosts = 4;
constexpr std::size_t kMostNamedProducts = 10;

std::string bold(std::string_view text) { return colour_wanted() ? "\x1b[1m" + std::string(text) + "\x1b[0m" : std::string(text); }
std::string date_text(std::int64_t day) { return to_iso8601(day).substr(0, 10); }

std::string moment_line(std::string_view when, const Assessment& assessment) {
  const Score& score = assessment.score;
  return fmt::format("  {:<22} {:>5}   {:>5} to {:>5}   {} {}\n", when, score.value ? show_points(*score.value) : "-", show_points(score.lower),
                     show_points(score.upper), score.level, level_title(score.level));
}

std::string moment_lines(const Clock& clock) {
  std::string text = bold("If nothing is done") + fmt::format("\n  {:<22} {:>5}   {:>14}   {}\n", "", "score", "between", "level");
  text += moment_line(date_text(clock.from) + " as shown", clock.now);
  for (const ClockMoment& moment : clock.moments) text += moment_line(date_text(moment.day), moment.assessment);
  return text;
}

std::string gate_lines(const RuleSet& rules, const Clock& clock) {
  std::string text;
  const Assessment* before = &clock.now;
  for (const ClockMoment& moment : clock.moments) {
    for (std::size_t i = 0; i < rules.gates.size(); ++i)
      if (moment.assessment.gates[i].shut && !before->gates[i].shut)
        text += fmt::format("  by {}: {} (level {} at most)\n", date_text(moment.day), printable(rules.gates[i].title), rules.gates[i].level);
    before = &moment.assessment;
  }
  return text.empty() ? text : "\n" + bold("Gates that shut") + "\n" + text;
}

std::string workload_lines(const RuleSet& rules, const Clock& clock) {
  std::string text;
  for (std::size_t i = 0; i < clock.now.workloads.size(); ++i) {
    std::string line;
    const WorkloadResult* was = &clock.now.workloads[i];
    for (const ClockMoment& moment : clock.moments) {
      const WorkloadResult& is = moment.assessment.workloads[i];
      if (is.pilot != was->pilot || is.production != was->production || is.changes != was->changes)
        line += fmt::format("    by {}: pilot {} → {}, production {} → {}, changes {} → {}\n", date_text(moment.day), to_text(was->pilot), to_text(is.pilot),
                            to_text(was->production), to_text(is.production), was->changes, is.changes);
      was = &is;
    }
    if (!line.empty()) text += "  " + printable(rules.workloads[was->workload].title) + "\n" + line;
  }
  return text.empty() ? text : "\n" + bold("Workloads") + "\n" + text;
}

// "debian 11, ended 2026-08-31"
std::string cause_text(const ClockCause& cause, std::int64_t day) {
  std::string text = printable(cause.product) + (cause.version.empty() ? "" : " " + printable(cause.version));
  if (!cause.cycle.empty() && cause.cycle != cause.version) text += " (" + printable(cause.cycle) + ")";
  if (cause.ends) text += fmt::format(", {} {}", *cause.ends < day ? "ended" : "ends", date_text(*cause.ends));
  return text;
}
std::string causes_text(const ClockTurn& turn) {
  std::vector<std::string> parts;
  for (const ClockCause& cause : turn.causes) parts.push_back(cause_text(cause, turn.day));
  return join(parts, "; ");
}

// Turns of one rule on one day for one cause are told as one.
struct TurnGroup {
  const ClockTurn* first = nullptr;
  std::string causes;
  double points = 0;
  std::vector<std::string> hosts;
};
std::vector<TurnGroup> grouped(const Clock& clock) {
  std::vector<TurnGroup> out;
  for (const ClockTurn& turn : clock.turns) {
    const std::string causes = causes_text(turn);
    // Turns come by day and rule: those that belong together stand near the end.
    auto same = std::find_if(out.rbegin(), out.rend(), [&](const TurnGroup& group) {
      return group.first->day != turn.day || group.first->rule != turn.rule || (group.causes == causes && group.first->is == turn.is && group.first->was == turn.was);
    });
    const bool found = same != out.rend() && same->first->day == turn.day && same->first->rule == turn.rule;
    TurnGroup& group = found ? *same : out.emplace_back(TurnGroup{&turn, causes, 0, {}});
    group.points += turn.points;
    if (turn.host) group.hosts.push_back(printable(clock.now.hosts[*turn.host].name));
  }
  return out;
}

std::string points_text(double points) {
  const std::string text = fmt::format("{:+.2f}", points);
  return text == "-0.00" || text == "+0.00" ? "0.00" : text;
}

std::string turn_lines(const RuleSet& rules, const Clock& clock) {
  std::string text = "\n" + bold("The dates that do it") + "\n";
  const std::vector<TurnGroup> groups = grouped(clock);
  for (const TurnGroup& group : groups) {
    std::vector<std::string> hosts(group.hosts.begin(), group.hosts.begin() + static_cast<std::ptrdiff_t>(std::min(group.hosts.size(), kMostNamedHosts)));
    if (group.hosts.size() > kMostNamedHosts) hosts.push_back(fmt::format("{} more", group.hosts.size() - kMostNamedHosts));
    text += fmt::format("  {}{}  {:>6}  {}: {} → {}{}\n", date_text(group.first->day), group.first->day < clock.from ? " passed" : "", points_text(group.points),
                        rules.rules[group.first->rule].id, to_text(group.first->was), to_text(group.first->is),
                        hosts.empty() ? " in the fleet" : " on " + join(hosts, ", "));
    if (!group.causes.empty()) text += "                      " + group.causes + "\n";
  }
  return groups.empty() ? text + "  none\n" : text;
}

std::string unknown_lines(const RuleSet& rules, const Clock& clock) {
  std::string text;
  std::vector<std::string> products;
  for (const Undated& one : clock.undated) {
    if (products.size() == kMostNamedProducts) break;
    products.push_back(fmt::format("{} {} ({})", printable(one.product), one.version.empty() ? "of a version not read" : printable(one.version),
                                   one.hosts == 1 ? "1 host" : fmt::format("{} hosts", one.hosts)));
  }
  if (clock.undated.size() > products.size()) products.push_back(fmt::format("{} more", clock.undated.size() - products.size()));
  if (!products.empty()) text += fmt::format("  No end of support is known of {}; table of {}\n", join(products, ", "), rules.catalogue.date);
  if (clock.certificates_unclear > 0)
    text += fmt::format("  On {} a scan tells too little of the certificates to say how many end when\n", clock.certificates_unclear == 1 ? "1 host" : fmt::format("{} hosts", clock.certificates_unclear));
  return text.empty() ? text : "\n" + bold("What is not known") + "\n" + text;
}

// A date given on the command line; nothing where none is.
Result<std::optional<std::int64_t>> read_day(std::string_view option, const std::string& text) {
  if (text.empty()) return std::optional<std::int64_t>();
  const auto day = parse_date(text);
  if (!day) return fail(ErrorKind::invalid, fmt::format("{} '{}' is no date such as 2027-11-23", option, printable(text)));
  return std::optional(*day);
}

}  // namespace

int run_clock_command(const ClockCommandOptions& options) {
  const auto from = read_day("--from", options.from), until = read_day("--until", options.until);
  if (!from || !until) return report_usage((from ? until : from).error().message);
  const auto fleet = open_given_fleet(options.fleet);
  if (!fleet) return report_error(fleet.error());
  const RuleSet& rules = *fleet->rules;
  const auto clock = run_clock(rules, RuleIndex(rules), fleet->facts, {*from, *until});
  if (!clock) return report_error(clock.error());
  if (options.fleet.common.json) print(to_json(rules, *clock) + "\n");
  else print(moment_lines(*clock) + gate_lines(rules, *clock) + workload_lines(rules, *clock) + turn_lines(rules, *clock) + unknown_lines(rules, *clock));
  return kExitOk;
}

}  // namespace plumbline
