// SPDX-License-Identifier: Apache-2.0
// What packs say about themselves and to each other: properties, needs, references, evidence.
#include "rules/pack.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "rules/judge.h"
#include "rules/pack_tests.h"
#include "rules/shown_evidence.h"
#include "tests/catch.h"
#include "tests/rules/fixture.h"

using namespace plumbline;
using nlohmann::json;
using plumbline::test::RulesFolder;

namespace {

std::string said(const RulesFolder& folder) {
  auto rules = load_rules(folder.path());
  return rules ? "" : rules.error().message;
}

std::string pack_file(const std::string& id, const std::string& more, const std::string& version = "2026.11.0") {
  return "pack: " + id + "\nversion: " + version + "\ndate: 2026-11-23\nlicence: Apache-2.0\ntitle: Test\n" + more;
}

// A pack with one property of each kind, all of them read.
const char* const kProps = R"(props:
  max_tries: {type: int, default: 4, meaning: Passwords per connection, least: 1, most: 10}
  load: {type: number, default: 1.5, meaning: Load per core}
  strict: {type: bool, default: true, meaning: Whether keys alone are enough}
  mode: {type: string, default: "no", meaning: What root may do, choices: ["no", prohibit-password]}
  roles: {type: strings, default: [web, db], meaning: Roles that count}
)";
const char* const kReadsAll =
    "ssh.max_auth_tries <= props.max_tries && host.load_15min < props.load && (!props.strict || ssh.permit_root_login == props.mode) "
    "&& props.roles.exists(r, r == 'db')";

RulesFolder& with_props(RulesFolder& folder) {
  folder.pack("a", "rules:\n" + RulesFolder::rule("a.one", kReadsAll));
  folder.write("packs/a/pack.yaml", pack_file("a", kProps));
  return folder;
}

json facts(int tries) {
  return {{"ssh", {{"max_auth_tries", tries}, {"permit_root_login", "no"}}}, {"host", {{"load_15min", 0.5}}}};
}

}  // namespace

TEST_CASE("conditions read their pack's properties, and are not unknown for it") {
  RulesFolder folder;
  auto rules = load_rules(with_props(folder).path());
  INFO((rules ? "" : rules.error().message));
  REQUIRE(rules);
  const Rule& rule = (*rules)->rules[0];
  CHECK(judge(**rules, facts(4)).verdicts[0] == Verdict::pass);
  CHECK(judge(**rules, facts(5)).verdicts[0] == Verdict::fail);
  CHECK(rule.check->reads() == std::vector<std::string>{"host.load_15min", "ssh.max_auth_tries", "ssh.permit_root_login"});
  CHECK(rule.check->constants() == std::vector<std::string>{"props.load", "props.max_tries", "props.mode", "props.roles", "props.strict"});
  Evidence evidence = explain(rule, facts(5));
  std::string steps;
  for (const auto& step : evidence.steps) steps += step.with_values + "\n";
  INFO(steps);
  CHECK(contains(steps, "5 <= 4"));
  CHECK((*rules)->properties.size() == 5);
  CHECK((*rules)->properties[1].name == "max_tries");
  CHECK((*rules)->properties[1].value == "4");
}

TEST_CASE("properties are typed when the pack loads, and a misspelt one names the nearest") {
  RulesFolder folder;
  with_props(folder);
  auto check = [&](const std::string& condition) {
    folder.write("packs/a/rules.yaml", "rules:\n" + RulesFolder::rule("a.one", kReadsAll) + RulesFolder::rule("a.two", condition));
    return said(folder);
  };
  CHECK(contains(check("props.max_trys > 1"), "packs/a/rules.yaml:16:"));
  CHECK(contains(check("props.max_trys > 1"), "no name 'props.max_trys'; did you mean 'props.max_tries'?"));
  CHECK(contains(check("props.mode > 1"), "packs/a/rules.yaml:16:"));
  CHECK(contains(check("props.roles == 'db'"), "packs/a/rules.yaml:16:"));
  CHECK(contains(check("props.max_tries"), "'check' must give a Boolean (true or false), but gives int"));
  CHECK(check("has(props.max_tries) && props.strict") == "");
  CHECK(check("size(props.roles) == 2 && [props.max_tries, 1].exists(n, n == 4) && props.mode.startsWith('n')") == "");
  folder.pack("b", "rules:\n" + RulesFolder::rule("b.one", "props.strict"));
  CHECK(contains(said(folder), "(a pack declares its properties under 'props' in pack.yaml)"));
}

