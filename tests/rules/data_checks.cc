// SPDX-License-Identifier: Apache-2.0
// docs/data-checks.md is true: every one of the 27 data checks has its rules in the packs, or the question that is asked instead, with
// the severity, facts and references it names; each severity says by whose word it is.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>

#include "rules/assessment.h"
#include "rules/fact_values.h"
#include "rules/questionnaire.h"
#include "tests/rules/check_page.h"

using namespace plumbline;
using namespace plumbline::test;

namespace {

constexpr std::string_view kChecks[] = {
    "data.stores-found", "data.version-eol", "data.minor-lag", "data.auth-tls", "data.pg-replica", "data.pg-archive", "data.mysql-binlog",
    "data.mongo-rs", "data.redis-persist", "data.kafka-rf", "data.es-snapshot", "data.sqlserver", "data.backup-recent", "data.restore-test",
    "data.vector-capable", "data.vector-version", "data.lake-objects", "data.free-space", "data.inode-free", "data.disk-class", "data.fs-opts",
    "data.mem-headroom", "data.net-class", "data.time-span", "data.sprawl", "data.cdc-path", "data.catalog"};

}  // namespace

TEST_CASE("each of the 27 data checks has its rules or its question, and a word for its severity") {
  const auto rules = load_shipped();
  const auto questionnaire = load_questionnaire(std::string(PLUMBLINE_SOURCE_DIR) + "/rules");
  REQUIRE(questionnaire);
  const auto rows = read_check_page("data-checks.md");
  REQUIRE(rows.size() == std::size(kChecks));
  for (std::size_t at = 0; at < rows.size(); ++at) {
    const CheckRow& row = rows[at];
    INFO(row.check);
    CHECK(row.check == kChecks[at]);
    CHECK_FALSE(row.listed.empty());
    check_rules(*rules, row);
    const bool said = contains(row.argued, "judgement") || contains(row.argued, "As listed") || contains(row.argued, "Question ");
    CHECK(said);
    std::smatch question;
    const bool asked = std::regex_search(row.argued, question, std::regex("Question (Q[0-9]+)"));
    if (asked) CHECK(find_question(*questionnaire, question[1].str()) != nullptr);
    CHECK((asked || !row.rules.empty()));
  }
}

TEST_CASE("every rule of the packs on data stores and backup stands on a page of checks") {
  std::set<std::string> told;
  for (const char* page : {"data-checks.md", "security-checks.md"})
    for (const CheckRow& row : read_check_page(page))
      for (const auto& [id, severity] : row.rules) told.insert(id);
  const auto rules = load_shipped();
  for (const Rule& rule : rules->rules) {
    INFO(rule.id);
    if (rule.pack == "data-stores" || rule.pack == "backup") CHECK(told.count(rule.id) == 1);
  }
}

TEST_CASE("a store that is open, old or alone is one finding each, and another one beside it stands for itself") {
  const auto rules = load_shipped();
  const auto facts = nlohmann::json::parse(R"({"host": {"container": "none"}, "firewall": {"active": false, "default_deny": false},
    "data_stores": {"instances": [
      {"kind": "redis", "category": "key_value", "version": "6.0.9", "running": true, "port": 6380, "exposure": "any", "auth": "none", "tls": "off",
       "support_days_left": -900, "releases_behind": 11, "latest_version": "6.0.20", "archiving": "on", "replication": "single"},
      {"kind": "postgresql", "category": "relational", "version": "17.1", "running": true, "port": 5432, "exposure": "private", "auth": "required",
       "tls": "off", "archiving": "on", "replication": "single"}]}})");
  const Assessment now = assess(*rules, {{"h", "h", 1'795'000'000, judge(*rules, facts)}}, nullptr);
  const auto names = [&](const std::vector<std::size_t>& of) {
    std::vector<std::string> out;
    for (const std::size_t rule : of)
      if (rules->rules[rule].id.starts_with("data.") && !rules->rules[rule].fleet) out.push_back(rules->rules[rule].id);
    std::sort(out.begin(), out.end());
    return out;
  };
  // What PostgreSQL does not encrypt is told by nobody else, so that the rule on encryption stays a finding of its own.
  CHECK(names(now.findings) == std::vector<std::string>{"data.redis-floor", "data.replica", "data.store-auth", "data.store-tls"});
  for (const RuleResult& one : now.rules) {
    if (rules->rules[one.rule].id == "data.store-auth") CHECK(names(one.also_seen_as) == std::vector<std::string>{"data.limited-reach"});
    if (rules->rules[one.rule].id == "data.redis-floor") CHECK(names(one.also_seen_as) == std::vector<std::string>{"data.minor-current", "data.version-supported"});
  }
}
