// SPDX-License-Identifier: Apache-2.0
// The store for many collectors: PostgreSQL 15 or newer, and what speaks its protocol, through libpq.
#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>

#include "base/log.h"
#include "base/text.h"
#include "collector/store/backends.h"
#include "collector/store/postgres_rows.h"
#include "collector/store/postgres_schema.h"
#include "collector/store/rows.h"

namespace plumbline {
namespace {

using namespace postgres;

constexpr std::size_t kConnections = 8;
constexpr std::size_t kRowsInStatement = 256;       // × columns stays far below the protocol's 65,535 parameters
constexpr const char* kMigrationLock = "5786356";   // an advisory lock's key: one collector migrates, others wait

#define PLUMBLINE_HOST_COLUMNS                                                                          \
  "id, name, enrolled_at, denied::int, sequence, taken_at, received_at, facts_hash, rules_hash, "       \
  "judgement, previous_sequence, previous_rules_hash, previous_judgement, change "

HostRow read_host(const Rows& rows, int row) {
  HostRow host;
  host.id = rows.text(row, 0);
  host.name = rows.text(row, 1);
  host.enrolled_at = rows.integer(row, 2);
  host.denied = rows.integer(row, 3) != 0;
  host.sequence = rows.sequence(row, 4);
  host.taken_at = rows.integer(row, 5);
  host.received_at = rows.integer(row, 6);
  host.facts_hash = rows.text(row, 7);
  host.rules_hash = rows.text(row, 8);
  host.judgement = rows.bytes(row, 9);
  host.previous_sequence = rows.sequence(row, 10);
  host.previous_rules_hash = rows.text(row, 11);
  host.previous_judgement = rows.bytes(row, 12);
  host.change = rows.integer(row, 13);
  return host;
}


StoredScan read_stored_scan(const Rows& rows, int row, bool with_document) {
  StoredScan scan;
  scan.host_id = rows.text(row, 0);
  scan.sequence = static_cast<std::uint64_t>(rows.integer(row, 1));
  scan.taken_at = rows.integer(row, 2);
  scan.received_at = rows.integer(row, 3);
  scan.host_name = rows.text(row, 4);
  scan.facts_hash = rows.text(row, 5);
  scan.rules_hash = rows.text(row, 6);
  scan.judgement = rows.bytes(row, 7);
  if (with_document) scan.document_zstd = rows.bytes(row, 8);
  return scan;
}
StoredScan read_whole_scan(const Rows& rows, int row) { return read_stored_scan(rows, row, true); }
StoredScan read_scan_head(const Rows& rows, int row) { return read_stored_scan(rows, row, false); }

UserRow read_user(const Rows& rows, int row) {
  return {rows.text(row, 0), rows.text(row, 1), rows.text(row, 2), rows.integer(row, 3)};
}

SessionRow read_session(const Rows& rows, int row) {
  return {rows.text(row, 0), rows.text(row, 1), rows.text(row, 2), rows.text(row, 3),
          rows.integer(row, 4), rows.integer(row, 5), rows.integer(row, 6)};
}

AuditRow read_audit(const Rows& rows, int row) {
  return {rows.integer(row, 0), rows.integer(row, 1), rows.text(row, 2), rows.text(row, 3),
          rows.text(row, 4), rows.text(row, 5), rows.text(row, 6)};
}

ScorePoint read_score(const Rows& rows, int row) {
  ScorePoint point;
  point.at = rows.integer(row, 0);
  if (!rows.null(row, 1)) point.value = static_cast<int>(rows.integer(row, 1));
  point.lower = static_cast<int>(rows.integer(row, 2));
  point.upper = static_cast<int>(rows.integer(row, 3));
  point.level = static_cast<int>(rows.integer(row, 4));
  point.hosts = static_cast<int>(rows.integer(row, 5));
  point.rules_hash = rows.text(row, 6);
  if (!rows.null(row, 7))
    point.split = ScoreSplit{static_cast<int>(rows.integer(row, 7)), static_cast<int>(rows.integer(row, 8)),
                             static_cast<int>(rows.integer(row, 9))};
  return point;
}

class PostgresStore final : public Store {
 public:
  Result<void> open(const std::string& url);

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
  // A connection borrowed from the pool; connected again where it was lost.
  class Borrowed {
   public:
    explicit Borrowed(PostgresStore& store) : store_(store), connection_(store.borrow()) {}
    Borrowed(const Borrowed&) = delete;
    Borrowed& operator=(const Borrowed&) = delete;
    ~Borrowed() { store_.give_back(std::move(connection_)); }
    Result<PGconn*> live();

   private:
    PostgresStore& store_;
    Connection connection_;
  };
  Connection borrow();
  void give_back(Connection connection);
  Result<Connection> connect() const;

