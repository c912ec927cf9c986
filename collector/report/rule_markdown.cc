// SPDX-License-Identifier: Apache-2.0
// Rules as Markdown. Whatever a pack says stays text: no markup, no HTML, no link of its own making.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "collector/report/rule_pages.h"
#include "collector/report/wording.h"
#include "facts/catalog.h"

namespace plumbline {
namespace {

constexpr std::array kPillars = {Pillar::accelerators, Pillar::data, Pillar::security, Pillar::compute, Pillar::storage_network, Pillar::platform};

// One line of text; line ends in a pack's text mean nothing.
std::string flat(std::string_view text) {
  std::string out;
  for (const std::string_view word : words(text)) out += (out.empty() ? "" : " ") + std::string(word);
  return out;
}

std::size_t longest_run(std::string_view text, char wanted) {
  std::size_t longest = 0, run = 0;
  for (const char c : text) longest = std::max(longest, run = c == wanted ? run + 1 : 0);
  return longest;
}

// A fence longer than any in the text.
std::string code_block(std::string_view text, std::string_view language) {
  const std::string fence(std::max<std::size_t>(3, longest_run(text, '`') + 1), '`');
  std::string body = to_utf8(text);
  while (!body.empty() && body.back() == '\n') body.pop_back();
  return fence + std::string(language) + "\n" + body + "\n" + fence + "\n";
}

std::string fact_line(const RuleSet& rules, const std::string& path) {
  if (path.starts_with("fleet.")) {
    for (const Measure& measure : rules.measures)
      if ("fleet." + measure.id == path) return "- `" + path + "`: " + escape_markdown(flat(measure.title)) + (measure.unit.empty() ? "" : " (" + escape_markdown(measure.unit) + ")") + "\n";
    return "- `" + path + "`\n";
  }
  const Fact* fact = find_fact(path);
  if (fact == nullptr) return "- `" + path + "`\n";
  const std::string section = path.substr(0, path.find('.'));
  return "- [`" + path + "`](facts.md#" + section + "): " + escape_markdown(fact->meaning) + "\n";
}

std::string heading(int level, std::string_view text) { return std::string(static_cast<std::size_t>(level), '#') + " " + std::string(text) + "\n\n"; }

std::string condition_part(int level, const Rule& rule) {
  std::string text = heading(level, "Condition");
  if (rule.when) text += "Applies when\n\n" + code_block(rule.when->text(), "cel") + "\nand passes when\n\n";
  else text += std::string(rule.fleet ? "Judged once for the fleet" : "Applies to every host") + "; passes when\n\n";
  if (rule.check) text += code_block(rule.check->text(), "cel");
  return text + "\nExpected: " + escape_markdown(flat(rule.expected)) + ".\n\n";
}

std::string fix_part(int level, const Rule& rule) {
  const Remediation& fix = rule.fix;
  std::string text = heading(level, "Fix") + escape_markdown(flat(fix.text)) + "\n\n";
  for (const auto& [family, commands] : fix.commands) text += "On " + escape_markdown(family == "any" ? "any distribution" : family) + ":\n\n" + code_block(join(commands, "\n"), "sh") + "\n";
  return text + fmt::format("Takes {} {}; {}; {}.\n\n", effort_text(fix.effort_days), fix.once ? "once" : "a host", describe(fix.cost), escape_markdown(flat(fix.owner)));
}

std::string reference_text(const std::string& reference) {
  const bool link = reference.starts_with("https://") && reference.find_first_of(" <>\n\t\"") == std::string::npos;
  return link ? "<" + to_utf8(reference) + ">" : escape_markdown(flat(reference));
}

std::string cases_part(int level, const RuleCases& cases, const std::string& id) {
  const auto found = cases.find(id);
  if (found == cases.end()) return {};
  std::string text = heading(level, "Cases");
  for (const PackCase& one : found->second) text += "- " + escape_markdown(flat(one.given)) + ": **" + escape_markdown(one.verdict) + "**\n";
  return text + "\n";
}

std::string rule_part(const RuleSet& rules, const Rule& rule, const RuleCases& cases, int level) {
  std::string text = heading(level, escape_markdown(flat(rule.title)));
  text += fmt::format("`{}`: {}, {} severity, pack {}\n\n", rule.id, title_of(rule.pillar), to_text(rule.severity), escape_markdown(rule.pack));
  text += escape_markdown(flat(rule.why)) + "\n\n";
  for (const std::string& change : rule.site_changes) text += "Changed by the site: " + escape_markdown(flat(change)) + ".\n\n";
  text += condition_part(level + 1, rule);
  if (const auto facts = facts_read(rule); !facts.empty()) {
    text += heading(level + 1, "Facts");
    for (const std::string& path : facts) text += fact_line(rules, path);
    text += "\n";
  }
  text += fix_part(level + 1, rule);
  if (!rule.references.empty()) {
    text += heading(level + 1, "References");
    for (const std::string& reference : rule.references) text += "- " + reference_text(reference) + "\n";
    text += "\n";
  }
  if (!rule.tags.empty()) text += "Tags: " + escape_markdown(join(rule.tags, ", ")) + "\n\n";
  return text + cases_part(level + 1, cases, rule.id);
}

// "- [Root cannot …](ssh.root-login.md) `ssh.root-login`, high"
std::string index_line(const Rule& rule, bool in_files) {
  const std::string title = escape_markdown(flat(rule.title));
  return (in_files ? "- [" + title + "](" + rule.id + ".md)" : "- " + title) + fmt::format(" `{}`, {}\n", rule.id, to_text(rule.severity));
}

std::string index_part(const RuleSet& rules, bool in_files) {
  std::string text = fmt::format("{} rules in {} packs, version {} of {}.\n\n", rules.rules.size(), rules.packs.size(), escape_markdown(rules.version), escape_markdown(rules.date));
  text += "## By pack\n\n";
  for (const PackInfo& pack : rules.packs) {
    text += "### " + escape_markdown(flat(pack.title)) + "\n\n`" + pack.id + "` " + escape_markdown(pack.version) + " of " + escape_markdown(pack.date) + ", " + escape_markdown(flat(pack.licence)) + "\n\n";
    for (const Rule& rule : rules.rules)
      if (rule.pack == pack.id) text += index_line(rule, in_files);
    text += "\n";
  }
  text += "## By pillar\n\n";
  for (const Pillar pillar : kPillars) {
    std::string lines;
    for (const Rule& rule : rules.rules)
      if (rule.pillar == pillar) lines += index_line(rule, in_files);
    if (!lines.empty()) text += "### " + std::string(title_of(pillar)) + "\n\n" + lines + "\n";
  }
  return text;
}

// One line end at the end, however the parts end.
std::string ended(std::string text) {
  while (text.size() > 1 && text.back() == '\n' && text[text.size() - 2] == '\n') text.pop_back();
  return text;
}

}  // namespace

std::string escape_markdown(std::string_view text) {
  static constexpr std::string_view kMarkup = "\\`*_{}[]<>#|~!&";
  std::string out;
  for (const char c : to_utf8(text)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += ' ';
      continue;
    }
    // A dash, a plus or a number and a dot begin a list only where a line begins.
    if (kMarkup.find(c) != std::string_view::npos || (out.empty() && (c == '-' || c == '+' || c == '='))) out += '\\';
    out += c;
  }
  return out;
}

