// SPDX-License-Identifier: Apache-2.0
// Records, split scores and scans of a past day, over every backend; and stores of the schema before.
#include <libpq-fe.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "collector/store/rows.h"
#include "tests/catch.h"
#include "tests/collector/stores.h"

using namespace plumbline;
using namespace plumbline::testing;

namespace {

const std::string kHostA(32, 'a');
const std::string kHostB(32, 'b');

template <class T>
T get(Result<T> result) {
  if (!result) FAIL(result.error().message);
  return std::move(*result);
}
void get(Result<void> result) {
  if (!result) FAIL(result.error().message);
}

RecordRow plan(const std::string& id, const std::string& body, const std::string& by = "ada") {
  return {"plan", id, body, 1'780'000'000, by, 0};
}

StoredScan scan_of(const std::string& host, std::uint64_t sequence, std::int64_t received_at) {
  StoredScan scan;
  scan.host_id = host;
  scan.sequence = sequence;
  scan.taken_at = received_at - 5;
  scan.received_at = received_at;
  scan.facts_hash = "f" + std::to_string(sequence);
  scan.document_zstd = "document " + std::to_string(sequence);
  scan.rules_hash = "rules-1";
  return scan;
}

std::string old_store(const std::string& kind) {
  const std::string name = kind == "sqlite" ? "sqlite_1.sql" : "postgres_1.sql";
  std::ifstream file(std::string(PLUMBLINE_SOURCE_DIR) + "/tests/collector/old_stores/" + name);
  std::stringstream text;
  text << file.rdbuf();
  if (text.str().empty()) FAIL("no " + name);
  return text.str();
}

void run_sqlite(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &db) == SQLITE_OK);
  const int code = sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) FAIL(sqlite3_errmsg(db));
  sqlite3_close(db);
}

void run_postgres(const std::string& url, const std::string& sql) {
  PGconn* db = PQconnectdb(url.c_str());
  PGresult* result = PQexec(db, sql.c_str());
  const bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
  const std::string message = PQerrorMessage(db);
  PQclear(result);
  PQfinish(db);
  if (!done) FAIL(message);
}

void run_sql(const std::string& kind, const std::string& url, const std::string& sql) {
  if (kind == "sqlite") run_sqlite(url.substr(7), sql);
  else run_postgres(url, sql);
}

// Everything that old_stores/*_1.sql put into the store.
void check_nothing_is_lost(Store& store) {
  get(store.check());
  const auto host = get(store.host(kHostA));
  REQUIRE(host);
  CHECK(host->name == "db-07");
  CHECK(host->sequence == 2u);
  CHECK(host->judgement == std::string("\x01\0\xfftwo", 6));
  CHECK(host->previous_judgement == std::string("\x01\0\xffone", 6));
  CHECK(get(store.host(kHostB))->denied);
  CHECK(get(store.hosts()).size() == 2);
  CHECK(get(store.latest_scan(kHostA))->document_zstd == std::string("\0\x28" "doc2", 6));
  CHECK(get(store.scan(kHostA, 1))->document_zstd == std::string("\0\x28" "doc1", 6));
  CHECK(get(store.certificates(kHostA)).front().serial_hex == "0a");
  CHECK(get(store.user("ada"))->password_hash == "hash");
  CHECK(get(store.session("t1"))->csrf == "csrf");
  CHECK(get(store.setting("organisation")) == "Example & Sons");
  CHECK(get(store.audit(10)).size() == 2);
  CHECK(get(store.changed_since(3)).size() == 1);
  const auto scores = get(store.scores(10));
  REQUIRE(scores.size() == 2);
  CHECK_FALSE(scores[0].value);
  CHECK(scores[1].value == 413);
  CHECK_FALSE(scores[1].split);
}

}  // namespace

#define OVER_EVERY_STORE \
  for (const std::string& kind : store_kinds()) DYNAMIC_SECTION(kind)

