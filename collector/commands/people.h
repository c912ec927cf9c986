// SPDX-License-Identifier: Apache-2.0
// The commands with which people decide: `plan`, `review`, `goals` and `answers`. Their command lines are in
// people_line.cc.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "collector/commands/common.h"

namespace CLI {
class App;
}

namespace plumbline {

/// A fleet with what people decided, its plan as the assessment proves it.
struct DecidedFleet {
  OpenFleet open;
  Decisions decisions;
  ReportInput input;  // of the view, with the decisions in it
};
Result<DecidedFleet> open_decided_fleet(const StateOptions& options);

struct PlanSetOptions {
  StateOptions common;
  std::string action;
  std::optional<std::string> owner, due, status, kpi, note;
};
int run_plan_list(const StateOptions& options);
int run_plan_set(const PlanSetOptions& options);

struct ReviewOptions {
  StateOptions common;
  std::string audience = "it";
  std::string note;
};
int run_review_record(const ReviewOptions& options);
int run_review_list(const StateOptions& options);

struct GoalsSetOptions {
  StateOptions common;
  std::string workload;  // empty: the score
  std::optional<std::string> score, by, people, owner, kpi, unit, baseline, target, now, measured;
  std::optional<int> place;  // 1 is the most important
  bool remove = false;
};
int run_goals_show(const StateOptions& options);
int run_goals_set(const GoalsSetOptions& options);

/// A YAML file that is written or read; "-" or empty: standard output or input.
struct DecisionFileOptions {
  StateOptions common;
  std::string file;
};
int run_goals_export(const DecisionFileOptions& options);
int run_goals_import(const DecisionFileOptions& options);
int run_answers_show(const StateOptions& options);
int run_answers_export(const DecisionFileOptions& options);
int run_answers_import(const DecisionFileOptions& options);

/// Adds the four; the chosen one is put into `run`.
void add_people_commands(CLI::App& app, std::function<int()>& run);

}  // namespace plumbline
