// SPDX-License-Identifier: Apache-2.0
// Runs the probes over one host and gives the scan document, with the cost of having taken it.
#pragma once

#include <string>
#include <vector>

#include "agent/host.h"
#include "base/result.h"
#include "facts/scan.h"

namespace plumbline {

struct ScanOptions {
  std::vector<std::string> only;  // sections; empty: all
};

/// Fails with invalid where `only` names a section that no probe fills. A probe that fails leaves its error
/// in its section and spoils nothing else. Host id and sequence stay empty: delivery fills them in.
Result<Scan> take_scan(const Host& host, const ScanOptions& options = {});

/// The most memory this process has held so far, in bytes.
std::uint64_t peak_memory_bytes();

}  // namespace plumbline
