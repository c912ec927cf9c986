// SPDX-License-Identifier: Apache-2.0
// What there is to do, as plain rows: one a change with what people planned of it, and one a check that fails on a host.
// The IT page, the workbook, the CSV files and the JSON document all show these.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "collector/report/report.h"

namespace plumbline {

/// A check that fails on a host, or in the fleet, with what puts it right there.
struct WorkRow {
  std::size_t action = 0;               // index in WorkList::actions
  std::size_t rule = 0;                 // index in RuleSet::rules
  std::optional<std::size_t> host;      // index in Assessment::hosts; nothing: the fleet
  std::string host_name;                // as shown
  std::string family;                   // of the commands: the host's os.family, or "any"
  std::vector<std::string> commands;    // for that family; empty where the packs have none
  std::string observed, expected;
  double effort_days = 0;               // on this host; of a change made once it stands at its first row alone
};

/// One action as the packs propose it and people planned it.
struct WorkAction {
  std::size_t action = 0;               // index in Assessment::actions
  std::string title;
  std::string owner;                    // the plan's where people named one, else the packs'
  bool owner_planned = false;
  std::optional<std::int64_t> due_at;
  PlanStatus status = PlanStatus::proposed;
  bool overdue = false;                 // on the day of the newest scan
  std::string kpi, note;
  std::string done_when;                // what a later scan must show
  std::vector<std::string> waits_for;   // ids of actions that are not done
  std::vector<std::string> unlocks, helps;  // titles of workloads
  std::size_t first_row = 0, rows = 0;  // in WorkList::rows
};

struct WorkList {
  std::vector<WorkAction> actions;      // in the order of the roadmap
  std::vector<WorkRow> rows;            // by action, then rule, then host
  std::vector<std::size_t> by_host;     // the same rows: the fleet first, then by host, then by action
  std::size_t left_out = 0;             // rows beyond kMostWorkRows
};
inline constexpr std::size_t kMostWorkRows = 1'000'000;

WorkList work_list(const ReportInput& input);

/// The plan of an action, or nullptr where nobody has planned it.
const PlanItem* plan_of(const ReportInput& input, std::string_view action);
/// "Proposed", "In progress"…
std::string status_text(PlanStatus status);

}  // namespace plumbline
