// SPDX-License-Identifier: Apache-2.0
// PostgreSQL: postgresql.conf, pg_hba.conf, its data folder and pgvector.
#include <nlohmann/json.hpp>

#include "agent/config/ini.h"
#include "agent/config/pg_hba.h"
#include "agent/stores/store.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxHbaBytes = 1u << 20;

std::string folder_of(std::string_view path) {
  return std::string(path.substr(0, path.rfind('/')));
}

std::string setting_in_arguments(const Store& store, std::string_view name) {
  for (const std::string& argument : store.arguments()) {  // "-c", "config_file=/etc/…" and "--config-file=…"
    std::string text = argument;
    if (text.starts_with("--")) text.erase(0, 2);
    for (char& c : text) {
      if (c == '=') break;
      if (c == '-') c = '_';
    }
    if (text.starts_with(name) && text.size() > name.size() && text[name.size()] == '=')
      return text.substr(name.size() + 1);
  }
  return "";
}

void judge_hba(const Host& host, const std::string& path, Store& store) {
  const auto text = host.read_redacted(path, redact_pg_hba, kMaxHbaBytes);
  if (!text) return set_auth_unread(store, text.error());
  std::string weak;
  for (const auto& line : parse_pg_hba(*text)) {
    if (line.type == "local" || line.loopback || line.method == "reject") continue;
    const std::string evidence = "pg_hba.conf line " + std::to_string(line.number) + ": " + line.method +
                                 (line.everybody ? " from every address" : "");
    if (line.method == "trust") return set_auth(store, "none", evidence);
    if (weak.empty() && (line.method == "password" || line.method == "md5" || line.method == "ident"))
      weak = evidence;
  }
  if (!weak.empty()) return set_auth(store, "weak", weak);
  set_auth(store, "required", "pg_hba.conf: no trust, password or md5 from other hosts");
}

void find_replication(const Host& host, Store& store) {
  if (store.data_folder.empty()) return;
  const auto folder = host.list(store.data_folder);
  if (!folder) return;
  store.replication = "single";
  for (const auto& entry : *folder) {
    if (entry.name == "standby.signal" || entry.name == "recovery.conf") store.replication = "replica";
  }
  if (store.replication == "replica") return;
  const auto slots = host.list(store.data_folder + "/pg_replslot");
  if (slots && !slots->empty()) store.replication = "primary";
}

void find_vector(const Host& host, Store& store) {
  const std::string major = std::to_string(major_of(store.version));
  for (const std::string& folder :
       {"/usr/share/postgresql/" + major, "/usr/pgsql-" + major + "/share", std::string("/usr/share/pgsql"),
        std::string("/usr/share/postgresql"), std::string("/usr/local/share/postgresql")}) {
    const auto text = host.read(folder + "/extension/vector.control", 64u << 10);
    if (!text) continue;
    store.vector_capable = true;
    for (const auto& line : parse_ini(*text)) {
      if (line.key == "default_version") store.vector_version = line.value;
    }
    return;
  }
  store.vector_capable = false;
}

}  // namespace

void inspect_postgresql(const Host& host, Store& store) {
  if (store.data_folder.empty()) store.data_folder = option_value(store.arguments(), {"-D"});
  if (store.data_folder.empty()) store.data_folder = setting_in_arguments(store, "data_directory");
  if (store.data_folder.empty()) store.data_folder = last_of(store.environment, "PGDATA");
  const std::string& data = store.data_folder;
  const auto config = first_readable(
      host, {setting_in_arguments(store, "config_file"), data.empty() ? "" : data + "/postgresql.conf",
             "/var/lib/pgsql/data/postgresql.conf"});
  if (!config) return set_auth_unread(store, config.error());
  const auto settings = read_postgresql_config(host, *config);
  if (settings) {
    if (store.data_folder.empty())
      store.data_folder = last_of(*settings, "data_directory", folder_of(*config));
    store.tls = is_on(last_of(*settings, "ssl", "off")) ? "on" : "off";
    const std::string archive = lower(last_of(*settings, "archive_mode", "off"));
    store.archiving = archive == "on" || archive == "always" ? "on" : "off";
    if (store.exposure.empty()) {
      const std::string listen = last_of(*settings, "listen_addresses", "localhost");
      store.exposure = "none";
      for (const std::string_view address : split(listen, ',')) {
        if (!trim(address).empty()) store.exposure = wider(store.exposure, exposure_of(trim(address)));
      }
    }
    judge_hba(host, last_of(*settings, "hba_file", folder_of(*config) + "/pg_hba.conf"), store);
  } else {
    set_auth_unread(store, settings.error());
  }
  if (const auto text = host.read(store.data_folder + "/PG_VERSION", 64); text && store.version.empty()) {
    store.version = trim(*text);
    store.version_source = "data folder";
  }
  find_replication(host, store);
  if (!store.version.empty()) find_vector(host, store);
}

}  // namespace plumbline
