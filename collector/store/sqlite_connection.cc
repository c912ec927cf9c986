// SPDX-License-Identifier: Apache-2.0
// Connections and statements of SQLite.
#include "collector/store/sqlite_connection.h"

#include <sqlite3.h>

namespace plumbline::sqlite {
namespace {

constexpr int kBusyMilliseconds = 10'000;

ErrorKind kind_of(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ErrorKind::unavailable;
    case SQLITE_CONSTRAINT: return ErrorKind::conflict;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH: return ErrorKind::permission_denied;
    default: return ErrorKind::io;
  }
}

std::string advice(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL: return "; the disk is full: free some space, nothing was lost";
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return "; another program holds it: try again";
    case SQLITE_READONLY:
    case SQLITE_PERM: return "; run as the user that owns the state folder";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return "; the file is damaged or not a store: restore a backup";
    default: return "";
  }
}


}  // namespace

Connection::~Connection() {
  for (auto& [text, statement] : statements) sqlite3_finalize(statement);
  sqlite3_close(handle);
}

tl::unexpected<Error> Connection::error(int code) const {
  return fail(kind_of(code), std::string("store: ") + sqlite3_errmsg(handle) + advice(code));
}

Result<void> Connection::run(const char* sql) {
  const int code = sqlite3_exec(handle, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error(code);
  return {};
}

int Connection::changes() const { return sqlite3_changes(handle); }

Result<std::unique_ptr<Connection>> connect(const std::string& path, int flags) {
  auto connection = std::make_unique<Connection>();
  const int code = sqlite3_open_v2(path.c_str(), &connection->handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code != SQLITE_OK)
    return fail(kind_of(code), "store " + path + ": " + sqlite3_errmsg(connection->handle) +
                                   "; create the state folder with: plumbline-collector init");
  sqlite3_extended_result_codes(connection->handle, 1);
  sqlite3_busy_timeout(connection->handle, kBusyMilliseconds);
  const auto ready = connection->run(
      "PRAGMA foreign_keys=ON; PRAGMA synchronous=FULL; PRAGMA cell_size_check=ON; PRAGMA trusted_schema=OFF;"
      "PRAGMA cache_size=-8192; PRAGMA journal_size_limit=67108864");
  if (!ready) return tl::unexpected(ready.error());
  return connection;
}

Result<std::int64_t> pragma(Connection& connection, const char* sql) {
  Query query(connection, sql);
  const std::int64_t value = query.row() ? query.integer(0) : 0;
  if (auto done = query.done(); !done) return tl::unexpected(done.error());
  return value;
}

Query::~Query() {
  if (statement_ != nullptr) sqlite3_reset(statement_);
}

void Query::prepare(const char* sql) {
  sqlite3_stmt*& cached = connection_.statements[sql];
  if (cached == nullptr)
    code_ = sqlite3_prepare_v3(connection_.handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &cached, nullptr);
  statement_ = cached;
}

bool Query::row() {
  if (code_ != SQLITE_OK && code_ != SQLITE_ROW) return false;
  code_ = sqlite3_step(statement_);
  return code_ == SQLITE_ROW;
}

Result<void> Query::done() {
  while (row()) {
  }
  if (code_ != SQLITE_DONE) return connection_.error(code_);
  return {};
}

std::int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }

bool Query::null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

std::string Query::text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), size);
}

std::optional<std::uint64_t> Query::sequence(int column) const {
  if (null(column)) return std::nullopt;
  return static_cast<std::uint64_t>(integer(column));
}

void Query::keep(int code) {
  if (code_ == SQLITE_OK) code_ = code;
}

// The texts outlive the statement's run, so SQLite need not copy them.
void Query::bind(int index, std::string_view value) {
  if (code_ != SQLITE_OK) return;
  keep(sqlite3_bind_text64(statement_, index, value.data() == nullptr ? "" : value.data(), value.size(), SQLITE_STATIC,
                           SQLITE_UTF8));
}

void Query::bind(int index, std::int64_t value) {
  if (code_ == SQLITE_OK) keep(sqlite3_bind_int64(statement_, index, value));
}

void Query::bind(int index, const std::optional<std::int64_t>& value) {
  if (code_ == SQLITE_OK) keep(value ? sqlite3_bind_int64(statement_, index, *value) : sqlite3_bind_null(statement_, index));
}

void Query::bind(int index, const std::optional<std::uint64_t>& value) {
  bind(index, value ? std::optional(static_cast<std::int64_t>(*value)) : std::nullopt);
}

void Query::bind(int index, const std::optional<int>& value) {
  bind(index, value ? std::optional<std::int64_t>(*value) : std::nullopt);
}

void Query::bind(int index, const BlobOf& value) {
  if (code_ != SQLITE_OK) return;
  keep(sqlite3_bind_blob64(statement_, index, value.bytes.empty() ? "" : value.bytes.data(), value.bytes.size(),
                           SQLITE_STATIC));
}

}  // namespace plumbline::sqlite
