// SPDX-License-Identifier: Apache-2.0
// File patterns of the shell on an observed host, as Include lines of many configurations use them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/host.h"

namespace plumbline {

inline constexpr std::size_t kMaxGlobMatches = 256;

/// Paths that match an absolute pattern ("*", "?", "[…]" in any part), sorted by part as glob(3) does. A
/// pattern without any of them gives itself, be it there or not.
std::vector<std::string> glob(const Host& host, std::string_view pattern);

struct GlobMatches {
  std::vector<std::string> paths;
  std::optional<Error> unread;  // the first folder that is there and cannot be read: it may hold more
};
GlobMatches glob_matches(const Host& host, std::string_view pattern);

}  // namespace plumbline
