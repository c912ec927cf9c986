// SPDX-License-Identifier: Apache-2.0
// A table of settings, and the plain subset of YAML that they are written in.
#include "agent/manners/settings.h"

#include <set>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxSettingsBytes = 64u << 10;
constexpr std::size_t kMaxKeyBytes = 256;

// Each gives what is allowed instead where the value is not.
using Wrong = std::optional<std::string>;

struct Setting {
  std::string_view name;
  Wrong (*set)(AgentSettings& settings, std::string_view value);
};

Wrong set_switch(bool& target, std::string_view value) {
  if (value != "on" && value != "off") return "on or off";
  target = value == "on";
  return {};
}

Wrong set_disclosure(Disclosure& target, std::string_view value) {
  if (value == "keep") target = Disclosure::keep;
  else if (value == "hash") target = Disclosure::hash;
  else if (value == "drop") target = Disclosure::drop;
  else return "keep, hash or drop";
  return {};
}

std::optional<std::uint64_t> number_between(std::string_view value, std::uint64_t least, std::uint64_t most) {
  const auto number = parse_u64(value);
  return number && *number >= least && *number <= most ? number : std::nullopt;
}

/// Seconds, from what is written in seconds.
Wrong set_time(std::chrono::milliseconds& target, std::string_view value, std::uint64_t most_seconds) {
  const auto seconds = number_between(value, 1, most_seconds);
  if (!seconds) return "whole seconds, 1 to " + std::to_string(most_seconds);
  target = std::chrono::seconds(*seconds);
  return {};
}

/// "90", "90s", "30m", "6h", "1d" in seconds.
Wrong set_interval(AgentSettings& settings, std::string_view value) {
  std::uint64_t unit = 1;
  std::string_view digits = value;
  for (const auto& [letter, seconds] : {std::pair{'s', 1u}, {'m', 60u}, {'h', 3600u}, {'d', 86400u}}) {
    if (value.empty() || value.back() != letter) continue;
    unit = seconds;
    digits.remove_suffix(1);
  }
  const auto number = number_between(digits, 1, 7 * 86400);
  if (!number || *number * unit < 60 || *number * unit > 7 * 86400) return "a time from 60s to 7d, as 90s, 30m, 1h or 1d";
  settings.interval_seconds = static_cast<std::int64_t>(*number * unit);
  return {};
}

Wrong set_state(AgentSettings& settings, std::string_view value) {
  if (value.empty() || value[0] != '/') return "the absolute path of a folder";
  settings.state = std::string(value);
  return {};
}

Wrong set_memory(AgentSettings& settings, std::string_view value) {
  const auto mebibytes = number_between(value, 32, 4096);
  if (!mebibytes) return "whole MiB, 32 to 4096";
  settings.limits.memory_bytes = static_cast<std::size_t>(*mebibytes) << 20;
  return {};
}

Wrong set_files(AgentSettings& settings, std::string_view value) {
  const auto count = number_between(value, 64, 65536);
  if (!count) return "a number from 64 to 65536";
  settings.limits.open_files = *count;
  return {};
}

Wrong set_key(AgentSettings& settings, std::string_view value) {
  if (value.size() < 16 || value.size() > kMaxKeyBytes) return "16 to 256 characters that nobody can guess";
  settings.privacy.key = std::string(value);
  return {};
}

