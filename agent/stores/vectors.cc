// SPDX-License-Identifier: Apache-2.0
// Vector stores, and the stores that need few words: MinIO, ClickHouse, InfluxDB, Cassandra, Neo4j, …
#include "agent/config/glob.h"
#include "agent/config/ini.h"
#include "agent/config/yaml.h"
#include "agent/redact.h"
#include "agent/stores/store.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxConfigBytes = 1u << 20;

std::string redact_qdrant(std::string_view text) {
  return keep_settings(
      text, {"api_key", "read_only_api_key", "host", "http_port", "enable_tls", "storage_path", "enabled"});
}
std::string redact_milvus(std::string_view text) {
  return keep_settings(text, {"authorizationEnabled", "tlsMode", "path"});
}
std::string redact_cassandra(std::string_view text) {
  return keep_settings(text, {"authenticator", "data_file_directories", "enabled", "rpc_address"});
}
std::string redact_other(std::string_view text) {
  return keep_settings(text,
                       {"dbms.security.auth_enabled", "auth-enabled", "server.directories.data", "dir"});
}
std::string redact_minio(std::string_view text) {
  return redact_variables(text);
}

bool has_variable(const Store& store, const std::string& name) {
  return store.environment.count(name) != 0;
}

}  // namespace

void inspect_qdrant(const Host& host, Store& store) {
  store.vector_capable = true;
  const auto path =
      first_readable(host, {option_value(store.arguments(), {"--config-path"}), "/etc/qdrant/config.yaml",
                            "/qdrant/config/production.yaml", "/qdrant/config/config.yaml"});
  std::map<std::string, std::string> settings;
  if (path) {
    const auto text = host.read_redacted(*path, redact_qdrant, kMaxConfigBytes);
    if (!text) return set_auth_unread(store, text.error());
    settings = flatten_yaml(*text);
  } else if (path.error().kind != ErrorKind::not_found || store.process == nullptr) {
    return set_auth_unread(store, path.error());
  }
  const bool key =
      !last_of(settings, "service.api_key").empty() || has_variable(store, "QDRANT__SERVICE__API_KEY");
  set_auth(store, key ? "required" : "none", key ? "qdrant: service.api_key" : "qdrant: no service.api_key");
  store.tls = is_on(last_of(settings, "service.enable_tls",
                            last_of(store.environment, "QDRANT__SERVICE__ENABLE_TLS")))
                  ? "on"
                  : "off";
  store.data_folder = last_of(settings, "storage.storage_path", "/var/lib/qdrant/storage");
  if (!store.data_folder.starts_with('/')) store.data_folder.clear();
  store.replication = is_on(last_of(settings, "cluster.enabled")) ? "replica" : "single";
}

void inspect_milvus(const Host& host, Store& store) {
  store.vector_capable = true;
  const auto path = first_readable(
      host, {"/etc/milvus/configs/milvus.yaml", "/etc/milvus/milvus.yaml", "/milvus/configs/milvus.yaml"});
  if (!path) return set_auth_unread(store, path.error());
  const auto text = host.read_redacted(*path, redact_milvus, kMaxConfigBytes);
  if (!text) return set_auth_unread(store, text.error());
  const auto settings = flatten_yaml(*text);
  const bool on = is_on(last_of(settings, "common.security.authorizationEnabled", "false"));
  set_auth(store, on ? "required" : "none",
           std::string("milvus.yaml: authorizationEnabled is ") + (on ? "true" : "not true"));
  const std::string mode = last_of(settings, "common.security.tlsMode", "0");
  store.tls = mode == "1" || mode == "2" ? "on" : "off";
  store.data_folder = "/var/lib/milvus";
}

void inspect_weaviate(const Host&, Store& store) {
  store.vector_capable = true;
  if (store.environment.empty())
    return set_auth(store, "unknown", "weaviate: its environment may not be read");
  const std::string anonymous = last_of(store.environment, "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED");
  const bool other = is_on(last_of(store.environment, "AUTHENTICATION_APIKEY_ENABLED")) ||
                     is_on(last_of(store.environment, "AUTHENTICATION_OIDC_ENABLED"));
  const bool open = anonymous.empty() ? !other : is_on(anonymous);  // without any scheme it lets everybody in
  set_auth(store, open ? "none" : "required",
           open ? "weaviate: anonymous access" : "weaviate: anonymous access is off");
  store.tls = "off";
  store.data_folder = last_of(store.environment, "PERSISTENCE_DATA_PATH");
}

void inspect_chroma(const Host&, Store& store) {
  store.vector_capable = true;
  const bool known = !store.environment.empty();
  const bool on = has_variable(store, "CHROMA_SERVER_AUTHN_PROVIDER") ||
                  has_variable(store, "CHROMA_SERVER_AUTHN_CREDENTIALS");
  if (on)
    set_auth(store, "required", "chroma: CHROMA_SERVER_AUTHN_PROVIDER");
  else if (known)
    set_auth(store, "none", "chroma: no authentication provider");
  else
    set_auth(store, "unknown", "chroma: its environment may not be read");
  store.tls = "off";
  store.data_folder = option_value(store.arguments(), {"--path"});
  store.replication = "single";
}

