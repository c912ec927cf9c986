// SPDX-License-Identifier: Apache-2.0
// Actions: rules that fail, merged into changes, each with its gain, effort, cost and phase.
#pragma once

#include <vector>

#include "rules/assessment.h"

namespace plumbline {

/// One action for every different `action` of a rule that fails somewhere; gate openers first, then by gain per day.
/// Phase 1 (0–30 days): one day or less at no cost over C1, or a gate opener of at most ten days and C1. Phase 2
/// (31–90 days): at most ten days and C1, or any other gate opener. Phase 3 (91–180 days): the rest.
std::vector<Action> make_actions(const RuleSet& rules, const std::vector<RuleResult>& results,
                                 const std::vector<GateResult>& gates);

}  // namespace plumbline
