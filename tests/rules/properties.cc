// SPDX-License-Identifier: Apache-2.0
// What must hold of every score and every roadmap, over fleets at random and over the sample company.
//
// Monotone means: a verdict that turns from fail to pass, from unknown to pass, or from fail to not_applicable never lowers
// the value, the lower bound, the upper bound, or the level. From unknown to fail the value may fall, for it counted only
// what was known; the lower bound stays at least where it was and the upper bound does not rise. From pass to not_applicable
// anything may happen: what no longer is there no longer speaks for anybody.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "base/text.h"
#include "collector/sample_company.h"
#include "rules/roadmap.h"
#include "rules/what_if.h"
#include "tests/bench/simulated_scan.h"
#include "tests/catch.h"
#include "tests/rules/decided_fleet.h"

using namespace plumbline;
using nlohmann::json;
using test::DecidedFleet;

namespace {

const std::string kSource = PLUMBLINE_SOURCE_DIR;
constexpr std::int64_t kEnd = 1'795'392'000;  // 2026-11-23

template <class T>
T need(Result<T> result) {
  INFO((result ? std::string() : result.error().message));
  REQUIRE(result);
  return std::move(*result);
}

const std::shared_ptr<const RuleSet>& shipped() {
  static const auto rules = need(load_rules(kSource + "/rules"));
  return rules;
}

const DecidedFleet& sample() {
  static const DecidedFleet fleet = [] {
    DecidedFleet out(shipped());
    const SampleCompany company = need(read_sample_company(kSource + "/packaging/demo"));
    for (std::size_t host = 0; host < company.hosts.size(); ++host)
      if (reports_on(company.hosts[host], 0)) out.add(need(sample_scan(company, host, 0, kEnd)), company.hosts[host].name);
    return out;
  }();
  return fleet;
}

// Real facts with some of them changed or lost: what a fleet is that nobody has seen.
DecidedFleet varied(unsigned seed) {
  std::mt19937 random(seed);
  DecidedFleet out(shipped());
  const SampleCompany company = need(read_sample_company(kSource + "/packaging/demo"));
  const std::size_t count = random() % 6;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t which = random() % company.hosts.size();
    Scan scan = random() % 3 == 0 ? testing::simulated_scan(std::string(32, 'a'), seed * 31 + i, 1, kEnd)
                                  : need(sample_scan(company, which, company.hosts[which].last_days_ago, kEnd));
    for (auto at = scan.sections.begin(); at != scan.sections.end();) at = random() % 5 == 0 ? scan.sections.erase(at) : std::next(at);
    out.add(std::move(scan), "host-" + std::to_string(i));
  }
  return out;
}

constexpr Verdict kAll[] = {Verdict::pass, Verdict::fail, Verdict::unknown, Verdict::not_applicable};

// Rules, actions that wait for each other, gates, a workload and verdicts at random.
struct RandomFleet {
  RuleSet rules;
  std::vector<AssessedHost> hosts;
  std::mt19937 random;

  int roll(int sides) { return static_cast<int>(random() % static_cast<unsigned>(sides)); }

  explicit RandomFleet(unsigned seed) : random(seed) {
    const int rule_count = 1 + roll(40), host_count = roll(8), action_count = 1 + roll(20);
    for (int i = 0; i < rule_count; ++i) rules.rules.push_back(make_rule(i, action_count));
    for (int i = 0; i < 3; ++i) {
      Gate gate{"gate-" + std::to_string(i), "t", "c", 1 + roll(4), {}, std::nullopt};
      for (int k = 0; k <= roll(3); ++k) gate.rules.push_back(rules.rules[static_cast<std::size_t>(roll(rule_count))].id);
      rules.gates.push_back(std::move(gate));
    }
    for (int i = 0; i < 3; ++i) rules.workloads.push_back(make_workload(i, rule_count, action_count));
    const int mood = roll(4);  // 0: nothing is known
    for (int i = 0; i < host_count; ++i) hosts.push_back(make_host(i, rule_count, mood));
  }

