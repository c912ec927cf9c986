// SPDX-License-Identifier: Apache-2.0
// Reads /etc/sudoers as sudoers(5) describes it.
#include "agent/config/sudoers.h"

#include <algorithm>
#include <string>
#include <vector>

#include "agent/config/shell_words.h"
#include "agent/redact.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr int kMaxDepth = 16;
constexpr int kMaxFiles = 256;
constexpr std::size_t kMaxSudoersBytes = 1u << 20;
const std::initializer_list<std::string_view> kOptions = {
    "use_pty",  "logfile",    "timestamp_timeout", "timestamp_type", "passwd_timeout", "passwd_tries", "umask",  "umask_override",
    "authenticate", "targetpw", "rootpw",          "runaspw",        "requiretty",     "noexec",       "ignore_dot", "env_reset",
    "visiblepw", "log_input", "log_output",        "mail_badpass",   "secure_path",    "syslog",       "fast_glob",  "lecture"};

/// At `separator` outside of quotes, parentheses and backslashes: "(bob,alice) /bin/ls, /bin/cat a\,b".
std::vector<std::string_view> split_outside(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  std::size_t start = 0;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && c == '(') {
      ++depth;
    } else if (!quoted && c == ')') {
      depth = std::max(0, depth - 1);
    } else if (!quoted && depth == 0 && c == separator) {
      parts.push_back(trim(text.substr(start, i - start)));
      start = i + 1;
    }
  }
  parts.push_back(trim(text.substr(std::min(start, text.size()))));
  return parts;
}

/// Takes "NOPASSWD:", "SETENV:" … off the front; true where one of them lets NOPASSWD or PASSWD decide anew.
bool take_tags(std::string_view& command, bool free) {
  for (std::size_t colon = command.find(':'); colon != std::string_view::npos; colon = command.find(':')) {
    const std::string_view tag = trim(command.substr(0, colon));
    if (tag.empty() || tag.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_") != std::string_view::npos) break;
    if (tag == "NOPASSWD") free = true;
    if (tag == "PASSWD") free = false;
    command = trim(command.substr(colon + 1));
  }
  return free;
}

// "Defaults use_pty, !visiblepw, logfile=\"/var/log/sudo.log\", timestamp_timeout = 5"
void read_defaults(std::string_view line, Sudoers& found) {
  for (const std::string_view setting : split_outside(line, ',')) {
    const std::size_t equals = setting.find('=');
    std::string_view name = trim(setting.substr(0, equals));
    // "secure_path += …" adds to a list
    while (!name.empty() && (name.ends_with('+') || name.ends_with('-'))) name = trim(name.substr(0, name.size() - 1));
    const bool off = name.starts_with('!');
    if (off) name = trim(name.substr(1));
    if (std::find(kOptions.begin(), kOptions.end(), name) == kOptions.end()) continue;
    std::string value = off ? "false" : "true";
    if (equals != std::string_view::npos) value = std::string(trim(setting.substr(equals + 1)));
    std::erase(value, '"');
    found.defaults.put("sudo." + std::string(name), value);
    if (name == "authenticate" && off) {
      found.weaknesses.insert("unauthenticated");
      ++found.nopasswd_all;
    }
  }
}

// "deploy ALL=(ALL:ALL) NOPASSWD: /bin/ls, ALL"
void read_commands(std::string_view commands, bool for_root, Sudoers& found) {
  bool free = false;  // a tag holds for the commands after it until its opposite
  bool free_all = false;
  for (std::string_view command : split_outside(commands, ',')) {
    if (command.starts_with('(')) command = trim(command.substr(std::min(command.find(')'), command.size() - 1) + 1));
    free = take_tags(command, free);
    if (command.empty() || for_root) continue;
    if (free) found.weaknesses.insert("nopasswd");
    if (free && command == "ALL") free_all = true;
    if (command.starts_with('!')) found.weaknesses.insert("negated_command");
    if (command.starts_with('/') && words(command).size() == 1) found.weaknesses.insert("any_arguments");
  }
  if (free_all) ++found.nopasswd_all;
}

// "%wheel, jen ALL, SERVERS = (ALL) ALL"
void read_rule(std::string_view line, Sudoers& found) {
  const std::size_t equals = line.find('=');
  const auto first = words(line.substr(0, equals));
  if (equals == std::string_view::npos || first.empty()) return;
  const std::string_view user = first[0];
  if (user == "ALL") found.weaknesses.insert("all_users");
  read_commands(line.substr(equals + 1), user == "root", found);
}

bool is_alias(std::string_view line) {
  for (const std::string_view name : {"User_Alias", "Runas_Alias", "Host_Alias", "Cmnd_Alias", "Cmd_Alias"}) {
    if (line.starts_with(name)) return true;
  }
  return false;
}

bool is_include(std::string_view word) {
  return word == "@include" || word == "#include" || word == "@includedir" || word == "#includedir";
}

/// "#1000 ALL=…" is a rule for a uid, and "(#1000)" a user in one.
bool is_comment(std::string_view from_hash) {
  return from_hash.size() < 2 || from_hash[1] < '0' || from_hash[1] > '9';
}

std::string_view without_comment(std::string_view line) {
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') quoted = !quoted;
    const bool begins = line[i] == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t');
    if (begins && !quoted && is_comment(line.substr(i))) return trim(line.substr(0, i));
  }
  return line;
}

