// SPDX-License-Identifier: Apache-2.0
// Whether this agent runs inside a container, and which facts nobody can know from there.
#pragma once

#include <string>
#include <string_view>

#include "agent/host.h"
#include "facts/scan.h"

namespace plumbline {

struct Machine;

/// What holds this agent: "docker", "podman", "kubernetes", "lxc", "systemd-nspawn", "openvz", "wsl", "other" …; "none" where
/// process 1 could be looked at and shows nothing, "" where it could not. Marks and their order are systemd-detect-virt's, and
/// what engines mount into their containers.
std::string container_of(const Host& host);

/// Takes out of one probe's section what says something of the container where the fact is about its host: "no audit daemon
/// runs", "no restart is pending". It becomes missing, with the reason. Outside a container nothing changes. What stays is
/// what a container truly has or sees; docs/containers.md tells it section by section.
void hide_what_containers_hide(const Host& host, Machine& machine, std::string_view section_name, Section& section);

}  // namespace plumbline
