// SPDX-License-Identifier: Apache-2.0
// From judgements of all hosts to the one object that every page, report and command shows: score, findings,
// workloads, actions. Same facts and same packs give the same bytes.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "rules/judge.h"
#include "rules/serving.h"

namespace plumbline {

/// One host as the assessment needs it.
struct AssessedHost {
  std::string id;
  std::string name;
  std::int64_t taken_at = 0;
  Judgement judgement;
};

struct Tally {
  int pass = 0, fail = 0, unknown = 0, not_applicable = 0, waived = 0;
  int applicable() const { return pass + fail + unknown + waived; }
};

/// Everything in points is in tenths of a point, so that shown figures add up exactly.
using Tenths = int;
std::string show_points(Tenths tenths);  // 413 → "41.3"; signed gains are written by the caller

struct RuleResult {
  std::size_t rule = 0;                // index in RuleSet::rules
  Tally tally;                         // fleet rules: one of pass, fail, unknown is 1
  std::optional<double> degree;        // nothing where all is unknown
  Tenths contribution = 0;             // of the score
  Tenths gain = 0;                     // points more when it passes everywhere
  Tenths accepted = 0;                 // the part of `gain` that waivers have accepted
  std::vector<std::size_t> failing;    // indexes of hosts
  std::vector<std::size_t> unknown;    // indexes of hosts
  std::vector<std::size_t> waived;     // indexes of hosts
  std::vector<std::size_t> told_elsewhere;  // of `failing`: where stronger rules tell all that this one is about (cause.h)
  std::vector<std::size_t> told_under;      // those rules, strongest first
  std::vector<std::size_t> also_seen_as;    // rules that this one tells somewhere, strongest first
  /// Fails somewhere for a cause that no stronger rule tells.
  bool is_finding() const { return tally.fail > 0 && (told_elsewhere.empty() || told_elsewhere.size() < failing.size()); }
};

/// A waiver on the day of the assessment. Active: it covers hosts that fail. Expired: its day is over, and what it covered
/// fails again. Unused: nothing that it is meant for fails.
enum class RiskState { active, expired, unused };
std::string_view to_text(RiskState state);
struct AcceptedRisk {
  std::size_t waiver = 0;              // index in RuleSet::waivers
  std::size_t rule = 0;                // index in RuleSet::rules
  RiskState state = RiskState::unused;
  std::vector<std::size_t> hosts;      // that fail and are meant, waived or, where it has expired, not; none for fleet rules
  Tenths points = 0;                   // what the waived verdicts cost; a rule's add up to RuleResult::accepted
};

struct PillarResult {
  Pillar pillar;
  std::optional<double> value, lower, upper;  // 0..100; nothing where no rule applies
  double share = 0;                           // of the score, 0..1, after leaving out pillars without value
  Tenths contribution = 0;
};

struct GateResult {
  std::size_t gate = 0;  // index in RuleSet::gates
  bool shut = false;
  bool unknown = false;  // could not be decided
  std::vector<std::size_t> failing_rules;
};

struct Score {
  std::optional<Tenths> value;        // 0..1000; nothing without any verdict
  Tenths lower = 0, upper = 1000;
  int level = 1;                      // after gates, 1..5
  int level_without_gates = 1;
  double checks_known = 0;            // share of applicable checks with pass or fail, 0..1
  int hosts = 0;
  std::int64_t oldest_scan = 0, newest_scan = 0;
  std::array<PillarResult, kPillarCount> pillars;
};
std::string_view level_title(int level);  // "Not ready", "Foundations", "Pilot-ready", …

/// How a workload stands. A change is a requirement that is met by itself (bought, say) or an action: those of security rules
/// that fail, waived or not, and those by which requirements say they are met (Requirement::met_by), where they are open on
/// that host. On each host the changes are chosen so that they cost at most C2 if they can, then the fewest, then the least
/// effort, then the least cost; where it is all the same, actions. The host that carries it (or comes nearest) is the one
/// whose changes cost at most C2, then with the fewest changes to make or facts to find out, then the fewest changes, least
/// effort, least cost, then what is nearest to production, then by name.
///   not_ready      what is unmet there costs more than C2
///   unknown        otherwise, where a requirement or a security rule could not be decided there
///   after_changes  otherwise, where anything is unmet: `changes` of them, with their effort and highest cost
///   ready          everything is met
/// Fleet requirements count the same on every host. Production asks for the recommended requirements beside the pilot's, those
/// among them that packs ask of every workload: another host on which a pilot is ready (fleet.carriers), proven backup,
/// monitoring. Without hosts all is unknown.
enum class WorkloadState { ready, after_changes, not_ready, unknown };
std::string_view to_text(WorkloadState state);
struct RequirementResult {
  const Requirement* requirement = nullptr;
  Verdict verdict = Verdict::unknown;  // on the carrying host, or on the fleet
  std::string observed;
};
/// One change that a workload needs on the host that comes nearest: a requirement to meet, or an action to do. What an action
/// takes is told for that host; where a requirement of the fleet is met by it, for all hosts.
struct NeededChange {
  const Requirement* requirement = nullptr;  // nullptr: an action
  std::string action;                        // Action::id; empty: a requirement
  double effort_days = 0;
  CostClass cost = CostClass::c0;
};
struct WorkloadResult {
  std::size_t workload = 0;
  WorkloadState pilot = WorkloadState::unknown;       // minimum met and security rules pass
  WorkloadState production = WorkloadState::unknown;  // recommended met as well
  std::vector<std::size_t> hosts;                     // that carry it, best first; else the three that come nearest
  bool carried = false;                               // the hosts above meet every minimum requirement
  std::vector<RequirementResult> minimum, recommended;
  std::vector<std::size_t> blocking_rules;            // security rules that fail there
  std::vector<std::size_t> undecided_rules;           // security rules that could not be decided there
  int changes = 0;                                    // until pilot
  double effort_days = 0;
  CostClass cost = CostClass::c0;
  std::vector<NeededChange> needed;                   // `changes` of them, cheapest first
  std::vector<NeededChange> needed_for_production;    // besides those
};

/// A change that turns verdicts: one or more rules with the same `action`.
struct Action {
  std::string id;
  std::vector<std::size_t> rules;
  std::vector<std::size_t> hosts;
  Tenths gain = 0;                       // the score shown once it is done less the score shown now
  double effort_days = 0;
  CostClass cost = CostClass::c0;
  std::string owner;
  std::vector<std::size_t> opens_gates;  // gates that open when it is done
  int phase = 1;                         // 1: 0–30 days, 2: 31–90, 3: 91–180
  std::vector<std::size_t> after;        // indexes in Assessment::actions: done before this one, and standing before it
  std::vector<std::size_t> unlocks;      // indexes in RuleSet::workloads: a pilot is ready once this and all before it is done, not before
  std::vector<std::size_t> helps;        // workloads on whose way it stands, those of `unlocks` left out
};

struct Assessment {
  std::int64_t as_of = 0;  // newest scan
  Score score;
  std::vector<AssessedHost> hosts;       // sorted by name, then id
  std::vector<RuleResult> rules;         // by index in RuleSet::rules
  std::vector<GateResult> gates;
  std::vector<std::optional<double>> measures;  // aggregates by index in RuleSet::measures
  std::vector<WorkloadResult> workloads;
  std::vector<WorkloadServing> serving;  // by index in RuleSet::workloads
  std::vector<StrandedCard> stranded;    // by what they would add
  std::vector<Action> actions;           // the roadmap: in the order to do them (make_actions() tells which)
  std::vector<std::size_t> findings;     // rules that fail somewhere for a cause of their own: severity, then gain, then id
  std::vector<AcceptedRisk> risks;       // every waiver of a rule that is judged, in the rule set's order
};

/// `facts_of_host(i)` gives the facts, derived ones among them, of the i-th of `hosts` as they are passed here (the result
/// holds them sorted). Called only for evidence: the one host shown for each workload. It may return nullptr where they
/// are gone; then what was observed is not told, and nothing else changes. Any order of `hosts` gives the same result.
/// Waivers count on the day of the newest scan, so that the same scans always give the same assessment.
Assessment assess(const RuleSet& rules, std::vector<AssessedHost> hosts,
                  const std::function<const nlohmann::json*(std::size_t)>& facts_of_host);

/// One host's own score: as if it were the fleet, by host rules alone.
Score score_of_host(const RuleSet& rules, const AssessedHost& host);

/// The whole as JSON, canonical: what `score --json`, the API and goldens hold.
std::string to_json(const RuleSet& rules, const Assessment& assessment);

/// The aggregates of all measures over hosts: by index in RuleSet::measures; nothing where no host gives the measure.
std::vector<std::optional<double>> aggregate(const RuleSet& rules, const std::vector<AssessedHost>& hosts);
/// One of them, of the values that hosts give, in the order of the hosts.
std::optional<double> aggregate(Aggregate how, const std::vector<double>& values);

/// What changed between two moments, small wins first: rules that newly pass somewhere, then those that newly fail, each by
/// severity. Hosts are matched by id; fleet rules count as one.
struct Change { std::size_t rule; std::size_t newly_passing = 0; std::size_t newly_failing = 0; };
std::vector<Change> changes(const RuleSet& rules, const std::vector<AssessedHost>& before, const std::vector<AssessedHost>& after);

}  // namespace plumbline