/// "Defaults use_pty, env_keep += \"X\"" to "Defaults use_pty"
std::string plain_defaults(std::string_view line) {
  std::vector<std::string> kept;
  for (const std::string_view setting : split_outside(line.substr(8), ',')) {
    const std::size_t start = std::min(setting.find_first_not_of("! "), setting.size());
    const std::string_view name = setting.substr(start, setting.find_first_of(" =+-", start) - start);
    if (std::find(kOptions.begin(), kOptions.end(), name) != kOptions.end()) kept.emplace_back(setting);
  }
  return kept.empty() ? std::string() : "Defaults " + join(kept, ", ");
}

/// "app ALL=(ALL) NOPASSWD: /bin/x --token abc" to "app ALL=(ALL) NOPASSWD: /bin/x <redacted>"
std::string plain_rule(std::string_view line) {
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) return "";
  std::vector<std::string> commands;
  for (const std::string_view command : split_outside(line.substr(equals + 1), ',')) {
    std::size_t path = command.find('/');
    while (path != std::string_view::npos && path > 0 && std::string_view(" \t!):").find(command[path - 1]) == std::string_view::npos)
      path = command.find('/', path + 1);
    const std::size_t end = path == std::string_view::npos ? path : command.find_first_of(" \t", path);
    const bool arguments = end != std::string_view::npos;
    commands.push_back(std::string(command.substr(0, end)) + (arguments ? " " + std::string(kRedacted) : ""));
  }
  return std::string(line.substr(0, equals + 1)) + join(commands, ",");  // a blank would make "#" a comment
}

class Reader {
 public:
  explicit Reader(const Host& host) : host_(host) {}

  Result<void> read(const std::string& path, int depth) {
    if (depth > kMaxDepth || ++files_ > kMaxFiles) return {};
    const auto text = host_.read_redacted(path, redact_sudoers, kMaxSudoersBytes);
    if (!text) return tl::unexpected<Error>(text.error());
    for (const std::string& line : joined_lines(*text))
      if (auto done = read_line(trim(line), depth); !done) return done;
    return {};
  }

  Sudoers take() { return std::move(found_); }

 private:
  Result<void> read_line(std::string_view line, int depth) {
    const auto parts = words(line);
    if (parts.empty()) return {};
    const bool folder = parts[0] == "@includedir" || parts[0] == "#includedir";
    const bool file = parts[0] == "@include" || parts[0] == "#include";
    if ((folder || file) && parts.size() > 1) return include(std::string(parts[1]), folder, depth);
    if (line.front() == '#' && is_comment(line)) return {};
    if (parts[0] == "Defaults")
      read_defaults(line.substr(8), found_);
    else if (!parts[0].starts_with("Defaults") && !is_alias(line))
      read_rule(line, found_);
    return {};
  }

  Result<void> include(std::string target, bool folder, int depth) {
    if (!target.starts_with('/')) target = "/etc/" + target;
    std::vector<std::string> paths;
    if (folder) {
      const auto entries = host_.list(target);
      if (!entries && entries.error().kind != ErrorKind::not_found) return tl::unexpected<Error>(entries.error());
      // Names that hold a dot or end in "~" are left out by sudo.
      if (entries) {
        for (const auto& entry : *entries)
          if (entry.name.find_first_of(".~") == std::string::npos) paths.push_back(target + "/" + entry.name);
      }
    } else {
      paths.push_back(target);
    }
    for (const auto& one : paths) {
      auto done = read(one, depth + 1);
      if (!done && done.error().kind != ErrorKind::not_found) return done;
    }
    return {};
  }

  const Host& host_;
  Sudoers found_;
  int files_ = 0;
};

}  // namespace

std::string redact_sudoers(std::string_view text) {
  std::string out;
  for (const std::string& joined : joined_lines(text)) {
    const std::string_view whole = trim(joined);
    const auto parts = words(whole);
    std::string kept;
    if (parts.size() > 1 && is_include(parts[0])) {
      kept.append(parts[0]).append(" ").append(parts[1]);
    } else if (const std::string_view line = without_comment(whole); !line.empty() && !is_alias(line)) {
      if (!parts[0].starts_with("Defaults")) kept = plain_rule(line);
      if (parts[0] == "Defaults") kept = plain_defaults(line);
    }
    // A backslash at its end would join it to the next.
    kept.resize(kept.find_last_not_of("\\ \t\r") + 1);
    if (!kept.empty()) out.append(kept).append("\n");
  }
  return out;
}

Result<Sudoers> read_sudoers(const Host& host) {
  Reader reader(host);
  if (auto done = reader.read("/etc/sudoers", 0); !done) return tl::unexpected<Error>(done.error());
  return reader.take();
}

}  // namespace plumbline
