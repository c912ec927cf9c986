// SPDX-License-Identifier: Apache-2.0
// A fleet whose facts can be read again: what questions about other facts (what_if.h) and other days (clock.h) start from.
#pragma once

#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "rules/assessment.h"

namespace plumbline {

struct FleetFacts {
  /// Judged by the rules they are used with, each as of its own scan. A waived verdict is taken as a failing one.
  std::vector<AssessedHost> hosts;
  /// The scan document (JSON) of a host, by its index in `hosts`: the one its verdicts are of. Asked only for hosts that
  /// somebody wants to know something new of.
  std::function<Result<std::string>(std::size_t)> document;
};

/// Hosts in the order that assess() gives them in, so that their indexes are one; verdicts as judge() gave them, before
/// waivers. `given` must outlive the result.
FleetFacts in_name_order(const FleetFacts& given);

/// The facts that a document holds, as facts_of() gives them; what is absent or unread is left out.
nlohmann::json facts_json(const cel::Document& facts);

}  // namespace plumbline
