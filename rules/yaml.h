// SPDX-License-Identifier: Apache-2.0
// YAML as a tree that remembers where everything stands. No anchors, aliases, tags or second documents: packs need none
// of them, and bombs do.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/mistakes.h"

namespace plumbline {

inline constexpr std::size_t kMaxYamlDepth = 32;
inline constexpr std::size_t kMaxYamlNodes = 200'000;
inline constexpr std::size_t kMaxYamlKeys = 1'000;  // of one mapping: keys are looked for one by one

struct YamlNode {
  enum Kind { null, scalar, list, map };
  Kind kind = null;
  std::size_t offset = 0;  // bytes from the start of the file
  bool quoted = false;     // a scalar that is text even where it looks like a number
  std::string text;        // of a scalar
  std::vector<YamlNode> items;
  std::vector<std::pair<YamlNode, YamlNode>> entries;  // keys are scalars, each once

  // Made where the type is whole: Clang 14 needs that for a list of pairs of what holds it.
  YamlNode();
  YamlNode(const YamlNode&);
  YamlNode(YamlNode&&) noexcept;
  YamlNode& operator=(const YamlNode&);
  YamlNode& operator=(YamlNode&&) noexcept;
  ~YamlNode();

  /// The value under a key, or nullptr.
  const YamlNode* find(std::string_view key) const;
};
/// "a text", "a list", "a mapping", "nothing": for messages.
std::string_view describe(YamlNode::Kind kind);

/// Reads one document. Mistakes go to `mistakes`; what could be read is returned none the less.
YamlNode read_yaml(const SourceFile& file, Mistakes& mistakes);
/// The same by yaml-cpp alone, without the short cut for plain files; for the test that compares the two.
YamlNode read_whole_yaml(const SourceFile& file, Mistakes& mistakes);

/// Where the character at `index` of a scalar's text stands in the file: exact for plain and block scalars and for
/// quoted ones without unusual escapes, else the start of the scalar.
std::size_t offset_in_scalar(const SourceFile& file, const YamlNode& scalar, std::size_t index);

}  // namespace plumbline