TEST_CASE("records are kept by kind and id, and every write raises the version") {
  OVER_EVERY_STORE {
    ScratchFolder folder;
    const std::string url = new_store_url(kind, folder);
    std::int64_t first = 0, second = 0;
    {
      auto store = get(open_store(url));
      CHECK(get(store->records_version()) == 0);
      CHECK(get(store->records("plan")).empty());
      first = get(store->put_record(plan("b", R"({"owner":"<b>é"})"), 0));
      second = get(store->put_record(plan("B", "{}"), 0));
      get(store->put_record({"goals", "b", "[]", 7, "eve", 0}, 0));
      CHECK(second > first);
    }
    auto store = get(open_store(url));
    const auto rows = get(store->records("plan"));
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].id == "B");  // in byte order
    CHECK(rows[1].body == R"({"owner":"<b>é"})");
    CHECK(rows[1].changed_at == 1'780'000'000);
    CHECK(rows[1].changed_by == "ada");
    CHECK(rows[1].version == first);
    CHECK(get(store->record("goals", "b"))->body == "[]");
    CHECK_FALSE(get(store->record("goals", "c")));
    const auto before = get(store->records_version());
    CHECK(get(store->put_record(plan("b", "{\"owner\":\"x\"}", "bob"), first)) > before);
    CHECK(get(store->record("plan", "b"))->changed_by == "bob");
    CHECK(get(store->records_version()) > before);
    get(store->remove_record("plan", "B", second));
    get(store->remove_record("plan", "B", second));
    CHECK_FALSE(get(store->record("plan", "B")));
    CHECK(get(store->put_record(plan("B", "{}"), 0)) > second);  // a version never comes back
  }
}

TEST_CASE("who writes over somebody else's change is told whose it is, and nothing is written") {
  OVER_EVERY_STORE {
    ScratchFolder folder;
    auto store = get(open_store(new_store_url(kind, folder)));
    const auto version = get(store->put_record(plan("a", "1"), 0));
    get(store->put_record(plan("a", "2", "bob"), version));
    for (const std::int64_t stale : {version, std::int64_t{0}, std::int64_t{99}}) {
      const auto refused = store->put_record(plan("a", "3", "eve"), stale);
      REQUIRE_FALSE(refused);
      CHECK(refused.error().kind == ErrorKind::conflict);
      CHECK(refused.error().message.find("plan a: bob changed it at 2026-05-28T20:26:40Z") == 0);
    }
    const auto removed = store->remove_record("plan", "a", version);
    REQUIRE_FALSE(removed);
    CHECK(removed.error().kind == ErrorKind::conflict);
    CHECK(get(store->record("plan", "a"))->body == "2");
    const auto gone = store->put_record(plan("never", "1"), 5);
    REQUIRE_FALSE(gone);
    CHECK(gone.error().message.find("it was removed meanwhile") != std::string::npos);
    // A group is written whole or not at all.
    auto group = std::vector{plan("new", "1"), plan("a", "3")};
    REQUIRE_FALSE(store->put_records(group));
    CHECK_FALSE(get(store->record("plan", "new")));
    group[1].version = get(store->record("plan", "a"))->version;
    const auto last = get(store->put_records(group));
    CHECK(get(store->record("plan", "a"))->version == last);
    CHECK(get(store->record("plan", "new"))->version == last - 1);
    CHECK(get(store->put_records({})) == last);
  }
}

TEST_CASE("of many writers of one record at once every one is told, and each success is one version") {
  OVER_EVERY_STORE {
    ScratchFolder folder;
    const std::string url = new_store_url(kind, folder);
    auto one = get(open_store(url));
    auto two = get(open_store(url));
    get(one->put_record(plan("a", "0"), 0));
    std::atomic<int> written{0}, told{0}, other{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 6; ++i)
      threads.emplace_back([&, i] {
        Store& store = i % 2 == 0 ? *one : *two;
        for (int tries = 0; tries < 10; ++tries) {
          const auto there = store.record("plan", "a");
          if (!there || !*there) { ++other; continue; }
          const auto put = store.put_record(plan("a", std::to_string(std::stoi((*there)->body) + 1)), (*there)->version);
          if (put) ++written;
          else if (put.error().kind == ErrorKind::conflict) ++told;
          else ++other;
        }
      });
    for (std::thread& thread : threads) thread.join();
    CHECK(other == 0);
    CHECK(written + told == 60);
    CHECK(get(one->record("plan", "a"))->body == std::to_string(written));
  }
}

