// SPDX-License-Identifier: Apache-2.0
// How fresh the installed software is: pending restart, newest kernel, last update, automatic updates.
#include <algorithm>

#include "agent/config/ini.h"
#include "agent/machine.h"
#include "agent/probes/all.h"
#include "agent/redact.h"
#include "agent/services.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxConfigBytes = 1u << 20;
constexpr double kSecondsPerDay = 86400;

/// Numbers compare as numbers and letters as letters: "6.1.0-9" < "6.1.0-25".
int compare_versions(std::string_view a, std::string_view b) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() && j < b.size()) {
    if (digit(a[i]) && digit(b[j])) {
      std::size_t i_end = i;
      std::size_t j_end = j;
      while (i_end < a.size() && digit(a[i_end])) ++i_end;
      while (j_end < b.size() && digit(b[j_end])) ++j_end;
      const auto x = parse_u64(a.substr(i, i_end - i)).value_or(0);
      const auto y = parse_u64(b.substr(j, j_end - j)).value_or(0);
      if (x != y) return x < y ? -1 : 1;
      i = i_end;
      j = j_end;
    } else {
      if (a[i] != b[j]) return a[i] < b[j] ? -1 : 1;
      ++i;
      ++j;
    }
  }
  return i < a.size() ? 1 : j < b.size() ? -1 : 0;
}

/// "6.1.0-25-cloud-amd64" is of flavour "cloud-amd64": kernels of another flavour are no successors.
std::string_view flavour(std::string_view release) {
  for (std::size_t dash = release.find('-'); dash != std::string_view::npos;
       dash = release.find('-', dash + 1)) {
    const std::string_view rest = release.substr(dash + 1);
    if (!rest.empty() && (rest[0] < '0' || rest[0] > '9')) return rest;
  }
  return {};
}

void write_kernels(const Host& host, Facts& facts, bool& stale) {
  const auto running = host.read("/proc/sys/kernel/osrelease", 4096);
  const auto boot = host.list("/boot");
  if (!boot || !running) {
    const Error& why = boot ? running.error() : boot.error();
    if (why.kind == ErrorKind::not_found) return;
    facts.missing("patching.newest_kernel", why);
    facts.missing("patching.running_newest_kernel", why);
    return;
  }
  const std::string release(trim(*running));
  std::string newest;
  for (const auto& entry : *boot) {
    if (!entry.name.starts_with("vmlinuz-") || contains(entry.name, "rescue") || entry.name.ends_with(".old"))
      continue;
    const std::string version = entry.name.substr(8);
    if (flavour(version) != flavour(release)) continue;
    if (newest.empty() || compare_versions(newest, version) < 0) newest = version;
  }
  if (newest.empty()) return;  // a container, or a machine whose kernel comes from elsewhere
  facts.set("patching.newest_kernel", newest);
  stale = compare_versions(release, newest) < 0;
  facts.set("patching.running_newest_kernel", !stale);
}

/// The newest modification of the paths; 0 where none is there.
std::int64_t newest_of(const Host& host, std::initializer_list<std::string_view> paths) {
  std::int64_t newest = 0;
  for (const std::string_view path : paths) {
    if (const auto stat = host.stat(path)) newest = std::max(newest, stat->modified);
  }
  return newest;
}

/// Of apt's settings only those of its timer: others hold passwords of proxies and repositories.
std::string keep_periodic(std::string_view text) {
  std::string kept;
  for (const std::string_view line : lines(text)) {
    if (contains(lower(line), "periodic::unattended-upgrade")) kept.append(redact_line(line)).append("\n");
  }
  return kept;
}

