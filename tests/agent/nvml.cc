// SPDX-License-Identifier: Apache-2.0
// NVML through a fake library: cards of several kinds, a lost one, an old driver, no driver, nonsense.
#include "agent/asks/nvml.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "agent/host.h"
#include "agent/scan.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "tests/agent/scratch.h"
#include "tests/catch.h"

namespace plumbline {
namespace {

using nlohmann::json;

json ask_fake(const char* machine, const char* library = PLUMBLINE_FAKE_NVML_LIBRARY) {
  setenv("PLUMBLINE_FAKE_NVML", machine, 1);
  const auto answer = ask_nvml(library);
  REQUIRE(answer);
  auto parsed = parse_json(*answer);
  REQUIRE(parsed);
  return std::move(*parsed);
}

/// The accelerators section of a host with these cards on its bus and this answer of NVML.
json section_of(const json& answer, const std::vector<std::string>& addresses) {
  Scratch scratch;
  for (const auto& address : addresses) {
    const std::string folder = "/sys/bus/pci/devices/" + address;
    scratch.write(folder + "/class", "0x030200\n");
    scratch.write(folder + "/vendor", "0x10de\n");
    scratch.write(folder + "/device", "0x26b9\n");
    scratch.write(folder + "/uevent", "DRIVER=nvidia\nPCI_CLASS=30200\n");
  }
  scratch.write("/.plumbline/recording.json", json{{"answers", {{"nvml", answer.dump()}}}}.dump());
  const auto host = recorded_host(scratch.path());
  REQUIRE(host);
  auto scan = take_scan(**host, {{"accelerators"}});
  REQUIRE(scan);
  REQUIRE(read_scan(to_json(*scan)));
  return scan->sections.at("accelerators").data;
}

}  // namespace

TEST_CASE("NVML tells a T4's memory, capability, power and driver") {
  const json answer = ask_fake("t4");
  CHECK(answer["status"] == "ok");
  CHECK(answer["driver"] == "535.161.08");
  CHECK(answer["cuda"] == "12.2");
  REQUIRE(answer["devices"].size() == 1);
  const json& card = answer["devices"][0];
  CHECK(card["address"] == "0000:3b:00.0");
  CHECK(card["name"] == "Tesla T4");
  CHECK(card["memory_bytes"] == 15360ull << 20);
  CHECK(card["memory_free_bytes"] == (15360ull - 500) << 20);
  CHECK(card["compute_capability"] == 7.5);
  CHECK(card["ecc"] == true);
  CHECK(card["ecc_uncorrected_errors"] == 2);
  CHECK(card["power_limit_watts"] == 70.0);
  CHECK(card["temperature_celsius"] == 44);
  CHECK(card["utilization_percent"] == 37);
  CHECK(card["nvlink_active"] == 0);
  CHECK(!card.contains("mig"));
}

TEST_CASE("A UUID leaves the library's caller as a hash only") {
  const json answer = ask_fake("t4");
  CHECK(answer["devices"][0]["uuid_hash"] == sha256_hex("GPU-00000000:3B:00.0").substr(0, 16));
  CHECK(!contains(answer.dump(), "GPU-"));
}

TEST_CASE("An A100 with MIG on shows it, its links and no utilisation") {
  const json card = ask_fake("a100-mig")["devices"][0];
  CHECK(card["mig"] == true);
  CHECK(card["compute_capability"] == 8.0);
  CHECK(card["nvlink_active"] == 11);
  CHECK(!card.contains("utilization_percent"));
}

TEST_CASE("A divided card tells its instances by profile, and what they hold and have free") {
  const json answer = ask_fake("a100-mig");
  const json& card = answer["devices"][0];
  CHECK(card["mig_instances"] == json({"3g.40gb", "1g.10gb"}));  // the second has no name: 9,728 MiB are 10 GB
  CHECK(card["mig_memory_bytes"] == (40192ull + 9728) << 20);
  CHECK(card["mig_memory_free_bytes"] == (40000ull + 9728) << 20);
  CHECK(section_of(answer, {"0000:07:00.0"})["devices"][0]["mig_instances"].size() == 2);
}

TEST_CASE("Eight cards behind NVSwitches tell their fabric, repairs, slowdowns and processes") {
  const json answer = ask_fake("hgx");
  const json& cards = answer["devices"];
  REQUIRE(cards.size() == 8);
  CHECK(cards[0]["nvlink_active"] == 17);
  const std::vector<std::string> fabrics = {"ready", "ready", "ready", "starting", "not_started", "failed", "ready", "none"};
  for (std::size_t i = 0; i < fabrics.size(); ++i) CHECK(cards[i]["fabric"] == fabrics[i]);
  CHECK(cards[0]["slowdown"] == json({"thermal", "power_cap"}));
  CHECK(cards[1]["slowdown"] == json::array());  // idle holds nothing down
  CHECK(cards[2]["slowdown"] == json({"power_brake", "hardware"}));
  CHECK(cards[1]["repair_pending"] == true);
  CHECK(cards[1]["repair_failed"] == false);
  CHECK(cards[2]["repair_failed"] == true);
  CHECK(cards[0]["repair_pending"] == false);
  CHECK(cards[0]["processes"] == 2);
  CHECK(cards[0]["process_memory_bytes"] == 2ull << 30);
  CHECK(cards[1]["processes"] == 0);
  CHECK(cards[0]["power_watts"] == 60.5);
  CHECK(cards[0]["clock_mhz"] == 210);
  CHECK(cards[0]["clock_max_mhz"] == 1980);
  CHECK(cards[0]["persistence"] == true);
  const json section = section_of(answer, {"0000:19:00.0", "0000:bb:00.0"});
  CHECK(section["devices"][0]["fabric"] == "ready");
  CHECK(section["devices"][1]["fabric"] == "failed");
  CHECK(section["devices"][0]["slowdown"] == json({"thermal", "power_cap"}));
}

TEST_CASE("Cards before Ampere tell retired pages, not remapped rows") {
  const json card = ask_fake("t4")["devices"][0];
  CHECK(card["repair_pending"] == true);
  CHECK(!card.contains("repair_failed"));
}

TEST_CASE("A lost card spoils no other and is not usable") {
  const json answer = ask_fake("lost");
  REQUIRE(answer["devices"].size() == 3);
  CHECK(answer["devices"][1]["error"] == "GPU is lost");
  CHECK(answer["devices"][2]["error"] == "GPU is lost");
  const json section = section_of(answer, {"0000:17:00.0", "0000:98:00.0", "0000:b8:00.0"});
  CHECK(section["count"] == 3);
  CHECK(section["nvml"] == "ok");
  CHECK(section["devices"][0]["usable"] == true);
  CHECK(section["devices"][0]["memory_bytes"] == 46068ull << 20);
  CHECK(section["devices"][1]["usable"] == false);
  CHECK(section["devices"][2]["usable"] == false);
}

TEST_CASE("A card that waits for a reset is not usable; one on a bus segment above 65,535 keeps its address") {
  const json answer = ask_fake("reset");
  CHECK(answer["devices"][0]["error"] == "GPU requires a reset");
  CHECK(answer["devices"][1]["address"] == "10000:01:00.0");  // as sysfs writes it
  const json section = section_of(answer, {"0000:17:00.0", "10000:01:00.0"});
  CHECK(section["devices"][0]["usable"] == false);
  CHECK(section["devices"][1]["usable"] == true);
}

TEST_CASE("Two cards are told apart by their address") {
  const json section = section_of(ask_fake("l40s"), {"0000:98:00.0", "0000:17:00.0"});
  CHECK(section["devices"][0]["address"] == "0000:17:00.0");
  CHECK(section["devices"][0]["memory_free_bytes"] == (46068ull - 20500) << 20);
  CHECK(section["devices"][0]["ecc"] == true);
  CHECK(section["devices"][1]["ecc"] == false);
  CHECK(section["cuda_version"] == "13.0");
}

TEST_CASE("An old driver gives what it has and leaves the rest out") {
  const json answer = ask_fake("t4", PLUMBLINE_OLD_NVML_LIBRARY);
  CHECK(answer["status"] == "ok");
  CHECK(!answer.contains("cuda"));
  const json& card = answer["devices"][0];
  CHECK(card["address"] == "0000:3b:00.0");
  CHECK(card["memory_bytes"] == 15360ull << 20);
  CHECK(card["power_limit_watts"] == 70.0);
  CHECK(!card.contains("compute_capability"));
  CHECK(!card.contains("utilization_percent"));
  CHECK(!card.contains("nvlink_active"));  // it was never asked: that is not 0
  const auto& unanswered = card["unanswered"];
  CHECK(std::count(unanswered.begin(), unanswered.end(), "nvmlDeviceGetCudaComputeCapability: not in this driver") == 1);
}

TEST_CASE("What a call of the library does not answer is told, and why") {
  const json answer = ask_fake("t4");
  CHECK(answer["devices"][0]["unanswered"] ==
        json({"nvmlDeviceGetCurrentClocksEventReasons: not in this driver", "nvmlDeviceGetGpuFabricInfo: not supported",
              "nvmlDeviceGetMigMode: not supported", "nvmlDeviceGetNvLinkState: not supported",
              "nvmlDeviceGetRemappedRows: not supported"}));
  CHECK(section_of(answer, {"0000:3b:00.0"})["devices"][0]["unanswered"].size() == 5);
}

TEST_CASE("NVML without a driver, of another version or without a right says so in words") {
  CHECK(ask_fake("no-driver")["status"] == "no driver");
  CHECK(contains(ask_fake("mismatch")["status"].get<std::string>(), "do not match"));
  CHECK(ask_fake("forbidden")["devices"][0]["error"] == "permission denied");
  CHECK(ask_fake("t4", "/no/such/library.so")["status"] == "no library");
  const json section = section_of(ask_fake("mismatch"), {"0000:17:00.0"});
  CHECK(section["devices"][0]["usable"] == false);
  CHECK(!section_of(ask_fake("t4", "/no/such/library.so"), {"0000:17:00.0"})["devices"][0].contains("usable"));
}

/// Rows of a table with names in its first line.
std::vector<std::map<std::string, std::string>> rows_of(const std::string& path) {
  std::ifstream in(path);
  std::vector<std::map<std::string, std::string>> rows;
  std::vector<std::string> names;
  for (std::string line; std::getline(in, line);) {
    const auto cells = split(line, '\t');
    if (names.empty()) {
      names.assign(cells.begin(), cells.end());
      continue;
    }
    auto& row = rows.emplace_back();
    for (std::size_t i = 0; i < names.size() && i < cells.size(); ++i) row[names[i]] = std::string(trim(cells[i]));
  }
  return rows;
}

/// "400.00 W", "50 %", "40960 MiB"; null for "N/A", "[N/A]" and "".
json amount_of(const std::string& text) {
  const auto number = parse_double(text.substr(0, text.find(' ')));
  return number ? json(*number) : json();
}

json switch_of(const std::string& text) { return text == "Enabled" ? json(true) : text == "Disabled" ? json(false) : json(); }

TEST_CASE("Cards that nvidia-smi captured elsewhere tell what their table says") {
  const char* corpus = std::getenv("PLUMBLINE_CORPUS");
  if (corpus == nullptr) {
    std::cerr << "skipped: PLUMBLINE_CORPUS names no folder of recorded machines\n";
    return;
  }
  const std::string folder = std::string(corpus) + "/nvidia/";
  std::size_t facts = 0;
  for (auto& row : rows_of(folder + "smi_facts.tsv")) {
    INFO(row["file"] << " card " << row["gpu_index"]);
    const json answer = ask_fake((folder + row["file"]).c_str());
    REQUIRE(answer["status"] == "ok");
    const json& card = answer["devices"].at(parse_u64(row["gpu_index"]).value());
    const auto same = [&](const char* key, const json& got, const json& want) {
      INFO(key);
      CHECK(got.dump() == want.dump());
      ++facts;
    };
    const auto number = [&](const char* key) { return card.contains(key) ? json(card[key].get<double>()) : json(); };
    const auto value = [&](const char* key) { return card.contains(key) ? card[key] : json(); };
    same("name", value("name"), row["product_name"]);
    if (!row["driver"].empty()) same("driver", answer["driver"], row["driver"]);
    if (!row["cuda"].empty()) same("cuda", answer["cuda"], row["cuda"]);
    if (row["pci_bus_id"].size() >= 12) {
      const std::string address = lower(row["pci_bus_id"].substr(row["pci_bus_id"].find(':') - 4));
      same("address", value("address"), address);
    }
    const bool lost = row["fb_total"] == "GPU is lost";
    same("error", value("error"), lost ? json("GPU is lost") : json());
    if (lost) continue;
    same("memory_bytes", number("memory_bytes"), amount_of(row["fb_total"]).get<double>() * 1048576);
    same("ecc", value("ecc"), switch_of(row["ecc_current"]));
    same("mig", value("mig"), switch_of(row["mig_current"]));
    same("persistence", value("persistence"), switch_of(row["persistence"]));
    same("power_limit_watts", number("power_limit_watts"), amount_of(row["power_limit"]));
    same("utilization_percent", number("utilization_percent"), amount_of(row["util_gpu"]));
    same("temperature_celsius", number("temperature_celsius"), amount_of(row["temp"]));
    // what the driver keeps for itself is neither used nor free
    CHECK(number("memory_free_bytes").get<double>() <= (amount_of(row["fb_total"]).get<double>() - amount_of(row["fb_used"]).get<double>()) * 1048576);
    CHECK(card["slowdown"] == json::array());
  }
  CHECK(facts > 200);
  const json divided = ask_fake((folder + "telegraf/a100-sxm4-v12.xml").c_str())["devices"][0];
  CHECK(divided["mig_instances"].size() >= 3);
  CHECK(divided["mig_memory_bytes"].get<std::uint64_t>() % (19968ull << 20) == 0);
}

TEST_CASE("Nonsense from the library stays a valid document") {
  const json answer = ask_fake("garbled");
  CHECK(section_of(answer, {"0000:17:00.0"})["count"] == 1);
}

TEST_CASE("Answers of another shape are refused, not believed") {
  const std::vector<std::string> one = {"0000:17:00.0"};
  for (const char* text : {"null", "[]", "{}", R"({"status":5,"devices":[]})", R"({"status":"ok","devices":{}})",
                           R"({"status":"ok","devices":[5,{"address":7},{"address":"0000:17:00.0","name":9,"memory_bytes":-1,"ecc":"yes","mig":1}]})"}) {
    INFO(text);
    CHECK(section_of(json::parse(text), one)["count"] == 1);
  }
}

}  // namespace plumbline
