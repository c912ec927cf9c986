// SPDX-License-Identifier: Apache-2.0
// MySQL and MariaDB: option files, and what the products do without them.
#include "agent/config/ini.h"
#include "agent/stores/store.h"
#include "base/text.h"

namespace plumbline {
namespace {

bool at_least(const Store& store, int major, int minor) {
  const int have = major_of(store.version);
  return have > major || (have == major && minor_of(store.version) >= minor);
}

Result<std::map<std::string, std::string>> read_settings(const Host& host, const Store& store) {
  if (const std::string file = option_value(store.arguments(), {"--defaults-file"}); !file.empty())
    return read_mysql_config(host, file);
  std::map<std::string, std::string> all;
  Error unread{ErrorKind::not_found, "not found: /etc/mysql/my.cnf, /etc/my.cnf"};
  bool any = false;
  for (const std::string path : {"/etc/my.cnf", "/etc/mysql/my.cnf", "/etc/mysql/mariadb.cnf"}) {
    if (any && path.ends_with("mariadb.cnf"))
      break;  // my.cnf leads to it on Debian; a capture may lack the link
    const auto settings = read_mysql_config(host, path);
    if (settings) {
      any = true;
      for (const auto& [key, value] : *settings) all[key] = value;
    } else if (settings.error().kind != ErrorKind::not_found) {
      return settings;
    }
  }
  // A server without any option file runs with its defaults.
  if (!any && store.process == nullptr) return tl::unexpected<Error>(unread);
  return all;
}

}  // namespace

void inspect_mysql(const Host& host, Store& store) {
  const bool maria = store.product->kind == "mariadb";
  auto settings = read_settings(host, store);
  if (!settings) return set_auth_unread(store, settings.error());
  for (std::string argument : store.arguments()) {  // options of the command line come last
    if (!argument.starts_with("--")) continue;
    argument.erase(0, 2);
    std::string key = argument.substr(0, argument.find('='));
    for (char& c : key) c = c == '-' ? '_' : c;
    (*settings)[key] =
        argument.find('=') == std::string::npos ? "1" : argument.substr(argument.find('=') + 1);
  }
  const auto has = [&](const std::string& key) {
    return settings->count(key) != 0 &&
           !(last_of(*settings, key) == "0" || lower(last_of(*settings, key)) == "off");
  };
  if (has("skip_grant_tables"))
    set_auth(store, "none", "my.cnf: skip-grant-tables");
  else
    set_auth(store, "required", "grant tables are in force");
  const bool makes_own_certificates = maria ? at_least(store, 11, 4) : at_least(store, 5, 7);
  const bool tls =
      !has("skip_ssl") && (has("ssl_cert") || has("require_secure_transport") || makes_own_certificates);
  store.tls = tls ? "on" : "off";
  store.data_folder = last_of(*settings, "datadir", "/var/lib/mysql");
  if (store.exposure.empty()) {
    store.exposure = "none";
    if (!has("skip_networking")) {
      for (const std::string_view address : split(last_of(*settings, "bind_address", "*"), ','))
        store.exposure = wider(store.exposure, exposure_of(trim(address)));
    }
  }
  const bool binary_log_by_default = !maria && at_least(store, 8, 0);
  const bool off = has("skip_log_bin") || has("disable_log_bin");
  store.archiving = !off && (has("log_bin") || binary_log_by_default) ? "on" : "off";
  if (has("wsrep_on"))
    store.replication = "primary";
  else if (has("read_only") || has("super_read_only") || host.stat(store.data_folder + "/master.info"))
    store.replication = "replica";
  else if (store.archiving == "off")
    store.replication = "single";
  if (!store.version.empty()) store.vector_capable = maria && at_least(store, 11, 7);
}

}  // namespace plumbline
