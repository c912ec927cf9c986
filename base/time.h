// SPDX-License-Identifier: Apache-2.0
// Wall-clock times as text and back. All times are UTC seconds since 1970.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plumbline {

std::int64_t now_seconds();
/// "2026-11-23T19:35:00Z"
std::string to_iso8601(std::int64_t seconds);
std::optional<std::int64_t> parse_iso8601(std::string_view text);
/// "2026-11-23" to midnight UTC of that day.
std::optional<std::int64_t> parse_date(std::string_view text);
/// "23 November 2026"
std::string long_date(std::int64_t seconds);
/// "just now", "4 min ago", "3 h ago", "12 days ago".
std::string age(std::int64_t seconds_ago);

}  // namespace plumbline
