// SPDX-License-Identifier: Apache-2.0
// Container engines, how their containers are started, Kubernetes, and whether containers get GPUs.
#include <algorithm>
#include <array>

#include "agent/config/glob.h"
#include "agent/containers_on_disk.h"
#include "agent/probes/all.h"
#include "agent/redact.h"
#include "agent/services.h"
#include "agent/stores/store.h"
#include "base/json.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxConfigBytes = 1u << 20;
constexpr JsonLimits kConfigLimits{kMaxConfigBytes, 24, 100'000, 64u << 10};

struct Engine {
  std::string_view name;
  std::string_view service;  // kind in agent/services.cc
  std::array<std::string_view, 4> packages;
  std::string_view binary;
};
constexpr std::array<Engine, 6> kEngines = {
    {{"docker", "docker", {"docker-ce", "docker.io", "moby-engine", "docker-engine"}, "/usr/bin/dockerd"},
     {"containerd", "containerd", {"containerd.io", "containerd", "", ""}, "/usr/bin/containerd"},
     {"podman", "podman", {"podman", "", "", ""}, "/usr/bin/podman"},
     {"cri-o", "cri-o", {"cri-o", "cri-o-runc", "", ""}, "/usr/bin/crio"},
     {"kubelet", "kubelet", {"kubelet", "kubernetes-node", "", ""}, "/usr/bin/kubelet"},
     {"lxc", "lxc", {"lxc", "lxd", "incus", ""}, "/usr/bin/lxc-start"}}};

/// daemon.json without what may hold a secret: hosts, TLS switches, names of runtimes.
std::string redact_daemon(std::string_view text) {
  const auto json = parse_json(text, kConfigLimits);
  nlohmann::json kept = nlohmann::json::object();
  if (!json || !json->is_object()) return "{}";
  for (const char* key : {"hosts", "tls", "tlsverify", "default-runtime"})
    if (json->contains(key)) kept[key] = json->at(key);
  if (json->contains("runtimes") && json->at("runtimes").is_object()) {
    for (const auto& [name, value] : json->at("runtimes").items())
      kept["runtimes"][name] = nlohmann::json::object();
  }
  return kept.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool mounts_host(const Container& container) {
  return std::any_of(container.host_folders.begin(), container.host_folders.end(), [](std::string_view source) {
    while (source.size() > 1 && source.ends_with('/')) source.remove_suffix(1);
    return source == "/" || source == "/etc" || source == "/root" || source.ends_with("/docker.sock") ||
           source.ends_with("/containerd.sock");
  });
}

bool has_power(const Container& container) {
  return container.privileged ||
         std::any_of(container.capabilities.begin(), container.capabilities.end(), [](const std::string& one) {
           return one == "SYS_ADMIN" || one == "CAP_SYS_ADMIN" || one == "ALL";
         });
}

/// IpcMode "host" is accepted: libraries that join AI cards ask for it.
bool shares_namespaces(const Container& container) { return container.pid_mode == "host" || container.network == "host"; }

int ports_for_all(const Container& container) {
  return static_cast<int>(
      std::count_if(container.published.begin(), container.published.end(), [](const PublishedPort& one) {
        return one.address.empty() || one.address == "0.0.0.0" || one.address == "::";
      }));
}

void write_docker_containers(Machine& machine, Facts& facts, bool docker_present, int other_running) {
  const ContainersOnDisk& disk = machine.containers();
  if (!disk.docker_error.message.empty() && docker_present) {
    for (const std::string_view fact : {"containers.running", "containers.privileged",
                                        "containers.host_mounts", "containers.host_namespaces", "containers.published_any"})
      facts.missing(fact, disk.docker_error);
    return;
  }
  int running = other_running;
  int privileged = 0;
  int mounts = 0;
  int namespaces = 0;
  int published = 0;
  for (const Container& one : disk.containers) {
    if (one.engine != "docker" || !one.running) continue;
    ++running;
    if (has_power(one)) ++privileged;
    if (mounts_host(one)) ++mounts;
    if (shares_namespaces(one)) ++namespaces;
    published += ports_for_all(one);
  }
  facts.set("containers.running", running);
  facts.set("containers.privileged", privileged);
  facts.set("containers.host_mounts", mounts);
  facts.set("containers.host_namespaces", namespaces);
  facts.set("containers.published_any", published);
}

/// Containers of other engines by their control groups: libpod-<id>.scope, cri-containerd-<id>.scope.
int count_by_cgroups(const Host& host) {
  int count = 0;
  for (const std::string_view pattern :
       {"/sys/fs/cgroup/machine.slice/libpod-*.scope", "/sys/fs/cgroup/kubepods.slice/*/*/*.scope",
        "/sys/fs/cgroup/kubepods/*/*/*"}) {
    for (const std::string& path : glob(host, pattern)) {
      if (!contains(path, "libpod-conmon")) ++count;
    }
  }
  return count;
}

bool gpu_runtime(const Host& host) {
  const auto daemon = host.read_redacted("/etc/docker/daemon.json", redact_daemon, kMaxConfigBytes);
  if (daemon && contains(*daemon, "nvidia")) return true;
  const auto containerd = host.read_redacted("/etc/containerd/config.toml", redact_text, kMaxConfigBytes);
  if (containerd && contains(*containerd, "nvidia-container-runtime")) return true;
  for (const std::string_view pattern : {"/etc/cdi/*.yaml", "/etc/cdi/*.json", "/var/run/cdi/*.yaml"})
    if (!glob(host, pattern).empty()) return true;
  return host.stat("/etc/crio/crio.conf.d/99-nvidia.toml").has_value();
}

void write_docker_api(const Host& host, Machine& machine, Facts& facts) {
  const auto text = host.read_redacted("/etc/docker/daemon.json", redact_daemon, kMaxConfigBytes);
  bool tcp = false;
  bool verified = false;
  if (text) {
    const auto json = parse_json(*text, kConfigLimits);
    if (json && json->contains("hosts") && json->at("hosts").is_array()) {
      for (const auto& one : json->at("hosts"))
        tcp = tcp || (one.is_string() && one.get_ref<const std::string&>().starts_with("tcp://"));
    }
    if (json && json->contains("tlsverify"))
      verified = json->at("tlsverify").is_boolean() && json->at("tlsverify").get<bool>();
  }
  for (const Service& service : machine.services()) {
    if (service.product->kind != "docker") continue;
    const Process* process = machine.process(service.pid);
    if (process != nullptr) verified = verified || has_option(process->arguments, "--tlsverify");
    for (const Socket& socket : service.sockets) tcp = tcp || socket.protocol == "tcp";
  }
  facts.set("containers.docker_tcp_open", tcp && !verified);
  for (const std::string path : {"/run/docker.sock", "/var/run/docker.sock"}) {
    const auto stat = host.stat(path);
    if (!stat) continue;
    std::string mode;
    for (int shift = 9; shift >= 0; shift -= 3) mode += static_cast<char>('0' + ((stat->mode >> shift) & 7u));
    facts.set("containers.docker_socket_mode", mode);
    break;
  }
  if (const auto& groups = machine.groups()) {
    std::size_t members = 0;
    for (const Group& group : *groups) {
      if (group.name != "docker") continue;
      std::vector<std::string> names = group.members;
      if (const auto& users = machine.users()) {  // a user's own group is not listed among its members
        for (const User& user : *users)
          if (user.gid == group.gid && std::find(names.begin(), names.end(), user.name) == names.end())
            names.push_back(user.name);
      }
      members += names.size();
    }
    facts.set("containers.docker_group_members", members);
  } else {
    facts.missing("containers.docker_group_members", groups.error());
  }
}

}  // namespace

Result<void> probe_containers(const Host& host, Machine& machine, Facts& facts) {
  nlohmann::json runtimes = nlohmann::json::array();
  bool docker = false;
  for (const Engine& engine : kEngines) {
    const auto& services = machine.services();
    const bool running = std::any_of(services.begin(), services.end(), [&](const Service& one) {
      return one.product->kind == engine.service && one.pid != 0;
    });
    const Package* package = nullptr;
    for (const std::string_view name : engine.packages)
      if (package == nullptr && !name.empty()) package = machine.package(name);
    if (!running && package == nullptr && !host.stat(engine.binary)) continue;
    nlohmann::json runtime = {{"name", engine.name}, {"running", running}};
    if (package != nullptr) runtime["version"] = upstream_version(package->version);
    runtimes.push_back(std::move(runtime));
    docker = docker || engine.name == "docker";
  }
  if (const auto& packages = machine.packages(); !packages) {  // what runs or lies in its usual place is told all the same
    for (const char* fact : {"containers.runtimes", "containers.nvidia_toolkit", "containers.kubernetes_version"})
      facts.missing(fact, packages.error());
  }
  facts.set("containers.runtimes", std::move(runtimes));
  for (const std::string_view name : {"nvidia-container-toolkit", "nvidia-container-toolkit-base"}) {
    if (const Package* package = machine.package(name)) {
      facts.set("containers.nvidia_toolkit", upstream_version(package->version));
      break;
    }
  }
  facts.set("containers.gpu_runtime_configured", gpu_runtime(host));
  write_docker_api(host, machine, facts);
  write_docker_containers(machine, facts, docker, count_by_cgroups(host));
  std::string role = "none";
  for (const Service& service : machine.services()) {
    if (service.product->kind == "kubelet" && role == "none") role = "node";
    if (service.product->kind == "kube-apiserver") role = "control_plane";
  }
  if (host.stat("/etc/kubernetes/manifests/kube-apiserver.yaml")) role = "control_plane";
  facts.set("containers.kubernetes_role", role);
  if (const Package* package = machine.package("kubelet"))
    facts.set("containers.kubernetes_version", upstream_version(package->version));
  return {};
}

}  // namespace plumbline
