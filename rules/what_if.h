// SPDX-License-Identifier: Apache-2.0
// What if: the assessment with changes beside the one without. Exact, for the changed facts are judged.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "rules/fact_change.h"
#include "rules/fleet_facts.h"

namespace plumbline {

/// What one change met.
struct ChangeEffect {
  std::size_t hosts = 0;       // that it names
  std::size_t changed = 0;     // of which it changed a fact; of actions: hosts where a rule of it failed
  std::size_t places = 0;      // facts and elements, or verdicts of actions
  std::size_t unread = 0;      // hosts that did not give the list it adds to
};

/// A rule that says something else. Hosts are indexes in both assessments, which hold the same hosts in the same order.
struct RuleShift {
  std::size_t rule = 0;
  std::vector<std::size_t> passing;         // newly, whatever they were
  std::vector<std::size_t> failing;         // newly
  std::vector<std::size_t> unknown;         // newly
  std::vector<std::size_t> not_applicable;  // no longer judged
  Tenths points = 0;                        // of the score: what its part grew or shrank by
};

/// Both assessments, and what differs. An action that is done is: its rules pass on the hosts where they fail, after all
/// edits; its fleet rules pass where the action is done on all hosts. What a waiver accepts stays, as in the roadmap's gain.
/// Which facts the work would leave behind is not known, so measures stay, and with them what gates and other fleet rules make
/// of measures. Of workloads the security rules turn, and requirements that say they are met by the action: those of a host
/// where it was open there, those of the fleet where it is done on all hosts and nothing of it is accepted. What a workload
/// gains by an action is therefore at least what is shown here. To see more, edit the facts.
///
/// An edit is judged: rules, measures and requirements that read the section, and facts that are derived from it. What an
/// agent itself concludes from other facts (os.family, roles.names, counts) stays as it was read; edit it too.
struct WhatIf {
  Assessment before, after;
  std::vector<ChangeEffect> effects;  // by change
  std::vector<RuleShift> rules;       // by index of rule; only those that say something else
  /// What the packs say the work costs: the fixes of rules that newly pass, each action once a host, and on each host the
  /// longest of the requirements of workloads that are newly met. The cost is the highest of them.
  double effort_days = 0;
  CostClass cost = CostClass::c0;
  /// The rules that `after` was assessed by: those given, or where an action has fleet rules a copy in which they pass.
  std::shared_ptr<const RuleSet> rules_after;
};

/// Changes are made in their order; those that touch different facts give the same in any order. Of a change that names no
/// host, and of a document that cannot be read, the error says which. `index` is of `rules`, which must outlive the result.
Result<WhatIf> what_if(const RuleSet& rules, const RuleIndex& index, const FleetFacts& fleet,
                       const std::vector<FactChange>& changes);

/// The whole as canonical JSON: score, level, gates, workloads before and after, and what differs.
std::string to_json(const RuleSet& rules, const std::vector<FactChange>& changes, const WhatIf& result);

}  // namespace plumbline
