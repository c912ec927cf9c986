// SPDX-License-Identifier: Apache-2.0
// Why a verdict is what it is, in words a person reads. What a host says stays plain text; renderers escape it.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "facts/catalog.h"
#include "rules/applicability.h"
#include "rules/fact_values.h"
#include "rules/judge.h"

namespace plumbline {
namespace {

constexpr std::size_t kShownCharacters = 200;
constexpr std::size_t kShownItems = 12;

// At most three figures that matter: 16.4, 48, 1.92
std::string show_number(double number) {
  if (!std::isfinite(number)) return "not a number";
  char buffer[64];
  double size = std::abs(number);
  bool whole = std::abs(number - std::round(number)) < 0.005 || size >= 100;
  int length = whole         ? std::snprintf(buffer, sizeof buffer, "%.0f", number)
               : size >= 10  ? std::snprintf(buffer, sizeof buffer, "%.1f", number)
                             : std::snprintf(buffer, sizeof buffer, "%.2f", number);
  std::string text(buffer, static_cast<std::size_t>(std::max(length, 0)));
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text == "-0" ? "0" : text;
}

std::string show_bytes(double bytes) {
  double size = std::abs(bytes);
  if (size >= 1e12) return show_number(bytes / 1e12) + " TB";
  if (size >= 1e9) return show_number(bytes / 1e9) + " GB";
  if (size >= 1e6) return show_number(bytes / 1e6) + " MB";
  if (size >= 1e3) return show_number(bytes / 1e3) + " kB";
  return show_number(bytes) + " bytes";
}

std::string show_seconds(double seconds) {
  if (std::abs(seconds) < 120) return show_number(seconds) + " s";
  if (std::abs(seconds) < 7200) return show_number(seconds / 60) + " min";
  if (std::abs(seconds) < 172'800) return show_number(seconds / 3600) + " h";
  return show_number(seconds / 86'400) + " days";
}

std::string show_with_unit(double number, std::string_view unit) {
  if (unit.empty() || unit == "date") return show_number(number);
  if (unit == "bytes") return show_bytes(number);
  if (unit == "seconds") return show_seconds(number);
  if (unit == "days" && std::abs(number) == 1) return show_number(number) + " day";
  return show_number(number) + " " + std::string(unit);
}

// Cuts at a character, not within one.
std::string cut(std::string text) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool begins = (static_cast<unsigned char>(text[i]) & 0xc0u) != 0x80u;
    if (begins && characters++ == kShownCharacters) {
      text.resize(i);
      return text + "…";
    }
  }
  return text;
}

std::string show_list(const cel::List& list, std::string_view unit) {
  if (list.empty()) return "none";
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < list.size() && i < kShownItems; ++i) parts.push_back(show_value(list[i], unit));
  std::string text = join(parts, ", ");
  if (list.size() > kShownItems) text += " and " + std::to_string(list.size() - kShownItems) + " more";
  return text;
}

std::string show_map(const cel::Map& map) {
  if (map.entries.empty()) return "none";
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < map.entries.size() && i < kShownItems; ++i) {
    parts.push_back(show_value(map.entries[i].first, "") + " = " + show_value(map.entries[i].second, ""));
  }
  return join(parts, ", ");
}

// The unit of what an expression gives: that of the facts it reads, where it passes one on as it is. Arithmetic and
// size() change units, and two facts may have two.
std::string_view unit_of(const cel::Program& program, std::string_view otherwise) {
  const std::string& text = program.text();
  if (text.find_first_of("+-*/%") != std::string::npos || contains(text, "size(")) return otherwise;
  std::string_view unit;
  for (const std::string& path : program.reads()) {
    const Fact* fact = find_fact(path);
    if (!fact || fact->unit.empty()) continue;
    if (!unit.empty() && unit != fact->unit) return otherwise;
    unit = fact->unit;
  }
  return unit.empty() ? otherwise : unit;
}

// Steps from a name to the values under a path: "accelerators.devices[].name" → the name of each.
void gather(const cel::Value& value, const std::vector<std::string_view>& parts, std::size_t at, cel::List& out) {
  if (const cel::List* list = value.list(); list && at < parts.size()) {
    for (const cel::Value& item : *list) gather(item, parts, at, out);
    return;
  }
  if (at == parts.size()) {
    out.push_back(value);
    return;
  }
  const cel::Map* map = value.map();
  std::string_view part = parts[at];
  if (part.size() > 2 && part.substr(part.size() - 2) == "[]") part.remove_suffix(2);
  const cel::Value* next = map ? map->find(part) : nullptr;
  if (next) gather(*next, parts, at + 1, out);
}