  Rule make_rule(int i, int action_count) {
    Rule rule;
    rule.id = "rule." + std::to_string(1000 + i);
    rule.pillar = static_cast<Pillar>(roll(kPillarCount));
    rule.severity = static_cast<Severity>(roll(4));
    const int action = roll(action_count);
    rule.action = "action-" + std::to_string(action);
    rule.fix.effort_days = roll(60) / 10.0;
    rule.fix.once = roll(6) == 0;
    rule.fix.cost = static_cast<CostClass>(roll(5));
    rule.fleet = roll(10) == 0;
    rule.check = *cel::compile(rule.fleet && roll(2) == 0 ? "0.4" : "true", {});
    for (int k = 0; k < roll(3); ++k)  // never a circle: each waits for smaller numbers
      if (action > 0) rule.fix.after.push_back("action-" + std::to_string(roll(action)));
    return rule;
  }
  Workload make_workload(int number, int rule_count, int action_count) {
    Workload out;
    out.id = "w" + std::to_string(number);
    for (std::vector<Requirement>* list : {&out.minimum, &out.recommended}) {
      for (int i = 0; i < roll(4); ++i) {
        Requirement one{"r" + std::to_string(i), "t", "c", false, *cel::compile("true", {}), std::nullopt, roll(30) / 10.0, static_cast<CostClass>(roll(4)), {}};
        for (int k = 0; k < roll(3); ++k) one.met_by.push_back({"action-" + std::to_string(roll(action_count)), std::nullopt, roll(4) == 0});
        list->push_back(std::move(one));
      }
    }
    for (int k = 0; k < roll(5); ++k) out.security_rules.push_back(rules.rules[static_cast<std::size_t>(roll(rule_count))].id);
    return out;
  }
  AssessedHost make_host(int number, int rule_count, int mood) {
    AssessedHost host;
    host.id = "id-" + std::to_string(number);
    host.name = "host" + std::to_string(number);
    host.taken_at = kEnd;
    const auto any = [&] { return mood == 0 ? Verdict::unknown : kAll[static_cast<std::size_t>(roll(mood == 1 ? 2 : 4))]; };
    for (int k = 0; k < rule_count; ++k)
      host.judgement.verdicts.push_back(rules.rules[static_cast<std::size_t>(k)].fleet ? Verdict::not_applicable : any());
    for (const Requirement* one : requirements_of(rules)) host.judgement.requirements.push_back(one->fleet ? Verdict::not_applicable : any());
    return host;
  }
  FleetFacts facts() const {
    return {hosts, [](std::size_t) -> Result<std::string> { return std::string("{}"); }};
  }
  Assessment assess() const { return plumbline::assess(rules, hosts, nullptr); }
};

WhatIf ask(const RuleSet& rules, const FleetFacts& facts, const std::string& text) {
  const auto changes = need(parse_changes("plan", text, rules));
  return need(what_if(rules, RuleIndex(rules), facts, changes));
}

std::string all_done(const Assessment& assessment) {
  std::string text;
  for (const Action& action : assessment.actions) text += "do " + action.id + "\n";
  return text;
}

void check_sums(const Assessment& assessment) {
  int rules = 0, pillars = 0;
  std::map<Pillar, int> by_pillar;
  for (const RuleResult& result : assessment.rules) rules += result.contribution;
  for (const PillarResult& pillar : assessment.score.pillars) pillars += pillar.contribution;
  CHECK(rules == assessment.score.value.value_or(0));
  CHECK(pillars == assessment.score.value.value_or(0));
}

void check_pillars(const RuleSet& rules, const Assessment& assessment) {
  for (const PillarResult& pillar : assessment.score.pillars) {
    int sum = 0;
    for (const RuleResult& result : assessment.rules)
      if (rules.rules[result.rule].pillar == pillar.pillar) sum += result.contribution;
    CHECK(sum == pillar.contribution);
  }
}

