// SPDX-License-Identifier: Apache-2.0
// Which parts of an expression decided its value.
#include "rules/cel/explain.h"

#include <algorithm>

namespace plumbline::cel {
namespace {

constexpr std::size_t kMaxSteps = 40;
constexpr std::size_t kMaxElements = 5;      // shown of one all() or exists()
constexpr std::size_t kMaxValueBytes = 120;  // of one value in a text

class Explainer {
 public:
  Explainer(const Plan& plan, std::string_view text, const Lookup& lookup, const Limits& limits)
      : plan_(plan), text_(text), evaluator_(plan, lookup, limits), bound_(plan.locals, false) {}

  std::vector<Program::Step> run() {
    tell(plan_.root, 0);
    return std::move(out_);
  }

 private:
  Value value_of(std::uint32_t id) {
    Value made;
    Value value = evaluator_.run(id, made);
    return evaluator_.exhausted() ? evaluator_.meter().error() : value;
  }

  void tell(std::uint32_t id, int depth) {
    if (out_.size() >= kMaxSteps || evaluator_.exhausted()) return;
    const Step& step = plan_.steps[id];
    Value value = value_of(id);
    out_.push_back(
        {std::string(text_.substr(step.begin, step.end - step.begin)), with_values(id), value, depth});
    tell_parts(step, value, depth + 1);
  }

  void tell_parts(const Step& step, const Value& value, int depth) {
    switch (step.op) {
      case Op::logic_and:
      case Op::logic_or:
        return tell_logic(step, value, depth);
      case Op::conditional:
        return tell_conditional(step, depth);
      case Op::comprehension:
        return tell_elements(step, value, depth);
      case Op::bind:
        return tell_bound(step, depth);
      case Op::call:
        if (step.text == "!_") tell_inside_not(step, depth);
        return;
      default:
        return;
    }
  }

  /// What decided && or ||: the side that had the deciding value, or else all that have the value of the
  /// whole.
  void tell_logic(const Step& step, const Value& value, int depth) {
    const bool* known = value.get_if<bool>();
    const bool deciding = step.op == Op::logic_or;
    for (const std::uint32_t child : step.children) {
      const Value part = value_of(child);
      if (!like(part, value)) continue;
      tell(child, depth);
      if (known != nullptr && *known == deciding) return;
    }
  }

  static bool like(const Value& part, const Value& whole) {
    const bool* a = part.get_if<bool>();
    const bool* b = whole.get_if<bool>();
    if (a != nullptr && b != nullptr) return *a == *b;
    return part.kind() == whole.kind();
  }

  void tell_conditional(const Step& step, int depth) {
    const Value condition = value_of(step.children[0]);
    tell(step.children[0], depth);
    if (const bool* known = condition.get_if<bool>()) {
      const std::uint32_t branch = step.children[*known ? 1 : 2];
      if (plan_.steps[branch].op != Op::constant) tell(branch, depth);
    }
  }

  void tell_inside_not(const Step& step, int depth) {
    const Op inner = plan_.steps[step.children[0]].op;
    if (inner == Op::logic_and || inner == Op::logic_or || inner == Op::comprehension)
      tell(step.children[0], depth);
  }

  void tell_bound(const Step& step, int depth) {
    const Value value = value_of(step.children[0]);
    evaluator_.set_local(step.slot, &value);
    bound_[step.slot] = true;
    tell(step.children[1], depth);
    bound_[step.slot] = false;
  }

  /// The elements that decided all() or exists().
  void tell_elements(const Step& step, const Value& value, int depth) {
    if (step.macro != Macro::all && step.macro != Macro::exists && step.macro != Macro::exists_one) return;
    const Value range = value_of(step.children[0]);
    std::size_t told = 0;
    if (const List* list = range.list()) {
      for (std::size_t i = 0; i < list->size() && told < kMaxElements; ++i) {
        const Value index = Value::of(static_cast<std::int64_t>(i));
        told += tell_element(step, step.two_variables ? index : (*list)[i], (*list)[i], value, depth);
      }
    } else if (const Map* map = range.map()) {
      for (std::size_t i = 0; i < map->entries.size() && told < kMaxElements; ++i)
        told += tell_element(step, map->entries[i].first, map->entries[i].second, value, depth);
    }
  }

  /// 1 where this element was one that decided.
  std::size_t tell_element(const Step& step, const Value& first, const Value& second, const Value& whole,
                           int depth) {
    evaluator_.set_local(step.slot, &first);
    if (step.two_variables) evaluator_.set_local(step.second_slot, &second);
    const Value part = value_of(step.children[1]);
    const bool* holds = part.get_if<bool>();
    const bool wanted = step.macro == Macro::exists_one ? holds == nullptr || *holds : like(part, whole);
    if (!wanted || evaluator_.exhausted()) return 0;
    bound_[step.slot] = true;
    if (step.two_variables) bound_[step.second_slot] = true;
    tell(step.children[1], depth);
    bound_[step.slot] = false;
    if (step.two_variables) bound_[step.second_slot] = false;
    evaluator_.set_local(step.slot, &first);
    return 1;
  }

  struct Replacement {
    std::uint32_t begin, end;
    std::string text;
  };

  std::string with_values(std::uint32_t id) {
    std::vector<Replacement> replacements;
    collect(id, replacements);
    std::sort(replacements.begin(), replacements.end(),
              [](const Replacement& a, const Replacement& b) { return a.begin < b.begin; });
    const Step& step = plan_.steps[id];
    std::string out;
    std::uint32_t at = step.begin;
    for (const Replacement& replacement : replacements) {
      if (replacement.begin < at) continue;
      out.append(text_.substr(at, replacement.begin - at)).append(replacement.text);
      at = replacement.end;
    }
    out.append(text_.substr(at, step.end - at));
    return out;
  }

  /// Values of facts and of bound variables below a step; those of members stand for the whole path.
  void collect(std::uint32_t id, std::vector<Replacement>& out) {
    const Step& step = plan_.steps[id];
    if (step.op == Op::has) return;
    if (is_readable(id)) {
      const Value value = value_of(id);
      if (value.map() == nullptr || step.op != Op::local)
        out.push_back({step.begin, step.end, short_text(value)});
      return;
    }
    for (const std::uint32_t child : step.children) collect(child, out);
  }

  /// A variable, a bound local, or a member of such a one.
  bool is_readable(std::uint32_t id) const {
    const Step& step = plan_.steps[id];
    if (step.op == Op::variable || step.named_constant) return true;
    if (step.op == Op::local) return bound_[step.slot];
    return (step.op == Op::select || step.op == Op::optional_select) && is_readable(step.children[0]);
  }

  static std::string short_text(const Value& value) {
    if (value.is_unknown()) return "unknown";
    std::string text = to_text(value);
    if (text.size() <= kMaxValueBytes) return text;
    std::size_t end = kMaxValueBytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    return text.substr(0, end) + "…";
  }

  const Plan& plan_;
  std::string_view text_;
  Evaluator evaluator_;
  std::vector<bool> bound_;
  std::vector<Program::Step> out_;
};

}  // namespace

std::vector<Program::Step> explain(const Plan& plan, std::string_view text, const Lookup& lookup,
                                   const Limits& limits) {
  return Explainer(plan, text, lookup, limits).run();
}

}  // namespace plumbline::cel
