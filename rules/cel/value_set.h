// SPDX-License-Identifier: Apache-2.0
// Many values at once: which are there already, and in which order they stand.
#pragma once

#include <unordered_map>

#include "rules/cel/functions.h"

namespace plumbline::cel {

inline constexpr std::int64_t kMaxDepthOfValues = 1000;  // that flatten() goes into

/// Values by equality; refers to them where they lie. Charges the meter for what it compares.
class ValueSet {
 public:
  ValueSet(Meter& meter, std::size_t expected) : meter_(meter) {
    if (meter_.spend(expected)) values_.reserve(expected);
  }
  bool contains(const Value& value) const {
    const auto [first, last] = values_.equal_range(hash_of(value));
    for (auto candidate = first; candidate != last; ++candidate)
      if (metered_equal(*candidate->second, value, meter_) || meter_.exhausted()) return true;
    return false;
  }
  /// False where an equal value is there already.
  bool add(const Value& value) {
    if (contains(value)) return false;
    values_.emplace(hash_of(value), &value);
    return true;
  }

 private:
  Meter& meter_;
  std::unordered_multimap<std::size_t, const Value*> values_;
};

/// An error where the elements have no order among each other: several types, or lists and their like.
Value no_order_among(const List& list);
/// The list in the order of its keys, one for each element; equal ones keep theirs.
Value sort_by_keys(const List& list, const List& keys, Meter& meter);

}  // namespace plumbline::cel
