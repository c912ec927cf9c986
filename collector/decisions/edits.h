// SPDX-License-Identifier: Apache-2.0
// What people change, checked and written with a line in the audit log: the same for the browser and for commands.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "collector/decisions/decisions.h"
#include "collector/store/store.h"
#include "rules/pack.h"
#include "rules/questionnaire.h"

namespace plumbline {

/// Who changes something, and when.
struct Editor {
  std::string name;
  std::int64_t now = 0;
};

/// A change of what people say of one action, as they typed it; absent parts stay as they are, empty ones are cleared.
struct PlanEdit {
  std::string action;
  std::optional<std::string> owner, due, status, kpi, note;
  std::optional<std::string> seen;  // seen_of() the item that the form showed; absent: whatever is there is changed
};
/// Names the part of an item that people write: what scans write to it meanwhile does not disturb them.
std::string seen_of(const PlanItem& item);
/// Fails with not_found for an action that is not in the plan, with conflict where somebody else changed it meanwhile, and
/// with invalid for a status that scans alone may set.
Result<PlanItem> edit_plan(Store& store, const PlanEdit& edit, const Editor& editor);

/// An answer as typed; an empty value takes the answer back.
struct AnswerEdit {
  std::string question, value, evidence, owner;
  std::optional<std::int64_t> version;  // of the answer that the form showed, 0 for none; absent: whatever is there is changed
};
/// Fails with not_found for a question that is not asked.
Result<void> edit_answer(Store& store, const Questionnaire& questions, const AnswerEdit& edit, const Editor& editor);
/// Several at once, all or none; an answer that is there and not among them stays. Gives how many changed.
Result<std::size_t> import_answers(Store& store, const Questionnaire& questions, const std::vector<Answer>& answers, const Editor& editor);

/// Checks goals against the workloads there are, cleans their texts, and writes them; `goals.version` is the one read.
Result<Goals> edit_goals(Store& store, const RuleSet& rules, Goals goals, const Editor& editor);

}  // namespace plumbline
