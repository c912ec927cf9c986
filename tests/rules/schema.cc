// SPDX-License-Identifier: Apache-2.0
// The JSON Schemas of packs and their reader know the same keys and the same words. The reader is asked by giving it a key
// that is nobody's in every mapping there is: it answers with all it knows.
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "base/text.h"
#include "rules/fact_tree.h"
#include "rules/pack.h"
#include "rules/pack_tests.h"
#include "tests/catch.h"
#include "tests/rules/fixture.h"

using namespace plumbline;
using nlohmann::json;

namespace {

using Words = std::map<std::string, std::set<std::string>>;  // of a mapping its keys; of a key its words

const std::string kSchemas = std::string(PLUMBLINE_SOURCE_DIR) + "/rules/schema/";
constexpr const char* kNobodys = "zzzzzzzz";

json read_schema(const std::string& name) {
  std::ifstream file(kSchemas + name + ".schema.json");
  INFO(name);
  REQUIRE(file);
  return json::parse(file);
}

// Titles of objects are what the reader calls them.
void collect(const json& node, Words& keys, Words& words) {
  if (node.is_array()) {
    for (const json& item : node) collect(item, keys, words);
  }
  if (!node.is_object()) return;
  if (node.value("additionalProperties", json(true)) == json(false)) {
    std::set<std::string>& known = keys[node.at("title")];
    for (const auto& [key, value] : node.at("properties").items()) {
      known.insert(key);
      if (!value.contains("enum")) continue;
      for (const json& word : value["enum"]) words[key].insert(word.get<std::string>());
    }
  }
  for (const auto& [key, value] : node.items()) collect(value, keys, words);
}

// "no key 'zzzzzzzz' in the rule; there are action, check" and "no severity 'zzzzzzzz'; one of low, medium"
void collect_said(const std::string& said, Words& keys, Words& words) {
  static const std::regex kKeys("no key 'zzzzzzzz' in ([^\n]*); there are ([^\n]*)");
  static const std::regex kWords("no ([a-z_]+) 'zzzzzzzz'; one of ([^\n]*)");
  for (auto [pattern, out] : {std::pair{&kKeys, &keys}, std::pair{&kWords, &words}}) {
    for (std::sregex_iterator at(said.begin(), said.end(), *pattern), end; at != end; ++at) {
      const std::string list = (*at)[2];
      for (std::string_view word : split(list, ',')) (*out)[(*at)[1]].emplace(trim(word));
    }
  }
}

// Every mapping that a rules folder and a site folder can hold, each with nobody's key, every choice with nobody's word.
void write_everything(test::RulesFolder& folder) {
  const std::string z = std::string(kNobodys) + ": 1";
  folder.write("rules/packs/a/pack.yaml", z + "\npack: a\nversion: 1\ndate: 2026-11-23\nlicence: x\ntitle: t\n"
                                              "requires: {" + z + "}\nprops:\n  p: {" + z + ", type: zzzzzzzz, default: 1, meaning: m}\n");
  folder.write("rules/packs/a/rules.yaml", z + R"(
rules:
  - id: r
    zzzzzzzz: 1
    scope: zzzzzzzz
    pillar: zzzzzzzz
    severity: zzzzzzzz
    evidence: [{zzzzzzzz: 1}]
    fail: {zzzzzzzz: 1}
    pass: {zzzzzzzz: 1}
    fix: {zzzzzzzz: 1, cost: zzzzzzzz, commands: {zzzzzzzz: [x]}}
    references: {zzzzzzzz: [x]}
measures: [{zzzzzzzz: 1, aggregate: zzzzzzzz}]
gates: [{zzzzzzzz: 1}]
)");
  folder.write("rules/workloads/w.yaml", z + "\nminimum: [{" + z + ", met_by: [{" + z + "}]}]\nserving: {" + z + ", models: [{" + z + ", precision: zzzzzzzz}]}\n");
  folder.write("site/site.yaml", z + "\noverrides: [{" + z + "}]\nwaivers: [{" + z + "}]\n");
}

void write_tests(test::RulesFolder& folder) {
  folder.write("packs/a/tests.yaml", R"(
zzzzzzzz: 1
tests:
  - {rule: a.one, zzzzzzzz: 1, cases: [{zzzzzzzz: 1, verdict: zzzzzzzz, facts: {}}]}
  - {measure: m, cases: [{zzzzzzzz: 1, facts: {}, value: 1}]}
  - {workload: w, cases: [{zzzzzzzz: 1, facts: {}, pilot: zzzzzzzz, production: zzzzzzzz}]}
)");
}

json type_schema(const FactTree& node);

json members_schema(const FactTree& node) {
  json out = {{"type", "object"}, {"additionalProperties", false}, {"properties", json::object()}};
  for (const FactTree& member : node.members) out["properties"][member.name] = type_schema(member);
  return out;
}

json type_schema(const FactTree& node) {
  if (node.is_group()) return members_schema(node);
  json out;
  switch (node.fact->type) {
    case FactType::boolean: out = {{"type", "boolean"}}; break;
    case FactType::integer: out = {{"type", "integer"}}; break;
    case FactType::number: out = {{"type", "number"}}; break;
    case FactType::string: out = {{"type", {"string", "number", "boolean"}}}; break;  // `no` and 5432 are texts here
    case FactType::string_list: out = {{"type", "array"}, {"items", {{"type", {"string", "number", "boolean"}}}}}; break;
    case FactType::string_map: out = {{"type", "object"}}; break;
    case FactType::object_list: out = {{"type", "array"}, {"items", members_schema(node)}}; break;
  }
  std::string unit = node.fact->unit.empty() ? "" : " (" + std::string(node.fact->unit) + ")";
  out["description"] = std::string(node.fact->meaning) + unit;
  return out;
}

}  // namespace

