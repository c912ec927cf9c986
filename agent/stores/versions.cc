// SPDX-License-Identifier: Apache-2.0
// Where a store's version stands when no package tells: names of its files, its image, its start.
#include <algorithm>
#include <array>

#include "agent/config/glob.h"
#include "agent/containers_on_disk.h"
#include "agent/stores/store.h"
#include "base/text.h"

namespace plumbline {
namespace {

struct Place {
  std::string_view kind;
  std::string_view text;
};
/// Files of an installation whose name holds the version.
constexpr std::array<Place, 11> kFiles = {{
    {"elasticsearch", "/usr/share/elasticsearch/lib/elasticsearch-[0-9]*.jar"},
    {"opensearch", "/usr/share/opensearch/lib/opensearch-[0-9]*.jar"},
    {"kafka", "/opt/kafka/libs/kafka_*.jar"},
    {"rabbitmq", "/usr/lib/rabbitmq/lib/rabbitmq_server-*"},
    {"rabbitmq", "/opt/rabbitmq/plugins/rabbit-[0-9]*"},
    {"cassandra", "/usr/share/cassandra/apache-cassandra-[0-9]*.jar"},
    {"zookeeper", "/usr/share/java/zookeeper-[0-9]*.jar"},
    {"solr", "/opt/solr-[0-9]*"},
    {"neo4j", "/usr/share/neo4j/lib/neo4j-[0-9]*.jar"},
    {"oracle", "/opt/oracle/product/*"},
    {"db2", "/opt/ibm/db2/V*"},
}};
/// Variables in which images name what they hold.
constexpr std::array<Place, 14> kVariables = {{
    {"postgresql", "PG_VERSION"},
    {"mysql", "MYSQL_VERSION"},
    {"mariadb", "MARIADB_VERSION"},
    {"mongodb", "MONGO_VERSION"},
    {"redis", "REDIS_VERSION"},
    {"valkey", "VALKEY_VERSION"},
    {"memcached", "MEMCACHED_VERSION"},
    {"rabbitmq", "RABBITMQ_VERSION"},
    {"influxdb", "INFLUXDB_VERSION"},
    {"cassandra", "CASSANDRA_VERSION"},
    {"couchdb", "COUCHDB_VERSION"},
    {"nats", "NATS_SERVER"},
    {"mosquitto", "VERSION"},
    {"solr", "SOLR_VERSION"},
}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Numbers with dots between them that begin at `at`: "8.15.0" of "8.15.0.jar".
std::string_view number_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && (is_digit(text[end]) || (text[end] == '.' && end + 1 < text.size() &&
                                                       is_digit(text[end + 1]))))
    ++end;
  return text.substr(at, end - at);
}

/// "elasticsearch-8.15.0.jar" to "8.15.0"; of kafka's "kafka_2.13-3.9.0.jar" the last number, for the first is
/// Scala's.
std::string version_in_name(std::string_view name, bool last) {
  std::string found;
  for (std::size_t at = 0; at < name.size(); ++at) {
    const bool begins = is_digit(name[at]) && (at == 0 || std::string_view("-_vV").find(name[at - 1]) !=
                                                              std::string_view::npos);
    if (!begins) continue;
    const std::string_view number = number_at(name, at);
    at += number.size();
    if (number.find('.') == std::string_view::npos) continue;
    found = number;
    if (!last) return found;
  }
  return found;
}

bool set_version(Store& store, std::string version, std::string_view source) {
  if (version.empty()) return false;
  store.version = std::move(version);
  store.version_source = source;
  return true;
}

std::string version_in_tag(std::string_view image) {
  const std::size_t slash = image.rfind('/');
  const std::size_t colon = image.rfind(':');
  if (colon == std::string_view::npos || (slash != std::string_view::npos && colon < slash)) return "";
  std::string_view tag = image.substr(colon + 1);
  if (tag.starts_with("v") || tag.starts_with("V")) tag.remove_prefix(1);
  if (tag.starts_with("pg") || tag.starts_with("RELEASE.")) return "";  // pgvector/pgvector:pg16: see PG_VERSION
  const std::string_view number = number_at(tag, 0);
  return std::string(number.find('.') == std::string_view::npos ? std::string_view() : number);
}

/// The tag, or the variable where it says the same more exactly: "11.8" and "11.8.2".
bool find_in_image(Store& store) {
  const std::string tag = version_in_tag(store.image);
  for (const Place& row : kVariables) {
    if (row.kind != store.product->kind) continue;
    const std::string value = upstream_version(last_of(store.environment, std::string(row.text)));
    const std::string number(number_at(value, 0));
    if (!number.empty() && (tag.empty() || number.starts_with(tag + "."))) return set_version(store, number, "image");
  }
  return set_version(store, tag, "image");
}

/// Of a Python program its own package: "/opt/x/lib/python3.12/site-packages/chromadb-1.0.9.dist-info".
bool find_in_site_packages(const Host& host, Store& store) {
  if (store.product->kind != "chroma") return false;
  std::vector<std::string> roots = {"/usr/local"};
  for (const std::string& word : store.words) {
    const std::size_t folder = word.rfind("/bin/");
    if (word.starts_with('/') && folder != std::string::npos) roots.insert(roots.begin(), word.substr(0, folder));
  }
  for (const std::string& root : roots) {
    for (const std::string& path : glob(host, root + "/lib/python3*/site-packages/chromadb-*.dist-info")) {
      const std::string version = version_in_name(base_name(path), false);
      if (set_version(store, std::string(number_at(version, 0)), "path")) return true;
    }
  }
  return false;
}

}  // namespace

std::string version_in_path(std::string_view kind, std::string_view path) {
  for (const char separator : {':', ','}) {
    if (path.find(separator) == std::string_view::npos) continue;
    for (const std::string_view part : split(path, separator)) {
      const std::string found = part == path ? "" : version_in_path(kind, part);
      if (!found.empty()) return found;
    }
    return "";
  }
  std::string_view before;
  for (std::string_view name : split(path, '/')) {
    if (kind == "oracle" && before == "product") return std::string(number_at(name, 0));
    before = name;
    if (kind == "db2" && name.starts_with('V')) return std::string(number_at(name, 1));
    if (name.starts_with("apache-")) name.remove_prefix(7);
    if (kind == "rabbitmq" && name.starts_with("rabbit-")) return version_in_name(name, false);
    const std::string_view word = kind == "postgresql" && name.starts_with("pgsql") ? "pgsql" : kind;
    if (!name.starts_with(word)) continue;
    const std::string version = version_in_name(name, kind == "kafka");
    if (!version.empty()) return version;
  }
  return "";
}

void find_version(const Host& host, Store& store) {
  if (!store.version.empty()) return;
  const std::string_view kind = store.product->kind;
  if (store.process != nullptr &&
      set_version(store, version_in_path(kind, store.process->program), "path"))
    return;
  for (const std::string& word : store.words) {
    if (word.find('/') == std::string::npos) continue;
    if (set_version(store, version_in_path(kind, word), "path")) return;
  }
  if (find_in_image(store) || find_in_site_packages(host, store)) return;
  for (const Place& row : kFiles) {
    if (row.kind != kind) continue;
    for (const std::string& path : glob(host, row.text))
      if (set_version(store, version_in_path(kind, path), "path")) return;
  }
}

}  // namespace plumbline
