// SPDX-License-Identifier: Apache-2.0
// The system's time zone database.
#include "rules/cel/zone.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "rules/cel/time.h"

namespace plumbline::cel {
namespace {

constexpr std::size_t kMaxZoneBytes = 256 << 10;
constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kHeaderBytes = 44;
constexpr std::int64_t kDaySeconds = 86400;

/// One switch of the footer's rule: day m.w.d (month 1–12, week 1–5, weekday 0–6) or day of year, at a time
/// of day.
struct Switch {
  char form = 'M';  // M month.week.day, J day 1–365 without leap days, 0 day 0–365
  int month = 0, week = 0, day = 0;
  std::int64_t time_seconds = 7200;
};
/// "CET-1CEST,M3.5.0,M10.5.0/3": what holds after the last recorded change.
struct Footer {
  std::int64_t standard = 0, summer = 0;
  bool has_summer = false;
  Switch begins, ends;
};
struct Zone {
  std::vector<std::int64_t> changes;  // moments, ascending
  std::vector<std::int64_t> offsets;  // from each moment on
  std::int64_t before = 0;            // before the first
  std::optional<Footer> footer;
};

std::int64_t big_endian(std::string_view bytes, std::size_t position, std::size_t width) {
  std::uint64_t value = static_cast<unsigned char>(bytes[position]) >= 0x80U ? ~std::uint64_t{0} : 0;
  for (std::size_t i = 0; i < width; ++i)
    value = (value << 8U) | static_cast<unsigned char>(bytes[position + i]);
  return static_cast<std::int64_t>(value);
}

struct Counts {
  std::size_t ut = 0, standard = 0, leap = 0, time = 0, type = 0, letters = 0;
  std::size_t bytes(std::size_t width) const {
    return time * width + time + type * 6 + letters + leap * (width + 4) + standard + ut;
  }
};

std::optional<Counts> read_header(std::string_view data, std::size_t position) {
  if (data.size() < position + kHeaderBytes || data.substr(position, 4) != "TZif") return std::nullopt;
  const auto count = [&](std::size_t i) {
    return static_cast<std::size_t>(big_endian(data, position + 20 + 4 * i, 4));
  };
  const Counts counts{count(0), count(1), count(2), count(3), count(4), count(5)};
  for (std::size_t i = 0; i < 6; ++i)
    if (count(i) > kMaxZoneBytes) return std::nullopt;
  return counts;
}

std::optional<int> read_number(std::string_view text, std::size_t& at) {
  int value = 0;
  const std::size_t start = at;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9' && at - start < 4; ++at)
    value = value * 10 + (text[at] - '0');
  return at == start ? std::nullopt : std::optional<int>(value);
}

/// "-1", "+5:30", "2:00:00" in seconds.
std::optional<std::int64_t> read_clock(std::string_view text, std::size_t& at) {
  std::int64_t sign = 1, sum = 0, unit = 3600;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) sign = text[at++] == '-' ? -1 : 1;
  for (int part = 0; part < 3; ++part, unit /= 60) {
    if (part > 0 && (at >= text.size() || text[at] != ':')) break;
    if (part > 0) ++at;
    const auto number = read_number(text, at);
    if (!number) return std::nullopt;
    sum += *number * unit;
  }
  return sign * sum;
}

bool skip_letters(std::string_view text, std::size_t& at) {
  const std::size_t start = at;
  if (at < text.size() && text[at] == '<') {
    at = text.find('>', at);
    if (at == std::string_view::npos) return false;
    return ++at <= text.size();
  }
  while (at < text.size() && ((text[at] >= 'a' && text[at] <= 'z') || (text[at] >= 'A' && text[at] <= 'Z')))
    ++at;
  return at > start;
}

std::optional<Switch> read_switch(std::string_view text, std::size_t& at) {
  if (at >= text.size() || text[at] != ',') return std::nullopt;
  ++at;
  Switch out;
  out.form = at < text.size() && (text[at] == 'M' || text[at] == 'J') ? text[at++] : '0';
  const auto first = read_number(text, at);
  if (!first) return std::nullopt;
  out.day = *first;
  if (out.form == 'M') {
    if (at >= text.size() || text[at] != '.') return std::nullopt;
    const auto week = read_number(text, ++at);
    if (!week || at >= text.size() || text[at] != '.') return std::nullopt;
    const auto day = read_number(text, ++at);
    if (!day || *first < 1 || *first > 12 || *week < 1 || *week > 5 || *day > 6) return std::nullopt;
    out.month = *first, out.week = *week, out.day = *day;
  }
  if (at < text.size() && text[at] == '/') {
    const auto time = read_clock(text, ++at);
    if (!time) return std::nullopt;
    out.time_seconds = *time;
  }
  return out;
}

std::optional<Footer> read_footer(std::string_view text) {
  Footer out;
  std::size_t at = 0;
  if (!skip_letters(text, at)) return std::nullopt;
  const auto standard = read_clock(text, at);
  if (!standard) return std::nullopt;
  out.standard = -*standard;
  if (at == text.size()) return out;
  if (!skip_letters(text, at)) return std::nullopt;
  out.has_summer = true;
  out.summer = out.standard + 3600;
  if (at < text.size() && text[at] != ',') {
    const auto summer = read_clock(text, at);
    if (!summer) return std::nullopt;
    out.summer = -*summer;
  }
  const auto begins = read_switch(text, at);
  const auto ends = begins ? read_switch(text, at) : std::nullopt;
  if (!ends || at != text.size()) return std::nullopt;
  out.begins = *begins, out.ends = *ends;
  return out;
}

bool is_leap(std::int64_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/// Days from 1970 to 1 January of a year.
std::int64_t year_start(std::int64_t year) {
  const std::int64_t y = year - 1;
  return 365 * y + y / 4 - y / 100 + y / 400 - 719162;
}

std::int64_t switch_day(const Switch& at, std::int64_t year) {
  const std::int64_t start = year_start(year);
  if (at.form == '0') return start + at.day;
  if (at.form == 'J') return start + at.day - 1 + (is_leap(year) && at.day > 59 ? 1 : 0);
  static constexpr int kStarts[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
  const auto month = static_cast<std::size_t>(at.month);
  const std::int64_t leap = is_leap(year) ? 1 : 0;
  const std::int64_t first = start + kStarts[month - 1] + (month > 2 ? leap : 0);
  const std::int64_t next = start + kStarts[month] + (month > 1 ? leap : 0);
  const std::int64_t weekday = ((first + 4) % 7 + 7) % 7;  // 1970-01-01 was a Thursday
  std::int64_t day = first + (at.day - weekday + 7) % 7 + (at.week - 1) * 7;
  while (day >= next) day -= 7;
  return day;
}

std::int64_t footer_offset(const Footer& footer, std::int64_t at_seconds) {
  if (!footer.has_summer) return footer.standard;
  const std::int64_t year = calendar_of(at_seconds + footer.standard).year;
  const std::int64_t begins =
      switch_day(footer.begins, year) * kDaySeconds + footer.begins.time_seconds - footer.standard;
  const std::int64_t ends =
      switch_day(footer.ends, year) * kDaySeconds + footer.ends.time_seconds - footer.summer;
  const bool summer =
      begins < ends ? at_seconds >= begins && at_seconds < ends : at_seconds >= begins || at_seconds < ends;
  return summer ? footer.summer : footer.standard;
}

/// The second, 64-bit block of a file of version 2 and later.
std::shared_ptr<const Zone> read_zone(std::string_view data) {
  const auto old = read_header(data, 0);
  if (!old || data[4] < '2') return nullptr;
  std::size_t at = kHeaderBytes + old->bytes(4);
  const auto counts = read_header(data, at);
  if (!counts || counts->type == 0 || data.size() < at + kHeaderBytes + counts->bytes(8)) return nullptr;
  at += kHeaderBytes;
  const std::size_t indexes = at + counts->time * 8, types = indexes + counts->time;
  auto zone = std::make_shared<Zone>();
  zone->before = big_endian(data, types, 4);
  for (std::size_t i = 0; i < counts->time; ++i) {
    const auto type = static_cast<unsigned char>(data[indexes + i]);
    if (type >= counts->type) return nullptr;
    zone->changes.push_back(big_endian(data, at + i * 8, 8));
    zone->offsets.push_back(big_endian(data, types + std::size_t{type} * 6, 4));
  }
  const std::string_view rest = data.substr(at + counts->bytes(8));
  if (rest.size() > 2 && rest.front() == '\n')
    zone->footer = read_footer(rest.substr(1, rest.find('\n', 1) - 1));
  return zone;
}

bool is_zone_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '+' || c == '/';
  };
  return name.size() <= kMaxNameBytes && name.front() != '/' && std::all_of(name.begin(), name.end(), fits);
}

std::shared_ptr<const Zone> find_zone(std::string_view name) {
  const auto data = read_file("/usr/share/zoneinfo/" + std::string(name), kMaxZoneBytes);
  return data ? read_zone(*data) : nullptr;
}

}  // namespace

std::optional<std::int64_t> named_zone_offset_seconds(std::string_view name, std::int64_t at_seconds) {
  if (name.empty() || !is_zone_name(name)) return std::nullopt;
  const auto zone = find_zone(name);
  if (zone == nullptr) return std::nullopt;
  if (zone->changes.empty() || at_seconds >= zone->changes.back())
    if (zone->footer) return footer_offset(*zone->footer, at_seconds);
  const auto next = std::upper_bound(zone->changes.begin(), zone->changes.end(), at_seconds);
  if (next == zone->changes.begin()) return zone->before;
  return zone->offsets[static_cast<std::size_t>(next - zone->changes.begin()) - 1];
}

}  // namespace plumbline::cel