// What a check read, for rules without `observed`: "5 days", or "cpu.cores 4, cpu.threads 8" for several facts.
std::string show_reads(const cel::Program& check, const cel::Lookup& lookup, std::string_view unit) {
  std::vector<std::string> parts;
  for (const std::string& path : check.reads()) {
    std::vector<std::string_view> names = split(path, '.');
    cel::List found;
    gather(lookup(names[0]), names, 1, found);
    const Fact* fact = find_fact(path);
    if (fact && fact->type == FactType::object_list) continue;  // its members are read as well
    std::string_view own_unit = fact ? fact->unit : unit;
    bool many = contains(path, "[]");
    std::string shown = found.empty() && !many ? "fact not read"
                        : many                 ? show_list(found, own_unit)
                                               : show_value(found[0], own_unit);
    parts.push_back(check.reads().size() == 1 ? shown : path + " " + shown);
    if (parts.size() == kShownItems) break;
  }
  return cut(join(parts, ", "));
}

Evidence explain_with(const Rule& rule, const cel::Lookup& lookup, std::string_view unit) {
  Decision decision = decide(rule, lookup);
  Evidence out;
  out.verdict = decision.verdict;
  out.expected = rule.expected;
  out.missing = std::move(decision.missing);
  out.problem = std::move(decision.problem);
  out.observed = rule.observed ? show_observed(*rule.observed, lookup, unit) : show_reads(*rule.check, lookup, unit);
  if (decision.verdict == Verdict::not_applicable && rule.when) out.not_applicable = why_not_applicable(*rule.when, lookup);
  if (decision.verdict != Verdict::not_applicable) out.steps = rule.check->explain(lookup, kJudgingLimits);
  return out;
}

}  // namespace

std::string show_value(const cel::Value& value, std::string_view unit) {
  if (value.is_unknown()) return "fact not read";
  if (value.is_error()) return "cannot be told";
  if (value.get_if<cel::Null>()) return "none";
  if (const bool* yes = value.get_if<bool>()) return *yes ? "yes" : "no";
  if (const auto* whole = value.get_if<std::int64_t>()) {
    return unit.empty() ? std::to_string(*whole) : show_with_unit(static_cast<double>(*whole), unit);
  }
  if (const auto* natural = value.get_if<std::uint64_t>()) {
    return unit.empty() ? std::to_string(*natural) : show_with_unit(static_cast<double>(*natural), unit);
  }
  if (const double* real = value.get_if<double>()) return show_with_unit(*real, unit);
  if (const std::string* text = value.string()) return text->empty() ? "none" : cut(*text);
  if (const cel::List* list = value.list()) return cut(show_list(*list, unit));
  if (const cel::Map* map = value.map()) return cut(show_map(*map));
  return cut(cel::to_text(value));
}

std::string show_observed(const cel::Program& observed, const cel::Lookup& lookup, std::string_view unit) {
  return show_value(observed.evaluate(lookup, kJudgingLimits), unit_of(observed, unit));
}

Evidence explain(const Rule& rule, const cel::Document& facts) { return explain_with(rule, facts.lookup(), ""); }

Evidence explain(const Rule& rule, const nlohmann::json& facts) { return explain(rule, FactValues(facts).document()); }

Evidence explain_fleet(const RuleSet& rules, const Rule& rule, const std::vector<std::optional<double>>& aggregates) {
  // "fleet.accelerator_memory_gb" has no row in the catalog; the measure knows its unit.
  std::string_view unit;
  const cel::Program& shown = rule.observed ? *rule.observed : *rule.check;
  for (const Measure& measure : rules.measures) {
    if (shown.reads().size() == 1 && shown.reads()[0] == "fleet." + measure.id) unit = measure.unit;
  }
  if (shown.text().find_first_of("+-*/%") != std::string::npos && rule.observed) unit = {};
  return explain_with(rule, fleet_lookup(rules, aggregates), unit);
}

}  // namespace plumbline
