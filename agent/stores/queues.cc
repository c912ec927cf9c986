// SPDX-License-Identifier: Apache-2.0
// Kafka, RabbitMQ, NATS and Mosquitto.
#include <algorithm>
#include <set>

#include "agent/config/glob.h"
#include "agent/config/ini.h"
#include "agent/redact.h"
#include "agent/stores/store.h"
#include "base/text.h"

namespace plumbline {
namespace {

using Settings = std::map<std::string, std::string>;

constexpr std::size_t kMaxConfigBytes = 1u << 20;

std::string redact_kafka(std::string_view text) {
  return keep_settings(
      text, {"listeners", "listener.security.protocol.map", "log.dirs", "log.dir", "default.replication.factor",
             "min.insync.replicas", "ssl.client.auth", "authorizer.class.name", "process.roles", "zookeeper.connect",
             "controller.listener.names", "controller.quorum.voters", "controller.quorum.bootstrap.servers",
             "allow.everyone.if.no.acl.found", "unclean.leader.election.enable", "security.inter.broker.protocol"});
}

std::string path_with_end(const std::vector<std::string>& arguments, std::string_view end) {
  for (const auto& argument : arguments)
    if (argument.ends_with(end) && !argument.starts_with('-')) return argument;
  return "";
}

/// KAFKA_CFG_LOG_DIRS and KAFKA_LOG_DIRS of images are log.dirs.
void add_kafka_variables(const Store& store, Settings& settings) {
  for (const auto& [name, value] : store.environment) {
    if (!name.starts_with("KAFKA_") || value.empty()) continue;
    std::string key = lower(name.substr(name.starts_with("KAFKA_CFG_") ? 10 : 6));
    std::replace(key.begin(), key.end(), '_', '.');
    settings[key] = value;
  }
}

struct KafkaListener {
  std::string name, address, protocol;  // "CLIENT", "10.0.0.5", "SASL_SSL"
};

/// "CLIENT://10.0.0.5:9092,CONTROLLER://:9093" with "CLIENT:SASL_SSL,CONTROLLER:SSL".
std::vector<KafkaListener> kafka_listeners(const Settings& settings) {
  std::map<std::string, std::string> protocols;
  const std::string map = last_of(settings, "listener.security.protocol.map");
  for (const std::string_view pair : split(map, ',')) {
    const std::size_t colon = pair.find(':');
    if (colon != std::string_view::npos)
      protocols[std::string(trim(pair.substr(0, colon)))] = trim(pair.substr(colon + 1));
  }
  std::vector<KafkaListener> found;
  const std::string listeners = last_of(settings, "listeners", "PLAINTEXT://:9092");
  for (const std::string_view part : split(listeners, ',')) {
    const std::size_t mark = part.find("://");
    if (mark == std::string_view::npos) continue;
    KafkaListener one;
    one.name = trim(part.substr(0, mark));
    const std::string_view place = trim(part.substr(mark + 3));
    one.address = place.substr(0, place.rfind(':'));
    one.protocol = last_of(protocols, one.name, one.name);
    found.push_back(std::move(one));
  }
  return found;
}

void judge_kafka(const Settings& settings, Store& store) {
  const bool certificates = lower(last_of(settings, "ssl.client.auth")) == "required";
  const std::string controllers = "," + last_of(settings, "controller.listener.names") + ",";
  std::string open;
  bool plain = false, encrypted = false;  // neither: a controller alone, or nothing that we understand
  for (const KafkaListener& one : kafka_listeners(settings)) {
    if (contains(controllers, "," + one.name + ",")) continue;  // between nodes, not for clients
    listen_on(store, one.address);
    const bool tls = one.protocol == "SSL" || one.protocol == "SASL_SSL";
    (tls ? encrypted : plain) = true;
    const bool asks = one.protocol.starts_with("SASL") || (one.protocol == "SSL" && certificates);
    if (!asks && open.empty()) open = one.protocol;
  }
  if (!plain && !encrypted)
    set_auth(store, "unknown", "server.properties: no listener for clients");
  else if (open == "PLAINTEXT")
    set_auth(store, "none", "server.properties: a PLAINTEXT listener");
  else if (!open.empty())
    set_auth(store, "none", "server.properties: neither SASL nor client certificates");
  else
    set_auth(store, "required", certificates ? "server.properties: ssl.client.auth" : "server.properties: SASL");
  store.tls = encrypted ? "on" : "off";
  store.tls_required = encrypted && !plain;
  if (plain && encrypted) store.risky.push_back("a listener without TLS");
  if (is_on(last_of(settings, "allow.everyone.if.no.acl.found")))
    store.risky.push_back("allow.everyone.if.no.acl.found=true");
  if (is_on(last_of(settings, "unclean.leader.election.enable")))
    store.risky.push_back("unclean.leader.election.enable=true");
}

int count_items(std::string_view list) {
  int count = 0;
  for (const std::string_view one : split(list, ',')) count += trim(one).empty() ? 0 : 1;
  return count;
}

std::string redact_rabbitmq(std::string_view text) {
  return keep_settings(
      text, {"loopback_users", "loopback_users.guest", "listeners.tcp", "listeners.tcp.default", "listeners.tcp.1",
             "listeners.tcp.local", "listeners.ssl.default", "listeners.ssl.1", "ssl_options.verify",
             "cluster_formation.peer_discovery_backend", "anonymous_login_user", "default_user",
             "mqtt.allow_anonymous", "vm_memory_high_watermark.absolute"});
}

/// The older rabbitmq.config and advanced.config are Erlang terms: "{loopback_users, []}".
std::string redact_erlang(std::string_view text) {
  std::string joined;
  for (const std::string_view line : lines(text)) {
    const std::string_view body = trim(line.substr(0, line.find('%')));
    for (const char c : body)
      if (c != ' ' && c != '\t') joined += c;
  }
  std::string out;
  for (const std::string_view term : {"{loopback_users,[]}", "{ssl_listeners,[", "{tcp_listeners,[]}"})
    if (contains(joined, term)) out.append(term).append("\n");
  return out;
}

}  // namespace

void inspect_kafka(const Host& host, Store& store) {
  const auto path = first_readable(
      host, {whole_path(store, path_with_end(store.arguments(), ".properties")), "/etc/kafka/server.properties",
             "/opt/kafka/config/server.properties", "/opt/kafka/config/kraft/server.properties",
             "/opt/bitnami/kafka/config/server.properties"});
  Settings settings;
  if (path) {
    const auto text = host.read_redacted(*path, redact_kafka, kMaxConfigBytes);
    if (!text) return set_auth_unread(store, text.error());
    settings = key_values(*text);
  }
  add_kafka_variables(store, settings);
  if (settings.empty() && !path) return set_auth_unread(store, path.error());
  judge_kafka(settings, store);
  const std::string folders = last_of(settings, "log.dirs", last_of(settings, "log.dir", "/tmp/kafka-logs"));
  for (const std::string_view folder : split(folders, ',')) {
    if (store.data_folder.empty())
      store.data_folder = trim(folder);
    else if (!store.contained)
      store.more_folders.emplace_back(trim(folder));
  }
  const auto number = [&](const std::string& key) { return parse_u64(last_of(settings, key, "1")).value_or(1); };
  store.replication_factor = static_cast<int>(number("default.replication.factor") & 0xffff);
  store.min_insync = static_cast<int>(number("min.insync.replicas") & 0xffff);
  store.replication = *store.replication_factor > 1 ? "replica" : "single";
  if (!last_of(settings, "process.roles").empty())
    store.coordination = "kraft";
  else if (!last_of(settings, "zookeeper.connect").empty())
    store.coordination = "zookeeper";
  const int voters = count_items(last_of(settings, "controller.quorum.voters",
                                         last_of(settings, "controller.quorum.bootstrap.servers")));
  if (voters > 0) store.cluster_nodes = voters;
  for (const std::string& word : store.arguments())
    if (word.starts_with("-Xmx")) store.cache_bytes = parse_size(word.substr(4));
  store.vector_capable = false;
}

void inspect_rabbitmq(const Host& host, Store& store) {
  Settings settings;
  std::vector<std::string> files = {"/etc/rabbitmq/rabbitmq.conf"};
  for (const std::string& file : glob(host, "/etc/rabbitmq/conf.d/*.conf")) files.push_back(file);
  for (const std::string& file : files) {
    const auto text = host.read_redacted(file, redact_rabbitmq, kMaxConfigBytes);
    if (!text && text.error().kind != ErrorKind::not_found) return set_auth_unread(store, text.error());
    if (text)
      for (const auto& [key, value] : key_values(*text)) settings[key] = value;
  }
  std::string terms;
  for (const std::string file : {"/etc/rabbitmq/rabbitmq.config", "/etc/rabbitmq/advanced.config"})
    if (const auto text = host.read_redacted(file, redact_erlang, kMaxConfigBytes)) terms += *text;
  const bool open = lower(last_of(settings, "loopback_users")) == "none" ||
                    lower(last_of(settings, "loopback_users.guest")) == "false" ||
                    contains(terms, "{loopback_users,[]}");
  if (open)
    set_auth(store, "weak", "rabbitmq.conf: guest may connect from other hosts");
  else
    set_auth(store, "required", "rabbitmq: users are asked for, guest is for loopback");
  if (is_on(last_of(settings, "mqtt.allow_anonymous"))) store.risky.push_back("mqtt.allow_anonymous=true");
  const bool tls = settings.count("listeners.ssl.default") != 0 || settings.count("listeners.ssl.1") != 0 ||
                   contains(terms, "{ssl_listeners,[");
  store.tls = tls ? "on" : "off";
  store.tls_required =
      tls && (lower(last_of(settings, "listeners.tcp")) == "none" || contains(terms, "{tcp_listeners,[]}"));
  store.data_folder = "/var/lib/rabbitmq";
  const bool cluster = settings.count("cluster_formation.peer_discovery_backend") != 0;
  if (cluster) store.replication = "replica";
  listen_on(store, "0.0.0.0");
  store.vector_capable = false;
}

namespace {

/// nats-server.conf is neither JSON nor YAML: "authorization { user: a, password: b }", "tls: {…}", "port = 4222".
/// One line "path" for each value, with its value where it is no secret.
std::string redact_nats(std::string_view text) {
  const std::set<std::string> kept = {"port", "host", "net", "listen", "jetstream.store_dir", "jetstream.store_directory",
                                      "store_dir", "include", "no_auth_user", "tls.verify", "max_memory"};
  std::string out, word;
  std::vector<std::string> path;
  std::string key;
  constexpr std::size_t kMaxDepth = 16;
  const auto emit = [&](const std::string& value) {
    std::string full;
    for (const std::string& one : path) full += one + ".";
    full += key;
    const bool plain = kept.count(full) != 0 || kept.count(key) != 0;
    if (!key.empty()) out.append(full).append(" = ").append(plain ? redact_line(value) : "x").append("\n");
    key.clear();
  };
  for (const std::string_view raw : lines(text)) {
    std::string line;  // "a: b" with blanks around marks, so that shell_words-like splitting does
    bool quoted = false;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      const char c = raw[i];
      if (c == '"' || c == '\'') quoted = !quoted;
      if (!quoted && (c == '#' || (c == '/' && raw.substr(i).starts_with("//") && (i == 0 || raw[i - 1] == ' ')))) break;
      const bool mark = !quoted && (c == '{' || c == '}' || c == '[' || c == ']' || c == ',' || c == '=' ||
                                    (c == ':' && key.empty() && line.find_first_not_of(' ') != std::string::npos));
      if (mark)
        line.append(" ").append(1, c == ':' ? '=' : c).append(" ");
      else if (c != '"' && c != '\'')
        line += c;
    }
    for (const std::string_view part : words(line)) {
      if (part == "{" || part == "[") {
        if (path.size() < kMaxDepth) path.push_back(lower(key));
        out.append(join(path, ".")).append(" = x\n");
        key.clear();
      } else if (part == "}" || part == "]") {
        if (!path.empty()) path.pop_back();
      } else if (part == "," || part == "=") {
        continue;
      } else if (key.empty()) {
        key = lower(part);
      } else {
        emit(std::string(part));
      }
    }
    key.clear();
  }
  return out;
}

}  // namespace