void check_roadmap(const RuleSet& rules, const Assessment& assessment) {
  for (std::size_t i = 0; i < assessment.actions.size(); ++i) {
    const Action& action = assessment.actions[i];
    INFO(action.id);
    if (i > 0) CHECK(assessment.actions[i - 1].phase <= action.phase);
    CHECK((action.phase >= 1 && action.phase <= 3));
    CHECK(std::is_sorted(action.after.begin(), action.after.end()));
    for (const std::size_t first : action.after) {
      CHECK(first < i);
      CHECK(assessment.actions[first].phase <= action.phase);
    }
    for (const std::size_t workload : action.unlocks) CHECK(assessment.workloads[workload].pilot != WorkloadState::ready);
  }
  // For any wish each action stands there once, after what it waits for.
  std::vector<std::size_t> wanted;
  for (std::size_t w = rules.workloads.size(); w-- > 0;) {
    wanted.push_back(w);
    const std::vector<std::size_t> order = order_for(rules, assessment, wanted);
    REQUIRE(order.size() == assessment.actions.size());
    std::vector<std::size_t> place(order.size(), order.size());
    for (std::size_t i = 0; i < order.size(); ++i) place[order[i]] = i;
    for (std::size_t i = 0; i < order.size(); ++i) {
      REQUIRE(place[i] < order.size());
      for (const std::size_t first : assessment.actions[i].after) CHECK(place[first] < place[i]);
    }
  }
}

// Each action done alone, and with all before it: its gain, its gates and the workloads that it unlocks, by judging again.
void check_gains(const RuleSet& rules, const FleetFacts& facts, const Assessment& now) {
  for (std::size_t i = 0; i < now.actions.size(); ++i) {
    const Action& action = now.actions[i];
    INFO(action.id);
    const WhatIf alone = ask(rules, facts, "do " + action.id);
    CHECK(*alone.after.score.value - *alone.before.score.value == action.gain);
    CHECK(alone.effort_days == Approx(action.effort_days));
    CHECK(alone.cost == action.cost);
    for (const std::size_t gate : action.opens_gates) CHECK_FALSE(alone.after.gates[gate].shut);
    std::string first;
    for (const std::size_t one : all_before(now.actions, i)) first += "do " + now.actions[one].id + "\n";
    const WhatIf without = ask(rules, facts, first), with = ask(rules, facts, first + "do " + action.id);
    for (std::size_t w = 0; w < now.workloads.size(); ++w) {
      const bool unlocked = with.after.workloads[w].pilot == WorkloadState::ready && without.after.workloads[w].pilot != WorkloadState::ready;
      CHECK((std::find(action.unlocks.begin(), action.unlocks.end(), w) != action.unlocks.end()) == unlocked);
    }
  }
}

void check_changes(const RuleSet& rules, const Assessment& now) {
  for (const WorkloadResult& workload : now.workloads) {
    CHECK(workload.needed.size() == static_cast<std::size_t>(workload.changes));
    double effort = 0;
    CostClass cost = CostClass::c0;
    for (const NeededChange& change : workload.needed) {
      CHECK((change.requirement == nullptr) != change.action.empty());
      effort += change.effort_days;
      cost = std::max(cost, change.cost);
      const auto known = std::any_of(rules.rules.begin(), rules.rules.end(), [&](const Rule& rule) { return rule.action == change.action; });
      CHECK((change.requirement != nullptr || known));
    }
    CHECK(effort == Approx(workload.effort_days));
    CHECK(cost == workload.cost);
    CHECK(std::is_sorted(workload.needed.begin(), workload.needed.end(), [](const NeededChange& a, const NeededChange& b) { return a.cost < b.cost; }));
    if (workload.pilot == WorkloadState::ready) CHECK(workload.needed.empty());
    if (workload.production == WorkloadState::ready) CHECK(workload.needed_for_production.empty());
  }
}

void check_not_lower(const Assessment& before, const Assessment& after) {
  CHECK(after.score.value.value_or(0) >= before.score.value.value_or(0));
  CHECK(after.score.lower >= before.score.lower);
  CHECK(after.score.upper >= before.score.upper);
  CHECK(after.score.level >= before.score.level);
}

}  // namespace

TEST_CASE("of any fleet, contributions add up to the score and to its pillars, changes to what workloads need, and the roadmap keeps its order") {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    const RandomFleet fleet(seed);
    const Assessment now = fleet.assess();
    check_sums(now);
    check_pillars(fleet.rules, now);
    check_roadmap(fleet.rules, now);
    check_changes(fleet.rules, now);
  }
}

