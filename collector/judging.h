// SPDX-License-Identifier: Apache-2.0
// From a scan document to what a store keeps, and back to facts that can be judged.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/zstd.h"
#include "collector/store/store.h"
#include "facts/scan.h"
#include "rules/fact_values.h"
#include "rules/judge.h"

namespace plumbline {

/// The scan's facts with the derived ones.
nlohmann::json judgeable_facts(const Scan& scan, const RuleSet& rules);
/// The verdicts of a whole scan (every section with its data).
Judgement judge_scan(const Scan& scan, const RuleSet& rules);
/// Judges a whole scan and makes it ready for the store.
StoredScan judge_for_store(const Scan& scan, const RuleSet& rules, std::int64_t received_at);

/// A rule set with what tells which rules a changed section concerns.
struct IndexedRules {
  explicit IndexedRules(std::shared_ptr<const RuleSet> set) : rules(std::move(set)), index(*rules) {}
  const std::shared_ptr<const RuleSet> rules;
  const RuleIndex index;
};
/// A whole scan and its packed judgement by the rules of that hash.
struct JudgedScan {
  Scan scan;
  std::string rules_hash, judgement;
};
/// The same as above; where the scan before it was judged by the same rules, only those are asked again whose facts changed.
StoredScan judge_for_store(const Scan& scan, const IndexedRules& rules, const JudgedScan* before, std::int64_t received_at);

/// The scan a store kept; its sections' hashes are checked, so damage is an error and never a wrong verdict.
Result<Scan> read_stored(const StoredScan& stored);

/// Judges stored scans, one after the other, and keeps its memory between them. One thread.
class StoredJudge {
 public:
  /// The packed judgement, for rejudge_many(); fails where the scan is gone or damaged.
  Result<std::string> judge(const StoredDocument& stored, const RuleSet& rules);
  /// The name that the last scan gave its host; empty where it gave none, or could not be read.
  const std::string& host_name() const { return host_name_; }

 private:
  std::string host_name_;
  ZstdReader zstd_;
  std::optional<FactReader> reader_;
};
/// The packed judgement of a host whose scan cannot be read: nothing passes, nothing fails.
std::string unknown_judgement(const RuleSet& rules);
/// The name a scan gives its host; empty where it gives none.
std::string host_name_of(const Scan& scan);

}  // namespace plumbline
