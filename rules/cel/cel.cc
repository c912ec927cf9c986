// SPDX-License-Identifier: Apache-2.0
// The pipeline from text to program: parse, check, plan.
#include "rules/cel/cel.h"

#include <algorithm>

#include "rules/cel/checker.h"
#include "rules/cel/cost.h"
#include "rules/cel/evaluator.h"
#include "rules/cel/explain.h"
#include "rules/cel/parser.h"
#include "rules/cel/plan.h"
#include "rules/cel/typed.h"

namespace plumbline::cel {

struct Program::Impl {
  std::string text;
  TypePtr type;
  std::vector<std::string> reads, constants;
  Plan plan;
  std::vector<TypePtr> variables;  // types of the plan's
  std::unique_ptr<const TypedPlan> typed;  // nullptr where the evaluator has to run it
};

Value Program::evaluate(const Lookup& lookup, const Limits& limits) const {
  return measure(lookup, limits).value;
}

Program::Measured Program::measure(const Lookup& lookup, const Limits& limits) const {
  Evaluator evaluator(impl_->plan, lookup, limits);
  Value made;
  const Value& value = evaluator.run(impl_->plan.root, made);
  if (evaluator.exhausted()) return {evaluator.meter().error(), evaluator.meter().spent()};
  return {value, evaluator.meter().spent()};
}

Answer Program::decide(const Document& document, const Limits& limits) const {
  const TypedPlan* typed = impl_->typed.get();
  if (typed != nullptr && typed->boolean && typed->layout.get() == &document.layout())
    if (const Answer answer = cel::decide(*typed, document, limits); answer != Answer::undecided) return answer;
  const Value value = evaluate(document.lookup(), limits);
  if (const bool* yes = value.get_if<bool>()) return *yes ? Answer::yes : Answer::no;
  return value.is_unknown() ? Answer::unknown : Answer::undecided;
}

Value Program::evaluate(const Document& document, const Limits& limits) const {
  const Value value = evaluate_unnamed(document, limits);
  const Unknown* unknown = value.as_unknown();
  return unknown != nullptr && unknown->paths.empty() ? evaluate(document.lookup(), limits) : value;
}

Value Program::evaluate_unnamed(const Document& document, const Limits& limits) const {
  const TypedPlan* typed = impl_->typed.get();
  if (typed != nullptr && typed->layout.get() == &document.layout())
    if (auto value = cel::evaluate(*typed, document, limits)) return *std::move(value);
  return evaluate(document.lookup(), limits);
}

bool Program::is_typed() const {
  return impl_->typed != nullptr;
}

Bounds Program::cost(const Sizes& sizes) const {
  return estimate(impl_->plan, impl_->variables, sizes);
}

const Type& Program::result_type() const {
  return *impl_->type;
}
const std::string& Program::text() const {
  return impl_->text;
}
const std::vector<std::string>& Program::reads() const {
  return impl_->reads;
}

const std::vector<std::string>& Program::constants() const {
  return impl_->constants;
}

std::vector<std::string> Program::conjuncts() const {
  std::vector<std::string> out;
  std::vector<std::uint32_t> open = {impl_->plan.root};
  while (!open.empty()) {
    const cel::Step& step = impl_->plan.steps[open.back()];
    open.pop_back();
    if (step.op == Op::logic_and) open.insert(open.end(), step.children.rbegin(), step.children.rend());
    else out.push_back(impl_->text.substr(step.begin, step.end - step.begin));
  }
  return out;
}

std::vector<Program::Step> Program::explain(const Lookup& lookup, const Limits& limits) const {
  return cel::explain(impl_->plan, impl_->text, lookup, limits);
}

namespace {

/// nullptr for a name that an unchecked expression uses undeclared.
std::vector<TypePtr> types_of(const std::vector<std::string>& names, const Declarations& declarations) {
  std::vector<TypePtr> out;
  for (const std::string& name : names) {
    const auto found = std::find_if(declarations.begin(), declarations.end(),
                                    [&](const auto& declaration) { return declaration.first == name; });
    out.push_back(found == declarations.end() ? nullptr : found->second);
  }
  return out;
}

}  // namespace

tl::expected<Program, std::vector<Issue>> compile(std::string_view text, const Declarations& declarations,
                                                  const CompileOptions& options) {
  auto syntax = parse(text);
  if (!syntax) return tl::unexpected<std::vector<Issue>>({std::move(syntax.error())});
  Checked checked = check(*syntax, declarations, options);
  if (!checked.issues.empty()) return tl::unexpected<std::vector<Issue>>(std::move(checked.issues));
  auto impl = std::make_shared<Program::Impl>();
  impl->text = text;
  impl->type = checked.nodes[syntax->root].type;
  impl->reads = std::move(checked.reads);
  impl->constants = std::move(checked.constants);
  if (options.check && options.layout) impl->typed = plan_typed(*syntax, checked, options.layout);
  auto planned = plan(*syntax, checked, options);
  if (!planned) return tl::unexpected<std::vector<Issue>>(std::move(planned.error()));
  impl->plan = std::move(*planned);
  impl->variables = types_of(impl->plan.variables, declarations);
  if (const std::uint64_t least = estimate(impl->plan, impl->variables, {}).least; options.check && least > kDefaultBudget)
    return tl::unexpected<std::vector<Issue>>({{0, "the expression costs at least " + std::to_string(least) + " units, and an evaluation may spend " + std::to_string(kDefaultBudget)}});
  return Program(std::move(impl));
}

}  // namespace plumbline::cel
