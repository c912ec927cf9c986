// SPDX-License-Identifier: Apache-2.0
// The arithmetic of the score: one fleet computed by hand, and properties over random fleets.
#include "rules/score.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "rules/roadmap.h"
#include "tests/catch.h"

using namespace plumbline;

namespace {

Rule make_rule(const std::string& id, Pillar pillar, Severity severity) {
  Rule rule;
  rule.id = id;
  rule.title = "Title of " + id;
  rule.pillar = pillar;
  rule.severity = severity;
  rule.action = id;
  rule.fix.effort_days = 0.5;
  rule.fix.owner = "Head of IT";
  return rule;
}

AssessedHost make_host(const std::string& name, std::vector<Verdict> verdicts) {
  AssessedHost host;
  host.id = "id-" + name;
  host.name = name;
  host.taken_at = 1'800'000'000;
  host.judgement.verdicts = std::move(verdicts);
  return host;
}

constexpr Verdict kPass = Verdict::pass, kFail = Verdict::fail, kUnknown = Verdict::unknown,
                  kNone = Verdict::not_applicable;

// A rule set and a fleet with verdicts at random; seeded, so that a failure can be repeated.
struct RandomFleet {
  RuleSet rules;
  std::vector<AssessedHost> hosts;

  explicit RandomFleet(unsigned seed, bool with_unknown) {
    std::mt19937 random(seed);
    auto roll = [&](int sides) { return static_cast<int>(random() % static_cast<unsigned>(sides)); };
    int rule_count = 1 + roll(40), host_count = 1 + roll(12);
    for (int i = 0; i < rule_count; ++i) {
      Rule rule = make_rule("rule." + std::to_string(1000 + i), static_cast<Pillar>(roll(kPillarCount)),
                            static_cast<Severity>(roll(4)));
      if (roll(3) == 0) rule.action = "action-" + std::to_string(roll(4));
      rule.fix.effort_days = roll(40) / 10.0;
      rule.fix.once = roll(5) == 0;
      rule.fix.cost = static_cast<CostClass>(roll(5));
      rules.rules.push_back(rule);
    }
    for (int i = 0; i < 3; ++i) {
      Gate gate{"gate-" + std::to_string(i), "t", "c", 1 + roll(4), {}, std::nullopt};
      gate.rules = {rules.rules[static_cast<std::size_t>(roll(rule_count))].id};
      rules.gates.push_back(std::move(gate));
    }
    for (int i = 0; i < host_count; ++i) {
      std::vector<Verdict> verdicts;
      for (int k = 0; k < rule_count; ++k) {
        int side = roll(with_unknown ? 10 : 8);
        verdicts.push_back(side < 4 ? kPass : side < 7 ? kFail : side < 8 ? kNone : kUnknown);
      }
      hosts.push_back(make_host("host" + std::to_string(i), std::move(verdicts)));
    }
  }
  Assessment assess() const { return plumbline::assess(rules, hosts, nullptr); }
};

int sum_of_contributions(const Assessment& assessment) {
  int sum = 0;
  for (const RuleResult& result : assessment.rules) sum += result.contribution;
  return sum;
}

}  // namespace

TEST_CASE("a tiny fleet scores what a person computes by hand") {
  // Two hosts, four rules.
  //   security: a (critical, weight 10) passes on one of two: degree 1/2, 5 points of 10
  //             b (low, weight 1)       passes on both:       degree 1,   1 point of 1
  //             value 6/11 = 54.545…
  //   compute:  c (high, weight 6)      passes on one, unknown on the other: degree 1, bounds 1/2 … 1
  //             d (medium, weight 3)    unknown on both: left out of the value; bounds 0 … 1
  //             value 6/6 = 100, lower 3/9 = 33.3…, upper 9/9 = 100
  //   score = (20 · 54.545… + 10 · 100) / 30 = 69.69… → 69.7
  //   lower = (20 · 54.545… + 10 · 33.333…) / 30 = 47.47… → 47.5;  upper = 69.7
  //   shares: security 20/30 · 54.545… = 36.36… , compute 10/30 · 100 = 33.33…; tenths 363.6 and 333.3 → 364 and 333
  //   rules: a 20/30 · 5/11 · 100 = 30.30…, b 6.06…; tenths 303.0 and 60.6 → 303 and 61; c takes all 333
  //   gain of a: 20/30 · 5/11 · 100 = 30.3; of c: nothing, it passes wherever it is known; of d: compute stays at 100: 0
  RuleSet rules;
  rules.rules = {make_rule("a", Pillar::security, Severity::critical), make_rule("b", Pillar::security, Severity::low),
                 make_rule("c", Pillar::compute, Severity::high), make_rule("d", Pillar::compute, Severity::medium)};
  std::vector<AssessedHost> hosts = {make_host("x", {kPass, kPass, kPass, kUnknown}),
                                     make_host("y", {kFail, kPass, kUnknown, kUnknown})};
  Assessment result = assess(rules, hosts, nullptr);
  CHECK(result.score.value == 697);
  CHECK(result.score.lower == 475);
  CHECK(result.score.upper == 697);
  CHECK(result.score.level == 3);
  CHECK(result.score.pillars[2].contribution == 364);
  CHECK(result.score.pillars[3].contribution == 333);
  CHECK(result.rules[0].contribution == 303);
  CHECK(result.rules[1].contribution == 61);
  CHECK(result.rules[2].contribution == 333);
  CHECK(result.rules[3].contribution == 0);
  CHECK(result.rules[0].gain == 303);
  CHECK(result.rules[2].gain == 0);
  CHECK(result.rules[3].gain == 0);
  CHECK(result.score.checks_known == Approx(5.0 / 8));
  CHECK(result.findings == std::vector<std::size_t>{0});
  CHECK(result.actions.size() == 1);
  CHECK(result.actions[0].gain == 303);
}

