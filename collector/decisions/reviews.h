// SPDX-License-Identifier: Apache-2.0
// Reviews: recorded with the verdict of every rule on every host, so that the next one can say exactly what changed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "collector/decisions/decisions.h"
#include "collector/store/store.h"
#include "rules/assessment.h"

namespace plumbline {

inline constexpr std::size_t kMaxPackedVerdicts = 900u << 10;  // in a record, base64url of a compressed text
inline constexpr std::size_t kMaxVerdictsText = 64u << 20;     // of that text

/// The verdicts of an assessment in few bytes, by the ids of rules and hosts, so that they outlive changes of both. Fails
/// with limit where they do not fit a record: some 12,000 hosts.
Result<std::string> pack_verdicts(const RuleSet& rules, const Assessment& assessment);

/// What changed since a review.
struct SinceReview {
  std::int64_t at = 0;
  std::vector<Change> changes;       // as changes() gives them, small wins first
  std::size_t newly_passing = 0, newly_failing = 0;  // rules, not hosts
  std::size_t new_hosts = 0, gone_hosts = 0;
  bool known = false;                // false: the review's verdicts are not kept, and nothing above is told
};
/// Fails where the packed verdicts are damaged.
Result<SinceReview> since_review(std::string_view packed, std::int64_t at, const RuleSet& rules, const Assessment& assessment);
/// Of the last review of an audience; nothing before its first.
Result<std::optional<SinceReview>> since_last_review(Store& store, const std::vector<Review>& reviews, std::string_view audience,
                                                     const RuleSet& rules, const Assessment& assessment);

/// Records that people looked, with an audit line. `audience` is "it" or "board".
Result<Review> record_review(Store& store, const RuleSet& rules, const Assessment& assessment, std::string_view audience,
                             std::string_view note, std::string_view by, std::int64_t now);

}  // namespace plumbline
