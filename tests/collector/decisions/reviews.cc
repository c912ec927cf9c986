// SPDX-License-Identifier: Apache-2.0
// Reviews: what changed since people last looked, exactly, across other rules and other hosts.
#include "collector/decisions/reviews.h"

#include "base/hash.h"
#include "base/text.h"
#include "collector/decisions/records.h"
#include "tests/catch.h"
#include "tests/collector/decisions/sample_rules.h"
#include "tests/collector/stores.h"

using namespace plumbline;
using namespace plumbline::testing;

namespace {

template <class T>
T get(Result<T> result) {
  if (!result) FAIL(result.error().message);
  return std::move(*result);
}

std::string told(const RuleSet& rules, const SinceReview& since) {
  std::string text;
  for (const Change& change : since.changes)
    text += rules.rules[change.rule].id + "+" + std::to_string(change.newly_passing) + "-" + std::to_string(change.newly_failing) + " ";
  return text;
}

}  // namespace

TEST_CASE("a review tells what newly passes and newly fails since, small wins first") {
  const RuleSet then = make_rules({{"a", "x"}, {"b", "x"}, {"c", "x"}, {"f", "x", true}, {"gone", "x"}});
  const RuleSet now = make_rules({{"a", "x"}, {"b", "x", false, Severity::critical}, {"c", "x"}, {"e", "x"}, {"f", "x", true}});
  const auto packed = get(pack_verdicts(then, make_assessment(then, 1, {{"h1", "ffu-f"}, {"h2", "fpp-f"}, {"h3", "fpf-f"}}, "---f-")));
  // h1: a passes now, c is read now and fails; h2: b fails now; h3 is gone, h4 is new; e is a new rule.
  const auto since = get(since_review(packed, 1, now, make_assessment(now, 2, {{"h1", "pffff"}, {"h2", "pfpff"}, {"h4", "fffff"}}, "----p")));
  CHECK(since.known);
  CHECK(told(now, since) == "a+2-0 f+1-0 b+0-1 ");
  CHECK(since.newly_passing == 2);
  CHECK(since.newly_failing == 1);
  CHECK(since.new_hosts == 1);
  CHECK(since.gone_hosts == 1);
  const auto nothing = get(since_review(packed, 1, then, make_assessment(then, 2, {{"h1", "ffu-f"}, {"h2", "fpp-f"}, {"h3", "fpf-f"}}, "---f-")));
  CHECK(nothing.changes.empty());
}

TEST_CASE("verdicts that are damaged are refused") {
  const RuleSet rules = make_rules({{"a", "x"}});
  const Assessment assessment = make_assessment(rules, 1, {{"h1", "f"}});
  const std::string packed = get(pack_verdicts(rules, assessment));
  for (const std::string& bad : {std::string(), std::string("%%%"), packed.substr(1), packed.substr(0, packed.size() - 4), std::string(1000, 'A')})
    CHECK_FALSE(since_review(bad, 1, rules, assessment));
}

TEST_CASE("the verdicts of a large fleet fit one record, and a far larger one is reviewed without them") {
  std::vector<MadeRule> made;
  for (int i = 0; i < 300; ++i) made.push_back({"pack.rule-" + std::to_string(i), "x"});
  const RuleSet rules = make_rules(made);
  const auto fleet = [&](int hosts) {
    std::map<std::string, std::string> all;
    for (int i = 0; i < hosts; ++i) {
      std::string letters(300, i % 3 == 0 ? 'f' : 'p');
      for (std::size_t at = 0; at < 300; at += 7) letters[at] = "pfun"[static_cast<std::size_t>(i) % 4];
      all[sha256_hex(std::to_string(i)).substr(0, 32)] = letters;
    }
    return make_assessment(rules, 1, all);
  };
  const Assessment large = fleet(3000);
  const auto packed = get(pack_verdicts(rules, large));
  CHECK(packed.size() < kMaxPackedVerdicts);
  CHECK(get(since_review(packed, 1, rules, large)).changes.empty());
}

TEST_CASE("a review is recorded with its verdicts, and the next one says what changed") {
  for (const std::string& kind : store_kinds()) DYNAMIC_SECTION(kind) {
      ScratchFolder folder;
      auto store = get(open_store(new_store_url(kind, folder)));
      const RuleSet rules = make_rules({{"a", "x"}, {"b", "x"}});
      const auto reviews = [&] { return get(read_decisions(*store)).reviews; };
      CHECK_FALSE(get(since_last_review(*store, reviews(), "it", rules, make_assessment(rules, 1, {}))));
      get(record_review(*store, rules, make_assessment(rules, 1, {{"h", "ff"}}), "it", "first <b>", "ada", 100));
      get(record_review(*store, rules, make_assessment(rules, 1, {{"h", "pf"}}), "board", "", "ada", 150));
      const auto after = make_assessment(rules, 2, {{"h", "pp"}});
      CHECK(get(since_last_review(*store, reviews(), "it", rules, after))->newly_passing == 2);
      CHECK(get(since_last_review(*store, reviews(), "board", rules, after))->newly_passing == 1);
      get(record_review(*store, rules, after, "it", "", "bob", 200));
      CHECK(get(since_last_review(*store, reviews(), "it", rules, after))->newly_passing == 0);
      CHECK(reviews().size() == 3);
      CHECK(reviews().front().note == "first <b>");
      CHECK(next_review(reviews(), "it") == 200 + kItReviewSeconds);
      CHECK(get(store->audit(9)).size() == 3);
      CHECK_FALSE(record_review(*store, rules, after, "staff", "", "bob", 300));
      CHECK_FALSE(record_review(*store, rules, after, "it", "bell\x07", "bob", 300));
      const auto twice = record_review(*store, rules, after, "it", "", "eve", 200);  // the same moment
      REQUIRE_FALSE(twice);
      CHECK(twice.error().kind == ErrorKind::conflict);
      CHECK(reviews().back().by == "bob");
    }
}
