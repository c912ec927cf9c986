// SPDX-License-Identifier: Apache-2.0
// Signs of backups: tools, schedules, and the newest trace of one that finished.
#include <algorithm>
#include <array>
#include <set>

#include "agent/backup_targets.h"
#include "agent/config/glob.h"
#include "agent/config/shell_words.h"
#include "agent/machine.h"
#include "agent/probes/all.h"
#include "agent/redact.h"
#include "agent/services.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxConfigBytes = 1u << 20;
constexpr std::size_t kMaxTraces = 500;
constexpr double kSecondsPerHour = 3600;

struct Tool {
  std::string_view name;
  std::string_view command;  // as a schedule calls it
  std::string_view package;  // start of the package's name
  std::string_view path;     // configuration or program
  std::string_view trace;    // pattern of what a finished run leaves
};
constexpr std::array<Tool, 19> kTools = {{
    {"restic", "restic", "restic", "/etc/restic", "/var/log/restic*"},
    {"borg", "borg", "borgbackup", "/usr/bin/borg", "/var/log/borg*"},
    {"borgmatic", "borgmatic", "borgmatic", "/etc/borgmatic", "/var/log/borgmatic*"},
    {"pgbackrest", "pgbackrest", "pgbackrest", "/etc/pgbackrest.conf",
     "/var/lib/pgbackrest/backup/*/backup.info"},
    {"barman", "barman", "barman", "/etc/barman.conf", "/var/lib/barman/*/base/*"},
    {"wal-g", "wal-g", "wal-g", "/usr/local/bin/wal-g", ""},
    {"bacula", "bacula", "bacula-", "/etc/bacula", "/var/lib/bacula/*.state"},
    {"bareos", "bareos", "bareos-", "/etc/bareos", ""},
    {"veeam", "veeamconfig", "veeam", "/etc/veeam", "/var/log/veeam/Backup/*"},
    {"duplicity", "duplicity", "duplicity", "/usr/bin/duplicity", ""},
    {"rsnapshot", "rsnapshot", "rsnapshot", "/etc/rsnapshot.conf", "/var/log/rsnapshot*"},
    {"amanda", "amdump", "amanda-", "/etc/amanda", ""},
    {"urbackup", "urbackup", "urbackup", "/usr/local/sbin/urbackupclientbackend", ""},
    {"proxmox-backup", "proxmox-backup-client", "proxmox-backup", "", ""},
    {"velero", "velero", "velero", "", ""},
    {"pg_dump", "pg_dump", "", "", "/var/backups/*.sql*"},
    {"mysqldump", "mysqldump", "", "", "/var/lib/automysqlbackup/*/*/*"},
    {"mariabackup", "mariabackup", "mariadb-backup", "", ""},
    {"kopia", "kopia", "kopia", "/usr/bin/kopia", ""},
}};

/// Of a crontab or a unit only which tools it calls, one name a line.
std::string redact_schedule(std::string_view text) {
  std::string out;
  for (const std::string_view raw : lines(text)) {
    const std::string_view line = trim(raw);
    if (line.empty() || line.front() == '#') continue;
    for (const std::string& word : shell_words(line)) {
      std::string_view name = base_name(word);
      for (const std::string_view start : {"ExecStart=", "-", "@", "&&", "|", ";", "("})
        if (name.starts_with(start)) name.remove_prefix(start.size());
      name = base_name(name);
      while (!name.empty() && (name.back() == ';' || name.back() == ')')) name.remove_suffix(1);
      const bool known = name == "pg_dumpall" || name == "pg_basebackup" || name == "mariadb-dump" ||
                         name == "mongodump" || contains(name, "backup") ||
                         std::any_of(kTools.begin(), kTools.end(),
                                     [name](const Tool& tool) { return tool.command == name; });
      if (!known) continue;
      const bool plain =
          name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") ==
              std::string_view::npos &&
          !contains(name, kRedacted);
      out.append(plain && name.size() < 64 ? name : std::string_view("backup")).append("\n");
      break;
    }
  }
  return out;
}

std::string_view tool_of(std::string_view command) {
  if (command == "pg_dumpall" || command == "pg_basebackup") return "pg_dump";
  if (command == "mariadb-dump") return "mysqldump";
  const auto found = std::find_if(kTools.begin(), kTools.end(),
                                  [command](const Tool& tool) { return tool.command == command; });
  return found == kTools.end() ? std::string_view() : found->name;
}

struct Schedules {
  bool any = false;
  std::set<std::string> tools;
  std::optional<Error> unread;
  std::optional<Error> unseen_timers;
};

