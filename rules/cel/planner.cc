// SPDX-License-Identifier: Apache-2.0
// Makes the plan of a checked tree.
#include <algorithm>

#include "rules/cel/plan.h"
#include "rules/cel/regex.h"

namespace plumbline::cel {
namespace {

constexpr std::uint64_t kFoldingBudget = 1000;
constexpr std::size_t kFoldingElements = 1000;

class Planner {
 public:
  Planner(const Syntax& syntax, Checked& checked, const CompileOptions& options)
      : syntax_(syntax), checked_(checked), options_(options) {
    out_.steps.reserve(syntax.nodes.size());
  }

  tl::expected<Plan, std::vector<Issue>> run() {
    out_.root = add(syntax_.root);
    out_.variables = std::move(checked_.variables);
    out_.locals = checked_.locals;
    out_.functions = options_.functions;
    if (!issues_.empty()) return tl::unexpected<std::vector<Issue>>(std::move(issues_));
    return std::move(out_);
  }

 private:
  std::uint32_t add(NodeId id) {
    const Node& node = syntax_[id];
    NodeMeaning& meaning = checked_.nodes[id];
    Step step;
    step.begin = node.begin;
    step.end = node.end;
    step.slot = meaning.slot;
    step.second_slot = meaning.second_slot;
    if (node.kind == NodeKind::constant || meaning.meaning == Meaning::constant) {
      step.value = node.kind == NodeKind::constant ? node.constant : meaning.value;
      step.named_constant = node.kind == NodeKind::select && meaning.declared_member;
      return push(std::move(step));
    }
    if (meaning.meaning == Meaning::variable || meaning.meaning == Meaning::local) {
      step.op = meaning.meaning == Meaning::variable ? Op::variable : Op::local;
      return push(std::move(step));
    }
    const std::size_t first = meaning.meaning == Meaning::namespaced ? 1 : 0;
    for (std::size_t i = first; i < node.children.size(); ++i) step.children.push_back(add(node.children[i]));
    describe(step, node, meaning);
    if (step.op == Op::call) prepare_call(step);
    fold(step);
    return push(std::move(step));
  }

  std::uint32_t push(Step step) {
    out_.steps.push_back(std::move(step));
    return static_cast<std::uint32_t>(out_.steps.size() - 1);
  }

  static void describe(Step& step, const Node& node, NodeMeaning& meaning) {
    step.text = node.text;
    step.macro = node.macro;
    step.filtered = node.filtered;
    step.two_variables = !node.second_variable.empty();
    step.declared_member = meaning.declared_member;
    step.number_member = meaning.number_member;
    step.optional_elements = node.optional_elements;
    switch (node.kind) {
      case NodeKind::select:
        step.op = node.optional ? Op::optional_select : Op::select;
        break;
      case NodeKind::has:
        step.op = Op::has;
        break;
      case NodeKind::list:
        step.op = Op::list;
        break;
      case NodeKind::map:
        step.op = Op::map;
        break;
      case NodeKind::logic_and:
        step.op = Op::logic_and;
        break;
      case NodeKind::logic_or:
        step.op = Op::logic_or;
        break;
      case NodeKind::conditional:
        step.op = Op::conditional;
        break;
      case NodeKind::comprehension:
        step.op = Op::comprehension;
        break;
      case NodeKind::bind:
        step.op = Op::bind;
        break;
      default:
        step.op = Op::call;
        step.text = meaning.function;
        step.overloads = std::move(meaning.overloads);
    }
    if (node.kind == NodeKind::select || node.kind == NodeKind::has) step.hash = hash_text(step.text);
    if (node.kind == NodeKind::has) step.value = meaning.value;
    if (node.kind == NodeKind::select && step.declared_member)
      step.value = Value::unknown({meaning.path.empty() ? node.text : meaning.path});
  }

  /// A constant pattern is compiled once; a wrong one is a mistake of the expression.
  void prepare_call(Step& step) {
    const bool on_optional = !step.overloads.empty() && !step.children.empty() &&
                             step.overloads[0]->parameters[0]->kind == Type::optional;
    if (on_optional && (step.text == "or" || step.text == "orValue")) step.op = Op::optional_or;
    if (!takes_pattern(step.text) || step.children.size() < 2) return;
    const Step& pattern = out_.steps[step.children[1]];
    if (pattern.op != Op::constant || pattern.value.string() == nullptr) return;
    auto regex = compile_regex(*pattern.value.string());
    if (regex && step.text == "matches") {
      step.op = Op::matches;
      step.regex = std::move(*regex);
    } else if (!regex && options_.check) {
      issues_.push_back({pattern.begin, regex.error().message});
    }
  }

  /// Whose second argument is a regular expression.
  static bool takes_pattern(std::string_view function) {
    return function == "matches" || function == "find" || function == "findAll" ||
           function.starts_with("regex.");
  }

  bool all_constant(const Step& step) const {
    return std::all_of(step.children.begin(), step.children.end(), [&](std::uint32_t child) {
      const Step& part = out_.steps[child];
      return part.op == Op::constant && !part.value.is_error() && !part.value.is_unknown();
    });
  }

  /// Computes what has only constants in it; an error is left for when it runs, where others may absorb it.
  void fold(Step& step) {
    if (!all_constant(step)) return;
    std::vector<const Value*> arguments;
    for (const std::uint32_t child : step.children) arguments.push_back(&out_.steps[child].value);
    Value value;
    if (!step.optional_elements.empty()) return;
    if (step.op == Op::list) {
      List list;
      for (const Value* argument : arguments) list.push_back(*argument);
      value = Value::of(std::move(list));
    } else if (step.op == Op::call) {
      const auto fits = std::find_if(step.overloads.begin(), step.overloads.end(),
                                     [&](const Overload* o) { return o->fits(arguments); });
      if (fits == step.overloads.end()) return;
      Limits limits;
      limits.budget = kFoldingBudget;
      limits.result_elements = kFoldingElements;
      Meter meter(limits);
      value = (*fits)->run(arguments, meter);
      if (meter.exhausted()) return;
      if (value.is_error()) return refuse_literal(step, **fits, value);
    } else {
      return;
    }
    step.op = Op::constant;
    step.value = std::move(value);
    step.children.clear();
    step.overloads.clear();
  }

  /// ip("10.0.0.300"): what is wrong in the text of the expression is a mistake already now.
  void refuse_literal(const Step& step, const Overload& made_by, const Value& error) {
    const bool reads_text = !made_by.parameters.empty() && made_by.parameters[0]->kind == Type::string;
    if (options_.check && reads_text && made_by.result->kind == Type::opaque)
      issues_.push_back({out_.steps[step.children[0]].begin, error.as_error()->message});
  }

  const Syntax& syntax_;
  Checked& checked_;
  const CompileOptions& options_;
  Plan out_;
  std::vector<Issue> issues_;
};

}  // namespace

tl::expected<Plan, std::vector<Issue>> plan(const Syntax& syntax, Checked& checked,
                                            const CompileOptions& options) {
  return Planner(syntax, checked, options).run();
}

}  // namespace plumbline::cel
