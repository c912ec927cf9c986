// SPDX-License-Identifier: Apache-2.0
// Runs the probes over one host and gives the scan document, with the cost of having taken it.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "agent/host.h"
#include "agent/probe.h"
#include "base/result.h"
#include "facts/scan.h"

namespace plumbline {

struct ScanOptions {
  std::vector<std::string> only;  // sections; empty: all
};

/// Fails with invalid where `only` names a section that no probe fills. A probe that fails leaves its error
/// in its section and spoils nothing else. Host id and sequence stay empty: delivery fills them in.
Result<Scan> take_scan(const Host& host, const ScanOptions& options = {});

// The parts of a scan, for who runs its probes elsewhere (agent/manners/guard.h).

/// Fails with invalid, and a suggestion, where a wanted name is no probe's.
Result<void> check_wanted(const std::vector<std::string>& only, const std::vector<Probe>& among);
bool is_wanted(const std::vector<std::string>& only, std::string_view name);
/// {"taken_at":UTC seconds,"privileged":whether this agent may read what only root may}
nlohmann::json head_json(const Host& host);

struct ProbeRun {
  Section section;
  bool out_of_memory = false;
};
/// One probe; what it fails of or throws is in its section.
ProbeRun run_probe(const Probe& probe, const Host& host, Machine& machine);

/// The most memory this process has held so far, in bytes.
std::uint64_t peak_memory_bytes();

}  // namespace plumbline
