// SPDX-License-Identifier: Apache-2.0
// The steps of the fast tier that go over a list. Loops are instantiated for every condition on one fact, so
// that the usual ones have no call in them.
#include "rules/cel/typed_steps.h"

namespace plumbline::cel::typed {
namespace {

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

}  // namespace

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

}  // namespace plumbline::cel::typed