const std::vector<Setting>& table() {
  using S = AgentSettings;
  using V = std::string_view;
  static const std::vector<Setting> rows = {
      {"interval", set_interval},
      {"state", set_state},
      {"greetings", [](S& s, V value) { return set_switch(s.greetings, value); }},
      {"sandbox", [](S& s, V value) { return set_switch(s.sandbox, value); }},
      {"limits.memory_mib", set_memory},
      {"limits.open_files", set_files},
      {"limits.probe_seconds", [](S& s, V value) { return set_time(s.limits.probe_time, value, 600); }},
      {"limits.probe_processor_seconds", [](S& s, V value) { return set_time(s.limits.probe_processor, value, 600); }},
      {"limits.scan_seconds", [](S& s, V value) { return set_time(s.limits.scan_time, value, 3600); }},
      {"limits.scan_processor_seconds", [](S& s, V value) { return set_time(s.limits.scan_processor, value, 3600); }},
      {"privacy.host_names", [](S& s, V value) { return set_disclosure(s.privacy.host_names, value); }},
      {"privacy.user_names", [](S& s, V value) { return set_disclosure(s.privacy.user_names, value); }},
      {"privacy.names", [](S& s, V value) { return set_disclosure(s.privacy.names, value); }},
      {"privacy.addresses", [](S& s, V value) { return set_disclosure(s.privacy.addresses, value); }},
      {"privacy.key", set_key},
  };
  return rows;
}

const Setting* find_setting(std::string_view name) {
  for (const auto& row : table())
    if (row.name == name) return &row;
  return nullptr;
}

bool is_group(std::string_view name) { return name == "limits" || name == "privacy"; }

std::string unknown(const std::string& name) {
  std::vector<std::string> names = {"limits", "privacy"};
  for (const auto& row : table()) names.emplace_back(row.name);
  const auto near = did_you_mean(name, names);
  return "no setting \"" + printable(name) + "\"; " +
         (near ? "did you mean \"" + *near + "\"?" : "there are " + join(names, ", "));
}

/// Without the comment, and without quotes around the whole.
std::string_view plain_value(std::string_view text) {
  text = trim(text);
  if (text.size() >= 2 && (text[0] == '"' || text[0] == '\'')) {
    const auto end = text.find(text[0], 1);
    const auto rest = end == std::string_view::npos ? std::string_view() : trim(text.substr(end + 1));
    if (end != std::string_view::npos && (rest.empty() || rest[0] == '#')) return text.substr(1, end - 1);
  }
  const auto comment = text[0] == '#' ? 0 : text.find(" #");
  return trim(text.substr(0, comment));
}

class SettingsReader {
 public:
  /// What is wrong with the line, "" where nothing.
  std::string take(std::string_view line) {
    const auto text = trim(line);
    if (text.empty() || text[0] == '#' || text == "---") return "";
    if (contains(line.substr(0, line.find_first_not_of(" \t")), "\t")) return "a tab before a setting; use spaces";
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return "not \"setting: value\": " + printable(text);
    const bool nested = line[0] == ' ';
    if (nested && group_.empty()) return "a setting that is set in but belongs to nothing";
    const std::string key(trim(text.substr(0, colon)));
    const auto rest = trim(text.substr(colon + 1));
    const auto value = rest.empty() ? rest : plain_value(rest);
    if (!nested && is_group(key)) {
      group_ = key;
      return value.empty() ? "" : "\"" + key + "\" holds settings of its own, two spaces in, below it";
    }
    if (!nested) group_.clear();
    return set(nested ? group_ + "." + key : key, value);
  }

  AgentSettings settings;

 private:
  std::string set(const std::string& name, std::string_view value) {
    const Setting* setting = find_setting(name);
    if (setting == nullptr) return unknown(name);
    if (!seen_.insert(name).second) return name + " is set twice";
    const auto allowed = setting->set(settings, value);
    return allowed ? name + ": \"" + printable(name == "privacy.key" ? "…" : value) + "\" is not " + *allowed : "";
  }

  std::string group_;
  std::set<std::string> seen_;
};

}  // namespace

Result<AgentSettings> parse_settings(std::string_view text, const std::string& name) {
  SettingsReader reader;
  std::size_t number = 0;
  for (const auto line : split(text, '\n')) {
    ++number;
    if (const auto wrong = reader.take(line); !wrong.empty())
      return fail(ErrorKind::invalid, name + ":" + std::to_string(number) + ": " + wrong);
  }
  return reader.settings;
}

Result<AgentSettings> read_settings(const std::string& path) {
  const auto text = read_file(path, kMaxSettingsBytes);
  if (!text) return tl::unexpected<Error>(text.error());
  return parse_settings(*text, path);
}

}  // namespace plumbline
