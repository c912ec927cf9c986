// SPDX-License-Identifier: Apache-2.0
// Types, consequences and the passing of time for facts that were written by hand.
#include "collector/sample_facts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "base/hash.h"
#include "base/text.h"
#include "facts/catalog.h"
#include "facts/scan.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr double kSecondsPerDay = 86400;

// "64 GiB" in bytes, "40 days" in seconds; nothing where the unit is neither.
std::optional<double> with_unit(std::string_view text, std::string_view unit) {
  struct Multiple {
    std::string_view unit, word;
    double factor;
  };
  static constexpr std::array kMultiples = {
      Multiple{"bytes", "MiB", 0x1p20}, Multiple{"bytes", "GiB", 0x1p30}, Multiple{"bytes", "TiB", 0x1p40},
      Multiple{"bytes", "MB", 1e6},     Multiple{"bytes", "GB", 1e9},     Multiple{"bytes", "TB", 1e12},
      Multiple{"seconds", "days", kSecondsPerDay}};
  const auto parts = words(text);
  if (parts.size() != 2) return std::nullopt;
  const auto number = parse_double(parts[0]);
  if (!number) return std::nullopt;
  for (const Multiple& multiple : kMultiples)
    if (multiple.unit == unit && multiple.word == parts[1]) return *number * multiple.factor;
  return std::nullopt;
}

std::optional<json> typed_scalar(const std::string& text, const Fact& fact) {
  switch (fact.type) {
    case FactType::string: return json(text);
    case FactType::boolean:
      if (text == "true") return json(true);
      if (text == "false") return json(false);
      return std::nullopt;
    case FactType::integer:
      if (const auto whole = parse_i64(text)) return json(*whole);
      if (const auto scaled = with_unit(text, fact.unit)) return json(std::llround(*scaled));
      return std::nullopt;
    case FactType::number:
      if (const auto number = parse_double(text)) return json(*number);
      if (const auto scaled = with_unit(text, fact.unit)) return json(*scaled);
      return std::nullopt;
    default: return std::nullopt;
  }
}

bool all_texts(const json& value) {
  return std::all_of(value.begin(), value.end(), [](const json& item) { return item.is_string(); });
}

// Whether the collector adds it: an agent never sends such a fact.
bool is_derived(const Fact& fact) { return fact.source == "derived" || fact.source.rfind("derived:", 0) == 0; }

Result<void> type_members(json& group, const std::string& path);

Result<void> type_value(json& value, const std::string& path) {
  const Fact* fact = find_fact(path);
  if (fact == nullptr) {
    if (value.is_object()) return type_members(value, path);
    return fail(ErrorKind::invalid, path + ": the catalog has no such fact");
  }
  if (is_derived(*fact)) return fail(ErrorKind::invalid, path + ": the collector derives it; leave it out");
  bool good = false;
  if (fact->type == FactType::object_list) {
    if (value.is_array() && std::all_of(value.begin(), value.end(), [](const json& item) { return item.is_object(); })) {
      for (json& item : value)
        if (auto typed = type_members(item, path + "[]"); !typed) return typed;
      return {};
    }
  } else if (fact->type == FactType::string_list) {
    good = value.is_array() && all_texts(value);
  } else if (fact->type == FactType::string_map) {
    good = value.is_object() && all_texts(value);
  } else if (value.is_string()) {
    if (auto typed = typed_scalar(value.get<std::string>(), *fact)) {
      value = std::move(*typed);
      good = true;
    }
  }
  if (!good) return fail(ErrorKind::invalid, path + ": not a " + std::string(to_text(fact->type)) + ": " + value.dump());
  return {};
}

Result<void> type_members(json& group, const std::string& path) {
  for (auto& [key, value] : group.items())
    if (auto typed = type_value(value, path + "." + key); !typed) return typed;
  return {};
}

// Evenly spread over 0 to 1, the same for the same words.
double spread(std::string_view host, std::string_view what, int day) {
  const std::string digest = sha256(std::string(host) + "/" + std::string(what) + "/" + std::to_string(day));
  constexpr int kBytes = 4;
  double value = 0;
  for (int at = 0; at < kBytes; ++at) value = (value + static_cast<unsigned char>(digest[static_cast<std::size_t>(at)])) / 256;
  return value;
}

// Nothing that was written is replaced.
void suggest(json& group, const char* key, json value) {
  if (!group.contains(key)) group[key] = std::move(value);
}

std::int64_t whole(const json& group, const char* key, std::int64_t otherwise = 0) { return group.value(key, otherwise); }

