// SPDX-License-Identifier: Apache-2.0
// Operators of CEL, size() and membership.
#include <cmath>
#include <limits>

#include "rules/cel/cost.h"
#include "rules/cel/functions.h"
#include "rules/cel/time.h"
#include "rules/cel/utf8.h"

namespace plumbline::cel {
namespace {

std::int64_t int_of(const Value& value) {
  return *value.get_if<std::int64_t>();
}
std::uint64_t uint_of(const Value& value) {
  return *value.get_if<std::uint64_t>();
}
double double_of(const Value& value) {
  return *value.get_if<double>();
}
const Timestamp& timestamp_of(const Value& value) {
  return *value.get_if<Timestamp>();
}
const Duration& duration_of(const Value& value) {
  return *value.get_if<Duration>();
}

Value overflow() {
  return Value::error("the result does not fit in 64 bits: integer overflow");
}
Value of(const std::optional<Timestamp>& value) {
  return value ? Value::of(*value) : Value::error("range: a timestamp lies in the years 1 to 9999");
}
Value of(const std::optional<Duration>& value) {
  return value ? Value::of(*value) : Value::error("range: a duration is at most 292 years");
}

template <class T, bool (*Operation)(T, T, T*)>
Value checked(Arguments a, Meter&) {
  T out{};
  if (Operation(*a[0]->get_if<T>(), *a[1]->get_if<T>(), &out)) return overflow();
  return Value::of(out);
}
template <class T>
bool add_overflows(T a, T b, T* out) {
  return __builtin_add_overflow(a, b, out);
}
template <class T>
bool subtract_overflows(T a, T b, T* out) {
  return __builtin_sub_overflow(a, b, out);
}
template <class T>
bool multiply_overflows(T a, T b, T* out) {
  return __builtin_mul_overflow(a, b, out);
}

Value divide_int(Arguments a, Meter&) {
  const std::int64_t x = int_of(*a[0]), y = int_of(*a[1]);
  if (y == 0) return Value::error("division by zero");
  if (x == std::numeric_limits<std::int64_t>::min() && y == -1) return overflow();
  return Value::of(x / y);
}
Value modulo_int(Arguments a, Meter&) {
  const std::int64_t x = int_of(*a[0]), y = int_of(*a[1]);
  if (y == 0) return Value::error("modulus by zero");
  if (x == std::numeric_limits<std::int64_t>::min() && y == -1) return overflow();
  return Value::of(x % y);
}
Value divide_uint(Arguments a, Meter&) {
  return uint_of(*a[1]) == 0 ? Value::error("division by zero") : Value::of(uint_of(*a[0]) / uint_of(*a[1]));
}
Value modulo_uint(Arguments a, Meter&) {
  return uint_of(*a[1]) == 0 ? Value::error("modulus by zero") : Value::of(uint_of(*a[0]) % uint_of(*a[1]));
}
Value add_double(Arguments a, Meter&) {
  return Value::of(double_of(*a[0]) + double_of(*a[1]));
}
Value subtract_double(Arguments a, Meter&) {
  return Value::of(double_of(*a[0]) - double_of(*a[1]));
}
Value multiply_double(Arguments a, Meter&) {
  return Value::of(double_of(*a[0]) * double_of(*a[1]));
}
Value divide_double(Arguments a, Meter&) {
  return Value::of(double_of(*a[0]) / double_of(*a[1]));
}
Value negate_int(Arguments a, Meter&) {
  return int_of(*a[0]) == std::numeric_limits<std::int64_t>::min() ? overflow() : Value::of(-int_of(*a[0]));
}
Value negate_double(Arguments a, Meter&) {
  return Value::of(-double_of(*a[0]));
}
Value not_bool(Arguments a, Meter&) {
  return Value::of(!*a[0]->get_if<bool>());
}

Value add_strings(Arguments a, Meter& meter) {
  const std::string &x = *a[0]->string(), &y = *a[1]->string();
  if (x.size() + y.size() > meter.max_string_bytes()) return Value::error("the string becomes too long");
  if (!meter.spend_bytes(x.size() + y.size())) return Value();
  return Value::of(x + y);
}
Value add_bytes(Arguments a, Meter& meter) {
  const std::string &x = a[0]->bytes()->data, &y = a[1]->bytes()->data;
  if (x.size() + y.size() > meter.max_string_bytes()) return Value::error("the bytes become too many");
  if (!meter.spend_bytes(x.size() + y.size())) return Value();
  return Value::of(Bytes{x + y});
}
Value add_lists(Arguments a, Meter& meter) {
  const List &x = *a[0]->list(), &y = *a[1]->list();
  if (x.size() + y.size() > meter.max_elements()) return Value::error("the list becomes too long");
  if (!meter.spend(x.size() + y.size())) return Value();
  List out;
  out.reserve(x.size() + y.size());
  out.insert(out.end(), x.begin(), x.end());
  out.insert(out.end(), y.begin(), y.end());
  return Value::of(std::move(out));
}

Value add_timestamp_duration(Arguments a, Meter&) {
  return of(make_timestamp(timestamp_of(*a[0]).seconds + duration_of(*a[1]).seconds,
                           std::int64_t{timestamp_of(*a[0]).nanos} + duration_of(*a[1]).nanos));
}
Value add_duration_timestamp(Arguments a, Meter& meter) {
  const Value* const swapped[] = {a[1], a[0]};
  return add_timestamp_duration(swapped, meter);
}
Value add_durations(Arguments a, Meter&) {
  return of(make_duration(duration_of(*a[0]).seconds + duration_of(*a[1]).seconds,
                          std::int64_t{duration_of(*a[0]).nanos} + duration_of(*a[1]).nanos));
}
Value subtract_timestamps(Arguments a, Meter&) {
  return of(make_duration(timestamp_of(*a[0]).seconds - timestamp_of(*a[1]).seconds,
                          std::int64_t{timestamp_of(*a[0]).nanos} - timestamp_of(*a[1]).nanos));
}
Value subtract_duration(Arguments a, Meter&) {
  return of(make_timestamp(timestamp_of(*a[0]).seconds - duration_of(*a[1]).seconds,
                           std::int64_t{timestamp_of(*a[0]).nanos} - duration_of(*a[1]).nanos));
}
Value subtract_durations(Arguments a, Meter&) {
  return of(make_duration(duration_of(*a[0]).seconds - duration_of(*a[1]).seconds,
                          std::int64_t{duration_of(*a[0]).nanos} - duration_of(*a[1]).nanos));
}

Value equals(Arguments a, Meter& meter) {
  return Value::of(metered_equal(*a[0], *a[1], meter));
}
Value differs(Arguments a, Meter& meter) {
  return Value::of(!metered_equal(*a[0], *a[1], meter));
}
/// Charges for the bytes that may have to be compared or hashed.
void charge(const Value& value, Meter& meter) {
  if (const auto* text = value.string())
    meter.spend(text->size() / 100);
  else if (const auto* bytes = value.bytes())
    meter.spend(bytes->data.size() / 100);
}
std::partial_ordering ordered(Arguments a, Meter& meter) {
  charge(*a[0], meter);
  return compare(*a[0], *a[1]);
}
Value less(Arguments a, Meter& meter) {
  return Value::of(ordered(a, meter) < 0);
}
Value less_or_equal(Arguments a, Meter& meter) {
  return Value::of(ordered(a, meter) <= 0);
}
Value greater(Arguments a, Meter& meter) {
  return Value::of(ordered(a, meter) > 0);
}
Value greater_or_equal(Arguments a, Meter& meter) {
  return Value::of(ordered(a, meter) >= 0);
}

Value in_list(Arguments a, Meter& meter) {
  for (const Value& element : *a[1]->list())
    if (metered_equal(*a[0], element, meter) || meter.exhausted()) return Value::of(true);
  return Value::of(false);
}
Value in_map(Arguments a, Meter& meter) {
  charge(*a[0], meter);
  return Value::of(a[1]->map()->find(*a[0]) != nullptr);
}

/// The whole number that a number is; nothing where it is none.
std::optional<std::int64_t> whole(const Value& value) {
  if (const auto* number = value.get_if<std::int64_t>()) return *number;
  if (const auto* number = value.get_if<std::uint64_t>()) {
    if (*number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
    return static_cast<std::int64_t>(*number);
  }
  const double number = double_of(value);
  if (std::trunc(number) != number || std::fabs(number) > 9e15) return std::nullopt;
  return static_cast<std::int64_t>(number);
}
Value index_list(Arguments a, Meter&) {
  const List& list = *a[0]->list();
  const auto index = whole(*a[1]);
  if (!index)
    return Value::error("invalid_argument: " + shown(*a[1]) + " is no whole number to index a list with");
  if (*index < 0 || static_cast<std::uint64_t>(*index) >= list.size())
    return Value::error("invalid_argument: index " + std::to_string(*index) + " is outside the list of " +
                        std::to_string(list.size()));
  return list[static_cast<std::size_t>(*index)];
}
Value index_map(Arguments a, Meter& meter) {
  charge(*a[1], meter);
  const Value* value = a[0]->map()->find(*a[1]);
  return value == nullptr ? Value::error("no such key: " + shown(*a[1])) : *value;
}

Value size_of_string(Arguments a, Meter& meter) {
  meter.spend_bytes(a[0]->string()->size());
  return Value::of(static_cast<std::int64_t>(count_code_points(*a[0]->string())));
}
Value size_of_bytes(Arguments a, Meter&) {
  return Value::of(static_cast<std::int64_t>(a[0]->bytes()->data.size()));
}
Value size_of_list(Arguments a, Meter&) {
  return Value::of(static_cast<std::int64_t>(a[0]->list()->size()));
}
Value size_of_map(Arguments a, Meter&) {
  return Value::of(static_cast<std::int64_t>(a[0]->map()->entries.size()));
}

using Int = std::int64_t;
using Uint = std::uint64_t;

constexpr FunctionRow kRows[] = {
    {"_+_(int, int): int", checked<Int, add_overflows<Int>>},
    {"_+_(uint, uint): uint", checked<Uint, add_overflows<Uint>>},
    {"_+_(double, double): double", add_double},
    {"_+_(string, string): string", add_strings, cost::add},
    {"_+_(bytes, bytes): bytes", add_bytes, cost::add},
    {"_+_(list(A), list(A)): list(A)", add_lists, cost::add},
    {"_+_(timestamp, duration): timestamp", add_timestamp_duration},
    {"_+_(duration, timestamp): timestamp", add_duration_timestamp},
    {"_+_(duration, duration): duration", add_durations},
    {"_-_(int, int): int", checked<Int, subtract_overflows<Int>>},
    {"_-_(uint, uint): uint", checked<Uint, subtract_overflows<Uint>>},
    {"_-_(double, double): double", subtract_double},
    {"_-_(timestamp, timestamp): duration", subtract_timestamps},
    {"_-_(timestamp, duration): timestamp", subtract_duration},
    {"_-_(duration, duration): duration", subtract_durations},
    {"_*_(int, int): int", checked<Int, multiply_overflows<Int>>},
    {"_*_(uint, uint): uint", checked<Uint, multiply_overflows<Uint>>},
    {"_*_(double, double): double", multiply_double},
    {"_/_(int, int): int", divide_int},
    {"_/_(uint, uint): uint", divide_uint},
    {"_/_(double, double): double", divide_double},
    {"_%_(int, int): int", modulo_int},
    {"_%_(uint, uint): uint", modulo_uint},
    {"-_(int): int", negate_int},
    {"-_(double): double", negate_double},
    {"!_(bool): bool", not_bool},
    {"_==_(number, number): bool", equals, cost::equal},
    {"_==_(A, A): bool", equals, cost::equal},
    {"_!=_(number, number): bool", differs, cost::equal},
    {"_!=_(A, A): bool", differs, cost::equal},
#define PLUMBLINE_CEL_ORDER(symbol, function)                                                         \
  {"_" symbol "_(number, number): bool", function}, {"_" symbol "_(string, string): bool", function, cost::order}, \
      {"_" symbol "_(bool, bool): bool", function}, {"_" symbol "_(bytes, bytes): bool", function, cost::order},   \
      {"_" symbol "_(timestamp, timestamp): bool", function}, {                                       \
    "_" symbol "_(duration, duration): bool", function                                                \
  }
    PLUMBLINE_CEL_ORDER("<", less),
    PLUMBLINE_CEL_ORDER("<=", less_or_equal),
    PLUMBLINE_CEL_ORDER(">", greater),
    PLUMBLINE_CEL_ORDER(">=", greater_or_equal),
#undef PLUMBLINE_CEL_ORDER
    {"_in_(number, list(number)): bool", in_list, cost::in_list},
    {"_in_(A, list(A)): bool", in_list, cost::in_list},
    {"_in_(A, map(A, B)): bool", in_map, cost::in_map},
    {"_[_](list(A), int): A", index_list, cost::index_list},
    {"_[_](list(A), dyn number): A", index_list, cost::index_list},
    {"_[_](map(A, B), A): B", index_map, cost::index_map},
    {"size(string): int", size_of_string, cost::size_of_text},
    {"size(bytes): int", size_of_bytes, cost::size},
    {"size(list(A)): int", size_of_list, cost::size},
    {"size(map(A, B)): int", size_of_map, cost::size},
    {"string.size(): int", size_of_string, cost::size_of_text},
    {"bytes.size(): int", size_of_bytes, cost::size},
    {"list(A).size(): int", size_of_list, cost::size},
    {"map(A, B).size(): int", size_of_map, cost::size},
};

}  // namespace

std::span<const FunctionRow> operator_functions() {
  return kRows;
}

}  // namespace plumbline::cel