void inspect_clickhouse(const Host& host, Store& store) {
  const auto users = host.read_redacted("/etc/clickhouse-server/users.xml", redact_text, kMaxConfigBytes);
  if (!users) return set_auth_unread(store, users.error());
  bool password = contains(*users, kRedacted) || contains(*users, "_hex>");
  for (const std::string& path : glob(host, "/etc/clickhouse-server/users.d/*.xml")) {
    const auto text = host.read_redacted(path, redact_text, kMaxConfigBytes);
    if (!text) return set_auth_unread(store, text.error());
    password = password || contains(*text, kRedacted) || contains(*text, "_hex>");
  }
  set_auth(store, password ? "required" : "none",
           password ? "users.xml: passwords are set" : "users.xml: the default user has no password");
  store.data_folder = "/var/lib/clickhouse";
  store.vector_capable = true;  // vector similarity indexes and exact distance functions are built in
}

void inspect_minio(const Host& host, Store& store) {
  store.vector_capable = false;
  const auto file = host.read_redacted("/etc/default/minio", redact_minio, kMaxConfigBytes);
  const bool set =
      has_variable(store, "MINIO_ROOT_PASSWORD") || has_variable(store, "MINIO_SECRET_KEY") ||
      (file && (contains(*file, "MINIO_ROOT_PASSWORD=") || contains(*file, "MINIO_SECRET_KEY=")));
  if (set)
    set_auth(store, "required", "minio: root credentials are set");
  else if (!store.environment.empty() || file)
    set_auth(store, "weak", "minio: no root credentials are set, the well-known ones hold");
  else
    set_auth(store, "unknown", "minio: its environment may not be read");
  std::string volumes = last_of(store.environment, "MINIO_VOLUMES");
  for (const auto& argument : store.arguments())
    if (argument.starts_with('/') && argument != store.arguments().front()) volumes = argument;
  if (!volumes.empty() && volumes.front() == '/')
    store.data_folder = volumes.substr(0, volumes.find_first_of(" {"));
  const auto certificates = option_value(store.arguments(), {"--certs-dir", "-S"});
  if (!certificates.empty()) store.tls = host.stat(certificates + "/public.crt") ? "on" : "off";
}

void inspect_other(const Host& host, Store& store) {
  const std::string_view kind = store.product->kind;
  if (kind == "cassandra" || kind == "scylla") {
    const auto path = first_readable(host, {"/etc/cassandra/cassandra.yaml",
                                            "/etc/cassandra/conf/cassandra.yaml", "/etc/scylla/scylla.yaml"});
    if (!path) return set_auth_unread(store, path.error());
    const auto text = host.read_redacted(*path, redact_cassandra, kMaxConfigBytes);
    if (!text) return set_auth_unread(store, text.error());
    const auto settings = flatten_yaml(*text);
    const bool open = contains(last_of(settings, "authenticator", "AllowAllAuthenticator"), "AllowAll");
    set_auth(store, open ? "none" : "required",
             open ? "cassandra.yaml: AllowAllAuthenticator" : "cassandra.yaml: authenticator");
    store.tls = is_on(last_of(settings, "client_encryption_options.enabled", "false")) ? "on" : "off";
    store.data_folder = "/var/lib/" + std::string(kind);
    store.vector_capable = kind == "cassandra" && major_of(store.version) >= 5;
  } else if (kind == "neo4j" || kind == "influxdb") {
    const bool graph = kind == "neo4j";
    const auto text = host.read_redacted(graph ? "/etc/neo4j/neo4j.conf" : "/etc/influxdb/influxdb.conf",
                                         redact_other, kMaxConfigBytes);
    store.data_folder = "/var/lib/" + std::string(kind);
    if (!graph && major_of(store.version) >= 2)
      return set_auth(store, "required", "influxdb: tokens are always asked for since version 2");
    if (!text) return set_auth_unread(store, text.error());
    bool on = graph;
    for (const auto& line : parse_ini(*text)) {
      if (line.key == "dbms.security.auth_enabled" || line.key == "auth-enabled") on = is_on(line.value);
    }
    set_auth(store, on ? "required" : "none",
             graph ? "neo4j.conf: dbms.security.auth_enabled" : "influxdb.conf: auth-enabled");
  } else if (kind == "cockroachdb") {
    const bool open = has_option(store.arguments(), "--insecure");
    set_auth(store, open ? "none" : "required", open ? "cockroach: --insecure" : "cockroach: certificates");
    store.tls = open ? "off" : "on";
  } else if (kind == "meilisearch") {
    const bool key = has_variable(store, "MEILI_MASTER_KEY") || has_option(store.arguments(), "--master-key");
    if (key || !store.environment.empty())
      set_auth(store, key ? "required" : "none",
               key ? "meilisearch: master key" : "meilisearch: no master key");
    store.vector_capable = true;
  } else if (kind == "mssql" || kind == "oracle" || kind == "db2") {
    set_auth(store, "required", "the product has no open mode");
    if (kind == "mssql") store.data_folder = "/var/opt/mssql/data";
  } else if (kind == "nats") {
    const bool on = has_option(store.arguments(), "--auth") || has_option(store.arguments(), "--user");
    if (on) set_auth(store, "required", "nats: --auth");
  } else if (kind == "dragonfly") {
    const bool on = has_option(store.arguments(), "--requirepass");
    set_auth(store, on ? "required" : "none",
             on ? "dragonfly: --requirepass" : "dragonfly: no --requirepass");
  }
}

}  // namespace plumbline
