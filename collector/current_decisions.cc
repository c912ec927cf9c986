// SPDX-License-Identifier: Apache-2.0
// Asks the store whether anything was written before it reads.
#include "collector/current_decisions.h"

#include "base/log.h"
#include "collector/decisions/records.h"

namespace plumbline {

std::shared_ptr<const Decisions> CurrentDecisions::get() {
  const std::lock_guard lock(mutex_);
  // Asked before reading: what is written in between is read twice rather than missed.
  const auto version = store_.records_version();
  if (version && *version == version_) return decisions_;
  auto read = version ? read_decisions(store_) : tl::unexpected(version.error());
  if (!read) {
    if (!failing_) log_error("decisions: " + read.error().message);
    failing_ = true;
    return decisions_;
  }
  failing_ = false;
  version_ = *version;
  decisions_ = std::make_shared<const Decisions>(std::move(*read));
  return decisions_;
}

}  // namespace plumbline
