// SPDX-License-Identifier: Apache-2.0
// Walks the store by host, page by page, and writes verdicts in groups.
#include "collector/rejudging.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>

#include "base/log.h"
#include "base/time.h"
#include "collector/judging.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostUnreadableTold = 5;  // by name in the log, a pass; then they are only counted
constexpr double kLeastSecondsToTellRate = 0.2;

double monotonic_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void be_nice(int nice) {
  // On Linux a thread has a priority of its own, named by its id.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), nice);
}

}  // namespace

// One walk over all hosts with one rule set; shared by the threads that work on it.
struct Rejudging::Pass {
  explicit Pass(std::shared_ptr<const RuleSet> applied) : rules(std::move(applied)) {}

  const std::shared_ptr<const RuleSet> rules;
  std::mutex reading;  // held while a page is read: pages follow each other
  std::string after;   // under reading
  std::atomic<std::size_t> told{0};
  std::mutex error_mutex;
  std::string error;   // under error_mutex
  std::atomic<bool> failed{false};
};

// What one thread judges with, and its judgements that wait to be written together.
struct Rejudging::Group {
  StoredJudge judge;
  std::vector<Rejudged> judgements;
  std::size_t unreadable = 0;
};

Rejudging::Rejudging(Store& store, const RulesInForce& rules, RejudgingOptions options)
    : store_(store), rules_(rules), options_(options), director_([this] { direct(); }) {}

Rejudging::~Rejudging() { stop(); }

void Rejudging::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (director_.joinable()) director_.join();
}

void Rejudging::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    idle_ = false;
  }
  changed_.notify_all();
}

void Rejudging::finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return idle_ || stopping_; });
}

RejudgingProgress Rejudging::progress() const {
  const std::lock_guard lock(mutex_);
  RejudgingProgress progress = progress_;
  const double took = (progress.running ? monotonic_seconds() : ended_) - begun_;
  if (took >= kLeastSecondsToTellRate) progress.per_second = static_cast<double>(progress.done) / took;
  if (progress.running && progress.problem.empty() && progress.per_second > 0 && progress.total >= progress.done)
    progress.expected_at = now_seconds() + static_cast<std::int64_t>(std::ceil(static_cast<double>(progress.total - progress.done) / progress.per_second));
  return progress;
}

bool Rejudging::superseded(const Pass& pass) const {
  if (rules_.rules() != pass.rules) return true;
  const std::lock_guard lock(mutex_);
  return stopping_;
}

// False where it is time to end.
bool Rejudging::wait_for_work() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return woken_ || stopping_; });
  woken_ = false;
  return !stopping_;
}

// Before the same rules go over the store once more: for a scan that was on its way when they came into force, for what
// another collector judged with other rules, for a store that failed. Ends early where other rules come.
void Rejudging::pause() {
  pause_ms_ = std::min(pause_ms_ == 0 ? options_.first_pause_ms : 2 * pause_ms_, options_.longest_pause_ms);
  std::unique_lock lock(mutex_);
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(pause_ms_);
  changed_.wait_until(lock, until, [&] { return stopping_ || rules_.rules()->hash != last_hash_; });
}

