// SPDX-License-Identifier: Apache-2.0
// Which probes had to be ended on this host lately, kept over restarts: after two times in a row a probe is
// left out, longer each time, until it ends well once.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace plumbline {

struct Strikes {
  std::uint64_t count = 0;        // in a row
  std::int64_t skipped_until = 0;  // UTC seconds; 0 where the probe is not left out
  std::string outcome;             // of the last time: "time", "processor", "memory", "files", "crash"
};

/// Not for use by several threads.
class ProbeHistory {
 public:
  /// Nothing is remembered and nothing is written.
  ProbeHistory() = default;
  /// What `path` remembers. A file that is absent, damaged, of another agent version or from before the last
  /// start of the machine (which may have healed what hung) remembers nothing.
  static ProbeHistory load(std::string path, std::string agent_version, std::string boot);

  /// Why the probe is left out now, or nullptr. A clock that was set back ends the wait.
  const Strikes* left_out(std::string_view probe, std::int64_t now) const;
  /// The probe had to be ended. Returns what is known of it now.
  const Strikes& strike(std::string_view probe, std::string_view outcome, std::int64_t now);
  /// The probe ended by itself.
  void forgive(std::string_view probe);
  /// Writes what changed since load(), if anything did.
  Result<void> save();

 private:
  std::string path_, agent_version_, boot_;
  std::map<std::string, Strikes, std::less<>> strikes_;
  bool changed_ = false;
};

}  // namespace plumbline
