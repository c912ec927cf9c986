// SPDX-License-Identifier: Apache-2.0
// A rules folder made of texts, gone when the test ends.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace plumbline::test {

class RulesFolder {
 public:
  RulesFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "plumbline-rules-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~RulesFolder() { std::filesystem::remove_all(path_); }
  RulesFolder(const RulesFolder&) = delete;
  RulesFolder& operator=(const RulesFolder&) = delete;

  RulesFolder& write(const std::string& name, const std::string& text) {
    std::filesystem::path file = std::filesystem::path(path_) / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return *this;
  }
  /// A pack of its own with these rules, measures and gates.
  RulesFolder& pack(const std::string& id, const std::string& rules) {
    write("packs/" + id + "/pack.yaml",
          "pack: " + id + "\nversion: 2026.11.0\ndate: 2026-11-23\nlicence: Apache-2.0\ntitle: Test\n");
    return write("packs/" + id + "/rules.yaml", rules);
  }
  const std::string& path() const { return path_; }

  /// A whole rule, to be put under `rules:`.
  static std::string rule(const std::string& id, const std::string& check, const std::string& more = "") {
    return "  - id: " + id +
           "\n    title: It holds\n    why: Because.\n    pillar: security\n    severity: high\n    check: " + check +
           "\n    expected: so\n    fail: {it: \"{host} {observed}\", cio: \"{failing}\", ceo: \"{failing}\"}\n"
           "    fix: {text: Do it., effort_days: 1, cost: C0, owner: Head of IT}\n" +
           more;
  }

 private:
  std::string path_;
};

}  // namespace plumbline::test
