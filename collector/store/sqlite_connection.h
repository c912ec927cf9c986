// SPDX-License-Identifier: Apache-2.0
// A connection to SQLite and a prepared statement on it; used by one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace plumbline::sqlite {

struct Connection {
  sqlite3* handle = nullptr;
  std::unordered_map<const char*, sqlite3_stmt*> statements;  // by the address of the literal

  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();
  tl::unexpected<Error> error(int code) const;
  Result<void> run(const char* sql);
  /// Rows that the last statement changed.
  int changes() const;
};
/// Opens a file; `flags` of sqlite3_open_v2().
Result<std::unique_ptr<Connection>> connect(const std::string& path, int flags);

/// Bytes for a BLOB column.
struct BlobOf {
  std::string_view bytes;
};

/// A prepared statement bound to values. The first failure sticks and comes out of done(). Texts that are bound must
/// outlive it.
class Query {
 public:
  template <class... Values>
  Query(Connection& connection, const char* sql, const Values&... values) : connection_(connection) {
    prepare(sql);
    int index = 0;
    (bind(++index, values), ...);
  }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query();

  bool row();
  /// Runs what is left and tells whether all went well.
  Result<void> done();
  std::int64_t integer(int column) const;
  bool null(int column) const;
  std::string text(int column) const;
  std::optional<std::uint64_t> sequence(int column) const;

 private:
  void prepare(const char* sql);
  void keep(int code);
  void bind(int index, std::string_view value);
  void bind(int index, const std::string& value) { bind(index, std::string_view(value)); }
  void bind(int index, std::int64_t value);
  void bind(int index, int value) { bind(index, static_cast<std::int64_t>(value)); }
  void bind(int index, const std::optional<std::int64_t>& value);
  void bind(int index, const std::optional<std::uint64_t>& value);
  void bind(int index, const std::optional<int>& value);
  void bind(int index, const BlobOf& value);

  Connection& connection_;
  sqlite3_stmt* statement_ = nullptr;
  int code_ = 0;
};

/// The one number a statement gives; 0 where it gives none.
Result<std::int64_t> pragma(Connection& connection, const char* sql);

}  // namespace plumbline::sqlite
