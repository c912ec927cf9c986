// SPDX-License-Identifier: Apache-2.0
// Follows what actions wait for.
#include "rules/dependencies.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "rules/fields.h"

namespace plumbline {
namespace {

// Depth first, with a path of its own: a chain of actions may be as long as there are rules.
struct CircleSearch {
  struct Step {
    const std::string* action;
    std::size_t next;  // of the entries of that action
  };
  std::map<std::string, std::vector<const NamedAction*>> waits;
  Mistakes& mistakes;
  std::set<std::string> finished = {};
  std::vector<Step> path = {};

  void search(const std::string& from) {
    if (finished.contains(from)) return;
    path.push_back({&from, 0});
    while (!path.empty()) {
      const std::vector<const NamedAction*>& entries = waits[*path.back().action];
      if (path.back().next == entries.size()) {
        finished.insert(*path.back().action);
        path.pop_back();
        continue;
      }
      follow(*entries[path.back().next++]);
    }
  }

  void follow(const NamedAction& entry) {
    if (finished.contains(entry.action)) return;
    const auto open = std::find_if(path.begin(), path.end(), [&](const Step& step) { return *step.action == entry.action; });
    if (open == path.end()) {
      path.push_back({&entry.action, 0});
      return;
    }
    std::vector<std::string> circle;
    for (auto at = open; at != path.end(); ++at) circle.push_back(*at->action);
    circle.push_back(entry.action);
    mistakes.add(*entry.file, entry.offset, circle.size() == 2 ? "the action '" + entry.action + "' waits for itself"
                                                               : "actions wait for each other in a circle: " + join(circle, " after "));
  }
};

}  // namespace

void check_dependencies(const std::vector<NamedAction>& named, const std::vector<std::string>& actions, bool incomplete,
                        Mistakes& mistakes) {
  CircleSearch search{{}, mistakes};
  for (const NamedAction& one : named) {
    if (!std::binary_search(actions.begin(), actions.end(), one.action)) {
      if (!incomplete) mistakes.add(*one.file, one.offset, "no rule has the action '" + one.action + "'" + suggestion(one.action, actions));
    } else if (!one.waiting.empty()) {
      search.waits[one.waiting].push_back(&one);
    }
  }
  std::vector<std::string> from;
  for (const auto& [action, entries] : search.waits) from.push_back(action);
  for (const std::string& action : from) search.search(action);
}

}  // namespace plumbline
