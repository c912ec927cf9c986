// SPDX-License-Identifier: Apache-2.0
// Reads the keys of one mapping of a pack: wrong types, missing and unknown keys become mistakes with their place.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/yaml.h"

namespace plumbline {

inline constexpr std::size_t kMaxText = 16u << 10;

enum class Need { required, optional };

/// One mapping being read. Every key asked for is a known key; finish() reports the others.
class Fields {
 public:
  /// `what` names it in messages: "rule", "fix of the rule".
  Fields(Mistakes& mistakes, const SourceFile& file, const YamlNode& node, std::string what);

  std::string text(std::string_view key, Need need = Need::required);
  /// A text of the characters that ids may have: a-z 0-9 and those in `also`.
  std::string id(std::string_view key, std::string_view also);
  std::vector<std::string> texts(std::string_view key, Need need = Need::optional);
  double number(std::string_view key, double least, double most, Need need = Need::required);
  bool boolean(std::string_view key);
  /// One of `words`; gives its index, or 0 after a mistake.
  std::size_t choice(std::string_view key, const std::vector<std::string>& words);
  /// The value itself where it has this kind; nullptr where it is absent or wrong.
  const YamlNode* node(std::string_view key, YamlNode::Kind kind, Need need = Need::required);
  /// The value itself, of whatever kind; nullptr where it is absent.
  const YamlNode* any(std::string_view key, Need need = Need::required);
  /// The items of a list of mappings, or nothing.
  std::vector<const YamlNode*> mappings(std::string_view key, Need need = Need::optional);

  bool has(std::string_view key) const { return node_.find(key) != nullptr; }
  /// Where a key's value stands, or the mapping itself.
  std::size_t offset(std::string_view key) const;
  void mistake(std::string_view key, std::string message);
  /// Reports keys that nobody asked for, with the nearest known one, or all there are.
  void finish();

  const SourceFile& file() const { return file_; }
  const YamlNode& yaml() const { return node_; }

 private:
  Mistakes& mistakes_;
  const SourceFile& file_;
  const YamlNode& node_;
  std::string what_;
  std::vector<std::string> known_;
};

/// "; did you mean 'x'?" or nothing.
std::string suggestion(std::string_view word, const std::vector<std::string>& candidates);
/// The same, or "; there are a, b, c" where none is near.
std::string suggestion_or_list(std::string_view word, std::vector<std::string> candidates);

}  // namespace plumbline
