// SPDX-License-Identifier: Apache-2.0
// docs/data-checks.md is true: every one of the 27 data checks has its rules in the packs, or the question that is asked instead, with
// the severity, facts and references it names; each severity says by whose word it is.
#include <regex>

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
