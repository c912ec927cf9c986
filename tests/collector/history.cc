// SPDX-License-Identifier: Apache-2.0
// Sizes of data stores are carried from scan to scan, and growth is told from them.
#include "collector/history.h"

#include <future>
#include <nlohmann/json.hpp>

#include "base/time.h"
#include "base/zstd.h"
#include "collector/ingest/ingest.h"
#include "collector/judging.h"
#include "rules/catalogue.h"
#include "tests/collector/scans.h"
#include "tests/collector/stores.h"

using namespace plumbline;
using namespace plumbline::testing;
using nlohmann::json;

namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kStart = 1'795'000'000;
constexpr std::int64_t kGiB = 1 << 30;

json a_store(std::int64_t bytes, int port = 5432) {
  return {{"kind", "postgresql"}, {"port", port}, {"data_folder", "/var/lib/postgresql/15/main"}, {"data_bytes", bytes}, {"data_free_bytes", 100 * kGiB}};
}

Scan scan_at(std::int64_t day, json stores) {
  Scan scan = small_scan(kHostA, static_cast<std::uint64_t>(1 + std::abs(day)));
  scan.taken_at = kStart + day * kDay;
  scan.sections["data_stores"].data = {{"instances", std::move(stores)}};
  hash_sections(scan);
  return scan;
}

/// The scan of that day with what is remembered of the one before.
Scan after(const Scan& before, std::int64_t day, json stores) {
  Scan scan = scan_at(day, std::move(stores));
  remember_sizes(scan, &before);
  return scan;
}

json remembered(const Scan& scan) {
  const auto section = scan.sections.find(std::string(kHistorySection));
  return section == scan.sections.end() ? json::array() : section->second.data.at("stores");
}

/// The first store's facts once growth is derived.
json derived(const Scan& scan) {
  json facts = facts_of(scan);
  derive_facts(facts, Catalogue{}, scan.taken_at);
  return facts["data_stores"]["instances"][0];
}

}  // namespace

TEST_CASE("growth a day is told from the older scan, and when the disk is full") {
  const Scan first = scan_at(0, {a_store(10 * kGiB)});
  const Scan second = after(first, 10, {a_store(30 * kGiB)});
  REQUIRE(remembered(second).size() == 1);
  CHECK(remembered(second)[0] == json({{"kind", "postgresql"}, {"port", 5432}, {"data_folder", "/var/lib/postgresql/15/main"},
                                       {"days", 10.0}, {"from", to_iso8601(kStart)}, {"from_bytes", 10 * kGiB}}));
  const json store = derived(second);
  CHECK(store["growth_day_bytes"] == 2 * kGiB);
  CHECK(store["growth_days"] == 10.0);
  CHECK(store["full_in_days"] == 50);
}

TEST_CASE("a store that shrinks grows by less than nothing and never fills its disk") {
  const json store = derived(after(scan_at(0, {a_store(30 * kGiB)}), 10, {a_store(10 * kGiB)}));
  CHECK(store["growth_day_bytes"] == -2 * kGiB);
  CHECK_FALSE(store.contains("full_in_days"));
}

TEST_CASE("without a scan before, within a day of it, and for a store that it did not have, no growth is told") {
  Scan alone = scan_at(5, {a_store(kGiB)});
  remember_sizes(alone, nullptr);
  CHECK(alone.sections.count(std::string(kHistorySection)) == 0);
  CHECK_FALSE(derived(alone).contains("growth_day_bytes"));
  Scan soon = scan_at(0, {a_store(2 * kGiB)});
  soon.taken_at += kDay / 2;
  const Scan first = scan_at(0, {a_store(kGiB)});
  remember_sizes(soon, &first);
  CHECK(remembered(soon)[0]["days"] == 0.5);
  CHECK_FALSE(derived(soon).contains("growth_day_bytes"));
  CHECK(remembered(after(first, 3, {a_store(kGiB, 5433)})).empty());
  CHECK(remembered(after(scan_at(0, json::array()), 3, {a_store(kGiB)})).empty());
}

TEST_CASE("two stores of one kind are told apart by their ports; of those that differ in nothing the first counts") {
  const Scan second = after(scan_at(0, {a_store(kGiB, 5432), a_store(8 * kGiB, 5433)}), 2, {a_store(2 * kGiB, 5433), a_store(3 * kGiB, 5432)});
  REQUIRE(remembered(second).size() == 2);
  CHECK(derived(second)["growth_day_bytes"] == -3 * kGiB);  // the one on 5433
  const Scan twins = after(scan_at(0, {a_store(kGiB), a_store(4 * kGiB)}), 2, {a_store(3 * kGiB), a_store(9 * kGiB)});
  REQUIRE(remembered(twins).size() == 1);
  CHECK(remembered(twins)[0]["from_bytes"] == kGiB);
}

