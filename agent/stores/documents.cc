// SPDX-License-Identifier: Apache-2.0
// MongoDB, Elasticsearch, OpenSearch: settings in YAML.
#include "agent/config/yaml.h"
#include "agent/redact.h"
#include "agent/stores/store.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxConfigBytes = 1u << 20;

std::string redact_mongod(std::string_view text) {
  return keep_settings(text, {"authorization", "keyFile", "clusterAuthMode", "bindIp", "bindIpAll", "port",
                              "mode", "dbPath", "replSetName"});
}

std::string redact_elastic(std::string_view text) {
  return keep_settings(
      text, {"xpack.security.enabled", "xpack.security.http.ssl.enabled", "xpack.security.http.ssl",
             "enabled", "xpack.security.authc.anonymous.roles", "roles", "network.host", "http.host", "host",
             "discovery.type", "type", "path.data", "data", "path.repo", "repo", "plugins.security.disabled",
             "disabled", "plugins.security.ssl.http.enabled"});
}

void widen_by(Store& store, std::string_view addresses) {
  if (!store.exposure.empty()) return;
  store.exposure = "none";
  for (std::string_view address : split(addresses, ',')) {
    address = trim(address);
    if (address == "_local_") address = "127.0.0.1";
    if (address == "_site_") address = "10.0.0.1";
    if (address == "_global_") address = "0.0.0.0";
    store.exposure = wider(store.exposure, exposure_of(address));
  }
}

}  // namespace

void inspect_mongodb(const Host& host, Store& store) {
  const auto path = first_readable(
      host, {option_value(store.arguments(), {"-f", "--config"}), "/etc/mongod.conf", "/etc/mongodb.conf"});
  std::map<std::string, std::string> settings;
  if (path) {
    const auto text = host.read_redacted(*path, redact_mongod, kMaxConfigBytes);
    if (!text) return set_auth_unread(store, text.error());
    settings = flatten_yaml(*text);
  } else if (path.error().kind != ErrorKind::not_found || store.process == nullptr) {
    return set_auth_unread(store, path.error());
  }
  const bool on = lower(last_of(settings, "security.authorization")) == "enabled" ||
                  settings.count("security.keyFile") != 0 ||
                  settings.count("security.clusterAuthMode") != 0 ||
                  has_option(store.arguments(), "--auth") || has_option(store.arguments(), "--keyFile");
  set_auth(store, on ? "required" : "none",
           on ? "mongod.conf: security.authorization" : "mongod.conf: security.authorization is not enabled");
  const std::string mode =
      lower(last_of(settings, "net.tls.mode", last_of(settings, "net.ssl.mode", "disabled")));
  store.tls = mode == "requiretls" || mode == "prefertls" || mode == "requiressl" || mode == "preferssl"
                  ? "on"
                  : "off";
  widen_by(store, is_on(last_of(settings, "net.bindIpAll")) ? "0.0.0.0"
                                                            : last_of(settings, "net.bindIp", "127.0.0.1"));
  store.data_folder = last_of(settings, "storage.dbPath", option_value(store.arguments(), {"--dbpath"}));
  if (store.data_folder.empty()) store.data_folder = "/var/lib/mongodb";
  const bool set =
      settings.count("replication.replSetName") != 0 || has_option(store.arguments(), "--replSet");
  store.replication = set ? "replica" : "single";
  store.archiving = set ? "on" : "off";  // the oplog is what change streams and point-in-time restore read
  store.vector_capable = false;
}

void inspect_elasticsearch(const Host& host, Store& store) {
  const auto text =
      host.read_redacted("/etc/elasticsearch/elasticsearch.yml", redact_elastic, kMaxConfigBytes);
  if (!text) return set_auth_unread(store, text.error());
  const auto settings = flatten_yaml(*text);
  const int major = major_of(store.version);
  const std::string fallback = major == 0 ? "" : major >= 8 ? "true" : "false";  // on by default since 8.0
  const std::string enabled = last_of(settings, "xpack.security.enabled", fallback);
  if (enabled.empty())
    set_auth(store, "unknown",
             "elasticsearch.yml: xpack.security.enabled is not set and the version is not known");
  else if (!is_on(enabled))
    set_auth(store, "none", "elasticsearch.yml: xpack.security.enabled is false");
  else if (settings.count("xpack.security.authc.anonymous.roles") != 0)
    set_auth(store, "weak", "elasticsearch.yml: anonymous users have roles");
  else
    set_auth(store, "required", "elasticsearch.yml: xpack.security.enabled");
  store.tls = is_on(last_of(settings, "xpack.security.http.ssl.enabled", "false")) ? "on" : "off";
  widen_by(store, last_of(settings, "http.host", last_of(settings, "network.host", "_local_")));
  store.data_folder = last_of(settings, "path.data", "/var/lib/elasticsearch");
  if (last_of(settings, "discovery.type") == "single-node") store.replication = "single";
  if (settings.count("path.repo") != 0) store.archiving = "on";
  if (major != 0) store.vector_capable = major >= 8;
}

void inspect_opensearch(const Host& host, Store& store) {
  const auto text = host.read_redacted("/etc/opensearch/opensearch.yml", redact_elastic, kMaxConfigBytes);
  if (!text) return set_auth_unread(store, text.error());
  const auto settings = flatten_yaml(*text);
  const bool off = is_on(last_of(settings, "plugins.security.disabled", "false"));
  set_auth(store, off ? "none" : "required",
           off ? "opensearch.yml: plugins.security.disabled" : "opensearch.yml: the security plugin is on");
  store.tls = !off && is_on(last_of(settings, "plugins.security.ssl.http.enabled", "false")) ? "on" : "off";
  widen_by(store, last_of(settings, "http.host", last_of(settings, "network.host", "_local_")));
  store.data_folder = last_of(settings, "path.data", "/var/lib/opensearch");
  if (last_of(settings, "discovery.type") == "single-node") store.replication = "single";
  if (settings.count("path.repo") != 0) store.archiving = "on";
  store.vector_capable = true;
}

}  // namespace plumbline
