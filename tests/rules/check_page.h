// SPDX-License-Identifier: Apache-2.0
// A page of docs/ that lists checks, each with its rules, and how it is held to the packs: one table of six columns,
// | check | listed | rules and severity | facts | references | argued |.
#pragma once

#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/text.h"
#include "facts/catalog.h"
#include "rules/pack.h"
#include "tests/catch.h"

namespace plumbline::test {

struct CheckRow {
  std::string check, listed, argued;
  std::map<std::string, std::string> rules;  // id → severity
  std::set<std::string> facts, references;
};

/// What stands between back quotes in a cell.
inline std::vector<std::string> quoted(std::string_view cell) {
  std::vector<std::string> out;
  const auto parts = split(cell, '`');
  for (std::size_t at = 1; at < parts.size(); at += 2) out.emplace_back(parts[at]);
  return out;
}

// "| ssh.limits | low | `ssh.limits` low, `ssh.access-list` low | `ssh.max_auth_tries` | CIS …; Lynis … | |"
inline CheckRow read_check_row(const std::string& line) {
  const auto cells = split(line, '|');
  REQUIRE(cells.size() == 8);
  CheckRow row{std::string(trim(cells[1])), std::string(trim(cells[2])), std::string(trim(cells[6])), {}, {}, {}};
  for (const std::string_view rule : split(cells[3], ',')) {
    const auto names = quoted(rule);
    if (trim(rule).empty()) continue;
    REQUIRE(names.size() == 1);
    row.rules[names[0]] = std::string(trim(rule.substr(rule.rfind('`') + 1)));
  }
  for (const std::string& fact : quoted(cells[4])) row.facts.insert(fact);
  for (const std::string_view reference : split(cells[5], ';'))
    if (!trim(reference).empty()) row.references.emplace(trim(reference));
  return row;
}

/// `name`: "security-checks.md".
inline std::vector<CheckRow> read_check_page(const std::string& name) {
  std::ifstream page(std::string(PLUMBLINE_SOURCE_DIR) + "/docs/" + name);
  std::vector<CheckRow> rows;
  std::string line;
  bool inside = false;
  while (std::getline(page, line)) {
    if (inside && line.rfind("| ", 0) == 0) rows.push_back(read_check_row(line));
    inside = inside || line.rfind("|---", 0) == 0;
  }
  return rows;
}

inline const Rule* find_rule(const RuleSet& rules, const std::string& id) {
  for (const Rule& rule : rules.rules)
    if (rule.id == id) return &rule;
  return nullptr;
}

/// The facts behind what a condition reads, lists by their own name; of a measure what it is made of.
inline void add_facts(const RuleSet& rules, const std::vector<std::string>& reads, std::set<std::string>& facts) {
  for (const std::string& path : reads) {
    const std::string measure = path.rfind("fleet.", 0) == 0 ? path.substr(6) : "";
    if (measure.empty()) facts.insert(path.substr(0, path.find("[]")));
    for (const Measure& one : rules.measures)
      if (one.id == measure) add_facts(rules, one.value.reads(), facts);
  }
}

/// The rules of one row are there and are what the row says; gives the strongest severity among them.
inline Severity check_rules(const RuleSet& rules, const CheckRow& row) {
  Severity strongest = Severity::low;
  std::set<std::string> facts, references;
  for (const auto& [id, severity] : row.rules) {
    INFO(id);
    const Rule* rule = find_rule(rules, id);
    REQUIRE(rule != nullptr);
    CHECK(severity == to_text(rule->severity));
    strongest = std::max(strongest, rule->severity);
    add_facts(rules, rule->check->reads(), facts);
    references.insert(rule->references.begin(), rule->references.end());
  }
  for (const std::string& fact : row.facts) CHECK((fact.find('.') != std::string::npos && find_fact(fact) != nullptr));
  CHECK(row.facts == facts);
  CHECK(row.references == references);
  return strongest;
}

inline std::shared_ptr<const RuleSet> load_shipped(const std::string& site = "") {
  auto rules = load_rules(std::string(PLUMBLINE_SOURCE_DIR) + "/rules", site);
  if (!rules) FAIL(rules.error().message);
  return *rules;
}

}  // namespace plumbline::test
