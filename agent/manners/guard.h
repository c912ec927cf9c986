// SPDX-License-Identifier: Apache-2.0
// One scan whose probes cannot hurt: they run in a child under hard limits; what hangs, spins, swallows
// memory or crashes is ended and told, and the rest arrives (goal R15).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/host.h"
#include "agent/manners/history.h"
#include "agent/manners/limits.h"
#include "agent/manners/reader.h"
#include "agent/probe.h"
#include "agent/scan.h"
#include "base/result.h"

namespace plumbline {

struct GuardedScan {
  std::function<Result<std::unique_ptr<Host>>(KeepFile keep, const std::string& before)> open_host;
  ScanOptions options;
  Limits limits;
  bool confine = true;    // seccomp, and Landlock where `landlock` is true
  bool landlock = false;  // see agent/manners/sandbox.h
  bool greetings = true;  // the reader may connect by TCP
  std::string record;     // folder that takes the recording; empty: none
};

/// A scan of `probes`. What had to be ended stands in its section, which is failed, and in Scan::ended with
/// what it cost; `history` decides what is left out, and learns. Fails where the host cannot be opened, where
/// options name no section, where no child can be started, and with unavailable where a signal to stop waits.
Result<Scan> take_guarded_scan(const GuardedScan& work, const std::vector<Probe>& probes, ProbeHistory& history);

}  // namespace plumbline
