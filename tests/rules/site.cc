// SPDX-License-Identifier: Apache-2.0
// A customer's own files beside shipped packs: properties, overrides, own packs, waivers from file to score.
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "base/time.h"
#include "rules/assessment.h"
#include "rules/pack.h"
#include "rules/pack_tests.h"
#include "tests/catch.h"
#include "tests/rules/fixture.h"

using namespace plumbline;
using nlohmann::json;
using plumbline::test::RulesFolder;

namespace {

// Rules as shipped: two of SSH, one of the fleet. The site's files stand in "site/".
RulesFolder& ship(RulesFolder& folder) {
  std::string rule = RulesFolder::rule("ssh.tries", "ssh.max_auth_tries <= props.max_tries");
  rule.replace(rule.find("expected: so"), 12, "expected: \"at most {props.max_tries}\"");
  folder.pack("ssh", "rules:\n" + rule + RulesFolder::rule("ssh.root", "ssh.permit_root_login == \"no\"") +
                         RulesFolder::rule("fleet.big", "fleet.cores > 100.0", "    scope: fleet\n") +
                         "measures:\n  - {id: cores, title: t, value: cpu.cores, aggregate: sum}\n"
                         "gates:\n  - {id: root, title: t, ceo: c, level: 1, rules: [ssh.root]}\n");
  folder.write("packs/ssh/pack.yaml", "pack: ssh\nversion: 2026.11.0\ndate: 2026-11-23\nlicence: Apache-2.0\ntitle: Test\n"
                                      "props: {max_tries: {type: int, default: 4, meaning: m, most: 10}}\n");
  return folder;
}

Result<std::shared_ptr<const RuleSet>> load(const RulesFolder& folder) { return load_rules(folder.path(), folder.path() + "/site"); }

std::string said(RulesFolder& folder, const std::string& site) {
  folder.write("site/site.yaml", site);
  auto rules = load(folder);
  return rules ? "" : rules.error().message;
}

std::shared_ptr<const RuleSet> loaded(RulesFolder& folder, const std::string& site) {
  folder.write("site/site.yaml", site);
  auto rules = load(folder);
  INFO((rules ? "" : rules.error().message));
  REQUIRE(rules);
  return *rules;
}

json facts(const std::string& root, int tries = 4) {
  return {{"ssh", {{"max_auth_tries", tries}, {"permit_root_login", root}}}, {"cpu", {{"cores", 4}}}};
}

// Hosts named as given, each with root login open.
Assessment assess_open(const RuleSet& rules, const std::vector<std::string>& names, const std::string& day) {
  std::vector<AssessedHost> hosts;
  for (const std::string& name : names) hosts.push_back({"id-" + name, name, *parse_date(day) + 43'200, judge(rules, facts("yes"))});
  return assess(rules, hosts, nullptr);
}

const RuleResult& result_of(const RuleSet& rules, const Assessment& assessment, const std::string& id) {
  for (const RuleResult& result : assessment.rules) {
    if (rules.rules[result.rule].id == id) return result;
  }
  FAIL("no rule " << id);
  return assessment.rules[0];
}

const char* const kWaiver =
    "waivers:\n  - rule: ssh.root\n    hosts: lab-*\n    owner: Head of IT\n    reason: Rebuilt in spring\n    until: 2027-03-31\n";

}  // namespace

TEST_CASE("a site sets a property, and conditions and texts follow it") {
  RulesFolder folder;
  auto shipped = load_rules(ship(folder).path());
  REQUIRE(shipped);
  CHECK((*shipped)->rules[2].expected == "at most 4");
  CHECK(judge(**shipped, facts("no", 6)).verdicts[2] == Verdict::fail);
  auto rules = loaded(folder, "props:\n  ssh: {max_tries: 6}\n");
  CHECK(rules->rules[2].expected == "at most 6");
  CHECK(judge(*rules, facts("no", 6)).verdicts[2] == Verdict::pass);
  REQUIRE(rules->properties.size() == 1);
  CHECK(rules->properties[0].set_by_site);
  CHECK(rules->properties[0].value == "6");
  CHECK(rules->properties[0].default_value == "4");
}

TEST_CASE("a site changes what a rule weighs and who mends it, and says so") {
  RulesFolder folder;
  auto rules = loaded(ship(folder), "overrides:\n  - {rule: ssh.root, severity: critical, effort_days: 0.5, cost: C1, owner: Platform team}\n");
  const Rule& rule = rules->rules[1];
  REQUIRE(rule.id == "ssh.root");
  CHECK(rule.severity == Severity::critical);
  CHECK(rule.fix.effort_days == 0.5);
  CHECK(rule.fix.cost == CostClass::c1);
  CHECK(rule.fix.owner == "Platform team");
  CHECK(rule.site_changes == std::vector<std::string>{"severity critical instead of high", "effort 0.5 days instead of 1 day", "cost C1 instead of C0",
                                                      "owner Platform team instead of Head of IT"});
  CHECK(rules->rules[2].site_changes.empty());
}

TEST_CASE("a rule that the site switches off judges nothing, opens its gate and is told with its reason") {
  RulesFolder folder;
  auto rules = loaded(ship(folder), "overrides:\n  - {rule: ssh.root, disabled: true, reason: No SSH from outside}\n");
  CHECK(rules->rules.size() == 2);
  REQUIRE(rules->disabled.size() == 1);
  CHECK(rules->disabled[0].reason == "No SSH from outside");
  CHECK(rules->disabled[0].place.line == 2);
  Assessment assessment = assess_open(*rules, {"a"}, "2026-11-23");
  CHECK_FALSE(assessment.gates[0].shut);
  CHECK(contains(to_json(*rules, assessment), R"("disabled_rules":[{"id":"ssh.root","reason":"No SSH from outside","title":"It holds"}])"));
  CHECK(contains(said(folder, "overrides:\n  - {rule: ssh.root, disabled: true}\n"), "site/site.yaml:2:5: error: the override lacks 'reason'"));
}

TEST_CASE("a site's own packs, workloads and rows of the catalogue are loaded beside the shipped ones") {
  RulesFolder folder;
  ship(folder).write("site/packs/own/pack.yaml", "pack: own\nversion: 99.1\ndate: 2030-01-01\nlicence: none\ntitle: Ours\nrequires: {packs: {ssh: \">=2026\"}}\n"
                                                 "props: {cores: {type: int, default: 8, meaning: m}}\n");
  folder.write("site/packs/own/rules.yaml", "rules:\n" + RulesFolder::rule("own.cores", "cpu.cores >= props.cores"));
  folder.write("site/packs/own/tests.yaml", "tests:\n  - rule: own.cores\n    cases: [{facts: {cpu: {cores: 4}}, verdict: pass}]\n");
  folder.write("site/workloads/w.yaml", "workload: w\ntitle: t\noutcome: o\nminimum: []\nsecurity: [ssh.root]\ndecision: d\nthreshold: t\n");
  folder.write("site/catalogue/lifecycle.csv", "product,cycle,standard_end,support_end\nerp,1,2030-01-01,\n");
  auto rules = loaded(folder, "props:\n  own: {cores: 2}\n");
  CHECK(rules->rules.size() == 4);
  CHECK(rules->workloads.size() == 1);
  CHECK(rules->catalogue.lifecycle.count("erp") == 1);
  CHECK(rules->version == "2026.11.0");  // of the shipped packs
  CHECK(rules->date == "2026-11-23");
  auto report = run_pack_tests(*rules, folder.path() + "/site");
  REQUIRE(report);
  CHECK(report->cases == 1);
  CHECK(report->failures.empty());
  folder.write("site/packs/own/pack.yaml", "pack: ssh\nversion: 99.1\ndate: 2030-01-01\nlicence: none\ntitle: Ours\n");
  CHECK(contains(said(folder, "props: {}\n"), "site/packs/own/pack.yaml:1:7: error: another pack has the id 'ssh' too: "));
}

TEST_CASE("the hash of the rule set covers the site's files") {
  RulesFolder folder;
  std::string none = (*load_rules(ship(folder).path()))->hash;
  std::string empty = loaded(folder, "props: {}\n")->hash;
  std::string waived = loaded(folder, kWaiver)->hash;
  CHECK(load_rules(folder.path(), "").value()->hash == none);
  CHECK(empty != none);
  CHECK(waived != empty);
  CHECK(loaded(folder, kWaiver)->hash == waived);
}

TEST_CASE("every mistake of a site's files is told at once, at its place, with the nearest name") {
  RulesFolder folder;
  std::string text = said(ship(folder), R"(props:
  shh: {max_tries: 1}
  ssh: {max_trys: 1, max_tries: 11}
overrides:
  - {rule: ssh.rot, severity: low}
  - {rule: ssh.root, severty: low}
  - {rule: ssh.root, severity: lwo}
  - {rule: ssh.root, reason: why not}
waivers:
  - {rule: ssh.root, hosts: all, owner: o, reason: r}
  - {rule: ssh.root, hosts: "*", owner: o, reason: r, until: 2027-02-30}
  - {rule: ssh.tris, hosts: all, owner: o, reason: r, until: 2027-03-31}
  - {rule: fleet.big, hosts: db-1, owner: o, reason: r, until: 2027-03-31}
  - {rule: ssh.root, hosts: all, owner: "", reason: r, until: 2027-03-31}
waiver: []
)");
  INFO(text);
  for (const char* part : {"site.yaml:2:3: error: no pack 'shh'; did you mean 'ssh'?", "site.yaml:3:9: error: the pack 'ssh' has no property 'max_trys'; did you mean 'max_tries'?",
                           "site.yaml:3:33: error: 'max_tries': the most is 10", "site.yaml:5:12: error: no rule 'ssh.rot'; did you mean 'ssh.root'?",
                           "site.yaml:6:22: error: no key 'severty' in the override; did you mean 'severity'?", "site.yaml:7:32: error: no severity 'lwo'; one of low, medium, high, critical",
                           "site.yaml:8:12: error: the override changes nothing; give severity, effort_days, cost, owner or disabled: true",
                           "site.yaml:8:12: error: another override is for 'ssh.root': ", "site.yaml:10:5: error: the waiver lacks 'until'",
                           "site.yaml:11:62: error: '2027-02-30' is no date such as 2027-03-31", "site.yaml:12:12: error: no rule 'ssh.tris'; did you mean 'ssh.tries'?",
                           "site.yaml:13:30: error: 'fleet.big' is judged once for the fleet; write 'hosts: all'", "site.yaml:14:41: error: 'owner' is empty",
                           "site.yaml:15:1: error: no key 'waiver' in a site file; did you mean 'waivers'?"}) {
    INFO(part);
    CHECK(contains(text, part));
  }
}

TEST_CASE("folders and files that nobody would read in a site folder are told") {
  RulesFolder folder;
  ship(folder).write("site/pack/own/pack.yaml", "x");
  folder.write("site/site.yml", "props: {}\n");
  std::string text = said(folder, "props: {}\n");
  CHECK(contains(text, "site/pack: no such folder is read in a site folder; did you mean 'packs'?"));
  CHECK(contains(text, "site/site.yml: call it .yaml, or it is not read"));
  CHECK(contains(load_rules(folder.path(), "/nowhere/at/all").error().message, "/nowhere/at/all: no such folder; name the one that holds your site's files"));
}

TEST_CASE("globs match as people expect, whatever the case of letters") {
  struct { const char *glob, *name; bool matches; } cases[] = {
      {"*", "db-1", true}, {"db-*", "db-1", true}, {"db-*", "DB-1.example.org", true}, {"db-?", "db-12", false}, {"*-1", "db-1", true},
      {"db", "db-1", false}, {"d*b*1", "db-1", true}, {"*.example.org", "example.org", false}, {"", "", true}, {"", "a", false},
      {"a*", "a", true}, {"*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false}, {"[a]", "a", false}};
  for (const auto& one : cases) {
    INFO(one.glob << " " << one.name);
    CHECK(matches_glob(one.glob, one.name) == one.matches);
  }
}

TEST_CASE("a waived host keeps its price, leaves findings and actions, and the gate stays shut") {
  RulesFolder folder;
  auto without = loaded(ship(folder), "props: {}\n"), with = loaded(folder, kWaiver);
  std::vector<std::string> names = {"lab-1", "lab-2", "web-1"};
  Assessment before = assess_open(*without, names, "2026-11-23"), after = assess_open(*with, names, "2026-11-23");
  CHECK(after.score.value == before.score.value);
  CHECK(after.score.lower == before.score.lower);
  CHECK(after.score.level == before.score.level);
  CHECK(after.gates[0].shut);
  const RuleResult& result = result_of(*with, after, "ssh.root");
  CHECK(result.tally.fail == 1);
  CHECK(result.tally.waived == 2);
  CHECK(result.failing == std::vector<std::size_t>{2});
  CHECK(result.waived == std::vector<std::size_t>{0, 1});
  // One rule of three fails: ssh.root at weight 6, ssh.tries passes, fleet.big fails. 33.3 points are lost by ssh.root.
  CHECK(result.gain == 333);
  CHECK(result.accepted == 222);
  REQUIRE(after.risks.size() == 1);
  CHECK(after.risks[0].state == RiskState::active);
  CHECK(after.risks[0].points == 222);
  CHECK(after.risks[0].hosts == std::vector<std::size_t>{0, 1});
  json told = json::parse(to_json(*with, after));
  // The action mends the one host that is not waived: a third of the points, and the gate stays shut for the others.
  for (const Action& action : before.actions) {
    if (action.id == "ssh.root") CHECK((action.gain == 334 && action.opens_gates.size() == 1));  // 33.3 becomes 66.7
  }
  for (const Action& action : after.actions) {
    if (action.id == "ssh.root") CHECK((action.gain == 111 && action.opens_gates.empty() && action.hosts.size() == 1));
  }
  CHECK(after.actions.size() == before.actions.size());
  CHECK(told["accepted_risks"] == json::parse(R"([{"rule":"ssh.root","hosts":"lab-*","owner":"Head of IT","reason":"Rebuilt in spring","until":"2027-03-31",
                                                   "state":"active","failing":["id-lab-1","id-lab-2"],"points":22.2}])"));
  for (const json& host : told["hosts"]) CHECK(host["tally"]["waived"] == (host["name"] == "web-1" ? 0 : 1));
}

TEST_CASE("where every host is waived nothing is found and nothing is to be done, but nothing is gained either") {
  RulesFolder folder;
  auto with = loaded(ship(folder), kWaiver);
  Assessment assessment = assess_open(*with, {"lab-1"}, "2026-11-23");
  for (std::size_t rule : assessment.findings) CHECK(with->rules[rule].id != "ssh.root");
  for (const Action& action : assessment.actions) CHECK(action.id != "ssh.root");
  CHECK(assessment.risks[0].points == 333);
  CHECK(assessment.gates[0].shut);
  CHECK(assessment.score.value == 333);
}

TEST_CASE("a waiver counts on its last day and no longer, and says that it is over") {
  RulesFolder folder;
  auto rules = loaded(ship(folder), kWaiver);
  auto fails_on = [&](const std::string& day) { return result_of(*rules, assess_open(*rules, {"lab-1"}, day), "ssh.root").tally.fail; };
  CHECK(fails_on("2026-11-23") == 0);
  CHECK(fails_on("2027-03-31") == 0);
  CHECK(fails_on("2027-04-01") == 1);
  Assessment late = assess_open(*rules, {"lab-1"}, "2027-04-01");
  CHECK(late.risks[0].state == RiskState::expired);
  CHECK(late.risks[0].hosts == std::vector<std::size_t>{0});
  CHECK(late.risks[0].points == 0);
  CHECK(late.findings.size() == 2);
}

TEST_CASE("waivers that nothing needs, that overlap and of the fleet") {
  RulesFolder folder;
  auto rules = loaded(ship(folder), "waivers:\n"
                                    "  - {rule: ssh.root, hosts: lab-1, owner: o, reason: over, until: 2020-01-01}\n"
                                    "  - {rule: ssh.root, hosts: lab-1, owner: o, reason: first, until: 2027-03-31}\n"
                                    "  - {rule: ssh.root, hosts: all, owner: o, reason: second, until: 2027-03-31}\n"
                                    "  - {rule: ssh.root, hosts: none-*, owner: o, reason: none, until: 2027-03-31}\n"
                                    "  - {rule: fleet.big, hosts: all, owner: o, reason: small, until: 2027-03-31}\n"
                                    "  - {rule: ssh.tries, hosts: all, owner: o, reason: passes, until: 2027-03-31}\n");
  Assessment assessment = assess_open(*rules, {"lab-1", "web-1"}, "2026-11-23");
  REQUIRE(assessment.risks.size() == 6);
  CHECK(assessment.risks[0].state == RiskState::expired);
  CHECK(assessment.risks[0].hosts.empty());  // an active one covers it
  CHECK(assessment.risks[1].hosts == std::vector<std::size_t>{0});
  CHECK(assessment.risks[2].hosts == std::vector<std::size_t>{1});
  CHECK(assessment.risks[3].state == RiskState::unused);
  CHECK(assessment.risks[4].state == RiskState::active);
  CHECK(assessment.risks[5].state == RiskState::unused);
  const RuleResult& fleet = result_of(*rules, assessment, "fleet.big");
  CHECK(fleet.tally.waived == 1);
  CHECK(fleet.tally.fail == 0);
  CHECK(fleet.accepted == fleet.gain);
  CHECK(assessment.risks[1].points + assessment.risks[2].points == result_of(*rules, assessment, "ssh.root").accepted);
  CHECK(assessment.findings.empty());
}
