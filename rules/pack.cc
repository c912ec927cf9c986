// SPDX-License-Identifier: Apache-2.0
// Words and weights of pillars, severities and costs, and where the rules folder is.
#include "rules/pack.h"

#include <sys/stat.h>

#include <cstdlib>

#include "base/file.h"

namespace plumbline {

std::string_view to_text(Pillar pillar) {
  switch (pillar) {
    case Pillar::accelerators: return "accelerators";
    case Pillar::data: return "data";
    case Pillar::security: return "security";
    case Pillar::compute: return "compute";
    case Pillar::storage_network: return "storage_network";
    case Pillar::platform: return "platform";
  }
  return "";
}

std::string_view title_of(Pillar pillar) {
  switch (pillar) {
    case Pillar::accelerators: return "Accelerators";
    case Pillar::data: return "Data";
    case Pillar::security: return "Security";
    case Pillar::compute: return "Compute";
    case Pillar::storage_network: return "Storage and network";
    case Pillar::platform: return "Platform";
  }
  return "";
}

int weight_of(Pillar pillar) {
  switch (pillar) {
    case Pillar::accelerators:
    case Pillar::data:
    case Pillar::security: return 20;
    case Pillar::compute:
    case Pillar::storage_network:
    case Pillar::platform: return 10;
  }
  return 0;
}

std::string_view to_text(Severity severity) {
  switch (severity) {
    case Severity::low: return "low";
    case Severity::medium: return "medium";
    case Severity::high: return "high";
    case Severity::critical: return "critical";
  }
  return "";
}

int weight_of(Severity severity) {
  switch (severity) {
    case Severity::low: return 1;
    case Severity::medium: return 3;
    case Severity::high: return 6;
    case Severity::critical: return 10;
  }
  return 0;
}

std::string_view to_text(CostClass cost) {
  switch (cost) {
    case CostClass::c0: return "C0";
    case CostClass::c1: return "C1";
    case CostClass::c2: return "C2";
    case CostClass::c3: return "C3";
    case CostClass::c4: return "C4";
  }
  return "";
}

std::string_view describe(CostClass cost) {
  switch (cost) {
    case CostClass::c0: return "no purchase";
    case CostClass::c1: return "under $5,000";
    case CostClass::c2: return "$5,000 to $25,000";
    case CostClass::c3: return "$25,000 to $100,000";
    case CostClass::c4: return "over $100,000";
  }
  return "";
}

std::string_view to_text(ReferenceKind kind) {
  switch (kind) {
    case ReferenceKind::cis: return "cis";
    case ReferenceKind::nist: return "nist";
    case ReferenceKind::iso: return "iso";
    case ReferenceKind::vendor: return "vendor";
    case ReferenceKind::cve: return "cve";
    case ReferenceKind::other: return "other";
  }
  return "";
}

std::string find_site_folder() {
  constexpr const char* kInstalled = "/etc/plumbline/site";
  if (const char* named = std::getenv("PLUMBLINE_SITE"); named && *named) return named;
  struct stat info {};
  return stat(kInstalled, &info) == 0 && S_ISDIR(info.st_mode) ? kInstalled : "";
}

namespace {
bool holds_packs(const std::string& folder) {
  struct stat info {};
  return stat((folder + "/packs").c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}
}  // namespace

Result<std::string> find_rules_folder() {
  if (const char* named = std::getenv("PLUMBLINE_RULES"); named && *named) {
    if (holds_packs(named)) return std::string(named);
    return fail(ErrorKind::not_found, std::string(named) +
                                          ": named by PLUMBLINE_RULES, but holds no folder packs/; name the folder "
                                          "that holds packs/, workloads/ and catalogue/");
  }
  std::vector<std::string> places;
  if (auto program = real_path("/proc/self/exe")) {
    std::string folder = *program;
    // bin/plumbline-collector: ../share/plumbline when installed; build/<preset>/bin/…: ../../../rules in a checkout
    for (int level = 0; level < 4 && folder.find_last_of('/') != std::string::npos; ++level) {
      folder.resize(folder.find_last_of('/'));
      places.push_back(folder + "/share/plumbline");
      places.push_back(folder + "/rules");
    }
  }
  places.push_back("/usr/share/plumbline");
  places.push_back("/usr/local/share/plumbline");
  for (const std::string& place : places) {
    if (holds_packs(place)) return place;
  }
  return fail(ErrorKind::not_found,
              "rules: no rule packs beside the program or in /usr/share/plumbline; name their folder with --packs DIR or "
              "PLUMBLINE_RULES");
}

}  // namespace plumbline
