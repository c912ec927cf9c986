// SPDX-License-Identifier: Apache-2.0
// Weeks counted from the epoch, which was a Thursday.
#include "collector/digest/schedule.h"

#include <array>

namespace plumbline {
namespace {

constexpr std::int64_t kHour = 3600, kDay = 24 * kHour, kWeek = 7 * kDay;
constexpr int kEpochWeekday = 3;
constexpr std::array<std::string_view, 7> kWeekdays = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};

std::int64_t floor_to(std::int64_t value, std::int64_t step) {
  const std::int64_t rest = value % step;
  return value - (rest < 0 ? rest + step : rest);
}

}  // namespace

std::string weekday_name(int weekday) { return std::string(kWeekdays.at(static_cast<std::size_t>(weekday))); }

std::optional<int> weekday_from(std::string_view name) {
  for (std::size_t at = 0; at < kWeekdays.size(); ++at)
    if (kWeekdays[at] == name) return static_cast<int>(at);
  return std::nullopt;
}

std::optional<std::int64_t> weekly_moment(const DigestSchedule& schedule, std::int64_t now) {
  if (!schedule.weekday) return std::nullopt;
  const std::int64_t first = ((*schedule.weekday - kEpochWeekday + 7) % 7) * kDay + schedule.hour * kHour;  // after the epoch
  return floor_to(now - first, kWeek) + first;
}

std::optional<std::int64_t> next_weekly_moment(const DigestSchedule& schedule, std::int64_t now) {
  const auto last = weekly_moment(schedule, now);
  return last ? std::optional(*last + kWeek) : std::nullopt;
}

Due due(const DigestSchedule& schedule, const DigestMemory& memory, std::int64_t now) {
  const auto moment = weekly_moment(schedule, now);
  if (memory.period > now + kDay || memory.gate_told_at > now + kDay) return Due::clock_went_back;
  if (moment && *moment > memory.period) return Due::weekly;
  if (memory.retry_at && now >= *memory.retry_at) return Due::retry;
  if (!schedule.on_gate || memory.shut_now == memory.shut_told || !memory.differs_since) return Due::no;
  const bool settled = now - *memory.differs_since >= schedule.gate_minutes * 60;
  return settled && now - memory.gate_told_at >= kGatePauseSeconds ? Due::gate : Due::no;
}

}  // namespace plumbline
