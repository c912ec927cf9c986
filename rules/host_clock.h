// SPDX-License-Identifier: Apache-2.0
// One host's facts carried from day to day.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rules/clock.h"
#include "rules/fact_record.h"

namespace plumbline {

/// Holds pointers into a document with derived facts, as of the day of its scan, and moves that document on. The document
/// must outlive it, and nobody else may write it.
class HostClock {
 public:
  HostClock(cel::Document& facts, const RuleSet& rules, const RuleIndex& index, std::int64_t scan_day);

  /// Whether the date changes anything at all.
  bool is_dated() const { return !groups_.empty() || certificates_.has_value(); }
  /// Whether certificates could not be told on a day that was moved to.
  bool certificates_unclear() const { return unclear_; }
  /// To a later day (days since 1970). The result is what judge() gives then; `before` is what it gave on the last day.
  Judgement move_to(std::int64_t day, const Judgement& before);
  /// What made this rule turn on the day of the last move.
  std::vector<ClockCause> causes_of(const Rule& rule, Verdict was, Verdict is);
  /// Products without an end, each once.
  std::vector<std::pair<std::string, std::string>> undated() const { return undated_; }

 private:
  // Cells that one product's end moves.
  struct Group {
    std::string product, version;
    std::int64_t ends = 0;           // day
    std::vector<cel::Cell*> days;    // those that count the days that are left
    std::vector<cel::Cell*> cells;   // all that its end moves, those of `days` among them
    std::vector<cel::Cell> before;   // of the day before the last move
  };
  void add_store(const FactRecord& instance, bool os_has_end);
  void add_group(const FactRecord& record, const char* days_left, std::string product, std::string version);
  void read_certificates(const FactRecord& facts);
  void step(std::int64_t day);
  void write_certificates(const CertificateCounts& counts);
  Judgement judge_certificates(const Judgement& before);
  Verdict verdict_with(const Rule& rule, std::size_t group, bool held);

  cel::Document& facts_;
  const RuleSet& rules_;
  const RuleIndex& index_;
  std::int64_t scan_day_, day_;
  std::vector<Group> groups_;
  std::optional<CertificateCounts> certificates_;  // as scanned
  bool certificates_said_ = false;                 // enough is known of them to carry it on
  bool unclear_ = false;
  std::vector<std::pair<std::string, std::string>> undated_;
};

}  // namespace plumbline
