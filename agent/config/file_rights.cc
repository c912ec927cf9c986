// SPDX-License-Identifier: Apache-2.0
// The list of places and the rights their kind needs. Thresholds are those of the CIS benchmarks for Ubuntu 24.04 and
// RHEL 9 (sections on cron, sshd, system file permissions, logging, audit), as far as these agree; judgement else.
#include "agent/config/file_rights.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include "agent/config/glob.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxLoose = 64;
constexpr std::size_t kMaxLookedAt = 400;

struct Place {
  std::string_view path;  // may be a pattern
  unsigned most;          // permission bits that may be set
  bool root_owned = true;
};

constexpr std::array<Place, 84> kPlaces = {{
    {"/etc/passwd", 0644},
    {"/etc/passwd-", 0644},
    {"/etc/group", 0644},
    {"/etc/group-", 0644},
    {"/etc/shadow", 0640},
    {"/etc/shadow-", 0640},
    {"/etc/gshadow", 0640},
    {"/etc/gshadow-", 0640},
    {"/etc/shells", 0644},
    {"/etc/login.defs", 0644},
    {"/etc/security/opasswd", 0600},
    {"/etc/security/opasswd.old", 0600},
    {"/etc/sudoers", 0440},
    {"/etc/sudoers.d", 0750},
    {"/etc/motd", 0644},
    {"/etc/issue", 0644},
    {"/etc/issue.net", 0644},
    {"/etc/hosts.allow", 0644},
    {"/etc/hosts.deny", 0644},
    {"/etc/crontab", 0600},
    {"/etc/cron.d", 0700},
    {"/etc/cron.hourly", 0700},
    {"/etc/cron.daily", 0700},
    {"/etc/cron.weekly", 0700},
    {"/etc/cron.monthly", 0700},
    {"/etc/cron.yearly", 0700},
    {"/etc/cron.allow", 0640},
    {"/etc/cron.deny", 0640},
    {"/etc/at.allow", 0640},
    {"/etc/at.deny", 0640},
    {"/etc/ssh/sshd_config", 0600},
    {"/etc/ssh/sshd_config.d", 0755},
    {"/etc/ssh/sshd_config.d/*", 0600},
    {"/etc/ssh/*.pub", 0644},
    {"/etc/ssh/ssh_host_*_key", 0640},
    {"/etc/sysconfig/sshd", 0640},
    {"/etc/sysctl.conf", 0644},
    {"/etc/sysctl.d", 0755},
    {"/etc/modprobe.d", 0755},
    {"/etc/nftables", 0700},
    {"/etc/nftables.conf", 0755},
    {"/etc/iptables", 0755},
    {"/etc/ipsec.conf", 0644},
    {"/etc/ipsec.secrets", 0644},
    {"/etc/ipsec.d", 0700},
    {"/etc/crypttab", 0600},
    {"/etc/chrony.keys", 0640},
    {"/etc/chrony/chrony.keys", 0640},
    {"/etc/krb5.keytab", 0600},
    {"/etc/selinux", 0755},
    {"/etc/sestatus.conf", 0644},
    {"/etc/audit", 0750},
    {"/etc/audit/auditd.conf", 0640},
    {"/etc/audit/audit.rules", 0640},
    {"/etc/audit/rules.d", 0750},
    {"/etc/audit/rules.d/*.rules", 0640},
    {"/boot/grub/grub.cfg", 0600},
    {"/boot/grub2/*", 0700},
    {"/boot/grub2/grub.cfg", 0600},
    {"/boot/grub2/user.cfg", 0600},
    {"/boot/efi/EFI/*/grub.cfg", 0700},
    {"/boot/efi/EFI/*/user.cfg", 0700},
    {"/boot/System.map*", 0600},
    {"/root", 0750},
    {"/var/log", 0755, false},
    {"/var/log/audit", 0750, false},
    {"/var/log/audit/audit.log*", 0640, false},
    {"/var/log/messages*", 0600, false},
    {"/var/log/secure*", 0640, false},
    {"/var/log/syslog", 0640, false},
    {"/var/log/auth.log*", 0640, false},
    {"/var/log/localmessages*", 0644, false},
    {"/var/log/lastlog*", 0664, false},
    {"/var/log/wtmp*", 0664, false},
    {"/var/log/btmp*", 0664, false},
    {"/var/log/cloud-init*.log*", 0644, false},
    {"/var/log/waagent.log*", 0644, false},
    {"/var/log/gdm/*", 0660, false},
    {"/var/log/sssd/*", 0660, false},
    {"/var/log/journal", 02755, false},
    {"/usr/bin/journalctl", 0755},
    {"/usr/sbin/auditctl", 0755},
    {"/usr/sbin/auditd", 0755},
    {"/usr/sbin/ausearch", 0755},
}};

