// SPDX-License-Identifier: Apache-2.0
// Actions: rules that fail, merged into changes, each with its gain, effort, cost and phase, in the order to do them.
#pragma once

#include <cstddef>
#include <vector>

#include "rules/assessment.h"
#include "rules/workload.h"

namespace plumbline {

/// The roadmap in the making.
struct ActionDrafts {
  std::vector<Action> actions;  // by id; without unlocks, helps and phase
  std::vector<double> gains;    // of each, in points, not rounded
  std::vector<int> opens;       // of each, the lowest level that a gate caps which it opens, alone or with others; else kOpensNone
};
inline constexpr int kOpensNone = 6;

/// One action for every different `action` of a rule that fails somewhere.
///
/// Gain: the score shown with the action done everywhere less the score shown now; what a waiver accepts stays as it is.
/// `do ACTION` of what_if() makes the same difference.
///
/// After: what the fixes of its failing rules name, where that action is open as well and concerns one of the same hosts, or
/// where one of the two is done once for all.
ActionDrafts make_actions(const RuleSet& rules, const std::vector<RuleResult>& results, const std::vector<GateResult>& gates);

/// Fills `unlocks` and `helps`. A workload is unlocked by an action where on some host all that stands between it and a pilot
/// is taken away by this action with what it waits for, and not by what it waits for alone. It is helped where the action, or
/// one that waits for it, is among the changes named for the workload.
void link_workloads(const JudgedWorkloads& workloads, std::vector<Action>& actions);

/// The drafts with their phases, in the order to do them.
///
/// A lever opens a gate, alone or with other actions, or unlocks a workload, or must be done before one that does.
/// Phase 1 (0–30 days): one day or less at no cost over C1, or a lever of at most ten days and C1. Phase 2 (31–90 days): at most
/// ten days and C1, or any other lever. Phase 3 (91–180 days): the rest. No phase is before that of an action that it waits for.
///
/// Order: by phase; in each first what opens gates, those first that cap the level lowest, then what unlocks workloads; then
/// by points for each day of effort, where an action is weighed together with all that must be done before it, so that these
/// inherit its worth; then by id. Whatever an action waits for stands before it.
std::vector<Action> in_order(ActionDrafts drafts);

/// All that must be done before this action, by index and itself left out: `after`, and what those wait for.
std::vector<std::size_t> all_before(const std::vector<Action>& actions, std::size_t action);

/// Indexes in Assessment::actions, each once: first what the pilots of the wanted workloads (indexes in RuleSet::workloads,
/// the most wanted first) need, then what they need for production, each with all that must be done before it; then the rest
/// in the order of the roadmap. Whatever an action waits for stands before it.
std::vector<std::size_t> order_for(const RuleSet& rules, const Assessment& assessment,
                                   const std::vector<std::size_t>& wanted_workloads);

}  // namespace plumbline
