// SPDX-License-Identifier: Apache-2.0
// Which stores are here: services that run, containers, units, clusters on disk, packages, data left behind.
#include <algorithm>
#include <array>

#include "agent/config/glob.h"
#include "agent/containers_on_disk.h"
#include "agent/redact.h"
#include "agent/stores/started.h"
#include "agent/stores/store.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxInstances = 256;
constexpr std::size_t kMaxEnvironmentBytes = 256u << 10;
constexpr std::size_t kMaxTitles = 64;

/// Parts of names of units that may start a store.
constexpr std::array<std::string_view, 32> kUnitStems = {
    "mysql",  "maria",   "redis",    "valkey",    "keydb",    "dragonfly",   "memcached", "mongo",
    "couch",  "elastic", "opensear", "solr",      "meili",    "kafka",       "rabbit",    "nats",
    "mosqui", "minio",   "ceph",     "qdrant",    "milvus",   "weaviate",    "chroma",    "clickhouse",
    "influx", "cassan",  "scylla",   "neo4j",     "etcd",     "zookeeper",   "cockroach", "postgres"};

struct Marker {
  std::string_view kind;
  std::string_view folder;
  std::string_view mark;  // below the folder; there only where a store kept data
};
/// Where packages and manuals put data, and what is there once a store has run.
constexpr std::array<Marker, 26> kMarkers = {{
    {"mariadb", "/var/lib/mysql", "aria_log_control"},
    {"mysql", "/var/lib/mysql", "ibdata1"},
    {"mongodb", "/var/lib/mongodb", "WiredTiger"},
    {"mongodb", "/var/lib/mongo", "WiredTiger"},
    {"mssql", "/var/opt/mssql", "data/master.mdf"},
    {"redis", "/var/lib/redis", "dump.rdb"},
    {"valkey", "/var/lib/valkey", "dump.rdb"},
    {"elasticsearch", "/var/lib/elasticsearch", "_state"},
    {"elasticsearch", "/var/lib/elasticsearch", "nodes"},
    {"opensearch", "/var/lib/opensearch", "nodes"},
    {"qdrant", "/var/lib/qdrant/storage", "raft_state.json"},
    {"qdrant", "/opt/qdrant/storage", "raft_state.json"},
    {"milvus", "/var/lib/milvus", "rdb_data"},
    {"chroma", "/var/lib/chroma", "chroma.sqlite3"},
    {"clickhouse", "/var/lib/clickhouse", "metadata"},
    {"influxdb", "/var/lib/influxdb", "meta"},
    {"influxdb", "/var/lib/influxdb", "engine"},
    {"cassandra", "/var/lib/cassandra", "commitlog"},
    {"scylla", "/var/lib/scylla", "commitlog"},
    {"neo4j", "/var/lib/neo4j", "data/databases"},
    {"etcd", "/var/lib/etcd", "member"},
    {"rabbitmq", "/var/lib/rabbitmq", "mnesia"},
    {"couchdb", "/opt/couchdb/data", "_dbs.couch"},
    {"couchdb", "/var/lib/couchdb", "_dbs.couch"},
    {"solr", "/var/solr/data", "solr.xml"},
    {"minio", "/data", ".minio.sys"},
}};

bool may_start_store(std::string_view unit) {
  return std::any_of(kUnitStems.begin(), kUnitStems.end(),
                     [unit](std::string_view stem) { return contains(unit, stem); });
}

