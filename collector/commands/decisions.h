// SPDX-License-Identifier: Apache-2.0
// The commands that ask about another fleet or another day: `what-if`, `clock` and `trend`. Their command lines are in
// decisions_line.cc.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "collector/commands/commands.h"
#include "rules/fleet_facts.h"

namespace CLI {
class App;
}

namespace plumbline {

/// Whose facts: the collector's store, or scan documents.
struct DecisionOptions {
  StateOptions common;
  std::vector<std::string> facts;  // folders and scan documents; empty: the store
  std::string as_of;               // of the store: a date or moment; empty: now
};

struct WhatIfOptions {
  DecisionOptions fleet;
  std::vector<std::string> changes;  // one or more lines each
  std::string file;                  // with more changes; "-" is standard input
};
int run_what_if(const WhatIfOptions& options);

struct ClockCommandOptions {
  DecisionOptions fleet;
  std::string from, until;  // dates; empty: the defaults of run_clock()
};
int run_clock_command(const ClockCommandOptions& options);

struct CapacityOptions {
  DecisionOptions fleet;
  std::string workload;    // id; empty: all that ask a language model
};
int run_capacity(const CapacityOptions& options);

struct RoadmapOptions {
  DecisionOptions fleet;
  std::vector<std::string> workloads;  // ids, the most wanted first; empty: the company's goals
  bool ignore_goals = false;
};
int run_roadmap(const RoadmapOptions& options);

struct TrendOptions {
  StateOptions common;
  std::string from, to;    // dates or moments; empty: the first point that is kept, and now
  bool judge_again = true; // both ends by one rule set
};
int run_trend(const TrendOptions& options);

/// Adds `what-if`, `clock` and `trend`; the chosen one is put into `run`.
void add_decision_commands(CLI::App& app, std::function<int()>& run);

/// A fleet with its rules; what `facts.document` reads from lives here.
struct GivenFleet {
  std::shared_ptr<const RuleSet> rules;
  FleetFacts facts;
  std::shared_ptr<Store> store;
};
/// Fails where nothing is there to be judged.
Result<GivenFleet> open_given_fleet(const DecisionOptions& options);

}  // namespace plumbline
