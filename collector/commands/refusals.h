// SPDX-License-Identifier: Apache-2.0
// Refused connections on their way to the audit log: the first of a kind at once, a flood of them as one row.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "base/result.h"
#include "collector/store/store.h"

namespace plumbline {

/// add() may be called from any thread and never waits for the disk; flush() writes.
class Refusals {
 public:
  void add(const std::string& peer_address, const std::string& reason);
  /// One audit row for each address and reason since the last flush, with its count. What could not be written stays.
  Result<void> flush(Store& store, std::int64_t now);

 private:
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::uint64_t> pending_;
  std::uint64_t beyond_ = 0;  // refusals past the limit of kinds
};

}  // namespace plumbline
