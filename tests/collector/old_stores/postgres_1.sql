-- SPDX-License-Identifier: Apache-2.0
-- A store as version 1 of the schema kept it, with something in every table.
CREATE TABLE schema_version(version integer NOT NULL);
INSERT INTO schema_version VALUES(1);
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
INSERT INTO hosts(id,name,enrolled_at,denied,sequence,taken_at,received_at,facts_hash,rules_hash,judgement,previous_sequence,previous_rules_hash,previous_judgement,change) VALUES
  ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','db-07',10,false,2,1002,2002,'f2','rules-1','\x0100ff74776f',1,'rules-1','\x0100ff6f6e65',3), ('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','silent',11,true,NULL,0,0,'','','\x',NULL,'','\x',4);
INSERT INTO scans VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',1,1001,2001,'db-07','f1','rules-1','\x0100ff6f6e65','\x0028646f6331'), ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',2,1002,2002,'db-07','f2','rules-1','\x0100ff74776f','\x0028646f6332');
INSERT INTO certificates VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','0a','key',99);
INSERT INTO tokens VALUES ('token',1000,'ada',NULL);
INSERT INTO users VALUES ('ada','hash','admin',5);
INSERT INTO sessions VALUES ('t1','ada','admin','csrf',1,1,300);
INSERT INTO scores(at,value,lower_bound,upper_bound,level,hosts,rules_hash) VALUES (1,NULL,0,1000,1,0,'rules-1'), (2,413,300,500,2,1,'rules-1');
INSERT INTO audit VALUES (1,5,'ada','login','ada','','ffa29dcc644d8a687710b42a1dddecec84e84f52bba2c816d65a354fa8b04fbf'), (2,6,'ada','report','cio','pdf','830020e1c772017ac4be0749c9de450fcb962b7ddf474b8c38066cc14b7b3d1a');
INSERT INTO settings VALUES ('organisation','Example & Sons');
UPDATE counters SET value=4 WHERE name='change';
UPDATE counters SET value=2 WHERE name='audit';
