// SPDX-License-Identifier: Apache-2.0
// Kafka, RabbitMQ and etcd.
#include "agent/config/ini.h"
#include "agent/config/yaml.h"
#include "agent/redact.h"
#include "agent/stores/store.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxConfigBytes = 1u << 20;

std::string redact_kafka(std::string_view text) {
  return keep_settings(text, {"listeners", "advertised.listeners", "listener.security.protocol.map",
                              "log.dirs", "log.dir", "default.replication.factor", "min.insync.replicas",
                              "ssl.client.auth", "authorizer.class.name"});
}
std::string redact_rabbitmq(std::string_view text) {
  return keep_settings(
      text, {"loopback_users", "loopback_users.guest", "listeners.tcp", "listeners.tcp.default",
             "listeners.ssl.default", "cluster_formation.peer_discovery_backend", "anonymous_login_user"});
}
std::string redact_etcd(std::string_view text) {
  return keep_settings(text, {"data-dir", "listen-client-urls", "client-cert-auth", "cert-file",
                              "client-transport-security", "initial-cluster"});
}

std::map<std::string, std::string> pairs(std::string_view text) {
  std::map<std::string, std::string> settings;
  for (const auto& line : parse_ini(text))
    if (!line.key.empty()) settings[line.key] = line.value;
  return settings;
}

std::string path_with_end(const std::vector<std::string>& arguments, std::string_view end) {
  for (const auto& argument : arguments)
    if (argument.starts_with('/') && argument.ends_with(end)) return argument;
  return "";
}

}  // namespace

void inspect_kafka(const Host& host, Store& store) {
  const auto path = first_readable(
      host, {path_with_end(store.arguments(), ".properties"), "/etc/kafka/server.properties",
             "/opt/kafka/config/server.properties", "/opt/kafka/config/kraft/server.properties"});
  if (!path) return set_auth_unread(store, path.error());
  const auto text = host.read_redacted(*path, redact_kafka, kMaxConfigBytes);
  if (!text) return set_auth_unread(store, text.error());
  const auto settings = pairs(*text);
  const std::string listeners = last_of(settings, "listeners", "PLAINTEXT://:9092") + "," +
                                last_of(settings, "listener.security.protocol.map");
  const bool certificates = lower(last_of(settings, "ssl.client.auth")) == "required";
  const bool plain = contains(listeners, "PLAINTEXT://") && !contains(listeners, "SASL_PLAINTEXT://");
  const bool sasl = contains(listeners, "SASL");
  if (plain)
    set_auth(store, "none", "server.properties: a PLAINTEXT listener");
  else if (sasl || certificates)
    set_auth(store, "required", sasl ? "server.properties: SASL" : "server.properties: ssl.client.auth");
  else
    set_auth(store, "none", "server.properties: neither SASL nor client certificates");
  store.tls =
      contains(listeners, "SSL") && !plain ? (contains(listeners, "SASL_PLAINTEXT") ? "off" : "on") : "off";
  store.data_folder = last_of(settings, "log.dirs", last_of(settings, "log.dir"));
  store.data_folder = store.data_folder.substr(0, store.data_folder.find(','));
  store.replication =
      parse_i64(last_of(settings, "default.replication.factor", "1")).value_or(1) > 1 ? "replica" : "single";
  store.vector_capable = false;
}

void inspect_rabbitmq(const Host& host, Store& store) {
  const auto text = host.read_redacted("/etc/rabbitmq/rabbitmq.conf", redact_rabbitmq, kMaxConfigBytes);
  if (!text && text.error().kind != ErrorKind::not_found) return set_auth_unread(store, text.error());
  const auto settings = text ? pairs(*text) : std::map<std::string, std::string>{};
  const bool open = lower(last_of(settings, "loopback_users")) == "none" ||
                    lower(last_of(settings, "loopback_users.guest")) == "false";
  set_auth(store, open ? "weak" : "required",
           open ? "rabbitmq.conf: guest may connect from other hosts"
                : "rabbitmq: users are asked for, guest is for loopback");
  store.tls = settings.count("listeners.ssl.default") != 0 ? "on" : "off";
  store.data_folder = "/var/lib/rabbitmq";
  store.replication = settings.count("cluster_formation.peer_discovery_backend") != 0 ? "replica" : "unknown";
  store.vector_capable = false;
}

void inspect_etcd(const Host& host, Store& store) {
  std::map<std::string, std::string> settings;
  for (const std::string_view key :
       {"data-dir", "client-cert-auth", "cert-file", "listen-client-urls", "initial-cluster"}) {
    std::string value = option_value(store.arguments(), {"--" + std::string(key), "-" + std::string(key)});
    if (value.empty() && has_option(store.arguments(), "--" + std::string(key))) value = "true";
    std::string variable = "ETCD_";
    for (const char c : key) variable += c == '-' ? '_' : static_cast<char>(c - ('a' - 'A'));
    if (value.empty()) value = last_of(store.environment, variable);
    settings[std::string(key)] = value.starts_with("--") ? "true" : value;
  }
  if (const std::string file = option_value(store.arguments(), {"--config-file"}); !file.empty()) {
    const auto text = host.read_redacted(file, redact_etcd, kMaxConfigBytes);
    if (!text) return set_auth_unread(store, text.error());
    for (const auto& [path, value] : flatten_yaml(*text)) settings[path.substr(path.rfind('.') + 1)] = value;
  }
  const bool certificates = is_on(last_of(settings, "client-cert-auth"));
  set_auth(store, certificates ? "required" : "none",
           certificates ? "etcd: client-cert-auth" : "etcd: client certificates are not asked for");
  store.tls = last_of(settings, "cert-file").empty() ? "off" : "on";
  store.data_folder = last_of(settings, "data-dir");
  store.replication = contains(last_of(settings, "initial-cluster"), ",") ? "replica" : "single";
  store.vector_capable = false;
}

}  // namespace plumbline
