// SPDX-License-Identifier: Apache-2.0
// Names of the packages that hold servers of data stores.
#include <algorithm>
#include <array>

#include "agent/stores/store.h"

namespace plumbline {
namespace {

/// "postgresql-#" stands for any version number.
struct PackageName {
  std::string_view kind, before, after;  // after is what follows the number
  bool numbered = false;

  constexpr PackageName(std::string_view product, std::string_view pattern)
      : kind(product), before(pattern.substr(0, pattern.find('#'))), numbered(before.size() < pattern.size()) {
    if (numbered) after = pattern.substr(before.size() + 1);
  }
};
constexpr std::array kPackages = {
    PackageName{"postgresql", "postgresql-#"},
    PackageName{"postgresql", "postgresql-server"},
    PackageName{"postgresql", "postgresql#-server"},
    PackageName{"postgresql", "postgresql#"},
    PackageName{"mysql", "mysql-server"},
    PackageName{"mysql", "mysql-server-#"},
    PackageName{"mysql", "mysql-community-server"},
    PackageName{"mysql", "percona-server-server"},
    PackageName{"mariadb", "mariadb-server"},
    PackageName{"mariadb", "MariaDB-server"},
    PackageName{"mariadb", "mariadb-server-#"},
    PackageName{"mssql", "mssql-server"},
    PackageName{"redis", "redis-server"},
    PackageName{"redis", "redis"},
    PackageName{"valkey", "valkey-server"},
    PackageName{"valkey", "valkey"},
    PackageName{"memcached", "memcached"},
    PackageName{"mongodb", "mongodb-org-server"},
    PackageName{"mongodb", "mongodb-server"},
    PackageName{"mongodb", "mongodb-server-core"},
    PackageName{"couchdb", "couchdb"},
    PackageName{"elasticsearch", "elasticsearch"},
    PackageName{"opensearch", "opensearch"},
    PackageName{"rabbitmq", "rabbitmq-server"},
    PackageName{"nats", "nats-server"},
    PackageName{"minio", "minio"},
    PackageName{"qdrant", "qdrant"},
    PackageName{"milvus", "milvus"},
    PackageName{"clickhouse", "clickhouse-server"},
    PackageName{"influxdb", "influxdb"},
    PackageName{"influxdb", "influxdb2"},
    PackageName{"cassandra", "cassandra"},
    PackageName{"scylla", "scylla-server"},
    PackageName{"neo4j", "neo4j"},
    PackageName{"etcd", "etcd-server"},
    PackageName{"etcd", "etcd"},
    PackageName{"kafka", "confluent-server"},
    PackageName{"kafka", "confluent-kafka"},
    PackageName{"kafka", "kafka"},
    PackageName{"zookeeper", "zookeeperd"},
    PackageName{"meilisearch", "meilisearch"},
    PackageName{"mosquitto", "mosquitto"},
    PackageName{"mysql", "mysql-community-server-minimal"},
    PackageName{"mysql", "mysql#-server"},
    PackageName{"mysql", "percona-server-server-#"},
    PackageName{"mariadb", "mariadb#-server"},
    PackageName{"redis", "redis#"},
    PackageName{"redis", "keydb-server"},
    PackageName{"redis", "redis-stack-server"},
    PackageName{"dragonfly", "dragonfly"},
    PackageName{"mongodb", "mongodb-enterprise-server"},
    PackageName{"mongodb", "percona-server-mongodb-server"},
    PackageName{"solr", "solr"},
    PackageName{"zookeeper", "zookeeper-server"},
    PackageName{"cockroachdb", "cockroach"},
    PackageName{"ceph", "ceph-osd"},
    PackageName{"ceph", "ceph-mon"},
    PackageName{"ceph", "ceph-radosgw"},
    PackageName{"ceph", "radosgw"},
    PackageName{"clickhouse", "clickhouse-common-static"},
    PackageName{"influxdb", "influxdb3-core"},
    PackageName{"oracle", "oracle-database-free-#ai"},
    PackageName{"oracle", "oracle-database-ee-#c"},
    PackageName{"oracle", "oracle-database-xe-#c"},
    PackageName{"kafka", "confluent-kafka-#"},
};

constexpr std::array kVectorPackages = {
    PackageName{"", "pgvector"},
    PackageName{"", "postgresql-#-pgvector"},
    PackageName{"", "pgvector_#"},
    PackageName{"", "postgresql#-pgvector"},
};

/// "postgresql-#" for "postgresql-15" and "mysql-server-8.0", not for "postgresql-client".
bool matches(const PackageName& row, std::string_view name) {
  if (name.empty() || name.front() != row.before.front() || !name.starts_with(row.before)) return false;
  if (!row.numbered) return name.size() == row.before.size();
  if (name.size() <= row.before.size() + row.after.size() || !name.ends_with(row.after)) return false;
  const std::string_view number = name.substr(row.before.size(), name.size() - row.before.size() - row.after.size());
  return number.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

std::vector<const Package*> packages_of(Machine& machine, std::string_view kind) {
  std::vector<const Package*> found;
  const auto& all = machine.packages();
  if (!all) return found;
  for (const auto& row : kPackages) {
    if (row.kind != kind) continue;
    auto one = std::lower_bound(all->begin(), all->end(), row.before,
                                [](const Package& package, std::string_view wanted) { return package.name < wanted; });
    for (; one != all->end() && one->name.starts_with(row.before); ++one)
      if (matches(row, one->name)) found.push_back(&*one);
  }
  return found;
}

std::vector<std::string_view> packaged_kinds() {
  std::vector<std::string_view> kinds;
  for (const auto& row : kPackages) {
    if (std::find(kinds.begin(), kinds.end(), row.kind) == kinds.end()) kinds.push_back(row.kind);
  }
  return kinds;
}

bool is_vector_package(std::string_view name) {
  return std::any_of(kVectorPackages.begin(), kVectorPackages.end(), [name](const PackageName& row) { return matches(row, name); });
}

bool is_store_package(std::string_view name) {
  static constexpr std::array<bool, 256> kFirst = [] {  // "lib…", the most there are, is none
    std::array<bool, 256> first{};
    for (const PackageName& row : kPackages) first[static_cast<unsigned char>(row.before.front())] = true;
    return first;
  }();
  if (name.empty() || !kFirst[static_cast<unsigned char>(name.front())]) return false;
  return std::any_of(kPackages.begin(), kPackages.end(), [name](const PackageName& row) { return matches(row, name); });
}

}  // namespace plumbline
