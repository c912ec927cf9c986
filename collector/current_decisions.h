// SPDX-License-Identifier: Apache-2.0
// What people decided, as pages show it: read from the store again only when it was changed.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "collector/decisions/decisions.h"
#include "collector/store/store.h"

namespace plumbline {

/// Safe from several threads. The store must outlive it.
class CurrentDecisions {
 public:
  explicit CurrentDecisions(Store& store) : store_(store) {}
  /// The same pointer as long as nothing was written. Where the store fails, what was read last; nullptr before that.
  std::shared_ptr<const Decisions> get();
  Store& store() { return store_; }

 private:
  Store& store_;
  std::mutex mutex_;  // guards what follows
  std::int64_t version_ = -1;
  bool failing_ = false;
  std::shared_ptr<const Decisions> decisions_;
};

}  // namespace plumbline
