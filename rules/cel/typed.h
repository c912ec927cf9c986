// SPDX-License-Identifier: Apache-2.0
// The fast tier: where every type in a condition is known, it runs on a document's cells, each step one of a
// fixed set of small functions chosen when it is compiled. It gives an answer only where the evaluator would
// give the same; what it cannot decide (an error, a budget that might not reach) it leaves to the evaluator.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "rules/cel/checker.h"
#include "rules/cel/document.h"

namespace re2 {
class RE2;
}

namespace plumbline::cel {

inline constexpr std::size_t kMaxTypedLocals = 12;
inline constexpr std::int64_t kMaxTypedBudget = 1'000'000'000;
inline constexpr std::size_t kMaxJoinedBytes = 4096;  // of the texts that one round of a loop makes

struct TypedStep;

/// What one run needs: where the document and the variables of comprehensions lie.
struct TypedFrame {
  std::array<const Cell*, kMaxTypedLocals + 1> base;  // 0: the document; 1 + slot: a local variable
  Cell* bound = nullptr;  // what cel.bind computed, by slot; only where a plan binds
  char *text = nullptr,
       *text_end = nullptr;  // room for texts that are made, given back with every round of a loop
  std::int64_t left = 0;     // of the budget: what may still be spent at worst
  const Limits* limits = nullptr;
};

struct TypedStep {
  using Decide = Answer (*)(const TypedStep& step, TypedFrame& frame);
  /// Gives a cell where it lies, or `scratch` filled; a missing one is unknown, `undecided_cell()` undecided.
  using Fetch = const Cell& (*)(const TypedStep& step, TypedFrame& frame, Cell& scratch);
  Decide decide = nullptr;                       // of Booleans
  Fetch fetch = nullptr;                         // of all others, and of Booleans that are facts
  std::uint32_t base = 0, cell = 0;              // where a fact lies
  std::uint32_t other_base = 0, other_cell = 0;  // and one it is compared with
  std::uint32_t stride = 1;                      // of the list that is gone over
  std::uint32_t local = 0;                       // base of its variable
  std::int64_t cost = 0;                         // of one element, at worst
  const TypedStep *a = nullptr, *b = nullptr, *c = nullptr;
  Cell constant;
  std::vector<const TypedStep*> parts;  // of && and ||; filters of a list
  std::vector<Cell> set;                // what `in` looks through
  std::shared_ptr<const re2::RE2> regex;
  const Overload* overload = nullptr;
};

struct TypedPlan {
  std::shared_ptr<const Layout> layout;
  std::deque<TypedStep> steps;
  std::deque<std::string> texts;  // of constants
  const TypedStep* root = nullptr;
  bool boolean = false;
  bool joins = false;     // texts to a new one
  bool binds = false;     // something computed to a variable
  std::int64_t cost = 0;  // of everything outside loops, at worst
};

/// nullptr where the expression needs the evaluator.
std::unique_ptr<const TypedPlan> plan_typed(const Syntax& syntax, const Checked& checked,
                                            const std::shared_ptr<const Layout>& layout);

/// `document` has the plan's layout. Only for plans with a Boolean root. Undecided: the evaluator has to say.
Answer decide(const TypedPlan& plan, const Document& document, const Limits& limits);
/// The scalar a plan gives; Unknown without paths where facts are missing; nothing where it is undecided.
std::optional<Value> evaluate(const TypedPlan& plan, const Document& document, const Limits& limits);

// The steps there are, for the planner.
namespace typed {

enum class Test : unsigned char { equal, differ, less, less_or_equal, greater, greater_or_equal };
enum class Scalar : unsigned char { boolean, whole, natural, real, text };
enum class Quantifier : unsigned char { all, exists, exists_one };
enum class Search : unsigned char { begin, end, inside };
enum class Arithmetic : unsigned char { add, subtract, multiply, divide, modulo };

const Cell& undecided_cell();

TypedStep::Decide constant_answer();
TypedStep::Decide fact_answer();     // a Boolean fact
TypedStep::Decide fetched_answer();  // a Boolean that `a` fetches
TypedStep::Decide has_fact();
TypedStep::Decide negation();
TypedStep::Decide conjunction(std::size_t parts);
TypedStep::Decide disjunction(std::size_t parts);
TypedStep::Decide choice();  // c ? a : b of Booleans
/// A fact against a constant of the same kind.
TypedStep::Decide test_fact(Scalar kind, Test test);
/// What `a` fetches against a constant of the same kind.
TypedStep::Decide test_fetched(Scalar kind, Test test);
/// Two facts of the same kind.
TypedStep::Decide test_facts(Scalar kind, Test test);
/// What `a` and `b` fetch: two texts, two Booleans or any two numbers.
TypedStep::Decide test_both(Test test);
TypedStep::Decide fact_in_set(Scalar kind);     // whole or text
TypedStep::Decide fetched_in_set(Scalar kind);  // what `a` fetches
TypedStep::Decide fetched_in_list();            // a in b
TypedStep::Decide fetched_in_map();             // a in b
TypedStep::Decide search_text(Search where);    // what `a` and `b` fetch
TypedStep::Decide search_fact(Search where);    // a constant in a fact
TypedStep::Decide matches_regex();              // a
/// `a` fetches the list, `parts` filter it, `b` is the condition; the tightest form for the step as it is
/// filled in.
TypedStep::Decide quantifier(Quantifier kind, const TypedStep& step);
TypedStep::Decide bound_answer();  // a is bound, b answers
TypedStep::Decide call_answer();

TypedStep::Fetch constant_cell();
TypedStep::Fetch fact_cell();
TypedStep::Fetch answer_cell();   // of a step that decides
TypedStep::Fetch map_entry();     // a[constant]
TypedStep::Fetch map_entry_of();  // a[b]
TypedStep::Fetch choice_cell();
TypedStep::Fetch size_of_list();
TypedStep::Fetch size_of_text();
TypedStep::Fetch count_filtered(const TypedStep& step);  // as quantifier, without `b`
TypedStep::Fetch arithmetic(Scalar kind, Arithmetic operation);
TypedStep::Fetch negative(Scalar kind);
TypedStep::Fetch to_real(Scalar from);
TypedStep::Fetch joined_text();  // parts, one after the other
TypedStep::Fetch bound_cell();
TypedStep::Fetch call_cell();

}  // namespace typed
}  // namespace plumbline::cel
