// SPDX-License-Identifier: Apache-2.0
// Applies waivers to verdicts, and prices what they accept.
#pragma once

#include <vector>

#include "rules/assessment.h"

namespace plumbline {

/// Turns failing verdicts of hosts that an active waiver is meant for into waived ones. Of several waivers for one verdict
/// the first that is active takes it. Gives every waiver of a rule that is judged.
std::vector<AcceptedRisk> accept_risks(const RuleSet& rules, std::vector<AssessedHost>& hosts, std::int64_t moment);

/// The same for fleet rules, once they are tallied.
void accept_fleet_risks(const RuleSet& rules, std::int64_t moment, std::vector<RuleResult>& results,
                        std::vector<AcceptedRisk>& risks);

/// Fills RuleResult::accepted and AcceptedRisk::points, once the score is made.
void price_risks(const RuleSet& rules, std::vector<RuleResult>& results, std::vector<AcceptedRisk>& risks);

}  // namespace plumbline
