// SPDX-License-Identifier: Apache-2.0
// From a scan document to what a store keeps, and back to facts that can be judged.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "collector/store/store.h"
#include "facts/scan.h"
#include "rules/judge.h"

namespace plumbline {

/// The scan's facts with the derived ones.
nlohmann::json judgeable_facts(const Scan& scan, const RuleSet& rules);
/// Judges a whole scan (every section with its data) and makes it ready for the store.
StoredScan judge_for_store(const Scan& scan, const RuleSet& rules, std::int64_t received_at);
/// The scan a store kept; its sections' hashes are checked, so damage is an error and never a wrong verdict.
Result<Scan> read_stored(const StoredScan& stored);
/// The name a scan gives its host; empty where it gives none.
std::string host_name_of(const Scan& scan);

}  // namespace plumbline
