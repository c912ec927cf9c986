// SPDX-License-Identifier: Apache-2.0
// One data store found here, and what its configuration says of it; one inspector a product beside this file.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/machine.h"
#include "agent/services.h"

namespace plumbline {

struct Container;  // agent/containers_on_disk.h

struct Store {
  const Product* product = nullptr;
  const Service* service = nullptr;      // nullptr where it is there and does not run
  const Process* process = nullptr;      // nullptr where it may not be seen
  const Package* package = nullptr;      // of this host; nullptr in a container
  const Container* container = nullptr;  // the container it is in, where its engine tells
  bool running = false;
  bool contained = false;                          // runs in a container: its paths are not this host's
  std::string unit;                                // "redis-server@cache.service", "docker:3f2a…"; often empty
  std::string image;                               // "docker.io/library/postgres:16.4"
  std::string working_folder;                      // of its process, for paths that begin with "./"
  std::vector<std::string> words;                  // how it was started: of the process, its unit or its container
  std::vector<std::string> titles;                 // of its child processes: "postgres: walsender …"
  std::map<std::string, std::string> environment;  // names, and values that hold no secret
  bool environment_known = false;
  std::int64_t now = 0;  // UTC seconds of the host's clock, 0 unknown

  // What inspectors fill; "" is not known.
  std::string version, version_source;
  std::string exposure;
  bool exposure_seen = false;  // by listeners or published ports: settings say nothing more
  int port = 0;  // as configured, where no listener was seen
  std::string auth = "unknown", auth_evidence;
  std::string tls = "unknown";
  std::optional<bool> tls_required;
  std::string data_folder;                // as the store names it
  std::vector<std::string> more_folders;  // of this host: tablespaces, further log folders
  std::string replication = "unknown", archiving = "unknown";
  std::optional<double> archive_age_hours;
  std::optional<bool> vector_capable;
  std::string vector_version;
  std::optional<std::int64_t> cache_bytes;
  std::optional<bool> evicts;
  std::optional<int> replication_factor, min_insync, cluster_nodes;
  std::string coordination;
  std::optional<bool> snapshot_repository;
  std::vector<std::string> risky;  // "local_infile=on"

  // What it said on its own port, filled by add_answers() (agent/stores/answered.h).
  std::string answered_version, answered_auth, answered_tls;

  /// words, and nothing where nobody knows how it was started.
  const std::vector<std::string>& arguments() const { return words; }
};

/// The installed packages of a product; of PostgreSQL one for each major version.
std::vector<const Package*> packages_of(Machine& machine, std::string_view kind);
/// Products that packages are known for.
std::vector<std::string_view> packaged_kinds();
/// "postgresql-15", "redis-server": the package of a store's server.
bool is_store_package(std::string_view name);
/// "postgresql-15-pgvector", "pgvector_16": the package of PostgreSQL's vector search.
bool is_vector_package(std::string_view name);
/// The store that an image holds by its name: "docker.io/library/postgres:16" is postgresql; "" for others.
std::string_view kind_of_image(std::string_view image);

/// Stores of this machine that run, that are installed and do not, and that left their data; with how they were
/// started and where, without what their configuration says.
std::vector<Store> find_stores(const Host& host, Machine& machine);

/// The version where no package told: from the path of a program or a file, an image's tag, or variables that
/// images set.
void find_version(const Host& host, Store& store);
/// "/opt/kafka_2.13-3.9.0/libs/x.jar" of kafka is "3.9.0"; "" where the path does not tell.
std::string version_in_path(std::string_view kind, std::string_view path);

/// Reads what the store's configuration says into `store`. `host` is the container's inside for contained ones.
void inspect_store(const Host& host, Store& store);

// One function a product or a family; rows of the table in inspect.cc.
void inspect_postgresql(const Host& host, Store& store);
void inspect_mysql(const Host& host, Store& store);  // and MariaDB
void inspect_mssql(const Host& host, Store& store);
void inspect_oracle(const Host& host, Store& store);
void inspect_db2(const Host& host, Store& store);
void inspect_cockroachdb(const Host& host, Store& store);
void inspect_redis(const Host& host, Store& store);  // and Valkey
void inspect_dragonfly(const Host& host, Store& store);
void inspect_memcached(const Host& host, Store& store);
void inspect_mongodb(const Host& host, Store& store);
void inspect_couchdb(const Host& host, Store& store);
void inspect_elasticsearch(const Host& host, Store& store);
void inspect_opensearch(const Host& host, Store& store);
void inspect_solr(const Host& host, Store& store);
void inspect_meilisearch(const Host& host, Store& store);
void inspect_kafka(const Host& host, Store& store);
void inspect_rabbitmq(const Host& host, Store& store);
void inspect_nats(const Host& host, Store& store);
void inspect_mosquitto(const Host& host, Store& store);
void inspect_etcd(const Host& host, Store& store);
void inspect_zookeeper(const Host& host, Store& store);
void inspect_minio(const Host& host, Store& store);
void inspect_ceph(const Host& host, Store& store);
void inspect_qdrant(const Host& host, Store& store);
void inspect_milvus(const Host& host, Store& store);
void inspect_weaviate(const Host& host, Store& store);
void inspect_chroma(const Host& host, Store& store);
void inspect_clickhouse(const Host& host, Store& store);
void inspect_cassandra(const Host& host, Store& store);  // and Scylla
void inspect_neo4j(const Host& host, Store& store);
void inspect_influxdb(const Host& host, Store& store);

/// Sets auth and what made it so.
void set_auth(Store& store, std::string_view auth, std::string evidence);
/// auth stays unknown, and the evidence says why: "permission denied: /etc/redis/redis.conf".
void set_auth_unread(Store& store, const Error& why);
/// The first of the paths that is there; the last error where none can be read.
Result<std::string> first_readable(const Host& host, std::initializer_list<std::string> paths);
/// Widens exposure by an address to which it is set to listen; only where no listener was seen.
void listen_on(Store& store, std::string_view address);
/// A path of the store's settings made whole by the folder it runs in; "" where that is not known.
std::string whole_path(const Store& store, std::string_view path);
/// "128MB", "4 GiB", "2g", "512" (times `unit`) in bytes; nothing where it is no size.
std::optional<std::int64_t> parse_size(std::string_view text, std::int64_t unit = 1);
/// Key and value of "key = value" lines, the last one wins.
std::map<std::string, std::string> key_values(std::string_view text);
/// "5:7.0.15-1~deb12u6" to "7.0.15".
std::string upstream_version(std::string_view version);
/// The number before the first dot; 0 where there is none.
int major_of(std::string_view version);
int minor_of(std::string_view version);
/// Whether the store's version is known and at least this one.
bool is_version(const Store& store, int major, int minor = 0);
bool is_on(std::string_view value);  // 1, on, yes, true, enabled
std::string last_of(const std::map<std::string, std::string>& settings, const std::string& key,
                    std::string fallback = "");

}  // namespace plumbline
