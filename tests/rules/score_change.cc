// SPDX-License-Identifier: Apache-2.0
// The three causes of a change: by hand, and as properties of the shipped rules over fleets made at random.
#include "rules/score_change.h"

#include <algorithm>
#include <random>

#include "tests/catch.h"

using namespace plumbline;

namespace {

constexpr Verdict kPass = Verdict::pass, kFail = Verdict::fail, kUnknown = Verdict::unknown, kNone = Verdict::not_applicable;

AssessedHost host_with(const std::string& id, std::vector<Verdict> verdicts) {
  AssessedHost host;
  host.id = host.name = id;
  host.judgement.verdicts = std::move(verdicts);
  return host;
}

// Rules of one pillar and weight: the score is the mean of their degrees.
RuleSet plain_rules(std::size_t count) {
  RuleSet rules;
  for (std::size_t i = 0; i < count; ++i) {
    Rule rule;
    rule.id = "rule-" + std::to_string(i);
    rule.pillar = Pillar::security;
    rule.severity = Severity::medium;
    rules.rules.push_back(std::move(rule));
  }
  return rules;
}

ScoreChange change(const RuleSet& rules, const std::vector<AssessedHost>& before, const std::vector<AssessedHost>& after) {
  const auto out = change_of_hosts(rules, verdicts_of(before), verdicts_of(after));
  REQUIRE(out);
  return *out;
}

const RuleSet& shipped() {
  static const auto rules = load_rules(PLUMBLINE_SOURCE_DIR "/rules");
  if (!rules) FAIL(rules.error().message);
  return **rules;
}

struct Random {
  std::mt19937 engine;
  int roll(int sides) { return static_cast<int>(engine() % static_cast<unsigned>(sides)); }

  Judgement judgement(const RuleSet& rules, bool with_unknown) {
    Judgement out;
    for (const Rule& rule : rules.rules) {
      const int side = roll(with_unknown ? 10 : 8);
      out.verdicts.push_back(rule.fleet ? kNone : side < 4 ? kPass : side < 6 ? kFail : side < 7 ? Verdict::waived : side < 8 ? kNone : kUnknown);
    }
    for (std::size_t i = 0; i < rules.measures.size(); ++i)
      out.measures.push_back(with_unknown && roll(4) == 0 ? std::nullopt : std::optional(roll(100) / 3.0));
    return out;
  }
  std::vector<AssessedHost> fleet(const RuleSet& rules, bool with_unknown) {
    std::vector<AssessedHost> out;
    for (int i = 0, count = 1 + roll(9); i < count; ++i) {
      out.push_back(host_with("host-" + std::to_string(roll(12)) + (i % 2 ? "a" : "b") + std::to_string(i), {}));
      out.back().judgement = judgement(rules, with_unknown);
    }
    return out;
  }
};

Tenths shown(const RuleSet& rules, const std::vector<AssessedHost>& hosts) { return assess(rules, hosts, nullptr).score.value.value(); }

}  // namespace

TEST_CASE("each cause of a change is put down to its own name") {
  const RuleSet rules = plain_rules(2);
  const std::vector<AssessedHost> half = {host_with("a", {kPass, kFail})};
  CHECK(change(rules, half, {host_with("a", {kPass, kPass})}) == ScoreChange{.fleet = 500});
  CHECK(change(rules, half, {host_with("a", {kPass, kNone})}) == ScoreChange{.fleet = 500});     // the thing itself is gone
  CHECK(change(rules, half, {host_with("a", {kPass, kUnknown})}) == ScoreChange{.coverage = 500});  // nobody sees it any more
  CHECK(change(rules, half, {host_with("a", {kPass, kFail}), host_with("b", {kPass, kPass})}) == ScoreChange{.coverage = 250});
  CHECK(change(rules, {half[0], host_with("b", {kPass, kPass})}, half) == ScoreChange{.coverage = -250});
  CHECK(change(rules, half, {host_with("a", {kPass, Verdict::waived})}) == ScoreChange{});  // a risk that is accepted costs the same
}

TEST_CASE("where several causes are at work coverage comes before the fleet") {
  // Before: 1/2. Host b appears and passes both: (1 + 1)/2 and 1/2, mean 3/4. Then a mends its own: 1.
  const RuleSet rules = plain_rules(2);
  const std::vector<AssessedHost> before = {host_with("a", {kPass, kFail})};
  const std::vector<AssessedHost> after = {host_with("a", {kPass, kPass}), host_with("b", {kPass, kPass})};
  CHECK(change(rules, before, after) == ScoreChange{.fleet = 250, .coverage = 250});
  CHECK(change(rules, after, before) == ScoreChange{.fleet = -500, .coverage = 0});  // the other way round: b is no loss
}