TEST_CASE("records that are too large, too many or no text are refused with the reason") {
  OVER_EVERY_STORE {
    ScratchFolder folder;
    auto store = get(open_store(new_store_url(kind, folder)));
    const auto refused = [&](const RecordRow& row) {
      const auto put = store->put_record(row, 0);
      REQUIRE_FALSE(put);
      return put.error().message;
    };
    CHECK(refused(plan("a", std::string(kMaxRecordBody + 1, 'x'))).find("larger than 1 MiB") != std::string::npos);
    CHECK(refused(plan("a", "bad \xff")).find("not UTF-8") != std::string::npos);
    CHECK(refused(plan("a", std::string("nul\0", 4))).find("not UTF-8") != std::string::npos);
    CHECK(refused(plan("", "x")).find("its id") != std::string::npos);
    CHECK(refused(plan(std::string(kMaxRecordId + 1, 'x'), "x")).find("its id") != std::string::npos);
    CHECK(refused({"Plan 1", "a", "x", 0, "", 0}).find("its kind") != std::string::npos);
    CHECK(refused({"", "a", "x", 0, "", 0}).find("its kind") != std::string::npos);
    CHECK_FALSE(store->put_records(std::vector<RecordRow>(kMostRecords + 1, plan("a", "x"))));
    get(store->put_record(plan("'; DROP TABLE records; --", std::string(kMaxRecordBody, 'x'), "\xff<i>"), 0));
    CHECK(get(store->records("plan")).front().body.size() == kMaxRecordBody);
    CHECK_FALSE(get(store->record("plan\xff", "a\xff")));
    CHECK(get(store->records("'; DROP")).empty());
  }
}

TEST_CASE("of one kind only so many records are kept") {
  OVER_EVERY_STORE {
    ScratchFolder folder;
    auto store = get(open_store(new_store_url(kind, folder)));
    std::vector<RecordRow> rows;
    for (std::size_t i = 0; i < kMostRecords; ++i) rows.push_back(plan(std::to_string(i), "{}"));
    get(store->put_records(rows));
    const auto refused = store->put_record(plan("one more", "{}"), 0);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::limit);
    CHECK(get(store->records("plan")).size() == kMostRecords);
    get(store->put_record({"answer", "Q1", "{}", 1, "", 0}, 0));
  }
}

TEST_CASE("why a score moved is kept with it") {
  OVER_EVERY_STORE {
    ScratchFolder folder;
    auto store = get(open_store(new_store_url(kind, folder)));
    get(store->add_score({1, 400, 300, 500, 2, 7, "r"}));
    get(store->add_score({2, 413, 300, 500, 2, 7, "r", ScoreSplit{20, -7, 0}}));
    const auto scores = get(store->scores(10));
    REQUIRE(scores.size() == 2);
    CHECK_FALSE(scores[0].split);
    REQUIRE(scores[1].split);
    CHECK(scores[1].split->fleet == 20);
    CHECK(scores[1].split->rules == -7);
    CHECK(scores[1].split->coverage == 0);
  }
}

