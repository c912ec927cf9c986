// SPDX-License-Identifier: Apache-2.0
// Rules as one HTML page: the view of templates/rules.html.
#include "collector/report/rule_pages.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "collector/report/view.h"
#include "facts/catalog.h"

namespace plumbline {
namespace {

constexpr std::array kPillars = {Pillar::accelerators, Pillar::data, Pillar::security, Pillar::compute, Pillar::storage_network, Pillar::platform};

View row_of(const Rule& rule) {
  View row;
  row["id"] = View(rule.id);
  row["title"] = View(rule.title);
  row["severity"] = View(std::string(severity_word(rule.severity).text));
  row["severity_css"] = View(std::string(severity_word(rule.severity).css));
  row["pillar"] = View(pillar_text(rule.pillar));
  row["pack"] = View(rule.pack);
  return row;
}

View fact_rows(const RuleSet& rules, const Rule& rule) {
  View rows = view_list();
  for (const std::string& path : facts_read(rule)) {
    View row;
    row["path"] = View(path);
    std::string meaning;
    if (const Fact* fact = find_fact(path)) meaning = std::string(fact->meaning);
    for (const Measure& measure : rules.measures)
      if ("fleet." + measure.id == path) meaning = measure.title + (measure.unit.empty() ? "" : " (" + measure.unit + ")");
    row["meaning"] = View(meaning);
    rows.push_back(row);
  }
  return rows;
}

View reference_list(const Rule& rule) {
  View rows = view_list();
  for (const std::string& reference : rule.references) {
    View row;
    row["reference"] = View(reference);
    row["last"] = View(&reference == &rule.references.back());
    rows.push_back(row);
  }
  return rows;
}

View case_rows(const RuleCases& cases, const std::string& id) {
  View rows = view_list();
  const auto found = cases.find(id);
  if (found == cases.end()) return rows;
  for (const PackCase& one : found->second) {
    View row;
    row["given"] = View(one.given);
    row["verdict"] = View(one.verdict);
    rows.push_back(row);
  }
  return rows;
}

View whole_rule(const RuleSet& rules, const Rule& rule, const RuleCases& cases) {
  View row = row_of(rule);
  row["why"] = View(rule.why);
  row["applies_when"] = maybe(rule.when ? rule.when->text() : std::string());
  row["condition"] = View(rule.check ? rule.check->text() : std::string());
  row["expected"] = View(rule.expected);
  row["scope"] = View(say(rule.fleet ? "rules.fleet" : "rules.every_host"));
  row["facts"] = fact_rows(rules, rule);
  row["has_facts"] = View(!facts_read(rule).empty());
  row["fix"] = fix_view(rule, true);
  row["references"] = reference_list(rule);
  row["has_references"] = View(!rule.references.empty());
  row["cases"] = case_rows(cases, rule.id);
  row["has_cases"] = View(cases.count(rule.id) > 0);
  row["tags"] = maybe(join(rule.tags, ", "));
  return row;
}

template <class Belongs>
View index_rows(const RuleSet& rules, const Belongs& belongs) {
  View rows = view_list();
  for (const Rule& rule : rules.rules)
    if (belongs(rule)) rows.push_back(row_of(rule));
  return rows;
}

View pack_index(const RuleSet& rules) {
  View packs = view_list();
  for (const PackInfo& pack : rules.packs) {
    View one;
    one["name"] = View(pack.title);
    one["about"] = View(say("rules.pack", {{"id", pack.id}, {"version", pack.version}, {"date", pack.date}, {"licence", pack.licence}}));
    one["rows"] = index_rows(rules, [&](const Rule& rule) { return rule.pack == pack.id; });
    packs.push_back(one);
  }
  return packs;
}

View pillar_index(const RuleSet& rules) {
  View pillars = view_list();
  for (const Pillar pillar : kPillars) {
    const auto belongs = [&](const Rule& rule) { return rule.pillar == pillar; };
    if (std::none_of(rules.rules.begin(), rules.rules.end(), belongs)) continue;
    View one;
    one["name"] = View(pillar_text(pillar));
    one["rows"] = index_rows(rules, belongs);
    pillars.push_back(one);
  }
  return pillars;
}

}  // namespace

std::string rule_html(const RuleSet& rules, const RuleCases& cases) {
  View view;
  view["rule_count"] = View(say_count("count.rules", rules.rules.size()));
  view["pack_count"] = View(say_count("count.packs", rules.packs.size()));
  view["version"] = View(rules.version);
  view["date"] = View(rules.date);
  view["hash"] = View(rules.hash.substr(0, 16));
  view["packs"] = pack_index(rules);
  view["pillars"] = pillar_index(rules);
  View list = view_list();
  for (const Rule& rule : rules.rules) list.push_back(whole_rule(rules, rule, cases));
  view["rules"] = std::move(list);
  return render_file("rules.html", say("rules.title"), view);
}

}  // namespace plumbline