TEST_CASE("of any fleet, doing an action makes the difference that the roadmap shows") {
  for (unsigned seed = 1; seed <= 120; ++seed) {
    INFO("seed " << seed);
    const RandomFleet fleet(seed);
    const Assessment now = fleet.assess();
    if (!now.actions.empty()) check_gains(fleet.rules, fleet.facts(), now);
    const Assessment done = ask(fleet.rules, fleet.facts(), all_done(now)).after;
    CHECK(done.actions.empty());
    CHECK(done.findings.empty());
  }
}

TEST_CASE("of any fleet, mending never lowers the value, a bound or the level") {
  for (unsigned seed = 1; seed <= 150; ++seed) {
    RandomFleet fleet(seed);
    if (fleet.hosts.empty()) continue;
    Assessment before = fleet.assess();
    for (int step = 0; step < 12; ++step) {
      const auto host = static_cast<std::size_t>(fleet.roll(static_cast<int>(fleet.hosts.size())));
      const auto rule = static_cast<std::size_t>(fleet.roll(static_cast<int>(fleet.rules.rules.size())));
      Verdict& verdict = fleet.hosts[host].judgement.verdicts[rule];
      if (verdict != Verdict::fail && verdict != Verdict::unknown) continue;
      const bool gone = verdict == Verdict::fail && fleet.roll(4) == 0;
      verdict = gone ? Verdict::not_applicable : Verdict::pass;
      INFO("seed " << seed << ", step " << step << (gone ? ", gone" : ""));
      Assessment after = fleet.assess();
      if (!gone || after.score.value) check_not_lower(before, after);
      before = std::move(after);
    }
  }
}

TEST_CASE("what turns out to fail narrows the bounds and never widens them") {
  for (unsigned seed = 1; seed <= 150; ++seed) {
    RandomFleet fleet(seed);
    for (AssessedHost& host : fleet.hosts) {
      const auto found = std::find(host.judgement.verdicts.begin(), host.judgement.verdicts.end(), Verdict::unknown);
      if (found == host.judgement.verdicts.end()) continue;
      const Assessment before = fleet.assess();
      *found = Verdict::fail;
      const Assessment after = fleet.assess();
      INFO("seed " << seed);
      CHECK(after.score.lower >= before.score.lower);
      CHECK(after.score.upper <= before.score.upper);
    }
  }
}

TEST_CASE("the order in which hosts come changes no byte") {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    RandomFleet fleet(seed);
    const std::string first = to_json(fleet.rules, fleet.assess());
    std::shuffle(fleet.hosts.begin(), fleet.hosts.end(), fleet.random);
    INFO("seed " << seed);
    CHECK(to_json(fleet.rules, fleet.assess()) == first);
  }
}

TEST_CASE("an accepted risk keeps its price, and doing all actions leaves only what is accepted") {
  for (unsigned seed = 1; seed <= 80; ++seed) {
    RandomFleet fleet(seed);
    if (fleet.hosts.empty()) continue;
    const Assessment open = fleet.assess();
    for (const std::size_t finding : open.findings) {
      if (fleet.roll(3) != 0) continue;
      Waiver waiver;
      waiver.rule = fleet.rules.rules[finding].id;
      waiver.hosts = fleet.rules.rules[finding].fleet ? "*" : "host" + std::to_string(fleet.roll(4));
      waiver.ends = kEnd + 86'400;
      fleet.rules.waivers.push_back(std::move(waiver));
    }
    const Assessment waived = fleet.assess();
    INFO("seed " << seed);
    CHECK(waived.score.value == open.score.value);
    CHECK(waived.score.lower == open.score.lower);
    CHECK(waived.score.upper == open.score.upper);
    CHECK(waived.score.level == open.score.level);
    for (std::size_t w = 0; w < open.workloads.size(); ++w) CHECK(waived.workloads[w].changes >= open.workloads[w].changes);
    check_roadmap(fleet.rules, waived);
    if (!waived.actions.empty()) check_gains(fleet.rules, fleet.facts(), waived);
    const Assessment done = ask(fleet.rules, fleet.facts(), all_done(waived)).after;
    CHECK(done.actions.empty());
    for (const RuleResult& result : done.rules) CHECK(result.tally.waived == waived.rules[result.rule].tally.waived);
  }
}

