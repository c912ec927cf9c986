// SPDX-License-Identifier: Apache-2.0
// Where backups go, by the settings of the tools that make them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/machine.h"
#include "base/result.h"

namespace plumbline {

/// True where a repository lies on another machine or on a network file system, false where all that are named lie
/// on this one, nothing where no settings tell. Reads those of borgmatic, restic, resticprofile, pgBackRest, WAL-G,
/// rsnapshot, Kopia, and of the clients that a backup server asks: Bacula, Bareos. Fails where none of those read lies
/// elsewhere and one may not be read.
Result<std::optional<bool>> backup_goes_elsewhere(const Host& host, Machine& machine);

/// "remote" for "sftp:user@nas:/srv", "s3:…", "rest:https://…", "ssh://…", "user@nas:/srv"; else the path; empty where it
/// is neither.
std::string backup_target(std::string_view repository);

}  // namespace plumbline