TEST_CASE("a property that nothing reads is told, and one that only a text reads is not") {
  RulesFolder folder;
  folder.pack("a", "rules:\n" + RulesFolder::rule("a.one", "ssh.installed"));
  folder.write("packs/a/pack.yaml", pack_file("a", "props:\n  spare: {type: int, default: 1, meaning: m}\n"));
  CHECK(contains(said(folder), "packs/a/pack.yaml:7:3: error: no condition and no text of the pack reads props.spare; use it or take it out"));
  std::string rule = RulesFolder::rule("a.one", "ssh.installed");
  rule.replace(rule.find("expected: so"), 12, "expected: \"at most {props.spare}, {props.spar}\"");
  folder.write("packs/a/rules.yaml", "rules:\n" + rule);
  CHECK(contains(said(folder), "no property 'spar' in this pack; did you mean 'spare'?"));
  CHECK_FALSE(contains(said(folder), "use it or take it out"));
  rule.replace(rule.find(", {props.spar}"), 14, "");
  folder.write("packs/a/rules.yaml", "rules:\n" + rule);
  auto rules = load_rules(folder.path());
  REQUIRE(rules);
  CHECK((*rules)->rules[0].expected == "at most 1");
}

TEST_CASE("what is wrong with a property is told at its place") {
  RulesFolder folder;
  auto props = [&](const std::string& text) {
    with_props(folder).write("packs/a/pack.yaml", pack_file("a", std::string(kProps) + "  x: " + text + "\n"));
    return said(folder);
  };
  CHECK(contains(props("{type: integer, default: 1, meaning: m}"), "packs/a/pack.yaml:12:13: error: no type 'integer'; one of bool, int, number, string, strings"));
  CHECK(contains(props("{type: int, default: soon, meaning: m}"), "'x' is of type int: it must be a whole number"));
  CHECK(contains(props("{type: int, default: 1.5, meaning: m}"), "it must be a whole number"));
  CHECK(contains(props("{type: int, default: '1', meaning: m}"), "it must be a whole number"));
  CHECK(contains(props("{type: number, default: .nan, meaning: m}"), "it must be a number"));
  CHECK(contains(props("{type: bool, default: yes, meaning: m}"), "it must be true or false"));
  CHECK(contains(props("{type: strings, default: a, meaning: m}"), "it must be a list of texts"));
  CHECK(contains(props("{type: strings, default: [[a]], meaning: m}"), "it must be a list of texts"));
  CHECK(contains(props("{type: int, default: 11, meaning: m, most: 10}"), "'x': the most is 10"));
  CHECK(contains(props("{type: int, default: 0, meaning: m, least: 1}"), "'x': the least is 1"));
  CHECK(contains(props("{type: int, default: 1, meaning: m, least: 2, most: 1}"), "'most' is below 'least'"));
  CHECK(contains(props("{type: string, default: b, meaning: m, choices: [aa, bb]}"), "'b' is none of aa, bb"));
  CHECK(contains(props("{type: string, default: b, meaning: m, least: 1}"), "only numbers have 'least'"));
  CHECK(contains(props("{type: int, default: 1, meaning: m, choices: [a]}"), "only a property of type string has 'choices'"));
  CHECK(contains(props("{type: int, meaning: m}"), "the property lacks 'default'"));
  CHECK(contains(props("{type: int, default: 1}"), "the property lacks 'meaning'"));
  CHECK(contains(props("5"), "the property must be a mapping of keys, not a text"));
  with_props(folder).write("packs/a/pack.yaml", pack_file("a", std::string(kProps) + "  Max-Tries: {type: int, default: 1, meaning: m}\n"));
  CHECK(contains(said(folder), "'Max-Tries' is no name of a property"));
}

