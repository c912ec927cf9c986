// SPDX-License-Identifier: Apache-2.0
// What-if: changes as they are written, and that what they give is what judging the changed facts gives.
#include "rules/what_if.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "base/text.h"
#include "tests/bench/simulated_scan.h"
#include "tests/catch.h"
#include "tests/rules/decided_fleet.h"
#include "tests/rules/fixture.h"

using namespace plumbline;
using nlohmann::json;
using test::DecidedFleet;
using test::RulesFolder;

namespace {

std::shared_ptr<const RuleSet> need(Result<std::shared_ptr<const RuleSet>> rules) {
  INFO((rules ? std::string() : rules.error().message));
  REQUIRE(rules);
  return *rules;
}

const std::shared_ptr<const RuleSet>& shipped() {
  static const auto rules = need(load_rules(std::string(PLUMBLINE_SOURCE_DIR) + "/rules"));
  return rules;
}

std::vector<FactChange> changes_of(const RuleSet& rules, const std::string& text) {
  auto changes = parse_changes("plan", text, rules);
  INFO((changes ? std::string() : changes.error().message));
  REQUIRE(changes);
  return std::move(*changes);
}

std::string mistakes_of(const RuleSet& rules, const std::string& text) {
  auto changes = parse_changes("plan", text, rules);
  return changes ? "" : changes.error().message;
}

WhatIf ask(const DecidedFleet& fleet, const std::string& text) {
  auto result = what_if(fleet.rules(), RuleIndex(fleet.rules()), fleet.facts(), changes_of(fleet.rules(), text));
  INFO((result ? std::string() : result.error().message));
  REQUIRE(result);
  return std::move(*result);
}

std::string bytes(const DecidedFleet& fleet, const Assessment& assessment) { return to_json(fleet.rules(), assessment); }

// Twenty different hosts, judged by the rules that ship.
const DecidedFleet& simulated() {
  static const DecidedFleet fleet = [] {
    DecidedFleet out(shipped());
    for (unsigned i = 0; i < 20; ++i)
      out.add(testing::simulated_scan(std::string(31, '0') + "abcdefghijklmnopqrst"[i], 1000 + i, 1, 1'795'000'000), "host-" + std::to_string(10 + i));
    return out;
  }();
  return fleet;
}

// One host's facts after edits, without its being judged.
json edited(const RuleSet& rules, const json& facts, const std::string& text) {
  FactReader reader;
  auto document = reader.read_facts(facts);
  REQUIRE(document);
  for (const FactChange& change : changes_of(rules, text)) apply_edit(std::get<FactEdit>(change.what), **document);
  return facts_json(**document);
}

const json kStores = {{"data_stores", {{"instances", {{{"kind", "redis"}, {"auth", "none"}, {"port", 6379}},
                                                      {{"kind", "postgresql"}, {"auth", "required"}},
                                                      {{"auth", "weak"}}}}}}};

}  // namespace

TEST_CASE("mistakes in changes are told all at once, with their places") {
  const RuleSet& rules = *shipped();
  const std::string text =
      "# a plan\n"
      "db-07: set ssh.permit_rot_login = \"no\"\n"
      "db-07: memory.total_bytes = \"much\"\n"
      "do ssh-baselin\n"
      "db-07: os.support_days_left = 400\n"
      "db-07: data_stores.instances.auth = \"required\"\n"
      "db-07: data_stores.instances[knd == \"redis\"].auth = \"required\"\n"
      "2 × L41S in db-07\n";
  const std::string told = mistakes_of(rules, text);
  INFO(told);
  CHECK(contains(told, "plan:2:16: error: no fact 'ssh.permit_rot_login'; did you mean 'ssh.permit_root_login'?\n"
                       "  db-07: set ssh.permit_rot_login = \"no\"\n"
                       "                 ^\n"));
  CHECK(contains(told, "plan:3:29: error: 'memory.total_bytes' is a whole number\n"));
  CHECK(contains(told, "plan:4:4: error: no action 'ssh-baselin'; did you mean '"));
  CHECK(contains(told, "plan:5:8: error: 'os.support_days_left' is derived (derived: catalogue/lifecycle.csv): change what it follows from\n"));
  CHECK(contains(told, "plan:6:29: error: 'data_stores.instances' is a list: say which of it"));
  CHECK(contains(told, "plan:7:30: error: "));
  CHECK(contains(told, "'knd'"));
  CHECK(contains(told, "plan:8:5: error: no accelerator 'L41S' in catalogue/gpus.csv; did you mean 'L40S'?\n"));
}

TEST_CASE("a value of another type than the catalog says is refused") {
  const RuleSet& rules = *shipped();
  for (const char* line : {"*: ssh.installed = 1", "*: ssh.installed = \"true\"", "*: ssh.installed = maybe", "*: ssh.permit_root_login = no",
                           "*: memory.total_bytes = 1.5", "*: memory.total_bytes = 1e400", "*: memory.total_bytes = 12 parsecs", "*: cpu.cores = 4 GB",
                           "*: cpu.max_mhz = fast", "*: cpu.features = \"avx2\"", "*: cpu.features = [1]", "*: cpu.features = [\"a\" \"b\"]",
                           "*: packages.versions = {a: 1}", "*: packages.versions = [\"a\"]", "*: data_stores.instances = {kind: \"redis\"}",
                           "*: data_stores.instances += \"redis\"", "*: data_stores.instances += {kin: \"redis\"}",
                           "*: data_stores.instances += {kind: 7}", "*: data_stores.instances += {support_days_left: 7}",
                           "*: data_stores.instances += {kind: \"a\", kind: \"b\"}", "*: cpu.cores += 1", "*: cpu = 1", "*: cpu.cores.x = 1",
                           "*: data_stores.instances[port] = 1", "*: data_stores.instances[port].port = 1", "*: data_stores.instances[].port",
                           "*: data_stores.instances[kind == \"a\".port = 1", "*: ssh.permit_root_login = \"no", "*: ssh.permit_root_login = \"\\q\"",
                           "*: cpu.cores = 4 5", "*: cpu.cores", "*: cpu.cores 4", "*: = 4", ": cpu.cores = 4", "cpu.cores = 4", "*:", "do", "do  ",
                           "do ssh-baseline on", "do ssh-baseline off db-07", "0 × L40S in a", "1001 × L40S in a", "2 × L40S", "2 × H100 in a",
                           "2 x in a", "2 × L40S in ", "*: accelerators.devices += 99999999999999999999 × L40S", "*: remove", "*: remove os.support_ends",
                           "*: remove cpu.cores = 4", "*: accelerators.devices += {model: \"nothing\"}", "x"}) {
    INFO(line);
    CHECK_FALSE(mistakes_of(rules, line).empty());
  }
}

TEST_CASE("changes are read as they are meant") {
  const RuleSet& rules = *shipped();
  CHECK(changes_of(rules, "").empty());
  CHECK(changes_of(rules, "# only words\n\n   \n\t# more").empty());
  const auto purchase = changes_of(rules, "  2 × L40S in db-07   # now\r\n");
  REQUIRE(purchase.size() == 1);
  CHECK(purchase[0].text == "2 × L40S in db-07");
  const auto& edit = std::get<FactEdit>(purchase[0].what);
  CHECK(edit.hosts == "db-07");
  REQUIRE(edit.value.size() == 2);
  CHECK(edit.value[0]["device_id"] == "26b9");
  for (const char* same : {"2 x L40S in db-07", "2 * nvidia l40s in db-07", "db-07: accelerators.devices += 2 × L40S",
                           "db-07: accelerators.devices += 2 × \"NVIDIA L40S\"", "db-07: accelerators.devices += 2 × {model: \"L40S\"}"}) {
    INFO(same);
    CHECK(std::get<FactEdit>(changes_of(rules, same)[0].what).value == edit.value);
  }
  const json with_more = std::get<FactEdit>(changes_of(rules, "a: accelerators.devices += {model: \"L40S\", link_width: 16, \"usable\": false}")[0].what).value;
  CHECK(with_more[0]["link_width"] == 16);
  CHECK(with_more[0]["usable"] == false);
  const auto value = [&](const std::string& line) { return std::get<FactEdit>(changes_of(rules, line)[0].what).value; };
  CHECK(value("*: memory.total_bytes = 512 GB") == 512'000'000'000);
  CHECK(value("*: memory.total_bytes = 1.5KiB") == 1536);
  CHECK(value("*: memory.total_bytes = 9007199254740993") == 9007199254740993);
  CHECK(value("*: cpu.max_mhz = 3500") == 3500.0);
  CHECK(value("*: set ssh.permit_root_login = 'a # b'") == "a # b");
  CHECK(value("*: set ssh.permit_root_login = \"\\u00e9\\\"\"") == "é\"");
  CHECK(value("*: cpu.features = []") == json::array());
  CHECK(value("*: packages.versions = {bash: \"5.2\", \"a b\": \"1\"}") == json({{"bash", "5.2"}, {"a b", "1"}}));
  CHECK(std::get<ActionDone>(changes_of(rules, "do " + rules.rules[0].action + " on web-*")[0].what).hosts == "web-*");
}

TEST_CASE("more changes or elements than a person writes are refused") {
  std::string many, large;
  for (int i = 0; i < 1001; ++i) many += "*: cpu.cores = 4\n";
  for (int i = 0; i < 11; ++i) large += "1000 × L40S in a\n";
  CHECK(contains(mistakes_of(*shipped(), many), "more than 1,000 changes"));
  CHECK(contains(mistakes_of(*shipped(), large), "more than 10,000 elements"));
  CHECK(contains(mistakes_of(*shipped(), std::string((1u << 20) + 1, ' ')), "1 MiB"));
  CHECK(contains(mistakes_of(*shipped(), "*: os.name = \"\xff\""), "UTF-8"));
}

TEST_CASE("an edit changes what it names and nothing else") {
  const RuleSet& rules = *shipped();
  json expected = kStores;
  expected["data_stores"]["instances"][0]["auth"] = "required";
  CHECK(edited(rules, kStores, "*: data_stores.instances[kind == \"redis\"].auth = \"required\"") == expected);
  // An element of which the condition cannot be told is left alone.
  expected = kStores;
  expected["data_stores"]["instances"][1]["auth"] = "x";
  CHECK(edited(rules, kStores, "*: data_stores.instances[kind != \"redis\"].auth = \"x\"") == expected);
  for (auto& instance : expected["data_stores"]["instances"]) instance["port"] = 1;
  CHECK(edited(rules, expected, "*: data_stores.instances[].port = 2\n*: data_stores.instances[*].port = 1") == expected);
  expected = kStores;
  expected["data_stores"]["instances"].erase(1);
  CHECK(edited(rules, kStores, "*: remove data_stores.instances[auth == \"required\"]") == expected);
  expected = kStores;
  expected["data_stores"]["instances"].push_back({{"kind", "kafka"}, {"running", true}});
  CHECK(edited(rules, kStores, "*: data_stores.instances += {kind: \"kafka\", running: true}") == expected);
  CHECK(edited(rules, kStores, "*: remove data_stores") == json::object());
  CHECK(edited(rules, kStores, "*: remove data_stores.instances[]")["data_stores"]["instances"] == json::array());
  CHECK(edited(rules, kStores, "*: remove cpu.cores\n*: remove cpu") == kStores);
  CHECK(edited(rules, kStores, "*: ai.services[kind == \"vllm\"].auth = \"required\"") == kStores);
  CHECK(edited(rules, json::object(), "*: cpu.cores = 4\n*: cpu.features += \"avx2\"\n*: cpu.features += \"fma\"") ==
        json({{"cpu", {{"cores", 4}, {"features", {"avx2", "fma"}}}}}));
  CHECK(edited(rules, json::object(), "*: packages.versions = {bash: \"5.2\"}") == json({{"packages", {{"versions", {{"bash", "5.2"}}}}}}));
}

TEST_CASE("one entry of names with texts is set or removed, the others stay") {
  const RuleSet& rules = *shipped();
  const json facts = {{"kernel", {{"sysctl", {{"a.b", "1"}, {"c", "2"}}}}}};
  const auto sysctl = [&](const json& from, const std::string& text) { return edited(rules, from, text)["kernel"]["sysctl"]; };
  CHECK(sysctl(facts, "*: kernel.sysctl[\"a.b\"] = \"0\"") == json({{"a.b", "0"}, {"c", "2"}}));
  CHECK(sysctl(facts, "*: kernel.sysctl[ 'd' ] = '3'") == json({{"a.b", "1"}, {"c", "2"}, {"d", "3"}}));
  CHECK(sysctl(facts, "*: remove kernel.sysctl[\"a.b\"]\n*: remove kernel.sysctl[\"x\"]") == json({{"c", "2"}}));
  CHECK(sysctl(json::object(), "*: kernel.sysctl[\"d\"] = \"3\"") == json({{"d", "3"}}));
  CHECK(edited(rules, json::object(), "*: remove kernel.sysctl[\"d\"]") == json::object());
  for (const char* wrong : {"*: kernel.sysctl[d] = \"3\"", "*: kernel.sysctl[\"d\"] = 3", "*: kernel.sysctl[\"d\"] += \"3\"", "*: kernel.sysctl[\"d\" = \"3\"",
                            "*: kernel.sysctl[\"d\"].x = \"3\"", "*: kernel.lockdown[\"d\"] = \"3\""}) {
    INFO(wrong);
    CHECK_FALSE(mistakes_of(rules, wrong).empty());
  }
}

TEST_CASE("every model of the table, once bought, is told from all others") {
  const RuleSet& rules = *shipped();
  REQUIRE(rules.catalogue.accelerators.size() > 50);
  for (const AcceleratorModel& model : rules.catalogue.accelerators) {
    INFO(model.name);
    json facts = edited(rules, json::object(), "a: accelerators.devices += \"" + model.name + "\"");
    REQUIRE(facts["accelerators"]["devices"].size() == static_cast<std::size_t>(model.gpus_per_board));
    derive_facts(facts, rules.catalogue, 1'795'000'000);
    const json& device = facts["accelerators"]["devices"][0];
    CHECK(device["status"] == model.status);
    CHECK(device["consumer"] == model.consumer);
    if (model.memory_gb) CHECK(device["memory_bytes"] == std::llround(*model.memory_gb * 1e9));
    if (model.bandwidth_gbs) CHECK(device["bandwidth_gbs"] == *model.bandwidth_gbs);
  }
}

TEST_CASE("an empty change changes nothing, byte for byte") {
  const DecidedFleet& fleet = simulated();
  const WhatIf result = ask(fleet, "");
  CHECK(bytes(fleet, result.before) == bytes(fleet, fleet.assessment()));
  CHECK(bytes(fleet, result.after) == bytes(fleet, result.before));
  CHECK(result.rules.empty());
  CHECK(result.effort_days == 0);
  // Nor does a change that sets what is there, though all of the host is read and judged for it.
  const WhatIf same = ask(fleet, "host-10: remove ai.services[false]");
  CHECK(same.effects[0].hosts == 1);
  CHECK(bytes(fleet, same.after) == bytes(fleet, result.before));
}

TEST_CASE("what if of an action is the gain that the roadmap shows, to a tenth") {
  const DecidedFleet& fleet = simulated();
  const Assessment now = fleet.assessment();
  REQUIRE(now.actions.size() > 5);
  for (const Action& action : now.actions) {
    INFO(action.id);
    const WhatIf result = ask(fleet, "do " + action.id);
    CHECK(std::abs(*result.after.score.value - *result.before.score.value - action.gain) <= 1);
    CHECK(result.effort_days == Approx(action.effort_days));
    CHECK(result.cost == action.cost);
    for (const std::size_t gate : action.opens_gates) CHECK_FALSE(result.after.gates[gate].shut);
    CHECK(std::none_of(result.after.actions.begin(), result.after.actions.end(), [&](const Action& left) { return left.id == action.id; }));
  }
}

TEST_CASE("doing something never lowers a score, a bound or a level, and all of it leaves nothing to do") {
  const DecidedFleet& fleet = simulated();
  std::string all;
  WhatIf last = ask(fleet, "");
  for (const Action& action : fleet.assessment().actions) {
    all += "do " + action.id + "\n";
    WhatIf next = ask(fleet, all);
    INFO(action.id);
    CHECK(*next.after.score.value >= *last.after.score.value);
    CHECK(next.after.score.lower >= last.after.score.lower);
    CHECK(next.after.score.upper >= last.after.score.upper);
    CHECK(next.after.score.level >= last.after.score.level);
    last = std::move(next);
  }
  CHECK(last.after.actions.empty());
  CHECK(*last.after.score.value == 1000);
}

TEST_CASE("changes that do not touch each other give the same in any order") {
  const DecidedFleet& fleet = simulated();
  std::vector<std::string> lines = {"*: accelerators.nvidia_driver = \"580.95.05\"", "host-11: os.version = \"12\"", "2 × L40S in host-12",
                                    "host-1*: data_stores.instances[].auth = \"required\"", "do " + fleet.assessment().actions[0].id,
                                    "do " + fleet.assessment().actions[1].id, "host-13: memory.total_bytes = 1 TB"};
  const std::string first = bytes(fleet, ask(fleet, join(lines, "\n")).after);
  std::mt19937 random(7);
  for (int i = 0; i < 10; ++i) {
    for (std::size_t k = lines.size() - 1; k > 0; --k) std::swap(lines[k], lines[random() % (k + 1)]);
    CHECK(bytes(fleet, ask(fleet, join(lines, "\n")).after) == first);
  }
}

TEST_CASE("an edit gives what judging the edited facts from nothing gives") {
  const DecidedFleet& fleet = simulated();
  const RuleSet& rules = fleet.rules();
  const std::vector<std::string> edits = {
      "*: accelerators.nvidia_driver = \"470.1\"", "*: os.version = \"11\"", "*: os.id = \"debian\"", "*: remove os", "*: remove packages.versions",
      "*: os.family = \"debian\"", "*: data_stores.instances[].version = \"9.6.24-0+deb12u1\"", "*: data_stores.instances += {kind: \"redis\", running: true, auth: \"none\"}",
      "3 × A16 in *", "*: memory.effective_bytes = 256 GB", "*: remove data_stores.instances[]", "*: ssh.permit_root_login = \"yes\"",
      "*: containers.runtimes += {name: \"docker\", version: \"20.10.1\"}", "*: certificates.expired = 3", "*[size(data_stores.instances) > 1]: memory.total_bytes = 8 GB", "*: cpu.features = [\"avx512f\", \"amx_tile\"]"};
  std::mt19937 random(11);
  for (int round = 0; round < 25; ++round) {
    std::string text;
    for (int k = 0; k < 3; ++k) text += edits[random() % edits.size()] + "\n";
    INFO(text);
    const WhatIf result = ask(fleet, text);
    for (std::size_t host = 0; host < fleet.hosts().size(); ++host) {
      FactReader reader;
      auto document = reader.read_scan(fleet.document(host));
      REQUIRE(document);
      for (const FactChange& change : changes_of(rules, text)) apply_edit(std::get<FactEdit>(change.what), **document);
      derive_facts(**document, rules.catalogue, fleet.hosts()[host].taken_at);
      const Judgement whole = judge(rules, **document);
      const Judgement& given = result.after.hosts[host].judgement;
      CHECK(given.verdicts == whole.verdicts);
      CHECK(given.measures == whole.measures);
      CHECK(given.requirements == whole.requirements);
    }
  }
}

TEST_CASE("cards that are bought are found by the workload that needs them") {
  DecidedFleet fleet(shipped());
  fleet.add("db-07", "2026-11-20", {{"host", {{"container", "none"}, {"virtualization", "none"}}}, {"memory", {{"total_bytes", 270'000'000'000}}},
                                     {"accelerators", {{"devices", json::array()}}}});
  const WhatIf result = ask(fleet, "2 × L40S in db-07");
  const auto measure = [&](const char* id) {
    for (std::size_t i = 0; i < shipped()->measures.size(); ++i)
      if (shipped()->measures[i].id == id) return std::pair(result.before.measures[i], result.after.measures[i]);
    FAIL("no measure " << id);
    return std::pair<std::optional<double>, std::optional<double>>();
  };
  const auto [before, after] = measure("accelerator_memory_gb");
  CHECK(before.value_or(0) == 0);
  CHECK(after.value_or(0) == Approx(96));
  CHECK(result.effects[0].places == 2);
  CHECK(result.effects[0].unread == 0);
  CHECK(result.cost >= CostClass::c0);
}

TEST_CASE("a list that was not read holds only what is added, and that is said") {
  DecidedFleet fleet(shipped());
  fleet.add("a", "2026-11-20", {{"cpu", {{"cores", 4}}}}).add("b", "2026-11-20", {{"accelerators", {{"devices", json::array()}}}});
  const WhatIf result = ask(fleet, "3 × L4 in *");
  CHECK(result.effects[0].hosts == 2);
  CHECK(result.effects[0].changed == 2);
  CHECK(result.effects[0].places == 6);
  CHECK(result.effects[0].unread == 1);
}

TEST_CASE("hosts may be chosen by what their facts say before any change") {
  DecidedFleet fleet(shipped());
  fleet.add("a", "2026-11-20", {{"accelerators", {{"nvidia_driver", "535.1"}}}, {"os", {{"id", "debian"}, {"version", "11"}}}});
  fleet.add("b", "2026-11-20", {{"os", {{"id", "debian"}, {"version", "12"}}}});
  const WhatIf driver = ask(fleet, "*[has(accelerators.nvidia_driver)]: accelerators.nvidia_driver = \"580.95.05\"");
  CHECK(driver.effects[0].hosts == 2);
  CHECK(driver.effects[0].changed == 1);
  // Derived facts may be asked for; what another change makes of a host does not matter.
  const WhatIf twice = ask(fleet, "*: os.version = \"13\"\n*[os.support_days_left < 700]: cpu.cores = 4");
  CHECK(twice.effects[1].changed == 2);
  CHECK(ask(fleet, "*[os.support_days_left < 400]: cpu.cores = 4").effects[0].changed == 1);
  CHECK(ask(fleet, "*[cpu.cores > 1]: cpu.cores = 4").effects[0].changed == 0);
  for (const char* wrong : {"*[: cpu.cores = 4", "*[]: cpu.cores = 4", "*[cpu.cores]: cpu.cores = 4", "*[kind == 1]: cpu.cores = 4", "[true]: cpu.cores = 4"}) {
    INFO(wrong);
    CHECK_FALSE(mistakes_of(*shipped(), wrong).empty());
  }
}

TEST_CASE("a change on hosts that are not there says so") {
  const DecidedFleet& fleet = simulated();
  const auto result = what_if(fleet.rules(), RuleIndex(fleet.rules()), fleet.facts(), changes_of(fleet.rules(), "hosst-11: cpu.cores = 4"));
  REQUIRE_FALSE(result);
  CHECK(result.error().message == "hosst-11: cpu.cores = 4: no host is named hosst-11; did you mean host-11?");
  CHECK(ask(fleet, "id-host-11: cpu.cores = 4").effects[0].hosts == 1);
}

TEST_CASE("facts that cannot be read again are told with their host") {
  const DecidedFleet& fleet = simulated();
  FleetFacts facts = fleet.facts();
  facts.document = [](std::size_t) -> Result<std::string> { return fail(ErrorKind::not_found, "its scan is gone"); };
  const auto changes = changes_of(fleet.rules(), "host-12: cpu.cores = 4");
  const auto result = what_if(fleet.rules(), RuleIndex(fleet.rules()), facts, changes);
  REQUIRE_FALSE(result);
  CHECK(result.error().message == "facts of host-12: its scan is gone");
  // Actions need no facts.
  const auto done = what_if(fleet.rules(), RuleIndex(fleet.rules()), facts, changes_of(fleet.rules(), "do " + fleet.assessment().actions[0].id));
  CHECK(done);
}

TEST_CASE("an action may be done on some hosts, its fleet rules pass only when it is done on all") {
  RulesFolder folder;
  folder.pack("t", "rules:\n" + RulesFolder::rule("t.host", "ssh.installed", "    action: both\n") +
                       RulesFolder::rule("t.fleet", "fleet.cores >= 100.0", "    scope: fleet\n    action: both\n") +
                       "measures:\n  - {id: cores, title: Cores, unit: cores, value: double(cpu.cores), aggregate: sum}\n");
  DecidedFleet fleet(need(load_rules(folder.path())));
  for (const char* name : {"web-1", "web-2", "db-1"}) fleet.add(name, "2026-11-20", {{"ssh", {{"installed", false}}}, {"cpu", {{"cores", 2}}}});
  const auto shown = fleet.assessment();
  REQUIRE(shown.actions.size() == 1);
  CHECK(shown.actions[0].gain == 1000);

  const WhatIf some = ask(fleet, "do both on web-*");
  CHECK(*some.after.score.value == 333);  // (2 of 3, and nothing) / 2
  CHECK(some.effects[0].hosts == 2);
  CHECK(some.effort_days == Approx(2));
  const WhatIf all = ask(fleet, "do both");
  CHECK(*all.after.score.value == 1000);
  CHECK(all.effort_days == Approx(shown.actions[0].effort_days));
  CHECK(all.rules.size() == 2);
  CHECK(all.rules_after.get() != &fleet.rules());
  // Buying what the fleet rule asks for is judged, not believed.
  CHECK(*ask(fleet, "db-1: cpu.cores = 96").after.score.value == 500);
  CHECK(*ask(fleet, "db-1: cpu.cores = 95").after.score.value == 0);
}

TEST_CASE("an accepted risk stays when its action is done, as in the gain that the roadmap shows") {
  RulesFolder folder, site;
  folder.pack("t", "rules:\n" + RulesFolder::rule("t.host", "ssh.installed"));
  site.write("waivers.yaml", "waivers:\n  - rule: t.host\n    hosts: old-*\n    owner: CIO\n    reason: It goes next year\n    until: 2026-12-31\n");
  DecidedFleet fleet(need(load_rules(folder.path(), site.path())));
  for (const char* name : {"old-1", "web-1"}) fleet.add(name, "2026-11-20", {{"ssh", {{"installed", false}}}});
  const auto shown = fleet.assessment();
  REQUIRE(shown.actions.size() == 1);
  CHECK(shown.rules[0].tally.waived == 1);
  const WhatIf result = ask(fleet, "do t.host");
  CHECK(*result.after.score.value - *result.before.score.value == shown.actions[0].gain);
  CHECK(bytes(fleet, result.before) == bytes(fleet, shown));
  CHECK(result.after.rules[0].tally.pass == 1);
  CHECK(result.after.rules[0].tally.waived == 1);
}

TEST_CASE("the same question gives the same bytes, whatever the order of hosts") {
  DecidedFleet fleet(shipped());
  for (unsigned i = 0; i < 6; ++i)
    fleet.add(testing::simulated_scan(std::string(31, '0') + "abcdef"[i], 50 + i, 1, 1'795'000'000), "h" + std::to_string(i));
  const std::string text = "2 × L4 in h3\n*: os.version = \"11\"\ndo " + fleet.assessment().actions[0].id;
  const auto changes = changes_of(fleet.rules(), text);
  const std::string first = to_json(fleet.rules(), changes, ask(fleet, text));
  fleet.reverse();
  CHECK(to_json(fleet.rules(), changes, ask(fleet, text)) == first);
}
