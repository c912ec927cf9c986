// SPDX-License-Identifier: Apache-2.0
// The steps of the fast tier that test a value: comparisons, membership, texts.
#include <algorithm>

#include "rules/cel/regex.h"
#include "rules/cel/typed_steps.h"

namespace plumbline::cel::typed {
namespace {

constexpr std::size_t kSearchedBytes = 10;  // of text for one unit, as the evaluator charges

// Comparisons

template <Scalar kind, Test test>
Answer fetched_test(const TypedStep& step, TypedFrame& frame) {
  Cell scratch;
  const Cell& cell = step.a->fetch(*step.a, frame, scratch);
  if (!usable(cell)) [[unlikely]]
    return obstacle(cell);
  return answer(holds<kind, test>(cell, step.constant));
}

/// Calls `use` with the form of FactTest or fetched_test for a kind and test known only when planning.
template <template <Scalar, Test> class Pick, Scalar kind>
TypedStep::Decide pick_test(Test test) {
  switch (test) {
    case Test::equal:
      return Pick<kind, Test::equal>::step();
    case Test::differ:
      return Pick<kind, Test::differ>::step();
    case Test::less:
      return Pick<kind, Test::less>::step();
    case Test::less_or_equal:
      return Pick<kind, Test::less_or_equal>::step();
    case Test::greater:
      return Pick<kind, Test::greater>::step();
    case Test::greater_or_equal:
      return Pick<kind, Test::greater_or_equal>::step();
  }
  return nullptr;
}
template <template <Scalar, Test> class Pick>
TypedStep::Decide pick(Scalar kind, Test test) {
  switch (kind) {
    case Scalar::boolean:
      return pick_test<Pick, Scalar::boolean>(test);
    case Scalar::whole:
      return pick_test<Pick, Scalar::whole>(test);
    case Scalar::natural:
      return pick_test<Pick, Scalar::natural>(test);
    case Scalar::real:
      return pick_test<Pick, Scalar::real>(test);
    case Scalar::text:
      return pick_test<Pick, Scalar::text>(test);
  }
  return nullptr;
}
template <Scalar kind, Test test>
struct PickFact {
  static TypedStep::Decide step() { return leaf<FactTest<kind, test>>; }
};
template <Scalar kind, Test test>
struct PickFetched {
  static TypedStep::Decide step() { return fetched_test<kind, test>; }
};

template <Scalar kind, Test test>
Answer facts_test(const TypedStep& step, TypedFrame& frame) {
  const Cell &a = fact_of(step, frame), &b = frame.base[step.other_base][step.other_cell];
  if (a.missing() || b.missing()) [[unlikely]]
    return Answer::unknown;
  if constexpr (kind == Scalar::text) {
    if (!spend(frame, std::int64_t{a.size()} / 100)) return Answer::undecided;
  }
  return answer(holds<kind, test>(a, b));
}
template <Scalar kind, Test test>
struct PickFacts {
  static TypedStep::Decide step() { return facts_test<kind, test>; }
};

/// The order of two numbers of any kind, exactly.
std::partial_ordering order_numbers(const Cell& a, const Cell& b) {
  if (a.kind() == b.kind()) {
    if (a.kind() == CellKind::int_kind) return a.whole <=> b.whole;
    if (a.kind() == CellKind::uint_kind) return a.natural <=> b.natural;
    return a.real <=> b.real;
  }
  return compare(value_of(a), value_of(b));
}

template <Test test>
bool ordered(std::partial_ordering order) {
  switch (test) {
    case Test::equal:
      return order == 0;
    case Test::differ:
      return order != 0;
    case Test::less:
      return order < 0;
    case Test::less_or_equal:
      return order <= 0;
    case Test::greater:
      return order > 0;
    case Test::greater_or_equal:
      return order >= 0;
  }
  return false;
}

template <Test test>
Answer both_test(const TypedStep& step, TypedFrame& frame) {
  Cell one, two;
  const Cell& a = step.a->fetch(*step.a, frame, one);
  const Cell& b = step.b->fetch(*step.b, frame, two);
  if (!usable(a) || !usable(b)) [[unlikely]]
    return undecided(a) || undecided(b) ? Answer::undecided : Answer::unknown;
  if (a.kind() == CellKind::string) {
    if (!spend(frame, std::int64_t{a.size()} / 100 + 1)) return Answer::undecided;
    if constexpr (test == Test::equal || test == Test::differ)
      return answer(same_text(a, b) == (test == Test::equal));
    return answer(ordered<test>(a.view() <=> b.view()));
  }
  if (a.kind() == CellKind::boolean) return answer(ordered<test>(a.yes <=> b.yes));
  return answer(ordered<test>(order_numbers(a, b)));
}

// Membership and texts

template <Scalar kind>
Answer decide_fetched_in_set(const TypedStep& step, TypedFrame& frame) {
  Cell scratch;
  const Cell& cell = step.a->fetch(*step.a, frame, scratch);
  return usable(cell) ? answer(in_set<kind>(cell, step.set)) : obstacle(cell);
}

Answer decide_in_list(const TypedStep& step, TypedFrame& frame) {
  Cell one, two;
  const Cell& item = step.a->fetch(*step.a, frame, one);
  const Cell& list = step.b->fetch(*step.b, frame, two);
  if (!usable(item) || !usable(list))
    return undecided(item) || undecided(list) ? Answer::undecided : Answer::unknown;
  const std::int64_t each = item.kind() == CellKind::string ? std::int64_t{item.size()} / 100 + 2 : 2;
  if (!spend(frame, each * (std::int64_t{list.size()} + 1))) return Answer::undecided;
  const Cell *at = list.cells, *end = at + list.size();
  if (item.kind() == CellKind::string)
    at = std::find_if(at, end, [&](const Cell& cell) { return same_text(cell, item); });
  else if (item.kind() == CellKind::boolean)
    at = std::find_if(at, end, [&](const Cell& cell) { return cell.yes == item.yes; });
  else
    at = std::find_if(at, end, [&](const Cell& cell) { return order_numbers(cell, item) == 0; });
  return answer(at != end);
}

Answer decide_in_map(const TypedStep& step, TypedFrame& frame) {
  Cell one, two;
  const Cell& key = step.a->fetch(*step.a, frame, one);
  const Cell& map = step.b->fetch(*step.b, frame, two);
  if (!usable(key) || !usable(map))
    return undecided(key) || undecided(map) ? Answer::undecided : Answer::unknown;
  if (!spend(frame, std::int64_t{key.size()} / 100 + 1)) return Answer::undecided;
  return answer(find_entry(map, key) != nullptr);
}

template <Search where>
Answer search(std::string_view text, std::string_view part, TypedFrame& frame) {
  if (!spend(frame, static_cast<std::int64_t>((text.size() + part.size()) / kSearchedBytes) + 2))
    return Answer::undecided;
  if constexpr (where == Search::begin) return answer(text.starts_with(part));
  if constexpr (where == Search::end) return answer(text.ends_with(part));
  return answer(text.find(part) != std::string_view::npos);
}
template <Search where>
Answer decide_search(const TypedStep& step, TypedFrame& frame) {
  Cell one, two;
  const Cell& text = step.a->fetch(*step.a, frame, one);
  const Cell& part = step.b->fetch(*step.b, frame, two);
  if (!usable(text) || !usable(part))
    return undecided(text) || undecided(part) ? Answer::undecided : Answer::unknown;
  return search<where>(text.view(), part.view(), frame);
}
template <Search where>
Answer decide_fact_search(const TypedStep& step, TypedFrame& frame) {
  const Cell& text = fact_of(step, frame);
  if (text.missing()) return Answer::unknown;
  return search<where>(text.view(), step.constant.view(), frame);
}

Answer decide_matches(const TypedStep& step, TypedFrame& frame) {
  Cell scratch;
  const Cell& text = step.a->fetch(*step.a, frame, scratch);
  if (!usable(text)) return obstacle(text);
  if (frame.left < 0) return Answer::undecided;
  Limits limits = *frame.limits;
  limits.budget = static_cast<std::uint64_t>(frame.left);
  Meter meter(limits);
  const Value found = match_regex(*step.regex, text.view(), meter);
  if (meter.exhausted() || !spend(frame, frame.left - static_cast<std::int64_t>(meter.left())))
    return Answer::undecided;
  const bool* yes = found.get_if<bool>();
  return yes == nullptr ? Answer::undecided : answer(*yes);
}

}  // namespace

TypedStep::Decide fact_answer() {
  return leaf<FactIsTrue>;
}
TypedStep::Decide test_fact(Scalar kind, Test test) {
  return pick<PickFact>(kind, test);
}
TypedStep::Decide test_fetched(Scalar kind, Test test) {
  return pick<PickFetched>(kind, test);
}
TypedStep::Decide test_facts(Scalar kind, Test test) {
  return pick<PickFacts>(kind, test);
}
TypedStep::Decide test_both(Test test) {
  switch (test) {
    case Test::equal:
      return both_test<Test::equal>;
    case Test::differ:
      return both_test<Test::differ>;
    case Test::less:
      return both_test<Test::less>;
    case Test::less_or_equal:
      return both_test<Test::less_or_equal>;
    case Test::greater:
      return both_test<Test::greater>;
    case Test::greater_or_equal:
      return both_test<Test::greater_or_equal>;
  }
  return nullptr;
}
TypedStep::Decide fact_in_set(Scalar kind) {
  return kind == Scalar::text ? leaf<FactInSet<Scalar::text>> : leaf<FactInSet<Scalar::whole>>;
}
TypedStep::Decide fetched_in_set(Scalar kind) {
  return kind == Scalar::text ? decide_fetched_in_set<Scalar::text> : decide_fetched_in_set<Scalar::whole>;
}
TypedStep::Decide fetched_in_list() {
  return decide_in_list;
}
TypedStep::Decide fetched_in_map() {
  return decide_in_map;
}
TypedStep::Decide search_text(Search where) {
  return where == Search::begin ? decide_search<Search::begin>
         : where == Search::end ? decide_search<Search::end>
                                : decide_search<Search::inside>;
}
TypedStep::Decide search_fact(Search where) {
  return where == Search::begin ? decide_fact_search<Search::begin>
         : where == Search::end ? decide_fact_search<Search::end>
                                : decide_fact_search<Search::inside>;
}
TypedStep::Decide matches_regex() {
  return decide_matches;
}

}  // namespace plumbline::cel::typed
