// SPDX-License-Identifier: Apache-2.0
// Audit, journal, shipping of logs to another machine, file integrity.
#include <algorithm>
#include <array>

#include "agent/config/audit_rules.h"
#include "agent/config/layered.h"
#include "agent/config/rsyslog.h"
#include "agent/machine.h"
#include "agent/probes/all.h"
#include "agent/services.h"
#include "base/text.h"

namespace plumbline {
namespace {

bool runs(Machine& machine, std::initializer_list<std::string_view> names) {
  const auto& processes = machine.processes();
  return processes && std::any_of(processes->begin(), processes->end(), [&](const Process& one) {
           return std::find(names.begin(), names.end(), one.name) != names.end();
         });
}

bool installed(Machine& machine, std::initializer_list<std::string_view> names) {
  return std::any_of(names.begin(), names.end(), [&](auto name) { return machine.package(name) != nullptr; });
}

/// Storage= of journald.conf and its fragments; "auto" keeps the journal where /var/log/journal is.
Result<bool> journal_is_persistent(const Host& host, const Layered& settings) {
  if (settings.unread) return tl::unexpected<Error>(*settings.unread);
  const std::string_view storage = settings.get("journald.storage");
  if (storage == "persistent") return true;
  if (!storage.empty() && storage != "auto") return false;
  const auto folder = host.stat("/var/log/journal");
  if (!folder && folder.error().kind != ErrorKind::not_found) return tl::unexpected<Error>(folder.error());
  return folder.has_value();
}

void write_auditd(Machine& machine, Facts& facts) {
  const auto& processes = machine.processes();
  const bool running = runs(machine, {"auditd"});
  const auto unseen = unseen_processes(machine);
  if (!processes)
    facts.missing("logging.auditd_running", processes.error());
  else if (!running && unseen)
    facts.missing("logging.auditd_running", *unseen);
  else
    facts.set("logging.auditd_running", running);
}

void write_settings(const Layered& settings, Facts& facts) {
  if (settings.unread) {
    for (const std::string_view fact : {"logging.settings", "logging.conflicts"}) facts.missing(fact, *settings.unread);
    return;
  }
  facts.set("logging.settings", settings.values);
  facts.set("logging.conflicts", settings.conflicts);
}

bool ships_logs(Machine& machine) {
  if (runs(machine, {"filebeat", "fluent-bit", "fluentd", "vector", "promtail", "alloy", "splunkd", "nxlog",
                     "wazuh-agentd", "ossec-agentd", "otelcol", "otelcol-contrib", "google_fluentd",
                     "amazon-cloudwat", "journalbeat", "elastic-agent"}))
    return true;
  const UnitFile* unit = machine.unit("systemd-journal-upload.service");
  return unit != nullptr && unit->enabled;
}

void write_forwards(const Result<Rsyslog>& rsyslog, Machine& machine, Facts& facts) {
  const bool ships = ships_logs(machine);
  if (!rsyslog) {
    facts.missing("logging.forwards", rsyslog.error());
    if (ships)
      facts.set("logging.remote", true);
    else
      facts.missing("logging.remote", rsyslog.error());
    return;
  }
  nlohmann::json forwards = nlohmann::json::array();
  for (const LogForward& one : rsyslog->forwards)
    forwards.push_back({{"protocol", one.protocol}, {"tls", one.tls}, {"auth_mode", one.auth_mode}, {"peer", one.peer}});
  const auto unseen = ships || !forwards.empty() ? std::nullopt : unseen_processes(machine);
  if (unseen)
    facts.missing("logging.remote", *unseen);
  else
    facts.set("logging.remote", ships || !forwards.empty());
  facts.set("logging.forwards", std::move(forwards));
}

void write_audit(const Result<AuditRules>& rules, Facts& facts) {
  if (!rules) {
    for (const std::string_view fact : {"logging.audit_rules", "logging.audit_watches", "logging.audit_syscalls"})
      facts.missing(fact, rules.error());
    return;
  }
  facts.set("logging.audit_rules", rules->count);
  facts.set("logging.audit_watches", rules->watches);
  facts.set("logging.audit_syscalls", rules->syscalls);
}

Result<std::string> file_integrity(const Host& host, Machine& machine) {
  if (runs(machine, {"wazuh-syscheckd", "ossec-syscheckd", "wazuh-agentd"})) return "wazuh";
  if (runs(machine, {"osqueryd"})) return "osquery";
  if (runs(machine, {"falco"})) return "falco";
  if (installed(machine, {"aide", "aide-common"}) || host.stat("/etc/aide/aide.conf") ||
      host.stat("/etc/aide.conf"))
    return "aide";
  if (installed(machine, {"tripwire"})) return "tripwire";
  if (installed(machine, {"osquery"})) return "osquery";
  if (const auto unseen = unseen_processes(machine)) return tl::unexpected<Error>(*unseen);
  const auto& packages = machine.packages();
  if (!packages && packages.error().kind != ErrorKind::not_found) return tl::unexpected<Error>(packages.error());
  return "none";
}

}  // namespace

Result<void> probe_logging(const Host& host, Machine& machine, Facts& facts) {
  write_auditd(machine, facts);
  Layered settings;
  read_systemd_settings(host, "journald.conf",
                        {"storage", "compress", "forwardtosyslog", "systemmaxuse", "systemkeepfree", "runtimemaxuse",
                         "runtimekeepfree", "maxfilesec", "maxretentionsec", "seal", "audit"},
                        "journald.", settings);
  facts.set("logging.journal_persistent", journal_is_persistent(host, settings));
  put_auditd_settings(host, settings);
  const auto rsyslog = read_rsyslog(host);
  if (!rsyslog) settings.note(rsyslog.error());
  for (const auto& [name, value] : rsyslog ? rsyslog->directives.values : Layered().values) settings.put(name, value);
  if (rsyslog) settings.conflicts.insert(rsyslog->directives.conflicts.begin(), rsyslog->directives.conflicts.end());
  write_settings(settings, facts);
  write_forwards(rsyslog, machine, facts);
  write_audit(read_audit_rules(host), facts);
  facts.set("logging.file_integrity", file_integrity(host, machine));
  return {};
}

}  // namespace plumbline
