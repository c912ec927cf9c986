// SPDX-License-Identifier: Apache-2.0
// Whether a fleet can carry each business use of AI, on which host, and after which changes.
#pragma once

#include <cstddef>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <vector>

#include "rules/assessment.h"

namespace plumbline {

/// What stands between a host and a pilot there, where actions alone take it away: of each entry one action (an index in
/// the actions given, sorted) has to be done.
using Obstacles = std::vector<std::vector<std::size_t>>;

struct JudgedWorkloads {
  std::vector<WorkloadResult> results;
  /// By index in `results`: of every host where actions alone would make a pilot ready, each set once; empty where it is ready.
  std::vector<std::set<Obstacles>> obstacles;
};

/// `facts(i)` as in assess(), by index in `hosts`. `actions`: all that are open, in any order.
JudgedWorkloads judge_workloads(const RuleSet& rules, const std::vector<AssessedHost>& hosts,
                                const std::vector<RuleResult>& results, const std::vector<Action>& actions,
                                const std::vector<std::optional<double>>& aggregates,
                                const std::function<const nlohmann::json*(std::size_t)>& facts);

}  // namespace plumbline
