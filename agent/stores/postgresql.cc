// SPDX-License-Identifier: Apache-2.0
// PostgreSQL: postgresql.conf, pg_hba.conf, its data folder and pgvector.
#include <algorithm>
#include <array>

#include "agent/config/ini.h"
#include "agent/config/pg_hba.h"
#include "agent/stores/store.h"
#include "base/text.h"

namespace plumbline {
namespace {

using Settings = std::map<std::string, std::string>;

constexpr std::int64_t kBlockBytes = 8192;  // unit of shared_buffers, where it has none
constexpr double kSecondsPerHour = 3600;
constexpr std::size_t kMaxTablespaces = 16;

std::string folder_of(std::string_view path) {
  return std::string(path.substr(0, path.rfind('/')));
}

/// Settings on the command line: "-c", "config_file=/etc/…", "--config-file=…", "-p 5433", "-h 0.0.0.0", "-i".
Settings command_line(const Store& store) {
  Settings settings;
  const auto& words = store.words;
  for (std::size_t i = 1; i < words.size(); ++i) {
    std::string text = words[i];
    const std::string next = i + 1 < words.size() ? words[i + 1] : "";
    if (text == "-p") settings["port"] = next;
    if (text == "-h") settings["listen_addresses"] = next;
    if (text == "-i") settings["listen_addresses"] = "*";
    if (text == "-l") settings["ssl"] = "on";
    if (text == "-B") settings["shared_buffers"] = next;
    if (text == "-F") settings["fsync"] = "off";
    if (text.starts_with("--")) text.erase(0, 2);
    else if (text.starts_with("-c") && text.size() > 2) text.erase(0, 2);
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || text.starts_with('-')) continue;
    std::string key = text.substr(0, equals);
    std::replace(key.begin(), key.end(), '-', '_');
    settings[key] = text.substr(equals + 1);
  }
  return settings;
}

void set_all(Settings& settings, const Settings& more) {
  for (const auto& [key, value] : more) settings[key] = value;
}

bool is_remote(const HbaLine& line, bool tls) {
  if (line.type == "local" || line.loopback || line.method == "reject") return false;
  return tls || line.type != "hostssl";  // without TLS a hostssl line fits nobody
}

/// A line that takes every remote connection leaves nothing to those after it.
bool takes_all(const HbaLine& line) {
  return line.type == "host" && line.all_addresses && line.all_databases && line.all_users;
}

void judge_hba(const std::vector<HbaLine>& lines, bool tls, Store& store) {
  std::string open, weak;
  bool local_trust = false, remote = false, plain = false, plain_for_all = false, taken = false;
  for (const HbaLine& line : lines) {
    if (line.method == "trust" && (line.type == "local" || line.loopback)) local_trust = true;
    if (taken && !line.replication) continue;
    if (takes_all(line)) taken = true;
    if (!is_remote(line, tls)) continue;
    remote = true;
    const bool unencrypted = line.type == "host" || line.type == "hostnossl" || line.type == "hostnogssenc";
    plain = plain || unencrypted;
    plain_for_all = plain_for_all || (unencrypted && line.everybody);
    const std::string evidence = line.file + " line " + std::to_string(line.number) + ": " + line.method +
                                 (line.everybody ? " from every address" : "");
    if (line.method == "trust" && open.empty()) open = evidence;
    if (weak.empty() && (line.method == "password" || line.method == "md5" || line.method == "ident"))
      weak = evidence;
  }
  if (local_trust) store.risky.push_back("pg_hba.conf: trust on this host");
  if (plain_for_all) store.risky.push_back("pg_hba.conf: every address without TLS");
  if (remote) store.tls_required = tls && !plain;
  if (!open.empty()) return set_auth(store, "none", open);
  if (!weak.empty()) return set_auth(store, "weak", weak);
  set_auth(store, "required", "pg_hba.conf: no trust, password or md5 from other hosts");
}

void judge_archiving(const Settings& settings, Store& store) {
  constexpr std::array<std::string_view, 7> nothing = {"", "true", "/bin/true", "/usr/bin/true", ":", "cd .", "exit 0"};
  const std::string mode = lower(last_of(settings, "archive_mode", "off"));
  const std::string command(trim(last_of(settings, "archive_command")));
  const bool archives = !last_of(settings, "archive_library").empty() ||
                        std::find(nothing.begin(), nothing.end(), command) == nothing.end();
  store.archiving = (mode == "always" || is_on(mode)) && archives ? "on" : "off";
}

void find_risks(const Settings& settings, Store& store) {
  for (const std::string_view key : {"fsync", "full_page_writes"}) {
    const std::string value = lower(last_of(settings, std::string(key), "on"));
    if (!is_on(value)) store.risky.push_back(std::string(key) + "=off");
  }
  const std::string hash = lower(last_of(settings, "password_encryption"));
  const bool md5 = hash == "md5" || is_on(hash) ||
                   (hash.empty() && !store.version.empty() && !is_version(store, 14));  // the default until 13
  if (md5) store.risky.push_back("password_encryption=md5");
  const std::string oldest = last_of(settings, "ssl_min_protocol_version");
  if (oldest == "TLSv1" || oldest == "TLSv1.1") store.risky.push_back("ssl_min_protocol_version=" + oldest);
}

bool has_title(const Store& store, std::string_view part) {
  return std::any_of(store.titles.begin(), store.titles.end(),
                     [part](const std::string& title) { return contains(title, part); });
}

void find_replication(const Host& host, const Settings& settings, Store& store) {
  if (has_title(store, "walsender")) store.replication = "primary";
  if (has_title(store, "walreceiver")) store.replication = "replica";
  const auto folder = host.list(store.data_folder);
  if (!folder) return;
  const bool standby = std::any_of(folder->begin(), folder->end(), [](const FolderEntry& one) {
    return one.name == "standby.signal" || one.name == "recovery.conf";
  });
  if (standby) {
    store.replication = "replica";
    return;
  }
  const auto slots = host.list(store.data_folder + "/pg_replslot");
  const bool sends = store.replication == "primary" || (slots && !slots->empty()) ||
                     !last_of(settings, "synchronous_standby_names").empty();
  store.replication = sends ? "primary" : "single";
}

bool is_segment(std::string_view name) {
  return name.size() == 24 && name.find_first_not_of("0123456789ABCDEF") == std::string_view::npos;
}

/// The last segment that was archived, by the marks the server leaves: "…0A.done". Where nothing was written to
/// the next one since, nothing waits.
void find_archive_age(const Host& host, Store& store) {
  const std::string wal = store.data_folder + "/pg_wal";
  const auto marks = host.list(wal + "/archive_status");
  if (!marks || store.archiving != "on" || store.now == 0) return;
  std::string done;
  bool waits = false;
  for (const FolderEntry& entry : *marks) {
    const std::string_view name = entry.name;
    const std::string_view stem = name.substr(0, name.find('.'));
    if (!is_segment(stem)) continue;
    if (name.ends_with(".ready")) waits = true;
    if (name.size() == stem.size() + 5 && name.ends_with(".done")) done = std::max(done, std::string(stem));
  }
  if (done.empty()) return;
  const auto archived = host.stat(wal + "/archive_status/" + done + ".done");
  if (!archived) return;
  if (!waits) {
    const auto segments = host.list(wal);
    for (const FolderEntry& entry : segments.value_or(std::vector<FolderEntry>{})) {
      if (!is_segment(entry.name) || entry.name <= done) continue;
      const auto next = host.stat(wal + "/" + entry.name);
      if (next && next->modified <= archived->modified) store.archive_age_hours = 0;
      break;  // names are sorted, this is the next one
    }
  }
  if (!store.archive_age_hours)
    store.archive_age_hours =
        static_cast<double>(std::max<std::int64_t>(0, store.now - archived->modified)) / kSecondsPerHour;
}

void find_tablespaces(const Host& host, Store& store) {
  if (store.contained) return;
  const auto spaces = host.list(store.data_folder + "/pg_tblspc");
  for (const FolderEntry& entry : spaces.value_or(std::vector<FolderEntry>{})) {
    const auto target = host.read_link(store.data_folder + "/pg_tblspc/" + entry.name);
    if (target && target->starts_with('/') && store.more_folders.size() < kMaxTablespaces)
      store.more_folders.push_back(*target);
  }
}

/// pgvector's control file in the folders of this server's extensions.
void find_vector(const Host& host, Store& store) {
  const std::string major = std::to_string(major_of(store.version));
  std::vector<std::string> shares = {"/usr/share/postgresql/" + major, "/usr/pgsql-" + major + "/share",
                                     "/usr/share/pgsql", "/usr/share/postgresql", "/usr/local/share/postgresql",
                                     "/opt/bitnami/postgresql/share"};
  const std::string program =
      store.process != nullptr && store.process->program.starts_with('/') ? store.process->program : "";
  if (const std::size_t bin = program.rfind("/bin/"); bin != std::string::npos && bin > 0) {
    shares.insert(shares.begin(), program.substr(0, bin) + "/share/postgresql");
    shares.insert(shares.begin(), program.substr(0, bin) + "/share");
  }
  for (const std::string& share : shares) {
    const auto text = host.read(share + "/extension/vector.control", 64u << 10);
    if (text) {
      store.vector_capable = true;
      store.vector_version = last_of(key_values(*text), "default_version");
      return;
    }
    if (text.error().kind == ErrorKind::not_found && host.stat(share + "/extension")) store.vector_capable = false;
  }
}

/// Settings by file, by ALTER SYSTEM and by command line, in this order.
Result<Settings> read_settings(const Host& host, const std::string& config, const Settings& started,
                               Store& store) {
  auto settings = read_postgresql_config(host, config);
  if (!settings) return settings;
  store.data_folder = last_of(started, "data_directory", last_of(*settings, "data_directory", store.data_folder));
  if (store.data_folder.empty()) store.data_folder = folder_of(config);
  const auto altered = read_postgresql_config(host, store.data_folder + "/postgresql.auto.conf");
  if (altered)
    set_all(*settings, *altered);
  else if (altered.error().kind == ErrorKind::permission_denied)
    return tl::unexpected<Error>(altered.error());
  set_all(*settings, started);
  return settings;
}

void judge(const Host& host, const std::string& config, const Settings& settings, Store& store) {
  const bool tls = is_on(last_of(settings, "ssl", "off"));
  store.tls = tls ? "on" : "off";
  store.port = static_cast<int>(parse_u64(last_of(settings, "port")).value_or(0) & 0xffff);
  store.cache_bytes = parse_size(last_of(settings, "shared_buffers", "128MB"), kBlockBytes);
  const std::string addresses = last_of(settings, "listen_addresses", "localhost");
  for (const std::string_view address : split(addresses, ','))
    if (!trim(address).empty()) listen_on(store, address);
  judge_archiving(settings, store);
  find_risks(settings, store);
  std::string hba = last_of(settings, "hba_file", folder_of(config) + "/pg_hba.conf");
  if (!hba.starts_with('/')) hba = store.data_folder + "/" + hba;
  const auto lines = read_pg_hba(host, hba);
  if (!lines)
    set_auth_unread(store, lines.error());
  else if (lines->empty())  // a server that runs has read another one
    set_auth_unread(store, Error{ErrorKind::invalid, hba + ": lets nobody in"});
  else
    judge_hba(*lines, tls, store);
}

}  // namespace