TEST_CASE("a past moment has every host's newest scan of those that had arrived") {
  OVER_EVERY_STORE {
    ScratchFolder folder;
    auto store = get(open_store(new_store_url(kind, folder)));
    std::vector<std::string> hosts;
    for (int i = 0; i < 12; ++i) {
      hosts.push_back(std::string(30, 'e') + std::to_string(10 + i));
      get(store->add_host(hosts.back(), "", 1));
      if (i == 11) continue;  // enrolled, but silent
      for (std::uint64_t week = 1; week <= 3; ++week)
        get(store->accept({scan_of(hosts.back(), week, 1000 * static_cast<std::int64_t>(week) + i)}));
    }
    const auto walk = [&](std::int64_t moment, const PageLimits& limits) {
      std::string seen, after;
      for (;;) {
        const auto page = get(store->scans_as_of(moment, after, limits));
        if (page.empty()) return seen;
        CHECK(page.size() <= limits.scans);
        for (const StoredDocument& document : page) {
          CHECK(document.document_zstd == "document " + std::to_string(document.sequence));
          CHECK(document.taken_at + 5 <= moment);
          seen += std::to_string(document.sequence);
        }
        after = page.back().host_id;
      }
    };
    CHECK(walk(999, {}).empty());
    CHECK(walk(1004, {}) == "11111");
    CHECK(walk(2003, {}) == "22221111111");
    CHECK(walk(2003, {5, 1u << 20}) == "22221111111");
    CHECK(walk(2003, {100, 1}) == "22221111111");   // one document a page
    CHECK(walk(INT64_MAX, {4, 25}) == "33333333333");
    CHECK(get(store->scans_as_of(3010, "", {100, 1})).size() == 1);
    CHECK(get(store->scans_as_of(3010, "", {3, 1u << 20})).back().host_id == hosts[2]);
  }
}

TEST_CASE("a store of the schema before opens, keeps everything and takes what is new") {
  OVER_EVERY_STORE {
    ScratchFolder folder;
    const std::string url = new_store_url(kind, folder);
    run_sql(kind, url, old_store(kind));
    for (int times = 0; times < 2; ++times) {
      auto store = get(open_store(url));
      check_nothing_is_lost(*store);
      CHECK(get(store->scans_as_of(2001, "", {})).front().sequence == 1);
    }
    auto store = get(open_store(url));
    get(store->put_record(plan("a", "{}"), 0));
    get(store->add_score({3, 420, 300, 500, 2, 1, "r", ScoreSplit{7, 0, 0}}));
    CHECK(get(store->scores(1)).front().split->fleet == 7);
    CHECK(get(store->redeem_token("token", 999)));
    get(store->add_audit("ada", "act", "x", "", 7));
    get(store->check());
  }
}

TEST_CASE("a migration that fails half way leaves the store as it was") {
  OVER_EVERY_STORE {
    ScratchFolder folder;
    const std::string url = new_store_url(kind, folder);
    run_sql(kind, url, old_store(kind));
    run_sql(kind, url, "CREATE TABLE scans_by_receipt(x integer)");  // in the way of the migration's last step
    REQUIRE_FALSE(open_store(url));
    run_sql(kind, url, "DROP TABLE scans_by_receipt");
    auto store = get(open_store(url));
    check_nothing_is_lost(*store);
    CHECK(get(store->records_version()) == 0);
  }
}

// The kernel ends a program that writes past its file size limit; a limit at every page ends it at every step.
TEST_CASE("a collector that is killed while it migrates leaves a store that opens") {
  ScratchFolder folder;
  const std::string origin = folder.path() + "/origin.db";
  run_sqlite(origin, "PRAGMA journal_mode=WAL;" + old_store("sqlite"));
  const auto size = std::filesystem::file_size(origin);
  int killed = 0, done = 0;
  for (rlim_t limit = 4096; done == 0; limit += 4096) {
    const std::string path = folder.path() + "/copy.db";
    for (const char* part : {"", "-wal", "-shm"}) std::filesystem::remove(path + part);
    std::filesystem::copy_file(origin, path);
    const pid_t child = ::fork();
    if (child == 0) {
      const rlimit bound{limit, limit};
      ::setrlimit(RLIMIT_FSIZE, &bound);
      const rlimit no_core{0, 0};
      ::setrlimit(RLIMIT_CORE, &no_core);
      ::_exit(open_store("sqlite:" + path) ? 0 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    if (WIFSIGNALED(status)) ++killed;
    else ++done;
    auto store = get(open_store("sqlite:" + path));
    check_nothing_is_lost(*store);
    REQUIRE(limit < 64 * size);
  }
  CHECK(killed >= 3);
}
