// SPDX-License-Identifier: Apache-2.0
// Work that is done in a child, so that the service that waits keeps none of the memory and libraries it took; and the
// signals that end the service.
#pragma once

#include <chrono>
#include <csignal>
#include <functional>
#include <string>

#include "base/result.h"

namespace plumbline {

/// SIGTERM and SIGINT wait here instead of ending the program, so that nothing is cut in the middle. For the one thread
/// of a program.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// A signal to stop waits; asking does not take it away.
  bool arrived() const;
  /// True: a signal came. False: the time is up.
  bool wait_until(std::chrono::steady_clock::time_point when) const;
  /// The same, and false too where a child may have ended.
  bool wait_for_child(std::chrono::milliseconds longest) const;

 private:
  sigset_t stop_{}, stop_or_child_{}, before_{};
};

struct ChildEnd {
  std::string said;                        // what `work` returned; empty where it did not end well
  std::string trouble;                     // then: how it ended, for the operator
  std::chrono::milliseconds processor{0};  // used by the child and by its own children
  bool stopped = false;                    // a signal to stop came meanwhile, and was passed on
};

inline constexpr std::size_t kMostSaidBytes = 4096;

/// Forks; no program is started. The child is ended when this process is. `work` returns 1 to kMostSaidBytes bytes. Fails
/// where no child can be started.
Result<ChildEnd> run_in_child(const StopSignals& signals, const std::function<std::string()>& work);

}  // namespace plumbline
