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
#include "collector/current_decisions.h"
#include "collector/judging.h"
#include "collector/outlook.h"
#include "collector/report/report.h"
#include "collector/rules_in_force.h"
#include "collector/store/store.h"
#include "facts/scan.h"
#include "rules/assessment.h"
#include "rules/fleet_facts.h"
#include "rules/score_change.h"

namespace plumbline {

/// The fleet at one moment: immutable, shared by readers, alive as long as somebody holds it.
class FleetView {
 public:
  const RuleSet& rules() const { return *rules_; }
  const std::shared_ptr<const RuleSet>& shared_rules() const { return rules_; }
  const Assessment& assessment() const { return assessment_; }
  /// The assessment as canonical JSON: what `score --json` and the API give.
  const std::string& json() const { return json_; }
  /// The store's change number this was made at: equal numbers, equal views. Good as an ETag.
  std::int64_t change() const { return change_; }
  /// Hosts that sent a scan which these rules have not judged yet: they are in no figure of this view.
  std::size_t waiting() const { return waiting_; }
  /// What every page and report needs. Facts of hosts are read from the store on demand and stay valid as long as
  /// the returned value; `now` is for ages, 0 means the moment of the newest scan (repeatable files).
  ReportInput report_input(std::int64_t now) const;
  /// The same, made at most every few seconds and shared: for pages. Keeps the view alive.
  static std::shared_ptr<const ReportInput> shared_input(const std::shared_ptr<const FleetView>& view, std::int64_t now);
  /// The index of a host in assessment().hosts.
  std::optional<std::size_t> find_host(std::string_view id) const;
  /// The same hosts with their scan documents, for questions about other facts and other days. Valid as long as the store,
  /// without the view.
  FleetFacts facts() const { return {assessment_.hosts, load_document_}; }
  /// What pages and reports show from now on of what becomes of the fleet if nothing is done. Left out where it is of
  /// other rules than the view.
  void show_outlook(std::shared_ptr<const Outlook> outlook, OutlookState state) const;

 private:
  friend class Fleet;
  friend std::shared_ptr<const FleetView> view_of_scans(std::vector<Scan>, std::shared_ptr<const RuleSet>, std::string);
  friend Result<std::shared_ptr<const FleetView>> view_as_of(Store&, std::shared_ptr<const RuleSet>, std::int64_t);
  using LoadFacts = std::function<std::shared_ptr<const nlohmann::json>(std::size_t)>;
  using LoadDocument = std::function<Result<std::string>(std::size_t)>;
  struct LoadedFacts;
  // A host's score, made when somebody asks and kept as long as its judgement.
  struct LazyScore {
    std::once_flag once;
    HostScore score;
  };
  ReportInput make_input(std::int64_t now, std::shared_ptr<LoadedFacts> loaded) const;
  void add_outlook(ReportInput& input) const;
  void add_since_review(ReportInput& input) const;
  void read_from(Store& store, std::vector<std::pair<std::string, std::uint64_t>> scans);
  void assess_hosts(std::vector<AssessedHost> hosts);

  std::shared_ptr<const RuleSet> rules_;
  Assessment assessment_;
  std::string json_;
  std::string organisation_;
  std::vector<ScorePoint> history_;
  std::vector<AssessedHost> before_;
  std::size_t silent_ = 0;   // hosts that enrolled and never reported
  std::size_t waiting_ = 0;  // hosts whose scan these rules have not judged
  std::int64_t change_ = 0;
  LoadFacts load_facts_;
  LoadDocument load_document_;
  std::shared_ptr<CurrentDecisions> decisions_;     // nullptr without a store
  std::shared_ptr<const Questionnaire> questionnaire_;  // nullptr where nobody gave one
  std::vector<std::uint64_t> sequences_;            // by host; empty without a store
  std::vector<std::shared_ptr<LazyScore>> scores_;  // by host; empty without a store
  mutable std::mutex mutex_;  // guards what follows
  mutable std::shared_ptr<const Outlook> outlook_;
  mutable OutlookState outlook_state_;
  mutable std::shared_ptr<const ReportInput> input_;
  mutable std::shared_ptr<const Decisions> reviewed_;         // that since_review_ is of
  mutable std::shared_ptr<const SinceReview> since_review_;
  mutable std::shared_ptr<LoadedFacts> loaded_;
};

/// Whether the score's history is written (the server) or only read (commands beside it).
enum class ScoreHistory { keep, read };

/// A fleet shows judgements of one rule set, never of two. The commands' fleet judges what other rules have judged while it
/// reads. The server's fleet only reads: while other rules are applied in the background it goes on showing the judgements
/// of the set before, and turns to the new set when every host is judged by it. After a restart there is no set before:
/// then hosts that wait are left out and counted, and come in as they are judged.
class Fleet {
 public:
  /// A fleet that changes all the time would keep a point every second: after so many at once one in five minutes.
  static constexpr int kPointsAtOnce = 24;
  static constexpr std::int64_t kSecondsAPoint = 300;