TEST_CASE("a scan that does not know the size keeps what is remembered") {
  json unknown = a_store(0);
  unknown.erase("data_bytes");
  const Scan second = after(scan_at(0, {a_store(kGiB)}), 2, {unknown});
  CHECK(remembered(second)[0]["from_bytes"] == kGiB);
  CHECK_FALSE(derived(second).contains("growth_day_bytes"));
  CHECK(derived(after(second, 4, {a_store(3 * kGiB)}))["growth_day_bytes"] == kGiB / 2);
}

TEST_CASE("the older size is two to four weeks old once a host is known that long") {
  Scan scan = scan_at(0, {a_store(0)});
  for (std::int64_t day = 1; day <= 400; ++day) {
    scan = after(scan, day, {a_store(day * kGiB)});
    const double days = remembered(scan)[0]["days"];
    if (day <= 28) CHECK(days == static_cast<double>(day));
    if (day > 28) CHECK((days >= 14 && days <= 28));
    if (day > 1) CHECK(derived(scan)["growth_day_bytes"] == kGiB);
  }
}

TEST_CASE("a clock that was set back forgets what lies ahead of it") {
  const Scan first = scan_at(10, {a_store(kGiB)});
  const Scan later = after(first, 20, {a_store(2 * kGiB)});
  CHECK(remembered(after(later, 5, {a_store(kGiB)})).empty());
  const Scan between = after(later, 15, {a_store(4 * kGiB)});  // behind the last scan, not behind the older one
  CHECK(remembered(between)[0]["from_bytes"] == kGiB);
  CHECK(remembered(between)[0]["days"] == 5.0);
  Scan month = scan_at(0, {a_store(0)});
  for (std::int64_t day = 1; day <= 27; ++day) month = after(month, day, {a_store(day)});
  REQUIRE(remembered(month)[0].contains("middle"));
  const Scan back = after(month, 13, {a_store(13)});  // the size between was taken on day 14
  CHECK_FALSE(remembered(back)[0].contains("middle"));
  CHECK(remembered(back)[0]["days"] == 13.0);
}

TEST_CASE("nonsense in a stored scan is passed over") {
  Scan before = scan_at(0, json::parse(R"([1, "x", {"kind": 5, "port": "a", "data_bytes": -4}, {"kind": "redis", "data_bytes": 18446744073709551615}, {"kind": "mysql", "data_bytes": 1.5}])"));
  before.sections["history"].data = json::parse(R"({"stores": [7, {"kind": "redis", "from": "never", "from_bytes": 3}, {"kind": "mysql", "from": "2026-01-01T00:00:00Z", "from_bytes": "x"}]})");
  const Scan scan = after(before, 3, json::parse(R"([{"kind": "redis", "data_bytes": 1}, {"kind": "mysql", "data_bytes": 2}, {}])"));
  CHECK(remembered(scan).empty());
}

TEST_CASE("what an agent sends under the name of the collector's memory is dropped") {
  const ScratchFolder folder;
  const auto store = get(open_store("sqlite:" + folder.path() + "/store.db"));
  get(store->add_host(kHostA, "a", 1));
  const auto ingest = make_ingest(*store, small_rules(), IngestLimits{});
  const auto send = [&](const Scan& scan) {
    std::promise<Response> promise;
    ingest->accept(kHostA, "application/zstd", compress_zstd(to_json(scan)), [&](Response response) { promise.set_value(std::move(response)); });
    return promise.get_future().get();
  };
  Scan lie = scan_at(0, {a_store(10 * kGiB)});
  lie.sections["history"].data = {{"stores", {{{"kind", "postgresql"}, {"port", 5432}, {"data_folder", "/var/lib/postgresql/15/main"},
                                               {"days", 30.0}, {"from", "2020-01-01T00:00:00Z"}, {"from_bytes", 1}}}}};
  hash_sections(lie);
  REQUIRE(send(lie).status == 200);
  CHECK(remembered(get(read_stored(*get(store->latest_scan(kHostA))))).empty());
  Scan second = scan_at(4, {a_store(14 * kGiB)});
  second.sections["history"] = lie.sections["history"];
  REQUIRE(send(second).status == 200);
  const Scan stored = get(read_stored(*get(store->latest_scan(kHostA))));
  REQUIRE(remembered(stored).size() == 1);
  CHECK(remembered(stored)[0]["from_bytes"] == 10 * kGiB);
  CHECK(remembered(stored)[0]["days"] == 4.0);
  CHECK(facts_hash(stored) == facts_hash(scan_at(4, {a_store(14 * kGiB)})));
}
