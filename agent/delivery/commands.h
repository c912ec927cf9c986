// SPDX-License-Identifier: Apache-2.0
// The agent's commands that talk to a collector: enroll, send, run. They know the state folder, the spool and
// the uplink; the scan itself comes from whoever calls them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "facts/scan.h"

namespace plumbline {

/// Takes one scan of this host; host id and sequence are filled in here.
using TakeScan = std::function<Result<Scan>()>;

/// What systemd gives its service (STATE_DIRECTORY); else /var/lib/plumbline-agent for root, ~/.local/state/plumbline-agent (or XDG_STATE_HOME) for others.
std::string default_agent_state();

struct EnrollOptions {
  std::string state_folder;   // created, 0700
  std::string collector_url;  // "https://collector.example:7443"
  std::string token;          // "plumb_…"
  std::string name;           // how people call this host; empty: the system's host name
  std::string version;        // of the agent
  bool replace = false;       // enrol again where the folder holds an identity
};
/// Fetches the collector's authority, compares it with the token's pin, asks for a certificate over a
/// verified connection and keeps both. Returns the line for the person: "enrolled as <host id> at <url>".
Result<std::string> enroll(const EnrollOptions& options);

struct SendOutcome {
  std::size_t delivered = 0;  // scans the collector has acknowledged as durable
  std::size_t kept = 0;       // scans still in the spool
  std::string message;        // for the person: what was delivered, or why not and what happens next
};
/// One scan → spool → delivery of all that is in the spool. A collector that is away is no error: `kept`
/// counts.
Result<SendOutcome> send_once(const std::string& state_folder, const TakeScan& take_scan);

struct ServiceOptions {
  std::string state_folder;
  std::int64_t interval_seconds = 3600;  // between scans, ± 10 % so that a fleet does not knock at one time
};
/// Of one core, averaged over its life (goal R15).
inline constexpr std::int64_t kProcessorPercent = 5;
/// What one scan may use of the processor where there is one an interval.
std::chrono::milliseconds most_processor(std::int64_t interval_seconds);
/// How long after its beginning a round that used this much keeps the next one waiting.
std::chrono::milliseconds rest_after(std::chrono::milliseconds processor);

/// The service: scans, spools, delivers, renews its certificate, until SIGTERM or SIGINT. Fails only where it
/// cannot start (not enrolled, state folder not writable). Forks: call it from a program of one thread.
Result<void> run_service(const ServiceOptions& options, const TakeScan& take_scan);

}  // namespace plumbline
