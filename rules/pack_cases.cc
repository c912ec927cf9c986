// SPDX-License-Identifier: Apache-2.0
// Flattens the facts of test cases into text.
#include "rules/pack_cases.h"

#include "base/text.h"
#include "rules/files.h"
#include "rules/yaml.h"

namespace plumbline {
namespace {

// "[a, b]", "{class: ssd, rotational: false}"
std::string flow_text(const YamlNode& node) {
  std::vector<std::string> parts;
  switch (node.kind) {
    case YamlNode::null: return "none";
    case YamlNode::scalar: return node.text.empty() ? "\"\"" : node.text;
    case YamlNode::list:
      for (const YamlNode& item : node.items) parts.push_back(flow_text(item));
      return "[" + join(parts, ", ") + "]";
    case YamlNode::map:
      for (const auto& [key, value] : node.entries) parts.push_back(key.text + ": " + flow_text(value));
      return "{" + join(parts, ", ") + "}";
  }
  return {};
}

void flatten(const YamlNode& node, const std::string& path, std::vector<std::string>& out) {
  if (node.kind != YamlNode::map || node.entries.empty()) {
    if (!path.empty()) out.push_back(path + " is " + flow_text(node));
    return;
  }
  for (const auto& [key, value] : node.entries) flatten(value, path.empty() ? key.text : path + "." + key.text, out);
}

PackCase read_case(const YamlNode& node) {
  std::vector<std::string> given;
  if (const YamlNode* as_of = node.find("as_of")) given.push_back("on " + as_of->text);
  if (const YamlNode* facts = node.find("facts")) flatten(*facts, "", given);
  if (const YamlNode* fleet = node.find("fleet")) flatten(*fleet, fleet->kind == YamlNode::map && !fleet->entries.empty() ? "fleet" : "", given);
  const YamlNode* verdict = node.find("verdict");
  return {given.empty() ? "nothing is known" : join(given, ", "), verdict != nullptr ? verdict->text : std::string()};
}

void read_tests(const YamlNode& root, std::map<std::string, std::vector<PackCase>>& out) {
  const YamlNode* tests = root.kind == YamlNode::map ? root.find("tests") : nullptr;
  if (tests == nullptr) return;
  for (const YamlNode& test : tests->items) {
    if (test.kind != YamlNode::map) continue;
    const YamlNode *rule = test.find("rule"), *cases = test.find("cases");
    if (rule == nullptr || cases == nullptr) continue;
    for (const YamlNode& one : cases->items)
      if (one.kind == YamlNode::map) out[rule->text].push_back(read_case(one));
  }
}

}  // namespace

std::map<std::string, std::vector<PackCase>> read_pack_cases(const std::string& rules_folder) {
  Mistakes mistakes;
  RuleFolder folder(rules_folder, mistakes);
  std::map<std::string, std::vector<PackCase>> out;
  for (const std::string& pack : folder.list("packs")) {
    if (pack.back() != '/') continue;
    for (const std::string& name : folder.list("packs/" + pack)) {
      const SourceFile* file = name == "tests.yaml" ? folder.read("packs/" + pack + name) : nullptr;
      if (file != nullptr) read_tests(read_yaml(*file, mistakes), out);
    }
  }
  return out;
}

}  // namespace plumbline
