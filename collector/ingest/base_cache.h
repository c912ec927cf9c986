// SPDX-License-Identifier: Apache-2.0
// The last scans of hosts in memory, the least recently used dropped first: what changes are laid over.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "collector/judging.h"

namespace plumbline {

/// Safe from several threads. Never holds more than its limit; a scan larger than the limit is not kept.
class BaseCache {
 public:
  explicit BaseCache(std::size_t limit_bytes) : limit_bytes_(limit_bytes) {}
  std::shared_ptr<const JudgedScan> find(const std::string& host_id);
  void put(const std::string& host_id, std::shared_ptr<const JudgedScan> scan, std::size_t bytes);

 private:
  struct Entry {
    std::string host_id;
    std::shared_ptr<const JudgedScan> scan;
    std::size_t bytes = 0;
  };
  void drop(std::list<Entry>::iterator entry);

  const std::size_t limit_bytes_;
  std::mutex mutex_;
  std::list<Entry> entries_;  // most recently used first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_host_;
  std::size_t bytes_ = 0;
};

/// What a scan takes in memory, by the count of its values and the length of its texts.
std::size_t approximate_bytes(const Scan& scan);

}  // namespace plumbline
