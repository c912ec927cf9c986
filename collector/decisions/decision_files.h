// SPDX-License-Identifier: Apache-2.0
// Answers and goals as YAML files that people edit: every question and every key is there with a comment, and what is
// written reads back the same.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "collector/decisions/decisions.h"
#include "rules/pack.h"
#include "rules/questionnaire.h"

namespace plumbline {

inline constexpr std::size_t kMaxDecisionFileBytes = 1u << 20;

/// Every question as a comment, with the answer there is or a line to fill in.
std::string answers_yaml(const Questionnaire& questions, const std::vector<Answer>& answers);
/// Questions without a value are left out. The error holds every mistake with file, line and caret.
Result<std::vector<Answer>> read_answers_yaml(const std::string& name, std::string text, const Questionnaire& questions);

/// Goals, with the KPIs that each chosen workload offers as comments, and the workloads that could be chosen at the end.
std::string goals_yaml(const RuleSet& rules, const Goals& goals);
/// `version` of what is returned is 0. The error holds every mistake with file, line and caret.
Result<Goals> read_goals_yaml(const std::string& name, std::string text, const RuleSet& rules);

}  // namespace plumbline
