// SPDX-License-Identifier: Apache-2.0
// The latest judgement of every host in memory, kept up by the store's change number, and the assessment made of it.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "collector/report/report.h"
#include "collector/store/store.h"
#include "rules/assessment.h"

namespace plumbline {

/// The fleet at one moment: immutable, shared by readers, alive as long as somebody holds it.
class FleetView {
 public:
  const RuleSet& rules() const { return *rules_; }
  const Assessment& assessment() const { return assessment_; }
  /// The assessment as canonical JSON: what `score --json` and the API give.
  const std::string& json() const { return json_; }
  /// The store's change number this was made at: equal numbers, equal views. Good as an ETag.
  std::int64_t change() const { return change_; }
  /// What every page and report needs. Facts of hosts are read from the store on demand and stay valid as long as
  /// the returned value; `now` is for ages, 0 means the moment of the newest scan (repeatable files).
  ReportInput report_input(std::int64_t now) const;
  /// The index of a host in assessment().hosts.
  std::optional<std::size_t> find_host(std::string_view id) const;

 private:
  friend class Fleet;
  friend class ScanFleet;
  std::shared_ptr<const RuleSet> rules_;
  Assessment assessment_;
  std::string json_;
  std::string organisation_;
  std::vector<ScorePoint> history_;
  std::vector<AssessedHost> before_;
  std::int64_t change_ = 0;
  std::function<std::shared_ptr<const nlohmann::json>(std::size_t)> load_facts_;
};

/// Whether the score's history is written (the server) or only read (commands beside it).
enum class ScoreHistory { keep, read };

class Fleet {
 public:
  Fleet(Store& store, std::shared_ptr<const RuleSet> rules, ScoreHistory history);
  /// Reads what changed in the store, judges again what was judged by other rules, and makes a new view where
  /// anything changed. Safe from several threads; one works, the others wait.
  Result<std::shared_ptr<const FleetView>> refresh();
  /// The view of the last refresh; nullptr before the first.
  std::shared_ptr<const FleetView> latest() const;
  /// Whether a host may not talk to us any more, as of the last refresh.
  bool is_denied(std::string_view host_id) const;
  /// Every denied host, as of the last refresh.
  std::vector<std::string> denied() const;

 private:
  struct Member {
    HostRow row;
    Judgement judgement;
    std::optional<Judgement> before;
  };
  Result<bool> read_changes();
  Result<void> judge_again(Member& member);
  Result<std::shared_ptr<const FleetView>> make_view();
  Result<void> keep_score(const Assessment& assessment);

  Store& store_;
  std::shared_ptr<const RuleSet> rules_;
  ScoreHistory history_;
  std::mutex refreshing_;                            // held by the one thread that refreshes
  std::unordered_map<std::string, Member> members_;  // under refreshing_
  std::int64_t change_ = -1;                         // under refreshing_
  mutable std::mutex mutex_;                         // guards what follows
  std::shared_ptr<const FleetView> view_;
  std::unordered_map<std::string, bool> denied_;
};

/// A scan document's facts with the derived ones, ready to be judged.
nlohmann::json judgeable_facts(const Scan& scan, const RuleSet& rules);

/// A view of scans without a store, as `assess` makes it: of one host the newest scan counts.
std::shared_ptr<const FleetView> view_of_scans(std::vector<Scan> scans, std::shared_ptr<const RuleSet> rules,
                                               std::string organisation);

}  // namespace plumbline