  /// Of a command.
  Fleet(Store& store, std::shared_ptr<const RuleSet> rules, ScoreHistory history);
  /// Of the server; keeps the score's history. `rules` must outlive it.
  Fleet(Store& store, const RulesInForce& rules);
  /// The questions that reports show answers to; before the first refresh.
  void ask(std::shared_ptr<const Questionnaire> questionnaire) { questionnaire_ = std::move(questionnaire); }
  /// Reads what changed in the store and makes a new view where anything shown changed. Safe from several threads; one
  /// works, the others wait.
  Result<std::shared_ptr<const FleetView>> refresh();
  /// The view of the last refresh; nullptr before the first.
  std::shared_ptr<const FleetView> latest() const;
  /// Whether a host may not talk to us any more, as of the last refresh.
  bool is_denied(std::string_view host_id) const;
  /// Every denied host, as of the last refresh.
  std::vector<std::string> denied() const;
  /// Hosts whose judgements are not of the rules in force, as of the last refresh; always 0 of a command's fleet.
  std::size_t to_rejudge() const;

 private:
  // What is shown of a host: a scan with its judgement.
  struct Shown {
    std::uint64_t sequence = 0;
    std::int64_t taken_at = 0;
    Judgement judgement;
    std::shared_ptr<FleetView::LazyScore> score = std::make_shared<FleetView::LazyScore>();
  };
  struct Member {
    HostRow row;                 // of the store, without its packed judgements
    std::optional<Shown> shown;  // nothing before the first judgement by the rules that are shown
    std::optional<Judgement> before;
  };
  Result<bool> read_changes();
  Result<bool> take(HostRow row);
  Result<void> show(Member& member, const HostRow& row);
  Result<Judgement> judgement_of(const std::string& host_id, std::uint64_t sequence, const std::string& rules_hash,
                                 const std::string& packed);
  Result<StoredDocument> stored_document(const std::string& host_id, std::uint64_t sequence);
  Result<Judgement> judge_again(const std::string& host_id, std::uint64_t sequence);
  bool is_other(const HostRow& row) const;
  void follow_rules();
  bool turn();
  std::size_t waiting() const;  // hosts with a scan and without a judgement to show
  Result<std::shared_ptr<const FleetView>> make_view();
  std::optional<ScoreChange> change_since_point(const FleetView& view);
  std::optional<ScoreChange> change_by_turning(const FleetView& was, const FleetView& is);
  Result<void> keep_score(const Assessment& assessment, std::optional<ScoreChange>& since);
  bool may_keep_point();
  Result<void> read_history();

  Store& store_;
  const RulesInForce* in_force_ = nullptr;           // of the server alone
  ScoreHistory history_;
  std::mutex refreshing_;                            // held by the one thread that refreshes
  std::shared_ptr<const RuleSet> rules_;             // under refreshing_: those that are shown
  std::shared_ptr<const RuleSet> coming_;            // under refreshing_: those in force; the same, mostly
  StoredJudge judge_;                                // under refreshing_
  std::shared_ptr<CurrentDecisions> decisions_;
  std::shared_ptr<const Questionnaire> questionnaire_;
  std::unordered_map<std::string, Member> members_;  // under refreshing_
  std::size_t others_ = 0;                           // under refreshing_: members that coming_ has not judged
  bool whole_ = false;                               // under refreshing_: rules_ had judged every host at some time
  std::int64_t change_ = -1;                         // under refreshing_
  bool stale_ = false;                               // under refreshing_: the view lacks changes that were read
  // Under refreshing_: what the score of the view differs by from its last kept point, and why; nothing where that is not
  // known, as after a start.
  std::optional<ScoreChange> since_point_;
  // Under refreshing_: points may be kept one after the other, then only now and then; what waits has its causes added up.
  double points_left_ = kPointsAtOnce;
  std::int64_t points_counted_at_ = 0;
  bool point_waits_ = false;
  std::vector<ScorePoint> points_;  // under refreshing_: as views show them
  mutable std::mutex mutex_;                         // guards what follows
  std::shared_ptr<const FleetView> view_;
  std::vector<std::string> denied_;  // sorted
  std::size_t to_rejudge_ = 0;
};

/// The history as it is shown: each change of the last two days, before that the last of each day (UTC) with the causes of
/// that day added up; at most so many days. Oldest first, as it comes.
inline constexpr std::size_t kMostHistoryDays = 400;
std::vector<ScorePoint> thinned_by_day(const std::vector<ScorePoint>& history, std::int64_t now);

/// The id of a host that was never enrolled: made of its name, so that its scans belong together.
std::string host_id_of_stranger(const Scan& scan);

/// A view of scans without a store, as `assess` makes it: of one host the newest scan counts.
std::shared_ptr<const FleetView> view_of_scans(std::vector<Scan> scans, std::shared_ptr<const RuleSet> rules,
                                               std::string organisation);

/// The fleet as the store had it at a moment, judged by any rules: of each host the newest scan that had been received by
/// then. Documents are read page by page and not kept. Its history ends at that moment; nothing is written.
Result<std::shared_ptr<const FleetView>> view_as_of(Store& store, std::shared_ptr<const RuleSet> rules, std::int64_t moment);

}  // namespace plumbline