TEST_CASE("without any verdict there is no value and the level is the lowest") {
  RuleSet rules;
  rules.rules = {make_rule("a", Pillar::security, Severity::critical)};
  Assessment result = assess(rules, {make_host("x", {kUnknown})}, nullptr);
  CHECK_FALSE(result.score.value.has_value());
  CHECK(result.score.level == 1);
  CHECK(result.score.lower == 0);
  CHECK(result.score.upper == 1000);
  result = assess(rules, {}, nullptr);
  CHECK_FALSE(result.score.value.has_value());
  CHECK(result.score.hosts == 0);
}

TEST_CASE("contributions of any fleet add up to its score, and bounds enclose it") {
  for (unsigned seed = 1; seed <= 400; ++seed) {
    RandomFleet fleet(seed, true);
    Assessment result = fleet.assess();
    INFO("seed " << seed);
    CHECK(sum_of_contributions(result) == result.score.value.value_or(0));
    int pillars = 0;
    for (const PillarResult& pillar : result.score.pillars) pillars += pillar.contribution;
    CHECK(pillars == result.score.value.value_or(0));
    if (result.score.value) {
      CHECK(result.score.lower <= *result.score.value);
      CHECK(*result.score.value <= result.score.upper);
    }
    for (const PillarResult& pillar : result.score.pillars) {
      if (!pillar.value) continue;
      CHECK(*pillar.lower <= *pillar.value + 1e-9);
      CHECK(*pillar.value <= *pillar.upper + 1e-9);
    }
    CHECK(result.score.level <= result.score.level_without_gates);
  }
}

TEST_CASE("where nothing is unknown, contributions and gains make 100 and the bounds meet") {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    RandomFleet fleet(seed, false);
    Assessment result = fleet.assess();
    if (!result.score.value) continue;
    INFO("seed " << seed);
    int all = sum_of_contributions(result);
    for (const RuleResult& rule : result.rules) all += rule.gain;
    CHECK(std::abs(all - 1000) <= static_cast<int>(result.rules.size()) / 2 + 1);
    CHECK(result.score.lower == *result.score.value);
    CHECK(result.score.upper == *result.score.value);
  }
}

TEST_CASE("mending one host never lowers the score") {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    RandomFleet fleet(seed, true);
    Assessment before = fleet.assess();
    for (AssessedHost& host : fleet.hosts) {
      for (Verdict& verdict : host.judgement.verdicts) {
        if (verdict != kFail) continue;
        verdict = kPass;
        Assessment after = fleet.assess();
        INFO("seed " << seed);
        CHECK(after.score.value.value_or(0) >= before.score.value.value_or(0));
        CHECK(after.score.lower >= before.score.lower);
        CHECK(after.score.upper >= before.score.upper);
        CHECK(after.score.level >= before.score.level);
        verdict = kFail;
        break;
      }
    }
  }
}

TEST_CASE("the gain shown for an action is the difference that doing it makes") {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    RandomFleet fleet(seed, true);
    Assessment before = fleet.assess();
    for (const Action& action : before.actions) {
      RandomFleet changed = fleet;
      for (AssessedHost& host : changed.hosts) {
        for (std::size_t rule : action.rules) {
          Verdict& verdict = host.judgement.verdicts[rule];
          if (verdict != kNone) verdict = kPass;
        }
      }
      Assessment after = changed.assess();
      INFO("seed " << seed << " action " << action.id);
      CHECK(std::abs(*after.score.value - *before.score.value - action.gain) <= 1);
      for (std::size_t gate : action.opens_gates) CHECK_FALSE(after.gates[gate].shut);
    }
  }
}

TEST_CASE("the order of hosts changes no byte of the assessment") {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    RandomFleet fleet(seed, true);
    std::string first = to_json(fleet.rules, fleet.assess());
    std::mt19937 random(seed);
    std::shuffle(fleet.hosts.begin(), fleet.hosts.end(), random);
    INFO("seed " << seed);
    CHECK(to_json(fleet.rules, fleet.assess()) == first);
  }
}