/// `APT::Periodic::Unattended-Upgrade "1";` in any file of apt.conf.d, the last one wins: one that cannot be read may be it.
Result<bool> apt_is_automatic(const Host& host) {
  bool on = false;
  const auto entries = host.list("/etc/apt/apt.conf.d");
  if (!entries && entries.error().kind != ErrorKind::not_found) return tl::unexpected<Error>(entries.error());
  for (const auto& entry : entries.value_or(std::vector<FolderEntry>{})) {
    if (entry.type == FileType::folder || entry.name.starts_with('.')) continue;
    const auto text = host.read_redacted("/etc/apt/apt.conf.d/" + entry.name, keep_periodic, kMaxConfigBytes);
    if (!text && text.error().kind == ErrorKind::permission_denied) return tl::unexpected<Error>(text.error());
    if (!text) continue;
    for (const std::string_view raw : lines(*text)) {
      const std::string_view line = trim(raw);
      if (line.starts_with("//") || line.starts_with('#') ||
          !contains(lower(line), "periodic::unattended-upgrade"))
        continue;
      const std::size_t open = line.find('"');
      if (open != std::string_view::npos)
        on = !line.substr(open + 1).starts_with('0') && !line.substr(open + 1).starts_with('"');
    }
  }
  return on;
}

Result<bool> dpkg_is_automatic(const Host& host, Machine& machine) {
  const auto& packages = machine.packages();
  if (!packages) return tl::unexpected<Error>(packages.error());
  if (machine.package("unattended-upgrades") == nullptr) return false;
  const auto on = apt_is_automatic(host);
  if (!on || !*on) return on;
  const UnitFile* timer = machine.unit("apt-daily-upgrade.timer");
  if ((timer != nullptr && timer->enabled) || host.stat("/etc/cron.daily/apt-compat")) return true;
  if (const auto why = unseen_timers(host)) return tl::unexpected<Error>(*why);
  return timer == nullptr;
}

Result<bool> is_automatic(const Host& host, Machine& machine) {
  if (machine.package_manager() == "dpkg") return dpkg_is_automatic(host, machine);
  for (const std::string_view name :
       {"dnf-automatic-install.timer", "dnf5-automatic.timer", "transactional-update.timer"}) {
    const UnitFile* timer = machine.unit(name);
    if (timer != nullptr && timer->enabled) return true;
  }
  const UnitFile* timer = machine.unit("dnf-automatic.timer");
  if (timer == nullptr || !timer->enabled) {
    if (const auto why = unseen_timers(host)) return tl::unexpected<Error>(*why);
    return false;
  }
  const auto keep = [](std::string_view all) { return keep_settings(all, {"apply_updates"}); };
  const auto text = host.read_redacted("/etc/dnf/automatic.conf", keep, kMaxConfigBytes);
  if (!text && text.error().kind == ErrorKind::permission_denied) return tl::unexpected<Error>(text.error());
  if (!text) return false;
  const auto settings = parse_ini(*text);
  return std::any_of(settings.begin(), settings.end(), [](const auto& line) {
    return line.key == "apply_updates" && lower(line.value) == "yes";
  });
}

}  // namespace

Result<void> probe_patching(const Host& host, Machine& machine, Facts& facts) {
  bool stale = false;
  write_kernels(host, facts, stale);
  const auto flag = host.stat("/run/reboot-required");
  const bool old_place = !flag && host.stat("/var/run/reboot-required").has_value();
  facts.set("patching.reboot_required", flag || old_place || stale);
  const std::int64_t now = machine.now();
  if (now > 0) {
    // Each change of a package renames a file within the folder, so its own time is the newest one.
    const std::int64_t changed = newest_of(
        host, {"/var/lib/dpkg/status", "/var/lib/dpkg/info", "/var/lib/rpm/rpmdb.sqlite",
               "/var/lib/rpm/Packages", "/usr/lib/sysimage/rpm/rpmdb.sqlite",
               "/usr/lib/sysimage/rpm/Packages.db", "/lib/apk/db/installed", "/var/lib/pacman/local"});
    const std::int64_t checked =
        newest_of(host, {"/var/lib/apt/periodic/update-success-stamp", "/var/lib/apt/lists/partial",
                         "/var/lib/apt/lists", "/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/zypp/raw",
                         "/var/lib/pacman/sync", "/var/cache/apk"});
    if (changed > 0)
      facts.set("patching.last_update_days",
                static_cast<double>(std::max<std::int64_t>(0, now - changed)) / kSecondsPerDay);
    if (checked > 0)
      facts.set("patching.last_check_days",
                static_cast<double>(std::max<std::int64_t>(0, now - checked)) / kSecondsPerDay);
  }
  facts.set("patching.automatic", is_automatic(host, machine));
  return {};
}

}  // namespace plumbline
