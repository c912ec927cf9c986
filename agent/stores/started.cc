// SPDX-License-Identifier: Apache-2.0
// Units as systemd.unit(5) and systemd.service(5) describe them.
#include "agent/stores/started.h"

#include <algorithm>

#include "agent/config/glob.h"
#include "agent/config/shell_words.h"
#include "agent/redact.h"
#include "agent/services.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxUnitBytes = 256u << 10;
constexpr std::size_t kMaxEnvironmentFiles = 8;

/// "redis-server@cache.service" gives "redis-server@.service" and "cache".
std::pair<std::string, std::string> template_of(std::string_view name) {
  const std::size_t at = name.find('@');
  const std::size_t dot = name.rfind('.');
  if (at == std::string_view::npos || dot == std::string_view::npos || dot < at) return {"", ""};
  return {std::string(name.substr(0, at + 1)) + std::string(name.substr(dot)),
          std::string(name.substr(at + 1, dot - at - 1))};
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

void add_variables(std::string_view text, std::map<std::string, std::string>& variables) {
  for (const std::string_view line : lines(text)) {
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    std::string_view value = trim(line.substr(equals + 1));
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front())
      value = value.substr(1, value.size() - 2);
    variables[std::string(trim(line.substr(0, equals)))] = value;
  }
}

class CommandReader {
 public:
  CommandReader(const Host& host, std::string instance) : host_(host), instance_(std::move(instance)) {}

  void read(const std::string& path) {
    const auto text = host_.read_redacted(path, redact_unit, kMaxUnitBytes);
    if (!text) return;
    for (const std::string_view line : lines(*text)) {
      const std::size_t equals = line.find('=');
      if (equals == std::string_view::npos) continue;
      std::string value(trim(line.substr(equals + 1)));
      replace_all(value, "%i", instance_);
      replace_all(value, "%I", instance_);
      take(trim(line.substr(0, equals)), value);
    }
  }

  UnitCommand take_command() { return std::move(command_); }

 private:
  void take(std::string_view name, const std::string& value) {
    if (name == "ExecStart") {
      std::string_view line = value;
      while (!line.empty() && std::string_view("-@:+!").find(line.front()) != std::string_view::npos)
        line.remove_prefix(1);
      command_.words = shell_words(line);
    } else if (name == "Environment") {
      add_variables(value, command_.environment);
    } else if (name == "EnvironmentFile") {
      read_environment(value.starts_with('-') ? value.substr(1) : value);
    } else if (name == "User") {
      command_.user = value;
    } else if (name == "WorkingDirectory") {
      command_.working_folder = value;
    }
  }

  void read_environment(const std::string& pattern) {
    if (!pattern.starts_with('/')) return;
    for (const std::string& path : glob(host_, pattern)) {
      if (++environment_files_ > kMaxEnvironmentFiles) return;
      if (const auto text = host_.read_redacted(path, redact_variables, kMaxUnitBytes))
        add_variables(*text, command_.environment);
    }
  }

  const Host& host_;
  std::string instance_;
  UnitCommand command_;
  std::size_t environment_files_ = 0;
};

}  // namespace

UnitCommand unit_command(const Host& host, Machine& machine, std::string_view name) {
  const auto [stem, instance] = template_of(name);
  const UnitFile* unit = machine.unit(name);
  if (unit == nullptr && !stem.empty()) unit = machine.unit(stem);
  if (unit == nullptr) return {};
  CommandReader reader(host, instance);
  reader.read(unit->path);
  for (const std::string& folder : {stem, std::string(name)}) {
    if (folder.empty()) continue;
    for (const std::string& path : glob(host, "/etc/systemd/system/" + folder + ".d/*.conf")) reader.read(path);
  }
  return reader.take_command();
}

std::vector<std::string> wanted_services(const Host& host, Machine& machine, bool (*may_be)(std::string_view)) {
  std::vector<std::string> found;
  for (const UnitFile& unit : machine.units()) {
    if (!unit.name.ends_with(".service") || contains(unit.name, "@.") || !may_be(unit.name)) continue;
    if (!unit.enabled && !unit.path.starts_with("/etc/")) continue;
    if (const auto target = host.read_link(unit.path); target && base_name(*target) != unit.name) continue;
    found.push_back(unit.name);
  }
  const auto wants = host.list("/etc/systemd/system/multi-user.target.wants");
  for (const auto& entry : wants.value_or(std::vector<FolderEntry>{})) {
    const auto [stem, instance] = template_of(entry.name);
    if (!instance.empty() && may_be(entry.name) && entry.name.ends_with(".service")) found.push_back(entry.name);
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace plumbline
