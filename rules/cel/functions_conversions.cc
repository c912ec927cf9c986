// SPDX-License-Identifier: Apache-2.0
// Conversions between types: int(), uint(), double(), string(), bytes(), bool(), dyn(), type().
#include <charconv>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "rules/cel/cost.h"
#include "rules/cel/functions.h"
#include "rules/cel/number_text.h"
#include "rules/cel/time.h"

namespace plumbline::cel {
namespace {

constexpr double kTwo63 = 9223372036854775808.0;
constexpr double kTwo64 = 18446744073709551616.0;

Value same(Arguments a, Meter&) {
  return *a[0];
}

Value out_of_range(const Value& value, std::string_view type) {
  return Value::error("range: " + shown(value) + " does not fit in " + std::string(type));
}
Value no_number(const Value& value, std::string_view type) {
  return Value::error("type conversion error: " + shown(value) + " is no " + std::string(type));
}

Value int_of_uint(Arguments a, Meter&) {
  const std::uint64_t value = *a[0]->get_if<std::uint64_t>();
  if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return out_of_range(*a[0], "int");
  return Value::of(static_cast<std::int64_t>(value));
}
Value int_of_double(Arguments a, Meter&) {
  const double value = *a[0]->get_if<double>();
  if (!(value > -kTwo63 && value < kTwo63)) return out_of_range(*a[0], "int");
  return Value::of(static_cast<std::int64_t>(value));
}
template <class T>
Value whole_of_string(Arguments a, Meter& meter) {
  const std::string& text = *a[0]->string();
  meter.spend_bytes(text.size());
  T value{};
  const char* first = text.data();
  const char* const last = first + text.size();
  if (first != last && *first == '+' && last - first > 1 && first[1] != '-') ++first;
  const auto [end, error] = std::from_chars(first, last, value);
  if (error == std::errc::result_out_of_range)
    return out_of_range(*a[0], std::is_signed_v<T> ? "int" : "uint");
  if (error != std::errc() || end != last) return no_number(*a[0], std::is_signed_v<T> ? "int" : "uint");
  return Value::of(value);
}
Value int_of_timestamp(Arguments a, Meter&) {
  return Value::of(a[0]->get_if<Timestamp>()->seconds);
}
Value int_of_duration(Arguments a, Meter&) {
  const Duration& value = *a[0]->get_if<Duration>();
  return Value::of(value.seconds + (value.seconds < 0 && value.nanos > 0 ? 1 : 0));
}

Value uint_of_int(Arguments a, Meter&) {
  const std::int64_t value = *a[0]->get_if<std::int64_t>();
  return value < 0 ? out_of_range(*a[0], "uint") : Value::of(static_cast<std::uint64_t>(value));
}
Value uint_of_double(Arguments a, Meter&) {
  const double value = *a[0]->get_if<double>();
  if (!(value > -1.0 && value < kTwo64) || value < 0) return out_of_range(*a[0], "uint");
  return Value::of(static_cast<std::uint64_t>(value));
}

Value double_of_int(Arguments a, Meter&) {
  return Value::of(static_cast<double>(*a[0]->get_if<std::int64_t>()));
}
Value double_of_uint(Arguments a, Meter&) {
  return Value::of(static_cast<double>(*a[0]->get_if<std::uint64_t>()));
}
Value double_of_string(Arguments a, Meter& meter) {
  const std::string& text = *a[0]->string();
  meter.spend_bytes(text.size());
  const std::string name = lower(text);
  const std::string_view unsigned_name = name.empty() || (name[0] != '-' && name[0] != '+')
                                             ? std::string_view(name)
                                             : std::string_view(name).substr(1);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (name == "nan") return Value::of(std::numeric_limits<double>::quiet_NaN());
  if (unsigned_name == "inf" || unsigned_name == "infinity")
    return Value::of(name[0] == '-' ? -infinity : infinity);
  const char* first = text.data();
  const char* const last = first + text.size();
  if (last - first > 1 && *first == '+' && first[1] != '-') ++first;
  double value = 0;
  const auto [end, error] = std::from_chars(first, last, value);
  if (error == std::errc::result_out_of_range) return out_of_range(*a[0], "double");
  if (error != std::errc() || end != last) return no_number(*a[0], "double");
  return Value::of(value);
}

Value string_of_number(Arguments a, Meter&) {
  return Value::of(to_text(*a[0]));
}
Value string_of_double(Arguments a, Meter&) {
  return Value::of(readable_double(*a[0]->get_if<double>()));
}
Value string_of_bytes(Arguments a, Meter& meter) {
  const std::string& data = a[0]->bytes()->data;
  meter.spend_bytes(data.size());
  std::string no_zero;  // a zero byte is a character of a CEL string
  for (const char c : data) no_zero += c == '\0' ? ' ' : c;
  return is_utf8(no_zero) ? Value::of(data) : Value::error("invalid UTF-8 in bytes");
}
Value string_of_timestamp(Arguments a, Meter&) {
  return Value::of(format_timestamp(*a[0]->get_if<Timestamp>()));
}
Value string_of_duration(Arguments a, Meter&) {
  return Value::of(format_duration(*a[0]->get_if<Duration>()));
}
Value bytes_of_string(Arguments a, Meter& meter) {
  meter.spend_bytes(a[0]->string()->size());
  return Value::of(Bytes{*a[0]->string()});
}

Value bool_of_string(Arguments a, Meter&) {
  const std::string& text = *a[0]->string();
  for (const char* yes : {"1", "t", "T", "true", "TRUE", "True"})
    if (text == yes) return Value::of(true);
  for (const char* no : {"0", "f", "F", "false", "FALSE", "False"})
    if (text == no) return Value::of(false);
  return no_number(*a[0], "bool");
}

Value type_of(Arguments a, Meter&) {
  return Value::of(TypeName{std::string(type_name_of(*a[0]))});
}

constexpr FunctionRow kRows[] = {
    {"int(int): int", same, cost::first},
    {"int(uint): int", int_of_uint},
    {"int(double): int", int_of_double},
    {"int(string): int", whole_of_string<std::int64_t>, cost::read_first},
    {"int(timestamp): int", int_of_timestamp},
    {"int(duration): int", int_of_duration},
    {"uint(uint): uint", same, cost::first},
    {"uint(int): uint", uint_of_int},
    {"uint(double): uint", uint_of_double},
    {"uint(string): uint", whole_of_string<std::uint64_t>, cost::read_first},
    {"double(double): double", same, cost::first},
    {"double(int): double", double_of_int},
    {"double(uint): double", double_of_uint},
    {"double(string): double", double_of_string, cost::read_first},
    {"string(string): string", same, cost::first},
    {"string(bool): string", string_of_number, cost::short_text},
    {"string(int): string", string_of_number, cost::short_text},
    {"string(uint): string", string_of_number, cost::short_text},
    {"string(double): string", string_of_double, cost::short_text},
    {"string(bytes): string", string_of_bytes, cost::change_first},
    {"string(timestamp): string", string_of_timestamp, cost::short_text},
    {"string(duration): string", string_of_duration, cost::short_text},
    {"bytes(bytes): bytes", same, cost::first},
    {"bytes(string): bytes", bytes_of_string, cost::change_first},
    {"bool(bool): bool", same, cost::first},
    {"bool(string): bool", bool_of_string, cost::nothing},
    {"dyn(A): dyn", same, cost::first},
    {"type(A): type(A)", type_of, cost::nothing},
};

}  // namespace

std::span<const FunctionRow> conversion_functions() {
  return kRows;
}

}  // namespace plumbline::cel
