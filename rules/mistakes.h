// SPDX-License-Identifier: Apache-2.0
// All mistakes of all files of a rules folder, gathered and told at once, each with its place and caret.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/source.h"

namespace plumbline {

/// A file as read: its name relative to the rules folder, and its text.
struct SourceFile {
  std::string name;
  std::string text;
};

/// Collects; told in order of file and place, whatever the order in which they were found.
class Mistakes {
 public:
  void add(const SourceFile& file, std::size_t offset, std::string message);
  /// One without a place: a folder that cannot be read.
  void add(std::string message);
  bool empty() const { return entries_.empty(); }
  std::size_t count() const { return entries_.size() + not_kept_; }
  /// Every mistake as point_at() writes it, and a last line that counts them.
  std::string text() const;

 private:
  struct Entry {
    std::string file;
    std::size_t offset = 0;
    std::string text;
  };
  std::vector<Entry> entries_;
  std::size_t not_kept_ = 0;  // beyond what is kept
};

}  // namespace plumbline