TEST_CASE("the schemas and the reader of packs know the same keys and words") {
  test::RulesFolder broken, good;
  write_everything(broken);
  auto refused = load_rules(broken.path() + "/rules", broken.path() + "/site");
  REQUIRE_FALSE(refused);
  good.pack("a", "rules:\n" + test::RulesFolder::rule("a.one", "ssh.installed") +
                     "measures:\n  - {id: m, title: t, value: cpu.cores, aggregate: sum}\n");
  good.write("workloads/w.yaml", "workload: w\ntitle: t\noutcome: o\nminimum: []\ndecision: d\nthreshold: t\n");
  write_tests(good);
  auto rules = load_rules(good.path());
  INFO((rules ? "" : rules.error().message));
  REQUIRE(rules);
  auto tests = run_pack_tests(**rules, good.path());
  REQUIRE_FALSE(tests);

  Words reader_keys, reader_words, schema_keys, schema_words;
  collect_said(refused.error().message, reader_keys, reader_words);
  collect_said(tests.error().message, reader_keys, reader_words);
  for (const char* name : {"pack", "rules", "workload", "tests", "site"}) collect(read_schema(name), schema_keys, schema_words);
  CHECK(schema_keys.size() == 26);
  INFO(refused.error().message);
  INFO(tests.error().message);
  CHECK(json(reader_keys).dump(1) == json(schema_keys).dump(1));
  CHECK(json(reader_words).dump(1) == json(schema_words).dump(1));
}

TEST_CASE("the schema of facts is the catalog") {
  json wanted = members_schema(fact_tree());
  wanted["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  wanted["title"] = "facts";
  wanted["description"] = "What a host said, as docs/facts.md names it";
  if (std::getenv("PLUMBLINE_WRITE_SCHEMA") != nullptr) std::ofstream(kSchemas + "facts.schema.json") << wanted.dump(1) << "\n";
  INFO("after the catalog changed: PLUMBLINE_WRITE_SCHEMA=1 test_rules \"the schema of facts is the catalog\"");
  CHECK((read_schema("facts") == wanted));
}
