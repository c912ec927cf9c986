// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <fmt/format.h>

#include <array>
#include <chrono>

#include "base/text.h"

namespace plumbline {
namespace {

using std::chrono::sys_days;
using std::chrono::year_month_day;

struct Civil {
  int year, month, day, hour, minute, second;
};

Civil civil(std::int64_t seconds) {
  const std::chrono::sys_seconds time{std::chrono::seconds(seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const year_month_day date{day};
  const auto rest = (time - day).count();
  return {static_cast<int>(date.year()), static_cast<int>(static_cast<unsigned>(date.month())),
          static_cast<int>(static_cast<unsigned>(date.day())), static_cast<int>(rest / 3600),
          static_cast<int>(rest / 60 % 60), static_cast<int>(rest % 60)};
}

std::string count_of(std::int64_t count, std::string_view unit) { return fmt::format("{} {} ago", count, unit); }

}  // namespace

std::int64_t now_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string to_iso8601(std::int64_t seconds) {
  const Civil c = civil(seconds);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", c.year, c.month, c.day, c.hour, c.minute, c.second);
}

std::optional<std::int64_t> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = parse_u64(text.substr(0, 4)), month = parse_u64(text.substr(5, 2)), day = parse_u64(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const year_month_day date{std::chrono::year(static_cast<int>(*year)), std::chrono::month(static_cast<unsigned>(*month)),
                            std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::seconds>(sys_days{date}.time_since_epoch()).count();
}

std::optional<std::int64_t> parse_iso8601(std::string_view text) {
  // "2026-11-23T19:35:00Z"
  if (text.size() != 20 || text[10] != 'T' || text[13] != ':' || text[16] != ':' || text[19] != 'Z') return std::nullopt;
  const auto day = parse_date(text.substr(0, 10));
  const auto hour = parse_u64(text.substr(11, 2)), minute = parse_u64(text.substr(14, 2)), second = parse_u64(text.substr(17, 2));
  if (!day || !hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return *day + static_cast<std::int64_t>(*hour * 3600 + *minute * 60 + *second);
}

std::string long_date(std::int64_t seconds) {
  constexpr std::array<std::string_view, 12> months = {"January", "February", "March", "April", "May", "June", "July",
                                                       "August", "September", "October", "November", "December"};
  const Civil c = civil(seconds);
  return fmt::format("{} {} {}", c.day, months[static_cast<std::size_t>(c.month - 1)], c.year);
}

std::string age(std::int64_t seconds_ago) {
  if (seconds_ago < 60) return "just now";
  if (seconds_ago < 3600) return count_of(seconds_ago / 60, "min");
  if (seconds_ago < 48 * 3600) return count_of(seconds_ago / 3600, "h");
  return count_of(seconds_ago / 86400, "days");
}

}  // namespace plumbline
