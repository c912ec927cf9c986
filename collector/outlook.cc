// SPDX-License-Identifier: Apache-2.0
// Runs the readiness clock in the background, now and then.
#include "collector/outlook.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "base/log.h"
#include "base/time.h"

namespace plumbline {
namespace {

constexpr std::int64_t kDaySeconds = 86'400;
constexpr double kMostWaitSeconds = 60;  // so that midnight is noticed

double monotonic_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

Result<std::shared_ptr<const Outlook>> run_outlook(std::shared_ptr<const RuleSet> rules, const FleetFacts& fleet,
                                                   std::optional<std::int64_t> from, const std::function<bool()>& stopped) {
  ClockOptions options;
  options.from = from;
  options.verdicts = false;
  options.stopped = stopped;
  auto clock = run_clock(*rules, RuleIndex(*rules), fleet, options);
  if (!clock) return tl::unexpected(clock.error());
  return std::make_shared<const Outlook>(Outlook{std::move(rules), std::move(*clock), now_seconds()});
}

BackgroundClock::BackgroundClock(BackgroundClockOptions options) : options_(std::move(options)), thread_([this] { work(); }) {}

BackgroundClock::~BackgroundClock() { stop(); }

void BackgroundClock::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool BackgroundClock::is_stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void BackgroundClock::offer(OutlookTask task) {
  {
    const std::lock_guard lock(mutex_);
    if (task_.rules == task.rules && task_.change == task.change) return;
    task_ = std::move(task);
  }
  changed_.notify_all();
}

std::shared_ptr<const Outlook> BackgroundClock::latest() const {
  const std::lock_guard lock(mutex_);
  return latest_;
}

OutlookState BackgroundClock::state() const {
  const std::lock_guard lock(mutex_);
  OutlookState state{latest_ ? latest_->computed_at : 0, running_, problem_};
  return state;
}

std::int64_t BackgroundClock::today() const { return (options_.clock ? options_.clock() : now_seconds()) / kDaySeconds * kDaySeconds; }

// Under the lock: whether what was offered needs no work.
bool BackgroundClock::is_done() const {
  return task_.rules == nullptr || task_.hosts == 0 || (task_.rules->hash == done_hash_ && task_.change == done_change_ && today() == done_day_);
}

// Other rules do not wait: until they are worked on there is nothing to show.
bool BackgroundClock::is_due() const {
  return !is_done() && (hurried_ || task_.rules->hash != done_hash_ || monotonic_seconds() >= next_);
}

void BackgroundClock::finish() {
  std::unique_lock lock(mutex_);
  hurried_ = true;
  changed_.notify_all();
  changed_.wait(lock, [&] { return stopping_ || (!running_ && is_done()); });
  hurried_ = false;
}

void BackgroundClock::work() {
  // On Linux a thread has a priority of its own, named by its id.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), options_.nice);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (is_due()) {
      run(task_, lock);
      continue;
    }
    const double rest = is_done() ? kMostWaitSeconds : std::min(kMostWaitSeconds, next_ - monotonic_seconds());
    changed_.wait_for(lock, std::chrono::duration<double>(std::max(0.001, rest)));
  }
}

// Under the lock, which is let go while the clock runs.
void BackgroundClock::run(OutlookTask task, std::unique_lock<std::mutex>& lock) {
  running_ = true;
  const std::int64_t day = today();
  lock.unlock();
  const double begun = monotonic_seconds();
  Result<std::shared_ptr<const Outlook>> made;
  try {
    if (task.hosts > options_.most_hosts) {
      made = fail(ErrorKind::limit, "with more than " + std::to_string(options_.most_hosts) + " hosts it is not computed here; use the command: plumbline-collector clock");
    } else {
      const FleetFacts facts = std::exchange(task.facts, nullptr)();  // what they come from need not be kept
      made = run_outlook(task.rules, facts, day, [this] { return is_stopping(); });
    }
  } catch (const std::exception& error) {  // memory; of a library
    made = fail(ErrorKind::io, error.what());
  }
  const double ended = monotonic_seconds();
  lock.lock();
  running_ = false;
  if (!stopping_ && !made && problem_ != made.error().message) log_warning("outlook: " + made.error().message);
  problem_ = made ? std::string() : made.error().message;
  if (made) latest_ = std::move(*made);
  done_hash_ = task.rules->hash;
  done_change_ = task.change;
  done_day_ = day;
  next_ = ended + std::max(options_.least_seconds_between, options_.rest * (ended - begun));
  changed_.notify_all();
}

}  // namespace plumbline
