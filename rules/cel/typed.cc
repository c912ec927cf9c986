// SPDX-License-Identifier: Apache-2.0
// The steps of the fast tier that combine: logic, values, functions; and the run of a plan.
#include "rules/cel/typed.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

#include "rules/cel/typed_steps.h"
#include "rules/cel/utf8.h"

namespace plumbline::cel {
namespace typed {
namespace {

constexpr std::size_t kMostArguments = 4;

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
