// SPDX-License-Identifier: Apache-2.0
// What the inspectors of data stores share.
#include "agent/stores/store.h"

#include "agent/config/ini.h"
#include "base/text.h"

namespace plumbline {

void set_auth(Store& store, std::string_view auth, std::string evidence) {
  store.auth = auth;
  store.auth_evidence = std::move(evidence);
}

void set_auth_unread(Store& store, const Error& why) {
  store.auth = "unknown";
  store.auth_evidence = why.message;
}

Result<std::string> first_readable(const Host& host, std::initializer_list<std::string> paths) {
  Error last{ErrorKind::not_found, "not found: no configuration file"};
  for (const std::string& path : paths) {
    if (path.empty()) continue;
    const auto stat = host.stat(path);
    if (stat && stat->type != FileType::folder) return path;
    if (!stat && stat.error().kind != ErrorKind::not_found) last = stat.error();
  }
  return tl::unexpected<Error>(last);
}

std::string upstream_version(std::string_view version) {
  const std::size_t epoch = version.find(':');
  if (epoch != std::string_view::npos && epoch < 3) version.remove_prefix(epoch + 1);
  return std::string(version.substr(0, version.find_first_of("-+~")));
}

int major_of(std::string_view version) {
  return static_cast<int>(parse_i64(version.substr(0, version.find('.'))).value_or(0));
}

int minor_of(std::string_view version) {
  const auto parts = split(version, '.');
  return parts.size() < 2 ? 0 : static_cast<int>(parse_i64(parts[1]).value_or(0));
}

bool is_on(std::string_view value) {
  const std::string text = lower(value);
  return text == "1" || text == "on" || text == "yes" || text == "true" || text == "enabled";
}

bool is_version(const Store& store, int major, int minor) {
  const int have = major_of(store.version);
  return have > major || (have == major && minor_of(store.version) >= minor);
}

void listen_on(Store& store, std::string_view address) {
  if (store.exposure_seen) return;
  address = trim(address);
  if (address.starts_with('[') && address.find(']') != std::string_view::npos)
    address = address.substr(1, address.find(']') - 1);
  store.exposure = wider(store.exposure.empty() ? "none" : store.exposure, exposure_of(address));
}

std::string whole_path(const Store& store, std::string_view path) {
  if (path.empty() || path.starts_with('/')) return std::string(path);
  if (store.working_folder.empty()) return "";
  while (path.starts_with("./")) path.remove_prefix(2);
  return (store.working_folder == "/" ? "" : store.working_folder) + "/" + std::string(path);
}

std::optional<std::int64_t> parse_size(std::string_view text, std::int64_t unit) {
  text = trim(text);
  std::size_t end = 0;
  while (end < text.size() && ((text[end] >= '0' && text[end] <= '9') || text[end] == '.')) ++end;
  const auto number = parse_double(text.substr(0, end));
  if (end == 0 || !number) return std::nullopt;
  const std::string suffix = lower(trim(text.substr(end)));
  double factor = static_cast<double>(unit);
  if (!suffix.empty()) {
    const std::size_t power = std::string_view("bkmgtp").find(suffix.front());
    const std::string_view rest = std::string_view(suffix).substr(1);
    if (power == std::string_view::npos || !(rest.empty() || rest == "b" || rest == "ib")) return std::nullopt;
    factor = 1;
    for (std::size_t i = 0; i < power; ++i) factor *= 1024;
  }
  const double bytes = *number * factor;
  constexpr double kMost = 1e18;
  if (bytes < 0 || bytes > kMost) return std::nullopt;
  return static_cast<std::int64_t>(bytes);
}

std::map<std::string, std::string> key_values(std::string_view text) {
  std::map<std::string, std::string> settings;
  for (const IniLine& line : parse_ini(text))
    if (!line.key.empty()) settings[line.key] = line.value;
  return settings;
}

std::string last_of(const std::map<std::string, std::string>& settings, const std::string& key,
                    std::string fallback) {
  const auto found = settings.find(key);
  return found == settings.end() ? fallback : found->second;
}

}  // namespace plumbline
