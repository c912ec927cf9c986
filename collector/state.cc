// SPDX-License-Identifier: Apache-2.0
// Makes and reads the collector's folder. Every file name in it is a constant.
#include "collector/state.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "base/tls.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxConfigBytes = 1u << 20;
constexpr unsigned kPrivate = 0600;
constexpr std::int64_t kRenewBeforeSeconds = 30 * 24 * 3600;

std::string config_text(const Config& config) {
  return json({{"schema", 1},
               {"organisation", config.organisation},
               {"store", config.store_url},
               {"address", config.address},
               {"agents_port", config.agents_port},
               {"people_port", config.people_port},
               {"names", config.names},
               {"require_signed_packs", config.require_signed_packs},
               {"pack_keys", config.pack_keys},
               {"language", config.language}})
             .dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<int> port_of(const json& document, const char* key, int otherwise) {
  const auto found = document.find(key);
  if (found == document.end()) return otherwise;
  constexpr int kHighestPort = 65535;
  if (!found->is_number_integer() || *found < 0 || *found > kHighestPort)
    return fail(ErrorKind::invalid, std::string("\"") + key + "\" must be a port from 0 to 65535");
  return found->get<int>();
}

Result<std::string> text_of(const json& document, const char* key, std::string otherwise) {
  const auto found = document.find(key);
  if (found == document.end()) return otherwise;
  if (!found->is_string()) return fail(ErrorKind::invalid, std::string("\"") + key + "\" must be a text");
  return found->get<std::string>();
}

Result<bool> truth_of(const json& document, const char* key, bool otherwise) {
  const auto found = document.find(key);
  if (found == document.end()) return otherwise;
  if (!found->is_boolean()) return fail(ErrorKind::invalid, std::string("\"") + key + "\" must be true or false");
  return found->get<bool>();
}

Result<Config> config_from(const json& document) {
  if (!document.is_object()) return fail(ErrorKind::invalid, "it must hold an object");
  Config config;
  auto organisation = text_of(document, "organisation", config.organisation);
  auto store_url = text_of(document, "store", config.store_url);
  auto address = text_of(document, "address", config.address);
  const auto agents_port = port_of(document, "agents_port", config.agents_port);
  const auto people_port = port_of(document, "people_port", config.people_port);
  auto pack_keys = text_of(document, "pack_keys", config.pack_keys);
  auto language = text_of(document, "language", config.language);
  const auto require_signed = truth_of(document, "require_signed_packs", config.require_signed_packs);
  if (!require_signed) return tl::unexpected(require_signed.error());
  for (const auto* text : {&organisation, &store_url, &address, &pack_keys, &language})
    if (!*text) return tl::unexpected(text->error());
  for (const auto* port : {&agents_port, &people_port})
    if (!*port) return tl::unexpected(port->error());
  config.organisation = std::move(*organisation);
  config.store_url = std::move(*store_url);
  config.address = std::move(*address);
  config.pack_keys = std::move(*pack_keys);
  config.language = std::move(*language);
  config.require_signed_packs = *require_signed;
  config.agents_port = *agents_port;
  config.people_port = *people_port;
  const auto names = document.find("names");
  if (names == document.end()) return config;
  if (!names->is_array() || !std::all_of(names->begin(), names->end(), [](const json& name) { return name.is_string(); }))
    return fail(ErrorKind::invalid, "\"names\" must be a list of texts");
  config.names = names->get<std::vector<std::string>>();
  return config;
}

Result<void> write_identity(const std::string& folder, const std::string& name, const Identity& identity) {
  if (auto key = write_file_atomic(folder + "/" + name + ".key", identity.private_key_pem, kPrivate); !key) return key;
  return write_file_atomic(folder + "/" + name + ".pem", identity.certificate_pem, 0644);
}

Result<Identity> read_identity(const std::string& folder, const std::string& name) {
  auto key = read_file(folder + "/" + name + ".key", kMaxConfigBytes);
  if (!key) return tl::unexpected(key.error());
  auto certificate = read_file(folder + "/" + name + ".pem", kMaxConfigBytes);
  if (!certificate) return tl::unexpected(certificate.error());
  return Identity{std::move(*key), std::move(*certificate)};
}

// What agents and people may call this collector.
std::vector<std::string> server_names(const Config& config) {
  std::vector<std::string> names = {"localhost", "127.0.0.1", "::1"};
  if (config.address != "0.0.0.0" && config.address != "::") names.push_back(config.address);
  char host[256] = {};
  if (::gethostname(host, sizeof host - 1) == 0 && host[0] != '\0') names.emplace_back(host);
  names.insert(names.end(), config.names.begin(), config.names.end());
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

Result<Identity> renew_server_identity(const std::string& folder, const std::vector<std::string>& names, std::int64_t now) {
  const auto authority = read_authority(folder);
  if (!authority) return tl::unexpected(authority.error());
  auto identity = issue_server(*authority, names, now);
  if (!identity) return identity;
  if (auto written = write_identity(folder, "server", *identity); !written) return tl::unexpected(written.error());
  // Kept beside it so that a changed configuration is noticed.
  if (auto noted = write_file_atomic(folder + "/server.names", join(names, "\n") + "\n", kPrivate); !noted) return tl::unexpected(noted.error());
  return identity;
}

}  // namespace

std::string default_state_folder() {
  if (const char* named = std::getenv("PLUMBLINE_STATE"); named != nullptr && *named != '\0') return named;
  if (::geteuid() == 0) return "/var/lib/plumbline";
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : ".") + "/.local/state/plumbline";
}

