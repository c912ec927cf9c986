// SPDX-License-Identifier: Apache-2.0
// What a host was asked and said, as text: the form of .plumbline/recording.json.
//
//   {"version":1,"complete":true,
//    "files":{"/etc/os-release":{"size":267},"/etc/shadow":{"error":"permission_denied","message":"permission
//    denied: …"}}, "redacted":{…as files; their text lies under .plumbline/redacted/…},
//    "folders":{"/sys/class/net":{"entries":["l eth0","l lo"]}},  f file, d folder, l link, o other
//    "links":{"/sys/class/net/eth0":{"target":"../../devices/…"}},
//    "stats":{"/etc/shadow":{"type":"f","mode":"0640","uid":0,"gid":42,"size":812,"modified":1795466100,"device":2049}},
//    "own_stats":{…the same, links not followed},
//    "answers":{"now":"1795466100","nvml":{"error":"not_found","message":"…"}}}
//
// Names that are no clean UTF-8 are written with %XX.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "agent/host.h"

namespace plumbline {

inline constexpr std::string_view kRecordingFile = "/.plumbline/recording.json";
inline constexpr std::string_view kRedactedFolder = "/.plumbline/redacted";

/// A path or name as a JSON key and as the place of the file in a recording: bytes that are not printable
/// ASCII or UTF-8, '%' and steps "." and ".." become %XX.
std::string quote_name(std::string_view name);
std::string unquote_name(std::string_view quoted);

nlohmann::json error_to_json(const Error& error);
/// The error an entry holds; nothing where it holds none.
std::optional<Error> error_of(const nlohmann::json& entry);

nlohmann::json stat_to_json(const FileStat& stat);
Result<FileStat> stat_from_json(const nlohmann::json& entry);
nlohmann::json entries_to_json(const std::vector<FolderEntry>& entries);
Result<std::vector<FolderEntry>> entries_from_json(const nlohmann::json& entry);

}  // namespace plumbline
