// SPDX-License-Identifier: Apache-2.0
// SQLite's tables, one entry a version of the schema.
#pragma once

#include <array>

namespace plumbline {

// Each entry takes the schema from its index to the next number. Entries never change once released.
inline constexpr std::array kSqliteMigrations = {
    R"sql(
    CREATE TABLE hosts(
      id TEXT PRIMARY KEY, name TEXT NOT NULL, enrolled_at INTEGER NOT NULL, denied INTEGER NOT NULL DEFAULT 0,
      sequence INTEGER, taken_at INTEGER NOT NULL DEFAULT 0, received_at INTEGER NOT NULL DEFAULT 0,
      facts_hash TEXT NOT NULL DEFAULT '', rules_hash TEXT NOT NULL DEFAULT '', judgement BLOB NOT NULL DEFAULT x'',
      previous_sequence INTEGER, previous_rules_hash TEXT NOT NULL DEFAULT '',
      previous_judgement BLOB NOT NULL DEFAULT x'', change INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE INDEX hosts_by_change ON hosts(change);
    CREATE TABLE scans(
      host_id TEXT NOT NULL REFERENCES hosts(id), sequence INTEGER NOT NULL, taken_at INTEGER NOT NULL,
      received_at INTEGER NOT NULL, host_name TEXT NOT NULL, facts_hash TEXT NOT NULL, rules_hash TEXT NOT NULL,
      judgement BLOB NOT NULL, document BLOB NOT NULL, PRIMARY KEY(host_id, sequence)) STRICT;
    CREATE TABLE certificates(
      host_id TEXT NOT NULL REFERENCES hosts(id), serial_hex TEXT NOT NULL, key_sha256_hex TEXT NOT NULL,
      not_after INTEGER NOT NULL, PRIMARY KEY(host_id, serial_hex)) STRICT, WITHOUT ROWID;
    CREATE TABLE tokens(
      hash TEXT PRIMARY KEY, expires_at INTEGER NOT NULL, created_by TEXT NOT NULL, redeemed_at INTEGER)
      STRICT, WITHOUT ROWID;
    CREATE TABLE users(
      name TEXT PRIMARY KEY, password_hash TEXT NOT NULL, role TEXT NOT NULL, created_at INTEGER NOT NULL)
      STRICT, WITHOUT ROWID;
    CREATE TABLE sessions(
      token_hash TEXT PRIMARY KEY, user_name TEXT NOT NULL, role TEXT NOT NULL, csrf TEXT NOT NULL,
      created_at INTEGER NOT NULL, seen_at INTEGER NOT NULL, expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE scores(
      number INTEGER PRIMARY KEY, at INTEGER NOT NULL, value INTEGER, lower_bound INTEGER NOT NULL,
      upper_bound INTEGER NOT NULL, level INTEGER NOT NULL, hosts INTEGER NOT NULL, rules_hash TEXT NOT NULL) STRICT;
    CREATE TABLE audit(
      number INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
      subject TEXT NOT NULL, detail TEXT NOT NULL, hash TEXT NOT NULL) STRICT;
    CREATE TABLE settings(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE counters(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO counters VALUES('change', 0);
    )sql",
    R"sql(
    CREATE TABLE records(
      kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, changed_at INTEGER NOT NULL, changed_by TEXT NOT NULL,
      version INTEGER NOT NULL, PRIMARY KEY(kind, id)) STRICT, WITHOUT ROWID;
    INSERT INTO counters VALUES('record', 0);
    ALTER TABLE scores ADD COLUMN split_fleet INTEGER;
    ALTER TABLE scores ADD COLUMN split_rules INTEGER;
    ALTER TABLE scores ADD COLUMN split_coverage INTEGER;
    CREATE INDEX scans_by_receipt ON scans(host_id, received_at, sequence);
    )sql",
};

}  // namespace plumbline
