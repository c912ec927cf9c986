// SPDX-License-Identifier: Apache-2.0
// A statement's parameters and the rows of its answer, as libpq carries them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct pg_conn;
struct pg_result;

namespace plumbline::postgres {

struct CloseConnection {
  void operator()(pg_conn* connection) const;
};
using Connection = std::unique_ptr<pg_conn, CloseConnection>;

/// A value for $n: text, bytes as they are, or NULL.
struct Parameter {
  std::string text;
  bool binary = false;
  bool null = false;

  Parameter(std::string_view value) : text(value) {}
  Parameter(const std::string& value) : text(value) {}
  Parameter(std::int64_t value) : text(std::to_string(value)) {}
  Parameter(int value) : text(std::to_string(value)) {}
  Parameter(const std::optional<std::uint64_t>& value) : null(!value) {
    if (value) text = std::to_string(*value);
  }
  Parameter(const std::optional<int>& value) : null(!value) {
    if (value) text = std::to_string(*value);
  }
};
inline Parameter blob(std::string_view bytes) {
  Parameter parameter(bytes);
  parameter.binary = true;
  return parameter;
}

/// The rows an answer holds.
class Rows {
 public:
  explicit Rows(pg_result* result) : result_(result) {}
  int count() const;
  std::int64_t affected() const;
  bool null(int row, int column) const;
  std::string text(int row, int column) const;
  std::int64_t integer(int row, int column) const;
  std::optional<std::uint64_t> sequence(int row, int column) const;
  std::string bytes(int row, int column) const;

 private:
  struct Clear {
    void operator()(pg_result* result) const;
  };
  std::unique_ptr<pg_result, Clear> result_;
};

/// One statement.
Result<Rows> run(pg_conn* connection, const std::string& sql, const std::vector<Parameter>& parameters = {});
/// Several statements at once, which only the simple protocol takes.
Result<void> run_script(pg_conn* connection, const char* sql);
/// The connection's last message in one line.
std::string message_of(pg_conn* connection);

}  // namespace plumbline::postgres
