// SPDX-License-Identifier: Apache-2.0
// A container shows its host's kernel and hardware, and its own files, processes and network.
#include "agent/container.h"

#include <algorithm>
#include <array>
#include <utility>

#include "agent/machine.h"
#include "agent/probe.h"
#include "agent/read.h"
#include "base/text.h"

namespace plumbline {
namespace {

using Name = std::pair<std::string_view, std::string_view>;

constexpr std::size_t kMaxMountBytes = 1u << 20;
constexpr std::size_t kMaxEnvironmentBytes = 256u << 10;

std::string by_cgroup(std::string_view text) {
  constexpr std::array<Name, 6> kMarks = {{{"/kubepods", "kubernetes"},
                                           {"/docker", "docker"},
                                           {"/libpod", "podman"},
                                           {"/lxc", "lxc"},
                                           {"/crio-", "kubernetes"},
                                           {"/machine.slice/machine-", "systemd-nspawn"}}};
  for (const auto& [mark, name] : kMarks) {
    if (contains(text, mark)) return std::string(name);
  }
  return "";
}

/// Of process 1's environment only who says to hold it: "container=lxc", and that a cluster told it of its API.
std::string keep_container_words(std::string_view text) {
  std::string kept;
  for (const auto word : split(text, '\0')) {
    if (word.starts_with("container=")) kept.append(word.substr(0, 64)).append(1, '\0');
    if (word.starts_with("KUBERNETES_SERVICE_HOST=")) kept.append(word.substr(0, word.find('=') + 1)).append(1, '\0');
  }
  return kept;
}

std::string by_environment(const Host& host) {
  const auto text = host.read_redacted("/proc/1/environ", keep_container_words, kMaxEnvironmentBytes);
  if (!text) return "";
  std::string name;
  for (const auto word : split(*text, '\0')) {
    if (word.starts_with("KUBERNETES_SERVICE_HOST=")) return "kubernetes";
    if (word.starts_with("container=")) name = word.substr(10);
  }
  return name;
}

/// Engines mount a container's root and its /etc/hosts from folders of theirs:
/// "812 790 8:1 /var/lib/kubelet/pods/1f2…/etc-hosts /etc/hosts rw - ext4 /dev/sda1 rw"
/// "790 655 0:52 / / rw - overlay overlay rw,lowerdir=…,upperdir=/var/lib/docker/overlay2/9a…/diff"
std::string by_mounts(const Host& host) {
  constexpr std::array<Name, 6> kFolders = {{{"/kubelet/pods/", "kubernetes"},
                                             {"/docker/containers/", "docker"},
                                             {"/docker/overlay2/", "docker"},
                                             {"/containers/storage/", "podman"},
                                             {"/overlay-containers/", "podman"},
                                             {"/io.containerd.snapshotter", "containerd"}}};
  const auto text = host.read("/proc/1/mountinfo", kMaxMountBytes);
  if (!text) return "";
  std::size_t best = kFolders.size();
  for (const auto line : lines(*text)) {
    const auto parts = words(line);
    if (parts.size() < 5 || (parts[4] != "/" && parts[4] != "/etc/hosts")) continue;
    for (std::size_t i = 0; i < best; ++i) {
      if (contains(line, kFolders[i].first)) best = i;
    }
  }
  return best < kFolders.size() ? std::string(kFolders[best].second) : "";
}

/// Virtual machines are made from containers' images, too, and then bear the file that an engine left there. Where the
/// kernel's own threads show and the root is a device's whole file system, no engine holds this agent.
bool runs_on_its_own_disk(const Host& host) {
  if (read_text(host, "/proc/2/comm").value_or("") != "kthreadd") return false;
  const auto text = host.read("/proc/self/mountinfo", kMaxMountBytes);
  if (!text) return false;
  bool own = false;
  for (const auto line : lines(*text)) {  // "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw"; a later one lies over an earlier
    const auto parts = words(line);
    const auto bar = std::find(parts.begin(), parts.end(), "-");
    if (parts.size() < 5 || parts[4] != "/" || parts.end() - bar < 3) continue;
    own = parts[3] == "/" && bar[2].starts_with("/dev/");
  }
  return own;
}

/// Marks of engines, the most telling first.
std::string by_marks(const Host& host) {
  constexpr std::array<Name, 6> kFiles = {{{"/run/secrets/kubernetes.io", "kubernetes"},
                                           {"/var/run/secrets/kubernetes.io", "kubernetes"},
                                           {"/dev/lxd/sock", "lxc"},
                                           {"/dev/incus/sock", "lxc"},
                                           {"/.dockerenv", "docker"},
                                           {"/run/.containerenv", "podman"}}};
  for (const auto& [path, name] : kFiles) {
    const bool of_an_image = name == "docker" || name == "podman";
    if (is_there(host, path) && !(of_an_image && runs_on_its_own_disk(host))) return std::string(name);
  }
  // OpenVZ shows /proc/vz within and without, /proc/bc on the host alone
  if (is_there(host, "/proc/vz") && !is_there(host, "/proc/bc")) return "openvz";
  const auto release = read_text(host, "/proc/sys/kernel/osrelease");  // "5.15.90.1-microsoft-standard-WSL2"
  if (release && (contains(*release, "Microsoft") || contains(*release, "WSL"))) return "wsl";
  for (const char* path : {"/run/host/container-manager", "/run/systemd/container"}) {
    if (auto name = read_text(host, path); name && !name->empty()) return *name;
  }
  return "";
}

/// A group that is not the first of its tree lies at the root, or processes are counted from a 1 of their own.
bool has_own_namespaces(const Host& host) {
  if (is_there(host, "/sys/fs/cgroup/cgroup.type")) return true;
  constexpr std::string_view kFirst = "pid:[4026531836]";  // include/linux/proc_ns.h: PROC_PID_INIT_INO
  const auto link = host.read_link("/proc/self/ns/pid");
  return link && link->starts_with("pid:[") && *link != kFirst;
}

/// A system container starts an init of its own: its services, accounts and logs are its own, as those of a machine.
bool has_own_init(const Host& host, std::string_view container) {
  const auto name = read_text(host, "/proc/1/comm");
  if (!name) return container == "lxc" || container == "systemd-nspawn" || container == "openvz" || container == "wsl";
  constexpr std::array<std::string_view, 4> kInits = {"systemd", "init", "openrc-init", "runit"};
  return std::find(kInits.begin(), kInits.end(), *name) != kInits.end();
}

enum class Scope { any, without_init };

struct Unseen {
  std::string_view fact;
  Scope scope;
  std::string_view value;  // hidden where it is this one, as JSON; empty: whatever it is
  std::string_view what;   // of the host is not seen
};

constexpr std::string_view kServices = "the host's services are not seen";
constexpr std::string_view kKernel = "the host's kernel has its settings from the host's files";
constexpr std::string_view kRestart = "the host restarts, not the container";
constexpr std::string_view kLogs = "the host keeps and ships the container's output";
constexpr std::string_view kFirewall = "the host's firewall is not seen";
constexpr std::string_view kEngines = "the host's engines and containers are not seen";
constexpr std::string_view kBackup = "the host's backups are not seen";
constexpr std::string_view kBoot = "the host's boot loader is not seen";

// What was found ("aide", true, a list) stays: it is there. What was not found proves nothing of the host.
constexpr std::array kUnseen = {
    Unseen{"time.service", Scope::any, "\"none\"", kServices},
    Unseen{"time.settings", Scope::any, "{}", kServices},
    Unseen{"kernel.lockdown", Scope::any, "\"none\"", "the kernel tells it in a file system that containers lack"},
    Unseen{"kernel.sysctl_configured", Scope::any, "", kKernel},
    Unseen{"kernel.sysctl_conflicts", Scope::any, "", kKernel},
    Unseen{"kernel.sysctl_conf_linked", Scope::any, "", kKernel},
    Unseen{"kernel.modules_blocked", Scope::any, "", kKernel},
    Unseen{"kernel.coredump_settings", Scope::any, "", kKernel},
    Unseen{"kernel.coredump_conflicts", Scope::any, "", kKernel},
    Unseen{"mac.system", Scope::any, "\"none\"", "the kernel tells it in a file system that containers lack"},
    Unseen{"mac.enforcing", Scope::any, "false", "the kernel tells it in a file system that containers lack"},
    Unseen{"mac.apparmor_profiles", Scope::any, "0", "the kernel tells it in a file system that containers lack"},
    Unseen{"patching.newest_kernel", Scope::any, "", kRestart},
    Unseen{"patching.running_newest_kernel", Scope::any, "", kRestart},
    Unseen{"patching.reboot_required", Scope::any, "", kRestart},
    Unseen{"patching.automatic", Scope::without_init, "false", "a container is made anew from a newer image"},
    Unseen{"boot.grub_config_mode", Scope::any, "", kBoot},
    Unseen{"boot.grub_password", Scope::any, "", kBoot},
    Unseen{"boot.rescue_shells", Scope::any, "", kBoot},
    Unseen{"logging.auditd_running", Scope::any, "false", kServices},
    Unseen{"logging.audit_rules", Scope::any, "", kServices},
    Unseen{"logging.audit_watches", Scope::any, "", kServices},
    Unseen{"logging.audit_syscalls", Scope::any, "", kServices},
    Unseen{"logging.journal_persistent", Scope::without_init, "false", kLogs},
    Unseen{"logging.remote", Scope::without_init, "false", kLogs},
    Unseen{"logging.forwards", Scope::without_init, "[]", kLogs},
    Unseen{"logging.settings", Scope::without_init, "{}", kLogs},
    Unseen{"logging.conflicts", Scope::without_init, "[]", kLogs},
    Unseen{"logging.file_integrity", Scope::without_init, "\"none\"", kServices},
    Unseen{"firewall.manager", Scope::without_init, "\"none\"", kFirewall},
    Unseen{"firewall.active", Scope::without_init, "false", kFirewall},
    Unseen{"firewall.default_deny", Scope::without_init, "false", kFirewall},
    Unseen{"backup.scheduled", Scope::without_init, "false", kBackup},
    Unseen{"backup.tools", Scope::without_init, "[]", kBackup},
    Unseen{"memory.swap_encrypted", Scope::any, "", "where the host's swap lies is not seen"},
    Unseen{"network.bonds_degraded", Scope::any, "0", "the host's network is not seen"},
    Unseen{"containers.running", Scope::without_init, "0", kEngines},
    Unseen{"containers.privileged", Scope::without_init, "0", kEngines},
    Unseen{"containers.host_mounts", Scope::without_init, "0", kEngines},
    Unseen{"containers.host_namespaces", Scope::without_init, "0", kEngines},
    Unseen{"containers.published_any", Scope::without_init, "0", kEngines},
    Unseen{"containers.gpu_runtime_configured", Scope::without_init, "false", kEngines},
    Unseen{"containers.docker_tcp_open", Scope::without_init, "false", kEngines},
    Unseen{"containers.docker_group_members", Scope::without_init, "0", kEngines},
    Unseen{"containers.kubernetes_role", Scope::without_init, "\"none\"", kEngines},
};

std::string_view section_of(const Unseen& row) { return row.fact.substr(0, row.fact.find('.')); }

void hide(const Unseen& row, const std::string& container, Section& section) {
  const std::string key(row.fact.substr(row.fact.find('.') + 1));
  const auto found = section.data.find(key);
  if (found == section.data.end() || (!row.value.empty() && found->dump() != row.value)) return;
  section.data.erase(found);
  Facts(section).missing(row.fact, {ErrorKind::unavailable, "inside a container (" + container + "): " + std::string(row.what)});
}

}  // namespace

std::string container_of(const Host& host) {
  // a cluster's marks go before its engine's
  const auto by_mount = by_mounts(host);
  if (by_mount == "kubernetes") return by_mount;
  if (auto name = by_marks(host); !name.empty()) return name;
  if (auto name = by_environment(host); !name.empty()) return name;
  if (!by_mount.empty()) return by_mount;
  const auto cgroup = read_text(host, "/proc/1/cgroup");
  if (cgroup) {
    if (auto name = by_cgroup(*cgroup); !name.empty()) return name;
  }
  if (has_own_namespaces(host)) return "other";
  return cgroup || is_there(host, "/proc/1/comm") ? "none" : "";
}

void hide_what_containers_hide(const Host& host, Machine& machine, std::string_view section_name, Section& section) {
  const auto is_of = [&](const Unseen& row) { return section_of(row) == section_name; };
  if (std::none_of(kUnseen.begin(), kUnseen.end(), is_of)) return;
  const std::string& container = machine.container();
  if (container.empty() || container == "none") return;
  const bool own_init = has_own_init(host, container);
  for (const Unseen& row : kUnseen) {
    if (is_of(row) && (row.scope == Scope::any || !own_init)) hide(row, container, section);
  }
}

}  // namespace plumbline
