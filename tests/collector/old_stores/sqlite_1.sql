-- SPDX-License-Identifier: Apache-2.0
-- A store as version 1 of the schema kept it, with something in every table.
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
PRAGMA application_id=1347177794; PRAGMA user_version=1;
INSERT INTO hosts(id,name,enrolled_at,denied,sequence,taken_at,received_at,facts_hash,rules_hash,judgement,previous_sequence,previous_rules_hash,previous_judgement,change) VALUES
  ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','db-07',10,0,2,1002,2002,'f2','rules-1',x'0100ff74776f',1,'rules-1',x'0100ff6f6e65',3), ('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','silent',11,1,NULL,0,0,'','',x'',NULL,'',x'',4);
INSERT INTO scans VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',1,1001,2001,'db-07','f1','rules-1',x'0100ff6f6e65',x'0028646f6331'), ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',2,1002,2002,'db-07','f2','rules-1',x'0100ff74776f',x'0028646f6332');
INSERT INTO certificates VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','0a','key',99);
INSERT INTO tokens VALUES ('token',1000,'ada',NULL);
INSERT INTO users VALUES ('ada','hash','admin',5);
INSERT INTO sessions VALUES ('t1','ada','admin','csrf',1,1,300);
INSERT INTO scores(at,value,lower_bound,upper_bound,level,hosts,rules_hash) VALUES (1,NULL,0,1000,1,0,'rules-1'), (2,413,300,500,2,1,'rules-1');
INSERT INTO audit VALUES (1,5,'ada','login','ada','','ffa29dcc644d8a687710b42a1dddecec84e84f52bba2c816d65a354fa8b04fbf'), (2,6,'ada','report','cio','pdf','830020e1c772017ac4be0749c9de450fcb962b7ddf474b8c38066cc14b7b3d1a');
INSERT INTO settings VALUES ('organisation','Example & Sons');
UPDATE counters SET value=4 WHERE name='change';
