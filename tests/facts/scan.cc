// SPDX-License-Identifier: Apache-2.0
// The contract between agent and collector: catalog rows, the scan document, its hashes and what is refused.
#include "facts/wire.h"

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

TEST_CASE("on the wire a scan is whole or what changed since one that was acknowledged, and one hash holds for all of it") {
  const Scan before = sample();
  Scan after = sample();
  after.sections["cpu"].data["cores"] = 9;
  after.sequence = 8;
  hash_sections(after);
  const std::map<std::string, std::string> known = {{"cpu", before.sections.at("cpu").hash}, {"storage", before.sections.at("storage").hash}};
  auto whole = read_wire(to_wire(after));
  REQUIRE(whole);
  CHECK(whole->base.empty());
  CHECK(to_json(whole->scan) == to_json(after));
  auto changed = read_wire(to_wire(after, known));
  REQUIRE(changed);
  CHECK(changed->base == facts_hash(before));
  CHECK(changed->scan.sections.size() == 1);
  auto unchanged = read_wire(to_wire(before, known));
  REQUIRE(unchanged);
  CHECK(unchanged->scan.sections.empty());
  CHECK(unchanged->base == unchanged->facts);
  CHECK(lay_over(&before, *unchanged));
  CHECK(to_json(unchanged->scan) == to_json(before));

  auto copy = *changed;
  CHECK_FALSE(lay_over(nullptr, copy));
  CHECK_FALSE(lay_over(&after, copy));
  REQUIRE(lay_over(&before, *changed));
  CHECK(to_json(changed->scan) == to_json(after));
  Scan remembered = before;  // what the collector remembers beside it is no part of a base, and no host's to send
  remembered.sections[std::string(kHistorySection)] = Section{};
  hash_sections(remembered);
  REQUIRE(lay_over(&remembered, copy));
  CHECK(copy.scan.sections.count(std::string(kHistorySection)) == 0);

  auto gone = known;
  gone["memory"] = std::string(64, '0');
  CHECK(to_wire(after, gone) == to_wire(after));  // a section that is there no more cannot be told by what changed
  const auto file = read_scan(to_wire(after, known));
  REQUIRE_FALSE(file);
  CHECK(contains(file.error().message, "only what changed"));
}

TEST_CASE("what is wrong on the wire is refused by name") {
  const auto with_member = [](const char* key, const json& value) {
    json document = json::parse(to_wire(sample(), {{"cpu", std::string(64, 'a')}}));
    if (value.is_null()) document.erase(key);
    else document[key] = value;
    return document.dump();
  };
  const json no_data = {{"cpu", {{"status", "ok"}, {"hash", std::string(64, 'a')}}}};
  const std::vector<std::pair<std::string, std::string>> cases = {
      {with_member("base", "00"), "base must be 64 hexadecimal digits"},
      {with_member("base", 7), "\"base\" must be a string"},
      {with_member("facts", std::string(64, 'x')), "facts must be 64 hexadecimal digits"},
      {with_member("facts", nullptr), "\"facts\" is missing"},
      {with_member("base", nullptr), "" },
      {with_member("sections", no_data), "came without data"},
      {[] {
         json document = json::parse(to_wire(sample()));
         document["sections"]["cpu"]["data"]["cores"] = 9;
         return document.dump();
       }(), "\"facts\" does not match its sections"}};
  for (const auto& [document, message] : cases) {
    INFO(message);
    const auto read = read_wire(document);
    if (message.empty()) {
      CHECK(read);  // all sections had changed, so that nothing of a base is wanted
      continue;
    }
    REQUIRE_FALSE(read);
    CHECK(contains(read.error().message, message));
  }
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
