// SPDX-License-Identifier: Apache-2.0
// Gives every node of a syntax tree its type and meaning, from the declarations and the table of functions.
#pragma once

#include <string>
#include <vector>

#include "rules/cel/functions.h"
#include "rules/cel/syntax.h"
#include "rules/cel/types.h"

namespace plumbline::cel {

/// What a name, member or call stands for.
enum class Meaning : unsigned char {
  plain,       // what its kind says
  variable,    // slot: index in Checked::variables
  local,       // slot: which of the local variables that live at once
  constant,    // value: a type's name, a given constant, or an error where an unchecked expression cannot run
  function,    // overloads; arguments are all children
  namespaced,  // overloads; the first child only names the function's namespace
};

struct NodeMeaning {
  Meaning meaning = Meaning::plain;
  std::uint32_t slot = 0, second_slot = 0;
  bool declared_member = false;  // a select or has of an object's member: its absence is unknown
  bool number_member = false;    // that is declared a double
  TypePtr type;
  std::string path;  // of the fact, where it is one: "storage.disks[].class"
  Value value;  // of a constant; of a has: the unknown where it cannot be told
  std::string function;
  std::vector<const Overload*> overloads;
};

struct Checked {
  std::vector<NodeMeaning> nodes;  // by NodeId
  std::vector<std::string> variables;
  std::uint32_t locals = 0;        // that live at once, at most
  std::vector<std::string> reads;      // sorted
  std::vector<std::string> constants;  // of the given ones, those that are used; sorted
  std::vector<Issue> issues;       // empty where options.check is false
};

Checked check(const Syntax& syntax, const Declarations& declarations, const CompileOptions& options);

}  // namespace plumbline::cel
