// SPDX-License-Identifier: Apache-2.0
// Small text functions that every floor uses.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plumbline {

std::string_view trim(std::string_view text);
/// Splits at each `separator`; "a::b" gives "a", "", "b". An empty text gives one empty part.
std::vector<std::string_view> split(std::string_view text, char separator);
/// Splits at runs of blanks, without empty parts.
std::vector<std::string_view> words(std::string_view text);
/// Lines without their end; a last empty line is left out.
std::vector<std::string_view> lines(std::string_view text);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string lower(std::string_view text);
bool contains(std::string_view text, std::string_view part);

/// The whole text as a decimal number; nothing where a character is left over or it does not fit.
std::optional<std::uint64_t> parse_u64(std::string_view text);
std::optional<std::int64_t> parse_i64(std::string_view text);
/// Hexadecimal with or without "0x".
std::optional<std::uint64_t> parse_hex(std::string_view text);
std::optional<double> parse_double(std::string_view text);

std::string hex(std::string_view bytes);
std::optional<std::string> unhex(std::string_view text);
/// base64url without padding (RFC 4648 section 5).
std::string base64url(std::string_view bytes);
std::optional<std::string> unbase64url(std::string_view text);

bool is_utf8(std::string_view text);
/// Host text made safe for a terminal or a log line: control characters and bad UTF-8 become U+FFFD.
std::string printable(std::string_view text);
/// The same for a place that must be valid UTF-8 but may hold any character: bad bytes become U+FFFD.
std::string to_utf8(std::string_view text);
/// HTML text and attribute escaping: & < > " '
std::string escape_html(std::string_view text);

/// The candidate nearest to `word` by edit distance, where it is near enough to be a typing mistake.
std::optional<std::string> did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace plumbline
