// SPDX-License-Identifier: Apache-2.0
// What the agent may cost its host at most, and how a probe that goes over is told (docs/agent.md).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace plumbline {

/// Hard caps of one scan (goal R15). A settings file may change them.
struct Limits {
  std::size_t memory_bytes = 64u << 20;       // agent and reader together
  std::uint64_t open_files = 512;             // of the reader
  std::chrono::milliseconds probe_time{20'000};      // on the clock, for one probe
  std::chrono::milliseconds probe_processor{2'000};  // of processor time, for one probe
  std::chrono::milliseconds scan_time{120'000};      // on the clock; what was not begun by then is left out
  std::chrono::milliseconds scan_processor{10'000};  // of processor time, for the whole scan
};

/// What the agent itself needs beside its reader.
inline constexpr std::size_t kAgentMemoryBytes = 8u << 20;

}  // namespace plumbline