void inspect_nats(const Host& host, Store& store) {
  store.vector_capable = false;
  const std::string given = option_value(store.arguments(), {"-c", "--config", "-config"});
  const auto path = first_readable(host, {given, "/etc/nats-server.conf", "/etc/nats/nats-server.conf",
                                          "/nats-server.conf"});
  Settings settings;
  if (path && (!given.empty() || store.arguments().size() < 2)) {
    const auto text = host.read_redacted(*path, redact_nats, kMaxConfigBytes);
    if (!text) return set_auth_unread(store, text.error());
    settings = key_values(*text);
    if (std::string more = last_of(settings, "include"); !more.empty()) {
      if (more.starts_with("./")) more.erase(0, 2);
      if (!more.starts_with('/')) more = path->substr(0, path->rfind('/') + 1) + more;
      const auto included = host.read_redacted(more, redact_nats, kMaxConfigBytes);
      if (!included) return set_auth_unread(store, included.error());
      for (const auto& [key, value] : key_values(*included)) settings[key] = value;
    }
  } else if (!path && (!given.empty() || store.arguments().empty())) {
    return set_auth_unread(store, path.error());
  }
  const auto below = [&](std::string_view name) {
    return std::any_of(settings.begin(), settings.end(), [&](const auto& one) {
      return one.first == name || one.first.starts_with(std::string(name) + ".");
    });
  };
  bool asks = below("authorization") || below("accounts") || below("operator") || below("resolver");
  for (const std::string_view option : {"--auth", "--user", "--pass", "-auth", "-user"})
    asks = asks || has_option(store.arguments(), option);
  const bool certificates = is_on(last_of(settings, "tls.verify")) || has_option(store.arguments(), "--tlsverify");
  if (settings.count("no_auth_user") != 0) {
    set_auth(store, "weak", "nats-server.conf: no_auth_user");
    store.risky.push_back("no_auth_user");
  } else {
    set_auth(store, asks || certificates ? "required" : "none",
             asks ? "nats-server.conf: users" : certificates ? "nats-server.conf: tls verify" : "nats: no users");
  }
  store.tls = below("tls") || has_option(store.arguments(), "--tls") ? "on" : "off";
  store.tls_required = store.tls == "on";
  std::string address = option_value(store.arguments(), {"-a", "--addr", "--net"});
  if (address.empty()) address = last_of(settings, "host", last_of(settings, "net", last_of(settings, "listen", "0.0.0.0")));
  listen_on(store, address.substr(0, address.rfind(':')));
  store.data_folder = option_value(store.arguments(), {"-sd", "--store_dir"});
  if (store.data_folder.empty())
    store.data_folder = last_of(settings, "jetstream.store_dir", last_of(settings, "store_dir"));
  store.replication = below("cluster") ? "replica" : "single";
}

