// SPDX-License-Identifier: Apache-2.0
// Derived facts: support ends, accelerator models, sums.
#include <nlohmann/json.hpp>

#include "base/time.h"
#include "rules/catalogue.h"
#include "rules/store_support.h"
#include "tests/catch.h"

using namespace plumbline;
using nlohmann::json;

namespace {

AcceleratorModel model(const std::string& name, const std::string& id, double memory, double bandwidth, int a_board = 1) {
  AcceleratorModel out;
  out.name = name;
  out.vendor_id = "10de";
  out.device_ids = {id};
  out.memory_gb = memory;
  out.bandwidth_gbs = bandwidth;
  out.compute_capability = 8.6;
  out.tdp_watts = 60.0 * a_board;
  out.status = "current";
  out.gpus_per_board = a_board;
  return out;
}

Catalogue small_catalogue() {
  Catalogue out;
  out.accelerators = {model("NVIDIA A2", "25b6", 16, 200), model("NVIDIA A16", "25b6", 16, 200, 4),
                      model("RX 7900 XTX", "744c", 24, 960), model("RX 7900 XT", "744c", 20, 800),
                      model("L4", "27b8", 24, 300)};
  auto add = [&](const std::string& product, const std::string& cycle, const std::string& standard,
                 const std::string& support) {
    out.lifecycle[product].push_back({product, cycle, "", parse_date(standard), parse_date(support)});
  };
  add("debian", "12", "2026-07-11", "2028-06-30");
  add("ubuntu", "22.04", "2027-04-01", "2027-04-01");
  add("postgresql", "15", "2027-11-11", "2027-11-11");
  add("postgresql", "9.6", "2021-11-11", "2021-11-11");
  add("mariadb", "10.1", "2020-10-17", "2020-10-17");
  add("mariadb", "10.11", "2028-02-16", "2028-02-16");
  add("nvidia-driver", "R535", "2026-06-01", "2026-06-01");
  add("nvidia-driver", "r580-linux", "2028-08-04", "2028-08-04");
  add("docker-engine", "28", "2026-05-13", "2026-05-13");
  add("redis", "7.0", "2024-07-29", "2024-07-29");
  add("elasticsearch", "8", "", "");
  out.lifecycle["postgresql"].front().latest = "15.19";
  out.lifecycle["redis"].front().latest = "7.0.15";
  return out;
}

const std::int64_t kScanDay = *parse_iso8601("2026-11-23T19:35:00Z");

json derived(json facts) {
  derive_facts(facts, small_catalogue(), kScanDay);
  return facts;
}

json a_device(const std::string& id, const std::string& address, bool usable = true) {
  return {{"vendor_id", "10de"}, {"device_id", id}, {"address", address}, {"usable", usable}};
}

}  // namespace

TEST_CASE("a version belongs to the longest release line that is its prefix at a dot") {
  Catalogue catalogue = small_catalogue();
  auto cycle = [&](std::string_view product, std::string_view version) -> std::string {
    const Lifecycle* line = find_lifecycle(catalogue, product, version);
    return line ? line->cycle : "";
  };
  CHECK(cycle("postgresql", "15.18") == "15");
  CHECK(cycle("postgresql", "15.18-0+deb12u1") == "15");
  CHECK(cycle("postgresql", "9.6.24") == "9.6");
  CHECK(cycle("postgresql", "150.1").empty());
  CHECK(cycle("postgresql", "9").empty());
  CHECK(cycle("mariadb", "1:10.11.6-0+deb12u1") == "10.11");
  CHECK(cycle("mariadb", "10.1.48") == "10.1");
  CHECK(cycle("nvidia-driver", "535.309.01") == "R535");
  CHECK(cycle("nvidia-driver", "580.95.05") == "r580-linux");
  CHECK(cycle("docker-engine", "5:28.5.1-1~debian.12~bookworm") == "28");
  CHECK(cycle("ubuntu", "22.04") == "22.04");
  CHECK(cycle("unheard-of", "1").empty());
  CHECK(cycle("postgresql", "").empty());
}

