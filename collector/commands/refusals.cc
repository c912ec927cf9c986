// SPDX-License-Identifier: Apache-2.0
// Bounded memory between a flood of refusals and the audit log.
#include "collector/commands/refusals.h"

namespace plumbline {
namespace {

constexpr std::size_t kKindsBetweenFlushes = 256;
constexpr std::size_t kMaxReason = 400;

}  // namespace

void Refusals::add(const std::string& peer_address, const std::string& reason) {
  const std::pair kind(peer_address, reason.substr(0, kMaxReason));
  const std::lock_guard lock(mutex_);
  if (const auto found = pending_.find(kind); found != pending_.end()) ++found->second;
  else if (pending_.size() < kKindsBetweenFlushes) pending_.emplace(kind, 1);
  else ++beyond_;
}

Result<void> Refusals::flush(Store& store, std::int64_t now) {
  std::map<std::pair<std::string, std::string>, std::uint64_t> taken;
  std::uint64_t beyond = 0;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(pending_);
    std::swap(beyond, beyond_);
  }
  for (auto row = taken.begin(); row != taken.end(); row = taken.erase(row)) {
    const std::string detail = row->second > 1 ? row->first.second + " (" + std::to_string(row->second) + " times)" : row->first.second;
    const auto kept = store.add_audit(row->first.first, "refused", "", detail, now);
    if (kept) continue;
    const std::lock_guard lock(mutex_);
    for (const auto& [kind, count] : taken)
      if (pending_.size() < kKindsBetweenFlushes) pending_[kind] += count;
    beyond_ += beyond;
    return kept;
  }
  if (beyond > 0) return store.add_audit("many addresses", "refused", "", "further refusals: " + std::to_string(beyond), now);
  return {};
}

}  // namespace plumbline
