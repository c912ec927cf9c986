// SPDX-License-Identifier: Apache-2.0
// Reads the few commands of start-up files that are judged; no shell is run, conditions count as true.
#include "agent/config/shell_profile.h"

#include <algorithm>
#include <optional>

#include "agent/config/glob.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxProfileBytes = 256u << 10;
constexpr std::size_t kMaxProfileFiles = 100;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// What stands behind each `name` that stands as a word of its own, before the next blank or ";".
std::vector<std::string_view> after(std::string_view line, std::string_view name, bool blank_between) {
  std::vector<std::string_view> found;
  for (std::size_t at = line.find(name); at != std::string_view::npos; at = line.find(name, at + 1)) {
    if (at > 0 && (is_word(line[at - 1]) || line[at - 1] == '$')) continue;
    std::string_view rest = line.substr(at + name.size());
    if (blank_between && (rest.empty() || (rest.front() != ' ' && rest.front() != '\t'))) continue;
    rest = trim(rest);
    found.push_back(rest.substr(0, rest.find_first_of(" \t;&|)")));
  }
  return found;
}

/// Only lines that set what is judged leave memory: start-up files hold tokens, too.
std::string redact_profile(std::string_view text) {
  std::string kept;
  for (const std::string_view raw : lines(text)) {
    const std::string_view line = trim(raw);
    if (line.empty() || line.front() == '#') continue;
    for (const auto value : after(line, "umask", true))
      if (!value.empty()) kept.append("umask ").append(value).append("\n");
    for (const auto value : after(line, "TMOUT=", false)) kept.append("TMOUT=").append(value).append("\n");
    for (const auto value : after(line, "PATH=", false)) kept.append("PATH=").append(value).append("\n");
  }
  return kept;
}

std::optional<unsigned> octal(std::string_view text) {
  if (text.empty() || text.size() > 4) return std::nullopt;
  unsigned value = 0;
  for (const char c : text) {
    if (c < '0' || c > '7') return std::nullopt;
    value = value * 8 + static_cast<unsigned>(c - '0');
  }
  return value;
}

/// "u=rwx,g=rx,o=": what is not granted is taken away.
std::optional<unsigned> symbolic(std::string_view text) {
  unsigned granted = 0;
  for (const std::string_view clause : split(text, ',')) {
    const std::size_t equals = clause.find('=');
    if (equals == std::string_view::npos || clause.find_first_not_of("ugoa=rwx") != std::string_view::npos) return std::nullopt;
    unsigned bits = 0;
    for (const char c : clause.substr(equals + 1)) bits |= c == 'r' ? 4u : c == 'w' ? 2u : 1u;
    for (const char c : clause.substr(0, equals)) {
      if (c == 'u' || c == 'a') granted |= bits << 6;
      if (c == 'g' || c == 'a') granted |= bits << 3;
      if (c == 'o' || c == 'a') granted |= bits;
    }
  }
  return 0777u & ~granted;
}

std::string three_digits(unsigned mask) {
  std::string out;
  for (int shift = 6; shift >= 0; shift -= 3) out += static_cast<char>('0' + ((mask >> shift) & 7u));
  return out;
}

bool is_risky(std::string_view path) {
  std::string plain(path);
  std::erase(plain, '"');
  std::erase(plain, '\'');
  for (const std::string_view part : split(plain, ':')) {
    if (part.empty() || (part.front() != '/' && part.front() != '$' && part.front() != '~')) return true;
  }
  return false;
}

struct File {
  std::optional<unsigned> mask;
  bool invalid = false;
};

}  // namespace

ShellProfile read_shell_profile(const Host& host) {
  ShellProfile found;
  bool never = false;
  GlobMatches fragments = glob_matches(host, "/etc/profile.d/*.sh");
  found.unread = fragments.unread;
  std::vector<std::string> files = std::move(fragments.paths);
  if (files.size() > kMaxProfileFiles) files.resize(kMaxProfileFiles);
  for (const char* path : {"/etc/profile", "/etc/bashrc", "/etc/bash.bashrc", "/etc/csh.cshrc", "/etc/csh.login", "/etc/zsh/zshrc", "/etc/zshrc"})
    files.emplace_back(path);
  for (const std::string& path : files) {
    const auto text = host.read_redacted(path, redact_profile, kMaxProfileBytes);
    if (!text && text.error().kind != ErrorKind::not_found && !found.unread) found.unread = text.error();
    if (!text) continue;
    File file;
    for (const std::string_view line : lines(*text)) {
      for (const std::string_view value : after(line, "umask", true)) {
        const auto mask = value.find('=') == std::string_view::npos ? octal(value) : symbolic(value);
        if (mask) file.mask = file.mask.value_or(0777u) & *mask;
        if (!mask && value.front() >= '0' && value.front() <= '9') file.invalid = true;
      }
      for (const std::string_view value : after(line, "TMOUT=", false)) {
        const auto seconds = parse_u64(value);
        if (seconds && *seconds <= 10'000'000) found.timeout_seconds = std::max(found.timeout_seconds, static_cast<int>(*seconds));
        never = never || (seconds && *seconds == 0);
      }
      for (const std::string_view value : after(line, "PATH=", false)) {
        if (is_risky(value)) ++found.risky_paths;
      }
    }
    if (file.invalid)
      found.umasks[path] = "invalid";
    else if (file.mask)
      found.umasks[path] = three_digits(*file.mask);
  }
  if (never) found.timeout_seconds = 0;
  return found;
}

}  // namespace plumbline