void add(const Host& host, const std::string& path, Schedules& found) {
  const auto text = host.read_redacted(path, redact_schedule, kMaxConfigBytes);
  if (!text) {
    if (text.error().kind == ErrorKind::permission_denied) found.unread = text.error();
    return;
  }
  for (const std::string_view command : lines(*text)) {
    found.any = true;
    if (const auto tool = tool_of(command); !tool.empty()) found.tools.insert(std::string(tool));
  }
}

Schedules read_schedules(const Host& host, Machine& machine) {
  Schedules found;
  std::vector<std::string> files = {"/etc/crontab"};
  for (const std::string_view folder : {"/etc/cron.d", "/etc/cron.hourly", "/etc/cron.daily",
                                        "/etc/cron.weekly", "/var/spool/cron/crontabs", "/var/spool/cron"}) {
    const auto entries = host.list(folder);
    if (!entries && entries.error().kind == ErrorKind::permission_denied) found.unread = entries.error();
    if (!entries) continue;
    for (const auto& entry : *entries) {
      // The system's own copies of its package lists are no backup of data.
      const bool own = entry.name == "dpkg" || entry.name == "passwd" || entry.name == "man-db" ||
                       entry.name == "apt-compat";
      if (entry.type != FileType::folder && !own && !entry.name.starts_with('.'))
        files.push_back(std::string(folder) + "/" + entry.name);
    }
  }
  for (const std::string& file : files) add(host, file, found);
  for (const UnitFile& unit : machine.units()) {
    if (!unit.name.ends_with(".timer") || !unit.enabled) continue;
    if (unit.name.starts_with("dpkg-db-backup")) continue;
    const std::string service = unit.name.substr(0, unit.name.size() - 6) + ".service";
    if (contains(unit.name, "backup") ||
        !tool_of(unit.name.substr(0, unit.name.find_first_of(".-@"))).empty())
      found.any = true;
    if (const UnitFile* file = machine.unit(service)) add(host, file->path, found);
  }
  found.unseen_timers = unseen_timers(host);
  if (found.unseen_timers) found.unread = found.unseen_timers;
  return found;
}

bool is_installed(const Host& host, Machine& machine, const Tool& tool) {
  if (!tool.path.empty() && host.stat(tool.path)) return true;
  const auto& packages = machine.packages();
  if (!packages || tool.package.empty()) return false;
  const auto from =
      std::lower_bound(packages->begin(), packages->end(), tool.package,
                       [](const Package& one, std::string_view name) { return one.name < name; });
  return from != packages->end() && (from->name == tool.package ||
                                     (tool.package.ends_with('-') && from->name.starts_with(tool.package)) ||
                                     from->name.starts_with(std::string(tool.package) + "-"));
}

}  // namespace

Result<void> probe_backup(const Host& host, Machine& machine, Facts& facts) {
  const Schedules schedules = read_schedules(host, machine);
  std::set<std::string> tools = schedules.tools;
  std::int64_t newest = 0;
  for (const Tool& tool : kTools) {
    if (is_installed(host, machine, tool)) tools.insert(std::string(tool.name));
    if (tools.count(std::string(tool.name)) == 0 || tool.trace.empty()) continue;
    std::size_t seen = 0;
    for (const std::string& path : glob(host, tool.trace)) {
      if (++seen > kMaxTraces) break;
      if (const auto stat = host.stat(path)) newest = std::max(newest, stat->modified);
    }
  }
  for (const UnitFile& unit : machine.units()) {  // systemd notes when a timer last ran its service
    if (!unit.name.ends_with(".timer") || !unit.enabled || unit.name.starts_with("dpkg-db-backup")) continue;
    if (!contains(unit.name, "backup") &&
        tool_of(unit.name.substr(0, unit.name.find_first_of(".-@"))).empty())
      continue;
    if (const auto stat = host.stat("/var/lib/systemd/timers/stamp-" + unit.name))
      newest = std::max(newest, stat->modified);
  }
  facts.set("backup.tools", nlohmann::json(tools));
  if (schedules.any || !schedules.unread)
    facts.set("backup.scheduled", schedules.any);
  else
    facts.missing("backup.scheduled", *schedules.unread);
  const auto elsewhere = backup_goes_elsewhere(host, machine);
  if (!elsewhere) facts.missing("backup.off_host", elsewhere.error());
  else if (*elsewhere) facts.set("backup.off_host", **elsewhere);
  const std::int64_t now = machine.now();
  if (newest == 0 && schedules.unseen_timers) facts.missing("backup.last_success_hours", *schedules.unseen_timers);
  if (newest > 0 && now > 0)
    facts.set("backup.last_success_hours",
              static_cast<double>(std::max<std::int64_t>(0, now - newest)) / kSecondsPerHour);
  return {};
}

}  // namespace plumbline
