// SPDX-License-Identifier: Apache-2.0
// glob(3) over the Host seam.
#include "agent/config/glob.h"

#include <fnmatch.h>

#include "base/text.h"

namespace plumbline {
namespace {
bool is_pattern(std::string_view part) {
  return part.find_first_of("*?[") != std::string_view::npos;
}
}  // namespace

GlobMatches glob_matches(const Host& host, std::string_view pattern) {
  if (!is_pattern(pattern)) return {{std::string(pattern)}, std::nullopt};
  std::vector<std::string> found = {""};
  std::optional<Error> unread;
  for (const std::string_view part : split(pattern, '/')) {
    if (part.empty()) continue;
    std::vector<std::string> next;
    for (const auto& folder : found) {
      if (!is_pattern(part)) {
        next.push_back(folder + "/" + std::string(part));
        continue;
      }
      const auto entries = host.list(folder.empty() ? "/" : folder);
      if (!entries && entries.error().kind != ErrorKind::not_found && !unread) unread = entries.error();
      if (!entries) continue;
      for (const auto& entry : *entries) {
        if (next.size() >= kMaxGlobMatches) break;
        if (fnmatch(std::string(part).c_str(), entry.name.c_str(), FNM_PERIOD) == 0)
          next.push_back(folder + "/" + entry.name);
      }
    }
    found = std::move(next);
  }
  // Parts after a pattern may not be there.
  std::erase_if(found, [&](const std::string& path) { return !host.stat(path); });
  return {std::move(found), std::move(unread)};
}

std::vector<std::string> glob(const Host& host, std::string_view pattern) {
  return glob_matches(host, pattern).paths;
}

}  // namespace plumbline
