// SPDX-License-Identifier: Apache-2.0
// The embedded store: SQLite in WAL mode with synchronous=FULL, one connection that writes and a pool that reads.
#include <sqlite3.h>
#include <sys/stat.h>

#include <array>
#include <condition_variable>
#include <mutex>
#include <unordered_map>

#include "base/log.h"
#include "collector/store/backends.h"
#include "collector/store/rows.h"
#include "collector/store/sqlite_connection.h"
#include "collector/store/sqlite_schema.h"

namespace plumbline {
namespace {

using namespace sqlite;

constexpr int kApplicationId = 0x504C4D42;  // "PLMB", in the file's header: another program's file is not ours
constexpr std::size_t kReaders = 4;

std::optional<int> part_of(const std::optional<ScoreSplit>& split, int ScoreSplit::*part) {
  return split ? std::optional<int>((*split).*part) : std::nullopt;
}

std::int64_t as_column(std::uint64_t sequence) { return static_cast<std::int64_t>(sequence); }

// The columns of a host's row, in the order read_host() takes them.
#define PLUMBLINE_HOST_COLUMNS                                                                            \
  "id, name, enrolled_at, denied, sequence, taken_at, received_at, facts_hash, rules_hash, judgement, "   \
  "previous_sequence, previous_rules_hash, previous_judgement, change "

HostRow read_host(const Query& query) {
  HostRow row;
  row.id = query.text(0);
  row.name = query.text(1);
  row.enrolled_at = query.integer(2);
  row.denied = query.integer(3) != 0;
  row.sequence = query.sequence(4);
  row.taken_at = query.integer(5);
  row.received_at = query.integer(6);
  row.facts_hash = query.text(7);
  row.rules_hash = query.text(8);
  row.judgement = query.text(9);
  row.previous_sequence = query.sequence(10);
  row.previous_rules_hash = query.text(11);
  row.previous_judgement = query.text(12);
  row.change = query.integer(13);
  return row;
}


StoredScan read_stored_scan(const Query& query, bool with_document) {
  StoredScan scan;
  scan.host_id = query.text(0);
  scan.sequence = static_cast<std::uint64_t>(query.integer(1));
  scan.taken_at = query.integer(2);
  scan.received_at = query.integer(3);
  scan.host_name = query.text(4);
  scan.facts_hash = query.text(5);
  scan.rules_hash = query.text(6);
  scan.judgement = query.text(7);
  if (with_document) scan.document_zstd = query.text(8);
  return scan;
}

class SqliteStore final : public Store {
 public:
  Result<void> open(const std::string& path);

  Result<std::vector<Acceptance>> accept(const std::vector<StoredScan>& scans) override;
  Result<std::optional<StoredScan>> latest_scan(std::string_view host_id) override;
  Result<std::optional<StoredScan>> scan(std::string_view host_id, std::uint64_t sequence) override;
  Result<std::optional<StoredScan>> previous_scan(std::string_view host_id) override;
  Result<std::vector<StoredScan>> history(std::string_view host_id, std::size_t most) override;
  Result<std::size_t> count_to_rejudge(std::string_view rules_hash) override;
  Result<std::vector<StoredDocument>> scans_to_rejudge(std::string_view rules_hash, Which which,
                                                       std::string_view after_host, const PageLimits& limits) override;
  Result<void> rejudge_many(std::string_view rules_hash, const std::vector<Rejudged>& judgements) override;
  Result<std::vector<HostRow>> hosts() override;
  Result<std::optional<HostRow>> host(std::string_view host_id) override;
  using Store::changed_since;
  Result<std::vector<HostRow>> changed_since(std::int64_t change, std::size_t most) override;
  Result<void> add_host(std::string_view host_id, std::string_view name, std::int64_t at) override;
  Result<void> set_denied(std::string_view host_id, bool denied) override;
  Result<void> add_certificate(const CertificateRow& certificate) override;
  Result<std::vector<CertificateRow>> certificates(std::string_view host_id) override;
  Result<void> add_token(std::string_view token_hash, std::int64_t expires_at, std::string_view created_by) override;
  Result<bool> redeem_token(std::string_view token_hash, std::int64_t now) override;
  Result<void> put_user(const UserRow& user) override;
  Result<std::optional<UserRow>> user(std::string_view name) override;
  Result<std::vector<UserRow>> users() override;
  Result<void> put_session(const SessionRow& session) override;
  Result<std::optional<SessionRow>> session(std::string_view token_hash) override;
  Result<void> end_session(std::string_view token_hash) override;
  Result<void> add_score(const ScorePoint& point) override;
  Result<std::vector<ScorePoint>> scores(std::size_t most) override;
  Result<void> add_audit(std::string_view actor, std::string_view action, std::string_view subject,
                         std::string_view detail, std::int64_t at) override;
  Result<std::vector<AuditRow>> audit(std::size_t most) override;
  Result<std::vector<StoredDocument>> scans_as_of(std::int64_t moment, std::string_view after_host,
                                                  const PageLimits& limits) override;
  Result<std::vector<RecordRow>> records(std::string_view kind) override;
  Result<std::optional<RecordRow>> record(std::string_view kind, std::string_view id) override;
  Result<std::int64_t> put_records(const std::vector<RecordRow>& rows) override;
  Result<void> remove_record(std::string_view kind, std::string_view id, std::int64_t expected_version) override;
  Result<std::int64_t> records_version() override;
  Result<void> put_setting(std::string_view key, std::string_view value) override;
  Result<std::optional<std::string>> setting(std::string_view key) override;
  Result<void> check() override;

