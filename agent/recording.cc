// SPDX-License-Identifier: Apache-2.0
// Writes and reads the entries of a recording.
#include "agent/recording.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::array<std::pair<ErrorKind, const char*>, 7> kKinds = {{
    {ErrorKind::invalid, "invalid"},
    {ErrorKind::not_found, "not_found"},
    {ErrorKind::permission_denied, "permission_denied"},
    {ErrorKind::limit, "limit"},
    {ErrorKind::conflict, "conflict"},
    {ErrorKind::unavailable, "unavailable"},
    {ErrorKind::io, "io"},
}};

char letter_of(FileType type) {
  switch (type) {
    case FileType::regular:
      return 'f';
    case FileType::folder:
      return 'd';
    case FileType::link:
      return 'l';
    case FileType::other:
      break;
  }
  return 'o';
}

FileType type_of(char letter) {
  switch (letter) {
    case 'f':
      return FileType::regular;
    case 'd':
      return FileType::folder;
    case 'l':
      return FileType::link;
    default:
      return FileType::other;
  }
}

std::string quote_step(std::string_view step, bool clean) {
  const bool dots = step == "." || step == "..";
  std::string quoted;
  for (const char c : step) {
    const auto byte = static_cast<unsigned char>(c);
    if (dots || c == '%' || byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !clean)) {
      quoted += fmt::format("%{:02X}", byte);
    } else {
      quoted += c;
    }
  }
  return quoted;
}

/// A number of an entry; 0 where it is absent or of another type.
std::uint64_t number_at(const nlohmann::json& entry, const char* key) {
  const auto found = entry.find(key);
  return found != entry.end() && found->is_number_integer() ? found->get<std::uint64_t>() : 0;
}

}  // namespace

std::string quote_name(std::string_view name) {
  const bool clean = is_utf8(name);
  std::string quoted;
  bool first = true;
  for (const auto step : split(name, '/')) {
    if (!first) quoted += '/';
    first = false;
    quoted += quote_step(step, clean);
  }
  return quoted;
}

std::string unquote_name(std::string_view quoted) {
  std::string name;
  for (std::size_t i = 0; i < quoted.size(); ++i) {
    if (quoted[i] == '%' && i + 2 < quoted.size()) {
      if (const auto byte = parse_hex(quoted.substr(i + 1, 2))) {
        name += static_cast<char>(*byte);
        i += 2;
        continue;
      }
    }
    name += quoted[i];
  }
  return name;
}

nlohmann::json error_to_json(const Error& error) {
  const auto* const kind =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const auto& row) { return row.first == error.kind; });
  return {{"error", kind == kKinds.end() ? "io" : kind->second}, {"message", to_utf8(error.message)}};
}

std::optional<Error> error_of(const nlohmann::json& entry) {
  if (!entry.is_object()) return std::nullopt;
  const auto word = entry.find("error");
  if (word == entry.end() || !word->is_string()) return std::nullopt;
  Error error;
  for (const auto& [kind, text] : kKinds) {
    if (word->get_ref<const std::string&>() == text) error.kind = kind;
  }
  const auto message = entry.find("message");
  if (message != entry.end() && message->is_string()) error.message = message->get<std::string>();
  return error;
}

nlohmann::json stat_to_json(const FileStat& stat) {
  return {{"type", std::string(1, letter_of(stat.type))},
          {"mode", fmt::format("{:04o}", stat.mode)},
          {"uid", stat.uid},
          {"gid", stat.gid},
          {"size", stat.size_bytes},
          {"modified", stat.modified},
          {"device", stat.device}};
}

Result<FileStat> stat_from_json(const nlohmann::json& entry) {
  if (auto error = error_of(entry)) return tl::unexpected<Error>(*error);
  if (!entry.is_object()) return fail(ErrorKind::invalid, "recording: a stat entry is no object");
  FileStat stat;
  const auto type = entry.find("type");
  if (type != entry.end() && type->is_string() && !type->get_ref<const std::string&>().empty()) {
    stat.type = type_of(type->get_ref<const std::string&>().front());
  }
  const auto mode = entry.find("mode");
  if (mode != entry.end() && mode->is_string()) {
    for (const char c : mode->get_ref<const std::string&>()) {
      if (c >= '0' && c <= '7') stat.mode = (stat.mode << 3 | static_cast<unsigned>(c - '0')) & 07777;
    }
  }
  stat.uid = static_cast<unsigned>(number_at(entry, "uid"));
  stat.gid = static_cast<unsigned>(number_at(entry, "gid"));
  stat.size_bytes = number_at(entry, "size");
  stat.modified = static_cast<std::int64_t>(number_at(entry, "modified"));
  stat.device = number_at(entry, "device");
  return stat;
}

nlohmann::json entries_to_json(const std::vector<FolderEntry>& entries) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& entry : entries)
    list.push_back(std::string(1, letter_of(entry.type)) + " " + quote_name(entry.name));
  return {{"entries", std::move(list)}};
}

Result<std::vector<FolderEntry>> entries_from_json(const nlohmann::json& entry) {
  if (auto error = error_of(entry)) return tl::unexpected<Error>(*error);
  const auto list = entry.is_object() ? entry.find("entries") : entry.end();
  if (!entry.is_object() || list == entry.end() || !list->is_array()) {
    return fail(ErrorKind::invalid, "recording: a folder entry has no list of entries");
  }
  std::vector<FolderEntry> entries;
  for (const auto& item : *list) {
    if (!item.is_string()) continue;
    const auto& text = item.get_ref<const std::string&>();
    if (text.size() < 3) continue;
    entries.push_back({unquote_name(std::string_view(text).substr(2)), type_of(text.front())});
  }
  return entries;
}

}  // namespace plumbline