std::map<std::string, std::string> environment_of(const Host& host, int pid, bool& known) {
  std::map<std::string, std::string> found;
  const auto text = host.read_redacted("/proc/" + std::to_string(pid) + "/environ", redact_environment,
                                       kMaxEnvironmentBytes);
  known = text.has_value();
  if (!text) return found;
  for (const std::string_view part : split(*text, '\0')) {
    const std::size_t equals = part.find('=');
    if (equals != std::string_view::npos)
      found[std::string(part.substr(0, equals))] = part.substr(equals + 1);
  }
  return found;
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

void choose_package(Machine& machine, Store& store, std::string_view wanted_major) {
  for (const Package* package : packages_of(machine, store.product->kind)) {
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

/// Whether the program may come from a package: people install below these by hand.
bool is_packaged(const Store& store) {
  if (store.process == nullptr) return true;
  const std::string_view program = store.process->program;
  for (const std::string_view place : {"/usr/local/", "/home/", "/root/", "/srv/", "/data/", "/tmp/"})
    if (program.starts_with(place)) return false;
  return !program.starts_with("/opt/") || version_in_path(store.product->kind, program).empty();
}

std::string major_of_program(const Store& store) {
  if (store.product->kind != "postgresql") return "";
  if (store.process != nullptr && !store.process->program.empty()) return major_in_path(store.process->program);
  return store.words.empty() ? "" : major_in_path(store.words.front());
}

class StoreFinder {
 public:
  StoreFinder(const Host& host, Machine& machine) : host_(host), machine_(machine) {}

  std::vector<Store> run() {
    for (const Service& service : machine_.services()) add_service(service);
    for (const Container& container : machine_.containers().containers) add_container(container);
    for (const std::string& unit : wanted_services(host_, machine_, may_start_store)) add_unit(unit);
    add_clusters();
    for (const std::string_view kind : packaged_kinds()) add_packages(kind);
    for (const Marker& marker : kMarkers) add_marker(marker);
    return std::move(stores_);
  }

 private:
  bool is_full() const { return stores_.size() >= kMaxInstances; }

  bool is_seen(std::string_view kind) const {
    return std::any_of(stores_.begin(), stores_.end(),
                       [kind](const Store& one) { return one.product->kind == kind; });
  }

  void add(Store store) {
    store.now = machine_.now();
    if (!is_full()) stores_.push_back(std::move(store));
  }

  void add_service(const Service& service) {
    if (service.product->family != ProductFamily::data_store || is_full()) return;
    if (service.product->kind == "ceph" && is_seen("ceph")) return;  // one row a host, not one a disk
    Store store;
    store.product = service.product;
    // Before 10.4 MariaDB's server was called mysqld.
    if (store.product->kind == "mysql" && packages_of(machine_, "mysql").empty() &&
        !packages_of(machine_, "mariadb").empty())
      store.product = find_product("mariadb");
    store.service = &service;
    store.running = true;
    store.process = machine_.process(service.pid);
    store.exposure = exposure_of(service.sockets, main_port(service));
    store.exposure_seen = !service.sockets.empty() || machine_.sockets().has_value();
    if (store.process != nullptr) read_process(store);
    if (service.pid == 0) place_published(store, service);
    if (store.contained)
      place_in_container(store);
    else if (is_packaged(store))
      choose_package(machine_, store, major_of_program(store));
    add(std::move(store));
  }

  void read_process(Store& store) {
    const int pid = store.process->pid;
    store.words = store.process->arguments;
    store.unit = machine_.unit_of(pid);
    store.contained = contains(store.unit, ":");
    store.environment = environment_of(host_, pid, store.environment_known);
    if (const auto folder = host_.read_link("/proc/" + std::to_string(pid) + "/cwd")) store.working_folder = *folder;
    const auto& processes = machine_.processes();
    if (processes) {
      for (const Process& child : *processes)
        if (child.parent == pid && !child.arguments.empty() && store.titles.size() < kMaxTitles)
          store.titles.push_back(child.arguments.front());
    }
    // Redis writes its address over its words; its unit still names the configuration.
    const bool titled = store.product->kind == "redis" || store.product->kind == "valkey";
    if (titled && !store.contained && store.unit.ends_with(".service")) {
      const UnitCommand command = unit_command(host_, machine_, store.unit);
      for (const std::string& word : command.words)
        if (word.starts_with('/') && word.ends_with(".conf")) store.words.push_back(word);
    }
  }

  /// A port that an engine publishes tells which container is behind it.
  void place_published(Store& store, const Service& service) {
    const int port = main_port(service);
    for (const Container& one : machine_.containers().containers) {
      for (const PublishedPort& published : one.published) {
        if (one.running && published.port == port && kind_of_image(one.image) == store.product->kind) {
          store.container = &one;
          store.contained = true;
        }
      }
    }
  }

  void place_in_container(Store& store) {
    const std::size_t colon = store.unit.find(':');
    const std::string_view id =
        colon == std::string::npos ? std::string_view() : std::string_view(store.unit).substr(colon + 1);
    for (const Container& one : machine_.containers().containers)
      if (store.container == nullptr && !id.empty() && one.id.starts_with(id)) store.container = &one;
    if (store.container == nullptr) return;
    take_container(store);
    const bool seen = store.service != nullptr && !store.service->sockets.empty();
    if (!seen) expose_container(store);
  }

  static void take_container(Store& store) {
    const Container& container = *store.container;
    store.contained = true;
    store.image = container.image;
    if (store.unit.empty()) store.unit = container.engine + ":" + container.id.substr(0, 12);
    if (store.words.empty()) store.words = container.arguments;
    for (const std::string& word : container.arguments)  // what a title hides
      if (word.starts_with('/') && word.ends_with(".conf")) store.words.push_back(word);
    for (const auto& [name, value] : container.environment) store.environment.emplace(name, value);
    store.environment_known = store.environment_known || !container.environment.empty();
  }

  /// Ports that the engine forwards in the kernel have no listener of ours. What it does not forward is reached
  /// from this host alone, but in a cluster from every pod.
  static void expose_container(Store& store) {
    const Container& container = *store.container;
    store.exposure = "none";
    store.exposure_seen = true;
    if (!store.running) return;
    if (container.network == "host") {
      store.exposure.clear();
      store.exposure_seen = false;
      return;
    }
    const bool cluster = contains(store.unit, "kubernetes:") || container.engine == "containerd" ||
                         container.engine == "cri-o";
    store.exposure = cluster ? "private" : "loopback";
    for (const PublishedPort& one : container.published) {
      if (one.protocol != "tcp" || (one.inside != store.product->port && container.published.size() > 1))
        continue;
      store.exposure = wider(store.exposure, exposure_of(one.address));
      if (store.port == 0) store.port = one.port;
    }
  }

  void add_container(const Container& container) {
    const bool known = std::any_of(stores_.begin(), stores_.end(),
                                   [&](const Store& one) { return one.container == &container; });
    if (known) return;
    const Product* product = find_product(kind_of_image(container.image));
    if (product == nullptr) {
      Process as_started;
      as_started.arguments = container.arguments;
      product = container.arguments.empty() ? nullptr : product_of(as_started);
    }
    if (product == nullptr || product->family != ProductFamily::data_store) return;
    // A client's or an exporter's start with the server's image is no store, but nobody can tell for sure.
    Store store;
    store.product = product;
    store.container = &container;
    store.running = container.running;
    take_container(store);
    expose_container(store);
    add(std::move(store));
  }

  void add_unit(const std::string& unit) {
    for (const Store& one : stores_)
      if (one.unit == unit) return;
    const UnitCommand command = unit_command(host_, machine_, unit);
    if (command.words.empty()) return;
    Process as_started;
    as_started.arguments = command.words;
    const Product* product = product_of(as_started);
    if (product == nullptr || product->family != ProductFamily::data_store) return;
    for (const Store& one : stores_)  // it may be this one, if nobody can tell what started it
      if (one.product == product && one.running && !one.unit.ends_with(".service")) return;
    Store store;
    store.product = product;
    store.unit = unit;
    store.words = command.words;
    store.environment = command.environment;
    store.environment_known = true;
    store.working_folder = command.working_folder;
    store.exposure = "none";
    choose_package(machine_, store, major_of_program(store));
    add(std::move(store));
  }

  bool is_cluster_known(const std::string& config, const std::string& data) const {
    return std::any_of(stores_.begin(), stores_.end(), [&](const Store& one) {
      if (one.product->kind != "postgresql" || one.contained) return false;
      if (one.running && one.words.size() < 2) return true;  // which one it is may not be read
      return std::any_of(one.words.begin(), one.words.end(), [&](std::string_view word) {
        while (word.size() > 1 && word.ends_with('/')) word.remove_suffix(1);
        return (!config.empty() && contains(word, config)) || (!data.empty() && word.ends_with(data)) ||
               (word.starts_with('/') && last_of(one.environment, "PGDATA") == data && !data.empty());
      });
    });
  }

  void add_cluster(const std::string& config, const std::string& data) {
    if (is_cluster_known(config, data) || is_full()) return;
    Store store;
    store.product = find_product("postgresql");
    store.words = {"postgres"};
    if (!data.empty()) store.words.insert(store.words.end(), {"-D", data});
    if (!config.empty()) store.words.insert(store.words.end(), {"-c", "config_file=" + config});
    store.exposure = "none";
    choose_package(machine_, store, major_in_path(config.empty() ? data : config));
    if (store.package == nullptr) choose_package(machine_, store, "");
    if (major_in_path(config.empty() ? data : config).empty() || store.package == nullptr ||
        std::to_string(major_of(store.version)) == major_in_path(config.empty() ? data : config))
      return add(std::move(store));
    store.package = nullptr;  // its server is gone, its data is not
    store.version.clear();
    store.version_source.clear();
    add(std::move(store));
  }

  /// Clusters of PostgreSQL that do not run: Debian's by their configuration, others by their data.
  void add_clusters() {
    for (const std::string& config : glob(host_, "/etc/postgresql/*/*/postgresql.conf")) add_cluster(config, "");
    std::vector<std::string> marks = glob(host_, "/var/lib/pgsql/*/data/PG_VERSION");
    if (host_.stat("/var/lib/pgsql/data/PG_VERSION")) marks.push_back("/var/lib/pgsql/data/PG_VERSION");
    for (const std::string& mark : marks) add_cluster("", mark.substr(0, mark.rfind('/')));
  }

  void add_packages(std::string_view kind) {
    if (is_seen(kind) || packages_of(machine_, kind).empty()) return;
    Store store;
    store.product = find_product(kind);
    store.exposure = "none";
    choose_package(machine_, store, "");
    if (store.package != nullptr) add(std::move(store));  // else the package only names another one
  }

  void add_marker(const Marker& marker) {
    const bool mysql_like = marker.kind == "mysql" || marker.kind == "mariadb";
    if (is_seen(marker.kind) || (mysql_like && (is_seen("mysql") || is_seen("mariadb")))) return;
    const std::string folder(marker.folder);
    if (!host_.stat(folder + "/" + std::string(marker.mark))) return;
    for (const Store& one : stores_) {  // a container's volume is that container's store
      if (one.container == nullptr) continue;
      for (const auto& [inside, outside] : one.container->volumes)
        if (outside == folder || folder.starts_with(outside + "/")) return;
    }
    Store store;
    store.product = find_product(marker.kind);
    store.data_folder = folder;
    store.exposure = "none";
    add(std::move(store));
  }

  const Host& host_;
  Machine& machine_;
  std::vector<Store> stores_;
};

struct ImageName {
  std::string_view name;  // the last part of the repository, or the last two
  std::string_view kind;
};
constexpr std::array kImages = {
    ImageName{"postgres", "postgresql"},
    ImageName{"postgresql", "postgresql"},
    ImageName{"postgis", "postgresql"},
    ImageName{"pgvector", "postgresql"},
    ImageName{"pgvecto-rs", "postgresql"},
    ImageName{"vectorchord-postgres", "postgresql"},
    ImageName{"timescaledb", "postgresql"},
    ImageName{"timescaledb-ha", "postgresql"},
    ImageName{"spilo-17", "postgresql"},
    ImageName{"spilo-16", "postgresql"},
    ImageName{"mysql", "mysql"},
    ImageName{"mysql-server", "mysql"},
    ImageName{"community-server", "mysql"},
    ImageName{"percona", "mysql"},
    ImageName{"percona-server", "mysql"},
    ImageName{"mariadb", "mariadb"},
    ImageName{"mariadb-galera", "mariadb"},
    ImageName{"mssql/server", "mssql"},
    ImageName{"azure-sql-edge", "mssql"},
    ImageName{"database/enterprise", "oracle"},
    ImageName{"database/free", "oracle"},
    ImageName{"database/express", "oracle"},
    ImageName{"oracle-free", "oracle"},
    ImageName{"oracle-xe", "oracle"},
    ImageName{"ibmcom/db2", "db2"},
    ImageName{"db2_community/db2", "db2"},
    ImageName{"cockroach", "cockroachdb"},
    ImageName{"redis", "redis"},
    ImageName{"redis-stack", "redis"},
    ImageName{"redis-stack-server", "redis"},
    ImageName{"keydb", "redis"},
    ImageName{"valkey", "valkey"},
    ImageName{"valkey-bundle", "valkey"},
    ImageName{"dragonfly", "dragonfly"},
    ImageName{"memcached", "memcached"},
    ImageName{"mongo", "mongodb"},
    ImageName{"mongodb", "mongodb"},
    ImageName{"mongodb-community-server", "mongodb"},
    ImageName{"mongodb-enterprise-server", "mongodb"},
    ImageName{"percona-server-mongodb", "mongodb"},
    ImageName{"couchdb", "couchdb"},
    ImageName{"elasticsearch", "elasticsearch"},
    ImageName{"elasticsearch-wolfi", "elasticsearch"},
    ImageName{"opensearch", "opensearch"},
    ImageName{"solr", "solr"},
    ImageName{"meilisearch", "meilisearch"},
    ImageName{"kafka", "kafka"},
    ImageName{"kafka-native", "kafka"},
    ImageName{"cp-kafka", "kafka"},
    ImageName{"cp-server", "kafka"},
    ImageName{"rabbitmq", "rabbitmq"},
    ImageName{"nats", "nats"},
    ImageName{"eclipse-mosquitto", "mosquitto"},
    ImageName{"minio", "minio"},
    ImageName{"ceph", "ceph"},
    ImageName{"qdrant", "qdrant"},
    ImageName{"milvus", "milvus"},
    ImageName{"weaviate", "weaviate"},
    ImageName{"chroma", "chroma"},
    ImageName{"clickhouse", "clickhouse"},
    ImageName{"clickhouse-server", "clickhouse"},
    ImageName{"influxdb", "influxdb"},
    ImageName{"cassandra", "cassandra"},
    ImageName{"scylla", "scylla"},
    ImageName{"neo4j", "neo4j"},
    ImageName{"etcd", "etcd"},
    ImageName{"zookeeper", "zookeeper"},
    ImageName{"cp-zookeeper", "zookeeper"},
};

}  // namespace

std::string_view kind_of_image(std::string_view image) {
  image = image.substr(0, image.find('@'));
  const std::size_t slash = image.rfind('/');
  const std::size_t from = slash == std::string_view::npos ? 0 : slash + 1;
  const std::size_t colon = image.find(':', from);
  if (colon != std::string_view::npos) image = image.substr(0, colon);
  const std::string_view last = image.substr(from);
  const auto found = std::find_if(kImages.begin(), kImages.end(), [&](const ImageName& one) {
    if (one.name.find('/') == std::string_view::npos) return one.name == last;
    return image == one.name || (image.ends_with(one.name) && image[image.size() - one.name.size() - 1] == '/');
  });
  return found == kImages.end() ? std::string_view() : found->kind;
}

std::vector<Store> find_stores(const Host& host, Machine& machine) {
  return StoreFinder(host, machine).run();
}

}  // namespace plumbline
