// SPDX-License-Identifier: Apache-2.0
// The catalog's paths as a tree: sections, their facts, the members of lists of objects. Declarations and values are
// both made along it, so what a condition may name and what it is given cannot differ.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "facts/catalog.h"

namespace plumbline {

struct FactTree {
  std::string name;              // the last part of the path: "permit_root_login"
  const Fact* fact = nullptr;    // nullptr for sections and groups
  std::vector<FactTree> members; // of sections, groups and lists of objects; sorted by name

  bool is_group() const { return fact == nullptr; }
  const FactTree* find(std::string_view member) const;
};

/// The root, whose members are the sections; built once.
const FactTree& fact_tree();

}  // namespace plumbline
