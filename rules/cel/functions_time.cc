// SPDX-License-Identifier: Apache-2.0
// timestamp(), duration() and the parts of both.
#include "rules/cel/cost.h"
#include "rules/cel/functions.h"
#include "rules/cel/time.h"

namespace plumbline::cel {
namespace {

constexpr std::uint64_t kZoneUnits = 2000;  // a named zone is read from its file

Value same(Arguments a, Meter&) {
  return *a[0];
}

Value timestamp_of_string(Arguments a, Meter& meter) {
  meter.spend_bytes(a[0]->string()->size());
  const auto value = parse_timestamp(*a[0]->string());
  return value ? Value::of(*value)
               : Value::error("range: " + shown(*a[0]) +
                              " is no timestamp of the years 1 to 9999 such as \"2026-11-23T19:35:00Z\"");
}
Value timestamp_of_int(Arguments a, Meter&) {
  const auto value = make_timestamp(*a[0]->get_if<std::int64_t>(), 0);
  return value ? Value::of(*value) : Value::error("range: a timestamp lies in the years 1 to 9999");
}
Value duration_of_string(Arguments a, Meter& meter) {
  meter.spend_bytes(a[0]->string()->size());
  const auto value = parse_duration(*a[0]->string());
  return value ? Value::of(*value)
               : Value::error("range: " + shown(*a[0]) +
                              " is no duration of at most 292 years such as \"1h30m\"");
}
Value duration_of_int(Arguments a, Meter&) {
  const auto value = make_duration(*a[0]->get_if<std::int64_t>(), 0);
  return value ? Value::of(*value) : Value::error("range: a duration is at most 292 years");
}

/// A part of the calendar, in UTC or in the zone of the second argument.
template <class Part>
Value calendar_part(Arguments a, Meter& meter, Part part) {
  std::int64_t seconds = a[0]->get_if<Timestamp>()->seconds;
  if (a.size() > 1) {
    if (!meter.spend(kZoneUnits)) return Value();
    const auto offset = zone_offset_seconds(*a[1]->string(), seconds);
    if (!offset) return Value::error("no time zone " + shown(*a[1]));
    seconds += *offset;
  }
  return Value::of(static_cast<std::int64_t>(part(calendar_of(seconds))));
}
Value full_year(Arguments a, Meter& meter) {
  return calendar_part(a, meter, [](const Calendar& c) { return c.year; });
}
Value month(Arguments a, Meter& meter) {
  return calendar_part(a, meter, [](const Calendar& c) { return c.month; });
}
Value day_of_month(Arguments a, Meter& meter) {
  return calendar_part(a, meter, [](const Calendar& c) { return c.day_of_month; });
}
Value date(Arguments a, Meter& meter) {
  return calendar_part(a, meter, [](const Calendar& c) { return c.day_of_month + 1; });
}
Value day_of_week(Arguments a, Meter& meter) {
  return calendar_part(a, meter, [](const Calendar& c) { return c.day_of_week; });
}
Value day_of_year(Arguments a, Meter& meter) {
  return calendar_part(a, meter, [](const Calendar& c) { return c.day_of_year; });
}
Value hours(Arguments a, Meter& meter) {
  return calendar_part(a, meter, [](const Calendar& c) { return c.hours; });
}
Value minutes(Arguments a, Meter& meter) {
  return calendar_part(a, meter, [](const Calendar& c) { return c.minutes; });
}
Value seconds(Arguments a, Meter& meter) {
  return calendar_part(a, meter, [](const Calendar& c) { return c.seconds; });
}
Value milliseconds(Arguments a, Meter& meter) {
  const std::int64_t value = a[0]->get_if<Timestamp>()->nanos / 1'000'000;
  return calendar_part(a, meter, [value](const Calendar&) { return value; });
}

/// Whole seconds towards zero.
std::int64_t duration_seconds(const Value& value) {
  const Duration& duration = *value.get_if<Duration>();
  return duration.seconds + (duration.seconds < 0 && duration.nanos > 0 ? 1 : 0);
}
Value duration_in_hours(Arguments a, Meter&) {
  return Value::of(duration_seconds(*a[0]) / 3600);
}
Value duration_in_minutes(Arguments a, Meter&) {
  return Value::of(duration_seconds(*a[0]) / 60);
}
Value duration_in_seconds(Arguments a, Meter&) {
  return Value::of(duration_seconds(*a[0]));
}
Value duration_millisecond_part(Arguments a, Meter&) {
  const Duration& duration = *a[0]->get_if<Duration>();
  const std::int64_t nanos =
      duration.seconds < 0 && duration.nanos > 0 ? duration.nanos - 1'000'000'000LL : duration.nanos;
  return Value::of(nanos / 1'000'000);
}

constexpr FunctionRow kRows[] = {
    {"timestamp(timestamp): timestamp", same},
    {"timestamp(string): timestamp", timestamp_of_string, cost::read_first},
    {"timestamp(int): timestamp", timestamp_of_int},
    {"duration(duration): duration", same},
    {"duration(string): duration", duration_of_string, cost::read_first},
    {"duration(int): duration", duration_of_int},
    {"timestamp.getFullYear(): int", full_year},
    {"timestamp.getFullYear(string): int", full_year, cost::zone},
    {"timestamp.getMonth(): int", month},
    {"timestamp.getMonth(string): int", month, cost::zone},
    {"timestamp.getDayOfMonth(): int", day_of_month},
    {"timestamp.getDayOfMonth(string): int", day_of_month, cost::zone},
    {"timestamp.getDate(): int", date},
    {"timestamp.getDate(string): int", date, cost::zone},
    {"timestamp.getDayOfWeek(): int", day_of_week},
    {"timestamp.getDayOfWeek(string): int", day_of_week, cost::zone},
    {"timestamp.getDayOfYear(): int", day_of_year},
    {"timestamp.getDayOfYear(string): int", day_of_year, cost::zone},
    {"timestamp.getHours(): int", hours},
    {"timestamp.getHours(string): int", hours, cost::zone},
    {"timestamp.getMinutes(): int", minutes},
    {"timestamp.getMinutes(string): int", minutes, cost::zone},
    {"timestamp.getSeconds(): int", seconds},
    {"timestamp.getSeconds(string): int", seconds, cost::zone},
    {"timestamp.getMilliseconds(): int", milliseconds},
    {"timestamp.getMilliseconds(string): int", milliseconds, cost::zone},
    {"duration.getHours(): int", duration_in_hours},
    {"duration.getMinutes(): int", duration_in_minutes},
    {"duration.getSeconds(): int", duration_in_seconds},
    {"duration.getMilliseconds(): int", duration_millisecond_part},
};

}  // namespace

std::span<const FunctionRow> time_functions() {
  return kRows;
}

}  // namespace plumbline::cel