TEST_CASE("shares are rounded so that they add up") {
  CHECK(apportion({33.3, 33.3, 33.4}, 100) == std::vector<int>{33, 33, 34});
  CHECK(apportion({0.5, 0.5}, 1) == std::vector<int>{1, 0});
  CHECK(apportion({0, 10, 0}, 10) == std::vector<int>{0, 10, 0});
  CHECK(apportion({}, 0).empty());
  CHECK(tenths(41.25) == 413);
  CHECK(tenths(41.2499) == 412);
  CHECK(show_points(413) == "41.3");
  CHECK(show_points(-5) == "-0.5");
}

TEST_CASE("an open gate leaves the level, a shut one caps it, and one that cannot be decided says so") {
  RuleSet rules;
  rules.rules = {make_rule("a", Pillar::security, Severity::low), make_rule("b", Pillar::security, Severity::critical)};
  rules.gates.push_back(Gate{"g", "t", "c", 1, {"a"}, std::nullopt});
  auto with = [&](Verdict verdict) { return assess(rules, {make_host("x", {verdict, kPass})}, nullptr); };
  CHECK(with(kPass).score.level == 5);
  CHECK(with(kFail).score.level == 1);
  CHECK(with(kFail).score.level_without_gates == 5);
  CHECK(with(kFail).gates[0].shut);
  CHECK(with(kFail).actions[0].opens_gates == std::vector<std::size_t>{0});
  CHECK(with(kUnknown).score.level == 5);
  CHECK(with(kUnknown).gates[0].unknown);
  CHECK_FALSE(with(kUnknown).gates[0].shut);
}

TEST_CASE("levels begin where DESIGN says") {
  CHECK(level_title(1) == "Not ready");
  CHECK(level_title(2) == "Foundations");
  CHECK(level_title(3) == "Pilot-ready");
  CHECK(level_title(4) == "Production-ready");
  CHECK(level_title(5) == "Scaling");
  RuleSet rules;
  rules.rules = {make_rule("a", Pillar::security, Severity::low)};
  auto level_at = [&](int passing) {
    std::vector<AssessedHost> hosts;
    for (int i = 0; i < 100; ++i) hosts.push_back(make_host(std::to_string(i), {i < passing ? kPass : kFail}));
    return assess(rules, hosts, nullptr).score.level;
  };
  CHECK(level_at(29) == 1);
  CHECK(level_at(30) == 2);
  CHECK(level_at(49) == 2);
  CHECK(level_at(50) == 3);
  CHECK(level_at(70) == 4);
  CHECK(level_at(84) == 4);
  CHECK(level_at(85) == 5);
}

TEST_CASE("rules with one action are one change: effort once a host, gain together, phase by size") {
  RuleSet rules;
  rules.rules = {make_rule("a", Pillar::security, Severity::high), make_rule("b", Pillar::security, Severity::high),
                 make_rule("c", Pillar::compute, Severity::high)};
  rules.rules[0].action = rules.rules[1].action = "baseline";
  rules.rules[0].fix.effort_days = 2;
  rules.rules[1].fix.effort_days = 0.5;
  rules.rules[2].fix.effort_days = 4;
  rules.rules[2].fix.once = true;
  rules.rules[2].fix.cost = CostClass::c3;
  Assessment result = assess(
      rules, {make_host("x", {kFail, kFail, kFail}), make_host("y", {kPass, kFail, kFail})}, nullptr);
  REQUIRE(result.actions.size() == 2);
  const Action& baseline = result.actions[0].id == "baseline" ? result.actions[0] : result.actions[1];
  const Action& other = result.actions[0].id == "baseline" ? result.actions[1] : result.actions[0];
  CHECK(baseline.rules.size() == 2);
  CHECK(baseline.hosts == std::vector<std::size_t>{0, 1});
  CHECK(baseline.effort_days == Approx(2.5));  // x: the longer of 2 and 0.5; y: 0.5
  CHECK(baseline.phase == 2);
  CHECK(other.effort_days == Approx(4));
  CHECK(other.phase == 3);
}

TEST_CASE("a host's own score knows no fleet rules") {
  RuleSet rules;
  rules.rules = {make_rule("a", Pillar::security, Severity::high), make_rule("b", Pillar::security, Severity::high)};
  const AssessedHost host = make_host("one", {kPass, kFail});
  CHECK(score_of_host(rules, host).value == 500);
  rules.rules[1].fleet = true;
  rules.rules[1].check = *cel::compile("false", {});
  CHECK(score_of_host(rules, host).value == 1000);
}

TEST_CASE("changes tell newly passing rules first") {
  RuleSet rules;
  rules.rules = {make_rule("a", Pillar::security, Severity::high), make_rule("b", Pillar::security, Severity::low)};
  auto out = changes(rules, {make_host("x", {kPass, kFail}), make_host("gone", {kPass, kPass})},
                     {make_host("x", {kFail, kPass}), make_host("new", {kFail, kFail})});
  REQUIRE(out.size() == 2);
  CHECK(out[0].rule == 1);
  CHECK(out[0].newly_passing == 1);
  CHECK(out[1].rule == 0);
  CHECK(out[1].newly_failing == 1);
}
