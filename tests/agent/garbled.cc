// SPDX-License-Identifier: Apache-2.0
// A recorded server gives its known facts; with each of its files cut, emptied, garbled or turned into a folder in
// turn it still gives a valid document.
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/host.h"
#include "agent/scan.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "tests/agent/scratch.h"
#include "tests/catch.h"

namespace plumbline {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kHosts = fs::path(PLUMBLINE_SOURCE_DIR) / "tests/hosts";

std::string text_of(const fs::path& file) { return read_file(file.string(), 8u << 20).value(); }

void put(const fs::path& file, std::string_view text) { std::ofstream(file, std::ios::binary | std::ios::trunc) << text; }

/// Every byte that carries meaning becomes another, the same for every run.
std::string garble(std::string text) {
  std::uint32_t state = 2463534242u;
  for (char& c : text) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    if (state % 3 == 0) c = static_cast<char>(state >> 8 & 0xff);
  }
  return text;
}

void check_valid(const std::string& root) {
  const auto host = recorded_host(root);
  if (!host) return;  // a recording.json that is none is refused before anything is read
  const auto scan = take_scan(**host);
  REQUIRE(scan);
  const auto read = read_scan(to_json(*scan));
  INFO((read ? std::string() : read.error().message));
  REQUIRE(read);
}

}  // namespace

TEST_CASE("A recorded GPU server gives the facts that are known of it") {
  const auto host = recorded_host((kHosts / "gpu-server").string());
  REQUIRE(host);
  const auto scan = take_scan(**host);
  REQUIRE(scan);
  const auto known = parse_json(text_of(kHosts / "gpu-server.json"));
  REQUIRE(known);
  for (const auto& [name, section] : known->items()) {
    INFO(name);
    const auto found = scan->sections.find(name);
    REQUIRE(found != scan->sections.end());
    CHECK(found->second.data.dump(1) == section["data"].dump(1));
    CHECK(json(found->second.missing).dump(1) == section["missing"].dump(1));
  }
  CHECK(scan->taken_at == 1795466100);
  CHECK(scan->privileged);
}

TEST_CASE("Whatever one file of a machine holds, the scan is a valid document") {
  Scratch scratch;
  const fs::path root = fs::path(scratch.path()) / "root";
  fs::copy(kHosts / "gpu-server", root, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    // one processor stands for its like
    const bool twin = contains(entry.path().string(), "/cpu/cpu") && !contains(entry.path().string(), "/cpu/cpu0/");
    if (entry.is_regular_file() && !entry.is_symlink() && !twin) files.push_back(entry.path());
  }
  CHECK(files.size() > 200);
  for (const auto& file : files) {
    const std::string whole = text_of(file);
    INFO(file.string());
    for (const std::string& text : {std::string(), whole.substr(0, whole.size() / 2), garble(whole),
                                    std::string("\xff\xfe\x00\n:=[](\n\n-1 18446744073709551616 -9223372036854775808\n", 49)}) {
      put(file, text);
      check_valid(root.string());
    }
    fs::remove(file);
    fs::create_directory(file);
    check_valid(root.string());
    fs::remove(file);
    put(file, whole);
  }
}

TEST_CASE("An empty root gives a valid document in which nothing is claimed") {
  Scratch scratch;
  check_valid(scratch.path());
  const auto host = recorded_host(scratch.path());
  REQUIRE(host);
  const auto scan = take_scan(**host);
  REQUIRE(scan);
  for (const char* name : {"host", "os", "cpu", "memory", "accelerators", "storage", "network"}) {
    INFO(name);
    CHECK(scan->sections.at(name).status != SectionStatus::ok);
  }
}

}  // namespace plumbline
