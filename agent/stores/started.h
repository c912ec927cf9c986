// SPDX-License-Identifier: Apache-2.0
// How a systemd unit starts its program, where a process does not tell or does not run.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/machine.h"

namespace plumbline {

struct UnitCommand {
  std::vector<std::string> words;                  // of the last ExecStart, without "-" and "@" before it
  std::map<std::string, std::string> environment;  // names, and values that hold no secret
  std::string user, working_folder;
};

/// Of "redis-server@cache.service" its own file or that of "redis-server@.service", with "%i" replaced, then
/// drop-ins in /etc; environment files as they are named. Empty where there is no such unit.
UnitCommand unit_command(const Host& host, Machine& machine, std::string_view name);

/// Names of services that are to start with the machine or that somebody wrote for it: enabled instances of
/// templates ("redis-server@cache.service"), and files that are enabled or lie in /etc; no aliases. Only names
/// that `may_be` says yes to.
std::vector<std::string> wanted_services(const Host& host, Machine& machine, bool (*may_be)(std::string_view));

}  // namespace plumbline
