// SPDX-License-Identifier: Apache-2.0
// ClickHouse, Cassandra and Scylla, Neo4j, InfluxDB.
#include <algorithm>

#include "agent/config/glob.h"
#include "agent/config/ini.h"
#include "agent/config/xml.h"
#include "agent/config/yaml.h"
#include "agent/redact.h"
#include "agent/stores/store.h"
#include "base/text.h"

namespace plumbline {
namespace {

using Settings = std::map<std::string, std::string>;

constexpr std::size_t kMaxConfigBytes = 1u << 20;

/// Values below the document's root: "users.default.password".
Result<std::vector<XmlValue>> read_clickhouse(const Host& host, const std::string& name) {
  const std::string folder = "/etc/clickhouse-server/";
  std::vector<std::string> files = {folder + name + ".xml"};
  for (const std::string& file : glob(host, folder + name + ".d/*.xml")) files.push_back(file);
  if (name == "config")  // the older name of the folder for both
    for (const std::string& file : glob(host, folder + "conf.d/*.xml")) files.push_back(file);
  std::vector<XmlValue> found;
  for (const std::string& file : files) {
    const auto text = host.read_redacted(file, redact_xml, kMaxConfigBytes);
    if (!text) return tl::unexpected<Error>(text.error());
    for (XmlValue& value : flatten_xml(*text)) {
      const std::size_t dot = value.path.find('.');
      value.path = dot == std::string::npos ? "" : value.path.substr(dot + 1);
      found.push_back(std::move(value));
    }
  }
  return found;
}

/// What lets the user "default" in: files later in the order go over those before.
void judge_clickhouse_users(const std::vector<XmlValue>& values, Store& store) {
  bool asks = false, removed = false, local = true, networks = false;
  for (const XmlValue& value : values) {
    if (value.path == "users.default") removed = contains(value.attributes, "remove");
    if (!value.path.starts_with("users.default.")) continue;
    const std::string_view name = std::string_view(value.path).substr(14);
    if (name.starts_with("password")) asks = !value.value.empty() && !contains(value.attributes, "remove");
    if (name.starts_with("ssl_certificates") || name.starts_with("ldap") || name.starts_with("kerberos") ||
        name.starts_with("ssh_keys"))
      asks = true;
    if (name.starts_with("networks.") && !value.value.empty()) {
      networks = true;
      local = local && exposure_of(value.value.substr(0, value.value.find('/'))) == "loopback";
    }
  }
  if (removed) return set_auth(store, "required", "users.xml: the user default is removed");
  if (asks) return set_auth(store, "required", "users.xml: passwords are set");
  if (networks && local)
    return set_auth(store, "required", "users.xml: the user default has no password and comes from this host alone");
  set_auth(store, "none", "users.xml: the default user has no password");
}

std::string redact_cassandra(std::string_view text) {
  return keep_settings(text, {"authenticator", "authorizer", "class_name", "data_file_directories", "enabled", "optional",
                              "rpc_address", "listen_address", "seeds", "seed_provider", "parameters",
                              "native_transport_port"});
}
std::string redact_neo4j(std::string_view text) {
  return keep_settings(
      text, {"dbms.security.auth_enabled", "server.directories.data", "dbms.directories.data",
             "server.default_listen_address", "dbms.default_listen_address", "dbms.connectors.default_listen_address",
             "server.bolt.listen_address", "server.bolt.tls_level", "dbms.connector.bolt.tls_level",
             "server.memory.pagecache.size", "dbms.memory.pagecache.size",
             "dbms.cluster.minimum_initial_system_primaries_count", "server.cluster.system_database_mode"});
}
std::string redact_influx(std::string_view text) {
  return keep_settings(text, {"auth-enabled", "https-enabled", "bind-address", "dir", "bolt-path", "engine-path",
                              "tls-cert", "http-bind-address", "enabled"});
}

}  // namespace

void inspect_clickhouse(const Host& host, Store& store) {
  store.vector_capable = true;  // vector similarity indexes and exact distance functions are built in
  store.data_folder = "/var/lib/clickhouse";
  const auto users = read_clickhouse(host, "users");
  if (users)
    judge_clickhouse_users(*users, store);
  else
    set_auth_unread(store, users.error());
  const auto config = read_clickhouse(host, "config");
  if (!config) return;
  bool plain = false, tls = false, listens = false;
  for (const XmlValue& value : *config) {
    const bool removed = contains(value.attributes, "remove");
    if (value.path == "path" && value.value.starts_with('/')) store.data_folder = value.value;
    if (value.path == "tcp_port" || value.path == "http_port") plain = !removed;
    if (value.path == "tcp_port_secure" || value.path == "https_port") tls = !removed;
    if (value.path == "listen_host") {
      listens = true;
      listen_on(store, value.value);
    }
    if (value.path == "mark_cache_size" && !store.cache_bytes) store.cache_bytes = parse_size(value.value);
    if (value.path.starts_with("backups.") || value.path.starts_with("storage_configuration.disks.backup"))
      store.snapshot_repository = true;
  }
  if (!listens) listen_on(store, "127.0.0.1");
  while (store.data_folder.size() > 1 && store.data_folder.ends_with('/')) store.data_folder.pop_back();
  store.tls = tls ? "on" : "off";
  store.tls_required = tls && !plain;
}

void inspect_cassandra(const Host& host, Store& store) {
  const std::string_view kind = store.product->kind;
  const bool scylla = kind == "scylla";
  const auto path = scylla
                        ? first_readable(host, {"/etc/scylla/scylla.yaml"})
                        : first_readable(host, {"/etc/cassandra/cassandra.yaml", "/etc/cassandra/conf/cassandra.yaml",
                                                "/opt/cassandra/conf/cassandra.yaml"});
  if (!path) return set_auth_unread(store, path.error());
  const auto text = host.read_redacted(*path, redact_cassandra, kMaxConfigBytes);
  if (!text) return set_auth_unread(store, text.error());
  const Settings settings = flatten_yaml(*text);
  const std::string name = scylla ? "scylla.yaml: " : "cassandra.yaml: ";
  const std::string authenticator =
      last_of(settings, "authenticator", last_of(settings, "authenticator.class_name", "AllowAllAuthenticator"));
  const bool open = contains(authenticator, "AllowAll");
  set_auth(store, open ? "none" : "required", name + (open ? "AllowAllAuthenticator" : "authenticator"));
  const std::string authorizer =
      last_of(settings, "authorizer", last_of(settings, "authorizer.class_name", "AllowAllAuthorizer"));
  if (!open && contains(authorizer, "AllowAll")) store.risky.push_back("authorizer=AllowAllAuthorizer");
  store.tls = is_on(last_of(settings, "client_encryption_options.enabled", "false")) ? "on" : "off";
  store.tls_required = store.tls == "on" && !is_on(last_of(settings, "client_encryption_options.optional", "false"));
  store.data_folder = last_of(settings, "data_file_directories", "/var/lib/" + std::string(kind) + "/data");
  store.data_folder = store.data_folder.substr(0, store.data_folder.find(','));
  listen_on(store, last_of(settings, "rpc_address", "localhost"));
  std::string seeds = last_of(settings, "seed_provider.parameters");
  std::size_t count = 0;
  for (std::string_view seed : split(seeds, ',')) count += trim(seed).empty() ? 0 : 1;
  if (count > 1) {
    store.cluster_nodes = static_cast<int>(count);
    store.replication = "replica";
  }
  if (!store.version.empty()) store.vector_capable = !scylla && is_version(store, 5);
}

void inspect_neo4j(const Host& host, Store& store) {
  store.data_folder = "/var/lib/neo4j/data";
  if (!store.version.empty()) store.vector_capable = is_version(store, 5, 11);  // vector indexes since 5.11
  const auto path = first_readable(host, {"/etc/neo4j/neo4j.conf", "/var/lib/neo4j/conf/neo4j.conf"});
  Settings settings;
  if (path) {
    const auto text = host.read_redacted(*path, redact_neo4j, kMaxConfigBytes);
    if (!text) return set_auth_unread(store, text.error());
    settings = key_values(*text);
  } else if (!store.contained || !store.environment_known) {
    return set_auth_unread(store, path.error());
  }
  const bool none = lower(last_of(store.environment, "NEO4J_AUTH")) == "none";
  const bool on = !none && is_on(last_of(settings, "dbms.security.auth_enabled", "true"));
  set_auth(store, on ? "required" : "none", on ? "neo4j.conf: users are asked for" : "neo4j.conf: dbms.security.auth_enabled");
  if (store.contained) store.data_folder = "/data";
  store.data_folder = last_of(settings, "server.directories.data", last_of(settings, "dbms.directories.data", store.data_folder));
  if (!store.data_folder.starts_with('/')) store.data_folder = "/var/lib/neo4j/" + store.data_folder;
  const std::string level =
      lower(last_of(settings, "server.bolt.tls_level", last_of(settings, "dbms.connector.bolt.tls_level", "disabled")));
  store.tls = level == "disabled" ? "off" : "on";
  store.tls_required = level == "required";
  const std::string address =
      last_of(settings, "server.bolt.listen_address",
              last_of(settings, "server.default_listen_address",
                      last_of(settings, "dbms.default_listen_address",
                              last_of(settings, "dbms.connectors.default_listen_address", "localhost"))));
  listen_on(store, address.substr(0, address.rfind(':')));
  store.cache_bytes = parse_size(last_of(settings, "server.memory.pagecache.size",
                                         last_of(settings, "dbms.memory.pagecache.size")));
  if (settings.count("dbms.cluster.minimum_initial_system_primaries_count") != 0) store.replication = "replica";
}

void inspect_influxdb(const Host& host, Store& store) {
  store.vector_capable = false;
  store.replication = "single";
  store.data_folder = "/var/lib/influxdb";
  if (has_option(store.arguments(), "--without-auth"))
    return set_auth(store, "none", "influxdb: --without-auth");
  if (is_version(store, 2)) {
    set_auth(store, "required", "influxdb: tokens are always asked for since version 2");
    const auto text = host.read_redacted("/etc/influxdb/config.toml", redact_influx, kMaxConfigBytes);
    const Settings settings = key_values(text.value_or(""));
    const bool tls = !last_of(settings, "tls-cert").empty() || has_option(store.arguments(), "--tls-cert");
    store.tls = tls ? "on" : "off";
    store.data_folder = last_of(settings, "engine-path", store.contained ? "/var/lib/influxdb2" : store.data_folder);
    return;
  }
  const std::string given = option_value(store.arguments(), {"-config", "--config"});
  const auto path = first_readable(host, {given, "/etc/influxdb/influxdb.conf"});
  if (!path) return set_auth_unread(store, path.error());
  const auto text = host.read_redacted(*path, redact_influx, kMaxConfigBytes);
  if (!text) return set_auth_unread(store, text.error());
  Settings settings;
  for (const IniLine& line : parse_ini(*text)) settings[line.section + "." + line.key] = line.value;
  const bool on = is_on(last_of(settings, "http.auth-enabled")) ||
                  is_on(last_of(store.environment, "INFLUXDB_HTTP_AUTH_ENABLED"));
  set_auth(store, on ? "required" : "none",
           on ? "influxdb.conf: auth-enabled" : "influxdb.conf: auth-enabled is not true");
  store.tls = is_on(last_of(settings, "http.https-enabled")) ? "on" : "off";
  store.tls_required = store.tls == "on";
  store.data_folder = last_of(settings, "data.dir", "/var/lib/influxdb/data");
  const std::string address = last_of(settings, "http.bind-address", ":8086");
  listen_on(store, address.substr(0, address.rfind(':')));
}

}  // namespace plumbline