TEST_CASE("the sample company: sums, order, changes, and each action's difference") {
  const DecidedFleet& fleet = sample();
  const Assessment now = fleet.assessment();
  REQUIRE(now.actions.size() > 30);
  check_sums(now);
  check_pillars(fleet.rules(), now);
  check_roadmap(fleet.rules(), now);
  check_changes(fleet.rules(), now);
  check_gains(fleet.rules(), fleet.facts(), now);
  const Assessment done = ask(fleet.rules(), fleet.facts(), all_done(now)).after;
  CHECK(done.actions.empty());
  CHECK(done.findings.empty());
  CHECK(*done.score.value == 1000);
}

TEST_CASE("fleets of real facts, some of them lost: sums, order, changes, all done, any order of hosts") {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    INFO("seed " << seed);
    DecidedFleet fleet = varied(seed);
    const Assessment now = fleet.assessment();
    check_sums(now);
    check_pillars(fleet.rules(), now);
    check_roadmap(fleet.rules(), now);
    check_changes(fleet.rules(), now);
    const WhatIf done = ask(fleet.rules(), fleet.facts(), all_done(now));
    CHECK(done.after.findings.empty());
    check_not_lower(now, done.after);
    const std::string first = to_json(fleet.rules(), now);
    fleet.reverse();
    CHECK(to_json(fleet.rules(), fleet.assessment()) == first);
  }
}

TEST_CASE("no host, one host, and hosts of which nothing is known") {
  DecidedFleet fleet(shipped());
  const Assessment none = fleet.assessment();
  CHECK_FALSE(none.score.value);
  CHECK(none.actions.empty());
  for (const WorkloadResult& one : none.workloads) {
    CHECK(one.pilot == WorkloadState::unknown);
    CHECK(one.needed.empty());
  }
  CHECK(order_for(fleet.rules(), none, {0, 1, 2}).empty());
  for (const char* name : {"a", "b"}) fleet.add(name, "2026-11-20", json::object());
  const Assessment dark = fleet.assessment();
  CHECK(dark.score.checks_known < 0.1);
  for (const WorkloadResult& one : dark.workloads) CHECK(one.pilot == WorkloadState::unknown);
  check_sums(dark);
  check_roadmap(fleet.rules(), dark);
  DecidedFleet single(shipped());
  single.add(testing::simulated_scan(std::string(32, 'a'), 7, 1, kEnd), "only");
  const Assessment one = single.assessment();
  check_sums(one);
  check_roadmap(single.rules(), one);
  check_gains(single.rules(), single.facts(), one);
  for (const WorkloadResult& workload : one.workloads) CHECK(workload.production != WorkloadState::ready);  // nobody stands in for it
}

// ---- the later real gain