void Rejudging::direct() {
  be_nice(options_.nice);
  while (wait_for_work()) {
    for (Outcome outcome = Outcome::again; outcome != Outcome::done;) {
      const auto rules = rules_.rules();
      const bool other = rules->hash != last_hash_;
      if (other || monotonic_seconds() - worked_at_ > 2e-3 * options_.longest_pause_ms) pause_ms_ = 0;
      last_hash_ = rules->hash;
      outcome = run_pass(rules, other);
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    {
      const std::lock_guard lock(mutex_);
      idle_ = !woken_;
    }
    changed_.notify_all();
  }
}

void Rejudging::begin(const RuleSet& rules, std::size_t total) {
  const std::lock_guard lock(mutex_);
  // The same rules once more, for what is left: one progress, not two.
  if (progress_.running && progress_.rules_hash == rules.hash) {
    progress_.total = std::max(progress_.total, progress_.done + total);
    progress_.problem.clear();
    return;
  }
  progress_ = {};
  progress_.running = true;
  progress_.rules_hash = rules.hash;
  progress_.rules_version = rules.version;
  progress_.total = total;
  progress_.begun_at = now_seconds();
  begun_ = monotonic_seconds();
}

void Rejudging::end(const std::string& problem) {
  const std::lock_guard lock(mutex_);
  if (!problem.empty()) {
    if (progress_.problem.empty()) log_error("judging again: " + problem + "; it is tried again until it succeeds");
    if (!progress_.running) {
      progress_ = {};
      progress_.running = true;
      progress_.begun_at = now_seconds();
      begun_ = monotonic_seconds();
    }
    progress_.problem = problem;
    return;
  }
  if (!progress_.running) return;
  progress_.running = false;
  progress_.problem.clear();
  progress_.ended_at = now_seconds();
  ended_ = monotonic_seconds();
  log_info("judging again: " + std::to_string(progress_.done) + " judgements with rules " + progress_.rules_version +
           (progress_.unreadable > 0 ? "; " + std::to_string(progress_.unreadable) + " stored scans could not be read" : std::string()));
}

Rejudging::Outcome Rejudging::run_pass(const std::shared_ptr<const RuleSet>& rules, bool first) {
  const auto left = store_.count_to_rejudge(rules->hash);
  if (left && *left == 0) return end({}), Outcome::done;
  if (left) begin(*rules, *left);
  else end(left.error().message);
  if (!first) pause();
  if (!left || rules_.rules() != rules) return Outcome::again;
  for (const Which which : {Which::latest, Which::previous})
    if (!walk(rules, which)) return Outcome::again;
  worked_at_ = monotonic_seconds();
  const auto missed = store_.count_to_rejudge(rules->hash);
  if (!missed || *missed > 0) return Outcome::again;
  return end({}), Outcome::done;
}

// False where it did not come to its end.
bool Rejudging::walk(const std::shared_ptr<const RuleSet>& rules, Which which) {
  Pass pass(rules);
  const auto run = [&] {
    be_nice(options_.nice);
    const auto worked = work(pass, which);
    if (worked) return;
    const std::lock_guard lock(pass.error_mutex);
    pass.error = worked.error().message;
    pass.failed = true;
  };
  std::vector<std::thread> others;
  for (unsigned i = 1; i < options_.threads; ++i) others.emplace_back(run);
  run();
  for (std::thread& other : others) other.join();
  if (pass.failed) end(pass.error);
  return !pass.failed && !superseded(pass);
}

Result<void> Rejudging::write(Pass& pass, Group& group) {
  // Other rules in force: their own pass will judge these hosts, and must have the last word.
  if (group.judgements.empty() || rules_.rules() != pass.rules) return {};
  if (auto written = store_.rejudge_many(pass.rules->hash, group.judgements); !written) return written;
  const std::lock_guard lock(mutex_);
  progress_.done += group.judgements.size();
  progress_.unreadable += group.unreadable;
  group.judgements.clear();
  group.unreadable = 0;
  return {};
}

void Rejudging::add(Pass& pass, const StoredDocument& stored, Group& group) {
  auto judgement = group.judge.judge(stored, *pass.rules);
  if (!judgement) {
    ++group.unreadable;
    if (pass.told++ < kMostUnreadableTold) log_error(judgement.error().message + "; its verdicts are unknown until its next scan");
  }
  group.judgements.push_back({stored.host_id, stored.sequence, judgement ? std::move(*judgement) : unknown_judgement(*pass.rules)});
}

Result<std::vector<StoredDocument>> Rejudging::next_page(Pass& pass, Which which) {
  const std::lock_guard lock(pass.reading);
  auto page = store_.scans_to_rejudge(pass.rules->hash, which, pass.after, options_.page);
  if (page && !page->empty()) pass.after = page->back().host_id;
  return page;
}

Result<void> Rejudging::work(Pass& pass, Which which) {
  Group group;
  while (!pass.failed && !superseded(pass)) {
    const auto page = next_page(pass, which);
    if (!page) return tl::unexpected(page.error());
    if (page->empty()) break;
    for (const StoredDocument& stored : *page) {
      add(pass, stored, group);
      if (group.judgements.size() < kMostRejudged) continue;
      if (auto written = write(pass, group); !written) return written;
    }
  }
  return write(pass, group);
}

}  // namespace plumbline