std::string range(std::int64_t first, std::int64_t count) {
  return count == 1 ? std::to_string(first) : std::to_string(first) + "-" + std::to_string(first + count - 1);
}

void complete_processor(json& facts) {
  json& cpu = facts["cpu"];
  const std::int64_t cores = whole(cpu, "cores", 1);
  suggest(cpu, "sockets", 1);
  suggest(cpu, "threads_per_core", 1);
  suggest(cpu, "threads", cores * whole(cpu, "threads_per_core", 1));
  suggest(cpu, "threads_possible", cpu["threads"]);
  suggest(cpu, "threads_effective", static_cast<double>(whole(cpu, "threads")));
  json& memory = facts["memory"];
  suggest(memory, "effective_bytes", memory["total_bytes"]);
  const std::int64_t nodes = facts["host"].value("virtualization", "none") == "none" ? whole(cpu, "sockets", 1) : 1;
  suggest(memory, "numa_node_count", nodes);
  if (memory.contains("numa_nodes")) return;
  json list = json::array();
  const std::int64_t threads = whole(cpu, "threads") / nodes;
  for (std::int64_t node = 0; node < nodes; ++node)
    list.push_back({{"id", node}, {"memory_bytes", whole(memory, "total_bytes") / nodes}, {"cpus", range(node * threads, threads)}});
  memory["numa_nodes"] = std::move(list);
}

void complete_storage(json& storage) {
  json& disks = storage["disks"];
  if (disks.is_null()) disks = json::array();
  std::int64_t nvme = 0;
  for (json& disk : disks) {
    suggest(disk, "removable", false);
    if (disk.value("class", "") == "nvme") nvme += whole(disk, "size_bytes");
  }
  suggest(storage, "local_nvme_bytes", nvme);
  suggest(storage, "raids", json::array());
  bool root_encrypted = false;
  for (json& filesystem : storage["filesystems"]) {
    suggest(filesystem, "network", false);
    suggest(filesystem, "options", json{"rw", "relatime"});
    if (!filesystem["network"].get<bool>()) {
      suggest(filesystem, "encrypted", false);
      suggest(filesystem, "inodes_free_percent", 97.4);
      if (!disks.empty()) suggest(filesystem, "disk_class", disks[0].value("class", "other"));
    }
    if (filesystem.contains("size_bytes") && filesystem.contains("free_percent"))
      suggest(filesystem, "free_bytes", std::llround(static_cast<double>(whole(filesystem, "size_bytes")) * filesystem["free_percent"].get<double>() / 100));
    if (filesystem.value("mount", "") == "/") root_encrypted = filesystem.value("encrypted", false);
  }
  suggest(storage, "root_encrypted", root_encrypted);
}

// 10.40.N.x: servers of the sample company lie in one private network.
void complete_network(json& network, int number) {
  constexpr int kHostsPerNet = 200;
  const std::string address = "10.40." + std::to_string(number / kHostsPerNet + 1) + "." + std::to_string(number % kHostsPerNet + 11) + "/24";
  std::int64_t fastest = 0;
  bool addressed = false;
  for (json& interface : network["interfaces"]) {
    suggest(interface, "up", true);
    suggest(interface, "mtu", 1500);
    suggest(interface, "kind", "physical");
    const bool carries = !addressed && interface["up"].get<bool>();
    if (carries) suggest(network, "default_route_interface", interface["name"]);
    suggest(interface, "addresses", carries ? json{address} : json::array());
    addressed = addressed || carries;
    if (interface["up"].get<bool>()) fastest = std::max(fastest, whole(interface, "speed_mbps"));
  }
  if (fastest > 0) suggest(network, "fastest_mbps", fastest);
  suggest(network, "bonds_degraded", 0);
  suggest(network, "rdma_ports", json::array());
  suggest(network, "dns_servers", json{"10.40.1.2", "10.40.1.3"});
}

// The host's own address, without its prefix length.
std::string own_address(const json& network) {
  for (const json& interface : network["interfaces"])
    for (const json& address : interface.value("addresses", json::array())) return std::string(split(address.get_ref<const std::string&>(), '/')[0]);
  return "";
}

std::string address_for(const std::string& exposure, const std::string& own) {
  if (exposure == "any") return "0.0.0.0";
  return exposure == "loopback" ? "127.0.0.1" : own;
}

