// SPDX-License-Identifier: Apache-2.0
// Settings that several files make in turn: what counts in the end, and where they disagree.
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/host.h"

namespace plumbline {

inline constexpr std::size_t kMaxSettingBytes = 200;
inline constexpr std::size_t kMaxSettings = 400;

/// The last value of a name counts; a name that was set to different values is a conflict: somebody meant something
/// else, and the next edit or another program's order may bring it back.
struct Layered {
  std::map<std::string, std::string, std::less<>> values;
  std::set<std::string, std::less<>> conflicts;
  /// The first file or folder that could not be read: it may set what no other does, and set it otherwise.
  std::optional<Error> unread;
  void put(std::string_view name, std::string_view value);
  /// The value, or "" where it is not set.
  std::string_view get(std::string_view name) const;
  /// Takes down why a file could not be read; one that is not there sets nothing.
  void note(const Error& why);
};

/// Puts the lines "name = value", "name=value", "name value" and "name" (value "true") of a text whose names (any
/// case) are among `names`, under `prefix` and in lower case. Comments begin with "#" and run to the end of the line.
void put_lines(std::string_view text, std::initializer_list<std::string_view> names, std::string_view prefix,
               Layered& into);

/// systemd's way for /etc/systemd/<name>: one main file (/etc before /run before /usr), then the fragments of
/// <name>.d of all three by name, where one of /etc hides its namesakes below. Only the names given, in lower case.
void read_systemd_settings(const Host& host, std::string_view name, std::initializer_list<std::string_view> names,
                           std::string_view prefix, Layered& into);

struct LayeredFiles {
  std::vector<std::string> paths;
  std::optional<Error> unread;  // the first folder that is there and cannot be read
};

/// Paths of files that end in `suffix` in the folders, sorted by file name; a name in an earlier folder hides the
/// same name in later ones, as sysctl.d, modprobe.d and systemd have it.
LayeredFiles layered_files(const Host& host, const std::vector<std::string>& folders,
                                       std::string_view suffix);

}  // namespace plumbline
