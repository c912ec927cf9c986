// SPDX-License-Identifier: Apache-2.0
// The syntax tree: what the parser makes of an expression, and the place of each part in it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rules/cel/value.h"

namespace plumbline::cel {

using NodeId = std::uint32_t;

inline constexpr std::size_t kMaxExpressionBytes = 64 << 10;
inline constexpr std::uint32_t kMaxDepth = 250;  // of the tree, and of brackets in the text

enum class NodeKind : unsigned char {
  constant,
  name,         // text; children none
  select,       // children: operand; text: member; optional: written .?member
  has,          // children: operand; text: member
  call,         // text: function, also "_+_", "!_", "_[_]", "_[?_]"; children: arguments
  member_call,  // text: function; children: target, arguments
  list,         // children: elements
  map,          // children: key, value, key, value …
  logic_and,    // children: two or more
  logic_or,
  conditional,    // children: condition, then, else
  comprehension,  // text: macro; children: range, then filter where the macro has one, key where it makes
                  // entries, body
  bind,           // cel.bind(variable, value, body): children value, body; cel.block() is a chain of them
};

enum class Macro : unsigned char {
  none,
  all,
  exists,
  exists_one,
  map,
  filter,
  transform_list,
  transform_map,
  transform_map_entry,
  sort_by,
  opt_map,  // over an optional: at most one element
  opt_flat_map
};

struct Node {
  NodeKind kind = NodeKind::constant;
  Macro macro = Macro::none;
  bool absolute = false;  // a name written with a leading point
  bool filtered = false;  // a comprehension with a filter before its body
  bool optional = false;  // a select that gives an optional
  std::uint32_t depth = 1;
  std::uint32_t place = 0;           // where a caret should stand
  std::uint32_t begin = 0, end = 0;  // bytes of the text it was made of
  std::string text;
  std::string variable, second_variable;  // of comprehensions and bind
  Value constant;
  std::vector<NodeId> children;
  std::vector<bool> optional_elements;  // of a list or map: which are written ?e, ?k: v; empty where none is
};

struct Syntax {
  std::vector<Node> nodes;
  NodeId root = 0;
  const Node& operator[](NodeId id) const { return nodes[id]; }
};

}  // namespace plumbline::cel
