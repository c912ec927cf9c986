// SPDX-License-Identifier: Apache-2.0
#include "agent/delivery/commands.h"

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#include "agent/delivery/child.h"
#include "agent/delivery/deliver.h"
#include "agent/delivery/identity.h"
#include "agent/delivery/spool.h"
#include "base/log.h"
#include "base/text.h"
#include "base/time.h"

namespace plumbline {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t kJitterPercent = 10;
constexpr std::int64_t kFirstRetrySeconds = 1;
constexpr std::int64_t kLongestRetrySeconds = 15 * 60;
constexpr std::int64_t kRenewalCheckSeconds = 10 * 60;
constexpr std::int64_t kDiskRetrySeconds = 60;

/// Uniform in [0, most].
std::int64_t random_up_to(std::int64_t most) {
  std::uint64_t number = 0;  // from the kernel: the process that waits need not load a library for it
  if (::getrandom(&number, sizeof number, 0) != sizeof number) number = static_cast<std::uint64_t>(Clock::now().time_since_epoch().count());
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

/// When what is due next, and what is remembered of troubles: all that the service keeps between its rounds.
struct Schedule {
  Clock::time_point next_scan = Clock::now(), next_delivery = Clock::now();
  bool waiting = false;  // something is in the spool
  int failures = 0;      // in a row
  std::size_t told = 0;  // hash of the trouble that was told last
};
static_assert(std::is_trivially_copyable_v<Schedule>);

std::string to_bytes(const Schedule& schedule) {
  return {reinterpret_cast<const char*>(&schedule), sizeof schedule};
}

/// Of what a child said: these bytes, or an error before its work began.
std::optional<Schedule> read_schedule(const std::string& bytes) {
  if (bytes.size() != sizeof(Schedule)) return std::nullopt;
  Schedule schedule;
  std::memcpy(&schedule, bytes.data(), sizeof schedule);
  return schedule;
}

/// Each trouble once, not every time it is met again.
void tell(Schedule& schedule, const std::string& trouble) {
  const std::size_t hash = std::hash<std::string>()(trouble);
  if (std::exchange(schedule.told, hash) != hash) log_warning(trouble);
}

/// One round of the service, in a child: whatever is due of scanning, delivering and renewing.
class Round {
 public:
  Round(const ServiceOptions& options, const TakeScan& take_scan, const StopSignals& signals, const Schedule& before)
      : options_(options), take_scan_(take_scan), signals_(signals), schedule_(before) {}

  Schedule run() {
    if (auto done = do_what_is_due(); !done) {
      schedule_.next_scan = Clock::now() + retry_delay(++schedule_.failures, kDiskRetrySeconds);
      tell(schedule_, done.error().message);
    }
    return schedule_;
  }

 private:
  Result<void> do_what_is_due() {
    const auto lock = StateLock::take(options_.state_folder);
    if (!lock) return tl::unexpected(lock.error());
    auto identity = load_identity(options_.state_folder);  // anew: this host may be enrolled again meanwhile
    if (!identity) return tl::unexpected(identity.error());
    auto spool = Spool::open(options_.state_folder);
    if (!spool) return tl::unexpected(spool.error());
    if (Clock::now() >= schedule_.next_scan) scan(*spool, *identity);
    const auto due = renewal_due(*identity, now_seconds());
    const bool anything = !spool->sequences().empty() || (due && *due);
    if (anything && Clock::now() >= schedule_.next_delivery && !signals_.arrived()) hand_over(*spool, *identity);
    schedule_.waiting = !spool->sequences().empty();
    return {};
  }

  void scan(Spool& spool, const AgentIdentity& identity) {
    schedule_.next_scan = Clock::now() + seconds(with_jitter(options_.interval_seconds));
    if (auto spooled = spool_scan(spool, identity, take_scan_); !spooled && !signals_.arrived())
      tell(schedule_, "scan: " + spooled.error().message);
  }

  void hand_over(Spool& spool, AgentIdentity& identity) {
    const auto end = deliver(options_.state_folder, identity, spool, [this] { return signals_.arrived(); });
    const std::string trouble = end ? end->trouble : end.error().message;
    if (end && end->delivered > 0) log_info("delivered " + scans_in_words(end->delivered));
    if (trouble.empty()) {
      schedule_.failures = 0;
      schedule_.told = 0;
      schedule_.next_delivery = Clock::now();
      return;
    }
    schedule_.next_delivery = Clock::now() + retry_delay(++schedule_.failures, end ? end->retry_after_seconds : 0);
    if (!signals_.arrived()) tell(schedule_, trouble);
  }

  const ServiceOptions& options_;
  const TakeScan& take_scan_;
  const StopSignals& signals_;
  Schedule schedule_;
};

/// The process that waits. Everything else is done in children, so that it stays small: it loads no TLS library, reads no
/// scan, and a child that crashes costs one round.
class Service {
 public:
  Service(const ServiceOptions& options, const TakeScan& take_scan) : options_(options), take_scan_(take_scan) {}

  Result<void> run() {
    if (auto begun = begin(); !begun) return begun;
    Clock::time_point wake = Clock::now();
    while (!stopped_ && !signals_.wait_until(wake)) {
      const auto before = Clock::now();
      const auto end = run_in_child(signals_, [this] { return to_bytes(Round(options_, take_scan_, signals_, schedule_).run()); });
      settle(end);
      wake = std::max(next_wake(), end ? before + rest_after(end->processor) : before);
    }
    log_info("stopped");
    return {};
  }

 private:
  /// The first child looks whether the service can do its work at all, and when the first scan is due.
  Result<void> begin() {
    const auto end = run_in_child(signals_, [this] { return first_look(); });
    if (!end) return tl::unexpected(end.error());
    stopped_ = end->stopped;
    if (const auto schedule = read_schedule(end->said)) {
      schedule_ = *schedule;
      return {};
    }
    if (!end->trouble.empty()) return fail(ErrorKind::io, "the service's first look " + end->trouble);
    return fail(ErrorKind::invalid, end->said);
  }

  std::string first_look() const {
    const auto identity = load_identity(options_.state_folder);
    if (!identity) return identity.error().message.substr(0, kMostSaidBytes);
    const auto lock = StateLock::take(options_.state_folder);
    if (!lock) return lock.error().message.substr(0, kMostSaidBytes);
    log_info("host " + identity->host_id + " reports to " + identity->collector_url + " about every " +
             std::to_string(options_.interval_seconds / 60) + " min");
    return to_bytes(first_schedule());
  }

  /// After a restart the last scan still counts: a service that is restarted often does not scan more often.
  Schedule first_schedule() const {
    Schedule schedule;
    const auto spool = Spool::open(options_.state_folder);
    if (!spool) return schedule;
    schedule.waiting = !spool->sequences().empty();
    const std::int64_t since = now_seconds() - spool->delivered().scanned_at;
    if (since >= 0 && since < options_.interval_seconds)
      schedule.next_scan = Clock::now() + seconds(options_.interval_seconds - since);
    return schedule;
  }

  void settle(const Result<ChildEnd>& end) {
    if (end) stopped_ = end->stopped;
    if (const auto after = end ? read_schedule(end->said) : std::nullopt) {
      schedule_ = *after;
      return;
    }
    const auto later = Clock::now() + retry_delay(++schedule_.failures, 0);
    schedule_.next_scan = std::max(schedule_.next_scan, later);
    schedule_.next_delivery = std::max(schedule_.next_delivery, later);
    if (!stopped_) tell(schedule_, "a scan or a delivery " + (end ? end->trouble : end.error().message) + "; it is tried again later");
  }

  Clock::time_point next_wake() const {
    return std::min({schedule_.next_scan, schedule_.waiting ? schedule_.next_delivery : Clock::time_point::max(),
                     Clock::now() + seconds(kRenewalCheckSeconds)});
  }

  const ServiceOptions& options_;
  const TakeScan& take_scan_;
  const StopSignals signals_;
  Schedule schedule_;
  bool stopped_ = false;
};

}  // namespace

std::string default_agent_state() {
  if (const char* given = std::getenv("STATE_DIRECTORY"); given && *given == '/') return given;
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

milliseconds most_processor(std::int64_t interval_seconds) { return milliseconds(interval_seconds * 10 * kProcessorPercent); }

milliseconds rest_after(milliseconds processor) { return processor * 100 / kProcessorPercent; }

Result<void> run_service(const ServiceOptions& options, const TakeScan& take_scan) {
  if (options.interval_seconds < 10) return fail(ErrorKind::invalid, "interval: at least 10 seconds");
  return Service(options, take_scan).run();
}

}  // namespace plumbline
