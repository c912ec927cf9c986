// SPDX-License-Identifier: Apache-2.0
// Reads /etc/sudoers as sudoers(5) describes it.
#include "agent/config/sudoers.h"

#include <string>

#include "agent/config/glob.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr int kMaxDepth = 16;
constexpr int kMaxFiles = 256;
constexpr std::size_t kMaxSudoersBytes = 1u << 20;

/// "deploy ALL=(ALL:ALL) NOPASSWD: ALL" and "Defaults !authenticate".
bool gives_all(std::string_view line) {
  if (line.starts_with("Defaults")) {
    const auto parts = words(line);
    return parts.size() > 1 && parts[0] == "Defaults" && contains(line, "!authenticate");
  }
  for (const std::string_view name : {"User_Alias", "Runas_Alias", "Host_Alias", "Cmnd_Alias", "Cmd_Alias"}) {
    if (line.starts_with(name)) return false;
  }
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos || words(line).empty() || words(line)[0] == "root") return false;
  bool free = false;  // a tag holds for the commands after it until its opposite
  for (std::string_view command : split(line.substr(equals + 1), ',')) {
    command = trim(command);
    if (command.starts_with('('))
      command = trim(command.substr(std::min(command.find(')'), command.size() - 1) + 1));
    for (std::size_t colon = command.find(':'); colon != std::string_view::npos; colon = command.find(':')) {
      const std::string_view tag = trim(command.substr(0, colon));
      if (tag.empty() || tag.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_") != std::string_view::npos)
        break;
      if (tag == "NOPASSWD") free = true;
      if (tag == "PASSWD") free = false;
      command = trim(command.substr(colon + 1));
    }
    if (free && command == "ALL") return true;
  }
  return false;
}

Result<int> count_in(const Host& host, const std::string& path, int depth, int& files) {
  if (depth > kMaxDepth || ++files > kMaxFiles) return 0;
  const auto text = host.read(path, kMaxSudoersBytes);
  if (!text) return tl::unexpected<Error>(text.error());
  int count = 0;
  std::string joined;
  for (const std::string_view raw : lines(*text)) {
    joined += raw;
    if (joined.ends_with('\\')) {
      joined.back() = ' ';
      continue;
    }
    const std::string line(trim(joined));
    joined.clear();
    const auto parts = words(line);
    const bool folder = !parts.empty() && (parts[0] == "@includedir" || parts[0] == "#includedir");
    const bool file = !parts.empty() && (parts[0] == "@include" || parts[0] == "#include");
    if ((folder || file) && parts.size() > 1) {
      std::string target(parts[1]);
      if (!target.starts_with('/')) target = "/etc/" + target;
      std::vector<std::string> paths;
      if (folder) {
        const auto entries = host.list(target);
        if (!entries && entries.error().kind != ErrorKind::not_found)
          return tl::unexpected<Error>(entries.error());
        // Names that hold a dot or end in "~" are left out by sudo.
        if (entries)
          for (const auto& entry : *entries)
            if (entry.name.find_first_of(".~") == std::string::npos)
              paths.push_back(target + "/" + entry.name);
      } else {
        paths.push_back(target);
      }
      for (const auto& one : paths) {
        const auto below = count_in(host, one, depth + 1, files);
        if (!below && below.error().kind != ErrorKind::not_found) return below;
        count += below.value_or(0);
      }
      continue;
    }
    if (line.empty() || line.front() == '#') continue;
    if (gives_all(line)) ++count;
  }
  return count;
}

}  // namespace

Result<int> count_sudo_nopasswd(const Host& host) {
  int files = 0;
  return count_in(host, "/etc/sudoers", 0, files);
}

}  // namespace plumbline
