// SPDX-License-Identifier: Apache-2.0
// What actions wait for, unlock and help, the order to do them in, and the changes that workloads need.
#include "rules/roadmap.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "rules/what_if.h"
#include "tests/catch.h"
#include "tests/rules/decided_fleet.h"
#include "tests/rules/fixture.h"

using namespace plumbline;
using nlohmann::json;
using test::DecidedFleet;
using test::RulesFolder;

namespace {

// A rule of its own action, with this in its fix: "effort_days: 3" or "after: [b]".
std::string rule(const std::string& id, const std::string& check, const std::string& fix, const std::string& more = "") {
  std::string text = RulesFolder::rule(id, check, more);
  const std::string old = "effort_days: 1, cost: C0, owner: Head of IT}";
  const std::string effort = fix.find("effort_days") == std::string::npos ? "effort_days: 1, " : "";
  const std::string cost = fix.find("cost") == std::string::npos ? "cost: C0, " : "";
  return text.replace(text.find(old), old.size(), effort + cost + "owner: Head of IT" + (fix.empty() ? "" : ", " + fix) + "}");
}

std::shared_ptr<const RuleSet> loaded(const RulesFolder& folder) {
  auto rules = load_rules(folder.path());
  INFO((rules ? std::string() : rules.error().message));
  REQUIRE(rules);
  return *rules;
}

std::string refusal(const RulesFolder& folder) {
  auto rules = load_rules(folder.path());
  REQUIRE_FALSE(rules);
  std::string text = rules.error().message;
  for (std::size_t at; (at = text.find(folder.path() + "/")) != std::string::npos;) text.erase(at, folder.path().size() + 1);
  return text;
}

std::vector<std::string> ids(const Assessment& assessment, const std::vector<std::size_t>& indexes) {
  std::vector<std::string> out;
  for (const std::size_t index : indexes) out.push_back(assessment.actions[index].id);
  return out;
}
std::vector<std::string> all_ids(const Assessment& assessment) {
  std::vector<std::string> out;
  for (const Action& action : assessment.actions) out.push_back(action.id);
  return out;
}
const Action& action_of(const Assessment& assessment, const std::string& id) {
  const auto found = std::find_if(assessment.actions.begin(), assessment.actions.end(), [&](const Action& one) { return one.id == id; });
  INFO(id);
  REQUIRE(found != assessment.actions.end());
  return *found;
}

using Ids = std::vector<std::string>;

std::string workload(const std::string& requirements, const std::string& security = "[]") {
  return "workload: chat\ntitle: Chat\noutcome: Staff ask.\nkpis: [time]\n" + requirements + "security: " + security + "\ndecision: d\nthreshold: t\n";
}
std::string requirement(const std::string& id, const std::string& check, const std::string& price, const std::string& more = "") {
  return "  - id: " + id + "\n    text: t\n    ceo: c\n    check: " + check + "\n    " + price + "\n" + more;
}

json host(bool ssh, bool root_encrypted, std::int64_t memory_gb) {
  return {{"ssh", {{"installed", ssh}}}, {"storage", {{"root_encrypted", root_encrypted}}}, {"memory", {{"total_bytes", memory_gb * 1'000'000'000}}}};
}

}  // namespace

TEST_CASE("what an action waits for must exist, and must not wait for it") {
  RulesFolder folder;
  folder.pack("t", "rules:\n" + rule("one", "ssh.installed", "after: [too]") + rule("two", "ssh.installed", "after: [two]") +
                       rule("three", "ssh.installed", "after: [four]") + rule("four", "ssh.installed", "after: [five]") +
                       rule("five", "ssh.installed", "after: [three, one]"));
  CHECK(refusal(folder) ==
        "packs/t/rules.yaml:10:78: error: no rule has the action 'too'; did you mean 'two'?\n"
        "      fix: {text: Do it., effort_days: 1, cost: C0, owner: Head of IT, after: [too]}\n"
        "                                                                               ^\n"
        "packs/t/rules.yaml:19:78: error: the action 'two' waits for itself\n"
        "      fix: {text: Do it., effort_days: 1, cost: C0, owner: Head of IT, after: [two]}\n"
        "                                                                               ^\n"
        "packs/t/rules.yaml:37:78: error: actions wait for each other in a circle: five after three after four after five\n"
        "      fix: {text: Do it., effort_days: 1, cost: C0, owner: Head of IT, after: [five]}\n"
        "                                                                               ^\n"
        "3 mistakes");
}

TEST_CASE("a circle through rules of one action is a circle, and a long chain is none") {
  RulesFolder folder;
  folder.pack("t", "rules:\n" + rule("a.one", "ssh.installed", "after: [b]", "    action: a\n") + rule("a.two", "ssh.installed", "", "    action: a\n") +
                       rule("b", "ssh.installed", "after: [a]"));
  CHECK(contains(refusal(folder), "actions wait for each other in a circle: a after b after a"));
  std::string chain;
  for (int i = 0; i < 900; ++i)
    chain += rule("r." + std::to_string(1000 + i), "ssh.installed", i > 0 ? "after: [r." + std::to_string(999 + i) + "]" : "");
  RulesFolder longer;
  longer.pack("t", "rules:\n" + chain);
  DecidedFleet fleet(loaded(longer));
  fleet.add("a", "2026-11-20", host(false, true, 1));
  const Assessment shown = fleet.assessment();
  REQUIRE(shown.actions.size() == 900);
  for (std::size_t i = 0; i < 900; ++i) CHECK(shown.actions[i].id == "r." + std::to_string(1000 + i));
}

TEST_CASE("an action waits where both are open on one host, or where one is done once for all") {
  RulesFolder folder;
  folder.pack("t", "rules:\n" + rule("first", "ssh.installed", "") + rule("second", "storage.root_encrypted", "after: [first]") +
                       rule("once", "memory.total_bytes > 8000000000", "once: true, after: [second]"));
  DecidedFleet apart(loaded(folder));
  apart.add("a", "2026-11-20", host(false, true, 16)).add("b", "2026-11-20", host(true, false, 16));
  CHECK(action_of(apart.assessment(), "second").after.empty());
  DecidedFleet together(apart);
  together.add("c", "2026-11-20", host(false, false, 4));
  const Assessment shown = together.assessment();
  CHECK(ids(shown, action_of(shown, "second").after) == Ids{"first"});
  CHECK(ids(shown, action_of(shown, "once").after) == Ids{"second"});
  const auto place = static_cast<std::size_t>(&action_of(shown, "once") - shown.actions.data());
  CHECK(ids(shown, all_before(shown.actions, place)) == Ids{"first", "second"});
  // What is done already is waited for by nobody.
  DecidedFleet done(loaded(folder));
  done.add("a", "2026-11-20", host(true, false, 16));
  CHECK(action_of(done.assessment(), "second").after.empty());
}

TEST_CASE("a prerequisite inherits the worth and the phase of what waits for it") {
  RulesFolder folder;
  // By themselves: plain 6 points weight for one day; slow little for four; jewel critical for one day, but only after slow.
  const auto weigh = [](std::string text, const std::string& severity) { return text.replace(text.find("severity: high"), 14, "severity: " + severity); };
  folder.pack("t", "rules:\n" + weigh(rule("jewel", "ssh.installed", "effort_days: 2, after: [slow]"), "critical") +
                       weigh(rule("slow", "ssh.installed", "effort_days: 3"), "low") + weigh(rule("plain", "ssh.installed", "effort_days: 4"), "medium") +
                       weigh(rule("opener", "ssh.installed", "effort_days: 5, after: [way]"), "low") +
                       weigh(rule("way", "ssh.installed", "effort_days: 6, cost: C3"), "low") + weigh(rule("small", "ssh.installed", "effort_days: 0.5"), "low") +
                       "gates:\n  - {id: g, title: t, ceo: c, level: 1, rules: [opener]}\n");
  DecidedFleet fleet(loaded(folder));
  fleet.add("a", "2026-11-20", host(false, true, 1));
  const Assessment shown = fleet.assessment();
  // Phase 1: the small win. The opener waits for a purchase of phase 2, which inherits being a lever; jewel with slow gives
  // 11 of weight in 5 days, plain 3 in 4.
  CHECK(all_ids(shown) == Ids{"small", "way", "opener", "slow", "jewel", "plain"});
  CHECK(action_of(shown, "small").phase == 1);
  for (const char* id : {"way", "opener", "slow", "jewel", "plain"}) CHECK(action_of(shown, id).phase == 2);
  CHECK(action_of(shown, "opener").opens_gates == std::vector<std::size_t>{0});
  CHECK(action_of(shown, "way").opens_gates.empty());
}

TEST_CASE("actions that only together open a gate come first, by the level that it caps") {
  RulesFolder folder;
  folder.pack("t", "rules:\n" + rule("both.a", "ssh.installed", "effort_days: 8") + rule("both.b", "ssh.installed", "effort_days: 9") +
                       rule("alone", "ssh.installed", "effort_days: 2") + rule("quick", "ssh.installed", "effort_days: 0.1") +
                       "gates:\n  - {id: two, title: t, ceo: c, level: 1, rules: [both.a, both.b]}\n  - {id: one, title: t, ceo: c, level: 3, rules: [alone]}\n");
  DecidedFleet fleet(loaded(folder));
  fleet.add("a", "2026-11-20", host(false, true, 1));
  const Assessment shown = fleet.assessment();
  CHECK(all_ids(shown) == Ids{"both.a", "both.b", "alone", "quick"});
  CHECK(action_of(shown, "both.a").opens_gates.empty());
  CHECK(action_of(shown, "both.a").phase == 1);
}

TEST_CASE("a workload is unlocked by the action that takes the last obstacle away, with what must be done before it") {
  RulesFolder folder;
  folder.pack("t", "rules:\n" + rule("open", "ssh.installed", "after: [first]") + rule("first", "storage.root_encrypted", "") +
                       rule("later", "memory.total_bytes > 64000000000", "after: [open]"));
  folder.write("workloads/chat.yaml", workload("minimum: []\n", "[open, first]"));
  DecidedFleet fleet(loaded(folder));
  fleet.add("a", "2026-11-20", host(false, false, 16));
  const Assessment shown = fleet.assessment();
  CHECK(action_of(shown, "open").unlocks == std::vector<std::size_t>{0});
  CHECK(action_of(shown, "open").helps.empty());
  CHECK(action_of(shown, "first").unlocks.empty());
  CHECK(action_of(shown, "first").helps == std::vector<std::size_t>{0});
  CHECK(action_of(shown, "later").unlocks.empty());  // it is ready before that
  CHECK(action_of(shown, "later").helps.empty());
  CHECK(shown.workloads[0].needed.size() == 2);
  CHECK(shown.workloads[0].changes == 2);
}

namespace {

// A card without a driver on one host and none on the other; buying one costs C1.
std::shared_ptr<const RuleSet> card_rules() {
  RulesFolder folder;
  folder.pack("t", "rules:\n" + rule("card", "accelerators.devices.all(d, d.usable)", "effort_days: 0.5", "    action: driver\n") +
                       rule("port", "ssh.installed", "effort_days: 0.25") +
                       "production:\n" + requirement("spare", "fleet.carriers >= 2.0", "scope: fleet\n    effort_days: 5\n    cost: C2"));
  folder.write("workloads/chat.yaml",
               workload("minimum:\n" + requirement("card", "accelerators.devices.exists(d, d.usable && d.memory_bytes >= 16000000000)", "effort_days: 2\n    cost: C1",
                                                   "    met_by:\n      - {action: driver, when: \"accelerators.devices.exists(d, d.memory_bytes >= 16000000000)\"}\n"),
                        "[port]"));
  return loaded(folder);
}

json card_host(bool ssh, const std::vector<std::pair<bool, std::int64_t>>& cards) {
  json devices = json::array();
  for (const auto& [usable, gb] : cards) devices.push_back({{"usable", usable}, {"memory_bytes", gb * 1'000'000'000}});
  return {{"ssh", {{"installed", ssh}}}, {"accelerators", {{"devices", devices}}}};
}

}  // namespace

TEST_CASE("the cheapest change is named: a card that lies idle before one that is bought, and the second host by what it lacks") {
  const auto rules = card_rules();
  DecidedFleet fleet(rules);
  fleet.add("bare", "2026-11-20", card_host(true, {})).add("idle", "2026-11-20", card_host(true, {{false, 24}})).add("small", "2026-11-20", card_host(true, {{false, 8}}));
  const Assessment shown = fleet.assessment();
  const WorkloadResult& chat = shown.workloads[0];
  CHECK(shown.hosts[chat.hosts.front()].name == "idle");
  CHECK(chat.pilot == WorkloadState::after_changes);
  REQUIRE(chat.needed.size() == 1);
  CHECK(chat.needed[0].action == "driver");
  CHECK(chat.needed[0].requirement == nullptr);
  CHECK(chat.needed[0].effort_days == Approx(0.5));
  CHECK(chat.cost == CostClass::c0);
  // Another host that carries it: the next nearest needs a card for two days, less than the 5 that the pack says.
  REQUIRE(chat.needed_for_production.size() == 1);
  CHECK(chat.needed_for_production[0].requirement->id == "spare");
  CHECK(chat.needed_for_production[0].effort_days == Approx(2));
  CHECK(chat.needed_for_production[0].cost == CostClass::c1);
  CHECK(action_of(shown, "driver").unlocks == std::vector<std::size_t>{0});

  // Done, it carries the workload; the card of 8 GB works as well and is too small.
  const auto changes = parse_changes("test", "do driver", *rules);
  REQUIRE(changes);
  const auto result = what_if(*rules, RuleIndex(*rules), fleet.facts(), *changes);
  REQUIRE(result);
  CHECK(result->after.workloads[0].pilot == WorkloadState::ready);
  CHECK(result->after.workloads[0].hosts.size() == 1);
  CHECK(result->after.workloads[0].production == WorkloadState::after_changes);
  CHECK(result->effort_days == Approx(1));  // two hosts, half a day each: the requirement's own effort is not counted beside
}

TEST_CASE("where the action is open only by a waiver, or its condition does not hold, the requirement is met by itself") {
  RulesFolder site;
  const auto rules = card_rules();
  DecidedFleet fleet(rules);
  fleet.add("small", "2026-11-20", card_host(true, {{false, 8}}));
  const Assessment shown = fleet.assessment();
  REQUIRE(shown.workloads[0].needed.size() == 1);
  CHECK(shown.workloads[0].needed[0].requirement->id == "card");
  CHECK(shown.workloads[0].needed[0].cost == CostClass::c1);
  CHECK(action_of(shown, "driver").unlocks.empty());
}

TEST_CASE("an action that must be done anyway meets a requirement at no change more") {
  RulesFolder folder;
  folder.pack("t", "rules:\n" + rule("a", "ssh.installed", "effort_days: 9, cost: C2"));
  folder.write("workloads/chat.yaml", workload("minimum:\n" + requirement("one", "storage.root_encrypted", "effort_days: 1\n    cost: C0", "    met_by: [{action: a}]\n") +
                                                   requirement("two", "memory.total_bytes > 0", "effort_days: 1\n    cost: C0"),
                                               "[a]"));
  DecidedFleet fleet(loaded(folder));
  fleet.add("x", "2026-11-20", host(false, false, 0));
  const WorkloadResult chat = fleet.assessment().workloads[0];
  REQUIRE(chat.needed.size() == 2);  // cheapest first
  CHECK(chat.needed[0].requirement->id == "two");
  CHECK(chat.needed[1].action == "a");
  CHECK(chat.effort_days == Approx(10));
  CHECK(chat.cost == CostClass::c2);
}

TEST_CASE("one action that meets two requirements beats two purchases, and a dear one does not beat a cheap purchase") {
  const auto needed = [](const std::string& fix) {
    RulesFolder folder;
    folder.pack("t", "rules:\n" + rule("a", "ssh.installed", fix));
    folder.write("workloads/chat.yaml", workload("minimum:\n" + requirement("one", "storage.root_encrypted", "effort_days: 1\n    cost: C1", "    met_by: [{action: a}]\n") +
                                                     requirement("two", "memory.total_bytes > 0", "effort_days: 1\n    cost: C1", "    met_by: [{action: a}]\n")));
    DecidedFleet fleet(loaded(folder));
    fleet.add("x", "2026-11-20", host(false, false, 0));
    Ids out;
    const Assessment shown = fleet.assessment();
    for (const NeededChange& change : shown.workloads[0].needed) out.push_back(change.requirement ? change.requirement->id : "do " + change.action);
    return out;
  };
  CHECK(needed("effort_days: 3, cost: C2") == Ids{"do a"});        // one change instead of two, at a pilot's means
  CHECK(needed("effort_days: 3, cost: C3") == Ids{"one", "two"});  // beyond a pilot's means
}

TEST_CASE("'always' takes the action wherever it is open, for it is the same work") {
  const auto needed = [](const std::string& more, bool ssh) {
    RulesFolder folder;
    folder.pack("t", "rules:\n" + rule("a", "ssh.installed", "effort_days: 9, cost: C1") +
                         "measures:\n  - {id: safe, title: t, value: storage.root_encrypted, aggregate: count}\n");
    folder.write("workloads/chat.yaml", workload("minimum:\n" + requirement("one", "fleet.safe > 0.0", "scope: fleet\n    effort_days: 1\n    cost: C1",
                                                                             "    met_by: [{action: a" + more + "}]\n")));
    DecidedFleet fleet(loaded(folder));
    fleet.add("x", "2026-11-20", host(ssh, false, 0)).add("y", "2026-11-20", host(ssh, false, 0));
    const WorkloadResult chat = fleet.assessment().workloads[0];
    REQUIRE(chat.needed.size() == 1);
    return std::pair(chat.needed[0].action, chat.needed[0].effort_days);
  };
  CHECK(needed("", false) == std::pair(std::string(), 1.0));
  CHECK(needed(", always: true", false) == std::pair(std::string("a"), 18.0));  // of the fleet: on both hosts
  CHECK(needed(", always: true", true) == std::pair(std::string(), 1.0));       // not open: nothing of it is left to do
}

TEST_CASE("a second host carries it, does not, or cannot be told") {
  RulesFolder folder;
  folder.pack("t", "production:\n" + requirement("spare", "fleet.carriers >= 2.0", "scope: fleet\n    observed: string(int(fleet.carriers))\n    effort_days: 5\n    cost: C2"));
  folder.write("workloads/chat.yaml", workload("minimum:\n" + requirement("memory", "memory.total_bytes >= 16000000000", "effort_days: 1\n    cost: C1")));
  const auto rules = loaded(folder);
  REQUIRE(rules->workloads[0].recommended.size() == 1);
  const auto production = [&](const std::vector<std::optional<int>>& memory) {
    DecidedFleet fleet(rules);
    int number = 0;
    for (const auto& gb : memory)
      fleet.add("h" + std::to_string(++number), "2026-11-20", gb ? json{{"memory", {{"total_bytes", std::int64_t{*gb} * 1'000'000'000}}}} : json::object());
    const WorkloadResult chat = fleet.assessment().workloads[0];
    return std::pair(chat.production, chat.recommended[0].observed);
  };
  CHECK(production({16, 16}) == std::pair(WorkloadState::ready, std::string("2")));
  CHECK(production({16, 8}) == std::pair(WorkloadState::after_changes, std::string("1")));
  CHECK(production({16, std::nullopt}) == std::pair(WorkloadState::unknown, std::string("1")));
  CHECK(production({16, 16, std::nullopt}).first == WorkloadState::ready);
  CHECK(production({16}).first == WorkloadState::after_changes);
}

TEST_CASE("what packs ask for production joins every workload, but its own word counts") {
  RulesFolder folder;
  folder.pack("t", "production:\n" + requirement("watch", "ssh.installed", "effort_days: 1\n    cost: C0") + requirement("more", "ssh.installed", "effort_days: 1\n    cost: C0"));
  folder.pack("u", "workloads:\n  - {workload: own, title: t, outcome: o, minimum: [], recommended: [{id: watch, text: mine, ceo: c, check: true, effort_days: 1, cost: C0}], decision: d, threshold: t}\n");
  folder.write("workloads/chat.yaml", workload("minimum: []\n"));
  const auto rules = loaded(folder);
  REQUIRE(rules->workloads.size() == 2);
  const auto asked = [&](std::size_t index) {
    Ids out;
    for (const Requirement& one : rules->workloads[index].recommended) out.push_back(one.id + " " + one.text);
    return out;
  };
  CHECK(asked(0) == Ids{"watch t", "more t"});
  CHECK(asked(1) == Ids{"watch mine", "more t"});
  folder.pack("v", "production:\n" + requirement("watch", "ssh.installed", "effort_days: 1\n    cost: C0"));
  CHECK(contains(refusal(folder), "another requirement for production has the id 'watch': packs/t/rules.yaml:2"));
}

TEST_CASE("only production may count carriers, and no measure takes their name") {
  RulesFolder minimum;
  minimum.pack("t", "measures:\n  - {id: cores, title: t, value: cpu.cores, aggregate: sum}\n");
  minimum.write("workloads/chat.yaml", workload("minimum:\n" + requirement("spare", "fleet.carriers >= 2.0", "scope: fleet\n    effort_days: 5\n    cost: C2")));
  CHECK(contains(refusal(minimum), "carriers"));
  RulesFolder measure;
  measure.pack("t", "measures:\n  - {id: carriers, title: t, value: cpu.cores, aggregate: sum}\n");
  CHECK(contains(refusal(measure), "no measure may be called 'carriers'"));
  RulesFolder unknown;
  unknown.pack("t", "rules:\n" + rule("driver", "ssh.installed", ""));
  unknown.write("workloads/chat.yaml", workload("minimum:\n" + requirement("card", "ssh.installed", "effort_days: 5\n    cost: C2", "    met_by: [{action: drivers}]\n")));
  CHECK(contains(refusal(unknown), "workloads/chat.yaml:12:23: error: no rule has the action 'drivers'; did you mean 'driver'?"));
}

TEST_CASE("for the workloads that are wanted, what they need comes first, with all before it") {
  RulesFolder folder;
  folder.pack("t", "rules:\n" + rule("big", "ssh.installed", "effort_days: 30, after: [base]") + rule("base", "ssh.installed", "effort_days: 12") +
                       rule("quick", "ssh.installed", "effort_days: 0.1") + rule("other", "ssh.installed", "effort_days: 40"));
  folder.write("workloads/a.yaml", "workload: a\ntitle: A\noutcome: o\nminimum: []\nsecurity: [big]\ndecision: d\nthreshold: t\n");
  folder.write("workloads/b.yaml", "workload: b\ntitle: B\noutcome: o\nminimum: []\nsecurity: [other]\ndecision: d\nthreshold: t\n");
  DecidedFleet fleet(loaded(folder));
  fleet.add("x", "2026-11-20", host(false, true, 0));
  const Assessment shown = fleet.assessment();
  const RuleSet& rules = fleet.rules();
  const auto order = [&](const std::vector<std::size_t>& wanted) { return ids(shown, order_for(rules, shown, wanted)); };
  CHECK(order({}) == all_ids(shown));
  CHECK(order({0}) == Ids{"base", "big", "quick", "other"});
  CHECK(order({1}) == Ids{"other", "quick", "base", "big"});
  CHECK(order({1, 0}) == Ids{"other", "base", "big", "quick"});
  CHECK(order({7}) == all_ids(shown));  // a workload that is not there changes nothing
}
