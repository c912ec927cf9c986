// SPDX-License-Identifier: Apache-2.0
// SQL Server, Oracle, Db2 and CockroachDB.
#include <algorithm>

#include "agent/config/glob.h"
#include "agent/config/ini.h"
#include "agent/redact.h"
#include "agent/stores/store.h"
#include "base/text.h"

namespace plumbline {
namespace {

using Settings = std::map<std::string, std::string>;

constexpr std::size_t kMaxConfigBytes = 1u << 20;

std::string redact_mssql(std::string_view text) {
  return keep_settings(text, {"forceencryption", "tlscert", "tlsprotocols", "tcpport", "ipaddress", "hadrenabled",
                              "defaultdatadir", "defaultbackupdir", "memorylimitmb"});
}

/// "ORCL:/u01/app/oracle/product/19.0.0/dbhome_1:Y" without names that are not needed.
std::string redact_oratab(std::string_view text) {
  std::string out;
  for (const std::string_view line : lines(text)) {
    const auto parts = split(trim(line), ':');
    if (parts.size() < 2 || line.starts_with('#') || !parts[1].starts_with('/')) continue;
    out.append(parts[0]).append(":").append(redact_line(parts[1])).append(":\n");
  }
  return out;
}

/// The folder of the software of this instance: its /etc/oratab line, else where the listener's program lies.
std::string oracle_home(const Host& host, const Store& store) {
  std::string name;  // "ora_pmon_ORCL"
  if (!store.words.empty() && store.words.front().starts_with("ora_pmon_")) name = store.words.front().substr(9);
  std::string home;
  if (const auto text = host.read_redacted("/etc/oratab", redact_oratab, kMaxConfigBytes)) {
    for (const std::string_view line : lines(*text)) {
      const auto parts = split(line, ':');
      if (parts.size() >= 2 && (home.empty() || parts[0] == name)) home = parts[1];
    }
  }
  if (home.empty() && store.process != nullptr && contains(store.process->program, "/bin/"))
    home = store.process->program.substr(0, store.process->program.rfind("/bin/"));
  return home;
}

}  // namespace

void inspect_mssql(const Host& host, Store& store) {
  set_auth(store, "required", "the product has no open mode");
  store.data_folder = "/var/opt/mssql/data";
  if (!store.version.empty()) store.vector_capable = is_version(store, 17);  // SQL Server 2025
  const auto text = host.read_redacted("/var/opt/mssql/mssql.conf", redact_mssql, kMaxConfigBytes);
  if (!text && text.error().kind != ErrorKind::not_found) {
    store.auth_evidence += "; " + text.error().message;
    return;
  }
  Settings settings;
  for (const IniLine& line : parse_ini(text.value_or(""))) settings[line.section + "." + line.key] = line.value;
  store.tls_required = is_on(last_of(settings, "network.forceencryption"));
  // It makes a certificate of its own where none is given, and clients may ask for encryption.
  store.tls = *store.tls_required || !last_of(settings, "network.tlscert").empty() ? "on" : "off";
  store.port = static_cast<int>(parse_u64(last_of(settings, "network.tcpport", "1433")).value_or(0) & 0xffff);
  listen_on(store, last_of(settings, "network.ipaddress", "0.0.0.0"));
  store.data_folder = last_of(settings, "filelocation.defaultdatadir", store.data_folder);
  while (store.data_folder.size() > 1 && store.data_folder.ends_with('/')) store.data_folder.pop_back();
  store.cache_bytes = parse_size(last_of(settings, "memory.memorylimitmb"), 1LL << 20);
  store.replication = is_on(last_of(settings, "hadr.hadrenabled")) ? "primary" : "single";
  const std::string protocols = last_of(settings, "network.tlsprotocols");
  for (const std::string_view one : split(protocols, ','))
    if (trim(one) == "1.0" || trim(one) == "1.1") store.risky.push_back("tlsprotocols=" + std::string(trim(one)));
}

void inspect_oracle(const Host& host, Store& store) {
  set_auth(store, "required", "the product has no open mode");
  const std::string home = oracle_home(host, store);
  if (store.version.empty() && !home.empty()) {
    store.version = version_in_path("oracle", home);
    if (!store.version.empty()) store.version_source = "path";
  }
  if (!store.version.empty()) store.vector_capable = is_version(store, 23);
  if (home.empty()) return;
  const auto text = host.read_redacted(
      home + "/network/admin/sqlnet.ora",
      [](std::string_view raw) {
        return keep_settings(raw, {"SQLNET.ENCRYPTION_SERVER", "SQLNET.ALLOWED_LOGON_VERSION_SERVER"});
      },
      kMaxConfigBytes);
  if (!text && text.error().kind != ErrorKind::not_found) return;
  const Settings settings = key_values(text.value_or(""));
  const std::string wanted = lower(last_of(settings, "sqlnet.encryption_server", "accepted"));
  store.tls_required = wanted == "required";
  store.tls = wanted == "required" || wanted == "requested" ? "on" : "off";
}

void inspect_db2(const Host& host, Store& store) {
  set_auth(store, "required", "the product has no open mode");
  if (store.version.empty()) {
    const auto homes = glob(host, "/opt/ibm/db2/V*");
    if (homes.size() == 1) store.version = version_in_path("db2", homes.front());
    if (!store.version.empty()) store.version_source = "path";
  }
  if (!store.version.empty()) store.vector_capable = is_version(store, 12, 1);
}

void inspect_cockroachdb(const Host&, Store& store) {
  const bool open = has_option(store.arguments(), "--insecure");
  set_auth(store, open ? "none" : "required", open ? "cockroach: --insecure" : "cockroach: certificates");
  store.tls = open ? "off" : "on";
  store.tls_required = !open;
  std::string data = option_value(store.arguments(), {"--store", "-s"});
  if (data.starts_with("path=")) data = data.substr(5, data.find(',') == std::string::npos ? data.npos : data.find(',') - 5);
  store.data_folder = whole_path(store, data.empty() ? "cockroach-data" : data);
  const std::string address = option_value(store.arguments(), {"--listen-addr", "--advertise-addr"});
  listen_on(store, address.substr(0, address.rfind(':')));
  std::size_t nodes = 0;
  const std::string joined = option_value(store.arguments(), {"--join", "-j"});
  for (const std::string_view one : split(joined, ','))
    nodes += trim(one).empty() ? 0 : 1;
  if (nodes > 1) store.cluster_nodes = static_cast<int>(nodes);
  store.replication = nodes > 0 ? "replica" : "single";
  store.cache_bytes = parse_size(option_value(store.arguments(), {"--cache"}));
  if (!store.version.empty()) store.vector_capable = is_version(store, 25, 2);
}

}  // namespace plumbline
