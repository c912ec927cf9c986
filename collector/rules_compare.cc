// SPDX-License-Identifier: Apache-2.0
// Judges every scan twice and tells the difference.
#include "collector/rules_compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "base/text.h"
#include "collector/fleet.h"
#include "collector/judging.h"

namespace plumbline {
namespace {

using nlohmann::json;

std::string id_of(const Scan& scan) { return scan.host_id.empty() ? host_id_of_stranger(scan) : scan.host_id; }

Assessment assess_scans(const RuleSet& rules, const std::vector<Scan>& scans) {
  std::vector<AssessedHost> hosts;
  hosts.reserve(scans.size());
  for (const Scan& scan : scans) hosts.push_back({id_of(scan), host_name_of(scan), scan.taken_at, judge(rules, judgeable_facts(scan, rules))});
  return assess(rules, std::move(hosts), [](std::size_t) -> const json* { return nullptr; });
}

std::string text_of(const std::optional<cel::Program>& program) { return program ? program->text() : std::string(); }

// What a reader would look at to understand why a verdict turned.
std::vector<std::string> changed_parts(const Rule& a, const Rule& b) {
  const std::tuple<const char*, bool> parts[] = {
      {"check", text_of(a.check) == text_of(b.check)},
      {"when", text_of(a.when) == text_of(b.when)},
      {"severity", a.severity == b.severity},
      {"pillar", a.pillar == b.pillar},
      {"scope", a.fleet == b.fleet},
      {"pack", a.pack == b.pack},
      {"observed", text_of(a.observed) == text_of(b.observed)},
      {"expected", a.expected == b.expected},
      {"title", a.title == b.title},
      {"why", a.why == b.why},
      {"wording", std::tie(a.fail.it, a.fail.cio, a.fail.ceo, a.pass.it, a.pass.cio, a.pass.ceo) == std::tie(b.fail.it, b.fail.cio, b.fail.ceo, b.pass.it, b.pass.cio, b.pass.ceo)},
      {"fix", std::tie(a.fix.text, a.fix.commands, a.fix.effort_days, a.fix.once, a.fix.cost, a.fix.owner) == std::tie(b.fix.text, b.fix.commands, b.fix.effort_days, b.fix.once, b.fix.cost, b.fix.owner)},
      {"references", a.references == b.references},
      {"tags", a.tags == b.tags}};
  std::vector<std::string> out;
  for (const auto& [name, equal] : parts)
    if (!equal) out.emplace_back(name);
  return out;
}

Verdict fleet_verdict(const Tally& tally) {
  if (tally.fail > 0) return Verdict::fail;
  if (tally.pass > 0) return Verdict::pass;
  if (tally.waived > 0) return Verdict::waived;
  return tally.unknown > 0 ? Verdict::unknown : Verdict::not_applicable;
}

// One rule set's side of the comparison.
struct Side {
  const RuleSet& rules;
  const Assessment& assessment;
};

Verdict verdict_of(const Side& side, std::size_t rule, std::size_t host) { return side.assessment.hosts[host].judgement.verdicts[rule]; }

// Both assessments hold the same hosts in the same order: by name, then id.
std::vector<TurnedVerdict> turned_verdicts(const Side& a, std::size_t i, const Side& b, std::size_t j) {
  std::vector<TurnedVerdict> out;
  const bool fleet_a = a.rules.rules[i].fleet, fleet_b = b.rules.rules[j].fleet;
  if (fleet_a || fleet_b) {
    const Verdict before = fleet_verdict(a.assessment.rules[i].tally), after = fleet_verdict(b.assessment.rules[j].tally);
    if (before != after) out.push_back({"", "fleet", before, after});
    return out;
  }
  for (std::size_t host = 0; host < a.assessment.hosts.size(); ++host) {
    const Verdict before = verdict_of(a, i, host), after = verdict_of(b, j, host);
    const AssessedHost& about = a.assessment.hosts[host];
    if (before != after) out.push_back({about.id, about.name, before, after});
  }
  return out;
}

ComparedRule alone(const Side& side, std::size_t i, ComparedRule::Kind kind) {
  const Rule& rule = side.rules.rules[i];
  return {kind, rule.id, rule.title, rule.severity, {}, side.assessment.rules[i].tally, {}};
}

json score_json(const Score& score) {
  return {{"value", score.value ? json(show_points(*score.value)) : json()}, {"lower", show_points(score.lower)}, {"upper", show_points(score.upper)},
          {"level", score.level}, {"level_title", level_title(score.level)}};
}

std::string score_text(const Score& score) { return score.value ? show_points(*score.value) : std::string("none"); }

const char* kind_text(ComparedRule::Kind kind) {
  switch (kind) {
    case ComparedRule::added: return "added";
    case ComparedRule::removed: return "removed";
    case ComparedRule::changed: return "changed";
    case ComparedRule::same: return "same";
  }
  return "";
}

std::string tally_text(const Tally& tally) {
  return fmt::format("{} fail, {} pass, {} unknown, {} not applicable", tally.fail, tally.pass, tally.unknown, tally.not_applicable);
}

std::string rule_text(const ComparedRule& rule, std::size_t most_hosts) {
  static constexpr char kMarks[] = {'+', '-', '~', ' '};
  std::string text = fmt::format("{} {}  {}  {}\n", kMarks[rule.kind], rule.id, to_text(rule.severity), printable(rule.title));
  if (!rule.parts.empty()) text += "    changed: " + join(rule.parts, ", ") + "\n";
  if (rule.kind == ComparedRule::added || rule.kind == ComparedRule::removed) text += "    " + tally_text(rule.tally) + "\n";
  for (std::size_t i = 0; i < rule.turned.size() && i < most_hosts; ++i) {
    const TurnedVerdict& one = rule.turned[i];
    text += fmt::format("    {}: {} -> {}\n", printable(one.host_name.empty() ? one.host_id : one.host_name), to_text(one.before), to_text(one.after));
  }
  if (rule.turned.size() > most_hosts) text += fmt::format("    and {} more hosts\n", rule.turned.size() - most_hosts);
  return text;
}

}  // namespace

std::vector<Scan> newest_of_each(std::vector<Scan> scans) {
  std::map<std::string, Scan> newest;
  for (Scan& scan : scans) {
    std::string id = id_of(scan);
    const auto found = newest.find(id);
    if (found == newest.end()) newest.emplace(std::move(id), std::move(scan));
    else if (std::pair(found->second.sequence, found->second.taken_at) < std::pair(scan.sequence, scan.taken_at)) found->second = std::move(scan);
  }
  std::vector<Scan> out;
  for (auto& [id, scan] : newest) out.push_back(std::move(scan));
  return out;
}

RulesComparison compare_rules(const RuleSet& before, const RuleSet& after, const std::vector<Scan>& scans) {
  const Assessment old_assessment = assess_scans(before, scans), new_assessment = assess_scans(after, scans);
  const Side a{before, old_assessment}, b{after, new_assessment};
  RulesComparison out;
  out.hosts = scans.size();
  out.rules_before = before.rules.size();
  out.rules_after = after.rules.size();
  out.before = old_assessment.score;
  out.after = new_assessment.score;
  std::size_t i = 0, j = 0;
  while (i < before.rules.size() || j < after.rules.size()) {  // both are sorted by id
    const bool old_first = j == after.rules.size() || (i < before.rules.size() && before.rules[i].id < after.rules[j].id);
    const bool new_first = i == before.rules.size() || (j < after.rules.size() && after.rules[j].id < before.rules[i].id);
    if (old_first) {
      out.rules.push_back(alone(a, i++, ComparedRule::removed));
    } else if (new_first) {
      out.rules.push_back(alone(b, j++, ComparedRule::added));
    } else {
      ComparedRule rule = alone(b, j, ComparedRule::same);
      rule.parts = changed_parts(before.rules[i], after.rules[j]);
      rule.turned = turned_verdicts(a, i, b, j);
      if (!rule.parts.empty()) rule.kind = ComparedRule::changed;
      if (rule.kind == ComparedRule::changed || !rule.turned.empty()) out.rules.push_back(std::move(rule));
      ++i, ++j;
    }
  }
  return out;
}

json to_json(const RulesComparison& comparison) {
  json rules = json::array();
  for (const ComparedRule& rule : comparison.rules) {
    json turned = json::array();
    for (const TurnedVerdict& one : rule.turned)
      turned.push_back({{"host_id", one.host_id}, {"host", one.host_name}, {"before", to_text(one.before)}, {"after", to_text(one.after)}});
    json row = {{"id", rule.id}, {"kind", kind_text(rule.kind)}, {"title", rule.title}, {"severity", to_text(rule.severity)}, {"changed", rule.parts}, {"turned", turned}};
    if (rule.kind == ComparedRule::added || rule.kind == ComparedRule::removed)
      row["tally"] = {{"pass", rule.tally.pass}, {"fail", rule.tally.fail}, {"unknown", rule.tally.unknown}, {"not_applicable", rule.tally.not_applicable}, {"waived", rule.tally.waived}};
    rules.push_back(std::move(row));
  }
  return {{"hosts", comparison.hosts}, {"rules_before", comparison.rules_before}, {"rules_after", comparison.rules_after},
          {"score_before", score_json(comparison.before)}, {"score_after", score_json(comparison.after)}, {"rules", rules}};
}

std::string to_text(const RulesComparison& comparison, std::size_t most_hosts) {
  std::string text = fmt::format("{} {}, {} rules -> {} rules\n", comparison.hosts, comparison.hosts == 1 ? "host" : "hosts", comparison.rules_before, comparison.rules_after);
  for (const ComparedRule& rule : comparison.rules) text += rule_text(rule, most_hosts);
  if (comparison.rules.empty()) text += "No rule differs and no verdict turns.\n";
  return text + fmt::format("Score {} -> {}, level {} ({}) -> {} ({})\n", score_text(comparison.before), score_text(comparison.after), comparison.before.level,
                            level_title(comparison.before.level), comparison.after.level, level_title(comparison.after.level));
}

}  // namespace plumbline
