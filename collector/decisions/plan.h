// SPDX-License-Identifier: Apache-2.0
// The plan that closes itself: what an assessment proves about every action, whatever people wrote.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "collector/decisions/decisions.h"
#include "collector/store/store.h"
#include "rules/assessment.h"

namespace plumbline {

/// What an assessment says about the rules of one action.
///   open        one of them fails somewhere
///   unverified  none fails, but one is unknown somewhere, or nothing was judged at all
///   accepted    otherwise, where a waiver covers what fails
///   passing     everything that is judged passes
///   gone        no rule names this action any more
enum class Standing { open, unverified, accepted, passing, gone };
Standing standing_of(const RuleSet& rules, const Assessment& assessment, std::string_view action);
std::string_view to_text(Standing standing);

/// The name of an open action, as people are shown it.
using TitleOf = std::function<std::string(const Action&)>;

/// What became of an item. `noted`: title, gain or `unverified` alone.
enum class PlanStep { appeared, done, reopened, noted };
struct PlanChange {
  PlanItem item;
  PlanStep step = PlanStep::noted;
};

/// The items that the assessment changes, in the order of the plan, new ones last. Done: every rule of the action passes by
/// a scan later than the one it was found or reopened by. Reopened: a rule of a done one fails; the owner stays, the due
/// date goes. An action whose rules are gone, or whose risk is accepted, stays as it is. Applied to its own result it
/// changes nothing.
std::vector<PlanChange> reconcile(const std::vector<PlanItem>& plan, const RuleSet& rules, const Assessment& assessment,
                                  const TitleOf& title_of);
/// The plan with the changes in it, by action.
std::vector<PlanItem> with_changes(std::vector<PlanItem> plan, const std::vector<PlanChange>& changes);

/// Reconciles what is stored and writes what changed, with a line in the audit log for each that was done or reopened.
/// Several collectors may do so on one store: who comes second reads again. Gives how many items changed. Never call it
/// with the assessment of part of the fleet: what is missing would look done.
Result<std::size_t> keep_plan(Store& store, const RuleSet& rules, const Assessment& assessment, const TitleOf& title_of, std::int64_t now);

}  // namespace plumbline
