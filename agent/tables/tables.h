// SPDX-License-Identifier: Apache-2.0
// The readers behind agent/machine.h, one file each; each reads its table once.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/machine.h"

namespace plumbline {

/// Fails only where /proc cannot be listed; processes that end meanwhile are left out.
Result<std::vector<Process>> read_processes(const Host& host);
/// From the question "sockets", else /proc/net/{tcp,tcp6,udp,udp6}; pids are not set.
Result<std::vector<Socket>> read_sockets(const Host& host);
/// Sets the pids of sockets by the links of /proc/<pid>/fd.
void find_socket_owners(const Host& host, const std::vector<Process>& processes,
                        std::vector<Socket>& sockets);

/// Manager and packages.
struct PackageTable {
  std::string manager = "none";
  Result<std::vector<Package>> packages;
};
PackageTable read_packages(const Host& host);
/// The fields of dpkg's status file; only packages that are installed.
std::vector<Package> parse_dpkg_status(std::string_view text);
std::vector<Package> parse_apk_installed(std::string_view text);
/// The answer to the question "rpm".
std::vector<Package> parse_rpm_lines(std::string_view text);

Result<std::vector<Mount>> read_mounts(const Host& host);
Result<std::vector<User>> read_users(const Host& host);
Result<std::vector<Group>> read_groups(const Host& host);
std::vector<UnitFile> read_units(const Host& host);

BlockLayers read_layers(const Host& host, const Mount& mount);
BlockLayers read_layers_of_device(const Host& host, std::string_view name);
std::string read_disk_class(const Host& host, std::string_view name);

}  // namespace plumbline
