// SPDX-License-Identifier: Apache-2.0
// Settings are reduced to "target remote" and "target /path" before they leave memory: addresses of repositories hold
// user names and passwords.
#include "agent/backup_targets.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>

#include "agent/config/glob.h"
#include "agent/config/ini.h"
#include "agent/config/shell_words.h"
#include "agent/config/yaml.h"
#include "base/json.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxBytes = 256u << 10;
constexpr std::size_t kMaxFiles = 64;  // of one pattern
constexpr std::string_view kMark = "target ";
constexpr std::string_view kRemote = "remote";

std::string line_of(std::string_view repository) {
  const std::string target = backup_target(repository);
  return target.empty() ? std::string() : std::string(kMark) + target + "\n";
}

/// What was reduced before stays as it is.
bool is_reduced(std::string_view text) {
  const auto all = lines(text);
  return std::all_of(all.begin(), all.end(), [](std::string_view line) { return line.empty() || line.starts_with(kMark); });
}

/// "repositories" of borgmatic as texts or as maps with "path", "repository" of resticprofile; joined with "," where there are several.
std::string reduce_yaml(std::string_view text) {
  if (is_reduced(text)) return std::string(text);
  std::string out;
  for (const auto& [key, value] : flatten_yaml(text)) {
    const bool named = key == "repositories" || key.ends_with(".repositories") || key.ends_with("repositories.path") ||
                       key == "repository" || key.ends_with(".repository");
    if (!named) continue;
    for (std::string_view one : split(value, ',')) {
      one = trim(one);
      if (one.starts_with("path:")) one = trim(one.substr(5));  // "- path: ssh://nas/./main.borg"
      out += line_of(one);
    }
  }
  return out;
}

/// RESTIC_REPOSITORY="sftp:nas:/srv/restic" with or without "export"; WALG_S3_PREFIX=…, WALG_FILE_PREFIX=…
std::string reduce_variables(std::string_view text) {
  if (is_reduced(text)) return std::string(text);
  std::string out;
  for (const std::string_view line : lines(text)) {
    if (trim(line).starts_with('#')) continue;
    for (const std::string& word : shell_words(line)) {
      const std::size_t equals = word.find('=');
      if (equals == std::string::npos) continue;
      const std::string_view name = std::string_view(word).substr(0, equals);
      if (name == "RESTIC_REPOSITORY" || name == "BORG_REPO" || name == "WALG_FILE_PREFIX") out += line_of(std::string_view(word).substr(equals + 1));
      if (name.starts_with("WALG_") && name.ends_with("_PREFIX") && name != "WALG_FILE_PREFIX") out += line_of("s3:");
    }
  }
  return out;
}

/// A repository a line, as restic's --repository-file takes it.
std::string reduce_repository(std::string_view text) {
  if (is_reduced(text)) return std::string(text);
  return line_of(trim(text.substr(0, text.find('\n'))));
}

/// "snapshot_root<TAB>/srv/snapshots/"
std::string reduce_rsnapshot(std::string_view text) {
  if (is_reduced(text)) return std::string(text);
  std::string out;
  for (const std::string_view line : lines(text)) {
    const auto words = shell_words(line);
    if (words.size() > 1 && words.front() == "snapshot_root") out += line_of(words[1]);
  }
  return out;
}

/// repo1-type=s3, or repo1-host=…, else repo1-path; options of a server in sections count, too.
std::string reduce_pgbackrest(std::string_view text) {
  if (is_reduced(text)) return std::string(text);
  bool remote = false;
  std::string paths;
  for (const IniLine& line : parse_ini(text)) {
    if (!line.key.starts_with("repo")) continue;
    const std::size_t dash = line.key.find('-');
    const std::string_view option = dash == std::string::npos ? std::string_view() : std::string_view(line.key).substr(dash + 1);
    if (option == "host" || (option == "type" && (line.value == "s3" || line.value == "azure" || line.value == "gcs" || line.value == "sftp"))) remote = true;
    if (option == "path") paths += line_of(line.value);
  }
  return remote ? line_of("s3:") : paths;
}

