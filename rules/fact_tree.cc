// SPDX-License-Identifier: Apache-2.0
// Builds the tree from the catalog's rows.
#include "rules/fact_tree.h"

#include <algorithm>

#include "base/text.h"

namespace plumbline {
namespace {

bool by_name(const FactTree& node, std::string_view name) { return node.name < name; }

FactTree& member_of(FactTree& parent, std::string_view name) {
  auto at = std::lower_bound(parent.members.begin(), parent.members.end(), name, by_name);
  if (at == parent.members.end() || at->name != name) {
    at = parent.members.insert(at, FactTree{std::string(name), nullptr, {}});
  }
  return *at;
}

// "storage.disks[].class" → storage, disks, class
void add(FactTree& root, const Fact& fact) {
  FactTree* node = &root;
  for (std::string_view part : split(fact.path, '.')) {
    if (part.size() > 2 && part.substr(part.size() - 2) == "[]") part.remove_suffix(2);
    node = &member_of(*node, part);
  }
  node->fact = &fact;
}

}  // namespace

const FactTree* FactTree::find(std::string_view member) const {
  auto at = std::lower_bound(members.begin(), members.end(), member, by_name);
  return at == members.end() || at->name != member ? nullptr : &*at;
}

const FactTree& fact_tree() {
  static const FactTree tree = [] {
    FactTree root;
    for (const Fact& fact : catalog()) add(root, fact);
    return root;
  }();
  return tree;
}

}  // namespace plumbline
