// SPDX-License-Identifier: Apache-2.0
// Judges stored scans again in the background when other rules came into force.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "collector/rules_in_force.h"
#include "collector/store/store.h"

namespace plumbline {

/// How far it is. Counted in judgements: a host has one of its latest scan and one of the scan before it, where there is one.
struct RejudgingProgress {
  bool running = false;
  std::string rules_hash, rules_version;   // of the set that is applied, or was applied last
  std::size_t done = 0, total = 0;         // since it began; both 0 where nothing was ever to do
  std::size_t unreadable = 0;              // whose stored scan is gone or damaged: unknown until the host's next scan
  std::int64_t begun_at = 0, ended_at = 0; // UTC seconds; 0: not yet
  double per_second = 0;
  std::optional<std::int64_t> expected_at; // when it will be done, where that can be told
  std::string problem;                     // why it waits; empty where it does not
};

struct RejudgingOptions {
  unsigned threads = 2;
  int nice = 10;               // of its threads: agents and pages come first
  PageLimits page;             // scans in flight, a thread
  int first_pause_ms = 1000;   // before what was judged again by others, or could not be, is tried again; doubles
  int longest_pause_ms = 300'000;
};

/// One thread directs, others judge; all end when it is destroyed, after writing what they have judged. What is left is
/// known by the store (every judgement carries the hash of its rules), so a restart goes on where this one ended.
class Rejudging {
 public:
  Rejudging(Store& store, const RulesInForce& rules, RejudgingOptions options = {});
  Rejudging(const Rejudging&) = delete;
  Rejudging& operator=(const Rejudging&) = delete;
  ~Rejudging();
  /// Ends the threads; what is left stays as it is.
  void stop();
  /// Other rules came into force, or judgements of other rules were seen: look whether there is something to do.
  void wake();
  RejudgingProgress progress() const;
  /// Waits until nothing is left that the rules in force did not judge; for commands and tests.
  void finish();

 private:
  struct Pass;
  struct Group;
  enum class Outcome { done, again };
  void direct();
  bool wait_for_work();
  void pause();
  Outcome run_pass(const std::shared_ptr<const RuleSet>& rules, bool first);
  bool walk(const std::shared_ptr<const RuleSet>& rules, Which which);
  Result<void> work(Pass& pass, Which which);
  Result<std::vector<StoredDocument>> next_page(Pass& pass, Which which);
  void add(Pass& pass, const StoredDocument& stored, Group& group);
  Result<void> write(Pass& pass, Group& group);
  bool superseded(const Pass& pass) const;
  void begin(const RuleSet& rules, std::size_t total);
  void end(const std::string& problem);

  Store& store_;
  const RulesInForce& rules_;
  const RejudgingOptions options_;
  mutable std::mutex mutex_;                          // guards what follows
  std::condition_variable changed_;
  RejudgingProgress progress_;
  double begun_ = 0, ended_ = 0;                      // of a clock that never jumps, seconds
  bool woken_ = true, stopping_ = false, idle_ = false;
  std::string last_hash_;                             // of the last pass; this and the next two are the director's alone
  int pause_ms_ = 0;
  double worked_at_ = 0;
  std::thread director_;                              // last: it uses all of the above
};

}  // namespace plumbline