/// {"storage":{"type":"filesystem","config":{"path":"/srv/kopia"}}}
std::string reduce_kopia(std::string_view text) {
  if (is_reduced(text)) return std::string(text);
  const auto document = parse_json(text);
  if (!document || !document->is_object()) return "";
  const auto storage = document->find("storage");
  if (storage == document->end() || !storage->is_object()) return "";
  const auto type = storage->find("type");
  if (type == storage->end() || !type->is_string()) return "";
  if (type->get<std::string>() != "filesystem") return line_of("s3:");
  const auto path = nlohmann::json::json_pointer("/config/path");
  return storage->contains(path) && (*storage)[path].is_string() ? line_of((*storage)[path].get<std::string>()) : "";
}

/// A client that another machine's server asks; its settings say no more.
std::string reduce_client(std::string_view text) { return trim(text).empty() ? std::string() : line_of("s3:"); }

struct Source {
  std::string_view pattern;
  Redact reduce;
};
constexpr std::array<Source, 20> kSources = {{
    {"/etc/borgmatic/*.yaml", reduce_yaml},
    {"/etc/borgmatic.d/*.yaml", reduce_yaml},
    {"/etc/borgmatic/config.yml", reduce_yaml},
    {"/etc/resticprofile/profiles.yaml", reduce_yaml},
    {"/root/.config/borgmatic/config.yaml", reduce_yaml},
    {"/etc/restic.env", reduce_variables},
    {"/etc/restic/*.env", reduce_variables},
    {"/etc/restic/*.conf", reduce_variables},
    {"/etc/restic/env", reduce_variables},
    {"/etc/default/restic*", reduce_variables},
    {"/etc/sysconfig/restic*", reduce_variables},
    {"/etc/default/wal-g", reduce_variables},
    {"/etc/wal-g/*.env", reduce_variables},
    {"/etc/restic/repo*", reduce_repository},
    {"/etc/rsnapshot.conf", reduce_rsnapshot},
    {"/etc/pgbackrest.conf", reduce_pgbackrest},
    {"/etc/pgbackrest/pgbackrest.conf", reduce_pgbackrest},
    {"/root/.config/kopia/repository.config", reduce_kopia},
    {"/etc/bacula/bacula-fd.conf", reduce_client},
    {"/etc/bareos/bareos-fd.d/director/*.conf", reduce_client},
}};

bool is_server_here(const Host& host) {
  return host.stat("/etc/bacula/bacula-sd.conf") || host.stat("/etc/bareos/bareos-sd.d");
}

}  // namespace

std::string backup_target(std::string_view repository) {
  repository = trim(repository);
  for (const std::string_view local : {"file://", "local:"})
    if (repository.starts_with(local)) repository.remove_prefix(local.size());
  if (repository.starts_with('/')) return std::string(repository.substr(0, repository.find('\n')));
  for (const std::string_view here : {"localhost", "127.0.0.1", "[::1]"})
    if (contains(repository, here)) return "";  // through a service of this host, which may pass it on
  // "s3:bucket", "ssh://nas/./repo", "user@nas:repo", "nas:/srv"
  const std::size_t colon = repository.find(':');
  const bool host = colon != std::string_view::npos && colon > 0 &&
                    std::all_of(repository.begin(), repository.begin() + static_cast<std::ptrdiff_t>(colon), [](unsigned char c) {
                      return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_' || c == '@';
                    });
  return host || repository == kRemote ? std::string(kRemote) : std::string();
}

Result<std::optional<bool>> backup_goes_elsewhere(const Host& host, Machine& machine) {
  std::optional<bool> elsewhere;
  std::optional<Error> unread;
  for (const Source& source : kSources) {
    if (source.reduce == reduce_client && is_server_here(host)) continue;
    std::size_t files = 0;
    const auto found = glob_matches(host, source.pattern);
    if (found.unread) unread = found.unread;
    for (const std::string& path : found.paths) {
      if (++files > kMaxFiles) break;
      const auto text = host.read_redacted(path, source.reduce, kMaxBytes);
      if (!text && text.error().kind == ErrorKind::permission_denied) unread = text.error();
      if (!text) continue;
      for (const std::string_view line : lines(*text)) {
        if (!line.starts_with(kMark)) continue;
        const std::string target(line.substr(kMark.size()));
        const Mount* mount = target == kRemote ? nullptr : machine.mount_of(target);
        if (target == kRemote || (mount != nullptr && mount->network)) return true;
        elsewhere = false;
      }
    }
  }
  if (unread) return tl::unexpected<Error>(*unread);
  return elsewhere;
}

}  // namespace plumbline