TEST_CASE("a pack that needs a newer Plumbline says so, and nothing else of it is told") {
  RulesFolder folder;
  folder.pack("a", "rules:\n" + RulesFolder::rule("a.one", "a_fact_of_the_future.x", "    mood: new\n") + "moods: []\n");
  folder.pack("b", "rules:\n" + RulesFolder::rule("b.one", "ssh.installed") + "gates:\n  - {id: g, title: t, ceo: c, level: 1, rules: [a.one]}\n");
  folder.write("packs/a/pack.yaml", pack_file("a", "requires: {plumbline: \">=99.1\"}\n"));
  std::string text = said(folder);
  INFO(text);
  CHECK(contains(text, "packs/a/pack.yaml:6:23: error: needs Plumbline 99.1 or later; this is " PLUMBLINE_VERSION ": update the collector, or use an older pack"));
  CHECK_FALSE(contains(text, "no rule 'a.one'"));
  CHECK_FALSE(contains(text, "mood:"));
  folder.pack("a", "rules:\n" + RulesFolder::rule("a.one", "ssh.installed"));
  folder.write("packs/a/pack.yaml", pack_file("a", "requires: {plumbline: \">=0.1\"}\n"));
  CHECK(said(folder) == "");
  folder.write("packs/a/pack.yaml", pack_file("a", "requires: {plumbline: 0.1}\n"));
  CHECK(contains(said(folder), "the version of Plumbline is written \">=0.1\", with the quotes"));
}

TEST_CASE("packs that are missing, too old or in a circle are told at the place that needs them") {
  RulesFolder folder;
  auto pack = [&](const std::string& id, const std::string& version, const std::string& needs) {
    folder.pack(id, "rules:\n" + RulesFolder::rule(id + ".one", "ssh.installed"));
    folder.write("packs/" + id + "/pack.yaml", pack_file(id, needs.empty() ? "" : "requires:\n  packs: {" + needs + "}\n", version));
  };
  pack("one", "1.10", "two: \">=1.9\"");
  pack("two", "1.10.1", "");
  CHECK(said(folder) == "");
  pack("one", "1.0", "tow: \">=1.9\"");
  CHECK(contains(said(folder), "packs/one/pack.yaml:7:11: error: needs the pack 'tow', which is not here; did you mean 'two'?"));
  pack("one", "1.0", "two: \">=1.10.2\"");
  CHECK(contains(said(folder), "needs the pack 'two' 1.10.2 or later; here is 1.10.1"));
  pack("one", "1.0", "two: newest");
  CHECK(contains(said(folder), "the version of the pack 'two' is written \">=0.1\""));
  pack("one", "1.0", "two: \">=1\"");
  pack("two", "1.0", "three: \">=1\"");
  pack("three", "1.0", "one: \">=1\"");
  std::string text = said(folder);
  INFO(text);
  CHECK(contains(text, "packs need each other in a circle: one needs three needs") == false);
  CHECK(contains(text, "packs need each other in a circle: one needs two needs three needs one"));
  CHECK(contains(text, "1 mistake"));
  pack("three", "1.0", "three: \">=1\"");
  CHECK(contains(said(folder), "in a circle: three needs three"));
}

TEST_CASE("references are told apart, whether they are listed plainly or by kind") {
  RulesFolder folder;
  folder.pack("a", "rules:\n" +
                       RulesFolder::rule("a.one", "ssh.installed", "    references: [CIS Ubuntu 24.04 5.1.20, CVE-2024-6387, Lynis SSH-7408, NIST SP 800-53 AC-17]\n") +
                       RulesFolder::rule("a.two", "ssh.installed",
                                         "    references:\n      cis: [Ubuntu 24.04 5.1.20]\n      nist: [SP 800-53 AC-17]\n      vendor: [OpenSSH 9.9 release notes]\n"));
  auto rules = load_rules(folder.path());
  INFO((rules ? "" : rules.error().message));
  REQUIRE(rules);
  const Rule &plain = (*rules)->rules[0], &by_kind = (*rules)->rules[1];
  CHECK(plain.references == std::vector<std::string>{"CIS Ubuntu 24.04 5.1.20", "CVE-2024-6387", "Lynis SSH-7408", "NIST SP 800-53 AC-17"});
  CHECK(plain.sources[0].kind == ReferenceKind::cis);
  CHECK(plain.sources[1].kind == ReferenceKind::cve);
  CHECK(plain.sources[2].kind == ReferenceKind::other);
  CHECK(plain.sources[3].kind == ReferenceKind::nist);
  CHECK(by_kind.references == std::vector<std::string>{"CIS Ubuntu 24.04 5.1.20", "NIST SP 800-53 AC-17", "OpenSSH 9.9 release notes"});
  CHECK(by_kind.sources[2].kind == ReferenceKind::vendor);
  folder.pack("a", "rules:\n" + RulesFolder::rule("a.one", "ssh.installed", "    references: {cls: [x]}\n"));
  CHECK(contains(said(folder), "no key 'cls' in 'references'; did you mean 'cis'?"));
}

