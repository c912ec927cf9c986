// SPDX-License-Identifier: Apache-2.0
// A resolved expression, ready to run: names are slots, calls hold their functions, constants are folded.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rules/cel/checker.h"

namespace re2 {
class RE2;
}

namespace plumbline::cel {

enum class Op : unsigned char {
  constant,
  variable,
  local,
  select,
  optional_select,  // .?member
  has,
  call,
  matches,
  logic_and,
  logic_or,
  conditional,
  list,
  map,
  comprehension,
  bind,
  optional_or  // .or() and .orValue() of an optional: the other side only where it is needed
};

struct Step {
  Op op = Op::constant;
  Macro macro = Macro::none;
  bool filtered = false;
  bool two_variables = false;
  bool declared_member = false;      // an absent member is `value`, an unknown; of has: one that cannot be read
  bool number_member = false;        // declared a double: whole numbers become one
  bool named_constant = false;       // a constant that the text names: explanations put its value there
  std::uint32_t begin = 0, end = 0;  // in the text
  std::uint32_t slot = 0, second_slot = 0;
  std::vector<std::uint32_t> children;
  std::vector<bool> optional_elements;  // of a list or map: as in its Node
  Value value;           // constant, or the unknown of an absent member
  std::string text;      // member or function
  std::size_t hash = 0;  // of the text of a select or has
  std::vector<const Overload*> overloads;
  std::shared_ptr<const re2::RE2> regex;  // of a constant pattern
};

struct Plan {
  std::vector<Step> steps;
  std::uint32_t root = 0;
  std::vector<std::string> variables;
  std::uint32_t locals = 0;
  std::shared_ptr<const std::vector<Overload>> functions;  // beside the built-in ones
};

/// Fails with the mistakes that only show here: a constant pattern that is no regular expression.
tl::expected<Plan, std::vector<Issue>> plan(const Syntax& syntax, Checked& checked,
                                            const CompileOptions& options);

}  // namespace plumbline::cel
