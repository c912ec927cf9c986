// SPDX-License-Identifier: Apache-2.0
#include "agent/delivery/commands.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "agent/delivery/deliver.h"
#include "agent/delivery/identity.h"
#include "agent/delivery/spool.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"
#include "base/time.h"

namespace plumbline {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

constexpr std::int64_t kJitterPercent = 10;
constexpr std::int64_t kFirstRetrySeconds = 1;
constexpr std::int64_t kLongestRetrySeconds = 15 * 60;
constexpr std::int64_t kRenewalCheckSeconds = 10 * 60;

/// Uniform in [0, most].
std::int64_t random_up_to(std::int64_t most) {
  std::uint64_t number = 0;
  const std::string bytes = random_bytes(sizeof number);
  std::memcpy(&number, bytes.data(), sizeof number);
  return static_cast<std::int64_t>(number %
                                   (static_cast<std::uint64_t>(std::max<std::int64_t>(0, most)) + 1));
}

std::int64_t with_jitter(std::int64_t interval) {
  const std::int64_t spread = interval * kJitterPercent / 100;
  return interval - spread + random_up_to(2 * spread);
}

/// Full jitter: anywhere up to a bound that doubles with every failure.
seconds retry_delay(int failures, long asked_seconds) {
  const std::int64_t bound = std::min(kLongestRetrySeconds, kFirstRetrySeconds << std::min(failures, 20));
  return seconds(std::max<std::int64_t>(asked_seconds, 0) + std::max<std::int64_t>(1, random_up_to(bound)));
}

std::string scans_in_words(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " scan" : " scans");
}

Result<void> spool_scan(Spool& spool, const AgentIdentity& identity, const TakeScan& take_scan) {
  auto scan = take_scan();
  if (!scan) return tl::unexpected(scan.error());
  scan->host_id = identity.host_id;
  scan->sequence = spool.next_sequence();
  hash_sections(*scan);
  return spool.add(scan->sequence, to_json(*scan), now_seconds());
}

SendOutcome outcome_of(const DeliveryEnd& end, std::size_t kept, const std::string& url) {
  SendOutcome outcome{end.delivered, kept, {}};
  if (end.delivered > 0) outcome.message = "delivered " + scans_in_words(end.delivered) + " to " + url;
  if (kept == 0) return outcome;
  if (!outcome.message.empty()) outcome.message += "; ";
  outcome.message += end.trouble + "; " + scans_in_words(kept) + (kept == 1 ? " is" : " are") +
                     " kept in the spool and delivered when it returns (by the service, or by the next: "
                     "plumbline-agent send)";
  return outcome;
}

/// SIGTERM and SIGINT wait here instead of ending the program, so that nothing is cut in the middle.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set_, &before_);
  }
  ~StopSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  bool arrived() const {
    sigset_t pending;
    return sigpending(&pending) == 0 &&
           (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1);
  }
  /// True: a signal came. False: the time is up.
  bool wait_until(Clock::time_point when) const {
    for (;;) {
      const auto left = std::max<std::int64_t>(
          0, std::chrono::duration_cast<std::chrono::milliseconds>(when - Clock::now()).count());
      timespec time{};
      time.tv_sec = static_cast<time_t>(left / 1000);
      time.tv_nsec = static_cast<long>(left % 1000) * 1'000'000;
      if (sigtimedwait(&set_, nullptr, &time) > 0) return true;
      if (errno == EAGAIN) return false;
    }
  }

 private:
  sigset_t set_{}, before_{};
};

/// The service's memory between its rounds.
class Service {
 public:
  Service(const ServiceOptions& options, const TakeScan& take_scan, const StopSignals& signals)
      : options_(options), take_scan_(take_scan), signals_(signals) {}

  void run(AgentIdentity identity) {
    plan_first_scan();
    do round(identity);
    while (!signals_.wait_until(next_wake()));
  }

 private:
  /// After a restart the last scan still counts: a service that is restarted often does not scan more often.
  void plan_first_scan() {
    const auto spool = Spool::open(options_.state_folder);
    const std::int64_t since =
        spool ? now_seconds() - spool->delivered().scanned_at : options_.interval_seconds;
    if (since < 0 || since >= options_.interval_seconds) return;
    next_scan_ = Clock::now() + seconds(options_.interval_seconds - since);
  }

