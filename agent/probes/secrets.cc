// SPDX-License-Identifier: Apache-2.0
// Secrets that lie open: in arguments of processes, and in environment files that anybody can read. Counted
// only.
#include <algorithm>
#include <set>

#include "agent/config/ini.h"
#include "agent/machine.h"
#include "agent/probes/all.h"
#include "agent/redact.h"
#include "agent/services.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxFileBytesRead = 256u << 10;
constexpr std::size_t kMaxUnitsRead = 400;
constexpr std::size_t kMaxFolders = 400;

/// Environment files of units that an administrator wrote, and .env beside deployed applications.
std::set<std::string> environment_files(const Host& host, Machine& machine) {
  std::set<std::string> files;
  std::size_t read = 0;
  for (const UnitFile& unit : machine.units()) {
    if (!unit.path.starts_with("/etc/") || !unit.name.ends_with(".service") || ++read > kMaxUnitsRead)
      continue;
    const auto text = host.read_redacted(unit.path, redact_unit, kMaxFileBytesRead);
    if (!text) continue;
    for (const auto& line : parse_ini(*text)) {
      std::string path = line.key == "environmentfile" ? line.value : "";
      if (path.starts_with('-')) path.erase(0, 1);  // "-" lets the file be absent
      if (path.starts_with('/')) files.insert(path);
    }
  }
  std::size_t folders = 0;
  for (const std::string base : {"/opt", "/srv", "/var/www", "/home", "/root"}) {
    files.insert(base + "/.env");
    const auto entries = host.list(base);
    if (!entries) continue;
    for (const auto& entry : *entries) {
      if (entry.type == FileType::folder && ++folders <= kMaxFolders)
        files.insert(base + "/" + entry.name + "/.env");
    }
  }
  return files;
}

}  // namespace

Result<void> probe_secrets(const Host& host, Machine& machine, Facts& facts) {
  if (const auto& processes = machine.processes()) {
    const auto holds_secret = [](const Process& process) {
      return std::any_of(process.arguments.begin(), process.arguments.end(),
                         [](const auto& argument) { return contains(argument, kRedacted); });
    };
    const auto found = std::count_if(processes->begin(), processes->end(), holds_secret);
    const auto unseen = unseen_processes(machine);
    if (unseen) facts.missing("secrets.in_arguments", *unseen);  // there may be more
    if (!unseen || found > 0) facts.set("secrets.in_arguments", found);
  } else {
    facts.missing("secrets.in_arguments", processes.error());
  }
  int open = 0;
  for (const std::string& path : environment_files(host, machine)) {
    const auto stat = host.stat(path);
    if (!stat || stat->type != FileType::regular || (stat->mode & 0004) == 0) continue;
    const auto text = host.read_redacted(path, redact_variables, kMaxFileBytesRead);
    if (text && contains(*text, kRedacted)) ++open;
  }
  facts.set("secrets.world_readable_files", open);
  return {};
}

}  // namespace plumbline
