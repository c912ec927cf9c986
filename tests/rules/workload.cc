// SPDX-License-Identifier: Apache-2.0
// From packs and facts to verdicts, evidence, workloads and a golden assessment.
#include "rules/assessment.h"

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/catch.h"
#include "tests/rules/fixture.h"

using namespace plumbline;
using nlohmann::json;
using plumbline::test::RulesFolder;

namespace {

// One pack, one workload: memory on one host, a backup somewhere, no open SSH.
std::shared_ptr<const RuleSet> small_rules() {
  RulesFolder folder;
  folder.pack("base",
              "rules:\n" + RulesFolder::rule("ssh.root", "ssh.permit_root_login != \"yes\"",
                                             "    when: ssh.installed\n    observed: ssh.permit_root_login\n    action: ssh-baseline\n") +
                  RulesFolder::rule("mem.size", "memory.total_bytes >= 32000000000", "") +
                  RulesFolder::rule("fleet.cores", ">-\n      fleet.cores >= 8.0 ? 1.0 : fleet.cores / 8.0", "    scope: fleet\n") +
                  "measures:\n  - {id: cores, title: Cores, unit: cores, value: cpu.cores, aggregate: sum}\n"
                  "gates:\n  - {id: root-open, title: Root is open, ceo: Root is open, level: 2, rules: [ssh.root]}\n");
  folder.write("workloads/chat.yaml",
               "workload: chat\ntitle: Chat\noutcome: Staff ask.\nkpis: [time]\nminimum:\n"
               "  - {id: memory, text: 32 GB, ceo: memory, check: memory.total_bytes >= 32000000000, observed: memory.total_bytes, effort_days: 1, cost: C1}\n"
               "  - {id: cores, scope: fleet, text: 4 cores, ceo: cores, check: fleet.cores >= 4.0, effort_days: 2, cost: C2}\n"
               "recommended:\n  - {id: more, text: 128 GB, ceo: more, check: memory.total_bytes >= 128000000000, effort_days: 1, cost: C3}\n"
               "security: [ssh.root]\ndecision: d\nthreshold: t\n");
  auto rules = load_rules(folder.path());
  if (!rules) FAIL(rules.error().message);
  return *rules;
}

json host_facts(std::int64_t memory_gb, const char* root_login, int cores) {
  json facts = {{"ssh", {{"installed", true}, {"permit_root_login", root_login}}}, {"cpu", {{"cores", cores}}}};
  if (memory_gb > 0) facts["memory"]["total_bytes"] = memory_gb * 1'000'000'000;
  return facts;
}

Assessment assess_facts(const RuleSet& rules, const std::vector<json>& all) {
  std::vector<AssessedHost> hosts;
  for (std::size_t i = 0; i < all.size(); ++i) {
    hosts.push_back({"id-" + std::to_string(i), "host-" + std::to_string(i), 1'795'000'000, judge(rules, all[i])});
  }
  return assess(rules, hosts, [&](std::size_t i) { return &all[i]; });
}

}  // namespace

TEST_CASE("verdicts: applicable or not, pass, fail, and unknown with the fact that is missing") {
  auto rules = small_rules();
  const Rule* root = nullptr;
  for (const Rule& rule : rules->rules) root = rule.id == "ssh.root" ? &rule : root;
  REQUIRE(root);
  auto verdict = [&](const json& facts) { return explain(*root, facts); };
  CHECK(verdict({{"ssh", {{"installed", false}}}}).verdict == Verdict::not_applicable);
  CHECK(verdict(host_facts(1, "no", 1)).verdict == Verdict::pass);
  Evidence failed = verdict(host_facts(1, "yes", 1));
  CHECK(failed.verdict == Verdict::fail);
  CHECK(failed.observed == "yes");
  CHECK(failed.expected == "so");
  CHECK_FALSE(failed.steps.empty());
  Evidence unknown = verdict({{"ssh", {{"installed", true}}}});
  CHECK(unknown.verdict == Verdict::unknown);
  CHECK(unknown.missing == std::vector<std::string>{"ssh.permit_root_login"});
  CHECK(unknown.observed == "fact not read");
  CHECK(verdict(json::object()).missing == std::vector<std::string>{"ssh.installed"});
  CHECK(verdict({{"ssh", {{"installed", "yes"}}}}).verdict == Verdict::unknown);  // a fact of another type is no fact
}

TEST_CASE("evidence of a rule without 'observed' is what its check read, with units") {
  auto rules = small_rules();
  for (const Rule& rule : rules->rules) {
    if (rule.id == "mem.size") CHECK(explain(rule, host_facts(16, "no", 4)).observed == "16 GB");
    if (rule.id == "fleet.cores") CHECK(explain_fleet(*rules, rule, {6.0}).observed == "6 cores");
    if (rule.id == "fleet.cores") CHECK(explain_fleet(*rules, rule, {std::nullopt}).verdict == Verdict::unknown);
  }
}

TEST_CASE("a fleet rule gives a degree") {
  auto rules = small_rules();
  Assessment result = assess_facts(*rules, {host_facts(64, "no", 2), host_facts(64, "no", 4)});
  for (const RuleResult& rule : result.rules) {
    if (rules->rules[rule.rule].id == "fleet.cores") {
      CHECK(*rule.degree == Approx(0.75));
      CHECK(rule.tally.fail == 1);
    }
  }
}

TEST_CASE("a workload is ready, ready after named changes, not ready, or cannot be told") {
  auto rules = small_rules();
  auto chat = [&](const std::vector<json>& facts) { return assess_facts(*rules, facts).workloads[0]; };
  // all met on one host; production lacks 128 GB, which costs C3: not by a pilot's means
  WorkloadResult ready = chat({host_facts(16, "no", 4), host_facts(64, "no", 4)});
  CHECK(ready.pilot == WorkloadState::ready);
  CHECK(ready.production == WorkloadState::not_ready);
  CHECK(ready.carried);
  CHECK(ready.hosts == std::vector<std::size_t>{1});
  CHECK(ready.minimum[0].observed == "64 GB");
  // 128 GB as well
  CHECK(chat({host_facts(200, "no", 4)}).production == WorkloadState::ready);
  // too little memory and an open root: two changes, 1 + 1 days, C1
  WorkloadResult changes = chat({host_facts(16, "yes", 4)});
  CHECK(changes.pilot == WorkloadState::after_changes);
  CHECK(changes.changes == 2);
  CHECK(changes.effort_days == Approx(2));
  CHECK(changes.cost == CostClass::c1);
  CHECK_FALSE(changes.carried);
  CHECK(changes.blocking_rules.size() == 1);
  // memory was not read
  CHECK(chat({host_facts(0, "no", 4)}).pilot == WorkloadState::unknown);
  // the host with fewest changes is taken, whatever the order
  CHECK(chat({host_facts(16, "yes", 4), host_facts(16, "no", 4)}).hosts.front() == 1);
  CHECK(chat({}).pilot == WorkloadState::unknown);
}

TEST_CASE("the assessment of a small fleet is what it was, byte for byte") {
  auto rules = small_rules();
  std::string got = to_json(*rules, assess_facts(*rules, {host_facts(16, "yes", 2), host_facts(64, "no", 2), host_facts(0, "no", 2)}));
  json shown = json::parse(got);
  // By hand. All three rules are of pillar security and severity high (weight 6 each).
  //   ssh.root   passes on 2 of 3: degree 2/3
  //   mem.size   passes on 1 of 2, unknown on one: degree 1/2, bounds 1/3 … 2/3
  //   fleet.cores 6 of 8 cores: degree 3/4
  //   value (2/3 + 1/2 + 3/4) / 3 = 63.88… → 63.9; lower (2/3 + 1/3 + 3/4) / 3 = 58.33…; upper (2/3 + 2/3 + 3/4) / 3 = 69.44…
  //   level 3 by value, 2 because the gate root-open is shut
  CHECK(shown["score"]["value"] == 63.9);
  CHECK(shown["score"]["lower"] == 58.3);
  CHECK(shown["score"]["upper"] == 69.4);
  CHECK(shown["score"]["level"] == 2);
  CHECK(shown["score"]["level_without_gates"] == 3);
  std::string path = std::string(PLUMBLINE_SOURCE_DIR) + "/tests/rules/golden/small_fleet.json";
  if (std::getenv("PLUMBLINE_WRITE_GOLDEN")) std::ofstream(path) << shown.dump(1) << "\n";
  std::ifstream in(path);
  std::stringstream golden;
  golden << in.rdbuf();
  CHECK(shown.dump(1) + "\n" == golden.str());
}
