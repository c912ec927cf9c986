// SPDX-License-Identifier: Apache-2.0
// What a site says about shipped rules in files of its own: overrides and waivers.
#pragma once

#include "rules/drafts.h"
#include "rules/pack.h"

namespace plumbline {

/// Reads the waivers into the rule set. A rule that is not there, a host that a fleet rule cannot have and anything that
/// is left out is a mistake; one that has expired is none, it only no longer counts.
void read_waivers(const Drafts& drafts, RuleSet& rules, Mistakes& mistakes);

/// Changes severity, effort, cost and owner of rules, and moves rules that are switched off to RuleSet::disabled.
void apply_overrides(const Drafts& drafts, RuleSet& rules, Mistakes& mistakes);

}  // namespace plumbline
