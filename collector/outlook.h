// SPDX-License-Identifier: Apache-2.0
// The readiness clock beside a running collector: too slow for a page, so one thread of low priority runs it, and pages
// show what it last found.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.h"
#include "collector/report/report.h"
#include "rules/clock.h"
#include "rules/fleet_facts.h"

namespace plumbline {

/// A clock that has run, with the rules that its indexes are of. Its hosts carry no verdicts.
struct Outlook {
  std::shared_ptr<const RuleSet> rules;
  Clock clock;
  std::int64_t computed_at = 0;
};
/// Over this many hosts no outlook is made for pages: it takes 3 ms a host and, while it runs, some 4 KB a host.
inline constexpr std::size_t kMostOutlookHosts = 100'000;
/// Runs the clock from a day on, that of the newest scan where none is given. `stopped` is asked now and then; true ends
/// it with an error.
Result<std::shared_ptr<const Outlook>> run_outlook(std::shared_ptr<const RuleSet> rules, const FleetFacts& fleet,
                                                   std::optional<std::int64_t> from = {}, const std::function<bool()>& stopped = {});

/// What to look ahead from.
struct OutlookTask {
  std::shared_ptr<const RuleSet> rules;
  std::size_t hosts = 0;
  std::int64_t change = 0;            // FleetView::change(): equal numbers and rules, equal facts
  std::function<FleetFacts()> facts;  // asked when the work begins; valid until the worker ends
};

struct BackgroundClockOptions {
  std::size_t most_hosts = kMostOutlookHosts;
  double least_seconds_between = 600;
  double rest = 9;                    // seconds of rest for one of work, at least
  int nice = 19;
  std::function<std::int64_t()> clock;  // UTC seconds; empty: the real one
};

/// One thread. It works on what was offered last, once a change and once a day, with rests between; ends within about a
/// second when told, in the middle of its work.
class BackgroundClock {
 public:
  explicit BackgroundClock(BackgroundClockOptions options = {});
  BackgroundClock(const BackgroundClock&) = delete;
  BackgroundClock& operator=(const BackgroundClock&) = delete;
  ~BackgroundClock();
  void stop();
  bool is_stopping() const;
  /// The fleet as it is now. Cheap: may be called at every tick.
  void offer(OutlookTask task);
  /// The last one that was made; nullptr before the first.
  std::shared_ptr<const Outlook> latest() const;
  OutlookState state() const;
  /// Waits until what was offered is worked on or cannot be; for tests. Rests are left out.
  void finish();

 private:
  void work();
  bool is_due() const;
  bool is_done() const;
  void run(OutlookTask task, std::unique_lock<std::mutex>& lock);
  std::int64_t today() const;

  const BackgroundClockOptions options_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  OutlookTask task_;
  std::shared_ptr<const Outlook> latest_;
  std::string done_hash_, problem_;
  std::int64_t done_change_ = -1, done_day_ = -1;
  double next_ = 0;           // of a clock that never jumps, seconds
  bool running_ = false, stopping_ = false, hurried_ = false;
  std::thread thread_;        // last: it uses all of the above
};

}  // namespace plumbline