void inspect_postgresql(const Host& host, Store& store) {
  const Settings started = command_line(store);
  if (store.data_folder.empty()) store.data_folder = option_value(store.arguments(), {"-D"});
  if (store.data_folder.empty()) store.data_folder = last_of(store.environment, "PGDATA");
  if (store.data_folder.empty()) store.data_folder = last_of(started, "data_directory");
  store.data_folder = whole_path(store, store.data_folder);
  const std::string& data = store.data_folder;
  const auto config = first_readable(host, {last_of(started, "config_file"),
                                            data.empty() ? "" : data + "/postgresql.conf",
                                            "/var/lib/pgsql/data/postgresql.conf"});
  if (!config) return set_auth_unread(store, config.error());
  const auto settings = read_settings(host, *config, started, store);
  if (settings)
    judge(host, *config, *settings, store);
  else
    set_auth_unread(store, settings.error());
  if (const auto text = host.read(store.data_folder + "/PG_VERSION", 64); text && store.version.empty()) {
    store.version = trim(*text);
    store.version_source = "data folder";
  }
  find_replication(host, settings.value_or(Settings{}), store);
  find_archive_age(host, store);
  find_tablespaces(host, store);
  if (!store.version.empty()) find_vector(host, store);
}

}  // namespace plumbline
