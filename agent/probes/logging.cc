// SPDX-License-Identifier: Apache-2.0
// Audit, journal, shipping of logs to another machine, file integrity.
#include <algorithm>
#include <array>

#include "agent/config/glob.h"
#include "agent/config/ini.h"
#include "agent/machine.h"
#include "agent/probes/all.h"
#include "agent/redact.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxConfigBytes = 1u << 20;

bool runs(Machine& machine, std::initializer_list<std::string_view> names) {
  const auto& processes = machine.processes();
  return processes && std::any_of(processes->begin(), processes->end(), [&](const Process& one) {
           return std::find(names.begin(), names.end(), one.name) != names.end();
         });
}

bool installed(Machine& machine, std::initializer_list<std::string_view> names) {
  return std::any_of(names.begin(), names.end(), [&](auto name) { return machine.package(name) != nullptr; });
}

/// Lines that set a watch or a system call rule: "-w /etc/passwd -p wa", "-a always,exit -F …".
Result<int> audit_rules(const Host& host) {
  int count = 0;
  auto files = glob(host, "/etc/audit/rules.d/*.rules");
  const auto folder = host.list("/etc/audit/rules.d");
  if (!folder && folder.error().kind != ErrorKind::not_found) return tl::unexpected<Error>(folder.error());
  // augenrules makes audit.rules from rules.d, so that both are never added up.
  if (files.empty()) files.push_back("/etc/audit/audit.rules");
  for (const std::string& path : files) {
    const auto text = host.read(path, kMaxConfigBytes);
    if (!text && text.error().kind != ErrorKind::not_found) return tl::unexpected<Error>(text.error());
    if (!text) continue;
    for (const std::string_view line : lines(*text)) {
      const std::string_view body = trim(line);
      if (body.starts_with("-w ") || body.starts_with("-a ") || body.starts_with("-A ")) ++count;
    }
  }
  return count;
}

/// Storage= of journald.conf and its fragments; "auto" keeps the journal where /var/log/journal is.
bool journal_is_persistent(const Host& host) {
  std::string storage = "auto";
  std::vector<std::string> files = {"/usr/lib/systemd/journald.conf", "/etc/systemd/journald.conf"};
  for (const std::string_view pattern :
       {"/usr/lib/systemd/journald.conf.d/*.conf", "/run/systemd/journald.conf.d/*.conf",
        "/etc/systemd/journald.conf.d/*.conf"}) {
    for (auto& file : glob(host, pattern)) files.push_back(std::move(file));
  }
  for (const std::string& file : files) {
    const auto text = host.read(file, kMaxConfigBytes);
    if (!text) continue;
    for (const auto& line : parse_ini(*text))
      if (line.key == "storage" && !line.value.empty()) storage = lower(line.value);
  }
  if (storage == "persistent") return true;
  return storage == "auto" && host.stat("/var/log/journal").has_value();
}

/// Of rsyslog and syslog-ng only whether a line sends to another host: "*.* @@loghost:6514", "omfwd",
/// "network(".
std::string redact_forwarding(std::string_view text) {
  std::string out;
  for (const std::string_view raw : lines(text)) {
    const std::string_view line = trim(raw);
    if (line.empty() || line.starts_with('#')) continue;
    const auto parts = words(line);
    const bool old_form = parts.size() == 2 && parts[1].starts_with('@') && parts[1].size() > 1;
    const bool new_form =
        contains(line, "omfwd") || contains(line, "omrelp") || contains(line, "omelasticsearch");
    const bool syslog_ng =
        line.starts_with("destination") &&
        (contains(line, "network(") || contains(line, "tcp(") || contains(line, "syslog("));
    if (old_form || new_form || syslog_ng) out += "*.* @remote\n";
  }
  return out;
}

Result<bool> forwards(const Host& host, Machine& machine) {
  if (runs(machine, {"filebeat", "fluent-bit", "fluentd", "vector", "promtail", "alloy", "splunkd", "nxlog",
                     "wazuh-agentd", "ossec-agentd", "otelcol", "otelcol-contrib", "google_fluentd",
                     "amazon-cloudwat", "journalbeat", "elastic-agent"}))
    return true;
  if (const UnitFile* unit = machine.unit("systemd-journal-upload.service"); unit != nullptr && unit->enabled)
    return true;
  auto files = glob(host, "/etc/rsyslog.d/*.conf");
  files.push_back("/etc/rsyslog.conf");
  files.push_back("/etc/syslog-ng/syslog-ng.conf");
  for (const std::string& file : files) {
    const auto text = host.read_redacted(file, redact_forwarding, kMaxConfigBytes);
    if (text && !text->empty()) return true;
    if (!text && text.error().kind != ErrorKind::not_found) return tl::unexpected<Error>(text.error());
  }
  return false;
}

std::string file_integrity(const Host& host, Machine& machine) {
  if (runs(machine, {"wazuh-syscheckd", "ossec-syscheckd", "wazuh-agentd"})) return "wazuh";
  if (runs(machine, {"osqueryd"})) return "osquery";
  if (runs(machine, {"falco"})) return "falco";
  if (installed(machine, {"aide", "aide-common"}) || host.stat("/etc/aide/aide.conf") ||
      host.stat("/etc/aide.conf"))
    return "aide";
  if (installed(machine, {"tripwire"})) return "tripwire";
  if (installed(machine, {"osquery"})) return "osquery";
  return "none";
}

}  // namespace

Result<void> probe_logging(const Host& host, Machine& machine, Facts& facts) {
  if (machine.processes())
    facts.set("logging.auditd_running", runs(machine, {"auditd"}));
  else
    facts.missing("logging.auditd_running", machine.processes().error());
  facts.set("logging.audit_rules", audit_rules(host));
  facts.set("logging.journal_persistent", journal_is_persistent(host));
  facts.set("logging.remote", forwards(host, machine));
  facts.set("logging.file_integrity", file_integrity(host, machine));
  return {};
}

}  // namespace plumbline
