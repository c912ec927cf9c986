// SPDX-License-Identifier: Apache-2.0
// Databases of rpm, made here in the three forms rpm has had, whole and damaged.
#include "agent/machine.h"

#include <sqlite3.h>

#include <random>
#include <vector>

#include "agent/probe.h"
#include "agent/rpm/database.h"
#include "agent/rpm/header.h"
#include "base/text.h"
#include "tests/agent/scratch.h"
#include "tests/catch.h"

using namespace plumbline;

namespace {

std::string big(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
  return bytes;
}

std::string little(std::uint32_t value) {
  std::string bytes = big(value);
  return {bytes.rbegin(), bytes.rend()};
}

void put(std::string& bytes, std::size_t at, std::string_view part) {
  bytes.replace(at, part.size(), part);
}

struct Entry {
  std::uint32_t tag, type;
  std::string value;
};

std::string header(const std::vector<Entry>& entries) {
  std::string index;
  std::string data;
  for (const auto& entry : entries) {
    index += big(entry.tag) + big(entry.type) + big(static_cast<std::uint32_t>(data.size())) + big(1);
    data += entry.value;
  }
  return big(static_cast<std::uint32_t>(entries.size())) + big(static_cast<std::uint32_t>(data.size())) +
         index + data;
}

std::string text(std::string_view value) {
  return std::string(value) + '\0';
}

std::string package(std::string_view name, std::string_view version, std::string_view release,
                    std::uint32_t epoch = 0,
                    std::string_view vendor = "Rocky Enterprise Software Foundation") {
  std::vector<Entry> entries = {{1000, 6, text(name)}, {1001, 6, text(version)}, {1002, 6, text(release)}};
  if (epoch != 0) entries.push_back({1003, 4, big(epoch)});
  entries.push_back({1004, 9, text("A summary")});
  entries.push_back({1011, 6, text(vendor)});
  entries.push_back({1117, 8, std::string(5000, 'f')});
  return header(entries);
}

const std::vector<std::string>& some() {
  static const std::vector<std::string> all = {
      package("openssl", "3.0.7", "27.el9", 1), package("bash", "5.1.8", "9.el9"),
      package("gpg-pubkey", "350d275d", "6279464b"), package("postgresql-server", "13.16", "1.el9_4")};
  return all;
}

constexpr const char* kLines =
    "bash\t5.1.8-9.el9\tRocky Enterprise Software Foundation\n"
    "openssl\t1:3.0.7-27.el9\tRocky Enterprise Software Foundation\n"
    "postgresql-server\t13.16-1.el9_4\tRocky Enterprise Software Foundation\n";

void make_sqlite(const std::string& place, const std::vector<std::string>& headers,
                 const std::string& table =
                     "CREATE TABLE Packages(hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)") {
  std::filesystem::create_directories(std::filesystem::path(place).parent_path());
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open(place.c_str(), &database) == SQLITE_OK);
  REQUIRE(sqlite3_exec(database, (table + "; BEGIN").c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_stmt* insert = nullptr;
  if (!headers.empty())
    REQUIRE(sqlite3_prepare_v2(database, "INSERT INTO Packages(blob) VALUES(?)", -1, &insert, nullptr) ==
            SQLITE_OK);
  for (const auto& one : headers) {
    sqlite3_bind_blob(insert, 1, one.data(), static_cast<int>(one.size()), SQLITE_STATIC);
    REQUIRE(sqlite3_step(insert) == SQLITE_DONE);
    sqlite3_reset(insert);
  }
  sqlite3_finalize(insert);
  REQUIRE(sqlite3_exec(database, "COMMIT", nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(database);
}

std::string make_ndb(const std::vector<std::string>& headers) {
  std::string file(4096, '\0');
  put(file, 0, "RpmP" + little(0) + little(7) + little(1) + little(9));
  std::uint32_t number = 0;
  for (const auto& one : headers) {
    ++number;
    put(file, 16 + 16 * number,
        "Slot" + little(number) + little(static_cast<std::uint32_t>(file.size() / 16)) + little(1));
    file += "BlbS" + little(number) + little(1) + little(static_cast<std::uint32_t>(one.size())) + one;
    file.resize((file.size() + 15) / 16 * 16);
  }
  put(file, 16 + 16 * (number + 1), "Slot" + std::string(12, '\0'));
  return file;
}

constexpr std::size_t kPage = 1024;

std::string page(std::uint32_t number, std::uint32_t next, std::size_t entries, std::size_t used, char type) {
  std::string bytes(kPage, '\0');
  put(bytes, 8, little(number));
  put(bytes, 16, little(next));
  put(bytes, 20,
      little(static_cast<std::uint32_t>(entries)).substr(0, 2) +
          little(static_cast<std::uint32_t>(used)).substr(0, 2));
  bytes[25] = type;
  return bytes;
}

/// One bucket of one page; every header in overflow pages of its own.
std::string make_berkeley(const std::vector<std::string>& headers) {
  std::string bucket = page(1, 0, 2 * (headers.size() + 1), 0, 13);
  std::string rest;
  std::uint32_t next = 2;
  std::size_t end = kPage;
  std::size_t slot = 26;
  const auto add = [&](std::string_view item) {
    end -= item.size();
    put(bucket, end, item);
    put(bucket, slot, little(static_cast<std::uint32_t>(end)).substr(0, 2));
    slot += 2;
  };
  add("\x01" + little(0));
  add("\x01" + little(99));
  std::uint32_t number = 0;
  for (const auto& one : headers) {
    add("\x01" + little(++number));
    add(std::string("\x03\0\0\0", 4) + little(next) + little(static_cast<std::uint32_t>(one.size())));
    for (std::size_t at = 0; at < one.size(); at += kPage - 26) {
      const std::string part = one.substr(at, kPage - 26);
      const bool last = at + part.size() == one.size();
      std::string overflow = page(next, last ? 0 : next + 1, 1, part.size(), 7);
      put(overflow, 26, part);
      rest += overflow;
      ++next;
    }
  }
  std::string meta = page(0, 0, 0, 0, 8);
  put(meta, 12, little(0x061561) + little(9) + little(kPage));
  put(meta, 32, little(next - 1));
  put(meta, 96, little(1));
  return meta + bucket + rest;
}

Result<std::string> listed(const std::string& place) {
  return list_rpm_packages(place, "/var/lib/rpm/db");
}

}  // namespace

TEST_CASE("a header tells name, version and vendor, whatever order its tags have") {
  const auto found = parse_rpm_header(package("openssl", "3.0.7", "27.el9", 1, "Red Hat\tInc."));
  REQUIRE(found);
  CHECK(found->name == "openssl");
  CHECK(found->version == "1:3.0.7-27.el9");
  CHECK(!contains(found->vendor, "\t"));
  const auto turned = parse_rpm_header(
      header({{1002, 6, text("1")}, {1011, 9, text("V")}, {1001, 6, text("2")}, {1000, 6, text("n")}}));
  REQUIRE(turned);
  CHECK(turned->version == "2-1");
  CHECK(turned->vendor == "V");
}

TEST_CASE("a header that lies about its sizes and offsets is no package") {
  CHECK(!parse_rpm_header(""));
  CHECK(!parse_rpm_header(big(0) + big(0)));
  CHECK(!parse_rpm_header(big(0xffffffff) + big(4) + std::string(64, 'x')));
  CHECK(!parse_rpm_header(big(2) + big(0xffffffff) + std::string(64, 'x')));
  CHECK(!parse_rpm_header(header({{1000, 6, "unfinished"}, {1001, 6, "1"}})));
  CHECK(!parse_rpm_header(header({{1000, 6, text("two words")}, {1001, 6, text("1")}})));
  CHECK(!parse_rpm_header(header({{1000, 4, text("name")}, {1001, 6, text("1")}})));
  CHECK(!parse_rpm_header(header({{1000, 6, text(std::string(300, 'n'))}, {1001, 6, text("1")}})));
  std::string far = header({{1000, 6, text("n")}, {1001, 6, text("1")}, {1003, 4, big(5)}});
  put(far, 8 + 2 * 16 + 8, big(0xfffffffe));  // the epoch's offset
  const auto without = parse_rpm_header(far);
  REQUIRE(without);
  CHECK(without->version == "1");
}

TEST_CASE("rpm's three databases give the same lines") {
  const Scratch scratch;
  make_sqlite(scratch.path() + "/sqlite", some());
  scratch.write("/ndb", make_ndb(some()));
  scratch.write("/berkeley", make_berkeley(some()));
  for (const std::string form : {"sqlite", "ndb", "berkeley"}) {
    INFO(form);
    const auto found = listed(scratch.path() + "/" + form);
    REQUIRE(found);
    CHECK(*found == kLines);
  }
}

TEST_CASE("a recorded root with rpm's database tells its packages") {
  const Scratch scratch;
  make_sqlite(scratch.path() + "/usr/lib/sysimage/rpm/rpmdb.sqlite", some());
  const auto host = recorded_host(scratch.path());
  REQUIRE(host);
  Machine machine(**host);
  CHECK(machine.package_manager() == "rpm");
  REQUIRE(machine.packages());
  CHECK(machine.packages()->size() == 3);
  REQUIRE(machine.package("openssl") != nullptr);
  CHECK(machine.package("openssl")->version == "1:3.0.7-27.el9");
  CHECK(machine.package("openssl")->origin == "Rocky Enterprise Software Foundation");
}

TEST_CASE("what was answered when a machine was recorded goes before its files") {
  const Scratch scratch;
  scratch.write("/var/lib/rpm/rpmdb.sqlite", "");
  scratch.write(
      "/.plumbline/recording.json",
      R"({"answers":{"rpm:/var/lib/rpm/rpmdb.sqlite":"redis\t7.2.1-1.fc39\tFedora Project\n\nodd line\n"}})");
  const auto host = recorded_host(scratch.path());
  REQUIRE(host);
  Machine machine(**host);
  REQUIRE(machine.packages());
  CHECK(machine.packages()->size() == 1);
  REQUIRE(machine.package("redis") != nullptr);
  CHECK(machine.package("redis")->version == "7.2.1-1.fc39");
}

TEST_CASE("a damaged or foreign database is an error in words") {
  const Scratch scratch;
  scratch.write("/empty", "");
  scratch.write("/foreign", "something else entirely, and long enough");
  scratch.write("/cut", std::string("SQLite format 3\0", 16) + std::string(100, '\xff'));
  make_sqlite(scratch.path() + "/other", {}, "CREATE TABLE Parcels(blob)");
  make_sqlite(scratch.path() + "/garbled", {std::string(200, '\xff'), "x"});
  make_sqlite(scratch.path() + "/endless", {},
              "CREATE VIEW Packages AS WITH RECURSIVE n(rowid, blob) AS (SELECT 1, x'00' UNION ALL SELECT "
              "rowid + 1, blob FROM n) "
              "SELECT count(*) AS rowid, blob FROM n");
  for (const std::string name : {"empty", "foreign", "cut", "other", "garbled", "endless"}) {
    INFO(name);
    const auto found = listed(scratch.path() + "/" + name);
    REQUIRE(!found);
    CHECK(contains(found.error().message, "/var/lib/rpm/db"));
  }
  CHECK(listed(scratch.path() + "/absent").error().kind == ErrorKind::not_found);
  CHECK(listed(scratch.path()).error().kind == ErrorKind::invalid);
}

TEST_CASE("one unreadable header does not hide the others") {
  const Scratch scratch;
  make_sqlite(scratch.path() + "/db", {some()[0], "", std::string(99, '\xee'), some()[1]});
  const auto found = listed(scratch.path() + "/db");
  REQUIRE(found);
  CHECK(lines(*found).size() == 2);
}

TEST_CASE("too many packages are refused") {
  const Scratch scratch;
  const std::string one = header({{1000, 6, text("n")}, {1001, 6, text("1")}});
  make_sqlite(scratch.path() + "/most", std::vector<std::string>(kMaxRpmPackages, one));
  REQUIRE(listed(scratch.path() + "/most"));
  make_sqlite(scratch.path() + "/more", std::vector<std::string>(kMaxRpmPackages + 1, one));
  const auto found = listed(scratch.path() + "/more");
  REQUIRE(!found);
  CHECK(found.error().kind == ErrorKind::limit);
}

TEST_CASE("databases with flipped bytes end in lines or in an error") {
  const Scratch scratch;
  make_sqlite(scratch.path() + "/sqlite", some());
  std::ifstream file(scratch.path() + "/sqlite", std::ios::binary);
  const std::string sqlite{std::istreambuf_iterator<char>(file), {}};
  std::mt19937 random(20);
  for (const std::string& whole : {sqlite, make_ndb(some()), make_berkeley(some())}) {
    for (int round = 0; round < 200; ++round) {
      std::string bytes = whole;
      for (int flip = 0; flip < 12; ++flip) {
        // Half of the damage where the structure is told.
        const std::size_t range =
            flip % 2 == 0 ? bytes.size() : std::min<std::size_t>(bytes.size(), 2 * kPage);
        bytes[16 + random() % (range - 16)] = static_cast<char>(random() % 256);
      }
      if (round % 4 == 0) bytes.resize(random() % bytes.size());
      scratch.write("/flipped", bytes);
      const auto found = listed(scratch.path() + "/flipped");
      if (!found) CHECK(!found.error().message.empty());
    }
  }
}
