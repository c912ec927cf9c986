// SPDX-License-Identifier: Apache-2.0
// Elasticsearch, OpenSearch, Solr and Meilisearch.
#include "agent/config/glob.h"
#include "agent/config/ini.h"
#include "agent/config/yaml.h"
#include "agent/redact.h"
#include "agent/stores/store.h"
#include "base/json.h"
#include "base/text.h"

#include <nlohmann/json.hpp>

namespace plumbline {
namespace {

using Settings = std::map<std::string, std::string>;

constexpr std::size_t kMaxConfigBytes = 1u << 20;

std::string redact_elastic(std::string_view text) {
  return keep_settings(
      text, {"xpack.security.enabled", "xpack.security.http.ssl.enabled", "xpack.security.http.ssl",
             "xpack.security.transport.ssl.enabled", "enabled", "xpack.security.authc.anonymous.roles", "roles",
             "network.host", "network.bind_host", "bind_host", "http.host", "http.bind_host", "http.port", "host",
             "discovery.type", "type", "discovery.seed_hosts", "seed_hosts", "cluster.initial_master_nodes",
             "initial_master_nodes", "cluster.initial_cluster_manager_nodes", "initial_cluster_manager_nodes",
             "discovery.zen.ping.unicast.hosts", "path.data", "data", "path.repo", "repo",
             "plugins.security.disabled", "opendistro_security.disabled", "disabled",
             "plugins.security.ssl.http.enabled", "plugins.security.allow_unsafe_democertificates",
             "allow_unsafe_democertificates", "action.destructive_requires_name"});
}

std::size_t items_of(std::string_view list) {
  std::size_t count = 0;
  for (const std::string_view one : split(list, ',')) count += trim(one).empty() ? 0 : 1;
  return count;
}

void listen_on_all(Store& store, std::string_view addresses) {
  for (std::string_view address : split(addresses, ',')) {
    address = trim(address);
    if (address == "_local_") address = "127.0.0.1";
    if (address == "_site_") address = "10.0.0.1";
    if (address == "_global_") address = "0.0.0.0";
    if (address.starts_with('_')) address = "10.0.0.1";  // "_eth0_": whatever it has
    listen_on(store, address);
  }
}

/// "-Xmx4g" of the command line, else of jvm.options and the files beside it; the last one wins.
void find_heap(const Host& host, const std::string& folder, Store& store) {
  std::string heap;
  const auto look = [&heap](std::string_view word) {
    if (word.starts_with("-Xmx")) heap = word.substr(4);
  };
  for (const std::string& word : store.arguments()) look(word);
  if (heap.empty()) {
    std::vector<std::string> files = {folder + "/jvm.options"};
    for (const std::string& file : glob(host, folder + "/jvm.options.d/*.options")) files.push_back(file);
    for (const std::string& file : files) {
      const auto text = host.read(file, 64u << 10);
      if (!text) continue;
      for (const std::string_view line : lines(*text)) look(trim(line));
    }
  }
  store.cache_bytes = parse_size(heap);
}

/// elasticsearch.yml or opensearch.yml, then variables of a container and "-Ename=value".
Result<Settings> read_settings(const Host& host, Store& store) {
  const std::string name(store.product->kind);
  std::string folder;
  const std::string option = "-D" + std::string(name == "elasticsearch" ? "es" : "opensearch") + ".path.conf=";
  for (const std::string& word : store.arguments())
    if (word.starts_with(option)) folder = word.substr(option.size());
  if (folder.empty())
    folder = last_of(store.environment, name == "elasticsearch" ? "ES_PATH_CONF" : "OPENSEARCH_PATH_CONF");
  const std::string home = "/usr/share/" + name + "/config";
  const auto path = first_readable(host, {folder.empty() ? "" : folder + "/" + name + ".yml",
                                          "/etc/" + name + "/" + name + ".yml", home + "/" + name + ".yml"});
  Settings settings;
  if (path) {
    const auto text = host.read_redacted(*path, redact_elastic, kMaxConfigBytes);
    if (!text) return tl::unexpected<Error>(text.error());
    settings = flatten_yaml(*text);
    find_heap(host, path->substr(0, path->rfind('/')), store);
  } else if (!store.contained || !store.environment_known) {
    return tl::unexpected<Error>(path.error());
  }
  for (const auto& [key, value] : store.environment)
    if (key.find('.') != std::string::npos) settings[key] = value;
  for (const std::string& word : store.arguments()) {
    const std::size_t equals = word.find('=');
    if (word.starts_with("-E") && word.size() > 2 && equals != std::string::npos)
      settings[word.substr(2, equals - 2)] = word.substr(equals + 1);
  }
  return settings;
}

void judge_shared(const Settings& settings, Store& store) {
  const std::string name(store.product->kind);
  listen_on_all(store, last_of(settings, "http.bind_host",
                               last_of(settings, "http.host",
                                       last_of(settings, "network.bind_host",
                                               last_of(settings, "network.host", "_local_")))));
  store.port = static_cast<int>(parse_u64(last_of(settings, "http.port", "9200")).value_or(0) & 0xffff);
  store.data_folder = last_of(settings, "path.data", (store.contained ? "/usr/share/" : "/var/lib/") + name +
                                                         (store.contained ? "/data" : ""));
  store.data_folder = store.data_folder.substr(0, store.data_folder.find(','));
  std::size_t nodes = 1;
  for (const std::string key : {"discovery.seed_hosts", "cluster.initial_master_nodes",
                                "cluster.initial_cluster_manager_nodes", "discovery.zen.ping.unicast.hosts"})
    nodes = std::max(nodes, items_of(last_of(settings, key)));
  const bool single = last_of(settings, "discovery.type") == "single-node";
  if (single) nodes = 1;
  const bool told = single || nodes > 1;
  if (told) store.cluster_nodes = static_cast<int>(nodes);
  if (told) store.replication = nodes > 1 ? "replica" : "single";
  store.snapshot_repository = !last_of(settings, "path.repo").empty();
  if (*store.snapshot_repository) store.archiving = "on";
}

bool is_security_here(const Host& host, const std::string& plugins) {
  const auto entries = host.list(plugins);
  if (!entries) return true;  // part of every usual distribution
  for (const FolderEntry& entry : *entries)
    if (entry.name == "opensearch-security") return true;
  return false;
}

/// How Solr lets people in: its security.json, of which only the kind of authentication is kept.
std::string redact_solr_security(std::string_view text) {
  const auto json = parse_json(text, {kMaxConfigBytes, 24, 50'000, 64u << 10});
  if (!json || !json->is_object() || !json->contains("authentication") || !json->at("authentication").is_object())
    return "{}";
  const auto& given = json->at("authentication");
  nlohmann::json kept = nlohmann::json::object();
  if (given.contains("class") && given.at("class").is_string()) kept["class"] = given.at("class");
  if (given.contains("blockUnknown") && given.at("blockUnknown").is_boolean())
    kept["blockUnknown"] = given.at("blockUnknown");
  return nlohmann::json{{"authentication", kept}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string java_property(const Store& store, std::string_view name) {
  const std::string start = "-D" + std::string(name) + "=";
  for (const std::string& word : store.arguments())
    if (word.starts_with(start)) return word.substr(start.size());
  return "";
}

}  // namespace

void inspect_elasticsearch(const Host& host, Store& store) {
  const auto settings = read_settings(host, store);
  if (!settings) return set_auth_unread(store, settings.error());
  const int major = major_of(store.version);
  const std::string fallback = major == 0 ? "" : major >= 8 ? "true" : "false";  // on by default since 8.0
  const std::string enabled = last_of(*settings, "xpack.security.enabled", fallback);
  if (enabled.empty())
    set_auth(store, "unknown",
             "elasticsearch.yml: xpack.security.enabled is not set and the version is not known");
  else if (!is_on(enabled))
    set_auth(store, "none", "elasticsearch.yml: xpack.security.enabled is false");
  else if (settings->count("xpack.security.authc.anonymous.roles") != 0)
    set_auth(store, "weak", "elasticsearch.yml: anonymous users have roles");
  else
    set_auth(store, "required", "elasticsearch.yml: xpack.security.enabled");
  if (store.auth == "weak") store.risky.push_back("anonymous access");
  store.tls = is_on(last_of(*settings, "xpack.security.http.ssl.enabled", "false")) ? "on" : "off";
  store.tls_required = store.tls == "on";
  judge_shared(*settings, store);
  if (major != 0) store.vector_capable = major >= 8;
}

void inspect_opensearch(const Host& host, Store& store) {
  const auto settings = read_settings(host, store);
  if (!settings) return set_auth_unread(store, settings.error());
  const bool off = is_on(last_of(*settings, "plugins.security.disabled",
                                 last_of(*settings, "opendistro_security.disabled", "false"))) ||
                   is_on(last_of(store.environment, "DISABLE_SECURITY_PLUGIN"));
  const bool here = is_security_here(host, "/usr/share/opensearch/plugins");
  if (!here)
    set_auth(store, "none", "opensearch: the security plugin is not installed");
  else
    set_auth(store, off ? "none" : "required",
             off ? "opensearch.yml: plugins.security.disabled" : "opensearch.yml: the security plugin is on");
  store.tls = here && !off && is_on(last_of(*settings, "plugins.security.ssl.http.enabled", "false")) ? "on" : "off";
  store.tls_required = store.tls == "on";
  if (is_on(last_of(*settings, "plugins.security.allow_unsafe_democertificates")))
    store.risky.push_back("allow_unsafe_democertificates=true");
  judge_shared(*settings, store);
  store.vector_capable = true;
  const auto plugins = host.list("/usr/share/opensearch/plugins");
  if (plugins) {
    store.vector_capable = false;
    for (const FolderEntry& entry : *plugins)
      if (entry.name == "opensearch-knn") store.vector_capable = true;
  }
}

void inspect_solr(const Host& host, Store& store) {
  Settings start;
  for (const std::string path : {"/etc/default/solr.in.sh", "/opt/solr/bin/solr.in.sh"})
    if (const auto text = host.read_redacted(path, redact_variables, kMaxConfigBytes); text && start.empty())
      start = key_values(*text);
  for (const auto& [name, value] : store.environment) start[lower(name)] = value;
  std::string home = java_property(store, "solr.solr.home");
  if (home.empty()) home = last_of(start, "solr_home", "/var/solr/data");
  store.data_folder = home;
  std::string address = java_property(store, "jetty.host");
  if (address.empty()) address = last_of(start, "solr_jetty_host", is_version(store, 9) ? "127.0.0.1" : "0.0.0.0");
  listen_on(store, address);
  store.tls = is_on(last_of(start, "solr_ssl_enabled")) || !java_property(store, "solr.jetty.keystore").empty()
                  ? "on"
                  : "off";
  store.replication = java_property(store, "zkHost").empty() ? "single" : "replica";
  if (!store.version.empty()) store.vector_capable = is_version(store, 9);
  if (!java_property(store, "zkHost").empty())
    return set_auth(store, "unknown", "solr: its security.json is kept in ZooKeeper");
  const auto text = host.read_redacted(home + "/security.json", redact_solr_security, kMaxConfigBytes);
  if (!text && text.error().kind != ErrorKind::not_found) return set_auth_unread(store, text.error());
  const auto json = text ? parse_json(*text) : Result<nlohmann::json>(nlohmann::json::object());
  const bool given = json && json->is_object() && json->contains("authentication") &&
                     json->at("authentication").contains("class");
  // Without blockUnknown requests without a name pass; it is on by default since 9.
  const bool blocks = given && (json->at("authentication").contains("blockUnknown")
                                    ? json->at("authentication").at("blockUnknown").get<bool>()
                                    : is_version(store, 9));
  if (!given)
    set_auth(store, "none", "solr: no authentication in security.json");
  else
    set_auth(store, blocks ? "required" : "weak",
             blocks ? "security.json: authentication" : "security.json: blockUnknown is not on");
}

void inspect_meilisearch(const Host& host, Store& store) {
  const std::string file = option_value(store.arguments(), {"--config-file-path"});
  Settings settings;
  const auto path = first_readable(host, {file, "/etc/meilisearch.toml"});
  if (path) {
    const auto text = host.read_redacted(
        *path,
        [](std::string_view toml) {
          return keep_settings(toml, {"master_key", "env", "http_addr", "db_path", "ssl_cert_path", "snapshot_dir"});
        },
        kMaxConfigBytes);
    if (!text) return set_auth_unread(store, text.error());
    settings = key_values(*text);
  }
  const bool key = !last_of(settings, "master_key").empty() || has_option(store.arguments(), "--master-key") ||
                   !last_of(store.environment, "MEILI_MASTER_KEY").empty();
  if (key)
    set_auth(store, "required", "meilisearch: master key");
  else if (store.environment_known)
    set_auth(store, "none", "meilisearch: no master key");
  else
    set_auth(store, "unknown", "meilisearch: its environment may not be read");
  std::string address = option_value(store.arguments(), {"--http-addr"});
  if (address.empty()) address = last_of(store.environment, "MEILI_HTTP_ADDR", last_of(settings, "http_addr"));
  listen_on(store, address.empty() ? "127.0.0.1" : address.substr(0, address.rfind(':')));
  store.tls = !last_of(settings, "ssl_cert_path").empty() || has_option(store.arguments(), "--ssl-cert-path")
                  ? "on"
                  : "off";
  std::string data = option_value(store.arguments(), {"--db-path"});
  if (data.empty()) data = last_of(store.environment, "MEILI_DB_PATH", last_of(settings, "db_path", "./data.ms"));
  store.data_folder = whole_path(store, data);
  store.replication = "single";
  store.vector_capable = true;
}

}  // namespace plumbline
