// SPDX-License-Identifier: Apache-2.0
// Databases, caches, queues, object, search and vector stores: those that run, and those that are installed.
#include <algorithm>
#include <array>

#include "agent/config/glob.h"
#include "agent/probes/all.h"
#include "agent/redact.h"
#include "agent/stores/store.h"
#include "base/json.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxInstances = 256;
constexpr std::size_t kMaxEnvironmentBytes = 256u << 10;

using Inspect = void (*)(const Host&, Store&);
constexpr std::array<std::pair<std::string_view, Inspect>, 18> kInspectors = {
    {{"postgresql", inspect_postgresql},
     {"mysql", inspect_mysql},
     {"mariadb", inspect_mysql},
     {"redis", inspect_redis},
     {"valkey", inspect_redis},
     {"memcached", inspect_memcached},
     {"mongodb", inspect_mongodb},
     {"elasticsearch", inspect_elasticsearch},
     {"opensearch", inspect_opensearch},
     {"kafka", inspect_kafka},
     {"rabbitmq", inspect_rabbitmq},
     {"etcd", inspect_etcd},
     {"qdrant", inspect_qdrant},
     {"milvus", inspect_milvus},
     {"weaviate", inspect_weaviate},
     {"chroma", inspect_chroma},
     {"clickhouse", inspect_clickhouse},
     {"minio", inspect_minio}}};

std::map<std::string, std::string> environment_of(const Host& host, int pid) {
  std::map<std::string, std::string> found;
  const auto text = host.read_redacted("/proc/" + std::to_string(pid) + "/environ", redact_environment,
                                       kMaxEnvironmentBytes);
  if (!text) return found;
  for (const std::string_view part : split(*text, '\0')) {
    const std::size_t equals = part.find('=');
    if (equals != std::string_view::npos)
      found[std::string(part.substr(0, equals))] = part.substr(equals + 1);
  }
  return found;
}

void choose_version(Store& store, const std::vector<const Package*>& packages,
                    std::string_view wanted_major) {
  for (const Package* package : packages) {
    const std::string version = upstream_version(package->version);
    if (!wanted_major.empty() && !version.starts_with(std::string(wanted_major) + ".") &&
        version != wanted_major)
      continue;
    if (major_of(version) == 0 && version.find('.') == std::string::npos) continue;
    store.package = package;
    store.version = version;
    store.version_source = "package";
    return;
  }
}

/// The major version in a path: "/usr/lib/postgresql/15/bin/postgres", "/var/lib/pgsql/16/data".
std::string major_in_path(std::string_view path) {
  for (const std::string_view part : split(path, '/')) {
    if (!part.empty() && part.size() <= 2 && part.find_first_not_of("0123456789") == std::string_view::npos)
      return std::string(part);
    if (part.starts_with("pgsql-")) return std::string(part.substr(6));
  }
  return "";
}

void inspect(const Host& host, Store& store) {
  const auto row = std::find_if(kInspectors.begin(), kInspectors.end(),
                                [&](const auto& one) { return one.first == store.product->kind; });
  if (row == kInspectors.end())
    inspect_other(host, store);
  else
    row->second(host, store);
}

nlohmann::json to_fact(const Host& host, Machine& machine, Store& store) {
  nlohmann::json fact = {{"kind", store.product->kind},
                         {"category", store.product->category},
                         {"running", store.service != nullptr},
                         {"exposure", store.exposure.empty() ? "none" : store.exposure},
                         {"auth", store.auth},
                         {"tls", store.tls},
                         {"replication", store.replication},
                         {"archiving", store.archiving}};
  const auto set = [&](const char* key, const std::string& value) {
    if (!value.empty()) fact[key] = value;
  };
  set("version", store.version);
  set("version_source", store.version_source);
  set("auth_evidence", store.auth_evidence);
  set("data_folder", store.data_folder);
  set("vector_version", store.vector_version);
  if (store.vector_capable) fact["vector_capable"] = *store.vector_capable;
  if (store.service != nullptr && main_port(*store.service) != 0) fact["port"] = main_port(*store.service);
  if (store.process != nullptr) {
    if (const auto uid = machine.uid_of(store.process->pid)) {
      fact["user"] = machine.user_name(*uid);
      fact["root"] = *uid == 0;
    }
  }
  const Mount* mount =
      store.data_folder.empty() || store.contained ? nullptr : machine.mount_of(store.data_folder);
  if (mount == nullptr) return fact;
  fact["data_on_network_fs"] = mount->network;
  if (mount->network) return fact;
  if (const BlockLayers layers = machine.layers_of(*mount); layers.known)
    fact["data_encrypted"] = layers.encrypted;
  if (const auto answer = host.ask("statvfs:" + mount->point)) {
    const auto json = parse_json(*answer);
    if (json && json->contains("block_bytes") && json->contains("blocks_available")) {
      const auto& block = json->at("block_bytes");
      const auto& free = json->at("blocks_available");
      if (block.is_number_unsigned() && free.is_number_unsigned())
        fact["data_free_bytes"] = block.get<std::uint64_t>() * free.get<std::uint64_t>();
    }
  }
  return fact;
}

