// SPDX-License-Identifier: Apache-2.0
// Timestamps and durations of CEL: text in and out, arithmetic within range, calendar fields in a time zone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rules/cel/value.h"

namespace plumbline::cel {

/// RFC 3339 within the years 1 to 9999: "2026-11-23T19:35:00.5+01:00".
std::optional<Timestamp> parse_timestamp(std::string_view text);
std::string format_timestamp(const Timestamp& value);
/// Signed decimal numbers with units h, m, s, ms, us, ns: "-1h30m", "1.5s". At most 292 years.
std::optional<Duration> parse_duration(std::string_view text);
/// Seconds: "5400s", "0.250s" is "0.25s".
std::string format_duration(const Duration& value);

/// From a sum in which nanos may be any number; nothing where it leaves the range.
std::optional<Timestamp> make_timestamp(std::int64_t seconds, std::int64_t nanos);
std::optional<Duration> make_duration(std::int64_t seconds, std::int64_t nanos);

/// Calendar fields; months, days of month and of year count from 0, Sunday is 0.
struct Calendar {
  std::int64_t year = 0;
  int month = 0, day_of_month = 0, day_of_year = 0, day_of_week = 0;
  int hours = 0, minutes = 0, seconds = 0;
};
Calendar calendar_of(std::int64_t seconds);
/// Seconds east of UTC at this moment: "", "UTC", "+05:30", "-02:00", or a name of the system's zone database
/// ("Australia/Sydney"). Nothing where there is no such zone.
std::optional<std::int64_t> zone_offset_seconds(std::string_view zone, std::int64_t at_seconds);

}  // namespace plumbline::cel
