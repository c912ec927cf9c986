// SPDX-License-Identifier: Apache-2.0
// What /etc/passwd, /etc/shadow and /etc/group say that tables of users do not: states of passwords, doubles, old entries.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/host.h"

namespace plumbline {

struct AccountFiles {
  int unshadowed = 0;    // accounts whose password stands in /etc/passwd, which everybody may read
  int empty = 0;         // accounts that need none, by either file
  int nis_entries = 0;   // lines that begin with "+": whoever the network names gets in
  std::vector<std::string> doubles;  // "uid 1001", "user alice", "gid 100", "group staff"
  std::set<std::string> hashes;      // kinds in use: "$y$", "$6$", "des"
  int weak_hashes = 0;               // accounts with MD5 or DES
  std::string root_password;         // set, locked or empty; empty where /etc/shadow has no root
  /// Why a file could not be read; what it would have told is not known then.
  std::optional<Error> passwd_unread, shadow_unread, group_unread;
};

AccountFiles read_account_files(const Host& host);

}  // namespace plumbline