TEST_CASE("named evidence is shown with the verdict, and tests can name it") {
  RulesFolder folder;
  folder.pack("a", "rules:\n" + RulesFolder::rule("a.one", "ssh.installed",
                                                  "    evidence:\n      - {name: Tries, value: ssh.max_auth_tries}\n      - {name: Memory, value: memory.total_bytes}\n"));
  auto rules = load_rules(folder.path());
  INFO((rules ? "" : rules.error().message));
  REQUIRE(rules);
  auto shown = named_evidence((*rules)->rules[0], {{"ssh", {{"installed", true}, {"max_auth_tries", 6}}}, {"memory", {{"total_bytes", 16000000000}}}});
  REQUIRE(shown.size() == 2);
  CHECK(shown[0].name == "Tries");
  CHECK(shown[0].value == "6");
  CHECK(shown[1].value == "16 GB");
  folder.write("packs/a/tests.yaml",
               "tests:\n  - rule: a.one\n    cases:\n      - {facts: {ssh: {installed: true, max_auth_tries: 6}}, verdict: pass, evidence: {Tries: 6, Memory: fact not read}}\n"
               "      - {facts: {ssh: {installed: true, max_auth_tries: 6}}, verdict: pass, evidence: {Tries: 7}}\n");
  auto report = run_pack_tests(**rules, folder.path());
  INFO((report ? "" : report.error().message));
  REQUIRE(report);
  REQUIRE(report->failures.size() == 1);
  CHECK(contains(report->failures[0], "tests.yaml:5:"));
  CHECK(contains(report->failures[0], "'Tries' is '6', not '7'"));
  folder.write("packs/a/tests.yaml", "tests:\n  - rule: a.one\n    cases: [{facts: {}, verdict: pass, evidence: {Trys: 7}}, {fleet: {}, verdict: pass}]\n");
  report = run_pack_tests(**rules, folder.path());
  REQUIRE_FALSE(report);
  CHECK(contains(report.error().message, "the rule has no evidence 'Trys'; did you mean 'Tries'?"));
  CHECK(contains(report.error().message, "'a.one' is judged on each host: give 'facts'"));
}

TEST_CASE("a pack brings workloads and rows of the catalogue of its own") {
  RulesFolder folder;
  folder.pack("a", "rules:\n" + RulesFolder::rule("a.one", "ssh.installed") +
                       "workloads:\n  - workload: w\n    title: t\n    outcome: o\n    minimum: [{id: m, text: t, ceo: c, check: cpu.cores >= props.cores, effort_days: 1, cost: C0}]\n"
                       "    security: [a.one]\n    decision: d\n    threshold: t\n");
  folder.write("packs/a/pack.yaml", pack_file("a", "props: {cores: {type: int, default: 8, meaning: Cores of a pilot}}\n"));
  folder.write("catalogue/lifecycle.csv", "product,cycle,standard_end,support_end\nerp,1,2026-01-01,\nerp,2,2027-01-01,\n");
  folder.write("packs/a/lifecycle.csv", "product,cycle,standard_end,support_end\nerp,2,2030-01-01,\nown,1,2031-01-01,\n");
  auto rules = load_rules(folder.path());
  INFO((rules ? "" : rules.error().message));
  REQUIRE(rules);
  REQUIRE((*rules)->workloads.size() == 1);
  CHECK(judge(**rules, {{"cpu", {{"cores", 8}}}}).requirements[0] == Verdict::pass);
  CHECK(judge(**rules, {{"cpu", {{"cores", 7}}}}).requirements[0] == Verdict::fail);
  const Catalogue& catalogue = (*rules)->catalogue;
  CHECK(catalogue.lifecycle.find("erp")->second.size() == 2);
  CHECK(find_lifecycle(catalogue, "erp", "2.1")->support_end == 1893456000);  // 2030-01-01
  CHECK(find_lifecycle(catalogue, "own", "1.0") != nullptr);
}
