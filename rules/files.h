// SPDX-License-Identifier: Apache-2.0
// Lists and reads the files of a rules folder: bounded, in one order everywhere, nothing outside the folder.
#pragma once

#include <map>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rules/mistakes.h"

namespace plumbline {

inline constexpr std::size_t kMaxRuleFileBytes = 1u << 20;
inline constexpr std::size_t kMaxFilesPerFolder = 200;
inline constexpr std::size_t kMaxPacks = 200;

/// A rules folder: files are asked for by name relative to it. Names start with the folder as it was given, so that
/// messages can be clicked.
class RuleFolder {
 public:
  /// `root` is resolved once; every file must lie below it after its links are resolved.
  RuleFolder(std::string root, Mistakes& mistakes);

  /// These names and bytes instead of what is on disk, from now on: bytes that were checked must be those that are read.
  void hold(std::vector<std::pair<std::string, std::string>> files);

  /// The name as messages show it.
  std::string shown(const std::string& relative) const { return relative.empty() ? root_ : root_ + "/" + relative; }
  bool is_folder(const std::string& relative) const;
  /// Names in a folder, sorted, without hidden ones; folders end in '/'. Empty where it is absent.
  std::vector<std::string> list(const std::string& relative);
  /// The file's text, or nullptr after a mistake. The pointer stays valid as long as this object.
  const SourceFile* read(const std::string& relative);
  /// SHA-256 over the names and contents of every file read so far, in order of name.
  std::string hash() const;

 private:
  const SourceFile* keep(const std::string& relative, std::string text);
  std::vector<std::string> list_held(const std::string& relative) const;

  std::string root_;
  std::string resolved_;
  Mistakes& mistakes_;
  std::optional<std::map<std::string, std::string>> held_;
  std::map<std::string, SourceFile> files_;  // by relative name
};

}  // namespace plumbline