 private:
  // A reader borrowed from the pool, given back when it goes.
  class Reader {
   public:
    explicit Reader(SqliteStore& store) : store_(store), connection_(store.borrow()) {}
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    ~Reader() { store_.give_back(std::move(connection_)); }
    operator Connection&() { return *connection_; }

   private:
    SqliteStore& store_;
    std::unique_ptr<Connection> connection_;
  };
  std::unique_ptr<Connection> borrow();
  void give_back(std::unique_ptr<Connection> connection);

  // Runs `work` inside one transaction on the writer; commits what succeeded, rolls back what failed.
  template <class Work>
  auto write(Work&& work) -> decltype(work(std::declval<Connection&>()));
  Result<void> write_one(const char* sql, const auto&... values);
  Result<void> migrate();
  Result<HostHeads> read_heads(Connection& db, const std::vector<StoredScan>& scans);
  Result<void> insert_scans(Connection& db, const std::vector<StoredScan>& scans,
                            const std::vector<Acceptance>& answers);
  Result<void> move_heads(Connection& db, const HostHeads& heads);
  static Result<std::optional<RecordRow>> read_one_record(Connection& db, std::string_view kind, std::string_view id);
  static Result<void> put_one_record(Connection& db, const RecordRow& row, std::int64_t version);
  template <class Row, class Read>
  static Result<std::vector<Row>> all(Query& query, Read read);
  template <class Row, class Read>
  static Result<std::optional<Row>> first(Query& query, Read read);

