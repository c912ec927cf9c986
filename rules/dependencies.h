// SPDX-License-Identifier: Apache-2.0
// Actions that packs name: they must exist, and must not wait for each other in a circle.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "rules/mistakes.h"

namespace plumbline {

/// A place where a pack names an action.
struct NamedAction {
  const SourceFile* file = nullptr;
  std::size_t offset = 0;
  std::string action;   // that is named there
  std::string waiting;  // the action that waits for it; empty: it is only named
};

/// Unknown ones, with the nearest there is, and circles. `actions` are all there are, sorted; where some may be missing
/// because a file could not be read, `incomplete`, none is called unknown.
void check_dependencies(const std::vector<NamedAction>& named, const std::vector<std::string>& actions, bool incomplete,
                        Mistakes& mistakes);

}  // namespace plumbline
