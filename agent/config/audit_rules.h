// SPDX-License-Identifier: Apache-2.0
// Audit rules in files: what is watched and which system calls are recorded.
#pragma once

#include <string>
#include <vector>

#include "agent/config/layered.h"
#include "agent/host.h"

namespace plumbline {

struct AuditRules {
  int count = 0;  // lines that set a watch or a system call rule
  /// "/etc/passwd wa", "/usr/bin/sudo x": paths with the accesses that are recorded, sorted, each once.
  std::vector<std::string> watches;
  /// "init_module", and "openat -EACCES" where only such ends are recorded; those of both widths (b32 and b64), sorted.
  std::vector<std::string> syscalls;
};

/// Of /etc/audit/rules.d, or of audit.rules where the folder holds none: augenrules makes the one from the other.
Result<AuditRules> read_audit_rules(const Host& host);

/// auditd.conf and the plugin that sends events away: "auditd.disk_full_action", "au-remote.type".
void put_auditd_settings(const Host& host, Layered& settings);

}  // namespace plumbline