Result<void> make_state(const std::string& folder, const Config& config, std::int64_t now) {
  if (::access((folder + "/config.json").c_str(), F_OK) == 0)
    return fail(ErrorKind::conflict, folder + ": a collector lives here already; start it with: plumbline-collector serve --state " + folder);
  if (auto made = make_folder(folder, 0700); !made) return made;
  if (::chmod(folder.c_str(), 0700) != 0)
    return fail(ErrorKind::permission_denied, folder + ": its permissions cannot be set; choose a folder you own");
  const auto authority = make_authority(config.organisation.empty() ? "Plumbline" : config.organisation, now);
  if (!authority) return tl::unexpected(authority.error());
  if (auto written = write_identity(folder, "ca", *authority); !written) return written;
  if (auto server = renew_server_identity(folder, server_names(config), now); !server) return tl::unexpected(server.error());
  // Last: a folder with a configuration is a whole one.
  return write_file_atomic(folder + "/config.json", config_text(config), kPrivate);
}

Result<Config> read_config(const std::string& folder) {
  const std::string path = folder + "/config.json";
  const auto text = read_file(path, kMaxConfigBytes);
  if (!text && text.error().kind == ErrorKind::not_found)
    return fail(ErrorKind::not_found, folder + ": no collector lives here; make one with: plumbline-collector init --state " + folder);
  if (!text) return tl::unexpected(text.error());
  const auto document = parse_json(*text);
  if (!document) return fail(path, document.error());
  auto config = config_from(*document);
  if (!config) return fail(path, config.error());
  return config;
}

Result<Identity> read_authority(const std::string& folder) { return read_identity(folder, "ca"); }

Result<Identity> server_identity(const std::string& folder, const Config& config, std::int64_t now) {
  const std::vector<std::string> names = server_names(config);
  auto identity = read_identity(folder, "server");
  const auto noted = read_file(folder + "/server.names", kMaxConfigBytes);
  if (identity && noted && *noted == join(names, "\n") + "\n")
    if (const auto info = read_certificate(identity->certificate_pem); info && info->not_after - now > kRenewBeforeSeconds)
      return identity;
  return renew_server_identity(folder, names, now);
}

Result<std::unique_ptr<Store>> open_state_store(const std::string& folder, const std::string& store_url) {
  const auto config = read_config(folder);
  if (!config) return tl::unexpected(config.error());
  std::string url = store_url.empty() ? config->store_url : store_url;
  constexpr std::string_view kSqlite = "sqlite:";
  if (url.starts_with(kSqlite) && url.size() > kSqlite.size() && url[kSqlite.size()] != '/')
    url = std::string(kSqlite) + folder + "/" + url.substr(kSqlite.size());
  return open_store(url);
}

std::optional<SignedPacks> signed_packs_of(const Config& config, const std::string& folder) {
  if (!config.require_signed_packs) return std::nullopt;
  const std::string keys = config.pack_keys.starts_with("/") ? config.pack_keys : folder + "/" + config.pack_keys;
  return SignedPacks{keys, folder + "/packs-seen.json", false};
}

Result<StateLock> StateLock::take(const std::string& folder) {
  const std::string path = folder + "/lock";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kPrivate);
  if (descriptor < 0) return fail(ErrorKind::permission_denied, path + ": it cannot be opened; run as the user that owns the folder");
  StateLock lock(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0)
    return fail(ErrorKind::conflict, folder + ": a collector serves this folder already (" + folder + "/run.json names it); stop it first");
  return lock;
}

StateLock::StateLock(StateLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
StateLock::~StateLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace plumbline
