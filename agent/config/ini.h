// SPDX-License-Identifier: Apache-2.0
// Files of "key = value" lines in sections: my.cnf with its includes, postgresql.conf with its, units,
// gitea-like ini.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/host.h"

namespace plumbline {

struct IniLine {
  std::string section;  // "" before the first
  std::string key;      // in lower case
  std::string value;    // without quotes around it and comments after it; empty for a key alone
};

/// Lines in their order. Comments begin with "#" or ";"; the separator is "=", ":" or blanks.
std::vector<IniLine> parse_ini(std::string_view text);

/// Which sections of option files a server reads.
struct MysqlGroups {
  bool maria = false;
  std::string version;  // "8.4.2"; "" reads sections of every version
  std::string suffix;   // --defaults-group-suffix: sections with it at their end count, too
};

/// Settings of MySQL or MariaDB from an option file: !include and !includedir at their places, the last value
/// wins, "-" and "_" the same, "loose_" dropped; only of sections such a server reads. A key that stands alone
/// has the value "1", "skip_x" is kept as it is. Files are read by redact_mysql().
Result<std::map<std::string, std::string>> read_mysql_config(const Host& host, const std::string& path,
                                                             const MysqlGroups& groups = {});
/// Only settings that facts need.
std::string redact_mysql(std::string_view text);

/// Settings of PostgreSQL: include, include_if_exists and include_dir at their places, the last value wins.
Result<std::map<std::string, std::string>> read_postgresql_config(const Host& host, const std::string& path);
std::string redact_postgresql(std::string_view text);

}  // namespace plumbline
