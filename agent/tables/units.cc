// SPDX-License-Identifier: Apache-2.0
// systemd's unit files: names and places; contents are read by who needs them.
#include <map>
#include <set>

#include "agent/tables/tables.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxUnits = 5'000;

bool is_unit(std::string_view name) {
  return name.ends_with(".service") || name.ends_with(".timer") || name.ends_with(".socket");
}

}  // namespace

std::vector<UnitFile> read_units(const Host& host) {
  std::map<std::string, UnitFile> found;
  std::set<std::string> enabled;
  std::set<std::string> masked;
  // In the order of precedence; /lib is /usr/lib on merged systems and is then seen twice, to no harm.
  for (const std::string folder :
       {"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system",
        "/usr/lib/systemd/system", "/lib/systemd/system"}) {
    const auto entries = host.list(folder);
    if (!entries) continue;
    for (const auto& entry : *entries) {
      if (found.size() >= kMaxUnits) break;
      const std::string path = folder + "/" + entry.name;
      if (entry.name.ends_with(".wants") || entry.name.ends_with(".requires")) {
        if (const auto wanted = host.list(path)) {
          for (const auto& unit : *wanted) enabled.insert(unit.name);
        }
        continue;
      }
      if (!is_unit(entry.name) || found.count(entry.name) != 0 || masked.count(entry.name) != 0) continue;
      if (entry.type == FileType::link) {
        const auto target = host.read_link(path);
        if (target && *target == "/dev/null") {
          masked.insert(entry.name);
          continue;
        }
      }
      found.emplace(entry.name, UnitFile{entry.name, path, false});
    }
  }
  std::vector<UnitFile> units;
  for (auto& [name, unit] : found) {
    unit.enabled = enabled.count(name) != 0;
    units.push_back(std::move(unit));
  }
  return units;
}

}  // namespace plumbline
