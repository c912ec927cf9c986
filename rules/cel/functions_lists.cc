// SPDX-License-Identifier: Apache-2.0
// Functions on lists: the lists extension, and those that Kubernetes adds.
#include <algorithm>
#include <array>

#include "rules/cel/cost.h"
#include "rules/cel/functions.h"
#include "rules/cel/value_set.h"

namespace plumbline::cel {
namespace {

const List& list_in(const Value& value) {
  return *value.list();
}
std::int64_t int_of(const Value& value) {
  return *value.get_if<std::int64_t>();
}
Value too_long() {
  return Value::error("the list becomes too long");
}

Value slice(Arguments a, Meter& meter) {
  const List& list = list_in(*a[0]);
  const std::int64_t begin = int_of(*a[1]), end = int_of(*a[2]);
  const auto size = static_cast<std::int64_t>(list.size());
  if (begin < 0 || end < begin || end > size)
    return Value::error("cannot slice(" + std::to_string(begin) + ", " + std::to_string(end) +
                        ") of a list of " + std::to_string(size));
  if (!meter.spend(static_cast<std::uint64_t>(end - begin))) return Value();
  return Value::of(List(list.begin() + begin, list.begin() + end));
}

/// False where the result becomes too long or the budget is used up.
bool flatten_into(List& out, const List& list, std::int64_t levels, Meter& meter) {
  for (const Value& element : list) {
    if (!meter.spend(1) || out.size() >= meter.max_elements()) return false;
    const List* inner = levels > 0 ? element.list() : nullptr;
    if (inner == nullptr)
      out.push_back(element);
    else if (!flatten_into(out, *inner, levels - 1, meter))
      return false;
  }
  return true;
}
Value flatten(Arguments a, Meter& meter) {
  const std::int64_t levels = a.size() > 1 ? int_of(*a[1]) : 1;
  if (levels < 0) return Value::error("flatten() wants a depth of 0 or more");
  List out;
  return flatten_into(out, list_in(*a[0]), std::min<std::int64_t>(levels, kMaxDepthOfValues), meter)
             ? Value::of(std::move(out))
             : too_long();
}

Value distinct(Arguments a, Meter& meter) {
  const List& list = list_in(*a[0]);
  ValueSet seen(meter, list.size());
  List out;
  for (const Value& element : list) {
    if (seen.add(element)) out.push_back(element);
    if (meter.exhausted()) return Value();
  }
  return Value::of(std::move(out));
}

Value reversed(Arguments a, Meter& meter) {
  const List& list = list_in(*a[0]);
  if (!meter.spend(list.size())) return Value();
  return Value::of(List(list.rbegin(), list.rend()));
}

Value range(Arguments a, Meter& meter) {
  const std::int64_t count = int_of(*a[0]);
  if (count > 0 && static_cast<std::uint64_t>(count) > meter.max_elements()) return too_long();
  if (count > 0 && !meter.spend(static_cast<std::uint64_t>(count))) return Value();
  List out;
  for (std::int64_t i = 0; i < count; ++i) out.push_back(Value::of(i));
  return Value::of(std::move(out));
}

Value first(Arguments a, Meter&) {
  return list_in(*a[0]).empty() ? Value::none() : Value::some(list_in(*a[0]).front());
}
Value last(Arguments a, Meter&) {
  return list_in(*a[0]).empty() ? Value::none() : Value::some(list_in(*a[0]).back());
}

Value sort(Arguments a, Meter& meter) {
  return sort_by_keys(list_in(*a[0]), list_in(*a[0]), meter);
}

Value is_sorted(Arguments a, Meter& meter) {
  const List& list = list_in(*a[0]);
  if (Value problem = no_order_among(list); problem.is_error()) return problem;
  for (std::size_t i = 1; i < list.size(); ++i)
    if (metered_compare(list[i - 1], list[i], meter) > 0) return Value::of(false);
  return Value::of(true);
}

template <int Sign>
Value extreme(Arguments a, Meter& meter) {
  const List& list = list_in(*a[0]);
  if (list.empty()) return Value::error(Sign > 0 ? "max() of an empty list" : "min() of an empty list");
  if (Value problem = no_order_among(list); problem.is_error()) return problem;
  const Value* best = &list.front();
  for (const Value& candidate : list) {
    const auto order = metered_compare(candidate, *best, meter);
    if (Sign > 0 ? order > 0 : order < 0) best = &candidate;
  }
  return *best;
}

/// Adds with the language's own operator, so that overflow is an error here too.
template <class Zero>
Value sum(Arguments a, Meter& meter) {
  const List& list = list_in(*a[0]);
  if (list.empty()) return Value::of(Zero{});
  Value total = list.front();
  const auto overloads = find_functions("_+_");
  for (std::size_t i = 1; i < list.size() && meter.spend(1) && !total.is_error(); ++i) {
    const std::array<const Value*, 2> pair = {&total, &list[i]};
    const auto fits =
        std::find_if(overloads.begin(), overloads.end(), [&](const Overload& o) { return o.fits(pair); });
    total = fits == overloads.end() ? no_such_overload("sum", pair) : fits->run(pair, meter);
  }
  const ValueKind kind = total.kind();
  const bool summable = kind == ValueKind::int_kind || kind == ValueKind::uint_kind ||
                        kind == ValueKind::number || kind == ValueKind::duration || kind == ValueKind::error;
  return summable ? total : no_such_overload("sum", a);
}

Value index_of(Arguments a, Meter& meter) {
  const List& list = list_in(*a[0]);
  for (std::size_t i = 0; i < list.size() && !meter.exhausted(); ++i)
    if (metered_equal(list[i], *a[1], meter)) return Value::of(static_cast<std::int64_t>(i));
  return Value::of(std::int64_t{-1});
}
Value last_index_of(Arguments a, Meter& meter) {
  const List& list = list_in(*a[0]);
  for (std::size_t i = list.size(); i > 0 && !meter.exhausted(); --i)
    if (metered_equal(list[i - 1], *a[1], meter)) return Value::of(static_cast<std::int64_t>(i - 1));
  return Value::of(std::int64_t{-1});
}
/// Of a list whether it has the element, of another value whether it is the same.
Value includes(Arguments a, Meter& meter) {
  if (a[0]->list() == nullptr) return Value::of(metered_equal(*a[0], *a[1], meter));
  return Value::of(index_of(a, meter).get_if<std::int64_t>()[0] >= 0);
}

constexpr FunctionRow kRows[] = {
    {"list(A).slice(int, int): list(A)", slice, cost::part_of_list},
    {"list(list(A)).flatten(): list(A)", flatten, cost::flatten},
    {"list(dyn).flatten(int): list(dyn)", flatten, cost::flatten},
    {"list(A).distinct(): list(A)", distinct, cost::distinct},
    {"list(A).reverse(): list(A)", reversed, cost::part_of_list},
    {"lists.range(int): list(int)", range, cost::range},
    {"list(A).first(): optional_type(A)", first, cost::wrap_element},
    {"list(A).last(): optional_type(A)", last, cost::wrap_element},
#define PLUMBLINE_CEL_ORDERED(type)                                       \
  {"list(" type ").sort(): list(" type ")", sort, cost::sort},            \
      {"list(" type ").isSorted(): bool", is_sorted, cost::compare_each}, \
      {"list(" type ").min(): " type, extreme<-1>, cost::compare_each}, { \
    "list(" type ").max(): " type, extreme<1>, cost::compare_each         \
  }
    PLUMBLINE_CEL_ORDERED("int"),
    PLUMBLINE_CEL_ORDERED("uint"),
    PLUMBLINE_CEL_ORDERED("double"),
    PLUMBLINE_CEL_ORDERED("bool"),
    PLUMBLINE_CEL_ORDERED("duration"),
    PLUMBLINE_CEL_ORDERED("timestamp"),
    PLUMBLINE_CEL_ORDERED("string"),
    PLUMBLINE_CEL_ORDERED("bytes"),
#undef PLUMBLINE_CEL_ORDERED
    {"list(int).sum(): int", sum<std::int64_t>, cost::sum},
    {"list(uint).sum(): uint", sum<std::uint64_t>, cost::sum},
    {"list(double).sum(): double", sum<double>, cost::sum},
    {"list(duration).sum(): duration", sum<Duration>, cost::sum},
    {"list(A).indexOf(A): int", index_of, cost::find_element},
    {"list(A).lastIndexOf(A): int", last_index_of, cost::find_element},
    {"dyn.includes(dyn): bool", includes, cost::find_element},
};

}  // namespace

Value no_order_among(const List& list) {
  for (const Value& element : list) {
    if (element.kind() != list.front().kind())
      return Value::error("the elements of the list must have one type, not " +
                          std::string(type_name_of(list.front())) + " and " +
                          std::string(type_name_of(element)));
    const bool is_nan =
        element.get_if<double>() != nullptr && *element.get_if<double>() != *element.get_if<double>();
    if (!is_nan && compare(element, element) != 0)
      return Value::error("values of type " + std::string(type_name_of(element)) + " have no order");
  }
  return {};
}

Value sort_by_keys(const List& list, const List& keys, Meter& meter) {
  if (Value problem = no_order_among(keys); problem.is_error()) return problem;
  if (!meter.spend(list.size())) return {};
  std::vector<std::uint32_t> order(list.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::uint32_t>(i);
  // NaN comes first, so that the order is one; a used-up meter finds nothing less than anything else.
  const auto is_nan = [&](std::uint32_t i) {
    const double* number = keys[i].get_if<double>();
    return number != nullptr && *number != *number;
  };
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t x, std::uint32_t y) {
    if (is_nan(x) || is_nan(y)) return is_nan(x) && !is_nan(y);
    return metered_compare(keys[x], keys[y], meter) < 0;
  });
  List out;
  out.reserve(list.size());
  for (const std::uint32_t i : order) out.push_back(list[i]);
  return Value::of(std::move(out));
}

std::span<const FunctionRow> list_functions() {
  return kRows;
}

}  // namespace plumbline::cel
