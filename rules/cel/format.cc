// SPDX-License-Identifier: Apache-2.0
// "%s has %d".format([…]).
#include "rules/cel/format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/text.h"
#include "rules/cel/number_text.h"
#include "rules/cel/time.h"

namespace plumbline::cel {
namespace {

constexpr int kMaxDecimals = 1000;
constexpr int kUsualDecimals = 6;

using Text = tl::expected<std::string, std::string>;  // or what is wrong

tl::unexpected<std::string> wrong(std::string message) {
  return tl::unexpected<std::string>("error during formatting: " + std::move(message));
}

template <class T>
std::string in_base(T value, int base) {
  std::array<char, 72> buffer;
  return {buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, base).ptr};
}

std::optional<double> as_double(const Value& value) {
  if (const auto* number = value.get_if<double>()) return *number;
  if (const auto* number = value.get_if<std::int64_t>()) return static_cast<double>(*number);
  if (const auto* number = value.get_if<std::uint64_t>()) return static_cast<double>(*number);
  return std::nullopt;
}

/// NaN and infinities are written the same by every numeric clause.
std::optional<std::string> special_double(const Value& value) {
  const auto* number = value.get_if<double>();
  if (number == nullptr) return std::nullopt;
  if (*number != *number) return "NaN";
  if (*number - *number != 0) return *number > 0 ? "Infinity" : "-Infinity";
  return std::nullopt;
}

Text as_string(const Value& value, Meter& meter);

Text list_as_string(const List& list, Meter& meter) {
  std::string out = "[";
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto part = as_string(list[i], meter);
    if (!part) return part;
    out += (i == 0 ? "" : ", ") + *part;
    if (out.size() > meter.max_string_bytes()) return wrong("the string becomes too long");
  }
  return out + "]";
}

Text map_as_string(const Map& map, Meter& meter) {
  std::vector<std::string> parts;
  std::size_t bytes = 0;
  for (const auto& [key, value] : map.entries) {
    auto first = as_string(key, meter), second = as_string(value, meter);
    if (!first) return first;
    if (!second) return second;
    parts.push_back(*first + ": " + *second);
    if ((bytes += parts.back().size()) > meter.max_string_bytes())
      return wrong("the string becomes too long");
  }
  std::sort(parts.begin(), parts.end());
  return "{" + join(parts, ", ") + "}";
}

Text as_string(const Value& value, Meter& meter) {
  if (!meter.spend(1)) return wrong("the cost budget is used up");
  if (auto special = special_double(value)) return *special;
  switch (value.kind()) {
    case ValueKind::string:
      meter.spend_bytes(value.string()->size());
      return *value.string();
    case ValueKind::bytes:
      return to_utf8(value.bytes()->data);
    case ValueKind::list:
      return list_as_string(*value.list(), meter);
    case ValueKind::map:
      return map_as_string(*value.map(), meter);
    case ValueKind::error:
    case ValueKind::unknown:
      return wrong(
          "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, "
          "durations, and timestamps");
    default:
      return to_text(value);
  }
}

Text as_decimal(const Value& value) {
  if (auto special = special_double(value)) return *special;
  if (value.kind() == ValueKind::int_kind || value.kind() == ValueKind::uint_kind ||
      value.kind() == ValueKind::number)
    return to_text(value);
  return wrong("decimal clause can only be used on integers, was given " + std::string(type_name_of(value)));
}

Text as_fixed(const Value& value, int decimals, bool scientific) {
  if (auto special = special_double(value)) return *special;
  const auto number = as_double(value);
  if (!number)
    return wrong((scientific ? "scientific" : "fixed-point") +
                 std::string(" clause can only be used on doubles, was given ") +
                 std::string(type_name_of(value)));
  return scientific ? scientific_double(*number, decimals) : fixed_double(*number, decimals);
}

Text as_binary(const Value& value) {
  if (const auto* flag = value.get_if<bool>()) return *flag ? "1" : "0";
  if (const auto* number = value.get_if<std::int64_t>()) return in_base(*number, 2);
  if (const auto* number = value.get_if<std::uint64_t>()) return in_base(*number, 2);
  return wrong("only integers and bools can be formatted as binary, was given " +
               std::string(type_name_of(value)));
}

Text as_octal(const Value& value) {
  if (const auto* number = value.get_if<std::int64_t>()) return in_base(*number, 8);
  if (const auto* number = value.get_if<std::uint64_t>()) return in_base(*number, 8);
  return wrong("octal clause can only be used on integers, was given " + std::string(type_name_of(value)));
}

Text as_hexadecimal(const Value& value) {
  if (const auto* number = value.get_if<std::int64_t>()) return in_base(*number, 16);
  if (const auto* number = value.get_if<std::uint64_t>()) return in_base(*number, 16);
  if (const auto* text = value.string()) return hex(*text);
  if (const auto* bytes = value.bytes()) return hex(bytes->data);
  return wrong("only integers, byte buffers, and strings can be formatted as hex, was given " +
               std::string(type_name_of(value)));
}

std::string upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

Text clause(char letter, int decimals, const Value& value, Meter& meter) {
  switch (letter) {
    case 's':
      return as_string(value, meter);
    case 'd':
      return as_decimal(value);
    case 'f':
      return as_fixed(value, decimals, false);
    case 'e':
      return as_fixed(value, decimals, true);
    case 'b':
      return as_binary(value);
    case 'o':
      return as_octal(value);
    case 'x':
      return as_hexadecimal(value);
    case 'X':
      return as_hexadecimal(value).map(upper);
    default:
      return wrong("unrecognized formatting clause \"" + std::string(1, letter) + "\"");
  }
}

/// ".2" at `at`; the usual number of decimals where there is no point.
tl::expected<int, std::string> read_decimals(const std::string& pattern, std::size_t& at) {
  if (at >= pattern.size() || pattern[at] != '.') return kUsualDecimals;
  int decimals = 0;
  const std::size_t start = ++at;
  for (; at < pattern.size() && pattern[at] >= '0' && pattern[at] <= '9'; ++at) {
    decimals = decimals * 10 + (pattern[at] - '0');
    if (decimals > kMaxDecimals) return wrong("more than " + std::to_string(kMaxDecimals) + " decimals");
  }
  if (at == start) return wrong("no decimals after the point");
  return decimals;
}

Text write(const std::string& pattern, const List& arguments, Meter& meter) {
  std::string out;
  std::size_t next = 0;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    if (out.size() > meter.max_string_bytes()) return wrong("the string becomes too long");
    if (pattern[at] != '%') {
      out += pattern[at];
      continue;
    }
    if (++at < pattern.size() && pattern[at] == '%') {
      out += '%';
      continue;
    }
    const auto decimals = read_decimals(pattern, at);
    if (!decimals) return tl::unexpected<std::string>(decimals.error());
    if (at >= pattern.size()) return wrong("unexpected end of string");
    if (next >= arguments.size()) return wrong("index " + std::to_string(next) + " out of range");
    auto text = clause(pattern[at], *decimals, arguments[next++], meter);
    if (!text) return text;
    if (!meter.spend_bytes(text->size())) return wrong("the cost budget is used up");
    out += *text;
  }
  return out;
}

}  // namespace

Value format_text(const std::string& pattern, const List& arguments, Meter& meter) {
  meter.spend_bytes(pattern.size());
  auto text = write(pattern, arguments, meter);
  return text ? Value::of(std::move(*text)) : Value::error(std::move(text.error()));
}

}  // namespace plumbline::cel
