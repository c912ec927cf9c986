// SPDX-License-Identifier: Apache-2.0
// How far data has to travel inside a host: from a card to the network and to the disks that feed it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "agent/host.h"

namespace plumbline {

/// Where a PCI function hangs: the bridges above it from the root down, and its NUMA node.
struct PciPlace {
  std::string root;                  // "pci0000:40"
  std::vector<std::string> bridges;  // "0000:40:01.1", "0000:41:00.0", …
  int numa_node = -1;                // -1 where the firmware does not say
};

/// From the target of a link below /sys: "../../../devices/pci0000:40/0000:40:01.1/0000:41:00.0".
PciPlace place_of(std::string_view link_target, int numa_node);

/// "switch" (one PCI switch carries both), "root" (one root complex does), "socket" (the same NUMA node), "across"
/// (another one), or "" where the host does not tell.
std::string_view distance(const PciPlace& one, const PciPlace& other);

/// Sets `nearest_network` and `nearest_nvme` of every accelerator: the distance to the nearest network port that can
/// carry data (RDMA ports where there are any, else physical ones), and to the nearest NVMe drive; "none" where the
/// host has none, absent where it cannot be told.
void add_distances(const Host& host, nlohmann::json& accelerators);

}  // namespace plumbline
