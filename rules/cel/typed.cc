// SPDX-License-Identifier: Apache-2.0
// The steps of the fast tier. Each is one small function; comparisons and loops are instantiated for every
// kind of scalar, so that a loop over a list with a simple condition has no call in it.
#include "rules/cel/typed.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "rules/cel/regex.h"
#include "rules/cel/utf8.h"

namespace plumbline::cel {
namespace typed {
namespace {

constexpr auto kUndecidedKind = static_cast<CellKind>(0xff);
constexpr std::size_t kMostArguments = 4;
constexpr std::size_t kSearchedBytes = 10;  // of text for one unit, as the evaluator charges

Answer answer(bool yes) {
  return yes ? Answer::yes : Answer::no;
}
bool undecided(const Cell& cell) {
  return cell.kind() == kUndecidedKind;
}

/// What stands in the way of using a cell: unknown or undecided.
Answer obstacle(const Cell& cell) {
  return undecided(cell) ? Answer::undecided : Answer::unknown;
}
bool usable(const Cell& cell) {
  return !cell.missing() && !undecided(cell);
}

const Cell& unknown_cell() {
  static const Cell cell = cell_of(CellKind::unread);
  return cell;
}
const Cell& cell_of_obstacle(const Cell& cell) {
  return undecided(cell) ? undecided_cell() : unknown_cell();
}

const Cell& fact_of(const TypedStep& step, const TypedFrame& frame) {
  return frame.base[step.base][step.cell];
}

/// Takes from the budget; false where it might not reach.
bool spend(TypedFrame& frame, std::int64_t units) {
  frame.left -= units;
  return frame.left >= 0;
}

// Comparisons

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

// Logic

Answer decide_constant(const TypedStep& step, TypedFrame&) {
  return answer(step.constant.yes);
}

Answer decide_fetched(const TypedStep& step, TypedFrame& frame) {
  Cell scratch;
  const Cell& cell = step.a->fetch(*step.a, frame, scratch);
  return usable(cell) ? answer(cell.yes) : obstacle(cell);
}

Answer decide_has(const TypedStep& step, TypedFrame& frame) {
  const CellKind kind = fact_of(step, frame).kind();
  return kind == CellKind::unread ? Answer::unknown : answer(kind != CellKind::absent);
}

Answer decide_not(const TypedStep& step, TypedFrame& frame) {
  const Answer inner = step.a->decide(*step.a, frame);
  return inner <= Answer::yes ? answer(inner == Answer::no) : inner;
}

/// What decides the whole is given at once; else the worst obstacle met.
template <Answer deciding>
Answer decide_logic(const TypedStep& step, TypedFrame& frame) {
  Answer out = deciding == Answer::no ? Answer::yes : Answer::no;
  for (const TypedStep* part : step.parts) {
    const Answer one = part->decide(*part, frame);
    if (one == deciding) return deciding;
    if (one > Answer::yes && (out <= Answer::yes || one == Answer::undecided)) out = one;
  }
  return out;
}
template <Answer deciding>
Answer decide_two(const TypedStep& step, TypedFrame& frame) {
  const Answer first = step.a->decide(*step.a, frame);
  if (first == deciding) return deciding;
  const Answer second = step.b->decide(*step.b, frame);
  if (second == deciding || first <= Answer::yes) return second;
  return second == Answer::undecided ? second : first;
}

Answer decide_choice(const TypedStep& step, TypedFrame& frame) {
  const Answer condition = step.c->decide(*step.c, frame);
  if (condition > Answer::yes) return condition;
  const TypedStep& chosen = condition == Answer::yes ? *step.a : *step.b;
  return chosen.decide(chosen, frame);
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

// Lists

/// Calls `visit` with each element's first cell, after the filters; ends early where it gives false. Gives
/// what the filters could not decide, or yes.
template <bool filtered, class Visit>
Answer each(const TypedStep& step, TypedFrame& frame, const Cell& list, Visit visit) {
  const Cell* element = list.cells;
  char* const text = frame.text;
  bool visiting = true;
  for (std::uint32_t left = list.size(); left > 0; --left, element += step.stride) {
    if (!spend(frame, step.cost)) [[unlikely]]
      return Answer::undecided;
    frame.base[step.local] = element;
    frame.text = text;
    if constexpr (filtered) {
      Answer wanted = Answer::yes;
      for (const TypedStep* filter : step.parts) {
        wanted = filter->decide(*filter, frame);
        if (wanted != Answer::yes) break;
      }
      if (wanted > Answer::yes) return wanted;
      if (wanted == Answer::no || !visiting) continue;
    }
    if (!visit(element)) {
      // A filter that cannot tell makes the whole unknown, also behind the element that decides.
      if constexpr (!filtered) return Answer::yes;
      visiting = false;
    }
  }
  return Answer::yes;
}

template <Quantifier kind, bool filtered, class Body>
Answer quantify(const TypedStep& step, TypedFrame& frame, Body body) {
  Cell scratch;
  const Cell& list = step.a->fetch(*step.a, frame, scratch);
  if (!usable(list)) [[unlikely]]
    return obstacle(list);
  constexpr Answer deciding = kind == Quantifier::exists ? Answer::yes : Answer::no;
  Answer out = kind == Quantifier::all ? Answer::yes : Answer::no;
  std::uint32_t count = 0;
  const Answer seen = each<filtered>(step, frame, list, [&](const Cell* element) {
    const Answer one = body(element);
    if (one > Answer::yes) {
      if (out <= Answer::yes || one == Answer::undecided) out = one;
      return true;
    }
    if constexpr (kind == Quantifier::exists_one) {
      count += one == Answer::yes ? 1 : 0;
      return true;
    }
    if (one != deciding) return true;
    out = one;
    return false;
  });
  if (seen != Answer::yes) return seen;
  if constexpr (kind == Quantifier::exists_one) return out > Answer::yes ? out : answer(count == 1);
  return out;
}

template <Quantifier kind, bool filtered>
Answer decide_quantifier(const TypedStep& step, TypedFrame& frame) {
  const TypedStep& body = *step.b;
  return quantify<kind, filtered>(step, frame, [&](const Cell*) { return body.decide(body, frame); });
}

/// The same where the condition looks at one fact of the element.
template <Quantifier kind, class Leaf>
Answer decide_leaf_quantifier(const TypedStep& step, TypedFrame& frame) {
  const TypedStep& body = *step.b;
  return quantify<kind, false>(step, frame, [&](const Cell* element) {
    const Cell& cell = element[body.cell];
    return cell.missing() ? Answer::unknown : answer(Leaf::holds(body, cell));
  });
}

template <Quantifier kind, class Leaf>
bool offer(const TypedStep& body, TypedStep::Decide& out) {
  if (body.decide != leaf<Leaf>) return false;
  out = decide_leaf_quantifier<kind, Leaf>;
  return true;
}
template <Quantifier kind, Scalar scalar>
bool offer_tests(const TypedStep& body, TypedStep::Decide& out) {
  return offer<kind, FactTest<scalar, Test::equal>>(body, out) ||
         offer<kind, FactTest<scalar, Test::differ>>(body, out) ||
         offer<kind, FactTest<scalar, Test::less>>(body, out) ||
         offer<kind, FactTest<scalar, Test::less_or_equal>>(body, out) ||
         offer<kind, FactTest<scalar, Test::greater>>(body, out) ||
         offer<kind, FactTest<scalar, Test::greater_or_equal>>(body, out);
}
template <Quantifier kind>
TypedStep::Decide tightest(const TypedStep& step, const TypedStep& body, bool filtered) {
  if (filtered) return decide_quantifier<kind, true>;
  TypedStep::Decide out = decide_quantifier<kind, false>;
  if (body.base != step.local) return out;
  static_cast<void>(
      offer<kind, FactIsTrue>(body, out) || offer<kind, FactInSet<Scalar::text>>(body, out) ||
      offer<kind, FactInSet<Scalar::whole>>(body, out) || offer_tests<kind, Scalar::text>(body, out) ||
      offer_tests<kind, Scalar::whole>(body, out) || offer_tests<kind, Scalar::real>(body, out));
  return out;
}

const Cell& fetch_count(const TypedStep& step, TypedFrame& frame, Cell& scratch) {
  const Cell& list = step.a->fetch(*step.a, frame, scratch);
  if (!usable(list)) return cell_of_obstacle(list);
  std::int64_t count = 0;
  const Answer seen = each<true>(step, frame, list, [&](const Cell*) {
    ++count;
    return true;
  });
  if (seen != Answer::yes) return seen == Answer::unknown ? unknown_cell() : undecided_cell();
  scratch = cell_of(count);
  return scratch;
}

/// The same with one filter that looks at one fact of the element.
template <class Leaf>
const Cell& fetch_leaf_count(const TypedStep& step, TypedFrame& frame, Cell& scratch) {
  const Cell& list = step.a->fetch(*step.a, frame, scratch);
  if (!usable(list)) return cell_of_obstacle(list);
  const TypedStep& filter = *step.parts[0];
  if (!spend(frame, step.cost * list.size())) return undecided_cell();
  const Cell* cell = list.cells + filter.cell;
  std::int64_t count = 0;
  for (std::uint32_t left = list.size(); left > 0; --left, cell += step.stride) {
    if (cell->missing()) return unknown_cell();
    count += Leaf::holds(filter, *cell) ? 1 : 0;
  }
  scratch = cell_of(count);
  return scratch;
}

// Values

const Cell& fetch_constant(const TypedStep& step, TypedFrame&, Cell&) {
  return step.constant;
}
const Cell& fetch_fact(const TypedStep& step, TypedFrame& frame, Cell&) {
  return fact_of(step, frame);
}

const Cell& fetch_answer(const TypedStep& step, TypedFrame& frame, Cell& scratch) {
  const Answer out = step.decide(step, frame);
  if (out == Answer::unknown) return unknown_cell();
  if (out == Answer::undecided) return undecided_cell();
  scratch = cell_of(out == Answer::yes);
  return scratch;
}

const Cell& entry_or_undecided(const Cell& map, const Cell& key) {
  const Cell* entry = find_entry(map, key);
  return entry == nullptr ? undecided_cell() : *entry;
}
const Cell& fetch_entry(const TypedStep& step, TypedFrame& frame, Cell& scratch) {
  const Cell& map = step.a->fetch(*step.a, frame, scratch);
  return usable(map) ? entry_or_undecided(map, step.constant) : cell_of_obstacle(map);
}
const Cell& fetch_entry_of(const TypedStep& step, TypedFrame& frame, Cell& scratch) {
  Cell other;
  const Cell& map = step.a->fetch(*step.a, frame, scratch);
  const Cell& key = step.b->fetch(*step.b, frame, other);
  if (!usable(map)) return undecided(key) ? undecided_cell() : cell_of_obstacle(map);
  return usable(key) ? entry_or_undecided(map, key) : cell_of_obstacle(key);
}

const Cell& fetch_choice(const TypedStep& step, TypedFrame& frame, Cell& scratch) {
  const Answer condition = step.c->decide(*step.c, frame);
  if (condition > Answer::yes) return condition == Answer::unknown ? unknown_cell() : undecided_cell();
  const TypedStep& chosen = condition == Answer::yes ? *step.a : *step.b;
  return chosen.fetch(chosen, frame, scratch);
}

const Cell& fetch_size(const TypedStep& step, TypedFrame& frame, Cell& scratch) {
  const Cell& list = step.a->fetch(*step.a, frame, scratch);
  if (!usable(list)) return cell_of_obstacle(list);
  const std::int64_t size = list.size();
  scratch = cell_of(size);
  return scratch;
}
const Cell& fetch_text_size(const TypedStep& step, TypedFrame& frame, Cell& scratch) {
  const Cell& text = step.a->fetch(*step.a, frame, scratch);
  if (!usable(text)) return cell_of_obstacle(text);
  if (!spend(frame, std::int64_t{text.size()} / 10 + 1)) return undecided_cell();
  scratch = cell_of(static_cast<std::int64_t>(count_code_points(text.view())));
  return scratch;
}

template <Arithmetic operation>
bool overflows(std::int64_t x, std::int64_t y, std::int64_t* out) {
  if constexpr (operation == Arithmetic::add) return __builtin_add_overflow(x, y, out);
  if constexpr (operation == Arithmetic::subtract) return __builtin_sub_overflow(x, y, out);
  if constexpr (operation == Arithmetic::multiply) return __builtin_mul_overflow(x, y, out);
  if (y == 0 || (y == -1 && x == std::numeric_limits<std::int64_t>::min())) return true;
  *out = operation == Arithmetic::divide ? x / y : x % y;
  return false;
}
template <Arithmetic operation>
double computed(double x, double y) {
  if constexpr (operation == Arithmetic::add) return x + y;
  if constexpr (operation == Arithmetic::subtract) return x - y;
  if constexpr (operation == Arithmetic::multiply) return x * y;
  return x / y;
}
template <Scalar kind, Arithmetic operation>
const Cell& fetch_computed(const TypedStep& step, TypedFrame& frame, Cell& scratch) {
  Cell one, two;
  const Cell& a = step.a->fetch(*step.a, frame, one);
  const Cell& b = step.b->fetch(*step.b, frame, two);
  if (!usable(a) || !usable(b)) return undecided(a) || undecided(b) ? undecided_cell() : unknown_cell();
  if constexpr (kind == Scalar::real) {
    scratch = cell_of(computed<operation>(a.real, b.real));
  } else {
    std::int64_t out = 0;
    if (overflows<operation>(a.whole, b.whole, &out)) return undecided_cell();
    scratch = cell_of(out);
  }
  return scratch;
}
template <Scalar kind>
TypedStep::Fetch pick_arithmetic(Arithmetic operation) {
  switch (operation) {
    case Arithmetic::add:
      return fetch_computed<kind, Arithmetic::add>;
    case Arithmetic::subtract:
      return fetch_computed<kind, Arithmetic::subtract>;
    case Arithmetic::multiply:
      return fetch_computed<kind, Arithmetic::multiply>;
    case Arithmetic::divide:
      return fetch_computed<kind, Arithmetic::divide>;
    case Arithmetic::modulo:
      return kind == Scalar::whole ? fetch_computed<Scalar::whole, Arithmetic::modulo> : nullptr;
  }
  return nullptr;
}

template <Scalar kind>
const Cell& fetch_negative(const TypedStep& step, TypedFrame& frame, Cell& scratch) {
  const Cell& a = step.a->fetch(*step.a, frame, scratch);
  if (!usable(a)) return cell_of_obstacle(a);
  if (kind == Scalar::real) {
    scratch = cell_of(-a.real);
  } else {
    if (a.whole == std::numeric_limits<std::int64_t>::min()) return undecided_cell();
    scratch = cell_of(-a.whole);
  }
  return scratch;
}

template <Scalar kind>
const Cell& fetch_real(const TypedStep& step, TypedFrame& frame, Cell& scratch) {
  const Cell& a = step.a->fetch(*step.a, frame, scratch);
  if (!usable(a)) return cell_of_obstacle(a);
  scratch = cell_of(kind == Scalar::whole ? static_cast<double>(a.whole) : static_cast<double>(a.natural));
  return scratch;
}

const Cell& fetch_joined(const TypedStep& step, TypedFrame& frame, Cell& scratch) {
  char* const begin = frame.text;
  bool missing = false;
  for (const TypedStep* part : step.parts) {
    char* const at = frame.text;
    Cell own;
    const Cell& text = part->fetch(*part, frame, own);
    frame.text = at;
    if (undecided(text)) return undecided_cell();
    missing = missing || text.missing();
    if (text.missing()) continue;
    if (text.size() > static_cast<std::size_t>(frame.text_end - at)) return undecided_cell();
    if (!spend(frame, std::int64_t{text.size()} / 5 + 2)) return undecided_cell();
    std::memmove(at, text.text, text.size());  // it may have been made right there
    frame.text += text.size();
  }
  if (missing) return unknown_cell();
  scratch = cell_of(std::string_view(begin, static_cast<std::size_t>(frame.text - begin)));
  return scratch;
}

/// Lets `a` be the variable at step.local.
void bind(const TypedStep& step, TypedFrame& frame) {
  Cell& bound = frame.bound[step.local - 1];
  Cell scratch;
  bound = step.a->fetch(*step.a, frame, scratch);
  frame.base[step.local] = &bound;
}
Answer decide_bound(const TypedStep& step, TypedFrame& frame) {
  bind(step, frame);
  return step.b->decide(*step.b, frame);
}
const Cell& fetch_bound(const TypedStep& step, TypedFrame& frame, Cell& scratch) {
  bind(step, frame);
  const Cell& out = step.b->fetch(*step.b, frame, scratch);
  if (&out != &frame.bound[step.local - 1]) return out;
  scratch = out;
  return scratch;
}

/// A function of the evaluator's table on scalars; its result too is a scalar other than a text.
const Cell& fetch_call(const TypedStep& step, TypedFrame& frame, Cell& scratch) {
  std::array<Value, kMostArguments> values;
  std::array<const Value*, kMostArguments> arguments{};
  bool missing = false;
  for (std::size_t i = 0; i < step.parts.size(); ++i) {
    Cell own;
    const Cell& cell = step.parts[i]->fetch(*step.parts[i], frame, own);
    if (undecided(cell)) return undecided_cell();
    missing = missing || cell.missing();
    values[i] = value_of(cell);
    arguments[i] = &values[i];
  }
  if (missing) return unknown_cell();
  if (frame.left < 0) return undecided_cell();
  Limits limits = *frame.limits;
  limits.budget = static_cast<std::uint64_t>(frame.left);
  Meter meter(limits);
  const Value out = step.overload->run(Arguments(arguments.data(), step.parts.size()), meter);
  frame.left = static_cast<std::int64_t>(meter.left());
  if (meter.exhausted()) return undecided_cell();
  if (out.is_unknown()) return unknown_cell();
  if (const bool* yes = out.get_if<bool>())
    scratch = cell_of(*yes);
  else if (const auto* whole = out.get_if<std::int64_t>())
    scratch = cell_of(*whole);
  else if (const auto* natural = out.get_if<std::uint64_t>())
    scratch = cell_of(*natural);
  else if (const auto* real = out.get_if<double>())
    scratch = cell_of(*real);
  else
    return undecided_cell();
  return scratch;
}
Answer decide_call(const TypedStep& step, TypedFrame& frame) {
  Cell scratch;
  const Cell& cell = fetch_call(step, frame, scratch);
  return usable(cell) ? answer(cell.yes) : obstacle(cell);
}

}  // namespace

const Cell& undecided_cell() {
  static const Cell cell = cell_of(kUndecidedKind);
  return cell;
}

TypedStep::Decide constant_answer() {
  return decide_constant;
}
TypedStep::Decide fact_answer() {
  return leaf<FactIsTrue>;
}
TypedStep::Decide fetched_answer() {
  return decide_fetched;
}
TypedStep::Decide has_fact() {
  return decide_has;
}
TypedStep::Decide negation() {
  return decide_not;
}
TypedStep::Decide conjunction(std::size_t parts) {
  return parts == 2 ? decide_two<Answer::no> : decide_logic<Answer::no>;
}
TypedStep::Decide disjunction(std::size_t parts) {
  return parts == 2 ? decide_two<Answer::yes> : decide_logic<Answer::yes>;
}
TypedStep::Decide choice() {
  return decide_choice;
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
TypedStep::Decide quantifier(Quantifier kind, const TypedStep& step) {
  switch (kind) {
    case Quantifier::all:
      return tightest<Quantifier::all>(step, *step.b, !step.parts.empty());
    case Quantifier::exists:
      return tightest<Quantifier::exists>(step, *step.b, !step.parts.empty());
    case Quantifier::exists_one:
      return tightest<Quantifier::exists_one>(step, *step.b, !step.parts.empty());
  }
  return nullptr;
}
TypedStep::Decide bound_answer() {
  return decide_bound;
}
TypedStep::Decide call_answer() {
  return decide_call;
}

TypedStep::Fetch constant_cell() {
  return fetch_constant;
}
TypedStep::Fetch fact_cell() {
  return fetch_fact;
}
TypedStep::Fetch answer_cell() {
  return fetch_answer;
}
TypedStep::Fetch map_entry() {
  return fetch_entry;
}
TypedStep::Fetch map_entry_of() {
  return fetch_entry_of;
}
TypedStep::Fetch choice_cell() {
  return fetch_choice;
}
TypedStep::Fetch size_of_list() {
  return fetch_size;
}
TypedStep::Fetch size_of_text() {
  return fetch_text_size;
}
TypedStep::Fetch count_filtered(const TypedStep& step) {
  const TypedStep& filter = *step.parts[0];
  if (step.parts.size() > 1 || filter.base != step.local) return fetch_count;
  if (filter.decide == leaf<FactIsTrue>) return fetch_leaf_count<FactIsTrue>;
  if (filter.decide == leaf<FactTest<Scalar::text, Test::equal>>)
    return fetch_leaf_count<FactTest<Scalar::text, Test::equal>>;
  if (filter.decide == leaf<FactTest<Scalar::whole, Test::equal>>)
    return fetch_leaf_count<FactTest<Scalar::whole, Test::equal>>;
  if (filter.decide == leaf<FactTest<Scalar::real, Test::greater_or_equal>>)
    return fetch_leaf_count<FactTest<Scalar::real, Test::greater_or_equal>>;
  return fetch_count;
}
TypedStep::Fetch arithmetic(Scalar kind, Arithmetic operation) {
  return kind == Scalar::real ? pick_arithmetic<Scalar::real>(operation)
                              : pick_arithmetic<Scalar::whole>(operation);
}
TypedStep::Fetch negative(Scalar kind) {
  return kind == Scalar::real ? fetch_negative<Scalar::real> : fetch_negative<Scalar::whole>;
}
TypedStep::Fetch to_real(Scalar from) {
  return from == Scalar::whole ? fetch_real<Scalar::whole> : fetch_real<Scalar::natural>;
}
TypedStep::Fetch joined_text() {
  return fetch_joined;
}
TypedStep::Fetch bound_cell() {
  return fetch_bound;
}
TypedStep::Fetch call_cell() {
  return fetch_call;
}

}  // namespace typed

namespace {

template <class Out, class Run>
Out with_room(TypedFrame& frame, const Out& otherwise, Run run) {
  std::array<Cell, kMaxTypedLocals> bound;
  std::array<char, kMaxJoinedBytes> text;
  frame.bound = bound.data();
  frame.text = text.data();
  frame.text_end = text.data() + text.size();
  Out out = run(frame);
  return frame.left < 0 ? otherwise : out;
}

/// Calls `run` with the frame of one run; gives `otherwise` where the budget might not have reached: no other
/// part of a condition can make up for that.
template <class Out, class Run>
Out with_frame(const TypedPlan& plan, const Document& document, const Limits& limits, Out otherwise,
               Run run) {
  TypedFrame frame;
  frame.base[0] = document.cells();
  frame.left = static_cast<std::int64_t>(std::min<std::uint64_t>(limits.budget, kMaxTypedBudget)) - plan.cost;
  frame.limits = &limits;
  if (frame.left < 0) return otherwise;
  if (plan.binds || plan.joins) return with_room(frame, otherwise, run);
  Out out = run(frame);
  return frame.left < 0 ? otherwise : out;
}

}  // namespace

Answer decide(const TypedPlan& plan, const Document& document, const Limits& limits) {
  return with_frame(plan, document, limits, Answer::undecided,
                    [&](TypedFrame& frame) { return plan.root->decide(*plan.root, frame); });
}

std::optional<Value> evaluate(const TypedPlan& plan, const Document& document, const Limits& limits) {
  return with_frame(plan, document, limits, std::optional<Value>(),
                    [&](TypedFrame& frame) -> std::optional<Value> {
                      Cell scratch;
                      const Cell& cell = plan.root->fetch(*plan.root, frame, scratch);
                      if (&cell == &typed::undecided_cell()) return std::nullopt;
                      return cell.missing() ? Value::unknown({}) : value_of(cell);
                    });
}

}  // namespace plumbline::cel
