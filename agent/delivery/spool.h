// SPDX-License-Identifier: Apache-2.0
// Scans that wait for the collector: one checksummed file each, synced with its folder before add() returns,
// named by sequence. Beside them what the collector has acknowledged. A kill at any moment loses no scan that
// add() took in, and makes at worst a repeat with the same sequence, which the collector answers with
// "duplicate".
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace plumbline {

inline constexpr std::size_t kMostSpooledScans = 64;
inline constexpr std::uint64_t kMostSpooledBytes = 64u << 20;

/// What is known of the collector's side; kept in delivered.json.
struct Delivered {
  std::uint64_t sequence = 0;                   // the last the collector has
  std::uint64_t dropped = 0;                    // scans given up that no delivered scan has told of yet
  std::int64_t scanned_at = 0;                  // when the last scan was spooled
  std::map<std::string, std::string> sections;  // hashes of the last scan it has acknowledged
};

class Spool {
 public:
  /// Creates the folder where it is missing, throws away what no add() finished, and counts damaged files as
  /// dropped.
  static Result<Spool> open(const std::string& state_folder);

  /// Waiting scans, oldest first.
  std::vector<std::uint64_t> sequences() const;
  /// The number the next scan gets: above all that was ever given away.
  std::uint64_t next_sequence() const;
  /// Durable when it returns. Drops the oldest where the spool is full, and counts them.
  Result<void> add(std::uint64_t sequence, std::string_view document, std::int64_t now);
  /// The document as it was added; a damaged one is invalid.
  Result<std::string> read(std::uint64_t sequence) const;
  /// The collector has it: remembers its hashes and that `told_dropped` losses are known there, then forgets
  /// the scan.
  Result<void> acknowledge(std::uint64_t sequence, std::map<std::string, std::string> sections,
                           std::uint64_t told_dropped);
  /// Given up: counted, then forgotten.
  Result<void> drop(std::uint64_t sequence);
  /// The same scan under a number the collector will take.
  Result<void> renumber(std::uint64_t sequence, std::uint64_t to, std::string_view document);
  /// The collector lacks the scan that these were of: the next one travels whole.
  Result<void> forget_sections();

  const Delivered& delivered() const { return delivered_; }

 private:
  explicit Spool(std::string state_folder) : state_folder_(std::move(state_folder)) {}
  std::string path_of(std::uint64_t sequence) const;
  Result<void> load();
  Result<void> load_files();
  Result<void> save() const;
  Result<void> write(std::uint64_t sequence, std::string_view document);
  Result<void> remove(std::uint64_t sequence);

  std::string state_folder_;
  std::map<std::uint64_t, std::uint64_t> sizes_;  // bytes by sequence
  Delivered delivered_;
};

/// Forgets all that waits and all that was acknowledged: for a host that gets a new identity.
Result<void> clear_spool(const std::string& state_folder);

}  // namespace plumbline