TEST_CASE("where a moment has no score there is no split") {
  const RuleSet rules = plain_rules(2);
  const std::vector<AssessedHost> some = {host_with("a", {kPass, kFail})}, dark = {host_with("a", {kUnknown, kNone})};
  CHECK_FALSE(change_of_hosts(rules, {}, verdicts_of(some)));
  CHECK_FALSE(change_of_hosts(rules, verdicts_of(some), verdicts_of(dark)));
  CHECK_FALSE(change_of_hosts(rules, verdicts_of(dark), verdicts_of(some)));
  CHECK_FALSE(change_of_rules(rules, verdicts_of(dark), rules, verdicts_of(some)));
}

TEST_CASE("where nothing of the moment before is left, all is coverage") {
  // a goes; of b, which stays, nothing applied before: no score lies between the two.
  const RuleSet rules = plain_rules(1);
  const std::vector<AssessedHost> before = {host_with("a", {kPass}), host_with("b", {kNone})}, after = {host_with("b", {kFail})};
  CHECK(change(rules, before, after) == ScoreChange{.coverage = -1000});
}

TEST_CASE("the value is the score that an assessment shows") {
  Random random{std::mt19937(7)};
  for (int round = 0; round < 40; ++round) {
    const auto hosts = random.fleet(shipped(), true);
    const Assessment assessment = assess(shipped(), hosts, nullptr);
    CHECK(score_value(shipped(), verdicts_of(assessment.hosts)) == assessment.score.value);
  }
  CHECK_FALSE(score_value(shipped(), {}));
}

TEST_CASE("the parts of any change add up to it") {
  Random random{std::mt19937(8)};
  for (int round = 0; round < 60; ++round) {
    const auto before = random.fleet(shipped(), true), after = random.fleet(shipped(), true);
    const ScoreChange found = change(shipped(), before, after);
    CHECK(found.total() == shown(shipped(), after) - shown(shipped(), before));
    CHECK(found.rules == 0);
  }
}

TEST_CASE("hosts that come or go, and facts that become known or unknown, are coverage alone, the same both ways") {
  Random random{std::mt19937(9)};
  for (int round = 0; round < 40; ++round) {
    auto before = random.fleet(shipped(), true);
    auto after = before;
    after.push_back(host_with("new", {}));
    after.back().judgement = random.judgement(shipped(), true);
    if (before.size() > 1) after.erase(after.begin());
    for (AssessedHost& host : after) {
      for (std::size_t i = 0; i < host.judgement.verdicts.size(); ++i)
        if (!shipped().rules[i].fleet && random.roll(6) == 0) host.judgement.verdicts[i] = kUnknown;
      for (auto& measure : host.judgement.measures)
        if (random.roll(6) == 0) measure.reset();
    }
    const ScoreChange there = change(shipped(), before, after), back = change(shipped(), after, before);
    CHECK(there.fleet == 0);
    CHECK(back.fleet == 0);
    CHECK(there.coverage == -back.coverage);
  }
}

TEST_CASE("a fleet that stays and is known throughout has no coverage, the same both ways") {
  Random random{std::mt19937(10)};
  for (int round = 0; round < 40; ++round) {
    const auto before = random.fleet(shipped(), false);
    auto after = before;
    for (AssessedHost& host : after) host.judgement = random.judgement(shipped(), false);
    const ScoreChange there = change(shipped(), before, after), back = change(shipped(), after, before);
    CHECK(there.coverage == 0);
    CHECK(back.coverage == 0);
    CHECK(there.fleet == -back.fleet);
  }
}

TEST_CASE("other rules over the same scans are rules alone, and together with the hosts' change they add up") {
  Random random{std::mt19937(11)};
  RuleSet fewer = shipped();
  fewer.rules.resize(fewer.rules.size() / 2);
  fewer.measures = shipped().measures;
  for (int round = 0; round < 20; ++round) {
    const auto before = random.fleet(shipped(), true), after = random.fleet(shipped(), true);
    auto found = change_of_rules(fewer, verdicts_of(before), shipped(), verdicts_of(before));
    REQUIRE(found);
    CHECK(found->fleet == 0);
    CHECK(found->coverage == 0);
    *found += change(shipped(), before, after);
    CHECK(found->total() == shown(shipped(), after) - shown(fewer, before));
    CHECK(change_of_rules(shipped(), verdicts_of(before), shipped(), verdicts_of(before)) == ScoreChange{});
  }
}
