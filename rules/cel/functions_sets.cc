// SPDX-License-Identifier: Apache-2.0
// The sets extension: lists as sets.
#include <algorithm>

#include "rules/cel/cost.h"
#include "rules/cel/value_set.h"

namespace plumbline::cel {
namespace {

ValueSet set_of(const List& list, Meter& meter) {
  ValueSet out(meter, list.size());
  for (const Value& element : list)
    if (!meter.exhausted()) out.add(element);
  return out;
}

bool contains_all(const List& set, const List& elements, Meter& meter) {
  const ValueSet known = set_of(set, meter);
  return std::all_of(elements.begin(), elements.end(),
                     [&](const Value& element) { return meter.spend(1) && known.contains(element); });
}

Value contains(Arguments a, Meter& meter) {
  return Value::of(contains_all(*a[0]->list(), *a[1]->list(), meter));
}
Value equivalent(Arguments a, Meter& meter) {
  return Value::of(contains_all(*a[0]->list(), *a[1]->list(), meter) &&
                   contains_all(*a[1]->list(), *a[0]->list(), meter));
}
Value intersects(Arguments a, Meter& meter) {
  const ValueSet known = set_of(*a[0]->list(), meter);
  const List& elements = *a[1]->list();
  return Value::of(std::any_of(elements.begin(), elements.end(), [&](const Value& element) {
    return !meter.spend(1) || known.contains(element);
  }));
}

constexpr FunctionRow kRows[] = {
    {"sets.contains(list(A), list(A)): bool", contains, cost::contain},
    {"sets.equivalent(list(A), list(A)): bool", equivalent, cost::equivalent},
    {"sets.intersects(list(A), list(A)): bool", intersects, cost::contain},
};

}  // namespace

std::span<const FunctionRow> set_functions() {
  return kRows;
}

}  // namespace plumbline::cel
