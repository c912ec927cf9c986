// SPDX-License-Identifier: Apache-2.0
// The packs that are shipped load, pass the cases beside them, and say all that a reader is promised (goal U3).
#include <string>

#include "base/text.h"
#include "rules/pack.h"
#include "rules/pack_tests.h"
#include "tests/catch.h"

using namespace plumbline;

namespace {

const std::string kFolder = std::string(PLUMBLINE_SOURCE_DIR) + "/rules";

std::shared_ptr<const RuleSet> shipped() {
  auto rules = load_rules(kFolder);
  if (!rules) FAIL(rules.error().message);
  return *rules;
}

}  // namespace

TEST_CASE("the shipped packs load without a mistake") {
  auto rules = shipped();
  CHECK(rules->hash.size() == 64);
  CHECK_FALSE(rules->version.empty());
  CHECK_FALSE(rules->date.empty());
  CHECK_FALSE(rules->catalogue.accelerators.empty());
  CHECK_FALSE(rules->catalogue.lifecycle.empty());
  CHECK_FALSE(rules->catalogue.date.empty());
}

TEST_CASE("every case beside the shipped packs comes out as it says") {
  auto rules = shipped();
  auto report = run_pack_tests(*rules, kFolder);
  if (!report) FAIL(report.error().message);
  for (const std::string& failure : report->failures) FAIL_CHECK(failure);
  for (const std::string& id : report->untested) UNSCOPED_INFO("no case for " + id);
  CHECK(report->untested.empty());
}

TEST_CASE("every shipped rule tells the business why, what to do, what it takes and where it comes from") {
  auto rules = shipped();
  for (const Rule& rule : rules->rules) {
    INFO(rule.id);
    CHECK_FALSE(rule.why.empty());
    CHECK_FALSE(rule.fail.it.empty());
    CHECK_FALSE(rule.fail.cio.empty());
    CHECK_FALSE(rule.fail.ceo.empty());
    CHECK(words(rule.fail.ceo).size() <= 25);
    CHECK_FALSE(rule.fix.text.empty());
    CHECK_FALSE(rule.fix.owner.empty());
    CHECK_FALSE(rule.references.empty());
    CHECK_FALSE(rule.expected.empty());
  }
}
