// SPDX-License-Identifier: Apache-2.0
// Readers of ini-like files; the manuals of MySQL ("Using Option Files") and PostgreSQL ("Setting
// Parameters").
#include "agent/config/ini.h"

#include <algorithm>
#include <array>

#include "agent/redact.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxConfigBytes = 1u << 20;
constexpr int kMaxDepth = 10;
constexpr std::size_t kMaxFiles = 200;

/// Drops a comment that follows a value, and the quotes around it.
std::string clean_value(std::string_view text) {
  text = trim(text);
  if (!text.empty() && (text.front() == '\'' || text.front() == '"')) {
    const char quote = text.front();
    std::string out;
    for (std::size_t i = 1; i < text.size(); ++i) {
      if (text[i] == quote && i + 1 < text.size() && text[i + 1] == quote)
        ++i;  // '' is one quote in PostgreSQL
      else if (text[i] == quote)
        break;
      out += text[i];
    }
    return out;
  }
  std::size_t end = text.size();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((text[i] == '#' || text[i] == ';') && (i == 0 || text[i - 1] == ' ' || text[i - 1] == '\t')) {
      end = i;
      break;
    }
  }
  return std::string(trim(text.substr(0, end)));
}

std::string folder_of(std::string_view path) {
  return std::string(path.substr(0, path.rfind('/')));
}

/// Nothing where the folder is not there; an error where it may not be read.
Result<std::vector<std::string>> files_with_end(const Host& host, const std::string& folder,
                                                std::initializer_list<std::string_view> ends) {
  std::vector<std::string> found;
  const auto entries = host.list(folder);
  if (!entries && entries.error().kind == ErrorKind::permission_denied) return tl::unexpected<Error>(entries.error());
  if (!entries) return found;
  for (const auto& entry : *entries) {
    const bool wanted =
        std::any_of(ends.begin(), ends.end(), [&](auto end) { return entry.name.ends_with(end); });
    if (wanted && !entry.name.starts_with('.') && found.size() < kMaxFiles)
      found.push_back(folder + "/" + entry.name);
  }
  return found;
}

using Settings = std::map<std::string, std::string>;

/// [mysqld-8.4] is read by 8.4 alone, [mariadb] and [galera] by MariaDB alone; both manuals, "Option Groups".
bool is_server_section(std::string_view section, const MysqlGroups& groups) {
  constexpr std::array<std::string_view, 4> of_maria = {"mariadb", "mariadbd", "galera", "client-server"};
  if (!groups.suffix.empty() && section.ends_with(groups.suffix))
    section.remove_suffix(groups.suffix.size());
  if (section == "mysqld" || section == "server") return true;
  if (std::find(of_maria.begin(), of_maria.end(), section) != of_maria.end()) return groups.maria;
  const std::size_t dash = section.find('-');
  if (dash == std::string_view::npos) return false;
  const std::string_view name = section.substr(0, dash);
  const std::string_view version = section.substr(dash + 1);
  if (name != "mysqld" && !(groups.maria && (name == "mariadb" || name == "mariadbd"))) return false;
  return groups.version.empty() || groups.version == version ||
         groups.version.starts_with(std::string(version) + ".");
}

Result<void> read_mysql_file(const Host& host, const std::string& path, const MysqlGroups& groups, int depth,
                             std::size_t& files, Settings& settings) {
  if (depth > kMaxDepth || ++files > kMaxFiles) return {};
  const auto text = host.read_redacted(path, redact_mysql, kMaxConfigBytes);
  if (!text) return tl::unexpected<Error>(text.error());
  Result<void> unread;
  const auto follow = [&](const std::string& file) {
    auto done = read_mysql_file(host, file, groups, depth + 1, files, settings);
    if (!done && done.error().kind != ErrorKind::not_found) unread = done;
  };
  const auto follow_all = [&](const Result<std::vector<std::string>>& folder) {
    if (!folder) unread = tl::unexpected<Error>(folder.error());
    else for (const std::string& file : *folder) follow(file);
  };
  std::string section;
  for (const std::string_view raw : lines(*text)) {
    const std::string_view line = trim(raw);
    if (line.starts_with("!includedir")) {
      follow_all(files_with_end(host, std::string(trim(line.substr(11))), {".cnf"}));
      continue;
    }
    if (line.starts_with("!include")) {
      follow(std::string(trim(line.substr(8))));
      continue;
    }
    for (auto& item : parse_ini(line)) {
      if (item.key.empty()) {
        section = item.section;
        continue;
      }
      if (!is_server_section(section, groups)) continue;
      std::replace(item.key.begin(), item.key.end(), '-', '_');
      if (item.key.starts_with("loose_")) item.key.erase(0, 6);
      const bool alone = line.find('=') == std::string_view::npos;
      settings[item.key] = alone && item.value.empty() ? "1" : item.value;
    }
  }
  return unread;
}

constexpr std::string_view kNoSetting = "?";

/// A line that PostgreSQL would not take, and then none of its file.
bool is_no_setting(std::string_view line) {
  line = trim(line);
  if (line.empty() || line.front() == '#') return false;
  const char first = line.front();
  return first != '_' && !(first >= 'a' && first <= 'z') && !(first >= 'A' && first <= 'Z');
}

