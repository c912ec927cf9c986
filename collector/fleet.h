// SPDX-License-Identifier: Apache-2.0
// The latest judgement of every host in memory, kept up by the store's change number, and the assessment made of it.
#pragma once

#include <cstdint>
#include <functional>
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
#include "facts/scan.h"
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
  /// The same, made at most every few seconds and shared: for pages. Keeps the view alive.
  static std::shared_ptr<const ReportInput> shared_input(const std::shared_ptr<const FleetView>& view, std::int64_t now);
  /// The index of a host in assessment().hosts.
  std::optional<std::size_t> find_host(std::string_view id) const;

 private:
  friend class Fleet;
  friend std::shared_ptr<const FleetView> view_of_scans(std::vector<Scan>, std::shared_ptr<const RuleSet>, std::string);
  using LoadFacts = std::function<std::shared_ptr<const nlohmann::json>(std::size_t)>;
  struct LoadedFacts;
  ReportInput make_input(std::int64_t now, std::shared_ptr<LoadedFacts> loaded) const;
  void assess_hosts(std::vector<AssessedHost> hosts);

  std::shared_ptr<const RuleSet> rules_;
  Assessment assessment_;
  std::string json_;
  std::string organisation_;
  std::vector<ScorePoint> history_;
  std::vector<AssessedHost> before_;
  std::size_t silent_ = 0;  // hosts that enrolled and never reported
  std::int64_t change_ = 0;
  LoadFacts load_facts_;
  mutable std::mutex mutex_;  // guards what follows
  mutable std::shared_ptr<const ReportInput> input_;
  mutable std::shared_ptr<LoadedFacts> loaded_;
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
    HostRow row;                         // without its packed judgements
    std::optional<Judgement> judgement;  // nothing before the first scan
    std::optional<Judgement> before;
  };
  Result<bool> read_changes();
  Result<void> take(HostRow row);
  Result<std::optional<Judgement>> judgement_of(const std::string& host_id, std::uint64_t sequence,
                                                const std::string& rules_hash, const std::string& packed);
  Result<std::optional<Judgement>> judge_again(const std::string& host_id, std::uint64_t sequence);
  Result<std::shared_ptr<const FleetView>> make_view();
  Result<void> keep_score(const Assessment& assessment);

  Store& store_;
  std::shared_ptr<const RuleSet> rules_;
  ScoreHistory history_;
  std::mutex refreshing_;                            // held by the one thread that refreshes
  std::unordered_map<std::string, Member> members_;  // under refreshing_
  std::int64_t change_ = -1;                         // under refreshing_
  bool stale_ = false;                               // under refreshing_: the view lacks changes that were read
  mutable std::mutex mutex_;                         // guards what follows
  std::shared_ptr<const FleetView> view_;
  std::vector<std::string> denied_;  // sorted
};

/// The id of a host that was never enrolled: made of its name, so that its scans belong together.
std::string host_id_of_stranger(const Scan& scan);

/// A view of scans without a store, as `assess` makes it: of one host the newest scan counts.
std::shared_ptr<const FleetView> view_of_scans(std::vector<Scan> scans, std::shared_ptr<const RuleSet> rules,
                                               std::string organisation);

}  // namespace plumbline
