// SPDX-License-Identifier: Apache-2.0
// Vector stores: Qdrant, Milvus, Weaviate and Chroma.
#include "agent/config/yaml.h"
#include "agent/redact.h"
#include "agent/stores/store.h"
#include "base/text.h"

namespace plumbline {
namespace {

using Settings = std::map<std::string, std::string>;

constexpr std::size_t kMaxConfigBytes = 1u << 20;

std::string redact_qdrant(std::string_view text) {
  return keep_settings(text, {"api_key", "read_only_api_key", "jwt_rbac", "host", "http_port", "enable_tls",
                              "storage_path", "snapshots_path", "enabled", "replication_factor"});
}
std::string redact_milvus(std::string_view text) {
  return keep_settings(text, {"authorizationEnabled", "tlsMode", "path", "bindAddress", "defaultRootPassword"});
}
std::string redact_chroma(std::string_view text) {
  return keep_settings(text, {"persist_path", "port", "listen_address"});
}

bool has_variable(const Store& store, const std::string& name) {
  return !last_of(store.environment, name).empty();
}

/// Qdrant reads config/config, then config/<RUN_MODE>, then config/local, then /etc/qdrant/config, each over the
/// one before, then what --config-path names and QDRANT__ variables; its manual, "Configuration". Whether any
/// was there.
Result<bool> read_qdrant(const Host& host, const Store& store, Settings& settings) {
  std::vector<std::string> files;
  const std::string given = option_value(store.arguments(), {"--config-path"});
  std::string base = whole_path(store, "config");
  if (base.empty()) base = "/qdrant/config";
  for (const std::string name : {"config.yaml", "production.yaml", "local.yaml"}) files.push_back(base + "/" + name);
  files.push_back("/etc/qdrant/config.yaml");
  if (!given.empty()) files.push_back(whole_path(store, given));
  bool any = false;
  for (const std::string& file : files) {
    const auto text = host.read_redacted(file, redact_qdrant, kMaxConfigBytes);
    if (!text && text.error().kind != ErrorKind::not_found) return tl::unexpected<Error>(text.error());
    if (!text && file == files.back() && !given.empty()) return tl::unexpected<Error>(text.error());
    if (!text) continue;
    any = true;
    for (const auto& [key, value] : flatten_yaml(*text)) settings[key] = value;
  }
  for (const auto& [name, value] : store.environment) {  // QDRANT__SERVICE__API_KEY
    if (!name.starts_with("QDRANT__") || value.empty()) continue;
    std::string key = lower(name.substr(8));
    for (std::size_t at = key.find("__"); at != std::string::npos; at = key.find("__")) key.replace(at, 2, ".");
    settings[key] = value;
  }
  return any;
}

}  // namespace

void inspect_qdrant(const Host& host, Store& store) {
  store.vector_capable = true;
  Settings settings;
  const auto any = read_qdrant(host, store, settings);
  if (!any) return set_auth_unread(store, any.error());
  const bool key = !last_of(settings, "service.api_key").empty();
  if (key)
    set_auth(store, "required", "qdrant: service.api_key");
  else if (store.environment_known || (!store.running && *any))
    set_auth(store, "none", "qdrant: no service.api_key");
  else
    set_auth(store, "unknown", "qdrant: its environment may not be read");
  store.tls = is_on(last_of(settings, "service.enable_tls")) ? "on" : "off";
  store.tls_required = store.tls == "on";
  listen_on(store, last_of(settings, "service.host", "0.0.0.0"));
  store.data_folder = whole_path(store, last_of(settings, "storage.storage_path", "./storage"));
  if (store.data_folder.empty() && host.stat("/var/lib/qdrant/storage")) store.data_folder = "/var/lib/qdrant/storage";
  store.replication = is_on(last_of(settings, "cluster.enabled")) ? "replica" : "single";
}

void inspect_milvus(const Host& host, Store& store) {
  store.vector_capable = true;
  const auto path = first_readable(
      host, {"/milvus/configs/milvus.yaml", "/etc/milvus/configs/milvus.yaml", "/etc/milvus/milvus.yaml"});
  Settings settings;
  const bool by_variable = has_variable(store, "COMMON_SECURITY_AUTHORIZATIONENABLED");
  if (path) {
    for (const std::string& file : {*path, path->substr(0, path->rfind('/')) + "/user.yaml"}) {
      const auto text = host.read_redacted(file, redact_milvus, kMaxConfigBytes);
      if (!text && text.error().kind == ErrorKind::not_found && file != *path) continue;
      if (!text) return set_auth_unread(store, text.error());
      for (const auto& [key, value] : flatten_yaml(*text)) settings[key] = value;
    }
  } else if (!by_variable) {
    return set_auth_unread(store, path.error());
  }
  const bool on = is_on(last_of(store.environment, "COMMON_SECURITY_AUTHORIZATIONENABLED",
                                last_of(settings, "common.security.authorizationEnabled", "false")));
  set_auth(store, on ? "required" : "none",
           std::string("milvus.yaml: authorizationEnabled is ") + (on ? "true" : "not true"));
  const std::string mode = last_of(settings, "common.security.tlsMode", "0");
  store.tls = mode == "1" || mode == "2" ? "on" : "off";
  store.tls_required = store.tls == "on";
  listen_on(store, "0.0.0.0");
  store.data_folder = "/var/lib/milvus";
  const std::string local = last_of(settings, "localStorage.path");  // "/var/lib/milvus/data/"
  if (local.starts_with('/') && !local.starts_with("/var/lib/milvus")) store.data_folder = local;
}

void inspect_weaviate(const Host&, Store& store) {
  store.vector_capable = true;
  store.tls = option_value(store.arguments(), {"--scheme"}) == "https" ? "on" : "off";
  store.data_folder = whole_path(store, last_of(store.environment, "PERSISTENCE_DATA_PATH"));
  const std::string address = option_value(store.arguments(), {"--host"});
  listen_on(store, address.empty() ? "127.0.0.1" : address);
  store.snapshot_repository = contains(last_of(store.environment, "ENABLE_MODULES"), "backup-") ||
                              has_variable(store, "BACKUP_FILESYSTEM_PATH");
  if (*store.snapshot_repository) store.archiving = "on";
  const bool joins = has_variable(store, "CLUSTER_JOIN");
  store.replication = joins ? "replica" : "single";
  if (!store.environment_known)
    return set_auth(store, "unknown", "weaviate: its environment may not be read");
  const std::string anonymous = last_of(store.environment, "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED");
  const bool other = is_on(last_of(store.environment, "AUTHENTICATION_APIKEY_ENABLED")) ||
                     is_on(last_of(store.environment, "AUTHENTICATION_OIDC_ENABLED")) ||
                     is_on(last_of(store.environment, "AUTHENTICATION_DB_USERS_ENABLED"));
  const bool open = anonymous.empty() ? !other : is_on(anonymous);  // without any scheme it lets everybody in
  set_auth(store, open ? "none" : "required",
           open ? "weaviate: anonymous access" : "weaviate: anonymous access is off");
  if (open && other) store.risky.push_back("anonymous access");
}

void inspect_chroma(const Host& host, Store& store) {
  store.vector_capable = true;
  store.tls = "off";
  store.replication = "single";
  Settings settings;
  for (const std::string& word : store.arguments()) {
    if (!word.ends_with(".yaml") && !word.ends_with(".yml")) continue;
    if (const auto text = host.read_redacted(whole_path(store, word), redact_chroma, kMaxConfigBytes))
      settings = flatten_yaml(*text);
  }
  store.data_folder = option_value(store.arguments(), {"--path"});
  if (store.data_folder.empty())
    store.data_folder = last_of(settings, "persist_path", last_of(store.environment, "PERSIST_DIRECTORY"));
  store.data_folder = whole_path(store, store.data_folder);
  std::string address = option_value(store.arguments(), {"--host"});
  if (address.empty()) address = last_of(settings, "listen_address", "127.0.0.1");
  listen_on(store, address);
  // The server was written anew for 1.0, without authentication of its own.
  if (is_version(store, 1)) return set_auth(store, "none", "chroma: since 1.0 it asks nobody who they are");
  const bool on = has_variable(store, "CHROMA_SERVER_AUTHN_PROVIDER") ||
                  has_variable(store, "CHROMA_SERVER_AUTHN_CREDENTIALS") ||
                  has_variable(store, "CHROMA_SERVER_AUTHN_CREDENTIALS_FILE") ||
                  has_variable(store, "CHROMA_SERVER_AUTH_PROVIDER");
  if (on && !store.version.empty())
    set_auth(store, "required", "chroma: CHROMA_SERVER_AUTHN_PROVIDER");
  else if (on)
    set_auth(store, "unknown", "chroma: an authentication provider is set, and whether this version asks it is not known");
  else if (store.environment_known)
    set_auth(store, "none", "chroma: no authentication provider");
  else
    set_auth(store, "unknown", "chroma: its environment may not be read");
}

}  // namespace plumbline
