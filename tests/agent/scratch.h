// SPDX-License-Identifier: Apache-2.0
// A folder for one test, gone with it.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace plumbline {

class Scratch {
 public:
  Scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "plumbline-test-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }

  /// Writes a file of the scratch root and the folders above it.
  void write(std::string_view name, std::string_view text) const {
    const auto place = std::filesystem::path(path_ + std::string(name));
    std::filesystem::create_directories(place.parent_path());
    std::ofstream(place, std::ios::binary) << text;
  }
  void link(std::string_view name, std::string_view target) const {
    const auto place = std::filesystem::path(path_ + std::string(name));
    std::filesystem::create_directories(place.parent_path());
    std::filesystem::create_symlink(std::string(target), place);
  }
  void folder(std::string_view name) const { std::filesystem::create_directories(path_ + std::string(name)); }

 private:
  std::string path_;
};

}  // namespace plumbline
