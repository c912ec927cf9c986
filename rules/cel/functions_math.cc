// SPDX-License-Identifier: Apache-2.0
// The math extension: greatest and least, rounding, signs, bits.
#include <cmath>
#include <limits>

#include "rules/cel/cost.h"
#include "rules/cel/functions.h"

namespace plumbline::cel {
namespace {

using Int = std::int64_t;
using Uint = std::uint64_t;

bool is_number(const Value& value) {
  return value.kind() == ValueKind::int_kind || value.kind() == ValueKind::uint_kind ||
         value.kind() == ValueKind::number;
}

/// The first of the largest (sign 1) or smallest (sign -1).
template <int Sign>
Value extreme(Arguments a, Meter&) {
  const Value* best = nullptr;
  for (const Value* candidate : a) {
    if (!is_number(*candidate)) return no_such_overload(Sign > 0 ? "math.greatest" : "math.least", a);
    if (best == nullptr || (Sign > 0 ? compare(*candidate, *best) > 0 : compare(*candidate, *best) < 0))
      best = candidate;
  }
  return *best;
}
template <int Sign>
Value extreme_of_list(Arguments a, Meter& meter) {
  const List& list = *a[0]->list();
  if (list.empty())
    return Value::error(Sign > 0 ? "math.greatest() of an empty list" : "math.least() of an empty list");
  if (!meter.spend(list.size())) return Value();
  std::vector<const Value*> pointers;
  for (const Value& value : list) pointers.push_back(&value);
  return extreme<Sign>(pointers, meter);
}

template <double (*Operation)(double)>
Value rounded(Arguments a, Meter&) {
  return Value::of(Operation(*a[0]->get_if<double>()));
}
double ceiling(double value) {
  return std::ceil(value);
}
double floored(double value) {
  return std::floor(value);
}
double nearest(double value) {
  return std::round(value);
}
double cut(double value) {
  return std::trunc(value);
}
double square_root(double value) {
  return std::sqrt(value);
}
double absolute(double value) {
  return std::fabs(value);
}
double sign(double value) {
  return value > 0 ? 1.0 : value < 0 ? -1.0 : value;
}

Value same(Arguments a, Meter&) {
  return *a[0];
}
Value absolute_int(Arguments a, Meter&) {
  const Int value = *a[0]->get_if<Int>();
  if (value == std::numeric_limits<Int>::min())
    return Value::error("integer overflow: this number has no positive counterpart");
  return Value::of(value < 0 ? -value : value);
}
Value sign_of_int(Arguments a, Meter&) {
  const Int value = *a[0]->get_if<Int>();
  return Value::of(Int{value > 0} - Int{value < 0});
}
Value sign_of_uint(Arguments a, Meter&) {
  return Value::of(Uint{*a[0]->get_if<Uint>() > 0});
}
Value root_of_number(Arguments a, Meter&) {
  if (const auto* number = a[0]->get_if<Int>()) return Value::of(std::sqrt(static_cast<double>(*number)));
  return Value::of(std::sqrt(static_cast<double>(*a[0]->get_if<Uint>())));
}
Value is_nan(Arguments a, Meter&) {
  return Value::of(std::isnan(*a[0]->get_if<double>()));
}
Value is_infinite(Arguments a, Meter&) {
  return Value::of(std::isinf(*a[0]->get_if<double>()));
}
Value is_finite(Arguments a, Meter&) {
  return Value::of(std::isfinite(*a[0]->get_if<double>()));
}

template <class T>
Value bits_and(Arguments a, Meter&) {
  return Value::of(*a[0]->get_if<T>() & *a[1]->get_if<T>());
}
template <class T>
Value bits_or(Arguments a, Meter&) {
  return Value::of(*a[0]->get_if<T>() | *a[1]->get_if<T>());
}
template <class T>
Value bits_xor(Arguments a, Meter&) {
  return Value::of(*a[0]->get_if<T>() ^ *a[1]->get_if<T>());
}
template <class T>
Value bits_not(Arguments a, Meter&) {
  return Value::of(~*a[0]->get_if<T>());
}

/// Shifts move bits, not numbers: those of an int are shifted as if it were unsigned. 64 and more leave
/// nothing.
template <class T, bool Left>
Value shifted(Arguments a, Meter&) {
  const Int by = *a[1]->get_if<Int>();
  if (by < 0)
    return Value::error("math.bitShift" + std::string(Left ? "Left" : "Right") +
                        "() negative offset: " + std::to_string(by));
  const auto bits = static_cast<Uint>(*a[0]->get_if<T>());
  const Uint moved = by >= 64 ? 0
                     : Left   ? bits << static_cast<unsigned>(by)
                              : bits >> static_cast<unsigned>(by);
  return Value::of(static_cast<T>(moved));
}

constexpr FunctionRow kRows[] = {
    {"math.greatest(int...): int", extreme<1>},
    {"math.greatest(uint...): uint", extreme<1>},
    {"math.greatest(double...): double", extreme<1>},
    {"math.greatest(number...): dyn", extreme<1>},
    {"math.greatest(list(int)): int", extreme_of_list<1>, cost::each_element},
    {"math.greatest(list(uint)): uint", extreme_of_list<1>, cost::each_element},
    {"math.greatest(list(double)): double", extreme_of_list<1>, cost::each_element},
    {"math.greatest(list(number)): dyn", extreme_of_list<1>, cost::each_element},
    {"math.least(int...): int", extreme<-1>},
    {"math.least(uint...): uint", extreme<-1>},
    {"math.least(double...): double", extreme<-1>},
    {"math.least(number...): dyn", extreme<-1>},
    {"math.least(list(int)): int", extreme_of_list<-1>, cost::each_element},
    {"math.least(list(uint)): uint", extreme_of_list<-1>, cost::each_element},
    {"math.least(list(double)): double", extreme_of_list<-1>, cost::each_element},
    {"math.least(list(number)): dyn", extreme_of_list<-1>, cost::each_element},
    {"math.ceil(double): double", rounded<ceiling>},
    {"math.floor(double): double", rounded<floored>},
    {"math.round(double): double", rounded<nearest>},
    {"math.trunc(double): double", rounded<cut>},
    {"math.sqrt(double): double", rounded<square_root>},
    {"math.sqrt(int): double", root_of_number},
    {"math.sqrt(uint): double", root_of_number},
    {"math.abs(int): int", absolute_int},
    {"math.abs(uint): uint", same},
    {"math.abs(double): double", rounded<absolute>},
    {"math.sign(int): int", sign_of_int},
    {"math.sign(uint): uint", sign_of_uint},
    {"math.sign(double): double", rounded<sign>},
    {"math.isNaN(double): bool", is_nan},
    {"math.isInf(double): bool", is_infinite},
    {"math.isFinite(double): bool", is_finite},
    {"math.bitAnd(int, int): int", bits_and<Int>},
    {"math.bitAnd(uint, uint): uint", bits_and<Uint>},
    {"math.bitOr(int, int): int", bits_or<Int>},
    {"math.bitOr(uint, uint): uint", bits_or<Uint>},
    {"math.bitXor(int, int): int", bits_xor<Int>},
    {"math.bitXor(uint, uint): uint", bits_xor<Uint>},
    {"math.bitNot(int): int", bits_not<Int>},
    {"math.bitNot(uint): uint", bits_not<Uint>},
    {"math.bitShiftLeft(int, int): int", shifted<Int, true>},
    {"math.bitShiftLeft(uint, int): uint", shifted<Uint, true>},
    {"math.bitShiftRight(int, int): int", shifted<Int, false>},
    {"math.bitShiftRight(uint, int): uint", shifted<Uint, false>},
};

}  // namespace

std::span<const FunctionRow> math_functions() {
  return kRows;
}

}  // namespace plumbline::cel