std::vector<std::string> facts_read(const Rule& rule) {
  std::set<std::string> paths;
  for (const auto* program : {&rule.when, &rule.check, &rule.observed})
    if (*program) paths.insert((*program)->reads().begin(), (*program)->reads().end());
  for (const NamedExpression& one : rule.evidence) paths.insert(one.value.reads().begin(), one.value.reads().end());
  return {paths.begin(), paths.end()};
}

std::vector<std::pair<std::string, std::string>> rule_markdown_files(const RuleSet& rules, const RuleCases& cases) {
  std::vector<std::pair<std::string, std::string>> files;
  files.emplace_back("README.md", ended("# Rules\n\n" + index_part(rules, true) + "What the conditions read: [facts](facts.md).\n"));
  files.emplace_back("facts.md", catalog_markdown());
  for (const Rule& rule : rules.rules) files.emplace_back(rule.id + ".md", ended(rule_part(rules, rule, cases, 1) + "[All rules](README.md)\n"));
  return files;
}

std::string rule_markdown(const RuleSet& rules, const RuleCases& cases) {
  std::string text = "# Rules\n\n" + index_part(rules, false) + "## Every rule\n\n";
  for (const Rule& rule : rules.rules) text += rule_part(rules, rule, cases, 3);
  return ended(text);
}

}  // namespace plumbline
