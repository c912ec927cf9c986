// SPDX-License-Identifier: Apache-2.0
// Small scans and the small rules they are judged by.
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>

#include "base/result.h"
#include "facts/scan.h"
#include "rules/pack.h"
#include "tests/catch.h"

namespace plumbline::testing {

inline const std::string kHostA(32, 'a');
inline const std::string kHostB(32, 'b');

/// A host with five sections; `root_login` and `cores` decide what fails.
inline Scan small_scan(const std::string& host_id, std::uint64_t sequence, const std::string& root_login = "no", int cores = 16) {
  Scan scan;
  scan.host_id = host_id;
  scan.sequence = sequence;
  scan.taken_at = 1'763'900'000 + static_cast<std::int64_t>(sequence) * 3600;
  scan.agent_version = "0.1.0";
  scan.sections["host"].data = {{"name", "host-" + host_id.substr(0, 1)}};
  scan.sections["os"].data = {{"id", "debian"}, {"version", "12"}, {"family", "debian"}};
  scan.sections["cpu"].data = {{"cores", cores}};
  scan.sections["memory"].data = {{"total_bytes", 64'000'000'000}};
  scan.sections["ssh"].data = {{"installed", true}, {"permit_root_login", root_login}};
  hash_sections(scan);
  return scan;
}

inline std::map<std::string, std::string> hashes_of(const Scan& scan) {
  std::map<std::string, std::string> hashes;
  for (const auto& [name, section] : scan.sections) hashes[name] = section.hash;
  return hashes;
}

inline std::shared_ptr<const RuleSet> small_rules(const std::string& folder = PLUMBLINE_SOURCE_DIR "/tests/collector/rules") {
  auto rules = load_rules(folder);
  if (!rules) FAIL(rules.error().message);
  return *rules;
}

/// Puts `to` where `from` stands in a file.
inline void edit_file(const std::string& path, const std::string& from, const std::string& to) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  std::string changed = text.str();
  REQUIRE(changed.find(from) != std::string::npos);
  changed.replace(changed.find(from), from.size(), to);
  std::ofstream(path) << changed;
}

/// A copy of the small rules in a folder of its own, with one word changed.
inline std::string changed_rules(const std::string& copy, const std::string& from, const std::string& to) {
  std::filesystem::copy(PLUMBLINE_SOURCE_DIR "/tests/collector/rules", copy, std::filesystem::copy_options::recursive);
  edit_file(copy + "/packs/small/rules.yaml", from, to);
  return copy;
}

template <class T>
T get(Result<T> result) {
  if (!result) FAIL(result.error().message);
  return std::move(*result);
}
inline void get(Result<void> result) {
  if (!result) FAIL(result.error().message);
}

}  // namespace plumbline::testing
