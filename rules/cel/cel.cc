// SPDX-License-Identifier: Apache-2.0
// The pipeline from text to program: parse, check, plan.
#include "rules/cel/cel.h"

#include "rules/cel/checker.h"
#include "rules/cel/evaluator.h"
#include "rules/cel/explain.h"
#include "rules/cel/parser.h"
#include "rules/cel/plan.h"

namespace plumbline::cel {

struct Program::Impl {
  std::string text;
  TypePtr type;
  std::vector<std::string> reads, constants;
  Plan plan;
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

std::vector<Program::Step> Program::explain(const Lookup& lookup, const Limits& limits) const {
  return cel::explain(impl_->plan, impl_->text, lookup, limits);
}

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
  auto planned = plan(*syntax, checked, options);
  if (!planned) return tl::unexpected<std::vector<Issue>>(std::move(planned.error()));
  impl->plan = std::move(*planned);
  return Program(std::move(impl));
}

}  // namespace plumbline::cel