// The program that listens for a service, where its name is another.
std::string program_of(const std::string& kind) {
  static const std::map<std::string, std::string> names = {
      {"postgresql", "postgres"}, {"mariadb", "mariadbd"}, {"redis", "redis-server"}, {"valkey", "valkey-server"}, {"mongodb", "mongod"},
      {"elasticsearch", "java"},  {"rabbitmq", "beam.smp"}, {"influxdb", "influxd"},  {"ssh", "sshd"},             {"vllm", "python3"},
      {"open_webui", "uvicorn"},  {"jupyter", "jupyter-lab"}, {"mlflow", "gunicorn"}, {"triton", "tritonserver"}};
  const auto found = names.find(kind);
  return found == names.end() ? kind : found->second;
}

void add_socket(json& sockets, const json& service, const std::string& kind, const std::string& own) {
  const std::string exposure = service.value("exposure", "none");
  if (exposure == "none" || exposure == "unknown" || !service.contains("port")) return;
  sockets.push_back({{"protocol", "tcp"}, {"address", address_for(exposure, own)}, {"port", service["port"]}, {"exposure", exposure},
                     {"process", program_of(kind)}, {"service", kind}, {"user", service.value("user", "root")}});
}

// Every service that answers has its socket, so that two sections of a host never contradict each other.
void complete_listeners(json& facts) {
  json& listeners = facts["listeners"];
  json sockets = json::array();
  const json& ssh = facts["ssh"];
  const std::string own = own_address(facts["network"]);
  if (ssh.value("running", false)) add_socket(sockets, {{"port", 22}, {"exposure", ssh.value("exposure", "any")}}, "ssh", own);
  for (const json& store : facts["data_stores"]["instances"])
    if (store.value("running", false)) add_socket(sockets, store, store.value("kind", ""), own);
  for (const json& service : facts["ai"]["services"]) add_socket(sockets, service, service.value("kind", ""), own);
  for (const json& written : listeners.value("sockets", json::array())) {
    sockets.push_back(written);
    suggest(sockets.back(), "protocol", "tcp");
    suggest(sockets.back(), "address", address_for(sockets.back().value("exposure", "loopback"), own));
    suggest(sockets.back(), "user", "root");
  }
  const auto exposed = std::count_if(sockets.begin(), sockets.end(), [](const json& socket) {
    return socket["protocol"] == "tcp" && socket["exposure"] != "loopback";
  });
  listeners["sockets"] = std::move(sockets);
  suggest(listeners, "exposed_count", exposed);
  suggest(listeners, "legacy", json::array());
}

// What the agent's probe of roles would find. Desktops are told by the host's chassis here.
void complete_roles(json& facts) {
  std::set<std::string> names;
  for (const json& store : facts["data_stores"]["instances"])
    if (store.value("category", "") != "coordination") names.insert("database");
  for (const json& service : facts["ai"]["services"]) {
    if (service.value("category", "") == "model_server") names.insert("ai_server");
    if (service.value("category", "") == "notebook") names.insert("notebook");
  }
  for (const json& runtime : facts["containers"]["runtimes"])
    if (runtime.value("running", false)) names.insert(runtime.value("name", "") == "kubelet" ? "kubernetes_node" : "container_host");
  for (const json& socket : facts["listeners"]["sockets"])
    if (socket.value("service", "") == "nginx" || socket.value("service", "") == "apache") names.insert("web_server");
  if (!facts["accelerators"]["devices"].empty()) names.insert("gpu");
  if (facts["host"].value("chassis", "") == "desktop") names.insert("workstation");
  suggest(facts["roles"], "names", json(names));
}

void complete_accelerators(json& accelerators, std::string_view host) {
  if (accelerators["devices"].is_null()) accelerators["devices"] = json::array();
  suggest(accelerators, "count", accelerators["devices"].size());
  suggest(accelerators, "nouveau_loaded", false);
  suggest(accelerators, "cuda_toolkits", json::array());
  constexpr std::size_t kUuidDigits = 16;
  for (json& device : accelerators["devices"])
    if (device.value("usable", false)) suggest(device, "uuid_hash", sha256_hex(std::string(host) + device.value("address", "")).substr(0, kUuidDigits));
}

// Ages of things that come again and again, such as a nightly backup, start over below zero.
double age_on(double age_at_end, double ago, double cycle) {
  const double age = age_at_end - ago;
  if (age >= 0) return age;
  const double wrapped = std::fmod(age, cycle);
  return wrapped < 0 ? wrapped + cycle : wrapped;
}

void count_certificates(json& certificates) {
  if (whole(certificates, "count") == 0) return;
  constexpr double kSoonDays = 30;
  const double next = certificates.value("next_expiry_days", 365.0);
  suggest(certificates, "expired", 0);
  certificates["expiring_30d"] = next <= kSoonDays ? 1 : 0;
}

double tenth(double value) { return std::round(value * 10) / 10; }

}  // namespace

