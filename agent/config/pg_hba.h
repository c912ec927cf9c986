// SPDX-License-Identifier: Apache-2.0
// pg_hba.conf: who may connect to PostgreSQL from where, and how they show who they are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/host.h"

namespace plumbline {

struct HbaLine {
  int number = 0;          // line in the file
  std::string type;        // local, host, hostssl, hostnossl, hostgssenc, hostnogssenc
  bool loopback = false;   // its address is this machine alone
  bool everybody = false;  // its address is every address
  std::string method;      // trust, md5, scram-sha-256, …
};

/// Types, addresses reduced to "127.0.0.1/32", "0.0.0.0/0" or "10.0.0.0/8", and methods; databases and users
/// become "all", options (LDAP and RADIUS secrets) go.
std::string redact_pg_hba(std::string_view text);
std::vector<HbaLine> parse_pg_hba(std::string_view text);

}  // namespace plumbline
