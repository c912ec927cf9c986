// SPDX-License-Identifier: Apache-2.0
// People served over small made fleets, stranded cards among them; what holds for any fleet.
#include "rules/serving.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "base/file.h"
#include "base/text.h"
#include "rules/assessment.h"
#include "rules/serving_plan.h"
#include "rules/what_if.h"
#include "tests/catch.h"
#include "tests/rules/decided_fleet.h"
#include "tests/rules/fixture.h"

namespace plumbline {
namespace {

using nlohmann::json;

const std::string kRules = PLUMBLINE_SOURCE_DIR "/rules";

std::shared_ptr<const RuleSet> rules_with(const std::string& site) {
  static std::map<std::string, std::shared_ptr<const RuleSet>> known;
  if (known[site]) return known[site];
  test::RulesFolder folder;
  folder.write("site.yaml", site.empty() ? "waivers: []\n" : site);
  const auto rules = load_rules(kRules, folder.path());
  INFO((rules ? "" : rules.error().message));
  REQUIRE(rules);
  return known[site] = *rules;
}

// {"copies": 2, …} stands for two devices, each with an address of its own.
json with_copies(json facts) {
  if (!facts.contains("accelerators")) return facts;
  json devices = json::array();
  for (json device : facts["accelerators"]["devices"]) {
    const int copies = device.value("copies", 1);
    device.erase("copies");
    for (int i = 0; i < copies; ++i) {
      json one = device;
      if (!one.contains("address")) one["address"] = "0000:" + std::to_string(10 + 3 * devices.size()) + ":00.0";
      devices.push_back(std::move(one));
    }
  }
  facts["accelerators"]["devices"] = std::move(devices);
  return facts;
}

test::DecidedFleet fleet_of(std::shared_ptr<const RuleSet> rules, const json& hosts) {
  test::DecidedFleet fleet(std::move(rules));
  for (std::size_t i = 0; i < hosts.size(); ++i) fleet.add("host-" + std::to_string(i), "2026-11-23", with_copies(hosts[i]));
  return fleet;
}

json serving_of(const RuleSet& rules, const Assessment& assessment, const std::string& workload) {
  for (const json& one : serving_json(rules, assessment))
    if (one["workload"] == workload) return one;
  FAIL("no serving of " << workload);
  return {};
}

// A value, or [least, most] of a number.
void check_expected(const json& wanted, const json& got) {
  if (wanted.is_array() && wanted.size() == 2) {
    REQUIRE(got.is_number());
    CHECK(got.get<double>() >= wanted[0].get<double>());
    CHECK(got.get<double>() <= wanted[1].get<double>());
  } else {
    CHECK(got == wanted);
  }
}

json uncounted_of(const RuleSet& rules, const Assessment& assessment) {
  json out = json::array();
  for (const UncountedCard& card : uncounted_cards(rules, assessment.hosts)) out.push_back({card.card, card.count, card.reason});
  return out;
}

json card(const std::string& id, int copies = 1) {
  return {{"vendor_id", "10de"}, {"device_id", id}, {"usable", true}, {"driver", "nvidia"}, {"copies", copies}};
}
json host_with(const std::vector<json>& cards) { return {{"accelerators", {{"devices", cards}}}}; }

const WorkloadServing& find(const RuleSet& rules, const Assessment& assessment, const std::string& workload) {
  for (std::size_t i = 0; i < rules.workloads.size(); ++i)
    if (rules.workloads[i].id == workload) return assessment.serving[i];
  FAIL("no workload " << workload);
  return assessment.serving.front();
}

}  // namespace

TEST_CASE("made fleets serve the people that were worked out by hand") {
  const auto text = read_file(PLUMBLINE_SOURCE_DIR "/tests/rules/capacity/fleets.json", 1u << 20);
  REQUIRE(text);
  const json cases = json::parse(*text);
  REQUIRE(cases.size() > 40);
  for (const json& one : cases) {
    const auto rules = rules_with(one["site"]);
    const Assessment assessment = fleet_of(rules, one["hosts"]).assessment();
    const json got = serving_of(*rules, assessment, one["workload"]);
    json reasons = json::array();
    for (const StrandedCard& card : assessment.stranded) reasons.push_back(card.reason);
    INFO(one["name"].get<std::string>() << "\n" << one["because"].get<std::string>() << "\n" << got.dump(1));
    for (const auto& [pointer, wanted] : one["expect"].items()) {
      INFO(pointer);
      REQUIRE(got.contains(json::json_pointer(pointer)));
      check_expected(wanted, got.at(json::json_pointer(pointer)));
    }
    if (!one["uncounted"].empty() || one["expect"].value("/best", json()).is_null())
      CHECK((one["uncounted"].empty() || uncounted_of(*rules, assessment) == one["uncounted"]));
    CHECK(reasons == one["stranded"]);
  }
}

TEST_CASE("every sentence of the assumptions ends, and names the catalogue's day, the models and where figures come from") {
  const auto rules = rules_with("");
  const Assessment assessment = fleet_of(rules, json::array({host_with({card("26b9")}), json::object()})).assessment();
  int asked = 0;
  for (const WorkloadServing& one : assessment.serving) {
    if (!one.asked) {
      CHECK(one.assumptions.empty());
      continue;
    }
    ++asked;
    const std::string all = join(one.assumptions, "\n");
    INFO(all);
    for (const std::string& line : one.assumptions) CHECK(line.back() == '.');
    CHECK(contains(all, "catalogue of " + rules->catalogue.date));
    CHECK(contains(all, "Planned is 0.7 of"));
    CHECK(contains(all, "1 host did not say which accelerators it has"));
    CHECK(contains(all, "gpt-oss 20B in 4-bit"));
    CHECK_FALSE(contains(all, "instances"));
  }
  CHECK(asked == 5);  // chat, code, documents, support, tables
}

TEST_CASE("a card that works after all adds what it was said to add") {
  const auto rules = rules_with("");
  json dead = card("26b9");
  dead["usable"] = false;
  dead["driver"] = "";
  const json other = host_with({card("26b9"), card("27b8")});
  const Assessment before = fleet_of(rules, json::array({host_with({dead}), other})).assessment();
  const Assessment after = fleet_of(rules, json::array({host_with({card("26b9")}), other})).assessment();
  REQUIRE(before.stranded.size() == 1);
  const StrandedCard& stranded = before.stranded.front();
  CHECK(stranded.memory_gb == 48);
  CHECK(stranded.text == "NVIDIA L40S with 48 GB has no driver bound.");
  CHECK(after.stranded.empty());
  // Of all workloads the one it names gains most, and just that much.
  for (std::size_t i = 0; i < rules->workloads.size(); ++i) {
    const PeopleRange gained = {after.serving[i].fleet.low - before.serving[i].fleet.low, after.serving[i].fleet.high - before.serving[i].fleet.high};
    CHECK(gained.high <= stranded.adds.high);
    if (rules->workloads[i].id != stranded.workload) continue;
    CHECK(gained.high == stranded.adds.high);
    CHECK(gained.low == stranded.adds.low);
  }
}

TEST_CASE("like cards that differ in use alone are told together") {
  const auto rules = rules_with("");
  json busy = card("26b9");
  busy["memory_bytes"] = 48'000'000'000, busy["memory_free_bytes"] = 10'000'000'000, busy["utilization_percent"] = 70;
  json idle = busy;
  idle["memory_free_bytes"] = 47'900'000'000, idle["utilization_percent"] = 0;
  json idle_too = idle;
  idle_too["memory_free_bytes"] = 47'400'000'000;
  const Assessment assessment = fleet_of(rules, json::array({host_with({busy, idle, idle_too})})).assessment();
  REQUIRE(assessment.stranded.size() == 1);
  CHECK(assessment.stranded[0].count == 2);
  CHECK(contains(assessment.stranded[0].text, "2 × NVIDIA L40S with 48 GB were idle with all memory free at the scan. One scan is one sample"));
  // Two of three equal cards serve what three serve less what one does.
  const Assessment alone = fleet_of(rules, json::array({host_with({busy})})).assessment();
  const std::string workload = assessment.stranded[0].workload;
  CHECK(assessment.stranded[0].adds.high == find(*rules, assessment, workload).fleet.high - find(*rules, alone, workload).fleet.high);
}

TEST_CASE("cards to add in a what-if serve more people") {
  const auto rules = rules_with("");
  const test::DecidedFleet fleet = fleet_of(rules, json::array({host_with({card("27b8")}), host_with({})}));
  const auto changes = parse_changes("plan", "2 × L40S in host-1", *rules);
  REQUIRE(changes);
  const auto result = what_if(*rules, RuleIndex(*rules), fleet.facts(), *changes);
  REQUIRE(result);
  for (std::size_t i = 0; i < rules->workloads.size(); ++i) {
    if (!rules->workloads[i].serving) continue;
    INFO(rules->workloads[i].id);
    CHECK(result->after.serving[i].fleet.high > result->before.serving[i].fleet.high);
    CHECK(result->after.serving[i].hosts == result->before.serving[i].hosts + 1);
  }
  CHECK(find(*rules, result->after, "doc-rag").best->cards == 2);
}

TEST_CASE("one more card never serves fewer, free memory never more than whole, and the order of hosts is nothing") {
  const auto rules = rules_with("");
  const std::vector<std::string> ids = {"1eb8", "27b8", "26b9", "26b1", "20b5", "2330", "2bb1", "2236", "26ba", "1db6"};
  std::mt19937 random(7);
  for (int round = 0; round < 25; ++round) {
    json hosts = json::array();
    for (int i = 0; i < 3; ++i) {
      std::vector<json> cards;
      for (auto n = random() % 3; n > 0; --n) {
        json one = card(ids[random() % ids.size()], 1 + static_cast<int>(random() % 4));
        one["memory_free_bytes"] = static_cast<std::int64_t>(random() % 60) * 1'000'000'000;
        cards.push_back(one);
      }
      hosts.push_back(host_with(cards));
    }
    json more = hosts;
    json extra = card(ids[random() % ids.size()]);
    extra["memory_free_bytes"] = 0;
    more[random() % 3]["accelerators"]["devices"].push_back(extra);
    test::DecidedFleet fleet = fleet_of(rules, hosts);
    const Assessment before = fleet.assessment(), after = fleet_of(rules, more).assessment();
    INFO(hosts.dump() << "\nand " << extra.dump());
    for (std::size_t i = 0; i < rules->workloads.size(); ++i) {
      const WorkloadServing &was = before.serving[i], &is = after.serving[i];
      CHECK(is.fleet.high >= was.fleet.high);
      CHECK(is.fleet.low >= was.fleet.low);
      CHECK(is.hosts >= was.hosts);
      CHECK(was.fleet_free.high <= was.fleet.high);
      if (was.best) CHECK(was.best->people.high <= was.most->people.high);
      if (was.most) CHECK(was.most->people.high <= was.fleet.high);
      CHECK(was.serves_wanted == (was.best && was.best->people.high >= was.people_wanted));
    }
    const std::string shown = to_json(*rules, before);
    fleet.reverse();
    CHECK(to_json(*rules, fleet.assessment()) == shown);
  }
}

TEST_CASE("GPUs of one board are told from single ones, and ten thousand devices are cut to what an agent lists") {
  const Catalogue& catalogue = rules_with("")->catalogue;
  const auto compute = [&](const json& facts) { return compute_of(catalogue, FactValues(facts).document()); };
  json four = json::array();
  for (int i = 0; i < 4; ++i) {
    four.push_back(card("25b6"));
    four.back()["address"] = "0000:4" + std::to_string(i) + ":00.0";
  }
  const HostCompute a16 = compute({{"accelerators", {{"devices", four}}}});
  REQUIRE(a16.cards.size() == 1);
  CHECK(a16.cards[0].name == "NVIDIA A16");
  CHECK(a16.cards[0].count == 4);
  CHECK(a16.cards[0].memory_gb() == 16);
  CHECK(compute({{"accelerators", {{"devices", {four[0]}}}}}).cards[0].name == "NVIDIA A2");
  json many = json::array();
  for (int i = 0; i < 10'000; ++i) many.push_back(card("26b9"));
  const HostCompute crowd = compute({{"accelerators", {{"devices", many}}}});
  REQUIRE(crowd.cards.size() == 1);
  CHECK(crowd.cards[0].count == 1024);
  json odd = card("ffff");
  odd["name"] = std::string(300, 'x') + "ü";
  const HostCompute strange = compute({{"accelerators", {{"devices", {odd}}}}});
  CHECK(strange.cards[0].age == CardAge::unlisted);
  CHECK(strange.cards[0].name == std::string(120, 'x'));
  CHECK_FALSE(compute(json::object()).cards_read);
}

}  // namespace plumbline
