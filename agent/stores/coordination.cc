// SPDX-License-Identifier: Apache-2.0
// etcd and ZooKeeper.
#include <algorithm>
#include <array>

#include "agent/config/ini.h"
#include "agent/config/yaml.h"
#include "agent/redact.h"
#include "agent/stores/store.h"
#include "base/text.h"

namespace plumbline {
namespace {

using Settings = std::map<std::string, std::string>;

constexpr std::size_t kMaxConfigBytes = 1u << 20;

std::string redact_etcd(std::string_view text) {
  return keep_settings(text, {"data-dir", "listen-client-urls", "client-cert-auth", "cert-file",
                              "client-transport-security", "initial-cluster", "trusted-ca-file"});
}

int count_items(std::string_view list) {
  int count = 0;
  for (const std::string_view one : split(list, ',')) count += trim(one).empty() ? 0 : 1;
  return count;
}

/// "https://10.0.0.5:2379" to "10.0.0.5".
std::string_view host_of_url(std::string_view url) {
  const std::size_t mark = url.find("://");
  if (mark != std::string_view::npos) url.remove_prefix(mark + 3);
  return url.substr(0, url.rfind(':'));
}

/// A configuration file goes before everything else; else flags go before variables.
Result<Settings> read_etcd(const Host& host, const Store& store) {
  Settings environment = store.environment;
  if (!store.running && environment.empty()) {
    if (const auto text = host.read_redacted("/etc/default/etcd", redact_variables, kMaxConfigBytes))
      for (const IniLine& line : parse_ini(*text)) {
        std::string name = line.key;
        for (char& c : name)
          if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
        environment[name] = line.value;
      }
  }
  Settings settings;
  for (const std::string_view key :
       {"data-dir", "client-cert-auth", "cert-file", "listen-client-urls", "initial-cluster", "trusted-ca-file"}) {
    std::string value = option_value(store.arguments(), {"--" + std::string(key), "-" + std::string(key)});
    if (value.empty() && has_option(store.arguments(), "--" + std::string(key))) value = "true";
    std::string variable = "ETCD_";
    for (const char c : key) variable += c == '-' ? '_' : static_cast<char>(c - ('a' - 'A'));
    if (value.empty()) value = last_of(environment, variable);
    if (!value.empty()) settings[std::string(key)] = value.starts_with("--") ? "true" : value;
  }
  std::string file = option_value(store.arguments(), {"--config-file"});
  if (file.empty()) file = last_of(environment, "ETCD_CONFIG_FILE");
  if (file.empty()) return settings;
  const auto text = host.read_redacted(file, redact_etcd, kMaxConfigBytes);
  if (!text) return tl::unexpected<Error>(text.error());
  settings.clear();
  for (const auto& [path, value] : flatten_yaml(*text)) {
    if (path.starts_with("peer-")) continue;
    settings[path.substr(path.rfind('.') + 1)] = value;
  }
  return settings;
}

}  // namespace

void inspect_etcd(const Host& host, Store& store) {
  const auto settings = read_etcd(host, store);
  if (!settings) return set_auth_unread(store, settings.error());
  const bool certificates = is_on(last_of(*settings, "client-cert-auth"));
  set_auth(store, certificates ? "required" : "none",
           certificates ? "etcd: client-cert-auth" : "etcd: client certificates are not asked for");
  const std::string urls = last_of(*settings, "listen-client-urls", "http://localhost:2379");
  const bool https = contains(urls, "https://") || last_of(*settings, "listen-client-urls").empty();
  store.tls = last_of(*settings, "cert-file").empty() || !https ? "off" : "on";
  store.tls_required = store.tls == "on" && !contains(urls, "http://");
  for (const std::string_view url : split(urls, ',')) listen_on(store, host_of_url(trim(url)));
  store.data_folder = whole_path(store, last_of(*settings, "data-dir", "./default.etcd"));
  const int members = count_items(last_of(*settings, "initial-cluster"));
  if (members > 0) store.cluster_nodes = members;
  store.replication = members > 1 ? "replica" : "single";
  store.vector_capable = false;
}

void inspect_zookeeper(const Host& host, Store& store) {
  store.vector_capable = false;
  std::string given;
  for (const std::string& word : store.arguments())
    if (word.ends_with(".cfg") || word.ends_with("zookeeper.properties")) given = word;
  const auto path = first_readable(host, {given, "/etc/zookeeper/conf/zoo.cfg", "/etc/zookeeper/zoo.cfg",
                                          "/opt/zookeeper/conf/zoo.cfg", "/conf/zoo.cfg",
                                          "/opt/kafka/config/zookeeper.properties"});
  if (!path) return set_auth_unread(store, path.error());
  const auto text = host.read_redacted(
      *path,
      [](std::string_view raw) {
        std::string out = keep_settings(
            raw, {"dataDir", "clientPort", "clientPortAddress", "secureClientPort", "4lw.commands.whitelist",
                  "sessionRequireClientSASLAuth", "zookeeper.sessionRequireClientSASLAuth", "enforce.auth.enabled",
                  "authProvider.sasl", "admin.enableServer", "ssl.clientAuth"});
        for (const std::string_view line : lines(raw))  // "server.1=zk1:2888:3888" without the name
          if (trim(line).starts_with("server.")) out.append(line.substr(0, line.find('='))).append("=x\n");
        return out;
      },
      kMaxConfigBytes);
  if (!text) return set_auth_unread(store, text.error());
  const Settings settings = key_values(*text);
  bool asks = is_on(last_of(settings, "sessionrequireclientsaslauth")) ||
              is_on(last_of(settings, "zookeeper.sessionrequireclientsaslauth")) ||
              is_on(last_of(settings, "enforce.auth.enabled"));
  for (const std::string& word : store.arguments())
    asks = asks || word == "-Dzookeeper.sessionRequireClientSASLAuth=true" ||
           word == "-Dzookeeper.enforce.auth.enabled=true";
  const bool open_port = settings.count("clientport") != 0;
  set_auth(store, asks ? "required" : "none",
           asks ? "zoo.cfg: every session must show who it is" : "zoo.cfg: sessions need no name");
  store.tls = settings.count("secureclientport") != 0 ? "on" : "off";
  store.tls_required = store.tls == "on" && !open_port;
  if (last_of(settings, "4lw.commands.whitelist") == "*") store.risky.push_back("4lw.commands.whitelist=*");
  store.data_folder = last_of(settings, "datadir");
  listen_on(store, last_of(settings, "clientportaddress", "0.0.0.0"));
  const auto members = std::count_if(settings.begin(), settings.end(),
                                     [](const auto& one) { return one.first.starts_with("server."); });
  store.cluster_nodes = std::max(1, static_cast<int>(members));
  store.replication = members > 1 ? "replica" : "single";
}

}  // namespace plumbline
