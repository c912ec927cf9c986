// SPDX-License-Identifier: Apache-2.0
// Reads settings in layers of files.
#include "agent/config/layered.h"

#include <algorithm>

#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxLayerBytes = 1u << 20;
constexpr std::size_t kMaxLayerFiles = 300;

/// systemd knows comments only at the start of a line, and no quotes around values.
void put_unit_lines(std::string_view text, std::initializer_list<std::string_view> names, std::string_view prefix,
                    Layered& into) {
  for (const std::string_view raw : lines(text)) {
    const std::string_view line = trim(raw);
    const std::size_t equals = line.find('=');
    if (line.empty() || line.front() == '#' || line.front() == ';' || equals == std::string_view::npos) continue;
    const std::string name = lower(trim(line.substr(0, equals)));
    if (std::find(names.begin(), names.end(), name) == names.end()) continue;
    into.put(std::string(prefix) + name, lower(trim(line.substr(equals + 1))));
  }
}

}  // namespace

void Layered::put(std::string_view name, std::string_view value) {
  const std::string kept = to_utf8(value.substr(0, kMaxSettingBytes));
  const auto found = values.find(name);
  if (found == values.end()) {
    if (values.size() < kMaxSettings) values.emplace(name, kept);
    return;
  }
  if (found->second != kept) conflicts.emplace(name);
  found->second = kept;
}

std::string_view Layered::get(std::string_view name) const {
  const auto found = values.find(name);
  return found == values.end() ? std::string_view() : std::string_view(found->second);
}

void Layered::note(const Error& why) {
  if (why.kind != ErrorKind::not_found && !unread) unread = why;
}

void put_lines(std::string_view text, std::initializer_list<std::string_view> names, std::string_view prefix,
               Layered& into) {
  for (const std::string_view raw : lines(text)) {
    const std::string_view line = trim(raw.substr(0, raw.find('#')));
    const std::size_t end = line.find_first_of("= \t");
    const std::string name = lower(line.substr(0, end));
    if (std::find(names.begin(), names.end(), name) == names.end()) continue;
    std::string_view value = end == std::string_view::npos ? std::string_view() : trim(line.substr(end));
    if (value.starts_with('=')) value = trim(value.substr(1));
    into.put(std::string(prefix) + name, end == std::string_view::npos ? "true" : value);
  }
}

LayeredFiles layered_files(const Host& host, const std::vector<std::string>& folders, std::string_view suffix) {
  LayeredFiles found;
  std::map<std::string, std::string> files;  // name → path
  for (const std::string& folder : folders) {
    const auto entries = host.list(folder);
    if (!entries && entries.error().kind != ErrorKind::not_found && !found.unread) found.unread = entries.error();
    if (!entries) continue;
    for (const auto& entry : *entries) {
      if (entry.name.ends_with(suffix) && files.size() < kMaxLayerFiles)
        files.emplace(entry.name, folder + "/" + entry.name);
    }
  }
  for (auto& [name, path] : files) found.paths.push_back(std::move(path));
  return found;
}

void read_systemd_settings(const Host& host, std::string_view name, std::initializer_list<std::string_view> names,
                           std::string_view prefix, Layered& into) {
  const std::string file(name);
  for (const std::string folder : {"/etc/systemd/", "/run/systemd/", "/usr/lib/systemd/"}) {
    const auto text = host.read(folder + file, kMaxLayerBytes);
    if (!text) into.note(text.error());
    if (!text) continue;
    put_unit_lines(*text, names, prefix, into);
    break;
  }
  const LayeredFiles fragments = layered_files(
      host, {"/etc/systemd/" + file + ".d", "/run/systemd/" + file + ".d", "/usr/lib/systemd/" + file + ".d"}, ".conf");
  if (fragments.unread) into.note(*fragments.unread);
  for (const auto& path : fragments.paths) {
    const auto text = host.read(path, kMaxLayerBytes);
    if (text)
      put_unit_lines(*text, names, prefix, into);
    else
      into.note(text.error());
  }
}

}  // namespace plumbline
