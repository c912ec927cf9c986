// SPDX-License-Identifier: Apache-2.0
// Which inspector reads which product.
#include <algorithm>
#include <array>

#include "agent/stores/store.h"

namespace plumbline {
namespace {

using Inspect = void (*)(const Host&, Store&);

constexpr std::array<std::pair<std::string_view, Inspect>, 34> kInspectors = {
    {{"postgresql", inspect_postgresql},
     {"mysql", inspect_mysql},
     {"mariadb", inspect_mysql},
     {"mssql", inspect_mssql},
     {"oracle", inspect_oracle},
     {"db2", inspect_db2},
     {"cockroachdb", inspect_cockroachdb},
     {"redis", inspect_redis},
     {"valkey", inspect_redis},
     {"dragonfly", inspect_dragonfly},
     {"memcached", inspect_memcached},
     {"mongodb", inspect_mongodb},
     {"couchdb", inspect_couchdb},
     {"elasticsearch", inspect_elasticsearch},
     {"opensearch", inspect_opensearch},
     {"solr", inspect_solr},
     {"meilisearch", inspect_meilisearch},
     {"kafka", inspect_kafka},
     {"rabbitmq", inspect_rabbitmq},
     {"nats", inspect_nats},
     {"mosquitto", inspect_mosquitto},
     {"etcd", inspect_etcd},
     {"zookeeper", inspect_zookeeper},
     {"minio", inspect_minio},
     {"ceph", inspect_ceph},
     {"qdrant", inspect_qdrant},
     {"milvus", inspect_milvus},
     {"weaviate", inspect_weaviate},
     {"chroma", inspect_chroma},
     {"clickhouse", inspect_clickhouse},
     {"cassandra", inspect_cassandra},
     {"scylla", inspect_cassandra},
     {"neo4j", inspect_neo4j},
     {"influxdb", inspect_influxdb}}};

}  // namespace

void inspect_store(const Host& host, Store& store) {
  const auto row = std::find_if(kInspectors.begin(), kInspectors.end(),
                                [&](const auto& one) { return one.first == store.product->kind; });
  if (row != kInspectors.end()) row->second(host, store);
}

}  // namespace plumbline
