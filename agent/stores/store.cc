// SPDX-License-Identifier: Apache-2.0
// What the inspectors of data stores share.
#include "agent/stores/store.h"

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

std::string last_of(const std::map<std::string, std::string>& settings, const std::string& key,
                    std::string fallback) {
  const auto found = settings.find(key);
  return found == settings.end() ? fallback : found->second;
}

}  // namespace plumbline
