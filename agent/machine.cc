// SPDX-License-Identifier: Apache-2.0
// Remembers what the readers of agent/tables found, so that no probe reads a table again.
#include "agent/machine.h"

#include <algorithm>
#include <set>

#include "agent/container.h"
#include "agent/containers_on_disk.h"
#include "agent/firewall/firewall.h"
#include "agent/services.h"
#include "agent/stores/answered.h"
#include "agent/tables/tables.h"
#include "base/text.h"

namespace plumbline {

struct Machine::Tables {
  std::optional<Result<std::vector<Process>>> processes;
  std::optional<Result<std::vector<Socket>>> sockets;
  std::optional<std::vector<Service>> services;
  std::optional<Greetings> greetings;
  std::optional<Firewall> firewall;
  std::optional<PackageTable> packages;
  std::optional<Result<std::vector<Mount>>> mounts;
  std::optional<Result<std::vector<User>>> users;
  std::optional<Result<std::vector<Group>>> groups;
  std::optional<std::vector<UnitFile>> units;
  std::optional<std::string> container;
  std::optional<ContainersOnDisk> containers;
  std::optional<std::vector<std::string>> homes;
  std::map<std::string, BlockLayers> layers;
  std::optional<std::int64_t> now;
};

Machine::Machine(const Host& host) : host_(host), tables_(std::make_unique<Tables>()) {}
Machine::~Machine() = default;

const Result<std::vector<Process>>& Machine::processes() {
  if (!tables_->processes) tables_->processes = read_processes(host_);
  return *tables_->processes;
}

const Process* Machine::process(int pid) {
  const auto& all = processes();
  if (!all || pid == 0) return nullptr;
  const auto found = std::lower_bound(all->begin(), all->end(), pid,
                                      [](const Process& one, int wanted) { return one.pid < wanted; });
  return found != all->end() && found->pid == pid ? &*found : nullptr;
}

Result<unsigned> Machine::uid_of(int pid) {
  const auto text = host_.read("/proc/" + std::to_string(pid) + "/status", 64u << 10);
  if (!text) return tl::unexpected<Error>(text.error());
  for (const std::string_view line : lines(*text)) {
    if (!line.starts_with("Uid:"))
      continue;  // "Uid:	999	999	999	999": real, effective, saved, file system
    const auto fields = words(line);
    const auto uid = fields.size() > 2 ? parse_u64(fields[2]) : std::nullopt;
    if (uid && *uid <= 0xffffffffu) return static_cast<unsigned>(*uid);
  }
  return fail(ErrorKind::invalid, "no Uid line: /proc/" + std::to_string(pid) + "/status");
}

namespace {

constexpr std::size_t kContainerIdBytes = 64;

bool is_container_id(std::string_view text) {
  return text.size() == kContainerIdBytes && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

/// "docker-<64 hexadecimal digits>.scope" or the bare digits below /docker/, /kubepods/ or libpod.
std::string container_in(std::string_view path) {
  for (std::string_view part : split(path, '/')) {
    if (part.ends_with(".scope")) part.remove_suffix(6);
    const std::size_t dash = part.rfind('-');
    const std::string_view id = dash == std::string_view::npos ? part : part.substr(dash + 1);
    if (!is_container_id(id)) continue;
    std::string engine = "container";
    if (contains(path, "docker")) engine = "docker";
    if (contains(path, "libpod")) engine = "podman";
    if (contains(path, "kubepods")) engine = "kubernetes";
    return engine + ":" + std::string(id.substr(0, 12));
  }
  return "";
}

}  // namespace

std::string Machine::unit_of(int pid) {
  const auto text = host_.read("/proc/" + std::to_string(pid) + "/cgroup", 64u << 10);
  if (!text) return "";
  std::string unit;
  for (const std::string_view line : lines(*text)) {  // "0::/system.slice/ollama.service"
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view path = line.substr(second + 1);
    if (std::string container = container_in(path); !container.empty()) return container;
    if (!unit.empty() && unit != "session") continue;
    for (const std::string_view part : split(path, '/')) {
      if (part.ends_with(".service") && !part.starts_with("user@"))
        unit = part;
      else if (part.starts_with("session-") && part.ends_with(".scope"))
        unit = "session";
    }
  }
  return unit;
}

const Result<std::vector<Socket>>& Machine::sockets() {
  if (!tables_->sockets) {
    tables_->sockets = read_sockets(host_);
    if (*tables_->sockets && processes()) find_socket_owners(host_, *processes(), **tables_->sockets);
  }
  return *tables_->sockets;
}

const std::vector<Service>& Machine::services() {
  if (!tables_->services) tables_->services = find_services(*this);
  return *tables_->services;
}

const std::map<std::string, Result<std::string>>& Machine::greetings() {
  if (!tables_->greetings) tables_->greetings = greet_services(host_, services());
  return *tables_->greetings;
}

Firewall& Machine::firewall() {
  if (!tables_->firewall) tables_->firewall.emplace(host_, *this);
  return *tables_->firewall;
}

const std::string& Machine::container() {
  if (!tables_->container) tables_->container = container_of(host_);
  return *tables_->container;
}

const ContainersOnDisk& Machine::containers() {
  if (!tables_->containers) tables_->containers = read_containers(host_, homes());
  return *tables_->containers;
}

const std::vector<std::string>& Machine::homes() {
  if (tables_->homes) return *tables_->homes;
  constexpr std::size_t most = 200;
  std::set<std::string> found = {"/root"};
  if (const auto& all = users()) {
    for (const User& user : *all) {
      const bool person = user.uid >= 1000 && user.uid < 65533 && user.home.size() > 1 &&
                          user.home.starts_with('/') && user.home != "/nonexistent";
      if (person && found.size() < most) found.insert(user.home);
    }
  }
  tables_->homes.emplace(found.begin(), found.end());
  return *tables_->homes;
}

namespace {
void sort_by_name(PackageTable& table) {
  if (!table.packages) return;
  std::stable_sort(table.packages->begin(), table.packages->end(),
                   [](const Package& a, const Package& b) { return a.name < b.name; });
}
}  // namespace

std::string Machine::package_manager() {
  packages();
  return tables_->packages->manager;
}

const Result<std::vector<Package>>& Machine::packages() {
  if (!tables_->packages) {
    tables_->packages = read_packages(host_);
    sort_by_name(*tables_->packages);
  }
  return tables_->packages->packages;
}

const Package* Machine::package(std::string_view name) {
  const auto& all = packages();
  if (!all) return nullptr;
  const auto found =
      std::lower_bound(all->begin(), all->end(), name,
                       [](const Package& one, std::string_view wanted) { return one.name < wanted; });
  return found != all->end() && found->name == name ? &*found : nullptr;
}

const Result<std::vector<Mount>>& Machine::mounts() {
  if (!tables_->mounts) tables_->mounts = read_mounts(host_);
  return *tables_->mounts;
}

const Mount* Machine::mount_of(std::string_view path) {
  const auto& all = mounts();
  if (!all) return nullptr;
  const Mount* best = nullptr;
  for (const auto& mount : *all) {
    const std::string_view point = mount.point;
    const bool holds = point == "/" || path == point ||
                       (path.starts_with(point) && path.size() > point.size() && path[point.size()] == '/');
    // A later mount on the same point covers the earlier one.
    if (holds && (best == nullptr || point.size() >= best->point.size())) best = &mount;
  }
  return best;
}

BlockLayers Machine::layers_of(const Mount& mount) {
  const std::string key = mount.device + " " + mount.source;
  const auto known = tables_->layers.find(key);
  if (known != tables_->layers.end()) return known->second;
  return tables_->layers.emplace(key, read_layers(host_, mount)).first->second;
}

BlockLayers Machine::layers_of_device(std::string_view name) {
  return read_layers_of_device(host_, name);
}
std::string Machine::disk_class(std::string_view name) {
  return read_disk_class(host_, name);
}

const Result<std::vector<User>>& Machine::users() {
  if (!tables_->users) tables_->users = read_users(host_);
  return *tables_->users;
}

const Result<std::vector<Group>>& Machine::groups() {
  if (!tables_->groups) tables_->groups = read_groups(host_);
  return *tables_->groups;
}

const User* Machine::user(unsigned uid) {
  const auto& all = users();
  if (!all) return nullptr;
  const auto found =
      std::find_if(all->begin(), all->end(), [uid](const User& one) { return one.uid == uid; });
  return found == all->end() ? nullptr : &*found;
}

std::string Machine::user_name(unsigned uid) {
  const User* found = user(uid);
  return found != nullptr ? found->name : std::to_string(uid);
}

const std::vector<UnitFile>& Machine::units() {
  if (!tables_->units) tables_->units = read_units(host_);
  return *tables_->units;
}

const UnitFile* Machine::unit(std::string_view name) {
  const auto& all = units();
  const auto found =
      std::lower_bound(all.begin(), all.end(), name,
                       [](const UnitFile& one, std::string_view wanted) { return one.name < wanted; });
  return found != all.end() && found->name == name ? &*found : nullptr;
}

std::int64_t Machine::now() {
  if (!tables_->now) {
    const auto answer = host_.ask("now");
    tables_->now = answer ? parse_i64(trim(*answer)).value_or(0) : 0;
  }
  return *tables_->now;
}

}  // namespace plumbline
