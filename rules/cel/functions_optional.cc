// SPDX-License-Identifier: Apache-2.0
// Optional values: optional.of(x), optional.none(), and what may be asked of them.
#include "rules/cel/cost.h"
#include "rules/cel/functions.h"

namespace plumbline::cel {
namespace {

const Optional& optional_in(const Value& value) {
  return *value.optional();
}

/// false, 0, "", b"", [], {}, null, optional.none(), and time zero.
bool is_zero(const Value& value) {
  switch (value.kind()) {
    case ValueKind::null:
      return true;
    case ValueKind::boolean:
      return !*value.get_if<bool>();
    case ValueKind::int_kind:
      return *value.get_if<std::int64_t>() == 0;
    case ValueKind::uint_kind:
      return *value.get_if<std::uint64_t>() == 0;
    case ValueKind::number:
      return *value.get_if<double>() == 0;
    case ValueKind::string:
      return value.string()->empty();
    case ValueKind::bytes:
      return value.bytes()->data.empty();
    case ValueKind::list:
      return value.list()->empty();
    case ValueKind::map:
      return value.map()->entries.empty();
    case ValueKind::timestamp:
      return value.get_if<Timestamp>()->seconds == 0 && value.get_if<Timestamp>()->nanos == 0;
    case ValueKind::duration:
      return value.get_if<Duration>()->seconds == 0 && value.get_if<Duration>()->nanos == 0;
    case ValueKind::optional:
      return !value.optional()->present;
    default:
      return false;
  }
}

Value of_value(Arguments a, Meter&) {
  return Value::some(*a[0]);
}
Value of_non_zero(Arguments a, Meter&) {
  return is_zero(*a[0]) ? Value::none() : Value::some(*a[0]);
}
Value of_nothing(Arguments, Meter&) {
  return Value::none();
}

Value has_value(Arguments a, Meter&) {
  return Value::of(optional_in(*a[0]).present);
}
Value inner_value(Arguments a, Meter&) {
  const Optional& optional = optional_in(*a[0]);
  return optional.present ? optional.value : Value::error("optional.none() has no value()");
}
Value or_other(Arguments a, Meter&) {
  return optional_in(*a[0]).present ? *a[0] : *a[1];
}
Value or_value(Arguments a, Meter&) {
  return optional_in(*a[0]).present ? optional_in(*a[0]).value : *a[1];
}

/// The values of a list of optionals that have one.
Value unwrapped(Arguments a, Meter& meter) {
  const List& list = *a[0]->list();
  if (!meter.spend(list.size())) return Value();
  List out;
  for (const Value& element : list) {
    const Optional* optional = element.optional();
    if (optional == nullptr) return no_such_overload("optional.unwrap", a);
    if (optional->present) out.push_back(optional->value);
  }
  return Value::of(std::move(out));
}

/// [?i] of a list, [?k] of a map; the operand may be an optional itself, and [i] of one is the same.
Value element(Arguments a, Meter& meter) {
  const Value* operand = a[0];
  if (const Optional* optional = operand->optional()) {
    if (!optional->present) return Value::none();
    operand = &optional->value;
  }
  if (const Map* map = operand->map()) {
    if (const auto* text = a[1]->string()) meter.spend(text->size() / 100);
    const Value* found = map->find(*a[1]);
    if (found != nullptr && found->is_unknown()) return *found;
    return found == nullptr ? Value::none() : Value::some(*found);
  }
  const List* list = operand->list();
  if (list == nullptr) return no_such_overload("_[?_]", a);
  const auto* index = a[1]->get_if<std::int64_t>();
  if (index == nullptr) return no_such_overload("_[?_]", a);
  if (*index < 0 || static_cast<std::uint64_t>(*index) >= list->size()) return Value::none();
  const Value& found = (*list)[static_cast<std::size_t>(*index)];
  return found.is_unknown() ? found : Value::some(found);
}

constexpr FunctionRow kRows[] = {
    {"optional.of(A): optional_type(A)", of_value, cost::wrap},
    {"optional.ofNonZeroValue(A): optional_type(A)", of_non_zero, cost::wrap},
    {"optional.none(): optional_type(A)", of_nothing},
    {"optional.unwrap(list(optional_type(A))): list(A)", unwrapped, cost::unwrap_each},
    {"list(optional_type(A)).unwrapOpt(): list(A)", unwrapped, cost::unwrap_each},
    {"optional_type(A).hasValue(): bool", has_value, cost::nothing},
    {"optional_type(A).value(): A", inner_value, cost::unwrap},
    {"optional_type(A).or(optional_type(A)): optional_type(A)", or_other, cost::either_optional},
    {"optional_type(A).orValue(A): A", or_value, cost::either},
    {"_[?_](list(A), int): optional_type(A)", element, cost::wrap_element},
    {"_[?_](map(A, B), A): optional_type(B)", element, cost::wrap_value},
    {"_[?_](optional_type(list(A)), int): optional_type(A)", element, cost::wrap_element},
    {"_[?_](optional_type(map(A, B)), A): optional_type(B)", element, cost::wrap_value},
    {"_[_](optional_type(list(A)), int): optional_type(A)", element, cost::wrap_element},
    {"_[_](optional_type(map(A, B)), A): optional_type(B)", element, cost::wrap_value},
};

}  // namespace

std::span<const FunctionRow> optional_functions() {
  return kRows;
}

}  // namespace plumbline::cel
