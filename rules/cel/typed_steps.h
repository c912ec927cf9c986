// SPDX-License-Identifier: Apache-2.0
// What the files of the fast tier's steps share: obstacles, the budget, and conditions on one fact in the
// form that loops inline.
#pragma once

#include "rules/cel/typed.h"

namespace plumbline::cel::typed {

inline constexpr auto kUndecidedKind = static_cast<CellKind>(0xff);

inline Answer answer(bool yes) {
  return yes ? Answer::yes : Answer::no;
}
inline bool undecided(const Cell& cell) {
  return cell.kind() == kUndecidedKind;
}

/// What stands in the way of using a cell: unknown or undecided.
inline Answer obstacle(const Cell& cell) {
  return undecided(cell) ? Answer::undecided : Answer::unknown;
}
inline bool usable(const Cell& cell) {
  return !cell.missing() && !undecided(cell);
}

inline const Cell& unknown_cell() {
  static const Cell cell = cell_of(CellKind::unread);
  return cell;
}
inline const Cell& cell_of_obstacle(const Cell& cell) {
  return undecided(cell) ? undecided_cell() : unknown_cell();
}

inline const Cell& fact_of(const TypedStep& step, const TypedFrame& frame) {
  return frame.base[step.base][step.cell];
}

/// Takes from the budget; false where it might not reach.
inline bool spend(TypedFrame& frame, std::int64_t units) {
  frame.left -= units;
  return frame.left >= 0;
}

template <Scalar kind>
auto scalar_of(const Cell& cell) {
  if constexpr (kind == Scalar::boolean)
    return cell.yes;
  else if constexpr (kind == Scalar::whole)
    return cell.whole;
  else if constexpr (kind == Scalar::natural)
    return cell.natural;
  else if constexpr (kind == Scalar::real)
    return cell.real;
  else
    return cell.view();
}

template <Scalar kind, Test test>
bool holds(const Cell& a, const Cell& b) {
  if constexpr (kind == Scalar::text && (test == Test::equal || test == Test::differ)) {
    return same_text(a, b) == (test == Test::equal);
  } else {
    const auto x = scalar_of<kind>(a), y = scalar_of<kind>(b);
    switch (test) {
      case Test::equal:
        return x == y;
      case Test::differ:
        return x != y;
      case Test::less:
        return x < y;
      case Test::less_or_equal:
        return x <= y;
      case Test::greater:
        return x > y;
      case Test::greater_or_equal:
        return x >= y;
    }
    return false;
  }
}

template <Scalar kind>
bool in_set(const Cell& cell, const std::vector<Cell>& set) {
  for (const Cell& one : set)
    if (holds<kind, Test::equal>(cell, one)) return true;
  return false;
}

/// A condition on one fact, in the form that loops inline: what it says of a cell that is there.
template <Scalar kind, Test test>
struct FactTest {
  static bool holds(const TypedStep& step, const Cell& cell) {
    return typed::holds<kind, test>(cell, step.constant);
  }
};
template <Scalar kind>
struct FactInSet {
  static bool holds(const TypedStep& step, const Cell& cell) { return in_set<kind>(cell, step.set); }
};
struct FactIsTrue {
  static bool holds(const TypedStep&, const Cell& cell) { return cell.yes; }
};

template <class Leaf>
Answer leaf(const TypedStep& step, TypedFrame& frame) {
  const Cell& cell = fact_of(step, frame);
  if (cell.missing()) [[unlikely]]
    return Answer::unknown;
  return answer(Leaf::holds(step, cell));
}

}  // namespace plumbline::cel::typed
