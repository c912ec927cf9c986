// SPDX-License-Identifier: Apache-2.0
// PostgreSQL's tables, one entry a version of the schema.
#pragma once

#include <array>

namespace plumbline {

// Each entry takes the schema from its index to the next number. Entries never change once released.
inline constexpr std::array kPostgresMigrations = {
    R"sql(
    CREATE TABLE hosts(
      id text PRIMARY KEY, name text NOT NULL, enrolled_at bigint NOT NULL, denied boolean NOT NULL DEFAULT false,
      sequence bigint, taken_at bigint NOT NULL DEFAULT 0, received_at bigint NOT NULL DEFAULT 0,
      facts_hash text NOT NULL DEFAULT '', rules_hash text NOT NULL DEFAULT '', judgement bytea NOT NULL DEFAULT '',
      previous_sequence bigint, previous_rules_hash text NOT NULL DEFAULT '',
      previous_judgement bytea NOT NULL DEFAULT '', change bigint NOT NULL);
    CREATE INDEX hosts_by_change ON hosts(change);
    CREATE TABLE scans(
      host_id text NOT NULL REFERENCES hosts(id), sequence bigint NOT NULL, taken_at bigint NOT NULL,
      received_at bigint NOT NULL, host_name text NOT NULL, facts_hash text NOT NULL, rules_hash text NOT NULL,
      judgement bytea NOT NULL, document bytea NOT NULL, PRIMARY KEY(host_id, sequence));
    ALTER TABLE scans ALTER COLUMN document SET STORAGE EXTERNAL;
    CREATE TABLE certificates(
      host_id text NOT NULL REFERENCES hosts(id), serial_hex text NOT NULL, key_sha256_hex text NOT NULL,
      not_after bigint NOT NULL, PRIMARY KEY(host_id, serial_hex));
    CREATE TABLE tokens(
      hash text PRIMARY KEY, expires_at bigint NOT NULL, created_by text NOT NULL, redeemed_at bigint);
    CREATE TABLE users(
      name text PRIMARY KEY, password_hash text NOT NULL, role text NOT NULL, created_at bigint NOT NULL);
    CREATE TABLE sessions(
      token_hash text PRIMARY KEY, user_name text NOT NULL, role text NOT NULL, csrf text NOT NULL,
      created_at bigint NOT NULL, seen_at bigint NOT NULL, expires_at bigint NOT NULL);
    CREATE TABLE scores(
      number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at bigint NOT NULL, value integer,
      lower_bound integer NOT NULL, upper_bound integer NOT NULL, level integer NOT NULL, hosts integer NOT NULL,
      rules_hash text NOT NULL);
    CREATE TABLE audit(
      number bigint PRIMARY KEY, at bigint NOT NULL, actor text NOT NULL, action text NOT NULL,
      subject text NOT NULL, detail text NOT NULL, hash text NOT NULL);
    CREATE TABLE settings(key text PRIMARY KEY, value text NOT NULL);
    CREATE TABLE counters(name text PRIMARY KEY, value bigint NOT NULL);
    INSERT INTO counters VALUES('change', 0), ('audit', 0);
    )sql",
    R"sql(
    CREATE TABLE records(
      kind text NOT NULL, id text NOT NULL, body text NOT NULL, changed_at bigint NOT NULL, changed_by text NOT NULL,
      version bigint NOT NULL, PRIMARY KEY(kind, id));
    INSERT INTO counters VALUES('record', 0);
    ALTER TABLE scores ADD COLUMN split_fleet integer, ADD COLUMN split_rules integer,
      ADD COLUMN split_coverage integer;
    CREATE INDEX scans_by_receipt ON scans(host_id, received_at, sequence);
    )sql",
};

}  // namespace plumbline
