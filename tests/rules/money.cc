// SPDX-License-Identifier: Apache-2.0
// Buying, keeping and renting: lines that cross where they are said to, prices that are not there, prices of a site.
#include "rules/money.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "base/file.h"
#include "base/text.h"
#include "tests/catch.h"
#include "tests/rules/decided_fleet.h"
#include "tests/rules/fixture.h"

namespace plumbline {
namespace {

using nlohmann::json;

const std::string kRules = PLUMBLINE_SOURCE_DIR "/rules";

std::shared_ptr<const RuleSet> rules_with(const std::string& prices, const std::string& site = "waivers: []\n") {
  test::RulesFolder folder;
  folder.write("site.yaml", site);
  if (!prices.empty()) folder.write("catalogue/prices.csv", "kind,name,low,high,unit,date,source\n" + prices);
  const auto rules = load_rules(kRules, folder.path());
  INFO((rules ? "" : rules.error().message));
  REQUIRE(rules);
  return *rules;
}

std::shared_ptr<const RuleSet> without_prices(PriceKind kind) {
  auto rules = std::make_shared<RuleSet>(*rules_with(""));
  std::erase_if(rules->catalogue.prices, [&](const Price& price) { return price.kind == kind; });
  return rules;
}

Assessment assessed(const std::shared_ptr<const RuleSet>& rules, const json& devices) {
  test::DecidedFleet fleet(rules);
  fleet.add("host", "2026-11-23", {{"accelerators", {{"devices", devices}}}});
  return fleet.assessment();
}

MoneyChoice choice_of(const RuleSet& rules, const Assessment& assessment, const std::string& workload) {
  for (const MoneyChoice& choice : buy_keep_rent(rules, assessment))
    if (rules.workloads[choice.workload].id == workload) return choice;
  FAIL("nothing of " << workload);
  return {};
}

// What break_even() promises, by trying every number of people.
std::optional<int> first_by_hand(const CostLine& owned, const CostLine& rented, int most) {
  for (int people = 1; people <= most; ++people) {
    const auto own = monthly_cost(owned, people), other = monthly_cost(rented, people);
    if (own && other && *own <= *other) return people;
  }
  return std::nullopt;
}

CostLine random_line(std::mt19937& random, bool steps) {
  CostLine line;
  line.usd_per_person = static_cast<double>(random() % 100) / 7;
  if (!steps) return line;
  int people = 0;
  double usd = 0;
  for (auto n = 1 + random() % 5; n > 0; --n) {
    people += 1 + static_cast<int>(random() % 200);
    usd += static_cast<double>(random() % 1000);
    line.steps.push_back({people, usd});
  }
  return line;
}

const json kNone = json::array();
const json kL40s = json::array({{{"vendor_id", "10de"}, {"device_id", "26b9"}, {"usable", true}, {"driver", "nvidia"}}});

}  // namespace

TEST_CASE("the break-even is where the two cost lines cross") {
  CHECK(break_even({{{100, 500}}, 0}, {{}, 10}) == 50);
  CHECK(break_even({{{40, 500}}, 0}, {{}, 10}) == std::nullopt);              // the card ends before
  CHECK(break_even({{{40, 500}, {80, 600}}, 0}, {{}, 10}) == 60);             // the second card pays
  CHECK(break_even({{{60, 500}, {120, 1300}}, 0}, {{}, 10}) == 50);           // though the second does not
  CHECK(break_even({{{100, 0}}, 0}, {{}, 10}) == 1);
  CHECK(break_even({{{100, 500}}, 0}, {{}, 0}) == std::nullopt);
  CHECK(break_even({{{100, 500}}, 3}, {{}, 10}) == 72);
  CHECK(break_even({{{100, 500}}, 20}, {{}, 10}) == std::nullopt);
  CHECK(break_even({{{100, 5}}, 20}, {{{100, 200}}, 10}) == 1);               // cheaper for few only
  CHECK(break_even({{}, 5}, {{{10, 20}, {30, 200}}, 0}) == 1);
  CHECK(monthly_cost({{{40, 500}, {80, 600}}, 2}, 41) == 682);
  CHECK(monthly_cost({{{40, 500}}, 2}, 41) == std::nullopt);
  std::mt19937 random(3);
  for (int round = 0; round < 3000; ++round) {
    const CostLine owned = random_line(random, true), rented = random_line(random, random() % 2 == 0);
    const auto got = break_even(owned, rented);
    const auto wanted = first_by_hand(owned, rented, owned.steps.back().people);
    INFO(round);
    REQUIRE(got == wanted);
  }
}

TEST_CASE("shipped prices: what is said to be the break-even is one, at both ends of the range") {
  const auto rules = rules_with("");
  const Assessment assessment = assessed(rules, kNone);
  const auto choices = buy_keep_rent(*rules, assessment);
  CHECK(choices.size() == 5);
  int crossed = 0;
  for (const MoneyChoice& choice : choices) {
    INFO(rules->workloads[choice.workload].id << ": " << choice.text);
    CHECK_FALSE(choice.keep);
    CHECK(choice.advice == Advice::rent);  // office hours never use a card to 80 %
    REQUIRE(choice.buy);
    REQUIRE(choice.rent);
    CHECK(choice.buy->monthly.low <= choice.buy->monthly.high);
    CHECK(choice.buy->cards_alone.high < choice.buy->purchase.high);
    CHECK(choice.buy->used_share < 0.8);
    CHECK(monthly_cost(choice.buy->low, choice.people) == choice.buy->monthly.low);
    CHECK(monthly_cost(choice.buy->high, choice.people) == choice.buy->monthly.high);
    CHECK(monthly_cost(choice.rent->high, choice.people) == choice.rent->monthly.high);
    CHECK(choice.least_class <= choice.most_class);
    for (const std::string& line : choice.assumptions) CHECK(line.size() > 20);
    if (!choice.tokens) continue;
    CHECK(std::abs(*monthly_cost(choice.tokens->high, choice.people) - choice.tokens->monthly.high) < 1e-9);
    for (const auto& [people, owned, rented] : {std::tuple(choice.break_even_low, choice.buy->low, choice.tokens->high),
                                                std::tuple(choice.break_even_high, choice.buy->high, choice.tokens->low)}) {
      if (!people) continue;
      ++crossed;
      CHECK(*monthly_cost(owned, *people) <= *monthly_cost(rented, *people));
      if (*people > 1) CHECK(*monthly_cost(owned, *people - 1) > *monthly_cost(rented, *people - 1));
    }
    if (choice.break_even_low && choice.break_even_high) CHECK(*choice.break_even_low <= *choice.break_even_high);
  }
  CHECK(crossed > 0);
}

TEST_CASE("tokens cost what their prices and the questions of a month make") {
  const auto rules = rules_with("tokens-in,gpt-oss-20b,0.10,0.10,USD,2026-11-24,test\ntokens-out,gpt-oss-20b,0.50,0.50,USD,2026-11-24,test\n", "people: {doc-rag: 1000}\n");
  const MoneyChoice choice = choice_of(*rules, assessed(rules, kL40s), "doc-rag");
  REQUIRE(choice.keep);
  CHECK(choice.model == "gpt-oss-20b");
  REQUIRE(choice.tokens);
  // 1,000 people × 3.6 questions × 176 hours × (4,000 × 0.10 + 400 × 0.50) / 1,000,000
  CHECK(choice.tokens->monthly.low == Approx(1000 * 3.6 * 176 * 0.0006));
  CHECK(choice.tokens->monthly.high == Approx(380.16));
}

TEST_CASE("what stands there and serves the people is kept; one that does not is not") {
  const auto rules = rules_with("");
  const MoneyChoice kept = choice_of(*rules, assessed(rules, kL40s), "doc-rag");
  CHECK(kept.advice == Advice::keep);
  REQUIRE(kept.keep);
  CHECK(kept.keep->card == "NVIDIA L40S");
  CHECK(contains(kept.text, "Keep (C0): what stands there serves"));
  // 350 W × 730 h × 1.2 × $0.10 and × 1.6 × $0.25
  REQUIRE(kept.keep_monthly);
  CHECK(kept.keep_monthly->low == Approx(350 * 0.73 * 1.2 * 0.10));
  CHECK(kept.keep_monthly->high == Approx(350 * 0.73 * 1.6 * 0.25));
  const auto crowded = rules_with("", "people: {doc-rag: 100000}\n");
  const MoneyChoice short_of = choice_of(*crowded, assessed(crowded, kL40s), "doc-rag");
  CHECK_FALSE(short_of.keep);
}

TEST_CASE("cards that would be used nearly all the time are bought") {
  auto rules = std::make_shared<RuleSet>(*rules_with(""));
  for (Workload& workload : rules->workloads)
    if (workload.serving) workload.serving->questions_per_hour = 10'000;
  for (const MoneyChoice& choice : buy_keep_rent(*rules, assessed(rules, kNone))) {
    INFO(choice.text);
    REQUIRE(choice.buy);
    CHECK(choice.buy->used_share >= 0.8);
    CHECK(choice.advice == Advice::buy);
  }
}

TEST_CASE("a price that is not there gives no figure, and its name is told") {
  const auto no_tokens = without_prices(PriceKind::tokens_in);
  const MoneyChoice hours = choice_of(*no_tokens, assessed(no_tokens, kNone), "doc-rag");
  CHECK_FALSE(hours.tokens);
  CHECK(contains(hours.no_tokens, "no price: tokens of "));
  CHECK_FALSE(hours.break_even_low);
  CHECK(hours.advice == Advice::rent);
  const auto no_cards = without_prices(PriceKind::card);
  const MoneyChoice rented = choice_of(*no_cards, assessed(no_cards, kNone), "doc-rag");
  CHECK_FALSE(rented.buy);
  CHECK(contains(rented.no_buy, "no card with a price"));
  CHECK_FALSE(rented.break_even_hours);
  const auto no_power = without_prices(PriceKind::power);
  CHECK(choice_of(*no_power, assessed(no_power, kNone), "doc-rag").no_buy == "no price: power electricity");
  CHECK_FALSE(choice_of(*no_power, assessed(no_power, kL40s), "doc-rag").keep_monthly);
  auto none = std::make_shared<RuleSet>(*rules_with(""));
  none->catalogue.prices.clear();
  for (const MoneyChoice& choice : buy_keep_rent(*none, assessed(none, kNone))) {
    CHECK(choice.advice == Advice::no_price);
    CHECK(contains(choice.text, "No price"));
    CHECK_FALSE(choice.buy);
    CHECK_FALSE(choice.rent);
    CHECK_FALSE(choice.tokens);
  }
}

TEST_CASE("a site's own price replaces the shipped one, and its source is printed") {
  const auto rules = rules_with("rent,NVIDIA L4,0.01,0.01,USD a card and hour,2026-12-01,our contract\n");
  bool found = false;
  const MoneyChoice choice = choice_of(*rules, assessed(rules, kNone), "chat-assistant");
  REQUIRE(choice.rent);
  CHECK(choice.rent->card == "NVIDIA L4");
  for (const std::string& line : choice.assumptions) found = found || line == "rent NVIDIA L4: 0.01 USD a card and hour (2026-12-01, our contract)";
  CHECK(found);
}

TEST_CASE("cost classes begin and end where they are said to") {
  CHECK(class_of(0) == CostClass::c0);
  CHECK(class_of(1) == CostClass::c1);
  CHECK(class_of(4'999) == CostClass::c1);
  CHECK(class_of(5'000) == CostClass::c2);
  CHECK(class_of(25'000) == CostClass::c3);
  CHECK(class_of(100'000) == CostClass::c4);
}

TEST_CASE("the comparison as JSON says the same, twice") {
  const auto rules = rules_with("");
  const Assessment assessment = assessed(rules, kL40s);
  const std::string first = to_json(*rules, assessment, buy_keep_rent(*rules, assessment));
  CHECK(first == to_json(*rules, assessment, buy_keep_rent(*rules, assessment)));
  const json shown = json::parse(first);
  REQUIRE(shown.size() == 5);
  for (const json& one : shown) {
    CHECK(one["advice"].is_string());
    CHECK(one["assumptions"].size() > 5);
    if (one["workload"] == "doc-rag") CHECK(one["keep"]["card"] == "NVIDIA L40S");
  }
}

}  // namespace plumbline