void inspect_mosquitto(const Host& host, Store& store) {
  store.vector_capable = false;
  std::vector<std::string> files = {option_value(store.arguments(), {"-c", "--config-file"})};
  const bool given = !files.front().empty();
  if (!given) files.front() = store.contained ? "/mosquitto/config/mosquitto.conf" : "/etc/mosquitto/mosquitto.conf";
  bool anonymous = false, told = false, password = false, tls = false, listener = false, persistent = false;
  for (std::size_t i = 0; i < files.size() && i < 64; ++i) {
    const auto text = host.read_redacted(
        files[i],
        [](std::string_view raw) {
          return keep_settings(raw, {"listener", "port", "bind_address", "allow_anonymous", "password_file", "plugin",
                                     "auth_plugin", "require_certificate", "certfile", "cafile", "persistence",
                                     "persistence_location", "include_dir", "connection"});
        },
        kMaxConfigBytes);
    if (!text && (given || text.error().kind != ErrorKind::not_found || !store.running))
      return set_auth_unread(store, text.error());
    if (!text) break;
    for (const std::string_view line : lines(*text)) {
      const auto parts = words(line);
      if (parts.size() < 2) continue;
      if (parts[0] == "allow_anonymous") told = true, anonymous = is_on(parts[1]);
      if (parts[0] == "password_file" || parts[0] == "plugin" || parts[0] == "auth_plugin") password = true;
      if (parts[0] == "require_certificate") password = password || is_on(parts[1]);
      if (parts[0] == "certfile") tls = true;
      if (parts[0] == "listener" || parts[0] == "port") listener = true;
      if (parts[0] == "listener") listen_on(store, parts.size() > 2 ? parts[2] : "0.0.0.0");
      if (parts[0] == "persistence") persistent = is_on(parts[1]);
      if (parts[0] == "persistence_location") store.data_folder = parts[1];
      if (parts[0] == "include_dir")
        for (const std::string& file : glob(host, std::string(parts[1]) + "/*.conf")) files.push_back(file);
    }
  }
  // Since 2.0 nobody comes in without a name where a listener is set, and without any it is for this host alone.
  const bool open = told ? anonymous : !listener || (!store.version.empty() && !is_version(store, 2));
  if (!listener) listen_on(store, "127.0.0.1");
  if (open)
    set_auth(store, "none", told ? "mosquitto.conf: allow_anonymous true" : "mosquitto: anonymous without a listener set");
  else
    set_auth(store, "required", password ? "mosquitto.conf: password_file" : "mosquitto.conf: allow_anonymous is off");
  store.tls = tls ? "on" : "off";
  store.archiving = persistent ? "on" : "off";
  store.replication = "single";
}

}  // namespace plumbline
