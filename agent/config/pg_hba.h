// SPDX-License-Identifier: Apache-2.0
// pg_hba.conf: who may connect to PostgreSQL from where, and how they show who they are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/host.h"

namespace plumbline {

struct HbaLine {
  int number = 0;             // line in its file, the first of those that a backslash joins
  std::string file;           // its name without folders
  std::string type;           // local, host, hostssl, hostnossl, hostgssenc, hostnogssenc
  bool loopback = false;      // its address is this machine alone
  bool everybody = false;     // its address is every address of one family or of both
  bool all_addresses = false;  // of both families: the word "all"
  bool replication = false;   // for copies of the whole server, and for nothing else
  bool all_databases = false;
  bool all_users = false;
  std::string method;  // trust, md5, scram-sha-256, …
};

/// Types, methods and includes; of databases and users only whether they are all, of addresses only
/// "127.0.0.1/32", "all", "0.0.0.0/0" or "10.0.0.0/8"; options (LDAP and RADIUS secrets) go. Lines keep their
/// numbers.
std::string redact_pg_hba(std::string_view text);
/// Lines in their order; include directives are left out.
std::vector<HbaLine> parse_pg_hba(std::string_view text);

/// The file with include, include_if_exists and include_dir at their places (PostgreSQL 16 and later have
/// them); fails where a part that counts cannot be read.
Result<std::vector<HbaLine>> read_pg_hba(const Host& host, const std::string& path);

}  // namespace plumbline
