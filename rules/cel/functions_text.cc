// SPDX-License-Identifier: Apache-2.0
// Functions on strings. Positions count code points, as the language says.
#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

#include "base/text.h"
#include "rules/cel/format.h"
#include "rules/cel/cost.h"
#include "rules/cel/functions.h"
#include "rules/cel/regex.h"
#include "rules/cel/utf8.h"

namespace plumbline::cel {
namespace {

constexpr std::uint64_t kRegexUnits = 100;  // to compile a pattern that is not constant
constexpr std::uint64_t kUnitsOfPart = 5;   // to make a string of its own for a part

const std::string& text_of(const Value& value) {
  return *value.string();
}
std::int64_t int_of(const Value& value) {
  return *value.get_if<std::int64_t>();
}

Value too_long() {
  return Value::error("the string becomes too long");
}
Value outside(std::int64_t index) {
  return Value::error("index out of range: " + std::to_string(index));
}

/// Charges for a search, which is linear whatever the texts are.
bool spend_search(const Value& text, const Value& what, Meter& meter) {
  return meter.spend_bytes(text_of(text).size() + text_of(what).size());
}

/// std::string::find in linear time: the library's search of bytes is the two-way algorithm.
std::size_t find_text(std::string_view text, std::string_view what, std::size_t from) {
  if (from > text.size()) return std::string::npos;
  const void* found = memmem(text.data() + from, text.size() - from, what.data(), what.size());
  return found == nullptr ? std::string::npos
                          : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

/// The last place that begins at `last` or before, in linear time: a search from behind through both reversed.
std::size_t find_last_text(std::string_view text, std::string_view what, std::size_t last) {
  if (what.size() > text.size()) return std::string::npos;
  const std::size_t end = std::min(last, text.size() - what.size()) + what.size();
  const std::string reversed(text.rbegin() + static_cast<std::ptrdiff_t>(text.size() - end), text.rend());
  const std::string pattern(what.rbegin(), what.rend());
  const std::size_t found = find_text(reversed, pattern, 0);
  return found == std::string::npos ? found : end - found - what.size();
}

Value contains_text(Arguments a, Meter& meter) {
  if (!spend_search(*a[0], *a[1], meter)) return Value();
  return Value::of(find_text(text_of(*a[0]), text_of(*a[1]), 0) != std::string::npos);
}
Value starts_with(Arguments a, Meter& meter) {
  meter.spend_bytes(text_of(*a[1]).size());
  return Value::of(text_of(*a[0]).starts_with(text_of(*a[1])));
}
Value ends_with(Arguments a, Meter& meter) {
  meter.spend_bytes(text_of(*a[1]).size());
  return Value::of(text_of(*a[0]).ends_with(text_of(*a[1])));
}

Value matches(Arguments a, Meter& meter) {
  if (!meter.spend(kRegexUnits + text_of(*a[1]).size())) return Value();
  const auto regex = compile_regex(text_of(*a[1]));
  return regex ? match_regex(**regex, text_of(*a[0]), meter) : Value::error(regex.error().message);
}

template <class Change>
Value changed_ascii(Arguments a, Meter& meter, Change change) {
  meter.spend_bytes(text_of(*a[0]).size());
  std::string out = text_of(*a[0]);
  for (char& c : out) c = change(c);
  return Value::of(std::move(out));
}
Value lower_ascii(Arguments a, Meter& meter) {
  return changed_ascii(a, meter,
                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
}
Value upper_ascii(Arguments a, Meter& meter) {
  return changed_ascii(a, meter,
                       [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
}

bool is_space(char32_t c) {
  return (c >= 9 && c <= 13) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}
Value trimmed(Arguments a, Meter& meter) {
  const std::string& text = text_of(*a[0]);
  meter.spend_bytes(text.size());
  std::size_t first = text.size(), last = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    if (is_space(next_code_point(text, at))) continue;
    first = std::min(first, begin);
    last = at;
  }
  return Value::of(first < last ? text.substr(first, last - first) : std::string());
}

Value char_at(Arguments a, Meter& meter) {
  const std::string& text = text_of(*a[0]);
  meter.spend_bytes(text.size());
  const std::int64_t index = int_of(*a[1]);
  const auto count = static_cast<std::int64_t>(count_code_points(text));
  if (index < 0 || index > count) return outside(index);
  const std::size_t begin = byte_of_code_point(text, static_cast<std::size_t>(index));
  return Value::of(text.substr(begin, byte_of_code_point(std::string_view(text).substr(begin), 1)));
}

Value index_of(Arguments a, Meter& meter) {
  const std::string& text = text_of(*a[0]);
  if (!spend_search(*a[0], *a[1], meter)) return Value();
  const std::int64_t from = a.size() > 2 ? int_of(*a[2]) : 0;
  const auto count = static_cast<std::int64_t>(count_code_points(text));
  if (from < 0 || (from > count && !text_of(*a[1]).empty())) return outside(from);
  const std::size_t found =
      find_text(text, text_of(*a[1]), byte_of_code_point(text, static_cast<std::size_t>(from)));
  if (found == std::string::npos) return Value::of(std::int64_t{-1});
  return Value::of(static_cast<std::int64_t>(count_code_points(std::string_view(text).substr(0, found))));
}

Value last_index_of(Arguments a, Meter& meter) {
  const std::string& text = text_of(*a[0]);
  if (!spend_search(*a[0], *a[1], meter)) return Value();
  const auto count = static_cast<std::int64_t>(count_code_points(text));
  const std::int64_t from = a.size() > 2 ? int_of(*a[2]) : count;
  if (from < 0 || from > count) return outside(from);
  const std::size_t found =
      find_last_text(text, text_of(*a[1]), byte_of_code_point(text, static_cast<std::size_t>(from)));
  if (found == std::string::npos) return Value::of(std::int64_t{-1});
  return Value::of(static_cast<std::int64_t>(count_code_points(std::string_view(text).substr(0, found))));
}

Value substring(Arguments a, Meter& meter) {
  const std::string& text = text_of(*a[0]);
  meter.spend_bytes(text.size());
  const auto count = static_cast<std::int64_t>(count_code_points(text));
  const std::int64_t begin = int_of(*a[1]), end = a.size() > 2 ? int_of(*a[2]) : count;
  if (begin < 0 || begin > count) return outside(begin);
  if (end < 0 || end > count) return outside(end);
  if (end < begin)
    return Value::error("invalid substring range: start " + std::to_string(begin) + ", end " +
                        std::to_string(end));
  const std::size_t first = byte_of_code_point(text, static_cast<std::size_t>(begin));
  const std::size_t last = byte_of_code_point(text, static_cast<std::size_t>(end));
  return Value::of(text.substr(first, last - first));
}

/// How many code points an empty pattern can stand before, and where the next match begins.
std::size_t next_match(const std::string& text, const std::string& what, std::size_t from) {
  if (!what.empty()) return find_text(text, what, from);
  return from > text.size() ? std::string::npos : from;
}
std::size_t after_one(const std::string& text, std::size_t at) {
  return at >= text.size() ? text.size() + 1 : at + byte_of_code_point(std::string_view(text).substr(at), 1);
}

Value replace(Arguments a, Meter& meter) {
  const std::string &text = text_of(*a[0]), &what = text_of(*a[1]), &with = text_of(*a[2]);
  std::int64_t left = a.size() > 3 ? int_of(*a[3]) : -1;
  if (!spend_search(*a[0], *a[1], meter)) return Value();
  std::string out;
  std::size_t copied = 0;
  for (std::size_t at = next_match(text, what, 0); at != std::string::npos && left != 0; --left) {
    if (!meter.spend_bytes(at - copied + with.size())) return Value();
    out.append(text, copied, at - copied).append(with);
    copied = at + what.size();
    if (out.size() > meter.max_string_bytes()) return too_long();
    at = next_match(text, what, what.empty() ? after_one(text, at) : copied);
  }
  if (copied < text.size()) out.append(text, copied);
  if (out.size() > meter.max_string_bytes()) return too_long();
  return Value::of(std::move(out));
}

Value split_text(Arguments a, Meter& meter) {
  const std::string &text = text_of(*a[0]), &separator = text_of(*a[1]);
  const std::int64_t limit = a.size() > 2 ? int_of(*a[2]) : -1;
  if (!spend_search(*a[0], *a[1], meter)) return Value();
  List out;
  if (limit == 0) return Value::of(std::move(out));
  std::size_t begin = 0;
  while (limit < 0 || static_cast<std::int64_t>(out.size()) + 1 < limit) {
    const std::size_t end = separator.empty() ? (begin < text.size() ? after_one(text, begin) : text.size())
                                              : find_text(text, separator, begin);
    if (end == std::string::npos || (separator.empty() && end >= text.size())) break;
    if (out.size() >= meter.max_elements()) return Value::error("the list becomes too long");
    if (!meter.spend(kUnitsOfPart)) return Value();
    out.push_back(Value::of(text.substr(begin, end - begin)));
    begin = end + separator.size();
  }
  if (!separator.empty() || begin < text.size()) out.push_back(Value::of(text.substr(begin)));
  return Value::of(std::move(out));
}

Value join_list(Arguments a, Meter& meter) {
  const std::string separator = a.size() > 1 ? text_of(*a[1]) : std::string();
  std::string out;
  const List& list = *a[0]->list();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string* part = list[i].string();
    if (part == nullptr) return no_such_overload("join", a);
    if (i > 0) out += separator;
    out += *part;
    if (out.size() > meter.max_string_bytes()) return too_long();
    if (!meter.spend(part->size() / 10 + 1)) return Value();
  }
  return Value::of(std::move(out));
}

Value reverse_text(Arguments a, Meter& meter) {
  const std::string& text = text_of(*a[0]);
  meter.spend_bytes(text.size());
  std::string out(text.size(), ' ');
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    static_cast<void>(next_code_point(text, at));
    out.replace(text.size() - at, at - begin, text, begin, at - begin);
  }
  return Value::of(std::move(out));
}

Value quote(Arguments a, Meter& meter) {
  static constexpr std::string_view special = "\a\b\f\n\r\t\v\\\"";
  static constexpr std::string_view letters = "abfnrtv\\\"";
  meter.spend_bytes(text_of(*a[0]).size());
  std::string out = "\"";
  for (const char c : text_of(*a[0])) {
    const std::size_t found = special.find(c);
    if (found != std::string_view::npos)
      (out += '\\') += letters[found];
    else
      out += c;
  }
  return Value::of(out + '"');
}

Value format(Arguments a, Meter& meter) {
  return format_text(text_of(*a[0]), *a[1]->list(), meter);
}

constexpr FunctionRow kRows[] = {
    {"string.contains(string): bool", contains_text, cost::search},
    {"string.startsWith(string): bool", starts_with, cost::read_second},
    {"string.endsWith(string): bool", ends_with, cost::read_second},
    {"string.matches(string): bool", matches, cost::match},
    {"matches(string, string): bool", matches, cost::match},
    {"string.lowerAscii(): string", lower_ascii, cost::change_first},
    {"string.upperAscii(): string", upper_ascii, cost::change_first},
    {"string.trim(): string", trimmed, cost::change_first},
    {"string.charAt(int): string", char_at, cost::one_character},
    {"string.indexOf(string): int", index_of, cost::search},
    {"string.indexOf(string, int): int", index_of, cost::search},
    {"string.lastIndexOf(string): int", last_index_of, cost::search},
    {"string.lastIndexOf(string, int): int", last_index_of, cost::search},
    {"string.substring(int): string", substring, cost::change_first},
    {"string.substring(int, int): string", substring, cost::change_first},
    {"string.replace(string, string): string", replace, cost::replace},
    {"string.replace(string, string, int): string", replace, cost::replace},
    {"string.split(string): list(string)", split_text, cost::split},
    {"string.split(string, int): list(string)", split_text, cost::split},
    {"list(string).join(): string", join_list, cost::join},
    {"list(string).join(string): string", join_list, cost::join},
    {"string.reverse(): string", reverse_text, cost::change_first},
    {"string.format(list(dyn)): string", format, cost::format},
    {"strings.quote(string): string", quote, cost::double_first},
};

}  // namespace

std::span<const FunctionRow> text_functions() {
  return kRows;
}

}  // namespace plumbline::cel
