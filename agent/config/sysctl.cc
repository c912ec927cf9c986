// SPDX-License-Identifier: Apache-2.0
// Reads sysctl.d(5).
#include "agent/config/sysctl.h"

#include <fnmatch.h>

#include <algorithm>
#include <set>

#include "agent/config/layered.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxSysctlBytes = 1u << 20;
constexpr std::size_t kMaxNames = 4096;
constexpr std::size_t kMaxPatterns = 200;

/// Names whose values are secrets of the kernel's: net.ipv4.tcp_fastopen_key, net.ipv6.conf.*.stable_secret.
bool is_secret(std::string_view name) {
  return name.ends_with("_key") || name.ends_with("secret");
}

/// "/" and "." change places where "/" comes first: "net/ipv4/conf/eth0.100/rp_filter".
std::string dotted(std::string_view text) {
  std::string name(text);
  if (name.find('/') != std::string::npos && name.find('/') < name.find('.')) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c == '/' ? '.' : c == '.' ? '/' : c; });
  }
  return name;
}

std::string redact_sysctl(std::string_view text) {
  std::string kept;
  for (const std::string_view line : lines(text)) {
    const std::string_view name = trim(line.substr(0, line.find('=')));
    if (name.empty() || name.front() == '#' || name.front() == ';' || is_secret(name)) continue;
    kept.append(trim(line)).append("\n");
  }
  return kept;
}

std::string with_single_blanks(std::string_view text) {
  std::string out;
  for (const std::string_view word : words(text)) out.append(out.empty() ? "" : " ").append(word);
  return out;
}

class Reader {
 public:
  explicit Reader(const Host& host) : host_(host) {}

  void apply(const std::string& path) {
    const auto text = host_.read_redacted(path, redact_sysctl, kMaxSysctlBytes);
    if (!text && text.error().kind != ErrorKind::not_found) found_.unread = text.error();
    if (!text) return;
    const bool vendor = path.starts_with("/usr/lib/") || path.starts_with("/lib/");
    for (const std::string_view raw : lines(*text)) apply_line(trim(raw), vendor);
  }

  void look_into(const std::string& folder) {
    if (const auto entries = host_.list(folder); !entries && entries.error().kind != ErrorKind::not_found)
      found_.unread = entries.error();
  }

  SysctlFiles take() {
    found_.conflicts.assign(conflicts_.begin(), conflicts_.end());
    return std::move(found_);
  }

 private:
  // "-net.ipv4.ip_forward = 0": the dash means that an error is fine
  void apply_line(std::string_view line, bool vendor) {
    if (line.empty() || line.front() == '#' || line.front() == ';') return;
    const bool dash = line.front() == '-';
    if (dash) line.remove_prefix(1);
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) {
      if (dash && found_.excluded.size() < kMaxPatterns) found_.excluded.push_back(dotted(trim(line)));
      return;
    }
    const std::string name = dotted(trim(line.substr(0, equals)));
    const std::string value = with_single_blanks(line.substr(equals + 1));
    if (name.find_first_of("*?[") != std::string::npos) {
      if (found_.patterns.size() < kMaxPatterns) found_.patterns.emplace_back(name, value);
      return;
    }
    if (found_.values.size() >= kMaxNames && found_.values.find(name) == found_.values.end()) return;
    found_.values[name] = value;
    if (vendor) return;
    const auto [first, fresh] = first_.emplace(name, value);
    if (!fresh && first->second != value) conflicts_.insert(name);
  }

  const Host& host_;
  SysctlFiles found_;
  std::map<std::string, std::string> first_;  // as the administrator's files set it first
  std::set<std::string> conflicts_;
};

}  // namespace

const std::string* SysctlFiles::find(std::string_view name) const {
  const auto exact = values.find(name);
  if (exact != values.end()) return &exact->second;
  if (std::find(excluded.begin(), excluded.end(), name) != excluded.end()) return nullptr;
  const std::string* last = nullptr;
  for (const auto& [pattern, value] : patterns) {
    if (fnmatch(pattern.c_str(), std::string(name).c_str(), 0) == 0) last = &value;
  }
  return last;
}

SysctlFiles read_sysctl_files(const Host& host) {
  Reader reader(host);
  const std::vector<std::string> folders = {"/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d",
                                            "/lib/sysctl.d"};
  for (const auto& folder : folders) reader.look_into(folder);
  for (const auto& path : layered_files(host, folders, ".conf").paths) reader.apply(path);
  reader.apply("/etc/sysctl.conf");
  // ufw sets its own (IPT_SYSCTL) each time it starts; where it is known to be off, it does not.
  const auto ufw = host.read("/etc/ufw/ufw.conf", 64u << 10);
  if (!ufw || !contains(lower(*ufw), "enabled=no")) reader.apply("/etc/ufw/sysctl.conf");
  return reader.take();
}

}  // namespace plumbline
