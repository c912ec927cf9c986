// SPDX-License-Identifier: Apache-2.0
// Derived facts: support ends, accelerator models, sums.
#include <nlohmann/json.hpp>

#include "base/time.h"
#include "rules/catalogue.h"
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
