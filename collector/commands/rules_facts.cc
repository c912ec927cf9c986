// SPDX-License-Identifier: Apache-2.0
// What the rules commands share: folders, messages, and facts as people have them.
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "collector/commands/common.h"
#include "collector/commands/rules.h"
#include "collector/judging.h"
#include "rules/fact_tree.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::size_t kMostNamedMistakes = 20;

std::string path_of(const std::string& parent, const std::string& name) { return parent.empty() ? name : parent + "." + name; }

// Names that the catalog lacks; a scan may hold newer facts, but who writes facts by hand has misspelt one.
void find_strangers(const json& object, const FactTree& tree, const std::string& path, std::vector<std::string>& out) {
  if (!object.is_object() || out.size() >= kMostNamedMistakes) return;
  std::vector<std::string> known;
  for (const FactTree& member : tree.members) known.push_back(member.name);
  for (const auto& [name, value] : object.items()) {
    const FactTree* member = tree.find(name);
    const std::string full = path_of(path, name);
    if (member == nullptr) {
      const auto near = did_you_mean(name, known);
      out.push_back("no fact '" + printable(full) + "'" + (near ? "; did you mean '" + path_of(path, *near) + "'?" : std::string()));
      continue;
    }
    if (member->is_group() && !value.is_object()) out.push_back("'" + full + "' must be an object of its facts");
    if (value.is_array())
      for (const json& item : value) find_strangers(item, *member, full + "[]", out);
    else if (member->is_group()) find_strangers(value, *member, full, out);
  }
}

// Facts alone pass through a scan document, so that one reader decides about types.
Result<Scan> scan_of_facts(const json& facts) {
  std::vector<std::string> strangers;
  find_strangers(facts, fact_tree(), "", strangers);
  if (!strangers.empty()) return fail(ErrorKind::invalid, join(strangers, "\n  ") + "\nall facts: plumbline-agent facts");
  Scan scan;
  scan.taken_at = now_seconds();
  for (const auto& [name, data] : facts.items()) scan.sections[name].data = data;
  hash_sections(scan);
  return read_scan(to_json(scan));
}

Result<Scan> read_scan_or_facts(const std::string& text) {
  const auto document = parse_json(text);
  if (!document) return tl::unexpected(document.error());
  if (!document->is_object()) return fail(ErrorKind::invalid, "neither a scan document nor an object of facts such as {\"cpu\":{\"cores\":4}}");
  if (!document->contains("sections") && !document->contains("schema")) return scan_of_facts(*document);
  return read_scan(text);
}

}  // namespace

Result<std::string> rules_folder(const RulesOptions& options) {
  if (!options.packs.empty()) return options.packs;
  return find_rules_folder();
}

Result<std::shared_ptr<const RuleSet>> load_for(const RulesOptions& options) {
  const auto folder = rules_folder(options);
  if (!folder) return tl::unexpected(folder.error());
  // A site's files change the installed rules; a folder that is named is looked at as it is.
  const std::string site = options.packs.empty() && options.site.empty() ? find_site_folder() : options.site;
  return load_rules(*folder, site);
}

int report_mistakes(const Error& error) {
  // What has no place is told as every other error is.
  const bool has_place = contains(error.message, ": error: ");
  if (!has_place) return report_error(error);
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return kExitError;
}

void print_json(const json& value) { print(value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n"); }

Result<const Rule*> find_rule(const RuleSet& rules, const std::string& id) {
  std::vector<std::string> known;
  for (const Rule& rule : rules.rules) {
    if (rule.id == id) return &rule;
    known.push_back(rule.id);
  }
  for (const DisabledRule& rule : rules.disabled)
    if (rule.id == id) return fail(ErrorKind::not_found, id + ": the site switched this rule off (" + rule.file + "): " + rule.reason);
  const auto near = did_you_mean(id, known);
  return fail(ErrorKind::not_found, printable(id) + ": no such rule" + (near ? "; did you mean '" + *near + "'?" : "; see them all: plumbline-collector rules list"));
}

Result<GivenFacts> read_given_facts(const std::string& path, const RuleSet& rules) {
  const std::string shown = path == "-" ? "standard input" : path;
  const auto text = read_document(path);
  if (!text) return tl::unexpected(text.error());
  const auto scan = read_scan_or_facts(*text);
  if (!scan) return fail(shown, scan.error());
  GivenFacts given;
  given.host = host_name_of(*scan);
  if (given.host.empty()) given.host = path == "-" ? "this host" : std::filesystem::path(path).filename().string();
  given.host_id = scan->host_id;
  given.taken_at = scan->taken_at;
  given.facts = judgeable_facts(*scan, rules);
  return given;
}

}  // namespace plumbline
