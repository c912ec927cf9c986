// SPDX-License-Identifier: Apache-2.0
// Why a score moved: what the fleet did, what other rules did, and what was only seen or no longer seen.
//
// Between two moments hosts come and go, facts become known or unknown, hosts become other, and rules change. Each point
// of the change is put down to one of these, in this order:
//
//   rules     The hosts as they were, judged by the rules of then and by those of now: what the score differs by.
//   coverage  Then, by the rules of now, what is seen of the fleet becomes what is seen now, and nothing else changes:
//             hosts that are gone are left out, hosts that are new come in as they are, and a verdict or measure that is
//             unknown at one of the two moments is that of now. Wherever both moments know, that of then stays.
//   fleet     Then the rest becomes as it is now: verdicts and measures that were known before and are known now. What
//             the calendar does, such as an end of support, is a change of the fleet.
//
// So the three add up to the change exactly, for each is the difference of two rounded scores in one chain. A change of
// rules alone has no fleet and no coverage; hosts that only come or go give coverage alone; a fleet that is known
// throughout and whose hosts stay has no coverage. Turning the two moments round turns the signs round wherever only one
// of the causes is at work. Where several are, it need not: what a host is worth depends on what else is known.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "rules/assessment.h"

namespace plumbline {

/// In tenths of a point.
struct ScoreChange {
  Tenths fleet = 0, rules = 0, coverage = 0;
  Tenths total() const { return fleet + rules + coverage; }
  ScoreChange& operator+=(const ScoreChange& more);
  bool operator==(const ScoreChange&) const = default;
};

/// A host with its verdicts, which somebody else owns. A waived verdict counts as a failing one, as in the score.
struct HostVerdicts {
  std::string_view id;
  const Judgement* judgement = nullptr;
};
std::vector<HostVerdicts> verdicts_of(const std::vector<AssessedHost>& hosts);

/// The score that assess() gives hosts in this order; nothing without any verdict.
std::optional<Tenths> score_value(const RuleSet& rules, const std::vector<HostVerdicts>& hosts);

/// Between two moments, by one rule set. Hosts are matched by id. Nothing where one of the moments has no score. Where what
/// is left of the moment before has none, as when all that had verdicts is gone, the whole change is coverage.
std::optional<ScoreChange> change_of_hosts(const RuleSet& rules, const std::vector<HostVerdicts>& before,
                                           const std::vector<HostVerdicts>& after);

/// Between two rule sets: `was_hosts` and `is_hosts` are the same scans, judged by each.
std::optional<ScoreChange> change_of_rules(const RuleSet& was, const std::vector<HostVerdicts>& was_hosts, const RuleSet& is,
                                           const std::vector<HostVerdicts>& is_hosts);

}  // namespace plumbline
