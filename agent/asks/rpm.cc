// SPDX-License-Identifier: Apache-2.0
// "rpm:/path": the packages of rpm's database, which is too large and too foreign to be read as a file.
#include <string>

#include "agent/asks/asks.h"
#include "agent/files.h"
#include "agent/rpm/database.h"

namespace plumbline {

Result<std::string> ask_rpm(std::string_view path) {
  if (auto good = check_path(path); !good) return tl::unexpected<Error>(good.error());
  return list_rpm_packages(std::string(path), path);
}

}  // namespace plumbline
