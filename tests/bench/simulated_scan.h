// SPDX-License-Identifier: Apache-2.0
// Scans of hosts that do not exist: seeded, about 30 KB each, valid against the catalog.
#pragma once

#include <cstdint>
#include <string>

#include "facts/scan.h"

namespace plumbline::testing {

/// The same seed gives the same host; `sequence` also moves the facts that move on a real host (load, memory, space).
Scan simulated_scan(const std::string& host_id, std::uint64_t seed, std::uint64_t sequence, std::int64_t taken_at);

}  // namespace plumbline::testing