  /// One statement; a read that met a lost connection is tried once more on a new one.
  Result<Rows> read(const std::string& sql, const std::vector<Parameter>& parameters = {});
  Result<Rows> write_one(const std::string& sql, const std::vector<Parameter>& parameters);
  /// Runs `work` inside one transaction; commits what succeeded, rolls back what failed.
  template <class Work>
  auto write(Work&& work) -> decltype(work(static_cast<PGconn*>(nullptr)));
  template <class Row>
  Result<std::vector<Row>> all(Row (*take)(const Rows&, int), const std::string& sql,
                               const std::vector<Parameter>& parameters = {});
  template <class Row>
  Result<std::optional<Row>> first(Row (*take)(const Rows&, int), const std::string& sql,
                                   const std::vector<Parameter>& parameters);
  Result<void> migrate();

  std::string url_;
  std::mutex pool_mutex_;
  std::condition_variable pool_filled_;
  std::vector<Connection> pool_;
};

Result<void> PostgresStore::open(const std::string& url) {
  url_ = url;
  auto connection = connect();
  if (!connection) return tl::unexpected(connection.error());
  pool_.push_back(std::move(*connection));
  while (pool_.size() < kConnections) pool_.emplace_back();  // connected when first used
  std::reverse(pool_.begin(), pool_.end());
  return migrate();
}

Result<Connection> PostgresStore::connect() const {
  // What stands before dbname is a default that the URL may override.
  const std::array<const char*, 7> keys = {"connect_timeout",      "keepalives_idle", "target_session_attrs",
                                           "application_name",     "dbname",          "client_encoding", nullptr};
  const std::array<const char*, 7> values = {"5", "30", "read-write", "plumbline-collector", url_.c_str(), "UTF8", nullptr};
  Connection connection(PQconnectdbParams(keys.data(), values.data(), 1));
  if (connection == nullptr || PQstatus(connection.get()) != CONNECTION_OK)
    return fail(ErrorKind::unavailable,
                "store: PostgreSQL cannot be reached: " +
                    (connection == nullptr ? "no memory" : message_of(connection.get())) +
                    "; start it, or name another with --store");
  PQsetNoticeProcessor(connection.get(), [](void*, const char*) {}, nullptr);
  // 2xx means durable: weaker settings of the server or the role are raised, stronger ones are left alone.
  const auto durable = run(connection.get(),
                           "SELECT set_config('synchronous_commit', 'on', false) WHERE "
                           "current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')");
  if (!durable) return tl::unexpected(durable.error());
  return connection;
}

Connection PostgresStore::borrow() {
  std::unique_lock lock(pool_mutex_);
  pool_filled_.wait(lock, [&] { return !pool_.empty(); });
  Connection connection = std::move(pool_.back());
  pool_.pop_back();
  return connection;
}

void PostgresStore::give_back(Connection connection) {
  if (connection != nullptr && PQstatus(connection.get()) != CONNECTION_OK) connection.reset();
  const std::lock_guard lock(pool_mutex_);
  pool_.push_back(std::move(connection));
  pool_filled_.notify_one();
}

Result<PGconn*> PostgresStore::Borrowed::live() {
  if (connection_ == nullptr || PQstatus(connection_.get()) != CONNECTION_OK) {
    auto fresh = store_.connect();
    if (!fresh) return tl::unexpected(fresh.error());
    connection_ = std::move(*fresh);
  }
  return connection_.get();
}

Result<Rows> PostgresStore::read(const std::string& sql, const std::vector<Parameter>& parameters) {
  Borrowed borrowed(*this);
  for (bool again : {true, false}) {
    auto connection = borrowed.live();
    if (!connection) return tl::unexpected(connection.error());
    auto rows = run(*connection, sql, parameters);
    if (rows || !again || PQstatus(*connection) == CONNECTION_OK) return rows;
  }
  return fail(ErrorKind::unavailable, "store: PostgreSQL went away; try again");
}

template <class Work>
auto PostgresStore::write(Work&& work) -> decltype(work(static_cast<PGconn*>(nullptr))) {
  Borrowed borrowed(*this);
  auto connection = borrowed.live();
  if (!connection) return tl::unexpected(connection.error());
  auto begun = run(*connection, "BEGIN");
  if (!begun && PQstatus(*connection) != CONNECTION_OK) {  // an idle connection that was cut: nothing was sent yet
    connection = borrowed.live();
    if (!connection) return tl::unexpected(connection.error());
    begun = run(*connection, "BEGIN");
  }
  if (!begun) return tl::unexpected(begun.error());
  auto result = work(*connection);
  if (result) {
    const auto committed = run(*connection, "COMMIT");
    if (committed) return result;
    result = tl::unexpected(committed.error());
  }
  if (PQtransactionStatus(*connection) != PQTRANS_IDLE)
    if (auto undone = run(*connection, "ROLLBACK"); !undone) log_error(undone.error().message);
  return result;
}

Result<Rows> PostgresStore::write_one(const std::string& sql, const std::vector<Parameter>& parameters) {
  return write([&](PGconn* db) { return run(db, sql, parameters); });
}

template <class Row>
Result<std::vector<Row>> PostgresStore::all(Row (*take)(const Rows&, int), const std::string& sql,
                                            const std::vector<Parameter>& parameters) {
  auto rows = read(sql, parameters);
  if (!rows) return tl::unexpected(rows.error());
  std::vector<Row> taken;
  taken.reserve(static_cast<std::size_t>(rows->count()));
  for (int row = 0; row < rows->count(); ++row) taken.push_back(take(*rows, row));
  return taken;
}

template <class Row>
Result<std::optional<Row>> PostgresStore::first(Row (*take)(const Rows&, int), const std::string& sql,
                                                const std::vector<Parameter>& parameters) {
  auto rows = read(sql, parameters);
  if (!rows) return tl::unexpected(rows.error());
  std::optional<Row> taken;
  if (rows->count() > 0) taken = take(*rows, 0);
  return taken;
}

Result<void> done(Result<Rows> rows) {
  if (!rows) return tl::unexpected(rows.error());
  return {};
}

Result<void> PostgresStore::migrate() {
  return write([&](PGconn* db) -> Result<void> {
    if (auto locked = run(db, std::string("SELECT pg_advisory_xact_lock(") + kMigrationLock + ")"); !locked)
      return done(std::move(locked));
    auto made = run(db, "CREATE TABLE IF NOT EXISTS schema_version(version integer NOT NULL)");
    if (!made) return done(std::move(made));
    auto current = run(db, "SELECT coalesce(max(version), 0) FROM schema_version");
    if (!current) return done(std::move(current));
    const auto version = static_cast<std::size_t>(current->integer(0, 0));
    if (version > kPostgresMigrations.size())
      return fail(ErrorKind::invalid, "store: a newer collector wrote it; upgrade this one");
    for (std::size_t next = version; next < kPostgresMigrations.size(); ++next)
      if (auto migrated = run_script(db, kPostgresMigrations[next]); !migrated) return migrated;
    if (version == kPostgresMigrations.size()) return {};
    if (auto cleared = run(db, "DELETE FROM schema_version"); !cleared) return done(std::move(cleared));
    return done(run(db, "INSERT INTO schema_version VALUES($1)", {static_cast<std::int64_t>(kPostgresMigrations.size())}));
  });
}

// The next `count` change numbers; returns the last. The row stays locked until the commit, so numbers become
// visible in their order and a reader that has seen one has seen all before it.
Result<std::int64_t> next_change(PGconn* db, std::int64_t count) {
  auto rows = run(db, "UPDATE counters SET value=value+$1 WHERE name='change' RETURNING value", {count});
  if (!rows) return tl::unexpected(rows.error());
  return rows->integer(0, 0);
}

// "($1,$2),($3,$4)" for rows × columns.
std::string placeholders(std::size_t rows, std::size_t columns) {
  std::string text;
  std::size_t number = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    text += row == 0 ? "(" : ",(";
    for (std::size_t column = 0; column < columns; ++column)
      text += (column == 0 ? "$" : ",$") + std::to_string(++number);
    text += ')';
  }
  return text;
}

Result<HostHeads> read_heads(PGconn* db, const std::vector<StoredScan>& scans) {
  std::string ids = "{";  // host ids are hexadecimal: no quoting needed, and anything else matches nothing
  for (const StoredScan& scan : scans) {
    if (!unhex(scan.host_id)) continue;
    ids += (ids.size() > 1 ? "," : "") + scan.host_id;
  }
  ids += '}';
  auto rows = run(db,
                  "SELECT id, sequence, facts_hash, rules_hash, judgement, previous_sequence, previous_rules_hash, "
                  "previous_judgement FROM hosts WHERE id=ANY($1::text[]) ORDER BY id FOR UPDATE",
                  {ids});
  if (!rows) return tl::unexpected(rows.error());
  HostHeads heads;
  for (int row = 0; row < rows->count(); ++row)
    heads[rows->text(row, 0)] = {rows->sequence(row, 1), rows->text(row, 2), rows->text(row, 3), rows->bytes(row, 4),
                                 rows->sequence(row, 5), rows->text(row, 6), rows->bytes(row, 7)};
  return heads;
}

Result<void> insert_scans(PGconn* db, const std::vector<StoredScan>& scans, const std::vector<Acceptance>& answers) {
  constexpr std::size_t kColumns = 9;
  std::vector<Parameter> parameters;
  std::size_t rows = 0;
  const auto flush = [&]() -> Result<void> {
    if (rows == 0) return {};
    auto inserted = run(db, "INSERT INTO scans VALUES" + placeholders(rows, kColumns), parameters);
    parameters.clear();
    rows = 0;
    return done(std::move(inserted));
  };
  for (std::size_t i = 0; i < scans.size(); ++i) {
    if (answers[i] != Acceptance::accepted) continue;
    const StoredScan& scan = scans[i];
    const Parameter values[kColumns] = {scan.host_id, static_cast<std::int64_t>(scan.sequence), scan.taken_at,
                                        scan.received_at, storable(scan.host_name), scan.facts_hash, scan.rules_hash,
                                        blob(scan.judgement), blob(scan.document_zstd)};
    parameters.insert(parameters.end(), std::begin(values), std::end(values));
    if (++rows == kRowsInStatement)
      if (auto flushed = flush(); !flushed) return flushed;
  }
  return flush();
}

Result<void> move_heads(PGconn* db, const HostHeads& heads) {
  std::vector<Parameter> parameters;
  std::string values;
  std::size_t number = 0;
  std::int64_t rows = 0;
  constexpr std::array kCasts = {"text", "text", "bigint", "bigint", "bigint", "text",
                                 "text", "bytea", "bigint", "text", "bytea", "bigint"};
  for (const auto& [id, head] : heads) {
    if (head.latest == nullptr) continue;
    values += rows == 0 ? "(" : ",(";
    for (std::size_t column = 0; column < kCasts.size(); ++column)
      values += (column == 0 ? "$" : ",$") + std::to_string(++number) + "::" + kCasts[column];
    values += ')';
    const Parameter row[] = {id, storable(head.latest->host_name), head.sequence, head.latest->taken_at,
                             head.latest->received_at, head.facts_hash, head.rules_hash, blob(head.judgement),
                             head.previous_sequence, head.previous_rules_hash, blob(head.previous_judgement), rows};
    parameters.insert(parameters.end(), std::begin(row), std::end(row));
    ++rows;
  }
  if (rows == 0) return {};
  const auto change = next_change(db, rows);
  if (!change) return tl::unexpected(change.error());
  return done(run(db,
                  "UPDATE hosts SET name=CASE WHEN v.name='' THEN hosts.name ELSE v.name END, sequence=v.sequence, "
                  "taken_at=v.taken_at, received_at=v.received_at, facts_hash=v.facts_hash, rules_hash=v.rules_hash, "
                  "judgement=v.judgement, previous_sequence=v.previous_sequence, "
                  "previous_rules_hash=v.previous_rules_hash, previous_judgement=v.previous_judgement, change=" +
                      std::to_string(*change) + "-v.place FROM (VALUES " + values +
                      ") AS v(id, name, sequence, taken_at, received_at, facts_hash, rules_hash, judgement, "
                      "previous_sequence, previous_rules_hash, previous_judgement, place) WHERE hosts.id=v.id",
                  parameters));
}

Result<std::vector<Acceptance>> PostgresStore::accept(const std::vector<StoredScan>& scans) {
  std::vector<Acceptance> all_answers;
  // One transaction a group; a caller with more scans than a statement takes is refused, not split.
  if (scans.size() > 4 * kRowsInStatement)
    return fail(ErrorKind::limit, "store: more than 1,024 scans in one group");
  if (scans.empty()) return all_answers;
  return write([&](PGconn* db) -> Result<std::vector<Acceptance>> {
    auto heads = read_heads(db, scans);
    if (!heads) return tl::unexpected(heads.error());
    auto answers = decide(*heads, scans);
    if (!answers) return answers;
    if (auto inserted = insert_scans(db, scans, *answers); !inserted) return tl::unexpected(inserted.error());
    if (auto moved = move_heads(db, *heads); !moved) return tl::unexpected(moved.error());
    return answers;
  });
}

Result<std::optional<StoredScan>> PostgresStore::latest_scan(std::string_view host_id) {
  return first<StoredScan>(read_whole_scan,
                           "SELECT " PLUMBLINE_SCAN_COLUMNS
                           ", s.document " PLUMBLINE_SCANS "WHERE s.host_id=$1 ORDER BY s.sequence DESC LIMIT 1",
                           {host_id});
}

Result<std::optional<StoredScan>> PostgresStore::scan(std::string_view host_id, std::uint64_t sequence) {
  if (sequence > kMaxSequence) return std::nullopt;
  return first<StoredScan>(read_whole_scan,
                           "SELECT " PLUMBLINE_SCAN_COLUMNS ", s.document " PLUMBLINE_SCANS
                           "WHERE s.host_id=$1 AND s.sequence=$2",
                           {host_id, static_cast<std::int64_t>(sequence)});
}

Result<std::optional<StoredScan>> PostgresStore::previous_scan(std::string_view host_id) {
  return first<StoredScan>(read_whole_scan,
                           "SELECT " PLUMBLINE_SCAN_COLUMNS
                           ", s.document " PLUMBLINE_SCANS "WHERE s.host_id=$1 AND s.sequence=h.previous_sequence",
                           {host_id});
}

Result<std::vector<StoredScan>> PostgresStore::history(std::string_view host_id, std::size_t most) {
  return all<StoredScan>(read_scan_head,
                         "SELECT " PLUMBLINE_SCAN_COLUMNS PLUMBLINE_SCANS
                         "WHERE s.host_id=$1 ORDER BY s.sequence DESC LIMIT $2",
                         {host_id, static_cast<std::int64_t>(most)});
}

Result<std::size_t> PostgresStore::count_to_rejudge(std::string_view rules_hash) {
  auto rows = read("SELECT coalesce(sum((sequence IS NOT NULL AND rules_hash<>$1)::int + (previous_sequence IS NOT NULL "
                   "AND previous_rules_hash<>$1)::int), 0) FROM hosts", {rules_hash});
  if (!rows) return tl::unexpected(rows.error());
  return static_cast<std::size_t>(rows->integer(0, 0));
}

Result<std::vector<StoredDocument>> PostgresStore::scans_to_rejudge(std::string_view rules_hash, Which which,
                                                                    std::string_view after_host, const PageLimits& limits) {
  constexpr auto kTake = +[](const Rows& rows, int row) {
    return StoredDocument{rows.text(row, 0), rows.sequence(row, 1).value_or(0), rows.integer(row, 2), rows.bytes(row, 3)};
  };
  const std::string column = which == Which::latest ? "" : "previous_";
  // The sum of what came before a row bounds the page; lengths are known without reading the documents.
  return all<StoredDocument>(kTake,
                             "SELECT id, number, taken_at, document FROM (SELECT h.id, h." + column +
                                 "sequence AS number, s.taken_at, s.document, coalesce(sum(octet_length(s.document)) OVER (ORDER BY "
                                 "h.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before FROM (SELECT * "
                                 "FROM hosts WHERE id>$1 AND " + column + "sequence IS NOT NULL AND " + column +
                                 "rules_hash<>$2 ORDER BY id LIMIT $3) AS h LEFT JOIN scans s ON s.host_id=h.id AND "
                                 "s.sequence=h." + column + "sequence) AS page WHERE before<$4 ORDER BY id",
                             {after_host, rules_hash, static_cast<std::int64_t>(limits.scans),
                              static_cast<std::int64_t>(limits.bytes)});
}

Result<std::vector<StoredDocument>> PostgresStore::scans_as_of(std::int64_t moment, std::string_view after_host,
                                                               const PageLimits& limits) {
  constexpr auto kTake = +[](const Rows& rows, int row) {
    return StoredDocument{rows.text(row, 0), rows.sequence(row, 1).value_or(0), rows.integer(row, 2), rows.bytes(row, 3)};
  };
  return all<StoredDocument>(kTake,
                             "SELECT id, sequence, taken_at, document FROM (SELECT newest.id, s.sequence, s.taken_at, "
                             "s.document, coalesce(sum(octet_length(s.document)) OVER (ORDER BY newest.id COLLATE \"C\" ROWS BETWEEN "
                             "UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before FROM (SELECT h.id, (SELECT "
                             "max(t.sequence) FROM scans t WHERE t.host_id=h.id AND t.received_at<=$2) AS sequence FROM "
                             "hosts h WHERE h.id COLLATE \"C\">$1) AS newest JOIN scans s ON s.host_id=newest.id AND "
                             "s.sequence=newest.sequence ORDER BY newest.id COLLATE \"C\" LIMIT $3) AS page WHERE "
                             "before<$4 ORDER BY id COLLATE \"C\"",
                             {after_host, moment, static_cast<std::int64_t>(limits.scans),
                              static_cast<std::int64_t>(limits.bytes)});
}

// Locks the hosts in the order every writer locks them: before the counter, by id.
Result<void> lock_hosts(PGconn* db, const std::vector<Rejudged>& judgements) {
  std::string ids = "{";
  for (const Rejudged& again : judgements) {
    if (!unhex(again.host_id)) continue;
    ids += (ids.size() > 1 ? "," : "") + again.host_id;
  }
  return done(run(db, "SELECT 1 FROM hosts WHERE id=ANY($1::text[]) ORDER BY id FOR UPDATE", {ids + "}"}));
}

Result<void> PostgresStore::rejudge_many(std::string_view rules_hash, const std::vector<Rejudged>& judgements) {
  if (judgements.empty()) return {};
  if (judgements.size() > kMostRejudged) return fail(ErrorKind::limit, "store: more than 1,024 judgements in one group");
  std::vector<Parameter> parameters = {rules_hash};
  std::string values;
  for (std::size_t place = 0; place < judgements.size(); ++place) {
    const std::size_t number = parameters.size();
    values += (place == 0 ? "($" : ",($") + std::to_string(number + 1) + "::text,$" + std::to_string(number + 2) +
              "::bigint,$" + std::to_string(number + 3) + "::bytea," + std::to_string(place) + ")";
    parameters.emplace_back(judgements[place].host_id);
    parameters.emplace_back(static_cast<std::int64_t>(judgements[place].sequence));
    parameters.push_back(blob(judgements[place].judgement));
  }
  return write([&](PGconn* db) -> Result<void> {
    if (auto locked = lock_hosts(db, judgements); !locked) return locked;
    const auto change = next_change(db, static_cast<std::int64_t>(judgements.size()));
    if (!change) return tl::unexpected(change.error());
    return done(run(db,
                    "UPDATE hosts SET change=" + std::to_string(*change) +
                        "-v.place, rules_hash=CASE WHEN sequence=v.number THEN $1 ELSE rules_hash END, "
                        "judgement=CASE WHEN sequence=v.number THEN v.again ELSE judgement END, "
                        "previous_rules_hash=CASE WHEN sequence=v.number THEN previous_rules_hash ELSE $1 END, "
                        "previous_judgement=CASE WHEN sequence=v.number THEN previous_judgement ELSE v.again END "
                        "FROM (VALUES " + values + ") AS v(id, number, again, place) WHERE hosts.id=v.id AND "
                        "(sequence=v.number OR previous_sequence=v.number)",
                    parameters));
  });
}

Result<std::vector<HostRow>> PostgresStore::hosts() {
  // Byte order, as SQLite sorts: the same list from every store.
  return all<HostRow>(read_host, "SELECT " PLUMBLINE_HOST_COLUMNS "FROM hosts ORDER BY name COLLATE \"C\", id COLLATE \"C\"");
}

Result<std::optional<HostRow>> PostgresStore::host(std::string_view host_id) {
  return first<HostRow>(read_host, "SELECT " PLUMBLINE_HOST_COLUMNS "FROM hosts WHERE id=$1", {host_id});
}

Result<std::vector<HostRow>> PostgresStore::changed_since(std::int64_t change, std::size_t most) {
  return all<HostRow>(read_host,
                      "SELECT " PLUMBLINE_HOST_COLUMNS "FROM hosts WHERE change>$1 ORDER BY change LIMIT $2",
                      {change, static_cast<std::int64_t>(most)});
}

Result<void> PostgresStore::add_host(std::string_view host_id, std::string_view name, std::int64_t at) {
  return write([&](PGconn* db) -> Result<void> {
    const auto change = next_change(db, 1);
    if (!change) return tl::unexpected(change.error());
    return done(run(db,
                    "INSERT INTO hosts(id, name, enrolled_at, change) VALUES($1, $2, $3, $4) "
                    "ON CONFLICT(id) DO UPDATE SET name=excluded.name, change=excluded.change",
                    {host_id, storable(name), at, *change}));
  });
}

Result<void> PostgresStore::set_denied(std::string_view host_id, bool denied) {
  return write([&](PGconn* db) -> Result<void> {
    const auto change = next_change(db, 1);
    if (!change) return tl::unexpected(change.error());
    auto rows = run(db, "UPDATE hosts SET denied=$2::int::boolean, change=$3 WHERE id=$1",
                    {storable(host_id), denied ? 1 : 0, *change});
    if (!rows) return tl::unexpected(rows.error());
    if (rows->affected() == 0)
      return fail(ErrorKind::not_found, "host " + storable(host_id) + ": it is not enrolled here; list them with: "
                                        "plumbline-collector hosts");
    return {};
  });
}

Result<void> PostgresStore::add_certificate(const CertificateRow& row) {
  return done(write_one("INSERT INTO certificates VALUES($1,$2,$3,$4) ON CONFLICT(host_id, serial_hex) DO UPDATE SET "
                        "key_sha256_hex=excluded.key_sha256_hex, not_after=excluded.not_after",
                        {row.host_id, row.serial_hex, row.key_sha256_hex, row.not_after}));
}

Result<std::vector<CertificateRow>> PostgresStore::certificates(std::string_view host_id) {
  constexpr auto kTake = +[](const Rows& rows, int row) {
    return CertificateRow{rows.text(row, 0), rows.text(row, 1), rows.text(row, 2), rows.integer(row, 3)};
  };
  return all<CertificateRow>(kTake,
                             "SELECT host_id, serial_hex, key_sha256_hex, not_after FROM certificates WHERE "
                             "host_id=$1 ORDER BY not_after, serial_hex COLLATE \"C\"",
                             {host_id});
}

Result<void> PostgresStore::add_token(std::string_view token_hash, std::int64_t expires_at, std::string_view created_by) {
  return done(write_one("INSERT INTO tokens(hash, expires_at, created_by) VALUES($1,$2,$3)",
                        {token_hash, expires_at, storable(created_by)}));
}

Result<bool> PostgresStore::redeem_token(std::string_view token_hash, std::int64_t now) {
  // The row's lock makes the second of two wait, and then it finds the token redeemed.
  auto rows = write_one("UPDATE tokens SET redeemed_at=$2 WHERE hash=$1 AND redeemed_at IS NULL AND expires_at>$2",
                        {token_hash, now});
  if (!rows) return tl::unexpected(rows.error());
  return rows->affected() == 1;
}

Result<void> PostgresStore::put_user(const UserRow& user) {
  return write([&](PGconn* db) -> Result<void> {
    auto ended = done(run(db, "DELETE FROM sessions WHERE user_name=$1", {user.name}));
    if (!ended) return ended;
    return done(run(db,
                    "INSERT INTO users VALUES($1,$2,$3,$4) ON CONFLICT(name) DO UPDATE SET "
                    "password_hash=excluded.password_hash, role=excluded.role, created_at=excluded.created_at",
                    {user.name, user.password_hash, user.role, user.created_at}));
  });
}

Result<std::optional<UserRow>> PostgresStore::user(std::string_view name) {
  return first<UserRow>(read_user, "SELECT name, password_hash, role, created_at FROM users WHERE name=$1", {storable(name)});
}

Result<std::vector<UserRow>> PostgresStore::users() {
  return all<UserRow>(read_user, "SELECT name, password_hash, role, created_at FROM users ORDER BY name COLLATE \"C\"");
}

Result<void> PostgresStore::put_session(const SessionRow& session) {
  return write([&](PGconn* db) -> Result<void> {
    auto forgotten = done(run(db, "DELETE FROM sessions WHERE expires_at<=$1", {session.seen_at}));
    if (!forgotten) return forgotten;
    return done(run(db,
                    "INSERT INTO sessions VALUES($1,$2,$3,$4,$5,$6,$7) ON CONFLICT(token_hash) DO UPDATE SET "
                    "user_name=excluded.user_name, role=excluded.role, csrf=excluded.csrf, "
                    "created_at=excluded.created_at, seen_at=excluded.seen_at, expires_at=excluded.expires_at",
                    {session.token_hash, session.user, session.role, session.csrf, session.created_at,
                     session.seen_at, session.expires_at}));
  });
}

Result<std::optional<SessionRow>> PostgresStore::session(std::string_view token_hash) {
  return first<SessionRow>(read_session,
                           "SELECT token_hash, user_name, role, csrf, created_at, seen_at, expires_at FROM sessions "
                           "WHERE token_hash=$1",
                           {storable(token_hash)});
}

Result<void> PostgresStore::end_session(std::string_view token_hash) {
  return done(write_one("DELETE FROM sessions WHERE token_hash=$1", {storable(token_hash)}));
}

Result<void> PostgresStore::add_score(const ScorePoint& point) {
  const auto part = [&](int ScoreSplit::*of) { return point.split ? std::optional<int>((*point.split).*of) : std::nullopt; };
  return done(write_one("INSERT INTO scores(at, value, lower_bound, upper_bound, level, hosts, rules_hash, split_fleet, "
                        "split_rules, split_coverage) VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)",
                        {point.at, point.value, point.lower, point.upper, point.level, point.hosts, point.rules_hash,
                         part(&ScoreSplit::fleet), part(&ScoreSplit::rules), part(&ScoreSplit::coverage)}));
}

Result<std::vector<ScorePoint>> PostgresStore::scores(std::size_t most) {
  return all<ScorePoint>(read_score,
                         "SELECT at, value, lower_bound, upper_bound, level, hosts, rules_hash, split_fleet, "
                         "split_rules, split_coverage FROM (SELECT * FROM scores ORDER BY number DESC LIMIT $1) AS newest ORDER BY number",
                         {static_cast<std::int64_t>(most)});
}

Result<void> PostgresStore::add_audit(std::string_view actor, std::string_view action, std::string_view subject,
                                      std::string_view detail, std::int64_t at) {
  AuditRow row{0, at, storable(actor), storable(action), storable(subject), storable(detail), ""};
  return write([&](PGconn* db) -> Result<void> {
    auto number = run(db, "UPDATE counters SET value=value+1 WHERE name='audit' RETURNING value");
    if (!number) return done(std::move(number));
    row.number = number->integer(0, 0);
    auto last = run(db, "SELECT hash FROM audit WHERE number=$1", {row.number - 1});
    if (!last) return done(std::move(last));
    row.hash = audit_hash(last->count() > 0 ? last->text(0, 0) : std::string(), row);
    return done(run(db, "INSERT INTO audit VALUES($1,$2,$3,$4,$5,$6,$7)",
                    {row.number, row.at, row.actor, row.action, row.subject, row.detail, row.hash}));
  });
}

Result<std::vector<AuditRow>> PostgresStore::audit(std::size_t most) {
  return all<AuditRow>(read_audit,
                       "SELECT number, at, actor, action, subject, detail, hash FROM audit ORDER BY number DESC LIMIT $1",
                       {static_cast<std::int64_t>(most)});
}

#define PLUMBLINE_RECORD_COLUMNS "kind, id, body, changed_at, changed_by, version "

RecordRow read_record(const Rows& rows, int row) {
  return {rows.text(row, 0), rows.text(row, 1), rows.text(row, 2), rows.integer(row, 3), rows.text(row, 4), rows.integer(row, 5)};
}

Result<std::vector<RecordRow>> PostgresStore::records(std::string_view kind) {
  return all<RecordRow>(read_record, "SELECT " PLUMBLINE_RECORD_COLUMNS "FROM records WHERE kind=$1 ORDER BY id COLLATE \"C\"",
                        {storable(kind)});
}

Result<std::optional<RecordRow>> PostgresStore::record(std::string_view kind, std::string_view id) {
  return first<RecordRow>(read_record, "SELECT " PLUMBLINE_RECORD_COLUMNS "FROM records WHERE kind=$1 AND id=$2",
                          {storable(kind), storable(id)});
}

// Who stands where a record was to be written; the counter's row is locked, so nobody else writes meanwhile.
Result<std::optional<RecordRow>> record_there(PGconn* db, std::string_view kind, std::string_view id) {
  auto rows = run(db, "SELECT " PLUMBLINE_RECORD_COLUMNS "FROM records WHERE kind=$1 AND id=$2", {kind, id});
  if (!rows) return tl::unexpected(rows.error());
  std::optional<RecordRow> there;
  if (rows->count() > 0) there = read_record(*rows, 0);
  return there;
}

// The next `count` versions; returns the last. The row stays locked until the commit: writers of records queue here.
Result<std::int64_t> next_record(PGconn* db, std::int64_t count) {
  auto rows = run(db, "UPDATE counters SET value=value+$1 WHERE name='record' RETURNING value", {count});
  if (!rows) return tl::unexpected(rows.error());
  return rows->integer(0, 0);
}

Result<void> put_one_record(PGconn* db, const RecordRow& row, std::int64_t version) {
  const std::string by = storable(row.changed_by);
  auto put = row.version == 0
                 ? run(db, "INSERT INTO records VALUES($1,$2,$3,$4,$5,$6) ON CONFLICT DO NOTHING",
                       {row.kind, row.id, row.body, row.changed_at, by, version})
                 : run(db, "UPDATE records SET body=$3, changed_at=$4, changed_by=$5, version=$6 WHERE kind=$1 AND id=$2 AND version=$7",
                       {row.kind, row.id, row.body, row.changed_at, by, version, row.version});
  if (!put) return tl::unexpected(put.error());
  if (put->affected() == 1) return {};
  const auto there = record_there(db, row.kind, row.id);
  if (!there) return tl::unexpected(there.error());
  return tl::unexpected(record_conflict(row.kind, row.id, *there));
}

Result<std::int64_t> PostgresStore::put_records(const std::vector<RecordRow>& rows) {
  if (auto checked = check_records(rows); !checked) return tl::unexpected(checked.error());
  if (rows.empty()) return records_version();
  return write([&](PGconn* db) -> Result<std::int64_t> {
    const auto last = next_record(db, static_cast<std::int64_t>(rows.size()));
    if (!last) return last;
    std::int64_t version = *last - static_cast<std::int64_t>(rows.size());
    for (const RecordRow& row : rows)
      if (auto put = put_one_record(db, row, ++version); !put) return tl::unexpected(put.error());
    for (const std::string_view kind : kinds_added(rows)) {
      auto counted = run(db, "SELECT count(*) FROM records WHERE kind=$1", {kind});
      if (!counted) return tl::unexpected(counted.error());
      if (counted->integer(0, 0) > static_cast<std::int64_t>(kMostRecords)) return tl::unexpected(too_many_records(kind));
    }
    return last;
  });
}

Result<void> PostgresStore::remove_record(std::string_view kind, std::string_view id, std::int64_t expected_version) {
  const std::string clean_kind = storable(kind), clean_id = storable(id);
  return write([&](PGconn* db) -> Result<void> {
    const auto number = next_record(db, 1);
    if (!number) return tl::unexpected(number.error());
    const auto there = record_there(db, clean_kind, clean_id);
    if (!there) return tl::unexpected(there.error());
    if (!*there) return {};
    if ((*there)->version != expected_version) return tl::unexpected(record_conflict(kind, id, *there));
    return done(run(db, "DELETE FROM records WHERE kind=$1 AND id=$2", {clean_kind, clean_id}));
  });
}

Result<std::int64_t> PostgresStore::records_version() {
  auto rows = read("SELECT value FROM counters WHERE name='record'");
  if (!rows) return tl::unexpected(rows.error());
  return rows->count() > 0 ? rows->integer(0, 0) : 0;
}

Result<void> PostgresStore::put_setting(std::string_view key, std::string_view value) {
  return done(write_one("INSERT INTO settings VALUES($1,$2) ON CONFLICT(key) DO UPDATE SET value=excluded.value",
                        {key, storable(value)}));
}

Result<std::optional<std::string>> PostgresStore::setting(std::string_view key) {
  constexpr auto kTake = +[](const Rows& rows, int row) { return rows.text(row, 0); };
  return first<std::string>(kTake, "SELECT value FROM settings WHERE key=$1", {key});
}

Result<void> PostgresStore::check() {
  auto rows = all<AuditRow>(read_audit, "SELECT number, at, actor, action, subject, detail, hash FROM audit ORDER BY number");
  if (!rows) return tl::unexpected(rows.error());
  return check_audit_chain(*rows);
}

}  // namespace

Result<std::unique_ptr<Store>> open_postgres(const std::string& url) {
  auto store = std::make_unique<PostgresStore>();
  if (auto opened = store->open(url); !opened) return tl::unexpected(opened.error());
  return store;
}

}  // namespace plumbline
