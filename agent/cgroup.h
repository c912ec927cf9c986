// SPDX-License-Identifier: Apache-2.0
// What cgroups leave of the machine for everybody on this host: the limits that process 1 lives under. On a
// server there are none; in a container they are the container's. Limits of the agent's own service are not
// the host's.
#pragma once

#include <cstdint>
#include <optional>

#include "agent/host.h"

namespace plumbline {

/// Least CPU quota from the group of process 1 up to the root, in CPUs; nothing where none is set. Fails
/// where neither /proc/1/cgroup nor /proc/self/cgroup tells which group it is, and where a limit is there
/// that cannot be read.
Result<std::optional<double>> cgroup_cpu_limit(const Host& host);
/// Least memory limit, in bytes, in the same way. Beyond memory.high the kernel slows a group down and takes
/// its memory back, so that is a limit, too.
Result<std::optional<std::uint64_t>> cgroup_memory_limit(const Host& host);

}  // namespace plumbline
