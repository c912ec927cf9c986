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
      {"listeners", "listening sockets, who owns them, who can reach them", probe_listeners},
      {"data_stores", "databases, caches, queues, object, search and vector stores", probe_data_stores},
      {"ai", "model servers, notebooks, agents, frameworks and model files", probe_ai},
      {"containers", "container engines, GPU runtime, privileged containers, Kubernetes", probe_containers},
      {"packages", "package manager, counts, versions that rules need", probe_packages},
      {"ssh", "effective settings of the OpenSSH server", probe_ssh},
      {"accounts", "local accounts, password state, sudo, rights of their files", probe_accounts},
      {"kernel", "kernel settings, lockdown, taint, modules", probe_kernel},
      {"firewall", "host firewall", probe_firewall},
      {"mac", "SELinux or AppArmor", probe_mac},
      {"patching", "pending restart, newest kernel, age of updates", probe_patching},
      {"boot", "firmware, Secure Boot, TPM", probe_boot},
      {"time", "clock and who keeps it", probe_time},
      {"logging", "audit, journal, remote logs, file integrity", probe_logging},
      {"backup", "backup tools, schedules and their newest trace", probe_backup},
      {"certificates", "server certificates: ends, keys, rights", probe_certificates},
      {"secrets", "secrets that lie open, counted only", probe_secrets},
      {"roles", "what this host does", probe_roles},
  };
  return rows;
}

}  // namespace plumbline
