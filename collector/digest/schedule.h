// SPDX-License-Identifier: Apache-2.0
// When a digest is due. Pure: moments in, a decision out. All times are UTC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plumbline {

struct DigestSchedule {
  std::optional<int> weekday = 0;  // 0 is Monday; nothing: not weekly
  int hour = 7;                    // 0..23, UTC
  bool on_gate = false;            // at once when a gate shuts or opens
  int gate_minutes = 15;           // that a gate must stay shut or open before it is told
};
std::string weekday_name(int weekday);  // "monday"
std::optional<int> weekday_from(std::string_view name);

/// The latest weekly moment at or before `now`; nothing where the schedule is not weekly.
std::optional<std::int64_t> weekly_moment(const DigestSchedule& schedule, std::int64_t now);
/// The first one after `now`.
std::optional<std::int64_t> next_weekly_moment(const DigestSchedule& schedule, std::int64_t now);

/// What is known of a channel when it is asked whether a digest is due.
struct DigestMemory {
  std::int64_t period = 0;               // the last weekly moment that was told, or passed before there was anything to tell
  std::optional<std::int64_t> retry_at;  // of a digest that was certainly not delivered
  std::int64_t gate_told_at = 0;         // when a gate was last told out of turn
  std::vector<std::string> shut_told, shut_now;   // sorted
  std::optional<std::int64_t> differs_since;      // since when shut_now is what it is and differs from shut_told
};

enum class Due { no, weekly, gate, retry, clock_went_back };

/// A collector that slept over several weekly moments sends one digest. A clock that jumps back sends none again: a period
/// that lies more than a day ahead is told apart as clock_went_back, and is to be set to the present one.
Due due(const DigestSchedule& schedule, const DigestMemory& memory, std::int64_t now);

/// Between two digests out of turn, however a gate flaps.
inline constexpr std::int64_t kGatePauseSeconds = 6 * 3600;

}  // namespace plumbline
