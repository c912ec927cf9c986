// SPDX-License-Identifier: Apache-2.0
// The reader: a child of the agent, without exec, that runs the probes under the sandbox and the limits.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/host.h"
#include "agent/manners/limits.h"
#include "agent/probe.h"

namespace plumbline {

struct ReaderWork {
  /// Called in the reader. `keep` writes a file of a recording and `before` is the recording.json of the
  /// reader before this one; hosts that record nothing pay no heed.
  std::function<Result<std::unique_ptr<Host>>(KeepFile keep, const std::string& before)> open_host;
  const std::vector<Probe>* probes = nullptr;
  std::set<std::size_t> rows;  // of the probes to run
  Limits limits;
  bool confine = true;
  bool landlock = false;
  bool greetings = true;
  bool records = false;
  std::string recording;  // so far
};

/// The exit status of a reader that could not even tell that its memory is gone.
inline constexpr int kExitOutOfMemory = 70;

/// Runs the probes, tells the socket, and ends the process. Closes every other descriptor first.
[[noreturn]] void run_reader(const ReaderWork& work, int socket);

}  // namespace plumbline