Result<void> read_postgresql_file(const Host& host, const std::string& path, int depth, std::size_t& files,
                                  Settings& settings) {
  if (depth > kMaxDepth || ++files > kMaxFiles) return {};
  const auto text = host.read_redacted(path, redact_postgresql, kMaxConfigBytes);
  if (!text) return tl::unexpected<Error>(text.error());
  if (text->starts_with(kNoSetting)) return fail(ErrorKind::invalid, path + ": holds a line that is no setting");
  Result<void> unread;
  const auto follow = [&](const std::string& file) {
    auto done = read_postgresql_file(host, file, depth + 1, files, settings);
    if (!done && done.error().kind != ErrorKind::not_found) unread = done;
  };
  const auto follow_all = [&](const Result<std::vector<std::string>>& folder) {
    if (!folder) unread = tl::unexpected<Error>(folder.error());
    else for (const std::string& file : *folder) follow(file);
  };
  for (const auto& item : parse_ini(*text)) {
    const std::string target = item.value.starts_with('/') ? item.value : folder_of(path) + "/" + item.value;
    if (item.key == "include" || item.key == "include_if_exists")
      follow(target);
    else if (item.key == "include_dir") {
      follow_all(files_with_end(host, target, {".conf"}));
    } else if (!item.key.empty()) {
      settings[item.key] = item.value;
    }
  }
  return unread;
}

}  // namespace

std::vector<IniLine> parse_ini(std::string_view text) {
  std::vector<IniLine> found;
  std::string section;
  for (const std::string_view raw : lines(text)) {
    const std::string_view line = trim(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[' && line.find(']') != std::string_view::npos) {
      section = trim(line.substr(1, line.find(']') - 1));
      found.push_back({section, "", ""});
      continue;
    }
    std::size_t end = 0;
    while (end < line.size() && line[end] != '=' && line[end] != ':' && line[end] != ' ' && line[end] != '\t')
      ++end;
    std::string_view rest = line.substr(end);
    while (!rest.empty() && (rest.front() == ' ' || rest.front() == '\t')) rest.remove_prefix(1);
    if (!rest.empty() && (rest.front() == '=' || rest.front() == ':')) rest.remove_prefix(1);
    found.push_back({section, lower(line.substr(0, end)), clean_value(rest)});
  }
  return found;
}

std::string redact_mysql(std::string_view text) {
  const auto keep = [](std::string_view part) {
    return keep_settings(part, {"bind-address",
                                "port",
                                "skip-grant-tables",
                                "skip-networking",
                                "datadir",
                                "require-secure-transport",
                                "ssl",
                                "ssl-cert",
                                "ssl-key",
                                "tls-version",
                                "skip-ssl",
                                "log-bin",
                                "skip-log-bin",
                                "disable-log-bin",
                                "server-id",
                                "read-only",
                                "super-read-only",
                                "gtid-mode",
                                "wsrep-on",
                                "local-infile",
                                "user",
                                "loose-log-bin",
                                "log-slave-updates",
                                "loose-bind-address",
                                "innodb-buffer-pool-size",
                                "wsrep-cluster-address",
                                "group-replication-group-name",
                                "loose-group-replication-group-name",
                                "relay-log"});
  };
  std::string out;
  std::string rest;
  for (const std::string_view line : lines(text)) {
    const std::string_view body = trim(line);
    if (!body.starts_with("!include")) {
      rest.append(line).append("\n");
      continue;
    }
    out += keep(rest);  // "!" begins no name that keep_settings() knows
    rest.clear();
    out.append(redact_line(body)).append("\n");
  }
  return out + keep(rest);
}

Result<std::map<std::string, std::string>> read_mysql_config(const Host& host, const std::string& path,
                                                             const MysqlGroups& groups) {
  Settings settings;
  std::size_t files = 0;
  if (auto done = read_mysql_file(host, path, groups, 0, files, settings); !done)
    return tl::unexpected<Error>(done.error());
  return settings;
}

std::string redact_postgresql(std::string_view text) {
  const auto rows = lines(text);
  const bool strange = std::any_of(rows.begin(), rows.end(), is_no_setting);
  return (strange ? std::string(kNoSetting) + "\n" : std::string()) + keep_settings(
      text, {"include", "include_if_exists", "include_dir", "data_directory", "hba_file", "listen_addresses",
             "port", "ssl", "password_encryption", "wal_level", "archive_mode", "archive_command",
             "archive_library", "primary_conninfo", "primary_slot_name", "hot_standby", "shared_buffers",
             "shared_preload_libraries", "max_wal_senders", "fsync", "full_page_writes",
             "synchronous_standby_names", "ssl_min_protocol_version"});
}

Result<std::map<std::string, std::string>> read_postgresql_config(const Host& host, const std::string& path) {
  Settings settings;
  std::size_t files = 0;
  if (auto done = read_postgresql_file(host, path, 0, files, settings); !done)
    return tl::unexpected<Error>(done.error());
  return settings;
}

}  // namespace plumbline