Result<void> type_facts(nlohmann::json& facts) {
  for (auto& [section, data] : facts.items()) {
    if (!data.is_object()) return fail(ErrorKind::invalid, section + ": a section is a mapping of facts");
    if (auto typed = type_members(data, section); !typed) return typed;
  }
  return {};
}

void complete_facts(nlohmann::json& facts, std::string_view host, int number) {
  for (const std::string_view section : sections()) {
    if (section == kHistorySection) continue;  // the collector's own
    json& data = facts[std::string(section)];
    if (data.is_null()) data = json::object();
  }
  for (const auto& [section, list] : std::initializer_list<std::pair<const char*, const char*>>{
           {"data_stores", "instances"}, {"ai", "services"}, {"ai", "frameworks"}, {"containers", "runtimes"}, {"storage", "filesystems"}, {"network", "interfaces"}})
    suggest(facts[section], list, json::array());
  suggest(facts["host"], "name", host);
  complete_processor(facts);
  complete_storage(facts["storage"]);
  complete_network(facts["network"], number);
  complete_accelerators(facts["accelerators"], host);
  complete_listeners(facts);
  complete_roles(facts);
}

void turn_back(nlohmann::json& facts, std::string_view host, int days_ago) {
  constexpr double kPatchCycleDays = 30, kRestartCycleDays = 45, kNightlyHours = 24, kMissedNightHours = 48;
  const double ago = days_ago;
  json& machine = facts["host"];
  if (machine.contains("uptime_seconds"))
    machine["uptime_seconds"] = std::floor(age_on(machine["uptime_seconds"].get<double>() / kSecondsPerDay, ago, kRestartCycleDays) * kSecondsPerDay + spread(host, "uptime", days_ago) * 3600);
  if (machine.contains("load_15min"))
    machine["load_15min"] = std::round(machine["load_15min"].get<double>() * (0.7 + 0.6 * spread(host, "load", days_ago)) * 100) / 100;
  if (machine.contains("process_count")) machine["process_count"] = whole(machine, "process_count") + static_cast<int>(spread(host, "processes", days_ago) * 30);
  json& memory = facts["memory"];
  if (memory.contains("available_bytes"))
    memory["available_bytes"] = std::llround(static_cast<double>(whole(memory, "available_bytes")) * (0.96 + 0.04 * spread(host, "memory", days_ago)) / 4096) * 4096;
  // Disks fill by a tenth of a percent in a week or so.
  for (json& filesystem : facts["storage"]["filesystems"]) {
    if (!filesystem.contains("free_percent") || filesystem.value("network", false)) continue;
    const double free = tenth(std::min(99.0, filesystem["free_percent"].get<double>() + ago / 70 + spread(host, filesystem.value("mount", ""), days_ago) / 5));
    filesystem["free_percent"] = free;
    filesystem["free_bytes"] = std::llround(static_cast<double>(whole(filesystem, "size_bytes")) * free / 100 / 4096) * 4096;
  }
  json& patching = facts["patching"];
  if (patching.contains("last_update_days")) patching["last_update_days"] = tenth(age_on(patching["last_update_days"].get<double>(), ago, kPatchCycleDays));
  json& backup = facts["backup"];
  if (backup.contains("last_success_hours")) {
    const double hours = backup["last_success_hours"].get<double>() - ago * kNightlyHours;
    backup["last_success_hours"] = hours > kMissedNightHours ? tenth(hours) : days_ago == 0 ? tenth(backup["last_success_hours"].get<double>()) : tenth(3 + 4 * spread(host, "backup", days_ago));
  }
  json& certificates = facts["certificates"];
  if (certificates.contains("next_expiry_days")) certificates["next_expiry_days"] = certificates["next_expiry_days"].get<double>() + ago;
  count_certificates(certificates);
}

bool leave_out(nlohmann::json& facts, std::string_view path) {
  json* at = &facts;
  const auto parts = split(path, '.');
  for (std::size_t step = 0; step < parts.size(); ++step) {
    std::string key(parts[step]);
    const bool list = key.size() > 2 && key.compare(key.size() - 2, 2, "[]") == 0;
    if (list) key.resize(key.size() - 2);
    if (!at->is_object() || !at->contains(key)) return false;
    if (step + 1 == parts.size()) return at->erase(key) > 0;
    at = &(*at)[key];
    if (!list) continue;
    bool found = false;
    std::string rest(parts[step + 1]);
    for (std::size_t more = step + 2; more < parts.size(); ++more) rest += "." + std::string(parts[more]);
    for (json& item : *at) found = leave_out(item, rest) || found;
    return found;
  }
  return false;
}

}  // namespace plumbline