  Clock::time_point next_wake() const {
    return std::min({next_scan_, waiting_ ? next_delivery_ : Clock::time_point::max(),
                     Clock::now() + seconds(kRenewalCheckSeconds)});
  }

  void round(AgentIdentity& identity) {
    const auto lock = StateLock::take(options_.state_folder);
    if (!lock) return tell(lock.error().message);
    if (auto fresh = load_identity(options_.state_folder))
      identity = std::move(*fresh);  // enrolled anew meanwhile
    auto spool = Spool::open(options_.state_folder);
    if (!spool) {
      next_scan_ = Clock::now() + retry_delay(++failures_, 60);
      return tell(spool.error().message);
    }
    if (Clock::now() >= next_scan_) scan(*spool, identity);
    const auto due = renewal_due(identity, now_seconds());
    const bool anything = !spool->sequences().empty() || (due && *due);
    if (anything && Clock::now() >= next_delivery_ && !signals_.arrived()) hand_over(*spool, identity);
    waiting_ = !spool->sequences().empty();
  }

  void scan(Spool& spool, const AgentIdentity& identity) {
    next_scan_ = Clock::now() + seconds(with_jitter(options_.interval_seconds));
    if (auto spooled = spool_scan(spool, identity, take_scan_); !spooled)
      tell("scan: " + spooled.error().message);
  }

  void hand_over(Spool& spool, AgentIdentity& identity) {
    const auto end = deliver(options_.state_folder, identity, spool, [this] { return signals_.arrived(); });
    const std::string trouble = end ? end->trouble : end.error().message;
    if (end && end->delivered > 0) log_info("delivered " + scans_in_words(end->delivered));
    if (trouble.empty()) {
      failures_ = 0;
      told_.clear();
      next_delivery_ = Clock::now();
      return;
    }
    next_delivery_ = Clock::now() + retry_delay(++failures_, end ? end->retry_after_seconds : 0);
    if (!signals_.arrived()) tell(trouble);
  }

  /// Each trouble once, not every time it is met again.
  void tell(const std::string& trouble) {
    if (trouble == told_) return;
    told_ = trouble;
    log_warning(trouble);
  }

  const ServiceOptions& options_;
  const TakeScan& take_scan_;
  const StopSignals& signals_;
  Clock::time_point next_scan_ = Clock::now(), next_delivery_ = Clock::now();
  bool waiting_ = false;
  int failures_ = 0;
  std::string told_;
};

}  // namespace

std::string default_agent_state() {
  if (::geteuid() == 0) return "/var/lib/plumbline-agent";
  if (const char* state = std::getenv("XDG_STATE_HOME"); state && *state == '/')
    return std::string(state) + "/plumbline-agent";
  const char* home = std::getenv("HOME");
  return (home && *home ? std::string(home) : std::string(".")) + "/.local/state/plumbline-agent";
}

Result<SendOutcome> send_once(const std::string& state_folder, const TakeScan& take_scan) {
  // Looked for first: without it there is no folder to lock either, and the message says how to enrol.
  if (const auto enrolled = load_identity(state_folder); !enrolled) return tl::unexpected(enrolled.error());
  const auto lock = StateLock::take(state_folder);
  if (!lock) return tl::unexpected(lock.error());
  auto identity = load_identity(state_folder);
  if (!identity) return tl::unexpected(identity.error());
  auto spool = Spool::open(state_folder);
  if (!spool) return tl::unexpected(spool.error());
  if (auto spooled = spool_scan(*spool, *identity, take_scan); !spooled)
    return tl::unexpected(spooled.error());
  const auto end = deliver(state_folder, *identity, *spool, {});
  if (!end) return tl::unexpected(end.error());
  return outcome_of(*end, spool->sequences().size(), identity->collector_url);
}

Result<void> run_service(const ServiceOptions& options, const TakeScan& take_scan) {
  if (options.interval_seconds < 10) return fail(ErrorKind::invalid, "interval: at least 10 seconds");
  auto identity = load_identity(options.state_folder);
  if (!identity) return tl::unexpected(identity.error());
  if (const auto lock = StateLock::take(options.state_folder); !lock) return tl::unexpected(lock.error());
  const StopSignals signals;
  log_info("host " + identity->host_id + " reports to " + identity->collector_url + " about every " +
           std::to_string(options.interval_seconds / 60) + " min");
  Service(options, take_scan, signals).run(std::move(*identity));
  log_info("stopped");
  return {};
}

}  // namespace plumbline
