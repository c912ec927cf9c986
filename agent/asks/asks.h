// SPDX-License-Identifier: Apache-2.0
// The named questions that are no file: each is a row in asks.cc, its answer's shape is told in agent/host.h
// (that of "nftables" in agent/firewall/ruleset.h).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace plumbline {

/// Asks this machine. Fails with not_found for a question nobody knows.
Result<std::string> ask_this_machine(std::string_view question);

// One function a question. `argument` is what stands behind the colon.
Result<std::string> ask_now(std::string_view argument);
Result<std::string> ask_uname(std::string_view argument);
Result<std::string> ask_statvfs(std::string_view path);
Result<std::string> ask_statvfs_remote(std::string_view path);
Result<std::string> ask_adjtimex(std::string_view argument);
Result<std::string> ask_sockets(std::string_view argument);
Result<std::string> ask_addresses(std::string_view argument);
Result<std::string> ask_affinity(std::string_view argument);
Result<std::string> ask_privileges(std::string_view argument);
Result<std::string> ask_hypervisor(std::string_view argument);
Result<std::string> ask_head(std::string_view path);
Result<std::string> ask_rpm(std::string_view path);
Result<std::string> ask_usage(std::string_view path);
Result<std::string> ask_nftables(std::string_view argument);

}  // namespace plumbline