  std::mutex writing_;
  std::unique_ptr<Connection> writer_;
  std::mutex pool_mutex_;
  std::condition_variable pool_filled_;
  std::vector<std::unique_ptr<Connection>> pool_;
};

Result<void> SqliteStore::open(const std::string& path) {
  const mode_t before = ::umask(0077);  // the database and its journal are for us alone
  auto writer = connect(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  ::umask(before);
  if (!writer) return tl::unexpected(writer.error());
  writer_ = std::move(*writer);
  if (auto wal = writer_->run("PRAGMA journal_mode=WAL"); !wal) return fail(path, wal.error());
  if (auto migrated = migrate(); !migrated) return fail(path, migrated.error());
  for (std::size_t i = 0; i < kReaders; ++i) {
    auto reader = connect(path, SQLITE_OPEN_READWRITE);
    if (!reader) return tl::unexpected(reader.error());
    if (auto only = (*reader)->run("PRAGMA query_only=ON"); !only) return only;
    pool_.push_back(std::move(*reader));
  }
  return {};
}

Result<void> SqliteStore::migrate() {
  return write([&](Connection& db) -> Result<void> {
    const auto application = pragma(db, "PRAGMA application_id");
    if (!application) return tl::unexpected(application.error());
    const auto version = pragma(db, "PRAGMA user_version");
    if (!version) return tl::unexpected(version.error());
    const auto tables = pragma(db, "SELECT count(*) FROM sqlite_schema");
    if (!tables) return tl::unexpected(tables.error());
    if (*application != kApplicationId && *tables != 0)
      return fail(ErrorKind::invalid, "it is a database of another program; choose another file");
    if (*version > static_cast<std::int64_t>(kSqliteMigrations.size()))
      return fail(ErrorKind::invalid, "a newer collector wrote it; upgrade this one");
    for (auto next = static_cast<std::size_t>(*version); next < kSqliteMigrations.size(); ++next)
      if (auto done = db.run(kSqliteMigrations[next]); !done) return done;
    const std::string stamp = "PRAGMA application_id=" + std::to_string(kApplicationId) +
                              "; PRAGMA user_version=" + std::to_string(kSqliteMigrations.size());
    return *version == static_cast<std::int64_t>(kSqliteMigrations.size()) ? Result<void>() : db.run(stamp.c_str());
  });
}

std::unique_ptr<Connection> SqliteStore::borrow() {
  std::unique_lock lock(pool_mutex_);
  pool_filled_.wait(lock, [&] { return !pool_.empty(); });
  auto connection = std::move(pool_.back());
  pool_.pop_back();
  return connection;
}

void SqliteStore::give_back(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(pool_mutex_);
  pool_.push_back(std::move(connection));
  pool_filled_.notify_one();
}

template <class Work>
auto SqliteStore::write(Work&& work) -> decltype(work(std::declval<Connection&>())) {
  const std::lock_guard lock(writing_);
  if (auto begun = writer_->run("BEGIN IMMEDIATE"); !begun) return tl::unexpected(begun.error());
  auto result = work(*writer_);
  if (result) {
    // COMMIT returns after the write-ahead log was synced (synchronous=FULL).
    const auto committed = writer_->run("COMMIT");
    if (committed) return result;
    result = tl::unexpected(committed.error());
  }
  if (sqlite3_get_autocommit(writer_->handle) == 0)  // some errors have rolled back by themselves
    if (auto undone = writer_->run("ROLLBACK"); !undone) log_error(undone.error().message);
  return result;
}

Result<void> SqliteStore::write_one(const char* sql, const auto&... values) {
  return write([&](Connection& db) { return Query(db, sql, values...).done(); });
}

template <class Row, class Read>
Result<std::vector<Row>> SqliteStore::all(Query& query, Read read) {
  std::vector<Row> rows;
  while (query.row()) rows.push_back(read(query));
  if (auto done = query.done(); !done) return tl::unexpected(done.error());
  return rows;
}

template <class Row, class Read>
Result<std::optional<Row>> SqliteStore::first(Query& query, Read read) {
  std::optional<Row> row;
  if (query.row()) row = read(query);
  if (auto done = query.done(); !done) return tl::unexpected(done.error());
  return row;
}

Result<HostHeads> SqliteStore::read_heads(Connection& db, const std::vector<StoredScan>& scans) {
  HostHeads heads;
  for (const StoredScan& scan : scans) {
    if (heads.contains(scan.host_id)) continue;
    Query query(db,
                "SELECT sequence, facts_hash, rules_hash, judgement, previous_sequence, previous_rules_hash, "
                "previous_judgement FROM hosts WHERE id=?",
                scan.host_id);
    if (query.row())
      heads[scan.host_id] = {query.sequence(0), query.text(1), query.text(2), query.text(3),
                             query.sequence(4), query.text(5), query.text(6)};
    if (auto done = query.done(); !done) return tl::unexpected(done.error());
  }
  return heads;
}

Result<void> SqliteStore::insert_scans(Connection& db, const std::vector<StoredScan>& scans,
                                       const std::vector<Acceptance>& answers) {
  for (std::size_t i = 0; i < scans.size(); ++i) {
    if (answers[i] != Acceptance::accepted) continue;
    const StoredScan& scan = scans[i];
    const std::string name = storable(scan.host_name);
    Query query(db, "INSERT INTO scans VALUES(?,?,?,?,?,?,?,?,?)", scan.host_id, as_column(scan.sequence),
                scan.taken_at, scan.received_at, name, scan.facts_hash, scan.rules_hash, BlobOf{scan.judgement},
                BlobOf{scan.document_zstd});
    if (auto done = query.done(); !done) return done;
  }
  return {};
}

Result<void> SqliteStore::move_heads(Connection& db, const HostHeads& heads) {
  for (const auto& [id, head] : heads) {
    if (head.latest == nullptr) continue;
    if (auto counted = Query(db, "UPDATE counters SET value=value+1 WHERE name='change'").done(); !counted)
      return counted;
    const std::string name = storable(head.latest->host_name);
    Query query(db,
                "UPDATE hosts SET name=CASE WHEN ?2='' THEN name ELSE ?2 END, sequence=?3, taken_at=?4, "
                "received_at=?5, facts_hash=?6, rules_hash=?7, judgement=?8, previous_sequence=?9, "
                "previous_rules_hash=?10, previous_judgement=?11, "
                "change=(SELECT value FROM counters WHERE name='change') WHERE id=?1",
                id, name, head.sequence, head.latest->taken_at, head.latest->received_at, head.facts_hash,
                head.rules_hash, BlobOf{head.judgement}, head.previous_sequence, head.previous_rules_hash,
                BlobOf{head.previous_judgement});
    if (auto done = query.done(); !done) return done;
  }
  return {};
}

Result<std::vector<Acceptance>> SqliteStore::accept(const std::vector<StoredScan>& scans) {
  if (scans.empty()) return std::vector<Acceptance>{};
  return write([&](Connection& db) -> Result<std::vector<Acceptance>> {
    auto heads = read_heads(db, scans);
    if (!heads) return tl::unexpected(heads.error());
    auto answers = decide(*heads, scans);
    if (!answers) return answers;
    if (auto done = insert_scans(db, scans, *answers); !done) return tl::unexpected(done.error());
    if (auto done = move_heads(db, *heads); !done) return tl::unexpected(done.error());
    return answers;
  });
}

Result<std::optional<StoredScan>> SqliteStore::latest_scan(std::string_view host_id) {
  Reader db(*this);
  Query query(db,
              "SELECT " PLUMBLINE_SCAN_COLUMNS ", s.document " PLUMBLINE_SCANS
              "WHERE s.host_id=? ORDER BY s.sequence DESC LIMIT 1",
              host_id);
  return first<StoredScan>(query, [](const Query& row) { return read_stored_scan(row, true); });
}

Result<std::optional<StoredScan>> SqliteStore::scan(std::string_view host_id, std::uint64_t sequence) {
  if (sequence > kMaxSequence) return std::nullopt;
  Reader db(*this);
  Query query(db,
              "SELECT " PLUMBLINE_SCAN_COLUMNS ", s.document " PLUMBLINE_SCANS "WHERE s.host_id=? AND s.sequence=?",
              host_id, as_column(sequence));
  return first<StoredScan>(query, [](const Query& row) { return read_stored_scan(row, true); });
}

Result<std::optional<StoredScan>> SqliteStore::previous_scan(std::string_view host_id) {
  Reader db(*this);
  Query query(db,
              "SELECT " PLUMBLINE_SCAN_COLUMNS ", s.document " PLUMBLINE_SCANS
              "WHERE s.host_id=?1 AND s.sequence=h.previous_sequence",
              host_id);
  return first<StoredScan>(query, [](const Query& row) { return read_stored_scan(row, true); });
}

Result<std::vector<StoredScan>> SqliteStore::history(std::string_view host_id, std::size_t most) {
  Reader db(*this);
  Query query(db,
              "SELECT " PLUMBLINE_SCAN_COLUMNS PLUMBLINE_SCANS "WHERE s.host_id=? ORDER BY s.sequence DESC LIMIT ?",
              host_id, static_cast<std::int64_t>(most));
  return all<StoredScan>(query, [](const Query& row) { return read_stored_scan(row, false); });
}

Result<std::size_t> SqliteStore::count_to_rejudge(std::string_view rules_hash) {
  Reader db(*this);
  Query query(db,
              "SELECT coalesce(sum((sequence IS NOT NULL AND rules_hash<>?1) + (previous_sequence IS NOT NULL AND "
              "previous_rules_hash<>?1)), 0) FROM hosts",
              rules_hash);
  const std::size_t count = query.row() ? static_cast<std::size_t>(query.integer(0)) : 0;
  if (auto done = query.done(); !done) return tl::unexpected(done.error());
  return count;
}

Result<std::vector<StoredDocument>> page_of(Query& query, const PageLimits& limits) {
  std::vector<StoredDocument> page;
  std::size_t bytes = 0;
  while (query.row()) {
    page.push_back({query.text(0), query.sequence(1).value_or(0), query.integer(2), query.text(3)});
    bytes += page.back().document_zstd.size();
    if (bytes >= limits.bytes) return page;
  }
  if (auto done = query.done(); !done) return tl::unexpected(done.error());
  return page;
}

Result<std::vector<StoredDocument>> SqliteStore::scans_to_rejudge(std::string_view rules_hash, Which which,
                                                                  std::string_view after_host, const PageLimits& limits) {
  Reader db(*this);
  Query query(db,
              which == Which::latest
                  ? "SELECT h.id, h.sequence, s.taken_at, s.document FROM hosts h LEFT JOIN scans s ON s.host_id=h.id AND "
                    "s.sequence=h.sequence WHERE h.id>?1 AND h.sequence IS NOT NULL AND h.rules_hash<>?2 "
                    "ORDER BY h.id LIMIT ?3"
                  : "SELECT h.id, h.previous_sequence, s.taken_at, s.document FROM hosts h LEFT JOIN scans s ON s.host_id=h.id AND "
                    "s.sequence=h.previous_sequence WHERE h.id>?1 AND h.previous_sequence IS NOT NULL AND "
                    "h.previous_rules_hash<>?2 ORDER BY h.id LIMIT ?3",
              after_host, rules_hash, as_column(limits.scans));
  return page_of(query, limits);
}

Result<std::vector<StoredDocument>> SqliteStore::scans_as_of(std::int64_t moment, std::string_view after_host,
                                                             const PageLimits& limits) {
  Reader db(*this);
  Query query(db,
              "SELECT s.host_id, s.sequence, s.taken_at, s.document FROM hosts h JOIN scans s ON s.host_id=h.id AND "
              "s.sequence=(SELECT max(t.sequence) FROM scans t WHERE t.host_id=h.id AND t.received_at<=?2) "
              "WHERE h.id>?1 ORDER BY h.id LIMIT ?3",
              after_host, moment, as_column(limits.scans));
  return page_of(query, limits);
}

Result<void> SqliteStore::rejudge_many(std::string_view rules_hash, const std::vector<Rejudged>& judgements) {
  if (judgements.empty()) return {};
  if (judgements.size() > kMostRejudged) return fail(ErrorKind::limit, "store: more than 1,024 judgements in one group");
  return write([&](Connection& db) -> Result<void> {
    const auto count = static_cast<std::int64_t>(judgements.size());
    if (auto done = Query(db, "UPDATE counters SET value=value+? WHERE name='change'", count).done(); !done) return done;
    const auto last = pragma(db, "SELECT value FROM counters WHERE name='change'");
    if (!last) return tl::unexpected(last.error());
    std::int64_t change = *last - count;
    for (const Rejudged& again : judgements) {
      // Of a host's two judgements at most one is of this scan.
      auto done = Query(db,
                        "UPDATE hosts SET change=?5, rules_hash=iif(sequence=?2, ?3, rules_hash), "
                        "judgement=iif(sequence=?2, ?4, judgement), "
                        "previous_rules_hash=iif(sequence=?2, previous_rules_hash, ?3), "
                        "previous_judgement=iif(sequence=?2, previous_judgement, ?4) "
                        "WHERE id=?1 AND (sequence=?2 OR previous_sequence=?2)",
                        again.host_id, as_column(again.sequence), rules_hash, BlobOf{again.judgement}, ++change).done();
      if (!done) return done;
    }
    return {};
  });
}

Result<std::vector<HostRow>> SqliteStore::hosts() {
  Reader db(*this);
  Query query(db, "SELECT " PLUMBLINE_HOST_COLUMNS "FROM hosts ORDER BY name, id");
  return all<HostRow>(query, read_host);
}

Result<std::optional<HostRow>> SqliteStore::host(std::string_view host_id) {
  Reader db(*this);
  Query query(db, "SELECT " PLUMBLINE_HOST_COLUMNS "FROM hosts WHERE id=?", host_id);
  return first<HostRow>(query, read_host);
}

Result<std::vector<HostRow>> SqliteStore::changed_since(std::int64_t change, std::size_t most) {
  Reader db(*this);
  Query query(db, "SELECT " PLUMBLINE_HOST_COLUMNS "FROM hosts WHERE change>? ORDER BY change LIMIT ?", change,
              as_column(most));
  return all<HostRow>(query, read_host);
}

Result<void> SqliteStore::add_host(std::string_view host_id, std::string_view name, std::int64_t at) {
  const std::string clean = storable(name);
  return write([&](Connection& db) -> Result<void> {
    auto done = Query(db, "UPDATE counters SET value=value+1 WHERE name='change'").done();
    if (!done) return done;
    return Query(db,
                 "INSERT INTO hosts(id, name, enrolled_at, change) VALUES(?1, ?2, ?3, (SELECT value FROM counters "
                 "WHERE name='change')) ON CONFLICT(id) DO UPDATE SET name=excluded.name, change=excluded.change",
                 host_id, clean, at).done();
  });
}

Result<void> SqliteStore::set_denied(std::string_view host_id, bool denied) {
  return write([&](Connection& db) -> Result<void> {
    auto done = Query(db, "UPDATE counters SET value=value+1 WHERE name='change'").done();
    if (!done) return done;
    done = Query(db, "UPDATE hosts SET denied=?2, change=(SELECT value FROM counters WHERE name='change') WHERE id=?1",
                 host_id, denied ? 1 : 0).done();
    if (!done) return done;
    if (db.changes() == 0)
      return fail(ErrorKind::not_found, "host " + storable(host_id) + ": it is not enrolled here; list them with: "
                                        "plumbline-collector hosts");
    return {};
  });
}

Result<void> SqliteStore::add_certificate(const CertificateRow& row) {
  return write_one("INSERT OR REPLACE INTO certificates VALUES(?,?,?,?)", row.host_id, row.serial_hex,
                   row.key_sha256_hex, row.not_after);
}

Result<std::vector<CertificateRow>> SqliteStore::certificates(std::string_view host_id) {
  Reader db(*this);
  Query query(db,
              "SELECT host_id, serial_hex, key_sha256_hex, not_after FROM certificates WHERE host_id=? "
              "ORDER BY not_after, serial_hex",
              host_id);
  return all<CertificateRow>(query, [](const Query& row) {
    return CertificateRow{row.text(0), row.text(1), row.text(2), row.integer(3)};
  });
}

Result<void> SqliteStore::add_token(std::string_view token_hash, std::int64_t expires_at, std::string_view created_by) {
  const std::string by = storable(created_by);
  return write_one("INSERT INTO tokens(hash, expires_at, created_by) VALUES(?,?,?)", token_hash, expires_at, by);
}

Result<bool> SqliteStore::redeem_token(std::string_view token_hash, std::int64_t now) {
  return write([&](Connection& db) -> Result<bool> {
    auto done = Query(db, "UPDATE tokens SET redeemed_at=?2 WHERE hash=?1 AND redeemed_at IS NULL AND expires_at>?2",
                      token_hash, now).done();
    if (!done) return tl::unexpected(done.error());
    return db.changes() == 1;
  });
}

Result<void> SqliteStore::put_user(const UserRow& user) {
  return write([&](Connection& db) -> Result<void> {
    auto done = Query(db, "DELETE FROM sessions WHERE user_name=?", user.name).done();
    if (!done) return done;
    return Query(db, "INSERT OR REPLACE INTO users VALUES(?,?,?,?)", user.name, user.password_hash, user.role,
                 user.created_at).done();
  });
}

Result<std::optional<UserRow>> SqliteStore::user(std::string_view name) {
  Reader db(*this);
  Query query(db, "SELECT name, password_hash, role, created_at FROM users WHERE name=?", name);
  return first<UserRow>(query, [](const Query& row) {
    return UserRow{row.text(0), row.text(1), row.text(2), row.integer(3)};
  });
}

Result<std::vector<UserRow>> SqliteStore::users() {
  Reader db(*this);
  Query query(db, "SELECT name, password_hash, role, created_at FROM users ORDER BY name");
  return all<UserRow>(query, [](const Query& row) {
    return UserRow{row.text(0), row.text(1), row.text(2), row.integer(3)};
  });
}

Result<void> SqliteStore::put_session(const SessionRow& session) {
  return write([&](Connection& db) -> Result<void> {
    auto done = Query(db, "DELETE FROM sessions WHERE expires_at<=?", session.seen_at).done();
    if (!done) return done;
    return Query(db, "INSERT OR REPLACE INTO sessions VALUES(?,?,?,?,?,?,?)", session.token_hash, session.user,
                 session.role, session.csrf, session.created_at, session.seen_at, session.expires_at).done();
  });
}

Result<std::optional<SessionRow>> SqliteStore::session(std::string_view token_hash) {
  Reader db(*this);
  Query query(db,
              "SELECT token_hash, user_name, role, csrf, created_at, seen_at, expires_at FROM sessions WHERE "
              "token_hash=?",
              token_hash);
  return first<SessionRow>(query, [](const Query& row) {
    return SessionRow{row.text(0), row.text(1), row.text(2), row.text(3), row.integer(4), row.integer(5),
                      row.integer(6)};
  });
}

Result<void> SqliteStore::end_session(std::string_view token_hash) {
  return write_one("DELETE FROM sessions WHERE token_hash=?", token_hash);
}

Result<void> SqliteStore::add_score(const ScorePoint& point) {
  return write_one(
      "INSERT INTO scores(at, value, lower_bound, upper_bound, level, hosts, rules_hash, split_fleet, split_rules, "
      "split_coverage) VALUES(?,?,?,?,?,?,?,?,?,?)",
      point.at, point.value, point.lower, point.upper, point.level, point.hosts, point.rules_hash,
      part_of(point.split, &ScoreSplit::fleet), part_of(point.split, &ScoreSplit::rules),
      part_of(point.split, &ScoreSplit::coverage));
}

Result<std::vector<ScorePoint>> SqliteStore::scores(std::size_t most) {
  Reader db(*this);
  Query query(db,
              "SELECT at, value, lower_bound, upper_bound, level, hosts, rules_hash, split_fleet, split_rules, "
              "split_coverage FROM (SELECT * FROM scores ORDER BY number DESC LIMIT ?) ORDER BY number",
              static_cast<std::int64_t>(most));
  return all<ScorePoint>(query, [](const Query& row) {
    ScorePoint point;
    point.at = row.integer(0);
    if (!row.null(1)) point.value = static_cast<int>(row.integer(1));
    point.lower = static_cast<int>(row.integer(2));
    point.upper = static_cast<int>(row.integer(3));
    point.level = static_cast<int>(row.integer(4));
    point.hosts = static_cast<int>(row.integer(5));
    point.rules_hash = row.text(6);
    if (!row.null(7))
      point.split = ScoreSplit{static_cast<int>(row.integer(7)), static_cast<int>(row.integer(8)),
                               static_cast<int>(row.integer(9))};
    return point;
  });
}

AuditRow read_audit(const Query& row) {
  return {row.integer(0), row.integer(1), row.text(2), row.text(3), row.text(4), row.text(5), row.text(6)};
}

Result<void> SqliteStore::add_audit(std::string_view actor, std::string_view action, std::string_view subject,
                                    std::string_view detail, std::int64_t at) {
  AuditRow row{0, at, storable(actor), storable(action), storable(subject), storable(detail), ""};
  return write([&](Connection& db) -> Result<void> {
    Query last(db, "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1");
    std::string previous;
    if (last.row()) {
      row.number = last.integer(0);
      previous = last.text(1);
    }
    if (auto done = last.done(); !done) return done;
    ++row.number;
    row.hash = audit_hash(previous, row);
    return Query(db, "INSERT INTO audit VALUES(?,?,?,?,?,?,?)", row.number, row.at, row.actor, row.action,
                 row.subject, row.detail, row.hash).done();
  });
}

Result<std::vector<AuditRow>> SqliteStore::audit(std::size_t most) {
  Reader db(*this);
  Query query(db,
              "SELECT number, at, actor, action, subject, detail, hash FROM audit ORDER BY number DESC LIMIT ?",
              static_cast<std::int64_t>(most));
  return all<AuditRow>(query, read_audit);
}

RecordRow read_record(const Query& row) {
  return {row.text(0), row.text(1), row.text(2), row.integer(3), row.text(4), row.integer(5)};
}

Result<std::vector<RecordRow>> SqliteStore::records(std::string_view kind) {
  Reader db(*this);
  Query query(db, "SELECT kind, id, body, changed_at, changed_by, version FROM records WHERE kind=? ORDER BY id", kind);
  return all<RecordRow>(query, read_record);
}

Result<std::optional<RecordRow>> SqliteStore::record(std::string_view kind, std::string_view id) {
  Reader db(*this);
  return read_one_record(db, kind, id);
}

Result<std::optional<RecordRow>> SqliteStore::read_one_record(Connection& db, std::string_view kind, std::string_view id) {
  Query query(db, "SELECT kind, id, body, changed_at, changed_by, version FROM records WHERE kind=? AND id=?", kind, id);
  return first<RecordRow>(query, read_record);
}

Result<void> SqliteStore::put_one_record(Connection& db, const RecordRow& row, std::int64_t version) {
  const std::string by = storable(row.changed_by);
  auto done = row.version == 0
                  ? Query(db, "INSERT OR IGNORE INTO records VALUES(?,?,?,?,?,?)", row.kind, row.id, row.body,
                          row.changed_at, by, version).done()
                  : Query(db,
                          "UPDATE records SET body=?3, changed_at=?4, changed_by=?5, version=?6 WHERE kind=?1 AND "
                          "id=?2 AND version=?7",
                          row.kind, row.id, row.body, row.changed_at, by, version, row.version).done();
  if (!done || db.changes() == 1) return done;
  const auto there = read_one_record(db, row.kind, row.id);
  if (!there) return tl::unexpected(there.error());
  return tl::unexpected(record_conflict(row.kind, row.id, *there));
}

Result<std::int64_t> SqliteStore::put_records(const std::vector<RecordRow>& rows) {
  if (auto checked = check_records(rows); !checked) return tl::unexpected(checked.error());
  if (rows.empty()) return records_version();
  return write([&](Connection& db) -> Result<std::int64_t> {
    const auto count = static_cast<std::int64_t>(rows.size());
    auto done = Query(db, "UPDATE counters SET value=value+? WHERE name='record'", count).done();
    if (!done) return tl::unexpected(done.error());
    const auto last = pragma(db, "SELECT value FROM counters WHERE name='record'");
    if (!last) return last;
    std::int64_t version = *last - count;
    for (const RecordRow& row : rows)
      if (auto put = put_one_record(db, row, ++version); !put) return tl::unexpected(put.error());
    for (const std::string_view kind : kinds_added(rows)) {
      Query counted(db, "SELECT count(*) FROM records WHERE kind=?", kind);
      const bool fits = counted.row() && counted.integer(0) <= static_cast<std::int64_t>(kMostRecords);
      if (auto whole = counted.done(); !whole) return tl::unexpected(whole.error());
      if (!fits) return tl::unexpected(too_many_records(kind));
    }
    return last;
  });
}

Result<void> SqliteStore::remove_record(std::string_view kind, std::string_view id, std::int64_t expected_version) {
  return write([&](Connection& db) -> Result<void> {
    const auto there = read_one_record(db, kind, id);
    if (!there) return tl::unexpected(there.error());
    if (!*there) return {};
    if ((*there)->version != expected_version) return tl::unexpected(record_conflict(kind, id, *there));
    if (auto done = Query(db, "UPDATE counters SET value=value+1 WHERE name='record'").done(); !done) return done;
    return Query(db, "DELETE FROM records WHERE kind=? AND id=?", kind, id).done();
  });
}

Result<std::int64_t> SqliteStore::records_version() {
  Reader db(*this);
  return pragma(db, "SELECT value FROM counters WHERE name='record'");
}

Result<void> SqliteStore::put_setting(std::string_view key, std::string_view value) {
  const std::string clean = storable(value);
  return write_one("INSERT OR REPLACE INTO settings VALUES(?,?)", key, clean);
}

Result<std::optional<std::string>> SqliteStore::setting(std::string_view key) {
  Reader db(*this);
  Query query(db, "SELECT value FROM settings WHERE key=?", key);
  return first<std::string>(query, [](const Query& row) { return row.text(0); });
}

Result<void> SqliteStore::check() {
  Reader db(*this);
  Query whole(db, "PRAGMA integrity_check(1)");
  const std::string answer = whole.row() ? whole.text(0) : "no answer";
  if (auto done = whole.done(); !done) return done;
  if (answer != "ok") return fail(ErrorKind::io, "store: it is damaged: " + answer + "; restore a backup");
  Query log_rows(db, "SELECT number, at, actor, action, subject, detail, hash FROM audit ORDER BY number");
  auto rows = all<AuditRow>(log_rows, read_audit);
  if (!rows) return tl::unexpected(rows.error());
  return check_audit_chain(*rows);
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite(const std::string& url) {
  constexpr std::string_view kScheme = "sqlite:";
  const std::string path = url.substr(kScheme.size());
  if (path.empty() || path.find('\0') != std::string::npos)
    return fail(ErrorKind::invalid, "store: sqlite: needs a path after it; for example sqlite:/var/lib/plumbline/plumbline.db");
  auto store = std::make_unique<SqliteStore>();
  if (auto opened = store->open(path); !opened) return tl::unexpected(opened.error());
  return store;
}

}  // namespace plumbline
