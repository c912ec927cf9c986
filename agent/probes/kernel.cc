// SPDX-License-Identifier: Apache-2.0
// Kernel settings that rules read, running and configured; lockdown, taint, modules, mitigations, core dumps.
#include <algorithm>
#include <array>

#include "agent/config/layered.h"
#include "agent/config/modprobe.h"
#include "agent/config/sysctl.h"
#include "agent/probes/all.h"
#include "agent/read.h"
#include "base/text.h"

namespace plumbline {
namespace {

/// "BOOT_IMAGE=… rd.iscsi.password=… mitigations=off": only what is judged, for some words are secrets.
std::string keep_mitigations(std::string_view text) {
  std::string kept;
  for (const std::string_view word : words(text)) {
    if (word.starts_with("mitigations=")) kept.append(word).append(" ");
  }
  return kept;
}

/// Only these are read: the whole tree would be half the cost of a scan.
constexpr std::array kSettings = {std::string_view("kernel.randomize_va_space"),
                                  std::string_view("kernel.yama.ptrace_scope"),
                                  std::string_view("kernel.kptr_restrict"),
                                  std::string_view("kernel.dmesg_restrict"),
                                  std::string_view("kernel.unprivileged_bpf_disabled"),
                                  std::string_view("kernel.perf_event_paranoid"),
                                  std::string_view("kernel.sysrq"),
                                  std::string_view("kernel.kexec_load_disabled"),
                                  std::string_view("kernel.numa_balancing"),
                                  std::string_view("kernel.apparmor_restrict_unprivileged_userns"),
                                  std::string_view("kernel.unprivileged_userns_clone"),
                                  std::string_view("kernel.pid_max"),
                                  std::string_view("user.max_user_namespaces"),
                                  std::string_view("fs.suid_dumpable"),
                                  std::string_view("fs.protected_hardlinks"),
                                  std::string_view("fs.protected_symlinks"),
                                  std::string_view("fs.protected_fifos"),
                                  std::string_view("fs.protected_regular"),
                                  std::string_view("fs.file-max"),
                                  std::string_view("fs.aio-max-nr"),
                                  std::string_view("fs.inotify.max_user_watches"),
                                  std::string_view("vm.swappiness"),
                                  std::string_view("vm.overcommit_memory"),
                                  std::string_view("vm.max_map_count"),
                                  std::string_view("vm.dirty_ratio"),
                                  std::string_view("vm.mmap_min_addr"),
                                  std::string_view("vm.nr_hugepages"),
                                  std::string_view("vm.zone_reclaim_mode"),
                                  std::string_view("net.core.somaxconn"),
                                  std::string_view("net.core.rmem_max"),
                                  std::string_view("net.core.wmem_max"),
                                  std::string_view("net.core.bpf_jit_harden"),
                                  std::string_view("net.ipv4.ip_forward"),
                                  std::string_view("net.ipv4.tcp_syncookies"),
                                  std::string_view("net.ipv4.tcp_congestion_control"),
                                  std::string_view("net.ipv4.icmp_echo_ignore_broadcasts"),
                                  std::string_view("net.ipv4.icmp_ignore_bogus_error_responses"),
                                  std::string_view("net.ipv4.conf.all.accept_redirects"),
                                  std::string_view("net.ipv4.conf.default.accept_redirects"),
                                  std::string_view("net.ipv4.conf.all.secure_redirects"),
                                  std::string_view("net.ipv4.conf.all.send_redirects"),
                                  std::string_view("net.ipv4.conf.default.send_redirects"),
                                  std::string_view("net.ipv4.conf.all.accept_source_route"),
                                  std::string_view("net.ipv4.conf.default.accept_source_route"),
                                  std::string_view("net.ipv4.conf.all.rp_filter"),
                                  std::string_view("net.ipv4.conf.default.rp_filter"),
                                  std::string_view("net.ipv4.conf.all.log_martians"),
                                  std::string_view("net.ipv6.conf.all.forwarding"),
                                  std::string_view("net.ipv6.conf.all.accept_redirects"),
                                  std::string_view("net.ipv6.conf.default.accept_redirects"),
                                  std::string_view("net.ipv6.conf.all.accept_source_route"),
                                  std::string_view("net.ipv6.conf.all.accept_ra"),
                                  std::string_view("net.ipv6.conf.all.disable_ipv6")};

std::string path_of(std::string_view name) {
  std::string path = "/proc/sys/" + std::string(name);
  // "net.ipv4.conf.eth0/100.rp_filter" is of the interface eth0.100
  std::transform(path.begin() + 10, path.end(), path.begin() + 10,
                 [](char c) { return c == '.' ? '/' : c == '/' ? '.' : c; });
  return path;
}

/// Settings of files beyond those above are read where they run, too; a host that sets hundreds is cut short.
constexpr std::size_t kMaxExtraSettings = 100;

/// `unread`: why a file could not be read that may name more of them.
void write_running(const Host& host, const std::vector<std::string>& names, std::optional<Error> unread, Facts& facts) {
  nlohmann::json running = nlohmann::json::object();
  for (const std::string& name : names) {
    const auto text = host.read(path_of(name), 4096);
    if (text)
      running[name] = to_utf8(trim(*text));
    else if (text.error().kind != ErrorKind::not_found)
      unread = text.error();
  }
  if (unread) facts.missing("kernel.sysctl", *unread);
  if (!unread || !running.empty()) facts.set("kernel.sysctl", std::move(running));
}

void write_settings(const Host& host, Facts& facts) {
  const SysctlFiles files = read_sysctl_files(host);
  std::vector<std::string> names(kSettings.begin(), kSettings.end());
  nlohmann::json configured = nlohmann::json::object();
  for (const std::string_view name : kSettings) {
    if (const std::string* value = files.find(name)) configured[std::string(name)] = to_utf8(*value);
  }
  for (const auto& [name, value] : files.values) {
    if (configured.contains(name) || names.size() >= kSettings.size() + kMaxExtraSettings) continue;
    const std::string shown = to_utf8(name);
    if (shown != name || name.find("..") != std::string::npos) continue;
    configured[name] = to_utf8(value.substr(0, kMaxSettingBytes));
    names.push_back(name);
  }
  if (files.unread) facts.missing("kernel.sysctl_configured", *files.unread);
  facts.set("kernel.sysctl_configured", std::move(configured));
  facts.set("kernel.sysctl_conflicts", files.conflicts);
  write_running(host, names, files.unread, facts);
  const auto link = host.read_link("/etc/sysctl.d/99-sysctl.conf");
  if (!link && link.error().kind == ErrorKind::permission_denied) return facts.missing("kernel.sysctl_conf_linked", link.error());
  facts.set("kernel.sysctl_conf_linked",
            link.has_value() && (*link == "/etc/sysctl.conf" || *link == "../sysctl.conf"));
}

/// What becomes of crashed programs' memory: systemd keeps it ("external") unless told otherwise.
void write_kept_dumps(const Host& host, Facts& facts) {
  Layered settings;
  read_systemd_settings(host, "coredump.conf", {"storage", "processsizemax"}, "", settings);
  facts.set("kernel.coredump_settings", settings.values);
  facts.set("kernel.coredump_conflicts", settings.conflicts);
  facts.set("kernel.modules_blocked", blocked_modules(host));
}

/// A handler ("|/usr/lib/systemd/systemd-coredump …") keeps dumps for root; a plain name puts them beside the
/// program.
void write_core_dumps(const Host& host, Facts& facts) {
  constexpr const char* kPath = "kernel.core_dumps_restricted";
  const auto dumpable = read_u64(host, "/proc/sys/fs/suid_dumpable");
  if (!dumpable) return facts.missing(kPath, dumpable.error());
  const auto pattern = read_text(host, "/proc/sys/kernel/core_pattern");
  if (*dumpable != 0 && !pattern) return facts.missing(kPath, pattern.error());
  facts.set(kPath, *dumpable == 0 || pattern->starts_with('|'));
}

}  // namespace

Result<void> probe_kernel(const Host& host, Machine&, Facts& facts) {
  write_settings(host, facts);
  write_core_dumps(host, facts);
  write_kept_dumps(host, facts);
  if (const auto text =
          host.read("/sys/kernel/security/lockdown", 256)) {  // "none [integrity] confidentiality"
    const std::size_t open = text->find('[');
    const std::size_t close = text->find(']');
    if (open != std::string::npos && close != std::string::npos && close > open)
      facts.set("kernel.lockdown", text->substr(open + 1, close - open - 1));
  } else if (text.error().kind == ErrorKind::not_found) {
    facts.set("kernel.lockdown", "none");
  } else {
    facts.missing("kernel.lockdown", text.error());
  }
  if (const auto text = host.read("/proc/sys/kernel/tainted", 64)) {
    if (const auto bits = parse_i64(trim(*text))) facts.set("kernel.tainted", *bits);
  } else {
    facts.missing("kernel.tainted", text.error());
  }
  if (const auto text = host.read("/proc/modules"))
    facts.set("kernel.modules", lines(*text).size());
  else if (text.error().kind == ErrorKind::not_found)
    facts.set("kernel.modules", 0);  // a kernel without modules
  else
    facts.missing("kernel.modules", text.error());
  if (const auto text = host.read_redacted("/proc/cmdline", keep_mitigations, 64u << 10)) {
    const auto parts = words(*text);
    facts.set("kernel.cmdline_mitigations_off",
              std::find(parts.begin(), parts.end(), "mitigations=off") != parts.end());
  } else {
    facts.missing("kernel.cmdline_mitigations_off", text.error());
  }
  return {};
}

}  // namespace plumbline
