// SPDX-License-Identifier: Apache-2.0
// Checks on what people typed.
#include "collector/decisions/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "base/time.h"
#include "collector/decisions/decisions.h"

namespace plumbline {
namespace {

std::string plain_line_ends(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') plain += text[i];
    else if (i + 1 == text.size() || text[i + 1] != '\n') plain += '\n';
  }
  return plain;
}

bool is_control(unsigned char c, Lines lines) {
  if (lines == Lines::many && (c == '\n' || c == '\t')) return false;
  return c < 0x20 || c == 0x7f;
}

// C1 controls are C2 80 … C2 9F; marks of direction E2 80 AA … AE and E2 81 A6 … A9 (U+202A–202E, U+2066–2069).
bool holds_marks(std::string_view text) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    const auto a = static_cast<unsigned char>(text[i]), b = static_cast<unsigned char>(text[i + 1]);
    if (a == 0xC2 && b < 0xA0) return true;
    if (a != 0xE2 || i + 2 >= text.size()) continue;
    const auto c = static_cast<unsigned char>(text[i + 2]);
    if (b == 0x80 && c >= 0xAA && c <= 0xAE) return true;
    if (b == 0x81 && c >= 0xA6 && c <= 0xA9) return true;
  }
  return false;
}

}  // namespace

Result<std::string> clean_text(std::string_view what, std::string_view text, std::size_t limit_bytes, Lines lines) {
  const std::string subject(what);
  // Before anything is done with it: what is far too long need not be looked at.
  if (text.size() > 2 * limit_bytes)
    return fail(ErrorKind::limit, subject + ": longer than " + std::to_string(limit_bytes) + " bytes; shorten it");
  const std::string plain = plain_line_ends(text);
  std::string clean(trim(plain));
  if (clean.size() > limit_bytes)
    return fail(ErrorKind::limit, subject + ": longer than " + std::to_string(limit_bytes) + " bytes; shorten it");
  if (!is_utf8(clean)) return fail(ErrorKind::invalid, subject + ": not UTF-8 text; type it again");
  const bool control = std::any_of(clean.begin(), clean.end(), [&](char c) { return is_control(static_cast<unsigned char>(c), lines); });
  if (control || holds_marks(clean))
    return fail(ErrorKind::invalid, subject + (lines == Lines::one && clean.find('\n') != std::string::npos
                                                   ? ": one line only"
                                                   : ": it holds control characters; type it again"));
  return clean;
}

Result<std::optional<std::int64_t>> clean_date(std::string_view what, std::string_view text) {
  constexpr std::int64_t kFirst = 946'684'800, kLast = 7'258'118'400;  // 2000-01-01 and 2200-01-01
  const std::string_view given = trim(text);
  if (given.empty()) return std::optional<std::int64_t>();
  const auto date = parse_date(given);
  if (!date || *date < kFirst || *date >= kLast)
    return fail(ErrorKind::invalid, std::string(what) + ": '" + printable(given.substr(0, 40)) + "' is no date; write it as 2026-12-01");
  return date;
}

std::string iso_date(std::int64_t moment) { return to_iso8601(moment).substr(0, 10); }

Result<std::optional<double>> clean_number(std::string_view what, std::string_view text) {
  const std::string_view given = trim(text);
  if (given.empty()) return std::optional<double>();
  const auto number = given.size() <= 40 ? parse_double(given) : std::nullopt;
  if (!number || !std::isfinite(*number) || std::abs(*number) > kMostKpiValue)
    return fail(ErrorKind::invalid, std::string(what) + ": '" + printable(given.substr(0, 40)) + "' is no number; write it as 12.5");
  return number;
}

std::string exact_number(double value) {
  char buffer[40];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
  return error == std::errc() ? std::string(buffer, end) : std::to_string(value);
}

}  // namespace plumbline