Store running_store(const Host& host, Machine& machine, const Service& service) {
  Store store;
  store.product = service.product;
  // Before 10.4 MariaDB's server was called mysqld.
  if (store.product->kind == "mysql" && packages_of(machine, "mysql").empty() &&
      !packages_of(machine, "mariadb").empty())
    store.product = find_product("mariadb");
  store.service = &service;
  store.process = machine.process(service.pid);
  store.exposure = exposure_of(service.sockets, main_port(service));
  store.running = true;
  if (store.process != nullptr) {
    store.words = store.process->arguments;
    store.contained = contains(machine.unit_of(service.pid), ":");
    store.environment = environment_of(host, service.pid);
  }
  if (store.contained) return store;  // packages and files of this host say nothing about it
  const std::string major =
      store.product->kind == "postgresql" && store.process != nullptr
          ? major_in_path(store.process->program.empty()
                              ? (store.process->arguments.empty() ? "" : store.process->arguments[0])
                              : store.process->program)
          : "";
  choose_version(store, packages_of(machine, store.product->kind), major);
  return store;
}

/// Clusters of PostgreSQL on Debian that do not run, by their configuration.
std::vector<std::string> debian_clusters(const Host& host) {
  auto found = glob(host, "/etc/postgresql/*/*/postgresql.conf");
  for (auto& path : found) path = path.substr(0, path.rfind('/'));
  return found;
}

}  // namespace

Result<void> probe_data_stores(const Host& host, Machine& machine, Facts& facts) {
  nlohmann::json instances = nlohmann::json::array();
  std::vector<std::string_view> running;
  for (const Service& service : machine.services()) {
    if (service.product->family != ProductFamily::data_store || instances.size() >= kMaxInstances) continue;
    Store store = running_store(host, machine, service);
    if (!store.contained)
      inspect(host, store);
    else
      store.auth_evidence = "it runs in a container";
    running.push_back(store.product->kind);
    instances.push_back(to_fact(host, machine, store));
  }
  for (const std::string_view kind : packaged_kinds()) {
    const bool seen = std::find(running.begin(), running.end(), kind) != running.end();
    if (seen || instances.size() >= kMaxInstances) continue;
    const auto packages = packages_of(machine, kind);
    if (packages.empty()) continue;
    Store store;
    store.product = find_product(kind);
    const auto clusters = kind == "postgresql" ? debian_clusters(host) : std::vector<std::string>{};
    choose_version(store, packages, clusters.empty() ? "" : major_in_path(clusters.front()));
    if (store.package == nullptr) continue;  // a package that only names another one
    Process stopped;  // inspectors read a cluster's place from the arguments it would run with
    if (!clusters.empty()) {
      stopped.arguments = {"postgres", "-c", "config_file=" + clusters.front() + "/postgresql.conf"};
      store.process = &stopped;
      store.words = stopped.arguments;
    }
    store.exposure = "none";
    inspect(host, store);
    store.process = nullptr;
    instances.push_back(to_fact(host, machine, store));
  }
  if (const auto& processes = machine.processes(); !processes && !machine.packages())
    return tl::unexpected<Error>(processes.error());
  facts.set("data_stores.instances", std::move(instances));
  return {};
}

}  // namespace plumbline
