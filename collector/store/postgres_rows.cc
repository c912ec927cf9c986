// SPDX-License-Identifier: Apache-2.0
// Statements and answers of PostgreSQL.
#include "collector/store/postgres_rows.h"

#include <libpq-fe.h>

#include <algorithm>

#include "base/text.h"

namespace plumbline::postgres {
namespace {

// libpq's messages end with a line feed and may span lines.
std::string one_line(const char* message) {
  std::string text(trim(message));
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

ErrorKind kind_of(PGconn* connection, const PGresult* result) {
  if (PQstatus(connection) != CONNECTION_OK) return ErrorKind::unavailable;
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string_view code = state == nullptr ? "" : state;
  if (code.starts_with("23")) return ErrorKind::conflict;                  // integrity constraint
  if (code.starts_with("42501") || code.starts_with("28")) return ErrorKind::permission_denied;
  // Serialisation, deadlock, resources, shutdown, read-only after a failover: it may work again soon.
  if (code.starts_with("40") || code.starts_with("53") || code.starts_with("57") || code.starts_with("25"))
    return ErrorKind::unavailable;
  return ErrorKind::io;
}

}  // namespace

void CloseConnection::operator()(PGconn* connection) const { PQfinish(connection); }
void Rows::Clear::operator()(PGresult* result) const { PQclear(result); }

int Rows::count() const { return PQntuples(result_.get()); }
std::int64_t Rows::affected() const { return parse_i64(PQcmdTuples(result_.get())).value_or(0); }
bool Rows::null(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }

std::string Rows::text(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column), static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

std::int64_t Rows::integer(int row, int column) const { return parse_i64(text(row, column)).value_or(0); }

std::optional<std::uint64_t> Rows::sequence(int row, int column) const {
  if (null(row, column)) return std::nullopt;
  return static_cast<std::uint64_t>(integer(row, column));
}

// bytea arrives as "\x0a1b…"
std::string Rows::bytes(int row, int column) const {
  const std::string value = text(row, column);
  return value.starts_with("\\x") ? unhex(std::string_view(value).substr(2)).value_or("") : std::string();
}

std::string message_of(PGconn* connection) { return one_line(PQerrorMessage(connection)); }

Result<Rows> run(PGconn* connection, const std::string& sql, const std::vector<Parameter>& parameters) {
  std::vector<const char*> values;
  std::vector<int> lengths, formats;
  for (const Parameter& parameter : parameters) {
    values.push_back(parameter.null ? nullptr : parameter.text.c_str());
    lengths.push_back(static_cast<int>(parameter.text.size()));
    formats.push_back(parameter.binary ? 1 : 0);
  }
  PGresult* raw = PQexecParams(connection, sql.c_str(), static_cast<int>(parameters.size()), nullptr, values.data(),
                               lengths.data(), formats.data(), 0);
  Rows rows(raw);
  const ExecStatusType status = PQresultStatus(raw);
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return rows;
  return fail(kind_of(connection, raw), "store: PostgreSQL: " + one_line(PQerrorMessage(connection)));
}

Result<void> run_script(PGconn* db, const char* sql) {
  PGresult* raw = PQexec(db, sql);
  const Rows rows(raw);
  if (PQresultStatus(raw) == PGRES_COMMAND_OK) return {};
  return fail(kind_of(db, raw), "store: PostgreSQL: " + one_line(PQerrorMessage(db)));
}

}  // namespace plumbline::postgres