std::string octal(unsigned mode) {
  std::string out;
  for (int shift = 9; shift >= 0; shift -= 3) out += static_cast<char>('0' + ((mode >> shift) & 7u));
  return out;
}

/// Groups of the system that logs and keys are given to on purpose.
std::set<unsigned> known_groups(Machine& machine) {
  std::set<unsigned> ids = {0};
  if (const auto& groups = machine.groups()) {
    for (const auto& group : *groups) {
      for (const std::string_view name : {"shadow", "adm", "syslog", "utmp", "systemd-journal", "ssh_keys", "chrony", "_chrony", "root", "crontab", "landscape", "gdm", "sssd", "audit", "daemon"})
        if (group.name == name) ids.insert(group.gid);
    }
  }
  return ids;
}

/// Of logs the service's own account is as good as root; nobody's is not.
bool is_system_account(Machine& machine, unsigned uid) {
  return uid < 1000 && machine.user(uid) != nullptr;
}

/// As glob(), but folders whose names are looked through more than once are listed once.
class Finder {
 public:
  explicit Finder(const Host& host) : host_(host) {}

  std::vector<std::string> find(std::string_view pattern) {
    const std::size_t slash = pattern.rfind('/');
    const std::string folder(pattern.substr(0, slash));
    const std::string name(pattern.substr(slash + 1));
    if (name.find('*') == std::string::npos) return glob(host_, pattern);
    if (folder.find('*') != std::string::npos) return glob(host_, pattern);
    std::vector<std::string> paths;
    for (const auto& entry : list(folder)) {
      if (fnmatch(name.c_str(), entry.c_str(), FNM_PERIOD) == 0) paths.push_back(folder + "/" + entry);
    }
    return paths;
  }

  const std::optional<Error>& unread() const { return unread_; }

 private:
  const std::vector<std::string>& list(const std::string& folder) {
    const auto known = names_.find(folder);
    if (known != names_.end()) return known->second;
    auto& names = names_[folder];
    const auto entries = host_.list(folder);
    if (!entries && entries.error().kind != ErrorKind::not_found) unread_ = entries.error();
    if (entries) {
      for (const auto& entry : *entries) names.push_back(entry.name);
    }
    return names;
  }

  const Host& host_;
  std::map<std::string, std::vector<std::string>> names_;
  std::optional<Error> unread_;
};

}  // namespace

LooseFiles loose_files(const Host& host, Machine& machine) {
  LooseFiles loose;
  const auto groups = known_groups(machine);
  const bool groups_known = machine.groups().has_value();
  Finder finder(host);
  std::size_t looked_at = 0;
  for (const Place& place : kPlaces) {
    for (const std::string& path : finder.find(place.path)) {
      if (++looked_at > kMaxLookedAt || loose.found.size() >= kMaxLoose) return loose;
      const auto stat = host.stat(path);
      if (!stat && stat.error().kind != ErrorKind::not_found && !loose.unread) loose.unread = stat.error();
      if (!stat) continue;
      const bool open = (stat->mode & ~place.most & 0777u) != 0;
      const bool other_owner = stat->uid != 0 && (place.root_owned || !is_system_account(machine, stat->uid));
      const bool other_group = groups_known && groups.count(stat->gid) == 0 && (stat->mode & 0070u) != 0;
      if (!open && !other_owner && !other_group) continue;
      loose.found[path] = octal(stat->mode & 07777u);
      if (other_owner || other_group) loose.found[path] += " " + std::to_string(stat->uid) + ":" + std::to_string(stat->gid);
    }
  }
  if (!loose.unread) loose.unread = finder.unread();
  return loose;
}

}  // namespace plumbline