namespace {

struct Mended {
  const char* action;
  std::vector<const char*> edits;  // on every host of the action
};

// What doing an action leaves behind on its hosts, as far as its own rules read it.
const Mended kMended[] = {
    {"trust.clock", {"time.synchronized = true"}},
    {"trust.tpm", {"boot.tpm_version = \"2\""}},
    {"trust.boot-loader", {"boot.grub_config_mode = \"0600\""}},
    {"trust.confinement", {"mac.enforcing = true"}},
    {"secrets", {"secrets.world_readable_files = 0", "secrets.in_arguments = 0", "ai.mcp_plaintext_tokens = 0"}},
    {"certificates", {"certificates.expired = 0", "certificates.expiring_30d = 0", "certificates.weak_keys = 0", "certificates.private_keys_too_open = 0"}},
    {"data.not-as-root", {"data_stores.instances[].root = false"}},
    {"data.redis-floor", {"data_stores.instances[kind == \"redis\"].version = \"8.2.2\""}},
    {"platform.python", {"packages.python_versions = [\"3.12\"]"}},
    {"accel.memory-errors", {"accelerators.devices[].ecc_uncorrected_errors = 0"}},
    {"container-baseline", {"containers.docker_socket_mode = \"0660\"", "containers.docker_group_members = 0", "containers.privileged = 0", "containers.host_mounts = 0"}},
    {"compute.load", {"host.load_15min = 0.1"}},
    {"ssh-baseline", {"ssh.permit_root_login = \"no\"", "ssh.weak_algorithms = []", "ssh.max_auth_tries = 3", "ssh.login_grace_seconds = 30", "ssh.access_limited = true",
                      "ssh.host_keys_too_open = 0", "ssh.hostbased_authentication = false", "ssh.ignore_rhosts = true", "ssh.permit_user_environment = false", "ssh.log_level = \"VERBOSE\"", "ssh.exposure = \"loopback\""}},
    {"accounts-baseline", {"accounts.weak_hashes = 0", "accounts.hash_method = \"YESCRYPT\"", "accounts.system_with_shell = 0", "accounts.sudo_nopasswd = 0", "accounts.faillock = true",
                           "accounts.password_min_length = 16"}},
    // Lists of ten days: fresh enough for themselves, not for the updates of the last month, which are another action's.
    {"patch-automation", {"patching.last_check_days = 10.0", "patching.automatic = true"}},
    {"ai.operated", {"ai.services[].managed = true"}},
};

// The rules of other actions must say what they said: else the edits do more than the action.
bool touches_only(const RuleSet& rules, const WhatIf& result, const std::string& action) {
  return std::all_of(result.rules.begin(), result.rules.end(), [&](const RuleShift& shift) { return rules.rules[shift.rule].action == action; });
}

}  // namespace

TEST_CASE("what if of an action is the gain that comes later, when the facts are what its rules ask for") {
  const DecidedFleet& fleet = sample();
  const RuleSet& rules = fleet.rules();
  const Assessment now = fleet.assessment();
  std::size_t seen = 0;
  for (const Mended& mended : kMended) {
    const auto found = std::find_if(now.actions.begin(), now.actions.end(), [&](const Action& action) { return action.id == mended.action; });
    INFO(mended.action);
    REQUIRE(found != now.actions.end());
    std::string text;
    for (const std::size_t host : found->hosts)
      for (const char* edit : mended.edits) text += now.hosts[host].name + ": " + edit + "\n";
    const WhatIf real = ask(rules, fleet.facts(), text), planned = ask(rules, fleet.facts(), "do " + std::string(mended.action));
    CHECK(touches_only(rules, real, mended.action));
    CHECK(real.after.score.value == planned.after.score.value);
    CHECK(*real.after.score.value - *real.before.score.value == found->gain);
    CHECK(std::none_of(real.after.actions.begin(), real.after.actions.end(), [&](const Action& left) { return left.id == mended.action; }));
    ++seen;
  }
  CHECK(seen == std::size(kMended));
}

TEST_CASE("switching on the cards that lie idle unlocks the workloads that the roadmap says, when the facts are so") {
  const DecidedFleet& fleet = sample();
  const Assessment now = fleet.assessment();
  const auto driver = std::find_if(now.actions.begin(), now.actions.end(), [](const Action& action) { return action.id == "gpu-driver"; });
  REQUIRE(driver != now.actions.end());
  REQUIRE_FALSE(driver->unlocks.empty());
  std::string text;
  for (const std::size_t host : driver->hosts) {
    const std::string& name = now.hosts[host].name;
    text += name + ": accelerators.devices[].usable = true\n" + name + ": accelerators.devices[vendor == \"nvidia\"].driver = \"nvidia\"\n" + name +
            ": accelerators.nvidia_driver = \"580.178.04\"\n";
  }
  const WhatIf real = ask(fleet.rules(), fleet.facts(), text);
  for (const std::size_t workload : driver->unlocks) {
    INFO(fleet.rules().workloads[workload].id);
    CHECK(real.before.workloads[workload].pilot != WorkloadState::ready);
    CHECK(real.after.workloads[workload].pilot == WorkloadState::ready);
  }
}
