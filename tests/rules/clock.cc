// SPDX-License-Identifier: Apache-2.0
// The readiness clock: days, ends of support, certificates, and that it is the same as judging every day from nothing.
#include "rules/clock.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "base/text.h"
#include "rules/host_clock.h"
#include "tests/bench/simulated_scan.h"
#include "tests/catch.h"
#include "tests/rules/decided_fleet.h"
#include "tests/rules/fixture.h"

using namespace plumbline;
using nlohmann::json;
using test::DecidedFleet;
using test::RulesFolder;

namespace {

constexpr std::int64_t kDay = 86'400;

std::int64_t day(const std::string& text) { return *parse_date(text); }
std::string text_of(std::int64_t moment) { return to_iso8601(moment).substr(0, 10); }

const char* const kLifecycle =
    "product,cycle,standard_end,support_end,latest\n"
    "debian,12,2026-06-10,2028-02-29,\n"
    "debian,11,2024-08-14,2026-12-31,\n"
    "postgresql,13,2026-11-13,2026-11-13,\n"
    "postgresql,14,2026-11-30,2026-11-30,\n"
    "redis,6.2,2026-11-30,2026-11-30,\n"
    "nvidia-driver,R535,2027-02-28,2027-02-28,\n"
    "docker-engine,28,2027-01-15,2027-01-15,\n"
    "kubernetes,1.35,2027-02-28,2027-02-28,\n";

std::shared_ptr<const RuleSet> rules_of(RulesFolder& folder, const std::string& rules, const std::string& site = "") {
  folder.pack("t", rules);
  folder.write("catalogue/lifecycle.csv", std::string("# Snapshot 2026-11-23\n") + kLifecycle);
  folder.write("catalogue/gpus.csv", "name,vendor_id,device_ids,memory_gb,bandwidth_gbs,compute_capability,architecture,tdp_watts,status,consumer\n");
  auto loaded = load_rules(folder.path(), site);
  INFO((loaded ? std::string() : loaded.error().message));
  REQUIRE(loaded);
  return *loaded;
}

// The rules that tests ask about; the same conditions as those that ship.
const std::string kRules =
    "rules:\n" + RulesFolder::rule("t.os", "os.support_days_left >= 0") +
    RulesFolder::rule("t.os-soon", "os.support_days_left >= 180", "    when: os.support_days_left >= 0\n") +
    RulesFolder::rule("t.store",
                      "\"data_stores.instances.all(i, !has(i.support_days_left) || i.support_days_left >= 0 || (has(i.distro_supported) && i.distro_supported))\"") +
    RulesFolder::rule("t.driver", "accelerators.nvidia_driver_support_days_left >= 0", "    when: has(accelerators.nvidia_driver_support_days_left)\n") +
    RulesFolder::rule("t.ended", "certificates.expired == 0", "    when: certificates.count > 0\n") +
    RulesFolder::rule("t.renew", "certificates.expiring_30d == 0 || certificates.next_expiry_days >= 14.0",
                      "    when: certificates.count > 0 && certificates.expired < certificates.count\n") +
    RulesFolder::rule("t.name", "host.arch != \"none\"");

Clock run(const DecidedFleet& fleet, ClockOptions options = {}) {
  auto clock = run_clock(fleet.rules(), RuleIndex(fleet.rules()), fleet.facts(), options);
  INFO((clock ? std::string() : clock.error().message));
  REQUIRE(clock);
  return std::move(*clock);
}

json os(const std::string& version) { return {{"id", "debian"}, {"version", version}, {"family", "debian"}}; }

// "2026-12-31 t.os a pass fail debian 11 11 2026-12-31"
std::vector<std::string> told(const DecidedFleet& fleet, const Clock& clock) {
  std::vector<std::string> out;
  for (const ClockTurn& turn : clock.turns) {
    std::string line = text_of(turn.day) + " " + fleet.rules().rules[turn.rule].id + " " + (turn.host ? clock.now.hosts[*turn.host].name : "-") + " " +
                       std::string(to_text(turn.was)) + " " + std::string(to_text(turn.is));
    for (const ClockCause& cause : turn.causes)
      line += " | " + cause.product + " " + cause.version + " " + cause.cycle + " " + (cause.ends ? text_of(*cause.ends) : "?");
    out.push_back(line);
  }
  return out;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("months later is the same day of the month, or its last") {
  CHECK(text_of(months_later(day("2026-11-23"), 6)) == "2027-05-23");
  CHECK(text_of(months_later(day("2026-11-23") + 80'000, 12)) == "2027-11-23");
  CHECK(text_of(months_later(day("2027-08-31"), 6)) == "2028-02-29");
  CHECK(text_of(months_later(day("2026-08-31"), 6)) == "2027-02-28");
  CHECK(text_of(months_later(day("2028-02-29"), 12)) == "2029-02-28");
  CHECK(text_of(months_later(day("2028-02-29"), 48)) == "2032-02-29");
  CHECK(text_of(months_later(day("2099-10-31"), 6)) == "2100-04-30");
  CHECK(text_of(months_later(day("2099-08-31"), 6)) == "2100-02-28");  // no leap year
  CHECK(text_of(months_later(-1, 6)) == "1970-06-30");
}

TEST_CASE("a rule turns on the day after support ends, leap days counted") {
  RulesFolder folder;
  DecidedFleet fleet(rules_of(folder, kRules));
  fleet.add("a", "2027-06-01", {{"os", os("12")}, {"host", {{"arch", "amd64"}}}});
  const Clock clock = run(fleet);
  CHECK(text_of(clock.from) == "2027-06-01");
  REQUIRE(clock.moments.size() == 2);
  CHECK(text_of(clock.moments[0].day) == "2027-12-01");
  CHECK(text_of(clock.moments[1].day) == "2028-06-01");
  // 29 February 2028 is the last day; 180 days before it is 2 September 2027.
  CHECK(told(fleet, clock) == Lines{"2027-09-03 t.os-soon a pass fail | debian 12 12 2028-02-29",
                                    "2028-03-01 t.os a pass fail | debian 12 12 2028-02-29",
                                    "2028-03-01 t.os-soon a fail not_applicable | debian 12 12 2028-02-29"});
  CHECK(*clock.now.score.value == 1000);
  CHECK(*clock.moments[0].assessment.score.value == 667);  // os, name of os, os-soon, name
  CHECK(*clock.moments[1].assessment.score.value == 500);  // name of os, name
}

TEST_CASE("what ends is told with its line where the table has another name for it") {
  RulesFolder folder;
  DecidedFleet fleet(rules_of(folder, "rules:\n" + RulesFolder::rule("t.runtime", "containers.runtimes.all(r, !has(r.support_days_left) || r.support_days_left >= 0)")));
  fleet.add("k8s", "2026-11-23", {{"containers", {{"runtimes", {{{"name", "kubelet"}, {"version", "1.35.2-1.1"}}}}}}});
  fleet.add("plain", "2026-11-23", {{"containers", {{"runtimes", {{{"name", "docker"}, {"version", "28.5.1"}}}}}}});
  CHECK(told(fleet, run(fleet)) == Lines{"2027-01-16 t.runtime plain pass fail | docker 28.5.1 28 2027-01-15",
                                         "2027-03-01 t.runtime k8s pass fail | kubelet 1.35.2-1.1 1.35 2027-02-28"});
}

TEST_CASE("what has ended since the scan is told with its day, though that has passed") {
  RulesFolder folder;
  DecidedFleet fleet(rules_of(folder, kRules));
  fleet.add("old", "2026-11-01", {{"data_stores", {{"instances", {{{"kind", "postgresql"}, {"version", "13.4"}}}}}}});
  fleet.add("new", "2026-11-23", {{"host", {{"arch", "amd64"}}}});
  const Clock clock = run(fleet);
  CHECK(told(fleet, clock) == Lines{"2026-11-14 t.store old pass fail | postgresql 13.4 13 2026-11-13"});
  CHECK(clock.turns[0].day < clock.from);
  CHECK(clock.now.rules[0].tally.fail == 0);
}

TEST_CASE("what has no date says nothing about time, and that is said") {
  RulesFolder folder;
  DecidedFleet fleet(rules_of(folder, kRules));
  for (const char* name : {"a", "b"})
    fleet.add(name, "2026-11-23", {{"os", {{"id", "plan9"}, {"version", "4"}}}, {"data_stores", {{"instances", {{{"kind", "redis"}}}}}}});
  fleet.add("c", "2026-11-23", {{"accelerators", {{"nvidia_driver", "999.1"}}}, {"containers", {{"runtimes", {{{"name", "docker"}, {"version", "1.2"}}}}}}});
  const Clock clock = run(fleet);
  CHECK(clock.turns.empty());
  REQUIRE(clock.undated.size() == 4);
  CHECK((clock.undated[0].product == "docker" && clock.undated[0].version == "1.2" && clock.undated[0].hosts == 1));
  CHECK((clock.undated[1].product == "nvidia-driver" && clock.undated[1].version == "999.1"));
  CHECK((clock.undated[2].product == "plan9" && clock.undated[2].hosts == 2));
  CHECK((clock.undated[3].product == "redis" && clock.undated[3].version.empty() && clock.undated[3].hosts == 2));
}

TEST_CASE("two ends on one day are both named, and what ends later is not") {
  RulesFolder folder;
  DecidedFleet fleet(rules_of(folder, kRules));
  fleet.add("a", "2026-11-23", {{"accelerators", {{"nvidia_driver", "535.1"}}},
                                {"data_stores", {{"instances", {{{"kind", "postgresql"}, {"version", "14.2"}}, {{"kind", "redis"}, {"version", "6.2.1"}},
                                                                {{"kind", "redis"}, {"version", "6.2.1"}}}}}}});
  const Clock clock = run(fleet);
  CHECK(told(fleet, clock) == Lines{"2026-12-01 t.store a pass fail | postgresql 14.2 14 2026-11-30 | redis 6.2.1 6.2 2026-11-30",
                                    "2027-03-01 t.driver a pass fail | nvidia-driver 535.1 R535 2027-02-28"});
}

TEST_CASE("a distribution's package is supported as long as the distribution, which is then the cause") {
  RulesFolder folder;
  DecidedFleet fleet(rules_of(folder, kRules));
  fleet.add("a", "2026-11-01", {{"os", os("11")}, {"data_stores", {{"instances", {{{"kind", "postgresql"}, {"version", "13.16-0+deb11u1"}}}}}}});
  const Lines lines = told(fleet, run(fleet));
  CHECK(std::count(lines.begin(), lines.end(), "2027-01-01 t.store a pass fail | debian 11 11 2026-12-31") == 1);
  CHECK(std::none_of(lines.begin(), lines.end(), [](const std::string& line) { return line.starts_with("2026-11-14 t.store"); }));
}

TEST_CASE("one certificate is known on every day") {
  RulesFolder folder;
  DecidedFleet fleet(rules_of(folder, kRules));
  fleet.add("a", "2026-11-23", {{"certificates", {{"count", 1}, {"expired", 0}, {"expiring_30d", 0}, {"next_expiry_days", 40.5}}}});
  const Clock clock = run(fleet);
  // 40.5 days later it has ended; 14 days before that it is to be renewed.
  CHECK(told(fleet, clock) == Lines{"2026-12-20 t.renew a pass fail | certificate   2027-01-02", "2027-01-03 t.ended a pass fail | certificate   2027-01-02",
                                    "2027-01-03 t.renew a fail not_applicable | certificate   2027-01-02"});
  CHECK(clock.certificates_unclear == 0);
}

TEST_CASE("of several certificates a verdict holds only if it is the same whatever the others do") {
  RulesFolder folder;
  DecidedFleet fleet(rules_of(folder, kRules));
  fleet.add("a", "2026-11-23", {{"certificates", {{"count", 3}, {"expired", 0}, {"expiring_30d", 0}, {"next_expiry_days", 40.5}}}});
  const Clock clock = run(fleet);
  // One has ended for sure. Whether the other two need renewal is not known from then on: they may all have ended.
  CHECK(told(fleet, clock) == Lines{"2026-12-20 t.renew a pass fail | certificate   2027-01-02", "2027-01-03 t.ended a pass fail | certificate   2027-01-02",
                                    "2027-01-03 t.renew a fail unknown | certificate   2027-01-02"});
  CHECK(clock.certificates_unclear == 1);
}

TEST_CASE("what becomes of certificates is among the ways that are looked at, and of those that all are near it is the only one") {
  std::mt19937 random(3);
  const auto counted = [](const std::vector<double>& ends, double elapsed) {
    CertificateCounts out;
    out.count = static_cast<std::int64_t>(ends.size());
    out.next_expiry_days = 1e9;
    for (const double end : ends) {  // as the agent counts
      const double left = end - elapsed;
      if (left < 0) ++out.expired;
      else if (left < 30) ++out.expiring_30d;
      out.next_expiry_days = std::min(out.next_expiry_days, left);
    }
    return out;
  };
  for (int round = 0; round < 3000; ++round) {
    std::vector<double> ends;
    const bool near = round % 3 == 0;
    for (unsigned i = 0; i < 1 + random() % 6; ++i) ends.push_back((near ? static_cast<double>(random() % 3000) : static_cast<double>(random() % 12000) - 2000) / 100);
    const CertificateCounts scanned = counted(ends, 0);
    for (std::int64_t later = 0; later < 130; later += 1 + static_cast<std::int64_t>(random() % 5)) {
      const CertificateCounts truth = counted(ends, static_cast<double>(later));
      const auto ways = certificates_later(scanned, later);
      INFO(round << " " << later << " " << truth.expired << " " << truth.expiring_30d);
      REQUIRE_FALSE(ways.empty());
      CHECK(std::any_of(ways.begin(), ways.end(), [&](const CertificateCounts& way) {
        return way.count == truth.count && way.expired == truth.expired && way.expiring_30d == truth.expiring_30d && std::abs(way.next_expiry_days - truth.next_expiry_days) < 1e-9;
      }));
      if ((near && later >= 30) || ends.size() == 1) CHECK((ways.size() == 1 || scanned.expired == 0));
    }
  }
}

TEST_CASE("a next end that leaves out what has ended is understood as well") {
  const auto later = [](std::int64_t days) {
    std::vector<std::pair<std::int64_t, std::int64_t>> out;
    for (const CertificateCounts& way : certificates_later({3, 1, 1, 5}, days)) out.emplace_back(way.expired, way.expiring_30d);
    return out;
  };
  using Ways = std::vector<std::pair<std::int64_t, std::int64_t>>;
  CHECK(later(4) == Ways{{1, 1}, {1, 2}});  // the third may have come within 30 days
  CHECK(later(6) == Ways{{2, 0}, {2, 1}});
  CHECK(later(31) == Ways{{2, 0}, {2, 1}, {3, 0}});
}

TEST_CASE("the date of a certificate is not put down to a product beside it") {
  RulesFolder folder;
  DecidedFleet fleet(rules_of(folder, kRules));
  const int count = GENERATE(1, 3);  // of three a later day can be several ways
  fleet.add("a", "2026-11-23", {{"os", os("12")}, {"certificates", {{"count", count}, {"expired", 0}, {"expiring_30d", 0}, {"next_expiry_days", 40.5}}},
                                {"data_stores", {{"instances", {{{"kind", "postgresql"}, {"version", "14.2"}}}}}}});
  for (const ClockTurn& turn : run(fleet).turns) {
    REQUIRE(turn.causes.size() == 1);
    const std::string& rule = fleet.rules().rules[turn.rule].id;
    CHECK(turn.causes[0].product == (rule == "t.store" ? "postgresql" : rule.starts_with("t.os") ? "debian" : "certificate"));
  }
}

TEST_CASE("counts of certificates that cannot be make them unknown, not wrong") {
  for (const CertificateCounts& counts : {CertificateCounts{0, 0, 0, 0}, CertificateCounts{2, 3, 0, -1}, CertificateCounts{2, 0, 3, 5}, CertificateCounts{-1, 0, 0, 0},
                                          CertificateCounts{2, 0, 0, -1}, CertificateCounts{2, 0, 0, NAN}, CertificateCounts{2, 0, 1, 50},
                                          CertificateCounts{INT64_MAX, 1, INT64_MAX, -1}, CertificateCounts{INT64_MAX, 1, 0, -1}})
    CHECK(certificates_later(counts, 40).empty());
  RulesFolder folder;
  DecidedFleet fleet(rules_of(folder, kRules));
  fleet.add("a", "2026-11-23", {{"certificates", {{"count", 2}, {"expired", 0}}}});
  const Clock clock = run(fleet);
  CHECK(told(fleet, clock) == Lines{"2026-11-24 t.ended a pass unknown | certificate   ?"});
  CHECK(clock.certificates_unclear == 1);
}

TEST_CASE("a fleet rule turns with the measure that a day moves") {
  RulesFolder folder;
  DecidedFleet fleet(rules_of(folder, "rules:\n" + RulesFolder::rule("t.fleet", "fleet.ended == 0.0", "    scope: fleet\n") +
                                          "measures:\n  - {id: ended, title: Ended, unit: hosts, value: \"os.support_days_left < 0 ? 1.0 : 0.0\", aggregate: sum}\n"));
  fleet.add("a", "2026-11-23", {{"os", os("11")}}).add("b", "2026-11-23", {{"os", os("12")}});
  const Clock clock = run(fleet);
  CHECK(told(fleet, clock) == Lines{"2027-01-01 t.fleet - pass fail"});
  CHECK(clock.turns[0].points == Approx(-100));
  CHECK(*clock.moments[0].assessment.score.value == 0);
}

TEST_CASE("waivers end as time goes on") {
  RulesFolder folder, site;
  site.write("waivers.yaml", "waivers:\n  - {rule: t.name, hosts: \"*\", owner: CIO, reason: Later, until: 2027-01-31}\n");
  DecidedFleet fleet(rules_of(folder, kRules, site.path()));
  fleet.add("a", "2026-11-23", {{"host", {{"arch", "none"}}}});
  const Clock clock = run(fleet);
  CHECK(clock.now.risks[0].state == RiskState::active);
  CHECK(clock.moments[0].assessment.risks[0].state == RiskState::expired);
  CHECK(clock.now.score.value == clock.moments[0].assessment.score.value);  // a waiver never hid the points
}

TEST_CASE("any day may be asked for, as long as it lies ahead") {
  RulesFolder folder;
  DecidedFleet fleet(rules_of(folder, kRules));
  fleet.add("a", "2026-11-23", {{"os", os("11")}});
  const auto days = [&](ClockOptions options) {
    Lines out;
    for (const ClockMoment& moment : run(fleet, options).moments) out.push_back(text_of(moment.day));
    return out;
  };
  CHECK(days({}) == Lines{"2027-05-23", "2027-11-23"});
  CHECK(days({{}, day("2027-02-28")}) == Lines{"2027-02-28"});
  CHECK(days({{}, day("2027-05-23")}) == Lines{"2027-05-23"});
  CHECK(days({{}, day("2028-02-29")}) == Lines{"2027-05-23", "2027-11-23", "2028-02-29"});
  CHECK(days({day("2026-12-24"), {}}) == Lines{"2027-06-24", "2027-12-24"});
  for (const char* wrong : {"2026-11-23", "2026-01-01", "2036-11-24"}) {
    const auto clock = run_clock(fleet.rules(), RuleIndex(fleet.rules()), fleet.facts(), {{}, day(wrong)});
    REQUIRE_FALSE(clock);
    CHECK(contains(clock.error().message, "2026-11-23"));
  }
}

TEST_CASE("a host whose clock is wrong stops no other") {
  RulesFolder folder;
  DecidedFleet fleet(rules_of(folder, kRules));
  fleet.add("ahead", "2031-01-01", {{"os", os("11")}}).add("behind", "1970-01-02", {{"os", os("11")}}).add("right", "2026-11-23", {{"os", os("11")}});
  const Clock clock = run(fleet, {day("2026-11-23"), {}});
  const Lines lines = told(fleet, clock);
  for (const char* name : {"behind", "right"})
    CHECK(std::count(lines.begin(), lines.end(), std::string("2027-01-01 t.os ") + name + " pass fail | debian 11 11 2026-12-31") == 1);
  CHECK(std::none_of(lines.begin(), lines.end(), [](const std::string& line) { return contains(line, " ahead "); }));
}

TEST_CASE("every day is the same as judging that day from nothing") {
  RulesFolder folder;
  const auto rules = rules_of(folder, kRules);
  const auto shipped = *load_rules(std::string(PLUMBLINE_SOURCE_DIR) + "/rules");
  std::mt19937 random(5);
  const auto pick = [&](std::initializer_list<const char*> of) { return std::string(of.begin()[random() % of.size()]); };
  for (int round = 0; round < 12; ++round) {
    const RuleSet& set = round % 2 == 0 ? *rules : *shipped;
    json facts = {{"os", os(pick({"11", "12", "13", "99"}))}, {"accelerators", {{"nvidia_driver", pick({"535.1", "470.2", "580.3"})}}},
                  {"containers", {{"runtimes", {{{"name", "docker"}, {"version", pick({"28.1", "27.0", "20.10"})}}}}}},
                  {"data_stores", {{"instances", json::array()}}}};
    for (unsigned i = 0; i < random() % 4; ++i)
      facts["data_stores"]["instances"].push_back({{"kind", pick({"postgresql", "redis"})}, {"running", true}, {"version", pick({"13.16-0+deb11u1", "14.2", "6.2.1", "7.2", ""})}});
    const std::int64_t taken_at = day("2026-01-01") + static_cast<std::int64_t>(random() % 500) * kDay + 70'000;
    FactReader reader, fresh_reader;
    auto document = reader.read_facts(facts);
    derive_facts(**document, set.catalogue, taken_at);
    const RuleIndex index(set);
    Judgement now = judge(set, **document);
    HostClock clock(**document, set, index, taken_at / kDay);
    for (std::int64_t later = taken_at / kDay + 1; later < taken_at / kDay + 700; ++later) {
      now = clock.move_to(later, now);
      auto fresh = fresh_reader.read_facts(facts);
      derive_facts(**fresh, set.catalogue, later * kDay + 3);
      const Judgement whole = judge(set, **fresh);
      INFO(facts.dump() << " on " << text_of(later * kDay));
      REQUIRE(now.verdicts == whole.verdicts);
      REQUIRE(now.measures == whole.measures);
      REQUIRE(now.requirements == whole.requirements);
    }
  }
}

TEST_CASE("the points of all turns up to a day add up to what the score changes by, and the order of hosts does not matter") {
  const auto rules = *load_rules(std::string(PLUMBLINE_SOURCE_DIR) + "/rules");
  DecidedFleet fleet(rules);
  const char* const versions[] = {"10", "11", "12", "13"};
  for (unsigned i = 0; i < 12; ++i) {
    Scan scan = testing::simulated_scan(std::string(31, '0') + "abcdefghijkl"[i], 300 + i, 1, 1'795'000'000 - static_cast<std::int64_t>(i) * 9 * kDay);
    scan.sections["os"].data = os(versions[i % 4]);
    scan.sections["os"].missing.clear();
    scan.sections["certificates"].data = {{"count", 1}, {"expired", 0}, {"expiring_30d", 0}, {"next_expiry_days", 31.0 + 20 * i}};
    scan.sections["certificates"].missing.clear();
    fleet.add(std::move(scan), "host-" + std::to_string(10 + i));
  }
  const Clock clock = run(fleet, {{}, day("2028-12-31")});
  REQUIRE(clock.turns.size() > 10);
  CHECK(std::is_sorted(clock.turns.begin(), clock.turns.end(), [](const ClockTurn& a, const ClockTurn& b) { return a.day < b.day; }));
  CHECK(to_json(*rules, clock.now) == to_json(*rules, assess(*rules, fleet.hosts(), {})));
  for (const ClockMoment& moment : clock.moments) {
    double sum = 0;
    for (const ClockTurn& turn : clock.turns)
      if (turn.day <= moment.day) sum += turn.points;
    CHECK(std::abs(sum - (*moment.assessment.score.value - *clock.now.score.value) / 10.0) < 0.11);
  }
  const std::string first = to_json(*rules, clock);
  fleet.reverse();
  CHECK(to_json(*rules, run(fleet, {{}, day("2028-12-31")})) == first);
}
