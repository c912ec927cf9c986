// SPDX-License-Identifier: Apache-2.0
// Rules that fail for the same cause are one finding, and nothing else of the assessment changes by it.
#include "rules/cause.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "rules/fact_values.h"
#include "tests/catch.h"
#include "tests/rules/fixture.h"

namespace plumbline {
namespace {

using nlohmann::json;

std::string open_rule(const std::string& id, const std::string& severity, const std::string& condition, bool with_cause) {
  const std::string bad = "data_stores.instances.filter(i, " + condition + ")";
  std::string text = test::RulesFolder::rule(id, "'" + bad + ".size() == 0'",
                                             with_cause ? "    cause: '" + bad + ".map(i, \"open \" + i.kind + \":\" + string(i.port))'\n" : "");
  return text.replace(text.find("severity: high"), 14, "severity: " + severity);
}

/// auth (critical), reach (medium), tls (medium) and kind (low) about stores; `plain` about nothing that is named.
std::shared_ptr<const RuleSet> store_rules(bool with_cause = true) {
  test::RulesFolder folder;
  folder.pack("a", "rules:\n" + open_rule("a.auth", "critical", "i.auth == \"none\"", with_cause) +
                       open_rule("a.reach", "medium", "i.exposure == \"any\"", with_cause) +
                       open_rule("a.tls", "medium", "i.tls == \"off\"", with_cause) + open_rule("a.zero", "low", "i.running", false) +
                       test::RulesFolder::rule("a.host", "host.uptime_seconds > 5", with_cause ? "    cause: \"'the host'\"\n" : ""));
  auto rules = load_rules(folder.path());
  INFO((rules ? "" : rules.error().message));
  REQUIRE(rules);
  return *rules;
}

json store(const std::string& kind, int port, const std::string& auth, const std::string& exposure, const std::string& tls = "on") {
  return {{"kind", kind}, {"port", port}, {"auth", auth}, {"exposure", exposure}, {"tls", tls}, {"running", true}};
}

AssessedHost host_with(const RuleSet& rules, const std::string& name, const std::vector<json>& stores) {
  const json facts = {{"data_stores", {{"instances", stores}}}, {"host", {{"uptime_seconds", 9}}}};
  return {name, name, 1'795'000'000, judge(rules, facts)};
}

std::vector<std::string> ids(const RuleSet& rules, const std::vector<std::size_t>& of) {
  std::vector<std::string> out;
  for (const std::size_t rule : of) out.push_back(rules.rules[rule].id);
  return out;
}

const RuleResult& result_of(const RuleSet& rules, const Assessment& assessment, const std::string& id) {
  for (const RuleResult& one : assessment.rules)
    if (rules.rules[one.rule].id == id) return one;
  FAIL("no rule " + id);
  return assessment.rules.front();
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("an open store is one finding, told by the strongest rule") {
  const auto rules = store_rules();
  const Assessment now = assess(*rules, {host_with(*rules, "h", {store("redis", 6379, "none", "any", "off")})}, nullptr);
  CHECK(ids(*rules, now.findings) == Texts{"a.auth", "a.zero"});
  CHECK(ids(*rules, result_of(*rules, now, "a.auth").also_seen_as) == Texts{"a.reach", "a.tls"});
  CHECK(ids(*rules, result_of(*rules, now, "a.tls").told_under) == Texts{"a.auth"});
  CHECK(result_of(*rules, now, "a.reach").told_elsewhere == std::vector<std::size_t>{0});
  CHECK(result_of(*rules, now, "a.auth").told_elsewhere.empty());
}

TEST_CASE("a rule with a cause that nobody stronger tells stays a finding, and stands under the others besides") {
  const auto rules = store_rules();
  const Assessment now = assess(*rules, {host_with(*rules, "h", {store("redis", 6379, "none", "any"), store("mysql", 3306, "required", "any")})}, nullptr);
  CHECK(ids(*rules, now.findings) == Texts{"a.auth", "a.reach", "a.zero"});
  CHECK(result_of(*rules, now, "a.auth").also_seen_as.empty());
}

TEST_CASE("two causes told by two rules leave nothing over for a third") {
  test::RulesFolder folder;
  folder.pack("a", "rules:\n" + open_rule("a.one", "critical", "i.kind == \"redis\"", true) + open_rule("a.two", "high", "i.kind == \"mysql\"", true) +
                       open_rule("a.both", "medium", "true", true));
  const auto loaded = load_rules(folder.path());
  REQUIRE(loaded);
  const RuleSet& rules = **loaded;
  const Assessment now = assess(rules, {host_with(rules, "h", {store("redis", 6379, "none", "any"), store("mysql", 3306, "none", "any")})}, nullptr);
  CHECK(ids(rules, now.findings) == Texts{"a.one", "a.two"});
  CHECK(ids(rules, result_of(rules, now, "a.both").told_under) == Texts{"a.one", "a.two"});
}

TEST_CASE("the same kind of store on another host or port is another cause") {
  const auto rules = store_rules();
  const Assessment now = assess(*rules,
                                {host_with(*rules, "a", {store("redis", 6379, "none", "loopback")}), host_with(*rules, "b", {store("redis", 6379, "required", "any")}),
                                 host_with(*rules, "c", {store("redis", 6379, "none", "loopback"), store("redis", 6380, "required", "any")}),
                                 host_with(*rules, "d", {store("redis", 6379, "none", "any")})},
                                nullptr);
  CHECK(ids(*rules, now.findings) == Texts{"a.auth", "a.reach", "a.zero"});
  const RuleResult& reach = result_of(*rules, now, "a.reach");
  CHECK(reach.failing == std::vector<std::size_t>{1, 2, 3});
  CHECK(reach.told_elsewhere == std::vector<std::size_t>{3});
}

TEST_CASE("grouping changes no tally, no points, no gate and no action") {
  const auto with = store_rules(true), without = store_rules(false);
  const std::vector<json> stores = {store("redis", 6379, "none", "any", "off"), store("mysql", 3306, "required", "any")};
  const Assessment grouped = assess(*with, {host_with(*with, "h", stores)}, nullptr);
  const Assessment plain = assess(*without, {host_with(*without, "h", stores)}, nullptr);
  json one = json::parse(to_json(*with, grouped)), other = json::parse(to_json(*without, plain));
  std::size_t grouped_keys = 0;
  Tenths sum = 0;
  for (const RuleResult& rule : grouped.rules) sum += rule.contribution;
  CHECK(sum == grouped.score.value);
  for (json* document : {&one, &other}) {
    document->erase("findings");
    document->erase("rule_set");
    for (json& rule : (*document)["rules"])
      for (const char* key : {"also_seen_as", "told_under", "told_elsewhere"}) grouped_keys += rule.erase(key);
  }
  CHECK(grouped_keys == 3);  // auth is also seen as tls; reach has the mysql for itself
  CHECK(one.dump(1) == other.dump(1));
}

TEST_CASE("an accepted risk tells nothing: what it stood for is a finding again") {
  const auto rules = store_rules();
  AssessedHost host = host_with(*rules, "h", {store("redis", 6379, "none", "any", "off")});
  CHECK(told_by_others(*rules, host.judgement).size() == 2);
  for (std::size_t i = 0; i < rules->rules.size(); ++i)
    if (rules->rules[i].id == "a.auth") host.judgement.verdicts[i] = Verdict::waived;
  const Assessment now = assess(*rules, {host}, nullptr);
  CHECK(ids(*rules, now.findings) == Texts{"a.reach", "a.zero"});
  CHECK(ids(*rules, result_of(*rules, now, "a.reach").also_seen_as) == Texts{"a.tls"});
}

TEST_CASE("a cause that cannot be told leaves its rule a finding") {
  const auto rules = store_rules();
  json nameless = store("redis", 6379, "none", "any", "off");
  nameless.erase("port");
  const Assessment now = assess(*rules, {host_with(*rules, "h", {nameless})}, nullptr);
  CHECK(ids(*rules, now.findings) == Texts{"a.auth", "a.reach", "a.tls", "a.zero"});
}

TEST_CASE("causes survive packing, and a host judged again has those of a host judged once") {
  const auto rules = store_rules();
  const json before = {{"data_stores", {{"instances", {store("redis", 6379, "none", "any", "off")}}}}, {"host", {{"uptime_seconds", 1}}}};
  json after = before;
  after["data_stores"]["instances"][0]["auth"] = "required";
  const Judgement first = judge(*rules, before), second = judge(*rules, after);
  CHECK(first.causes.size() == 4);
  CHECK(second.causes.size() == 3);
  const auto kept = unpack_judgement(pack_judgement(first), rules->rules.size(), rules->measures.size());
  REQUIRE(kept);
  CHECK(kept->causes == first.causes);
  const std::string packed = pack_judgement(first);
  for (std::size_t size = 0; size < packed.size(); ++size) CHECK_FALSE(unpack_judgement(packed.substr(0, size), rules->rules.size(), rules->measures.size()));
  const RuleIndex index(*rules);
  CHECK(index.judge_again(FactValues(after).document(), first, {"data_stores"}, false).causes == second.causes);
  CHECK(index.judge_again(FactValues(before).document(), second, {"data_stores"}, false).causes == first.causes);
}

TEST_CASE("a cause that gives no text is refused with its place, and so is one of a fleet rule") {
  test::RulesFolder folder;
  folder.pack("a", "rules:\n" + test::RulesFolder::rule("a.number", "ssh.installed", "    cause: listeners.exposed_count\n") +
                       test::RulesFolder::rule("a.fleet", "'fleet.m > 1.0'", "    scope: fleet\n    cause: \"'x'\"\n") +
                       "measures:\n  - {id: m, title: t, value: cpu.cores, aggregate: sum}\n");
  const auto rules = load_rules(folder.path());
  REQUIRE_FALSE(rules);
  CHECK(contains(rules.error().message, "'cause' must give a text or a list of texts, but gives int"));
  CHECK(contains(rules.error().message, "a fleet rule has no cause"));
  INFO(rules.error().message);
  CHECK(contains(rules.error().message, "packs/a/rules.yaml:11:12: error: 'cause'"));
}

}  // namespace plumbline