TEST_CASE("the support of an operating system is told in days of the scan") {
  json facts = derived({{"os", {{"id", "debian"}, {"version", "12"}}}});
  CHECK(facts["os"]["support_ends"] == "2028-06-30");
  CHECK(facts["os"]["standard_support_ends"] == "2026-07-11");
  CHECK(facts["os"]["support_days_left"] == 585);
  facts = derived({{"os", {{"id", "debian"}, {"version", "99"}, {"support_days_left", 9999}}}});
  CHECK_FALSE(facts["os"].contains("support_days_left"));  // what a host claims is not believed
  CHECK_FALSE(derived({{"cpu", json::object()}}).contains("os"));
}

TEST_CASE("on its last day a release is still supported") {
  json facts = {{"os", {{"id", "debian"}, {"version", "12"}}}};
  derive_facts(facts, small_catalogue(), *parse_iso8601("2028-06-30T23:59:00Z"));
  CHECK(facts["os"]["support_days_left"] == 0);
  derive_facts(facts, small_catalogue(), *parse_iso8601("2028-07-01T00:00:00Z"));
  CHECK(facts["os"]["support_days_left"] == -1);
}

TEST_CASE("four A16 functions stand on neighbouring buses, an A2 stands alone") {
  json four = json::array();
  for (const char* bus : {"0000:3b:00.0", "0000:3c:00.0", "0000:3d:00.0", "0000:3e:00.0"}) {
    four.push_back(a_device("25b6", bus));
  }
  json facts = derived({{"accelerators", {{"devices", four}}}});
  for (const json& device : facts["accelerators"]["devices"]) {
    CHECK(device["name"] == "NVIDIA A16");
    CHECK(device["tdp_watts"] == 60);
    CHECK(device["memory_bytes"] == 16'000'000'000);
    CHECK(device["memory_source"] == "catalogue");
  }
  CHECK(facts["accelerators"]["memory_total_bytes"] == 64'000'000'000);
  CHECK(facts["accelerators"]["memory_largest_bytes"] == 16'000'000'000);

  facts = derived({{"accelerators", {{"devices", {a_device("25b6", "0000:3b:00.0"), a_device("25b6", "0000:5e:00.0")}}}}});
  CHECK(facts["accelerators"]["devices"][0]["name"] == "NVIDIA A2");

  json one = a_device("25b6", "0000:3b:00.0");
  one["subsystem_id"] = "10de:14a9";
  CHECK(derived({{"accelerators", {{"devices", {one}}}}})["accelerators"]["devices"][0]["name"] == "NVIDIA A16");
  one["name"] = "NVIDIA A2";  // the driver knows best
  CHECK(derived({{"accelerators", {{"devices", {one}}}}})["accelerators"]["devices"][0]["tdp_watts"] == 60);
}

TEST_CASE("cards that share an id are told apart by their memory, or stay unknown where they differ") {
  json card = a_device("744c", "0000:03:00.0");
  card["memory_bytes"] = 21'458'059'264;
  json facts = derived({{"accelerators", {{"devices", {card}}}}});
  CHECK(facts["accelerators"]["devices"][0]["name"] == "RX 7900 XT");
  CHECK(facts["accelerators"]["devices"][0]["bandwidth_gbs"] == 800);
  CHECK(facts["accelerators"]["devices"][0]["memory_source"] == "device");
  card.erase("memory_bytes");
  facts = derived({{"accelerators", {{"devices", {card}}}}});
  const json& device = facts["accelerators"]["devices"][0];
  CHECK(device["name"] == "RX 7900 XTX or RX 7900 XT");
  CHECK(device["status"] == "current");
  CHECK_FALSE(device.contains("bandwidth_gbs"));
  CHECK_FALSE(device.contains("memory_bytes"));
  CHECK_FALSE(facts["accelerators"].contains("memory_total_bytes"));
}

TEST_CASE("sums hold usable devices only; no device is no memory, an unread list is unknown") {
  json idle = a_device("27b8", "0000:41:00.0", false);
  json facts = derived({{"accelerators", {{"devices", {idle, a_device("27b8", "0000:42:00.0")}}}}});
  CHECK(facts["accelerators"]["memory_total_bytes"] == 24'000'000'000);
  CHECK(derived({{"accelerators", {{"devices", json::array()}}}})["accelerators"]["memory_total_bytes"] == 0);
  CHECK_FALSE(derived({{"accelerators", {{"count", 1}}}})["accelerators"].contains("memory_total_bytes"));
  CHECK(derived({{"accelerators", {{"devices", {a_device("ffff", "x")}}}}})["accelerators"]["devices"][0]["status"] ==
        "unlisted");
}

TEST_CASE("a driver branch, a data store and a container engine tell the days they have left") {
  json facts = derived({{"accelerators", {{"nvidia_driver", "535.309.01"}}},
                        {"containers", {{"runtimes", {{{"name", "docker"}, {"version", "28.5.1"}}}}}},
                        {"data_stores", {{"instances", {{{"kind", "postgresql"}, {"version", "15.18"}}}}}}});
  CHECK(facts["accelerators"]["nvidia_driver_support_days_left"] == -175);
  CHECK(facts["containers"]["runtimes"][0]["support_days_left"] == -194);
  CHECK(facts["data_stores"]["instances"][0]["support_days_left"] == 353);
}

TEST_CASE("a package of the distribution is supported as long as the distribution is") {
  auto supported = [](const std::string& version, const char* family = "debian") {
    json facts = derived({{"os", {{"id", "debian"}, {"version", "12"}, {"family", family}}},
                          {"data_stores", {{"instances", {{{"kind", "postgresql"}, {"version", version}}}}}}});
    const json& instance = facts["data_stores"]["instances"][0];
    return instance.contains("distro_supported") ? instance["distro_supported"].dump() : "unknown";
  };
  CHECK(supported("15.18-0+deb12u1") == "true");
  CHECK(supported("5:7.0.15-1~deb12u3") == "true");
  CHECK(supported("8.0.39-0ubuntu0.22.04.1") == "true");
  CHECK(supported("7.0.15-1") == "true");
  CHECK(supported("15.8-1.pgdg120+1") == "false");
  CHECK(supported("1:10.11.6+maria~deb12") == "false");
  CHECK(supported("8.0.39-1debian12") == "false");
  CHECK(supported("6:7.4.1-1rl1~bookworm1") == "false");
  CHECK(supported("15.8") == "unknown");
  CHECK(supported("13.16-1.el9_4", "rhel") == "true");
  CHECK(supported("15.8-1PGDG.rhel9", "rhel") == "false");
  CHECK(supported("10.11.8-1.el9", "rhel") == "unknown");
}

namespace {

/// What is derived of one store on a host of this system.
json derived_store(json store, json os = {{"id", "debian"}, {"version", "12"}, {"family", "debian"}}) {
  return derived({{"os", std::move(os)}, {"data_stores", {{"instances", {std::move(store)}}}}})["data_stores"]["instances"][0];
}

json debian_package(const std::string& kind, const std::string& version, const std::string& package, const std::string& maintainer = "") {
  json store = {{"kind", kind}, {"version", version}, {"version_source", "package"}, {"package_version", package}};
  if (!maintainer.empty()) store["package_origin"] = maintainer;
  return store;
}

std::string origin(const std::string& kind, const std::string& version, const std::string& vendor, const char* family, const char* id) {
  switch (origin_of({kind, version, vendor}, family, id)) {
    case PackageOrigin::distribution: return "distribution";
    case PackageOrigin::community: return "community";
    case PackageOrigin::elsewhere: return "elsewhere";
    default: return "unknown";
  }
}

}  // namespace

TEST_CASE("support by the distribution is told apart from its maker's") {
  const json redis = derived_store(debian_package("redis", "7.0.15", "5:7.0.15-1~deb12u6", "Chris Lamb"));
  CHECK(redis["support_days_left"] == -847);  // its maker stopped in 2024
  CHECK(redis["upstream_ends"] == "2024-07-29");
  CHECK(redis["support_ends"] == "2028-06-30");
  CHECK(redis["supported_by"] == "distribution");
  CHECK(redis["supported_days_left"] == 585);
  const json later = derived_store(debian_package("mariadb", "10.11.19", "1:10.11.19-0+deb12u1"));
  CHECK(later["supported_by"] == "distribution");  // until June 2028; its maker until February
  const json upstream = derived_store(debian_package("postgresql", "15.8", "15.8-1.pgdg120+1", "Debian PostgreSQL Maintainers"));
  CHECK(upstream["supported_by"] == "upstream");
  CHECK(upstream["support_ends"] == "2027-11-11");
  const json own = derived_store({{"kind", "redis"}, {"version", "7.0.15"}, {"version_source", "greeting"}});
  CHECK(own["supported_by"] == "nobody");
  CHECK(own["supported_days_left"] == -847);
  CHECK(derived_store({{"kind", "elasticsearch"}, {"version", "8.15.0"}})["supported_by"] == "upstream");  // in support, without a date
  CHECK_FALSE(derived_store({{"kind", "elasticsearch"}, {"version", "99.1"}}).contains("supported_by"));
  CHECK_FALSE(derived_store({{"kind", "redis"}}).contains("supported_by"));
}

TEST_CASE("once the distribution's support is over, nobody sends fixes for what its maker has dropped") {
  json facts = {{"os", {{"id", "debian"}, {"version", "12"}, {"family", "debian"}}},
                {"data_stores", {{"instances", {debian_package("redis", "7.0.15", "5:7.0.15-1~deb12u6")}}}}};
  derive_facts(facts, small_catalogue(), *parse_iso8601("2028-07-01T00:00:00Z"));
  CHECK(facts["data_stores"]["instances"][0]["supported_by"] == "nobody");
  CHECK(facts["data_stores"]["instances"][0]["distro_supported"] == false);
}

TEST_CASE("releases behind are counted within a line, and not for packages of a distribution") {
  CHECK(derived_store({{"kind", "postgresql"}, {"version", "15.12"}, {"version_source", "greeting"}})["releases_behind"] == 7);
  CHECK(derived_store(debian_package("postgresql", "15.8", "15.8-1.pgdg120+1"))["releases_behind"] == 11);
  const json debian = derived_store(debian_package("postgresql", "15.12", "15.12-0+deb12u2"));
  CHECK_FALSE(debian.contains("releases_behind"));
  CHECK(debian["latest_version"] == "15.19");
  CHECK(releases_between("15.12", "15.19") == 7);
  CHECK(releases_between("8.11.1", "8.19.20") == 8);
  CHECK(releases_between("15.20", "15.19") == 0);
  CHECK(releases_between("1:10.11.6-MariaDB", "10.11.9") == 3);
  CHECK_FALSE(releases_between("15", "15.19"));
  CHECK_FALSE(releases_between("unknown", "15.19"));
  CHECK_FALSE(releases_between("", ""));
}

TEST_CASE("who made a package is told by its version and its maker") {
  CHECK(origin("redis", "5:7.0.15-1~deb12u6", "Chris Lamb", "debian", "debian") == "distribution");
  CHECK(origin("memcached", "1.6.38-1", "Chris Lamb, debian.org", "debian", "debian") == "distribution");
  CHECK(origin("memcached", "1.6.38-1", "Some Body, example.org", "debian", "debian") == "unknown");
  CHECK(origin("etcd", "3.4.23-4+b4", "Some Body, example.org", "debian", "debian") == "distribution");
  CHECK(origin("influxdb", "2.7.6-1", "InfluxData, influxdb.com", "debian", "debian") == "unknown");
  CHECK(origin("anything", "1.0-1~deb12", "Some Body, example.org", "debian", "debian") == "elsewhere");
  CHECK(origin("postgresql", "15.18-0+deb12u1", "Debian PostgreSQL Maintainers", "debian", "debian") == "distribution");
  CHECK(origin("postgresql", "15.8-1.pgdg120+1", "Debian PostgreSQL Maintainers", "debian", "debian") == "elsewhere");
  CHECK(origin("mongodb", "7.0.14", "MongoDB Packaging", "debian", "debian") == "elsewhere");
  CHECK(origin("postgresql", "14.18-0ubuntu0.22.04.1", "Ubuntu Developers", "debian", "ubuntu") == "distribution");
  CHECK(origin("redis", "5:6.0.16-1ubuntu1", "Ubuntu Developers", "debian", "ubuntu") == "community");
  CHECK(origin("redis", "5:6.0.16-1ubuntu1+esm2", "Ubuntu Developers", "debian", "ubuntu") == "distribution");
  CHECK(origin("postgresql", "13.16-1.el9", "Rocky Enterprise Software Foundation", "rhel", "rocky") == "distribution");
  CHECK(origin("redis", "7.2.6-1.el9", "Fedora Project", "rhel", "rocky") == "elsewhere");
  CHECK(origin("postgresql", "16.3-150600.16.5.1", "SUSE LLC <https://www.suse.com/>", "suse", "sles") == "distribution");
  CHECK(origin("mongodb", "7.0", "obs://build.opensuse.org/home:somebody", "suse", "opensuse-leap") == "elsewhere");
  CHECK(origin("postgresql", "16.9-r0", "", "alpine", "alpine") == "distribution");
  CHECK(origin("postgresql", "16.9-1", "", "arch", "arch") == "unknown");
}

TEST_CASE("whose pgvector it is, is told by the package of its version") {
  const auto told = [](const json& packages, const char* id = "debian") {
    json facts = {{"os", {{"id", id}, {"version", std::string(id) == "debian" ? "12" : "22.04"}, {"family", "debian"}}},
                  {"packages", {{"versions", packages}}},
                  {"data_stores", {{"instances", {{{"kind", "postgresql"}, {"version", "15.18"}, {"vector_version", "0.8.0"}}}}}}};
    facts = derived(std::move(facts));
    const json& store = facts["data_stores"]["instances"][0];
    return store.contains("vector_by_distribution") ? store["vector_by_distribution"].dump() : "unknown";
  };
  CHECK(told({{"postgresql-15-pgvector", "0.8.0-1"}}) == "true");
  CHECK(told({{"postgresql-15-pgvector", "0.8.0-1.pgdg120+1"}}) == "false");
  CHECK(told({{"postgresql-16-pgvector", "0.6.0-1"}}, "ubuntu") == "unknown");  // another one than the control file names
  CHECK(told({{"postgresql-15-pgvector", "0.8.0-1"}}, "ubuntu") == "false");    // universe
  CHECK(told(json::object()) == "unknown");
  CHECK(told(json::array()) == "unknown");
}

TEST_CASE("an accelerator on the same host counts where all of them could be judged") {
  const auto here = [](json accelerators) {
    const json store = derived({{"accelerators", std::move(accelerators)}, {"data_stores", {{"instances", {{{"kind", "redis"}}}}}}})["data_stores"]["instances"][0];
    return store.contains("accelerator_here") ? store["accelerator_here"].dump() : "unknown";
  };
  CHECK(here({{"devices", {a_device("27b8", "0000:01:00.0")}}}) == "true");
  CHECK(here({{"devices", {a_device("27b8", "0000:01:00.0", false)}}}) == "false");
  CHECK(here({{"devices", json::array()}}) == "false");
  CHECK(here(json::object()) == "unknown");
  CHECK(here({{"devices", {{{"vendor_id", "10de"}, {"device_id", "27b8"}}}}}) == "unknown");
}

TEST_CASE("hostile facts are derived from without harm") {
  for (const char* text : {"[]", "1", "null", R"({"os":[]})", R"({"os":{"id":1,"version":[]}})",
                           R"({"accelerators":{"devices":[1,"x",{"vendor_id":1,"device_id":{}}]}})",
                           R"({"accelerators":{"devices":[{"vendor_id":"10de","device_id":"25b6","address":"::::"}]}})",
                           R"({"data_stores":{"instances":{}},"containers":{"runtimes":[null]}})"}) {
    json facts = json::parse(text);
    derive_facts(facts, small_catalogue(), -5);
  }
  SUCCEED();
}
