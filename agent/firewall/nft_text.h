// SPDX-License-Identifier: Apache-2.0
// Rules as nftables.conf writes them.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/firewall/ruleset.h"

namespace plumbline {

/// The texts of the files that an include names, in their order; an error where one cannot be read.
using ReadIncludes = std::function<Result<std::vector<std::string>>(std::string_view pattern)>;

/// What a file makes of an empty rule set. Of a rule's parts those that are not known here are unknown. Fails with invalid
/// where the file is cut short or gives commands that are not followed, with limit where it is too much, and with what
/// `read_includes` failed with.
Result<Ruleset> read_nft_rules(std::string_view text, const ReadIncludes& read_includes);

}  // namespace plumbline
