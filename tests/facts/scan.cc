// SPDX-License-Identifier: Apache-2.0
// The contract between agent and collector: catalog rows, the scan document, its hashes and what is refused.
#include "facts/scan.h"

#include <fstream>
#include <iterator>
#include <set>

#include "base/text.h"
#include "facts/catalog.h"
#include "tests/catch.h"

using namespace plumbline;
using nlohmann::json;

namespace {

Scan sample() {
  Scan scan;
  scan.host_id = "0123456789abcdef0123456789abcdef";
  scan.sequence = 7;
  scan.taken_at = 1795462500;
  scan.agent_version = "0.1.0";
  Section cpu;
  cpu.data = {{"model", "A CPU"}, {"cores", 8}, {"features", {"avx2"}}};
  scan.sections["cpu"] = cpu;
  Section storage;
  storage.status = SectionStatus::partial;
  storage.data = {{"disks", {{{"name", "sda"}, {"size_bytes", 512}}}}};
  storage.missing["storage.raids"] = "permission denied: /proc/mdstat";
  scan.sections["storage"] = storage;
  hash_sections(scan);
  return scan;
}

/// The sample with one JSON pointer set to another value, hashes left as they were.
std::string with(const std::string& pointer, const json& value) {
  json document = json::parse(to_json(sample()));
  document[json::json_pointer(pointer)] = value;
  return document.dump();
}

}  // namespace

TEST_CASE("every catalog row has a unique path, a meaning, a source, and lists stand before their members") {
  std::set<std::string_view> seen;
  for (const Fact& fact : catalog()) {
    INFO(fact.path);
    CHECK(seen.insert(fact.path).second);
    CHECK_FALSE(fact.meaning.empty());
    CHECK_FALSE(fact.source.empty());
    const auto member = fact.path.find("[].");
    if (member != std::string_view::npos) CHECK(seen.count(fact.path.substr(0, member)) == 1);
    CHECK(find_fact(fact.path) == &fact);
  }
  const auto names = sections();
  CHECK(std::set<std::string_view>(names.begin(), names.end()).size() == names.size());
}

TEST_CASE("units stand last in the names of facts") {
  for (const Fact& fact : catalog()) {
    INFO(fact.path);
    if (fact.unit == "bytes" && fact.path.find("mtu") == std::string_view::npos) CHECK(fact.path.ends_with("_bytes"));
    if (fact.unit == "seconds") CHECK(fact.path.ends_with("_seconds"));
    if (fact.unit == "hours") CHECK(fact.path.ends_with("_hours"));
  }
}

TEST_CASE("a scan survives being written and read") {
  const Scan scan = sample();
  const auto read = read_scan(to_json(scan));
  REQUIRE(read);
  CHECK(to_json(*read) == to_json(scan));
  CHECK(facts_hash(*read) == facts_hash(scan));
  CHECK(read->sections.at("storage").missing.at("storage.raids") == "permission denied: /proc/mdstat");
  CHECK(facts_of(*read)["cpu"]["cores"] == 8);
}

TEST_CASE("a section's hash follows its facts and not its cost") {
  Scan a = sample(), b = sample();
  b.sections["cpu"].took_ms = 99;
  b.cpu_ms = 12;
  hash_sections(b);
  CHECK(facts_hash(a) == facts_hash(b));
  b.sections["cpu"].data["cores"] = 9;
  hash_sections(b);
  CHECK(facts_hash(a) != facts_hash(b));
}

TEST_CASE("acknowledged sections travel as their hash alone") {
  const Scan scan = sample();
  const auto read = read_scan(to_json(scan, {{"cpu", scan.sections.at("cpu").hash}, {"storage", "old"}}));
  REQUIRE(read);
  CHECK_FALSE(read->sections.at("cpu").has_data);
  CHECK(read->sections.at("storage").has_data);
  CHECK(facts_hash(*read) == facts_hash(scan));
}

TEST_CASE("a document that breaks the contract is refused by name") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"[]", "the document must be an object"},
      {"{}", "\"schema\" is missing"},
      {with("/schema", 2), "schema 2 is not known here"},
      {with("/schema", "1"), "\"schema\" must be a whole number"},
      {with("/host_id", "../../etc"), "host_id must be 32 hexadecimal digits"},
      {with("/sequence", -1), "\"sequence\" must be a whole number from 0"},
      {with("/taken_at", "yesterday"), "taken_at must look like"},
      {with("/agent", json::array()), "\"agent\" must be an object"},
      {with("/sections", json::array()), "\"sections\" must be an object"},
      {with("/sections/cpu", 1), "section cpu must be an object"},
      {with("/sections/cpu/status", "great"), "is none of ok, partial, failed"},
      {with("/sections/cpu/hash", "00"), "64 hexadecimal digits"},
      {with("/sections/cpu/data/cores", "eight"), "cpu.cores must be int, it is string"},
      {with("/sections/cpu/data/cores", 1.5), "cpu.cores must be int, it is number"},
      {with("/sections/storage/data/disks/0/size_bytes", true), "storage.disks[].size_bytes must be int"},
      {with("/sections/storage/data/disks", json::object()), "storage.disks must be list of objects"},
      {with("/sections/cpu/data/features", json::array({1})), "cpu.features must be list of strings"},
      {with("/sections/cpu/missing", json::array()), "missing must map facts to reasons"},
      {with("/sections/cpu/data/model", "Another CPU"), "its hash does not match its contents"}};
  for (const auto& [document, message] : cases) {
    const auto read = read_scan(document);
    INFO(message);
    REQUIRE_FALSE(read);
    CHECK(contains(read.error().message, message));
  }
}

TEST_CASE("facts of a newer agent are kept") {
  Scan scan = sample();
  scan.sections["cpu"].data["qubits"] = {1, 2};
  scan.sections["quantum"] = Section{};
  hash_sections(scan);
  const auto read = read_scan(to_json(scan));
  REQUIRE(read);
  CHECK(read->sections.at("cpu").data["qubits"].size() == 2);
}

TEST_CASE("docs/facts.md is the catalog as it stands") {
  std::ifstream file(std::string(PLUMBLINE_SOURCE_DIR) + "/docs/facts.md", std::ios::binary);
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  INFO("print it again: plumbline-agent facts --format md > docs/facts.md");
  CHECK(page == catalog_markdown());
}
