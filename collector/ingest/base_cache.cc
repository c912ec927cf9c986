// SPDX-License-Identifier: Apache-2.0
// A bounded cache of scans.
#include "collector/ingest/base_cache.h"

#include <nlohmann/json.hpp>

namespace plumbline {
namespace {

// A node of nlohmann::json: 16 bytes of value, and about 64 of tree node and allocator where it stands in an object.
constexpr std::size_t kValueBytes = 80;

std::size_t bytes_of(const nlohmann::json& value) {
  std::size_t bytes = kValueBytes;
  if (value.is_string()) return bytes + value.get_ref<const std::string&>().size() + sizeof(std::string);
  if (value.is_object())
    for (const auto& [key, member] : value.items()) bytes += key.size() + bytes_of(member);
  if (value.is_array())
    for (const nlohmann::json& item : value) bytes += bytes_of(item);
  return bytes;
}

}  // namespace

std::size_t approximate_bytes(const Scan& scan) {
  std::size_t bytes = sizeof(Scan);
  for (const auto& [name, section] : scan.sections) {
    bytes += sizeof(Section) + name.size() + bytes_of(section.data);
    for (const auto& [path, why] : section.missing) bytes += kValueBytes + path.size() + why.size();
  }
  return bytes;
}

std::shared_ptr<const JudgedScan> BaseCache::find(const std::string& host_id) {
  const std::lock_guard lock(mutex_);
  const auto found = by_host_.find(host_id);
  if (found == by_host_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->scan;
}

void BaseCache::drop(std::list<Entry>::iterator entry) {
  bytes_ -= entry->bytes;
  by_host_.erase(entry->host_id);
  entries_.erase(entry);
}

void BaseCache::put(const std::string& host_id, std::shared_ptr<const JudgedScan> scan, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (const auto found = by_host_.find(host_id); found != by_host_.end()) drop(found->second);
  if (bytes > limit_bytes_) return;
  while (bytes_ + bytes > limit_bytes_) drop(std::prev(entries_.end()));
  entries_.push_front({host_id, std::move(scan), bytes});
  by_host_[host_id] = entries_.begin();
  bytes_ += bytes;
}

}  // namespace plumbline
