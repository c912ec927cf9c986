// SPDX-License-Identifier: Apache-2.0
// MySQL and MariaDB: option files, and what the products do without them.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "agent/config/ini.h"
#include "agent/stores/store.h"
#include "base/json.h"
#include "base/text.h"

namespace plumbline {
namespace {

using Settings = std::map<std::string, std::string>;

constexpr std::size_t kMaxPersistedBytes = 1u << 20;
constexpr std::int64_t kDefaultBufferPoolBytes = 128LL << 20;  // both manuals, innodb_buffer_pool_size

/// The option files in the order in which servers read them; the manuals, "Using Option Files".
Result<Settings> read_option_files(const Host& host, const Store& store) {
  const bool maria = store.product->kind == "mariadb";
  const MysqlGroups groups = {maria, store.version,
                              option_value(store.arguments(), {"--defaults-group-suffix"})};
  if (has_option(store.arguments(), "--no-defaults")) return Settings{};
  if (const std::string file = option_value(store.arguments(), {"--defaults-file"}); !file.empty())
    return read_mysql_config(host, file, groups);
  Settings all;
  bool any = false;
  std::vector<std::string> paths = {"/etc/my.cnf", "/etc/mysql/my.cnf", "/etc/mysql/mariadb.cnf"};
  if (const std::string home = last_of(store.environment, "MYSQL_HOME"); !home.empty())
    paths.push_back(home + "/my.cnf");
  if (const std::string more = option_value(store.arguments(), {"--defaults-extra-file"}); !more.empty())
    paths.push_back(more);
  for (const std::string& path : paths) {
    if (any && path == "/etc/mysql/mariadb.cnf") continue;  // my.cnf leads to it; a capture may lack the link
    const auto settings = read_mysql_config(host, path, groups);
    if (settings) {
      any = true;
      for (const auto& [key, value] : *settings) all[key] = value;
    } else if (settings.error().kind != ErrorKind::not_found) {
      return settings;
    }
  }
  // A server without any option file runs with its defaults.
  if (!any && !store.running && store.words.empty())
    return fail(ErrorKind::not_found, "not found: /etc/mysql/my.cnf, /etc/my.cnf");
  return all;
}

void add_command_line(const Store& store, Settings& settings) {
  for (std::string argument : store.arguments()) {  // options of the command line come last
    if (!argument.starts_with("--")) continue;
    argument.erase(0, 2);
    const std::size_t equals = argument.find('=');
    std::string key = argument.substr(0, equals);
    std::replace(key.begin(), key.end(), '-', '_');
    settings[key] = equals == std::string::npos ? "1" : argument.substr(equals + 1);
  }
}

/// What SET PERSIST wrote to mysqld-auto.cnf, as lines "name=value": {"Version":2,"mysql_dynamic_variables":
/// {"local_infile":{"Value":"ON","Metadata":{…}}}}
std::string redact_persisted(std::string_view text) {
  constexpr std::array<std::string_view, 6> names = {"local_infile",        "require_secure_transport", "read_only",
                                                     "super_read_only", "innodb_buffer_pool_size",  "gtid_mode"};
  std::string out;
  const auto wanted = [&](std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (!trim(text).starts_with('{')) {
    for (const auto& [key, value] : key_values(text))
      if (wanted(key)) out.append(key).append("=").append(value).append("\n");
    return out;
  }
  const auto json = parse_json(text, {kMaxPersistedBytes, 16, 20'000, 64u << 10});
  if (!json || !json->is_object()) return "";
  std::map<std::string, std::string> found;
  for (const auto& [group, variables] : json->items()) {
    if (!variables.is_object()) continue;
    for (const auto& [name, variable] : variables.items())
      if (wanted(name) && variable.is_object() && variable.contains("Value") && variable["Value"].is_string())
        found[name] = variable["Value"].get<std::string>();
  }
  for (const auto& [key, value] : found)
    if (value.find_first_of("\r\n#;\"'") == std::string::npos) out.append(key).append("=").append(value).append("\n");
  return out;
}

struct Reader {
  const Settings& settings;
  std::string value(const std::string& key) const { return last_of(settings, key); }
  bool has(const std::string& key) const {
    const auto found = settings.find(key);
    return found != settings.end() && found->second != "0" && lower(found->second) != "off";
  }
};

void find_replication(const Host& host, const Reader& read, Store& store) {
  if (read.has("wsrep_on") || read.has("group_replication_group_name")) {
    store.replication = "primary";
    return;
  }
  const auto files = host.list(store.data_folder);
  bool relays = read.has("read_only") || read.has("super_read_only");
  for (const FolderEntry& file : files.value_or(std::vector<FolderEntry>{})) {
    relays = relays || file.name == "master.info" || file.name == "relay-log.info" ||
             contains(file.name, "relay-bin.index");
  }
  if (relays)
    store.replication = "replica";
  else if (store.archiving == "off")
    store.replication = "single";  // nothing can follow a server without a binary log
}

void find_version_in_data(const Host& host, Store& store) {
  if (!store.version.empty()) return;
  for (const std::string_view name : {"mariadb_upgrade_info", "mysql_upgrade_info"}) {
    const auto text = host.read(store.data_folder + "/" + std::string(name), 256);
    if (!text) continue;
    store.version = upstream_version(trim(*text));  // "10.11.6-MariaDB"
    store.version_source = "data folder";
    return;
  }
}

void judge(const Reader& read, Store& store) {
  const bool maria = store.product->kind == "mariadb";
  if (read.has("skip_grant_tables"))
    set_auth(store, "none", "my.cnf: skip-grant-tables");
  else
    set_auth(store, "required", "grant tables are in force");
  // Both make certificates of their own: MySQL since 5.7, MariaDB since 11.4.
  const bool known = !store.version.empty();
  const bool makes_own = maria ? is_version(store, 11, 4) : is_version(store, 5, 7);
  const bool off = read.has("skip_ssl") || (read.settings.count("ssl") != 0 && !read.has("ssl"));
  const bool tls = !off && (read.has("ssl_cert") || read.has("require_secure_transport") || makes_own);
  store.tls = tls ? "on" : off || known ? "off" : "unknown";
  store.tls_required = read.has("require_secure_transport");
  if (read.has("skip_grant_tables")) store.risky.push_back("skip_grant_tables=on");
  if (read.settings.count("local_infile") != 0 && read.has("local_infile")) store.risky.push_back("local_infile=on");
  store.port = static_cast<int>(parse_u64(read.value("port")).value_or(0) & 0xffff);
  const std::string pool = read.value("innodb_buffer_pool_size");
  store.cache_bytes = pool.empty() ? std::optional(kDefaultBufferPoolBytes) : parse_size(pool);
  const bool binary_log_by_default = !maria && is_version(store, 8);
  const bool no_log = read.has("skip_log_bin") || read.has("disable_log_bin");
  const bool logs = read.has("log_bin") || binary_log_by_default;
  const bool told = no_log || maria || known || read.settings.count("log_bin") != 0;
  store.archiving = !told ? "unknown" : !no_log && logs ? "on" : "off";
  // MariaDB has had vectors with an index since 11.7; MySQL's community server has the type and no index.
  if (known) store.vector_capable = maria && is_version(store, 11, 7);
}

}  // namespace

void inspect_mysql(const Host& host, Store& store) {
  auto settings = read_option_files(host, store);
  if (!settings) {
    if (store.data_folder.empty()) store.data_folder = "/var/lib/mysql";
    return set_auth_unread(store, settings.error());
  }
  const std::string data = option_value(store.arguments(), {"--datadir", "-h"});
  store.data_folder = !data.empty() ? data : last_of(*settings, "datadir", "/var/lib/mysql");
  while (store.data_folder.size() > 1 && store.data_folder.ends_with('/')) store.data_folder.pop_back();
  const auto persisted =
      host.read_redacted(store.data_folder + "/mysqld-auto.cnf", redact_persisted, kMaxPersistedBytes);
  if (persisted)
    for (const auto& [key, value] : key_values(*persisted)) (*settings)[key] = value;
  add_command_line(store, *settings);
  const Reader read{*settings};
  find_version_in_data(host, store);
  judge(read, store);
  const std::string addresses = read.has("skip_networking") ? "" : last_of(*settings, "bind_address", "*");
  if (!addresses.empty())
    for (const std::string_view address : split(addresses, ',')) listen_on(store, address);
  find_replication(host, read, store);
}

}  // namespace plumbline
