// SPDX-License-Identifier: Apache-2.0
// Lists and reads the files of a rules folder: bounded, in one order everywhere, nothing outside the folder.
#pragma once

#include <memory>
#include <string>
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

  bool is_folder(const std::string& relative) const;
  /// Names in a folder, sorted, without hidden ones; folders end in '/'. Empty where it is absent.
  std::vector<std::string> list(const std::string& relative);
  /// The file's text, or nullptr after a mistake. The pointer stays valid as long as this object.
  const SourceFile* read(const std::string& relative);
  /// SHA-256 over the names and contents of every file read so far, in order of name.
  std::string hash() const;

 private:
  std::string shown(const std::string& relative) const { return root_ + "/" + relative; }

  std::string root_;
  std::string resolved_;
  Mistakes& mistakes_;
  std::vector<std::pair<std::string, std::unique_ptr<SourceFile>>> files_;
};

}  // namespace plumbline
