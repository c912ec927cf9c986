// SPDX-License-Identifier: Apache-2.0
// Installed software: how much, and the versions that rules ask for.
#include <array>
#include <set>

#include "agent/probes/all.h"
#include "agent/stores/store.h"
#include "base/text.h"

namespace plumbline {
namespace {

/// Packages whose version a rule reads, by their names in the families of distributions.
constexpr std::array kRead = {std::string_view("openssl"),
                              std::string_view("libssl3"),
                              std::string_view("libssl3t64"),
                              std::string_view("openssh-server"),
                              std::string_view("sudo"),
                              std::string_view("libc6"),
                              std::string_view("glibc"),
                              std::string_view("nvidia-container-toolkit"),
                              std::string_view("libnvidia-container1"),
                              std::string_view("docker-ce"),
                              std::string_view("docker.io"),
                              std::string_view("moby-engine"),
                              std::string_view("containerd"),
                              std::string_view("containerd.io"),
                              std::string_view("runc"),
                              std::string_view("podman"),
                              std::string_view("cri-o"),
                              std::string_view("kubelet"),
                              std::string_view("systemd"),
                              std::string_view("python3"),
                              std::string_view("nginx"),
                              std::string_view("apache2"),
                              std::string_view("httpd"),
                              std::string_view("redis-server"),
                              std::string_view("redis"),
                              std::string_view("mongodb-org-server"),
                              std::string_view("ollama"),
                              std::string_view("datacenter-gpu-manager"),
                              std::string_view("auditd"),
                              std::string_view("audit"),
                              std::string_view("aide"),
                              std::string_view("ufw"),
                              std::string_view("firewalld"),
                              std::string_view("nftables"),
                              std::string_view("apparmor"),
                              std::string_view("chrony"),
                              std::string_view("unattended-upgrades"),
                              std::string_view("dnf-automatic"),
                              std::string_view("qemu-guest-agent"),
                              std::string_view("grafana"),
                              std::string_view("prometheus"),
                              std::string_view("prometheus-node-exporter"),
                              std::string_view("telegraf"),
                              std::string_view("zabbix-agent"),
                              std::string_view("zabbix-agent2"),
                              std::string_view("restic"),
                              std::string_view("borgbackup"),
                              std::string_view("pgbackrest"),
                              std::string_view("barman"),
                              std::string_view("curl"),
                              std::string_view("git")};

/// "python3.11" in /usr/bin and /usr/local/bin, and the packages of that name.
std::set<std::string> python_versions(const Host& host, Machine& machine) {
  std::set<std::string> found;
  const auto add = [&](std::string_view name) {
    if (!name.starts_with("python3.")) return;
    const std::string_view minor = name.substr(8);
    if (!minor.empty() && minor.size() <= 2 &&
        minor.find_first_not_of("0123456789") == std::string_view::npos)
      found.insert("3." + std::string(minor));
  };
  for (const std::string_view folder : {"/usr/bin", "/usr/local/bin"}) {
    if (const auto entries = host.list(folder)) {
      for (const auto& entry : *entries) add(entry.name);
    }
  }
  if (const auto& packages = machine.packages()) {
    for (const auto& package : *packages) add(package.name);
  }
  return found;
}

}  // namespace

Result<void> probe_packages(const Host& host, Machine& machine, Facts& facts) {
  facts.set("packages.manager", machine.package_manager());
  const auto& packages = machine.packages();
  if (!packages) {
    for (const char* path : {"packages.count", "packages.versions", "packages.python_versions"}) facts.missing(path, packages.error());
    return {};
  }
  facts.set("packages.python_versions", nlohmann::json(python_versions(host, machine)));
  facts.set("packages.count", packages->size());
  nlohmann::json versions = nlohmann::json::object();
  for (const std::string_view name : kRead) {
    if (const Package* package = machine.package(name)) versions[std::string(name)] = package->version;
  }
  // The collector tells by the whole version whether a store is the distribution's.
  for (const Package& package : *packages) {
    if (is_store_package(package.name) || is_vector_package(package.name)) versions[package.name] = package.version;
  }
  facts.set("packages.versions", std::move(versions));
  return {};
}

}  // namespace plumbline
