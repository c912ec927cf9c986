// SPDX-License-Identifier: Apache-2.0
// The list of probes: a row here and a file in probes/ are all that a probe needs.
#include "agent/probe.h"
#include "agent/probes/all.h"
#include "agent/probes/hardware.h"

namespace plumbline {

const std::vector<Probe>& probes() {
  static const std::vector<Probe> rows = {
      {"host", "who this machine is: name, maker, virtual or real, cloud, uptime", probe_host},
      {"os", "distribution, version, kernel, first process", probe_os},
      {"cpu", "model, sockets, cores, instruction sets, caches, weaknesses", probe_cpu},
      {"memory", "size, NUMA nodes, swap, large pages, error correction", probe_memory},
      {"accelerators", "GPUs and other processors for AI, their drivers and health", probe_accelerators},
      {"storage", "disks, file systems and what is free, RAID, encryption", probe_storage},
      {"network", "interfaces, speed, RDMA ports, default route", probe_network},
  };
  return rows;
}

}  // namespace plumbline
