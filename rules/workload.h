// SPDX-License-Identifier: Apache-2.0
// Whether a fleet can carry each business use of AI, on which host, and after which changes.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "rules/assessment.h"

namespace plumbline {

/// `facts(i)` as in assess(), by index in `hosts`.
std::vector<WorkloadResult> judge_workloads(const RuleSet& rules, const std::vector<AssessedHost>& hosts,
                                            const std::vector<RuleResult>& results,
                                            const std::vector<std::optional<double>>& aggregates,
                                            const std::function<const nlohmann::json*(std::size_t)>& facts);

}  // namespace plumbline
