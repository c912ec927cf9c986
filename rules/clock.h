// SPDX-License-Identifier: Apache-2.0
// The readiness clock: what becomes of a fleet if nobody does anything. Support ends, certificates end, waivers end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "rules/fleet_facts.h"

namespace plumbline {

/// What turned a verdict.
struct ClockCause {
  std::string product;               // as the host's facts name it: "debian", "postgresql", "nvidia-driver", "certificate"
  std::string version;               // "15.8-0+deb12u1"; empty of a certificate
  std::string cycle;                 // of lifecycle.csv: "15", "R535"; empty where it is not told
  std::optional<std::int64_t> ends;  // last day of support, or the day a certificate ends
  bool operator==(const ClockCause&) const = default;
};

/// A rule that turns on a host, or in the fleet, because of the date alone.
struct ClockTurn {
  std::int64_t day = 0;             // midnight UTC of the first day with the new verdict
  std::size_t rule = 0;
  std::optional<std::size_t> host;  // index in Clock::now.hosts; nothing: a fleet rule
  Verdict was = Verdict::unknown, is = Verdict::unknown;
  double points = 0;                // of the score; negative: it costs them. All turns up to a day add up to its change
  std::vector<ClockCause> causes;   // empty of fleet rules: the turns of that day are
};

/// The fleet as it will be on a day. Every host counts as scanned on it, so waivers that have ended by then do not count.
struct ClockMoment {
  std::int64_t day = 0;
  Assessment assessment;  // without what workloads' requirements observed
};

/// Something of which no end is known: its rules say nothing about time, now or later.
struct Undated {
  std::string product, version;  // version empty: it was not read
  std::size_t hosts = 0;
};

struct Clock {
  std::int64_t from = 0;             // midnight UTC
  Assessment now;                    // as it is shown today: each host as of its own scan
  std::vector<ClockMoment> moments;  // by day
  std::vector<ClockTurn> turns;      // by day, rule, host; those before `from` happened since the host's scan
  std::vector<Undated> undated;      // by product and version
  /// Hosts of whose certificates a scan tells too little: how many have ended by some day in the time is not known for sure.
  std::size_t certificates_unclear = 0;
};

struct ClockOptions {
  std::optional<std::int64_t> from;   // default: the day of the newest scan
  std::optional<std::int64_t> until;  // default: twelve months later
  bool verdicts = true;               // false: hosts of the result come without judgements, which a large fleet has many of
  std::function<bool()> stopped = {}; // asked for every host; once it says yes the clock fails
};

inline constexpr int kMostClockYears = 10;

/// Judges every host on every day from its scan on, so no turn is missed. The moments are six and twelve months from `from`,
/// as far as they are not after `until`, and `until`. Nothing but the date changes: derived facts are derived for the day, and
/// of certificates what a scan tells is carried on. A scan tells how many had ended, how many end within 30 days, and the next
/// end; where a later day can be several ways, a verdict holds if it is the same in all of them and else is unknown.
/// Fails where `until` lies before `from` or over ten years after it, and where a document cannot be read.
Result<Clock> run_clock(const RuleSet& rules, const RuleIndex& index, const FleetFacts& fleet, const ClockOptions& options);

/// Midnight of the same day of the month, or of its last day where it is shorter: 31 August + 6 is 28 or 29 February.
std::int64_t months_later(std::int64_t moment, int months);

/// What a scan tells of certificates on a later day.
struct CertificateCounts {
  std::int64_t count = 0, expired = 0, expiring_30d = 0;
  double next_expiry_days = 0;
};
/// Every way it can be `days` later, with `count` as it was; empty where there are more than can be looked at, or where what
/// the scan says cannot be.
std::vector<CertificateCounts> certificates_later(const CertificateCounts& scanned, std::int64_t days);

/// The whole as canonical JSON.
std::string to_json(const RuleSet& rules, const Clock& clock);

}  // namespace plumbline
