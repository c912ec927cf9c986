// SPDX-License-Identifier: Apache-2.0
// The arithmetic of the score: degrees of rules, pillars, bounds, contributions that add up, gains.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "rules/assessment.h"

namespace plumbline {

/// Σ weight·degree and Σ weight of a pillar's rules.
struct PillarSum {
  double points = 0;
  double weight = 0;
};
using PillarSums = std::array<PillarSum, kPillarCount>;

/// Pillars weighted over those that have rules, 0..100; nothing where none has.
std::optional<double> total(const PillarSums& sums);
/// The sums over the rules whose degree is known.
PillarSums known_sums(const RuleSet& rules, const std::vector<RuleResult>& results);
/// Points more, 0..100, once all `raised` rules pass everywhere.
double gain_of(const RuleSet& rules, const std::vector<RuleResult>& results, const PillarSums& now,
               const std::vector<std::size_t>& raised);

/// Points as tenths; halves go up.
Tenths tenths(double points);
/// Whole numbers that add up to `target`, each its share rounded down or up: largest remainder first, then by index.
/// `target` must lie between the floor and the ceiling of the shares' sum.
std::vector<int> apportion(const std::vector<double>& shares, int target);

/// Tallies every rule over the hosts; fleet rules are decided on the aggregates.
std::vector<RuleResult> tally(const RuleSet& rules, const std::vector<AssessedHost>& hosts,
                              const std::vector<std::optional<double>>& aggregates);
std::vector<GateResult> judge_gates(const RuleSet& rules, const std::vector<RuleResult>& results,
                                    const std::vector<std::optional<double>>& aggregates);
/// The score; fills `contribution` and `gain` of the results.
Score make_score(const RuleSet& rules, const std::vector<AssessedHost>& hosts, std::vector<RuleResult>& results,
                 const std::vector<GateResult>& gates);

}  // namespace plumbline
