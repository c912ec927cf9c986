// SPDX-License-Identifier: Apache-2.0
// Timestamps and durations of CEL.
#include "rules/cel/time.h"

#include <array>
#include <chrono>
#include <cstdio>

#include "rules/cel/zone.h"

namespace plumbline::cel {
namespace {

constexpr std::int64_t kMinSeconds = -62135596800;        // 0001-01-01T00:00:00Z
constexpr std::int64_t kMaxSeconds = 253402300799;        // 9999-12-31T23:59:59Z
constexpr std::int64_t kMaxDurationSeconds = 9223372036;  // 2⁶³ nanoseconds, as other implementations have it
constexpr std::int32_t kMaxDurationNanos = 854775807;
constexpr std::int64_t kNanos = 1'000'000'000;
constexpr std::int64_t kDaySeconds = 86400;
__extension__ typedef __int128 Int128;

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

/// Reads exactly `digits` decimal digits and moves past them.
std::optional<int> fixed_number(std::string_view text, std::size_t& position, std::size_t digits) {
  if (position + digits > text.size()) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const char c = text[position + i];
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  position += digits;
  return value;
}

bool skip(std::string_view text, std::size_t& position, std::string_view any_of) {
  if (position >= text.size() || any_of.find(text[position]) == std::string_view::npos) return false;
  ++position;
  return true;
}

/// ".25" → 250,000,000; digits past the ninth are cut off. 0 where no point stands here.
std::optional<std::int64_t> fraction_nanos(std::string_view text, std::size_t& position) {
  if (position >= text.size() || text[position] != '.') return 0;
  ++position;
  std::int64_t value = 0, scale = kNanos;
  const std::size_t start = position;
  for (; position < text.size() && text[position] >= '0' && text[position] <= '9'; ++position) {
    if (scale == 1) continue;
    scale /= 10;
    value += (text[position] - '0') * scale;
  }
  if (position == start) return std::nullopt;
  return value;
}

/// "Z", "+01:00", "-08:30": seconds east of UTC.
std::optional<std::int64_t> rfc3339_offset(std::string_view text, std::size_t& position) {
  if (skip(text, position, "Zz")) return 0;
  if (position >= text.size() || (text[position] != '+' && text[position] != '-')) return std::nullopt;
  const std::int64_t sign = text[position++] == '-' ? -1 : 1;
  const auto hours = fixed_number(text, position, 2);
  if (!hours || !skip(text, position, ":")) return std::nullopt;
  const auto minutes = fixed_number(text, position, 2);
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return sign * (*hours * 3600 + *minutes * 60);
}

std::optional<std::int64_t> days_of(int year, int month, int day) {
  using namespace std::chrono;
  const year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                            std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return sys_days(date).time_since_epoch().count();
}

struct Unit {
  std::string_view name;
  std::int64_t nanos;
};
constexpr std::array<Unit, 8> kUnits = {{{"ns", 1},
                                         {"us", 1000},
                                         {"µs", 1000},
                                         {"μs", 1000},
                                         {"ms", 1'000'000},
                                         {"s", kNanos},
                                         {"m", 60 * kNanos},
                                         {"h", 3600 * kNanos}}};

/// The unit at `position`: letters up to the next digit, point or end.
const Unit* unit_at(std::string_view text, std::size_t& position) {
  std::size_t end = position;
  while (end < text.size() && text[end] != '.' && (text[end] < '0' || text[end] > '9')) ++end;
  for (const Unit& unit : kUnits)
    if (unit.name == text.substr(position, end - position)) {
      position = end;
      return &unit;
    }
  return nullptr;
}

/// "1.5h" at `position` in nanoseconds, added to `sum`; false where it is no such thing or too much.
bool add_part(std::string_view text, std::size_t& position, Int128& sum) {
  constexpr Int128 limit = static_cast<Int128>(1) << 64;
  Int128 whole = 0, fraction = 0, scale = 1;
  const std::size_t start = position;
  for (; position < text.size() && text[position] >= '0' && text[position] <= '9'; ++position) {
    whole = whole * 10 + (text[position] - '0');
    if (whole > limit) return false;
  }
  std::size_t digits = position - start;
  if (position < text.size() && text[position] == '.') {
    for (++position; position < text.size() && text[position] >= '0' && text[position] <= '9';
         ++position, ++digits) {
      if (scale >= static_cast<Int128>(1'000'000'000'000'000))
        continue;  // finer than a nanosecond of an hour
      scale *= 10;
      fraction = fraction * 10 + (text[position] - '0');
    }
  }
  if (digits == 0) return false;
  const Unit* unit = unit_at(text, position);
  if (unit == nullptr) return false;
  sum += whole * unit->nanos + fraction * unit->nanos / scale;
  return sum <= limit;
}

}  // namespace

std::optional<Timestamp> make_timestamp(std::int64_t seconds, std::int64_t nanos) {
  if (__builtin_add_overflow(seconds, floor_div(nanos, kNanos), &seconds)) return std::nullopt;
  if (seconds < kMinSeconds || seconds > kMaxSeconds) return std::nullopt;
  return Timestamp{seconds, static_cast<std::int32_t>(nanos - floor_div(nanos, kNanos) * kNanos)};
}

std::optional<Duration> make_duration(std::int64_t seconds, std::int64_t nanos) {
  if (__builtin_add_overflow(seconds, floor_div(nanos, kNanos), &seconds)) return std::nullopt;
  const auto rest = static_cast<std::int32_t>(nanos - floor_div(nanos, kNanos) * kNanos);
  if (seconds > kMaxDurationSeconds || (seconds == kMaxDurationSeconds && rest > kMaxDurationNanos))
    return std::nullopt;
  if (seconds < -kMaxDurationSeconds - 1 ||
      (seconds == -kMaxDurationSeconds - 1 && rest < kNanos - kMaxDurationNanos - 1))
    return std::nullopt;
  return Duration{seconds, rest};
}

std::optional<Timestamp> parse_timestamp(std::string_view text) {
  std::size_t at = 0;
  const auto year = fixed_number(text, at, 4);
  if (!year || *year < 1 || !skip(text, at, "-")) return std::nullopt;
  const auto month = fixed_number(text, at, 2);
  if (!month || !skip(text, at, "-")) return std::nullopt;
  const auto day = fixed_number(text, at, 2);
  if (!day || !skip(text, at, "Tt")) return std::nullopt;
  const auto hours = fixed_number(text, at, 2);
  if (!hours || !skip(text, at, ":")) return std::nullopt;
  const auto minutes = fixed_number(text, at, 2);
  if (!minutes || !skip(text, at, ":")) return std::nullopt;
  const auto seconds = fixed_number(text, at, 2);
  const auto nanos = fraction_nanos(text, at);
  const auto offset = rfc3339_offset(text, at);
  const auto days = days_of(*year, *month, *day);
  if (!seconds || !nanos || !offset || !days || at != text.size()) return std::nullopt;
  if (*hours > 23 || *minutes > 59 || *seconds > 59) return std::nullopt;
  return make_timestamp(*days * kDaySeconds + *hours * 3600 + *minutes * 60 + *seconds - *offset, *nanos);
}

namespace {
/// 250,000,000 → ".25"; nothing where there is no fraction.
std::string fraction_text(std::int32_t nanos) {
  if (nanos == 0) return "";
  std::array<char, 16> buffer;
  const int length = std::snprintf(buffer.data(), buffer.size(), ".%09d", static_cast<int>(nanos));
  std::string text(buffer.data(), static_cast<std::size_t>(length));
  while (text.back() == '0') text.pop_back();
  return text;
}
}  // namespace

std::string format_timestamp(const Timestamp& value) {
  const Calendar date = calendar_of(value.seconds);
  std::array<char, 64> buffer;
  const int length = std::snprintf(buffer.data(), buffer.size(), "%04lld-%02d-%02dT%02d:%02d:%02d",
                                   static_cast<long long>(date.year), date.month + 1, date.day_of_month + 1,
                                   date.hours, date.minutes, date.seconds);
  return std::string(buffer.data(), static_cast<std::size_t>(length)) + fraction_text(value.nanos) + "Z";
}

std::optional<Duration> parse_duration(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text == "0") return Duration{};
  if (text.empty()) return std::nullopt;
  Int128 sum = 0;
  for (std::size_t position = 0; position < text.size();)
    if (!add_part(text, position, sum)) return std::nullopt;
  if (negative) sum = -sum;
  return make_duration(static_cast<std::int64_t>(sum / kNanos), static_cast<std::int64_t>(sum % kNanos));
}

std::string format_duration(const Duration& value) {
  if (value.seconds >= 0 || value.nanos == 0)
    return std::to_string(value.seconds) + fraction_text(value.nanos) + "s";
  const std::int64_t whole = value.seconds + 1;  // -1 s + 0.75 s is written -0.25s
  return (whole == 0 ? "-0" : std::to_string(whole)) +
         fraction_text(static_cast<std::int32_t>(kNanos - value.nanos)) + "s";
}

Calendar calendar_of(std::int64_t seconds) {
  using namespace std::chrono;
  const std::int64_t days = floor_div(seconds, kDaySeconds);
  const auto second_of_day = static_cast<int>(seconds - days * kDaySeconds);
  const sys_days day{std::chrono::days(days)};
  const year_month_day date(day);
  Calendar out;
  out.year = static_cast<int>(date.year());
  out.month = static_cast<int>(static_cast<unsigned>(date.month())) - 1;
  out.day_of_month = static_cast<int>(static_cast<unsigned>(date.day())) - 1;
  out.day_of_year = static_cast<int>((day - sys_days(date.year() / January / 1)).count());
  out.day_of_week = static_cast<int>(weekday(day).c_encoding());
  out.hours = second_of_day / 3600;
  out.minutes = second_of_day / 60 % 60;
  out.seconds = second_of_day % 60;
  return out;
}

std::optional<std::int64_t> zone_offset_seconds(std::string_view zone, std::int64_t at_seconds) {
  if (zone.empty() || zone == "UTC" || zone == "Z") return 0;
  const std::string_view digits = zone[0] == '+' || zone[0] == '-' ? zone.substr(1) : zone;
  if (digits.empty() || digits[0] < '0' || digits[0] > '9')
    return named_zone_offset_seconds(zone, at_seconds);
  std::size_t position = 0;
  const auto hours = fixed_number(digits, position, 2);
  if (!hours || !skip(digits, position, ":")) return std::nullopt;
  const auto minutes = fixed_number(digits, position, 2);
  if (!minutes || position != digits.size() || *hours > 23 || *minutes > 59) return std::nullopt;
  return (zone[0] == '-' ? -1 : 1) * (*hours * 3600 + *minutes * 60);
}

}  // namespace plumbline::cel
