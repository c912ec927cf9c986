// SPDX-License-Identifier: Apache-2.0
// MongoDB and CouchDB.
#include "agent/config/glob.h"
#include "agent/config/ini.h"
#include "agent/config/yaml.h"
#include "agent/redact.h"
#include "agent/stores/store.h"
#include "base/text.h"

namespace plumbline {
namespace {

using Settings = std::map<std::string, std::string>;

constexpr std::size_t kMaxConfigBytes = 1u << 20;

std::string redact_mongod(std::string_view text) {
  return keep_settings(
      text, {"authorization", "transitionToAuth", "keyFile", "clusterAuthMode", "bindIp", "bindIpAll", "port", "mode",
             "dbPath", "replSetName", "cacheSizeGB", "configDB", "enableLocalhostAuthBypass",
             // before 2.6, and still read: "auth = true"
             "auth", "noauth", "bind_ip", "bind_ip_all", "dbpath", "replSet", "tlsMode", "sslMode",
             "wiredTigerCacheSizeGB"});
}

/// Names of the older "name = value" files in today's words; the manual, "Configuration File Options".
Settings from_legacy(std::string_view text) {
  const std::map<std::string, std::string> today = {
      {"bind_ip", "net.bindIp"},           {"bind_ip_all", "net.bindIpAll"},
      {"port", "net.port"},                {"dbpath", "storage.dbPath"},
      {"replset", "replication.replSetName"}, {"keyfile", "security.keyFile"},
      {"tlsmode", "net.tls.mode"},         {"sslmode", "net.ssl.mode"},
      {"configdb", "sharding.configDB"},   {"transitiontoauth", "security.transitionToAuth"},
      {"wiredtigercachesizegb", "storage.wiredTiger.engineConfig.cacheSizeGB"}};
  Settings settings;
  for (const auto& [key, value] : key_values(text)) {
    if (key == "auth" && is_on(value)) settings["security.authorization"] = "enabled";
    const auto name = today.find(key);
    if (name != today.end()) settings[name->second] = value;
  }
  return settings;
}

bool is_legacy(std::string_view text) {
  for (const std::string_view line : lines(text)) {
    const std::size_t end = line.find_first_of("=:");
    if (end != std::string_view::npos) return line[end] == '=';
  }
  return false;
}

/// "--bind_ip 0.0.0.0" as "net.bindIp".
void add_options(const Store& store, Settings& settings) {
  const std::pair<std::string_view, std::string> values[] = {
      {"--bind_ip", "net.bindIp"}, {"--port", "net.port"}, {"--dbpath", "storage.dbPath"},
      {"--replSet", "replication.replSetName"}, {"--keyFile", "security.keyFile"}, {"--tlsMode", "net.tls.mode"},
      {"--sslMode", "net.ssl.mode"}, {"--configdb", "sharding.configDB"},
      {"--wiredTigerCacheSizeGB", "storage.wiredTiger.engineConfig.cacheSizeGB"}};
  for (const auto& [option, key] : values)
    if (const std::string value = option_value(store.arguments(), {option}); !value.empty()) settings[key] = value;
  if (has_option(store.arguments(), "--auth")) settings["security.authorization"] = "enabled";
  if (has_option(store.arguments(), "--noauth")) settings["security.authorization"] = "disabled";
  if (has_option(store.arguments(), "--bind_ip_all")) settings["net.bindIpAll"] = "true";
  if (has_option(store.arguments(), "--transitionToAuth")) settings["security.transitionToAuth"] = "true";
}

void judge_mongodb(const Settings& settings, Store& store) {
  const bool keyed = settings.count("security.keyFile") != 0 || settings.count("security.clusterAuthMode") != 0;
  const std::string authorization = lower(last_of(settings, "security.authorization"));
  const bool on = authorization == "enabled" || (keyed && authorization != "disabled");
  if (on && is_on(last_of(settings, "security.transitionToAuth"))) {
    set_auth(store, "none", "mongod.conf: security.transitionToAuth lets everybody in");
    store.risky.push_back("transitionToAuth=true");
  } else {
    set_auth(store, on ? "required" : "none",
             on ? "mongod.conf: security.authorization" : "mongod.conf: security.authorization is not enabled");
  }
  const std::string mode = lower(last_of(settings, "net.tls.mode", last_of(settings, "net.ssl.mode", "disabled")));
  store.tls = mode == "disabled" || mode.empty() ? "off" : "on";
  store.tls_required = mode.starts_with("require");
  store.port = static_cast<int>(parse_u64(last_of(settings, "net.port", "27017")).value_or(0) & 0xffff);
  const bool all = is_on(last_of(settings, "net.bindIpAll"));
  const std::string addresses = all ? "0.0.0.0" : last_of(settings, "net.bindIp", "127.0.0.1");
  for (const std::string_view address : split(addresses, ','))
    listen_on(store, address);
  const bool set = !last_of(settings, "replication.replSetName").empty();
  const bool router = settings.count("sharding.configDB") != 0;
  store.replication = set || router ? "replica" : "single";
  // The oplog is what change streams and point-in-time restore read; a router keeps no data.
  store.archiving = set || router ? "on" : "off";
  const std::string cache = last_of(settings, "storage.wiredTiger.engineConfig.cacheSizeGB");
  store.cache_bytes = parse_size(cache, 1LL << 30);
  if (!router) store.data_folder = last_of(settings, "storage.dbPath");
  store.vector_capable = false;
}

std::string redact_couchdb(std::string_view text) {
  std::string out = keep_settings(text, {"require_valid_user", "bind_address", "port", "database_dir", "enable",
                                         "max_document_size"});
  for (const IniLine& line : parse_ini(text))
    if (line.section == "admins" && !line.key.empty()) out.append("[admins]\nx = ").append(kRedacted).append("\n");
  return out;
}

}  // namespace

void inspect_mongodb(const Host& host, Store& store) {
  const auto path = first_readable(
      host, {option_value(store.arguments(), {"-f", "--config"}), "/etc/mongod.conf", "/etc/mongodb.conf"});
  Settings settings;
  // A server that names no file reads none.
  const bool names_file = has_option(store.arguments(), "-f") || has_option(store.arguments(), "--config");
  if (path && (names_file || store.words.size() < 2 || !store.contained)) {
    const auto text = host.read_redacted(*path, redact_mongod, kMaxConfigBytes);
    if (!text) return set_auth_unread(store, text.error());
    settings = is_legacy(*text) ? from_legacy(*text) : flatten_yaml(*text);
  } else if (!path && (path.error().kind != ErrorKind::not_found || (!store.running && store.words.empty()))) {
    return set_auth_unread(store, path.error());
  }
  add_options(store, settings);
  judge_mongodb(settings, store);
  if (!store.data_folder.empty()) return;
  for (const std::string folder : {"/var/lib/mongodb", "/var/lib/mongo", "/data/db"})
    if (store.data_folder.empty() && host.stat(folder)) store.data_folder = folder;
}

void inspect_couchdb(const Host& host, Store& store) {
  Settings settings;
  bool any = false, admins = false;
  for (const std::string root : {"/opt/couchdb/etc", "/etc/couchdb"}) {
    std::vector<std::string> files = {root + "/default.ini", root + "/local.ini"};
    for (const std::string& file : glob(host, root + "/local.d/*.ini")) files.push_back(file);
    for (const std::string& file : files) {
      const auto text = host.read_redacted(file, redact_couchdb, kMaxConfigBytes);
      if (!text && text.error().kind != ErrorKind::not_found) return set_auth_unread(store, text.error());
      if (!text) continue;
      any = true;
      for (const IniLine& line : parse_ini(*text)) {
        if (line.section == "admins" && !line.key.empty()) admins = true;
        settings[line.section + "." + line.key] = line.value;
      }
    }
  }
  store.data_folder = last_of(settings, "couchdb.database_dir", "/opt/couchdb/data");
  if (store.data_folder.starts_with("./")) store.data_folder.erase(0, 2);
  if (!store.data_folder.starts_with('/')) store.data_folder = "/opt/couchdb/" + store.data_folder;
  if (!any) return set_auth(store, "unknown", "not found: /opt/couchdb/etc/local.ini");
  listen_on(store, last_of(settings, "chttpd.bind_address", "127.0.0.1"));
  // Since 3.0 it does not start without an administrator, and databases are for administrators.
  const bool asks = admins || is_on(last_of(settings, "chttpd.require_valid_user"));
  if (asks || is_version(store, 3))
    set_auth(store, "required", asks ? "local.ini: administrators are set" : "couchdb: administrators since 3.0");
  else
    set_auth(store, "none", "local.ini: no administrator, everybody is one");
  store.tls = is_on(last_of(settings, "ssl.enable")) ? "on" : "off";
  store.vector_capable = false;
}

}  // namespace plumbline
