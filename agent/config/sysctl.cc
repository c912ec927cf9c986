// SPDX-License-Identifier: Apache-2.0
// Reads sysctl.d(5).
#include "agent/config/sysctl.h"

#include <algorithm>

#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxSysctlBytes = 1u << 20;
constexpr std::size_t kMaxFiles = 300;

// "-net.ipv4.ip_forward = 0": the dash means that an error is fine; "/" may stand for "."
void apply_lines(std::string_view text, std::map<std::string, std::string>& values) {
  for (const std::string_view raw : lines(text)) {
    std::string_view line = trim(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '-') line.remove_prefix(1);
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    std::string name(trim(line.substr(0, equals)));
    if (name.find('/') != std::string::npos && name.find('/') < name.find('.')) {
      std::transform(name.begin(), name.end(), name.begin(), [](char c) {
        return c == '/' ? '.' : c == '.' ? '/' : c;
      });
    }
    values[name] = trim(line.substr(equals + 1));
  }
}

}  // namespace

std::map<std::string, std::string> read_sysctl_files(const Host& host) {
  std::map<std::string, std::string> files;  // name → path
  for (const std::string folder :
       {"/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d"}) {
    const auto entries = host.list(folder);
    if (!entries) continue;
    for (const auto& entry : *entries) {
      if (entry.name.ends_with(".conf") && files.size() < kMaxFiles)
        files.emplace(entry.name, folder + "/" + entry.name);
    }
  }
  std::map<std::string, std::string> values;
  for (const auto& [name, path] : files) {
    if (const auto text = host.read(path, kMaxSysctlBytes)) apply_lines(*text, values);
  }
  if (const auto text = host.read("/etc/sysctl.conf", kMaxSysctlBytes)) apply_lines(*text, values);
  return values;
}

}  // namespace plumbline
