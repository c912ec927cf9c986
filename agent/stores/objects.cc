// SPDX-License-Identifier: Apache-2.0
// Object stores: MinIO and Ceph.
#include "agent/config/ini.h"
#include "agent/config/shell_words.h"
#include "agent/redact.h"
#include "agent/stores/store.h"
#include "base/text.h"

namespace plumbline {
namespace {

using Settings = std::map<std::string, std::string>;

constexpr std::size_t kMaxConfigBytes = 1u << 20;

/// Names of MinIO in capitals, of its process, its unit and /etc/default/minio.
Settings minio_variables(const Host& host, const Store& store, bool& known) {
  Settings variables;
  if (!store.contained) {
    const auto file = host.read_redacted("/etc/default/minio", redact_variables, kMaxConfigBytes);
    known = file.has_value();
    const std::string text = file.value_or("");
    for (const std::string_view line : lines(text)) {
      const std::size_t equals = line.find('=');
      std::string_view value = equals == std::string_view::npos ? "" : line.substr(equals + 1);
      while (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front())
        value = value.substr(1, value.size() - 2);
      variables[std::string(line.substr(0, equals))] = value;
    }
  }
  known = known || store.environment_known;
  for (const auto& [name, value] : store.environment) variables[name] = value;
  return variables;
}

}  // namespace

void inspect_minio(const Host& host, Store& store) {
  store.vector_capable = false;
  bool known = false;
  const Settings variables = minio_variables(host, store, known);
  std::string password;
  bool given = false;
  for (const std::string name : {"MINIO_ROOT_PASSWORD", "MINIO_SECRET_KEY", "MINIO_ROOT_PASSWORD_FILE"}) {
    given = given || variables.count(name) != 0;
    if (password.empty()) password = last_of(variables, name);
  }
  // Without credentials, or with those of the manual, everybody is root.
  if (given && password != kWellKnown)
    set_auth(store, "required", "minio: root credentials are set");
  else if (given || known)
    set_auth(store, "weak", "minio: the well-known root credentials hold");
  else
    set_auth(store, "unknown", "minio: its environment may not be read");
  if (store.auth == "weak") store.risky.push_back("minioadmin:minioadmin");
  std::vector<std::string> options = store.arguments();
  for (const auto& word : shell_words(last_of(variables, "MINIO_OPTS"))) options.push_back(word);
  std::string volumes = last_of(variables, "MINIO_VOLUMES");
  for (std::size_t i = 1; i < store.arguments().size(); ++i) {
    const std::string& word = store.arguments()[i];
    if (!store.arguments()[i - 1].starts_with("--") && (word.starts_with('/') || contains(word, "://"))) volumes = word;
  }
  const bool many = contains(volumes, "{") || contains(volumes, "://");
  store.replication = volumes.empty() ? "unknown" : many ? "replica" : "single";
  if (volumes.starts_with('/')) store.data_folder = volumes.substr(0, volumes.find_first_of(" {"));
  std::string certificates = option_value(options, {"--certs-dir", "-S"});
  if (certificates.empty() && !last_of(variables, "HOME").empty()) certificates = last_of(variables, "HOME") + "/.minio/certs";
  if (certificates.empty()) certificates = store.contained ? "/root/.minio/certs" : "/home/minio-user/.minio/certs";
  const auto certificate = host.stat(certificates + "/public.crt");
  if (certificate || certificate.error().kind == ErrorKind::not_found) store.tls = certificate ? "on" : "off";
  store.tls_required = store.tls == "on";
  const std::string address = option_value(options, {"--address"});
  listen_on(store, address.substr(0, address.rfind(':')));
}

void inspect_ceph(const Host& host, Store& store) {
  store.vector_capable = false;
  const auto text = host.read_redacted(
      "/etc/ceph/ceph.conf",
      [](std::string_view raw) {
        std::string out;  // "auth client required" and "auth_client_required" are one name
        for (const std::string_view line : lines(raw)) {
          const std::size_t equals = line.find('=');
          if (equals == std::string_view::npos) continue;
          std::string name(trim(line.substr(0, equals)));
          for (char& c : name) c = c == ' ' || c == '-' ? '_' : c;
          out.append(keep_settings(name + " = " + std::string(trim(line.substr(equals + 1))),
                                   {"auth_client_required", "auth_cluster_required", "auth_service_required",
                                    "ms_client_mode", "ms_service_mode", "osd_pool_default_size",
                                    "osd_pool_default_min_size", "mon_host", "mon_initial_members"}));
        }
        return out;
      },
      kMaxConfigBytes);
  if (!text) return set_auth_unread(store, text.error());
  const Settings settings = key_values(*text);
  // cephx is what holds where nothing is set; docs.ceph.com, "Auth Config Reference".
  const bool open = lower(last_of(settings, "auth_client_required", "cephx")) == "none" ||
                    lower(last_of(settings, "auth_service_required", "cephx")) == "none";
  set_auth(store, open ? "none" : "required", open ? "ceph.conf: auth_client_required is none" : "ceph.conf: cephx");
  store.tls = lower(last_of(settings, "ms_client_mode")) == "secure" ? "on" : "off";
  store.data_folder = "/var/lib/ceph";
  const auto copies = parse_u64(last_of(settings, "osd_pool_default_size", "3")).value_or(3);
  store.replication_factor = static_cast<int>(copies & 0xffff);
  store.replication = copies > 1 ? "replica" : "single";
  const auto members = words(last_of(settings, "mon_initial_members"));
  if (!members.empty()) store.cluster_nodes = static_cast<int>(members.size());
}

}  // namespace plumbline
