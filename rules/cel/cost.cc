// SPDX-License-Identifier: Apache-2.0
// The estimator: walks a plan once, with the size that every value may have. Sums and products stop at the
// largest number instead of going round.
#include "rules/cel/cost.h"

#include <re2/re2.h>

#include <algorithm>
#include <limits>

#include "rules/cel/regex.h"

namespace plumbline::cel {
namespace {

using Units = std::uint64_t;
constexpr Units kNoEnd = std::numeric_limits<Units>::max();
constexpr Units kCompileUnits = 100;       // of a pattern that is not constant
constexpr Units kMostRegexSteps = 22'000;  // of the program that kMaxPatternBytes and RE2's memory allow
constexpr Units kUnitsOfPart = 5;          // of split()
constexpr Units kZoneUnits = 2'000;
constexpr Units kNumberBytes = 400;        // of a number or time as text
constexpr Units kDecimalBytes = 1'400;     // of one written with %f
constexpr Units kLargeConstant = 100'000;  // values of a constant that are looked at

Units plus(Units a, Units b) {
  Units out = 0;
  return __builtin_add_overflow(a, b, &out) ? kNoEnd : out;
}
Units times(Units a, Units b) {
  Units out = 0;
  return __builtin_mul_overflow(a, b, &out) ? kNoEnd : out;
}
Bounds plus(Bounds a, Bounds b) {
  return {plus(a.least, b.least), plus(a.most, b.most)};
}
Bounds either(Bounds a, Bounds b) {
  return {std::min(a.least, b.least), std::max(a.most, b.most)};
}
Units ten_bytes(Units bytes) {
  return bytes / 10 + 1;
}

Extent text_extent(Bounds bytes) {
  Extent out;
  out.is_text = true;
  out.bytes = bytes;
  out.compared = 1 + bytes.most / 100;
  out.written = plus(bytes.most, 30);
  return out;
}

Extent list_extent(Bounds elements, Extent element) {
  Extent out;
  out.elements = elements;
  out.compared = plus(1, times(elements.most, element.compared));
  out.written = plus(30, times(elements.most, plus(element.written, 2)));
  out.sure = element.sure;
  out.element = std::make_shared<const Extent>(std::move(element));
  return out;
}

Extent map_extent(Bounds elements, Units key_bytes, Extent element) {
  Extent out = list_extent(elements, std::move(element));
  out.keyed = true;
  out.key_bytes = key_bytes;
  out.written = plus(out.written, times(elements.most, plus(key_bytes, kNumberBytes)));
  return out;
}

bool is_scalar(const Extent& extent) {
  return !extent.open && !extent.element && !extent.object && !extent.is_text;
}

/// One that is as large as either of both.
Extent joined(const Extent& a, const Extent& b) {
  Extent out = a;
  out.bytes = either(a.bytes, b.bytes);
  out.elements = either(a.elements, b.elements);
  out.compared = std::max(a.compared, b.compared);
  out.written = std::max(a.written, b.written);
  out.is_text = a.is_text || b.is_text;
  out.number = std::max(a.number, b.number);
  if (a.constant != b.constant) out.constant = nullptr;
  out.keyed = a.keyed || b.keyed;
  out.key_bytes = std::max(a.key_bytes, b.key_bytes);
  out.sure = a.sure && b.sure;
  if (a.object != b.object) {
    out.object = nullptr;
    out.open = true;
  }
  out.open = out.open || a.open || b.open;
  if (!a.element)
    out.element = b.element;
  else if (b.element && a.element != b.element)
    out.element = std::make_shared<const Extent>(joined(*a.element, *b.element));
  return out;
}

Extent optional_extent(Extent content) {
  Extent out;
  out.compared = plus(1, content.compared);
  out.written = plus(20, content.written);
  out.sure = content.sure;
  out.element = std::make_shared<const Extent>(std::move(content));
  return out;
}

/// The size that a constant has.
Extent size_of(const Value& value, Units& left) {
  if (left == 0) {
    Extent unknown_size;
    unknown_size.bytes.most = unknown_size.elements.most = unknown_size.compared = unknown_size.written =
        kNoEnd;
    unknown_size.open = true;
    return unknown_size;
  }
  --left;
  Extent out;
  if (const auto* text = value.string()) {
    out = text_extent({text->size(), text->size()});
    out.constant = text;
  } else if (const auto* number = value.get_if<std::int64_t>()) {
    out.number = static_cast<Units>(std::max<std::int64_t>(0, *number));
  } else if (const auto* bytes = value.bytes()) {
    out = text_extent({bytes->data.size(), bytes->data.size()});
  } else if (const auto* optional = value.optional()) {
    out = optional_extent(optional->present ? size_of(optional->value, left) : Extent{});
  } else if (const auto* opaque = value.opaque()) {
    out = text_extent({0, opaque->text().size()});
  } else if (value.list() != nullptr || value.map() != nullptr) {
    std::optional<Extent> element;
    Units key_bytes = 0;
    const auto add = [&](const Value& part) {
      Extent one = size_of(part, left);
      element = element ? joined(*element, one) : std::move(one);
    };
    if (value.list() != nullptr)
      for (const Value& part : *value.list()) add(part);
    else
      for (const auto& [key, part] : value.map()->entries) {
        if (key.string() != nullptr) key_bytes = std::max<Units>(key_bytes, key.string()->size());
        add(part);
      }
    const Units count = value.list() != nullptr ? value.list()->size() : value.map()->entries.size();
    Extent nothing;
    nothing.sure = true;
    if (!element) element = std::move(nothing);
    out = value.map() != nullptr ? map_extent({count, count}, key_bytes, std::move(*element))
                                 : list_extent({count, count}, std::move(*element));
  }
  out.sure = !value.is_error() && !value.is_unknown();
  return out;
}

/// A list's element, a map's value, an optional's content.
const Extent* content_of(const Extent& extent) {
  return extent.element ? extent.element.get() : nullptr;
}

class Estimating {
 public:
  Estimating(const Plan& plan, std::span<const TypePtr> variables, const Sizes& sizes)
      : plan_(plan), variables_(variables), sizes_(sizes), locals_(plan.locals), costs_(plan.steps.size()) {}

  Bounds whole() { return visit(plan_.root).cost; }

 private:
  struct Part {
    Bounds cost;
    Extent value;
  };

  Part visit(std::uint32_t id) {
    Part out = inside(plan_.steps[id]);
    out.cost = plus(out.cost, Bounds{1, 1});
    costs_[id] = out.cost;
    return out;
  }

  /// What it costs to find out whether a missing member could not be read: its operands run again.
  Units why_missing(std::uint32_t id) const {
    const Step& step = plan_.steps[id];
    if ((step.op != Op::select && step.op != Op::optional_select) || !step.declared_member) return 0;
    return plus(costs_[step.children[0]].most, why_missing(step.children[0]));
  }

  Part inside(const Step& step) {
    switch (step.op) {
      case Op::constant: {
        Units left = kLargeConstant;
        return {{}, size_of(step.value, left)};
      }
      case Op::variable:
        return {{}, variable(step.slot)};
      case Op::local:
        return {{}, locals_[step.slot]};
      case Op::select:
        return select(step);
      case Op::has:
        return has(step);
      case Op::optional_select:
        return optional_select(step);
      case Op::call:
        return call(step);
      case Op::matches:
        return matches(step);
      case Op::logic_and:
      case Op::logic_or:
        return logic(step);
      case Op::conditional:
        return conditional(step);
      case Op::list:
        return list(step);
      case Op::map:
        return map(step);
      case Op::comprehension:
        return comprehension(step);
      case Op::bind:
        return bind(step);
      case Op::optional_or:
        return optional_or(step);
    }
    return {{0, kNoEnd}, anything()};
  }

  Extent anything() const {
    Extent out;
    out.open = out.keyed = out.is_text = true;
    out.bytes.most = std::max(sizes_.text_bytes, sizes_.result_elements * 10);
    out.elements.most = std::max(sizes_.elements, sizes_.result_elements);
    out.key_bytes = out.bytes.most;
    out.compared = times(sizes_.values, 1 + sizes_.text_bytes / 100);
    out.written = times(sizes_.values, 60 + sizes_.text_bytes);
    return out;
  }

  Units size_at(const std::string& path, Units usual) const {
    const auto found = sizes_.paths.find(path);
    return found == sizes_.paths.end() ? usual : found->second;
  }

  Extent of_type(const TypePtr& type, const std::string& path, Units text_bytes, Units elements) const {
    if (!type || is_open(type)) return anything();
    switch (type->kind) {
      case Type::string:
      case Type::bytes:
        return text_extent({0, size_at(path, text_bytes)});
      case Type::list:
        return list_extent({0, size_at(path, elements)},
                           of_type(type->element, path + "[]", text_bytes, elements));
      case Type::map:
        return map_extent({0, size_at(path, elements)}, text_bytes,
                          of_type(element_of(*type), path + "[]", text_bytes, elements));
      case Type::object: {
        Extent out = anything();
        out.open = false;
        out.object = type;
        out.path = path;
        return out;
      }
      case Type::optional:
        return optional_extent(of_type(type->element, path, text_bytes, elements));
      case Type::dyn:
      case Type::opaque:
        return anything();
      default:
        return {};
    }
  }

  Extent variable(std::uint32_t slot) const {
    const TypePtr type = slot < variables_.size() ? variables_[slot] : nullptr;
    return of_type(type, plan_.variables[slot], sizes_.text_bytes, sizes_.elements);
  }

  Extent element(const Extent& range) const {
    if (const Extent* inner = content_of(range)) {
      Extent out = *inner;
      if (range.open) out = joined(out, anything());
      return out;
    }
    return range.open || range.object ? anything() : Extent{};
  }

  Part select(const Step& step) {
    Part operand = visit(step.children[0]);
    return {operand.cost, member(step, operand.value)};
  }

  Part has(const Step& step) {
    Bounds cost = visit(step.children[0]).cost;
    cost.most = plus(cost.most, why_missing(step.children[0]));
    return {cost, {}};
  }

  Part optional_select(const Step& step) {
    const Part operand = visit(step.children[0]);
    Bounds cost = operand.cost;
    cost.most = plus(cost.most, why_missing(step.children[0]));
    // of an optional it is the member of what is inside
    const bool inside = operand.value.element && !operand.value.keyed && operand.value.elements.most == 0;
    return {cost, optional_extent(member(step, inside ? *operand.value.element : operand.value))};
  }

  Part optional_or(const Step& step) {
    const Part operand = visit(step.children[0]), other = visit(step.children[1]);
    Bounds cost = operand.cost;
    cost.most = plus(cost.most, other.cost.most);
    Extent value = joined(step.text == "or" ? operand.value : element(operand.value), other.value);
    value.sure = false;
    return {cost, std::move(value)};
  }

  /// A member; of an optional, as an optional.
  Extent member(const Step& step, const Extent& operand) const {
    if (operand.object && !operand.open)
      for (const auto& [name, type] : operand.object->members)
        if (name == step.text)
          return of_type(type, operand.path + "." + name, sizes_.text_bytes, sizes_.elements);
    Extent out = element(operand);
    out.sure = false;
    return out;
  }

  Part call(const Step& step) {
    Bounds cost;
    std::vector<Extent> arguments;
    for (const std::uint32_t child : step.children) {
      Part part = visit(child);
      cost = plus(cost, part.cost);
      arguments.push_back(std::move(part.value));
    }
    Units units = 0;
    std::optional<Extent> result;
    for (const Overload* overload : step.overloads) {
      Estimate one = overload->cost != nullptr ? overload->cost(arguments) : usual(*overload, arguments);
      units = std::max(units, one.units);
      Extent value = one.result ? limited(std::move(*one.result), arguments) : result_of(*overload);
      result = result ? joined(*result, value) : std::move(value);
    }
    cost.most = plus(cost.most, units);
    if (result) result->sure = false;
    return {cost, result ? std::move(*result) : anything()};
  }

  /// Of a function whose row says nothing.
  static Estimate usual(const Overload& overload, std::span<const Extent> arguments) {
    Estimate out;
    const auto simple = [](const TypePtr& type) {
      return is_numeric(type) || type == any_number() || type == number_when_run() ||
             type->kind == Type::boolean || type->kind == Type::timestamp || type->kind == Type::duration;
    };
    if (std::all_of(overload.parameters.begin(), overload.parameters.end(), simple)) return out;
    for (const Extent& argument : arguments)
      out.units = plus(out.units, plus(4, times(4, plus(argument.compared, argument.written))));
    return out;
  }

  Extent result_of(const Overload& overload) const {
    return of_type(overload.result, "", sizes_.result_elements * 10, sizes_.result_elements);
  }

  /// Nothing that a function makes is larger than the limits of results, unless it was given so.
  Extent limited(Extent result, std::span<const Extent> arguments) const {
    Units bytes = sizes_.result_elements * 10, elements = sizes_.result_elements + 1;
    for (const Extent& argument : arguments) {
      bytes = std::max(bytes, argument.bytes.most);
      elements = std::max(elements, argument.elements.most);
    }
    const bool is_text = !result.open && !result.element && !result.object;
    if (is_text && result.bytes.most > bytes)
      return text_extent({std::min(result.bytes.least, bytes), bytes});
    if (!result.open && result.element && result.elements.most > elements)
      return list_extent({std::min(result.elements.least, elements), elements}, *result.element);
    result.bytes.most = std::min(result.bytes.most, bytes);
    result.elements.most = std::min(result.elements.most, elements);
    return result;
  }

  Part matches(const Step& step) {
    Part text = visit(step.children[0]);
    const auto program = static_cast<Units>(std::max(0, step.regex->ProgramSize()));
    text.cost.most = plus(text.cost.most, times(ten_bytes(text.value.bytes.most), program / 10 + 1));
    return {text.cost, {}};
  }

  Part logic(const Step& step) {
    Bounds cost;
    for (std::size_t i = 0; i < step.children.size(); ++i) {
      Bounds part = visit(step.children[i]).cost;
      if (i > 0) part.least = 0;  // the first may decide
      cost = plus(cost, part);
    }
    return {cost, {}};
  }

  Part conditional(const Step& step) {
    const Part condition = visit(step.children[0]), yes = visit(step.children[1]),
               no = visit(step.children[2]);
    Bounds branch = either(yes.cost, no.cost);
    branch.least = 0;  // the condition may fail, or be no Boolean in an unchecked expression
    Extent value = joined(yes.value, no.value);
    value.sure = false;
    return {plus(condition.cost, branch), std::move(value)};
  }

  Part list(const Step& step) {
    Bounds cost;
    Extent element;
    element.sure = true;
    for (std::size_t i = 0; i < step.children.size(); ++i) {
      Part part = visit(step.children[i]);
      cost = plus(cost, part.cost);
      element = i == 0 ? std::move(part.value) : joined(element, part.value);
    }
    const Units least = step.optional_elements.empty() ? step.children.size() : 0;
    if (!step.optional_elements.empty()) element = joined(element, anything());
    return {cost, list_extent({least, step.children.size()}, std::move(element))};
  }

  Part map(const Step& step) {
    Bounds cost;
    Extent element;
    element.sure = true;
    Units key_bytes = 0;
    bool sure = true;
    for (std::size_t i = 0; i < step.children.size(); i += 2) {
      const Part key = visit(step.children[i]);
      Part value = visit(step.children[i + 1]);
      cost = plus(cost, plus(key.cost, value.cost));
      key_bytes = std::max(key_bytes, key.value.bytes.most);
      sure = sure && key.value.sure;
      element = i == 0 ? std::move(value.value) : joined(element, value.value);
    }
    const Units count = step.children.size() / 2;
    if (!step.optional_elements.empty()) element = joined(element, anything());
    const Units least = step.optional_elements.empty() ? count : 0;
    Extent out = map_extent({least, count}, key_bytes, std::move(element));
    out.sure = false;  // two keys may be equal
    return {cost, std::move(out)};
  }

  /// The variables of one round: the element, or index or key and value.
  void set_locals(const Step& step, const Extent& range) {
    const Extent value = element(range);
    Extent key = text_extent({0, range.key_bytes});
    key.sure = range.sure;
    if (step.two_variables) {
      locals_[step.slot] = std::move(key);
      locals_[step.second_slot] = value;
    } else {
      locals_[step.slot] = range.keyed || range.object ? joined(value, key) : value;
    }
  }

  Part comprehension(const Step& step) {
    Part range = visit(step.children[0]);
    set_locals(step, range.value);
    Bounds rounds = range.value.elements;
    if (step.macro == Macro::opt_map || step.macro == Macro::opt_flat_map) rounds = {0, 1};
    if (!range.value.sure) rounds.least = 0;
    Part round;
    for (std::size_t i = 1; i < step.children.size(); ++i) {
      Part part = visit(step.children[i]);
      if (i > 1) part.cost.least = 0;  // behind a filter
      round.cost = plus(round.cost, part.cost);
      round.value = std::move(part.value);
    }
    Bounds cost = plus(range.cost, all_rounds(step, rounds, round));
    if (step.macro == Macro::sort_by)
      cost.most = plus(cost.most, cost::sort_units(rounds.most, round.value.bytes.most));
    return {cost, gathered(step, range.value, round.value)};
  }

  static Bounds all_rounds(const Step& step, Bounds rounds, const Part& round) {
    const bool decides = step.macro == Macro::all || step.macro == Macro::exists;
    const Units least = decides ? std::min<Units>(rounds.least, 1) : rounds.least;
    Units most = round.cost.most;
    if (step.macro == Macro::transform_map_entry) most = plus(most, round.value.elements.most);
    return {times(least, round.cost.least), times(rounds.most, most)};
  }

  Extent gathered(const Step& step, const Extent& range, Extent body) const {
    const bool filtered = step.filtered || step.macro == Macro::filter;
    const bool sure = range.sure && body.sure;
    Bounds count = range.elements;
    if (filtered || !sure) count.least = 0;
    Extent out;
    switch (step.macro) {
      case Macro::none:
      case Macro::all:
      case Macro::exists:
      case Macro::exists_one:
        return out;
      case Macro::filter:
        out = list_extent(count, locals_[step.two_variables ? step.second_slot : step.slot]);
        break;
      case Macro::map:
      case Macro::transform_list:
        out = list_extent(count, std::move(body));
        break;
      case Macro::transform_map:
        out = map_extent(count, range.key_bytes, std::move(body));
        break;
      case Macro::transform_map_entry:
        out = map_extent({0, times(count.most, body.elements.most)}, body.key_bytes, element(body));
        break;
      case Macro::sort_by:
        out = range;
        break;
      case Macro::opt_map:
        out = optional_extent(std::move(body));
        break;
      case Macro::opt_flat_map:
        out = std::move(body);
        break;
    }
    out.sure = sure && !filtered && (step.macro == Macro::map || step.macro == Macro::transform_list);
    return out;
  }

  Part bind(const Step& step) {
    Part value = visit(step.children[0]);
    locals_[step.slot] = std::move(value.value);
    Part body = visit(step.children[1]);
    return {plus(value.cost, body.cost), std::move(body.value)};
  }

  const Plan& plan_;
  std::span<const TypePtr> variables_;
  const Sizes& sizes_;
  std::vector<Extent> locals_;
  std::vector<Bounds> costs_;  // of the steps that were visited
};

}  // namespace

namespace cost {

using Extents = std::span<const Extent>;

Estimate nothing(Extents) {
  return {};
}
Estimate first(Extents a) {
  return {0, a[0]};
}
Estimate short_text(Extents) {
  return {0, text_extent({1, kNumberBytes})};
}
Estimate read_first(Extents a) {
  return {ten_bytes(a[0].bytes.most), {}};
}
Estimate size_of_text(Extents a) {
  Extent out;
  out.number = a[0].bytes.most;
  return {ten_bytes(a[0].bytes.most), std::move(out)};
}
Estimate size(Extents a) {
  Extent out;
  out.number = std::max(a[0].elements.most, a[0].bytes.most);
  return {0, std::move(out)};
}
Estimate part_of_first(Extents a) {
  return {0, text_extent({0, a[0].bytes.most})};
}
Estimate read_opaque(Extents a) {
  return {ten_bytes(a[0].bytes.most), text_extent({0, a[0].bytes.most})};
}
Estimate read_second(Extents a) {
  return {ten_bytes(a[1].bytes.most), {}};
}
Estimate read_all(Extents a) {
  Units bytes = 0;
  for (const Extent& argument : a) bytes = plus(bytes, argument.bytes.most);
  return {ten_bytes(bytes), {}};
}
Estimate change_first(Extents a) {
  return {ten_bytes(a[0].bytes.most), text_extent({0, a[0].bytes.most})};
}
Estimate double_first(Extents a) {
  return {ten_bytes(a[0].bytes.most), text_extent({0, plus(4, times(2, a[0].bytes.most))})};
}
Estimate one_character(Extents a) {
  return {ten_bytes(a[0].bytes.most), text_extent({0, 4})};
}
Estimate search(Extents a) {
  return {ten_bytes(plus(a[0].bytes.most, a[1].bytes.most)), {}};
}

Estimate replace(Extents a) {
  const Units places = plus(1, a[0].bytes.most / std::max<Units>(1, a[1].bytes.least));
  const Units bytes = plus(a[0].bytes.most, times(places, a[2].bytes.most));
  return {plus(search(a).units, plus(ten_bytes(bytes), places)), text_extent({0, bytes})};
}

Estimate split(Extents a) {
  const Units parts = plus(1, a[0].bytes.most);
  return {plus(search(a).units, times(kUnitsOfPart, parts)),
          list_extent({0, parts}, text_extent({0, a[0].bytes.most}))};
}

Estimate join(Extents a) {
  const Units part = a[0].element ? a[0].element->bytes.most : a[0].bytes.most;
  const Units separator = a.size() > 1 ? a[1].bytes.most : 0;
  return {times(a[0].elements.most, ten_bytes(part)),
          text_extent({0, times(a[0].elements.most, plus(part, separator))})};
}

Estimate format(Extents a) {
  const Extent &pattern = a[0], &list = a[1];
  const Units clauses = std::min(list.elements.most, pattern.bytes.most / 2);
  const Units bytes = plus(pattern.bytes.most, plus(times(2, list.written), times(clauses, kDecimalBytes)));
  return {plus(ten_bytes(pattern.bytes.most), plus(plus(bytes / 10, list.written / 10), times(2, clauses))),
          text_extent({0, bytes})};
}

/// Steps of a pattern's program, by ten; the most that a pattern may have where it is not constant.
Units program_units(const Extent& pattern) {
  if (pattern.constant == nullptr) return kMostRegexSteps / 10 + 1;
  const auto regex = compile_regex(*pattern.constant);
  return regex ? static_cast<Units>(std::max(0, (*regex)->ProgramSize())) / 10 + 1 : 0;
}

Estimate match(Extents a) {
  return {plus(plus(kCompileUnits, a[1].bytes.most), times(ten_bytes(a[0].bytes.most), program_units(a[1]))),
          {}};
}

Estimate find(Extents a) {
  const Units search = times(a[0].bytes.most / 50 + 1, program_units(a[1]));
  return {plus(plus(kCompileUnits, a[1].bytes.most), search), {}};
}
Estimate find_all(Extents a) {
  const Units rounds = plus(2, a[0].bytes.most);
  const Units search = times(rounds, times(a[0].bytes.most / 50 + 1, program_units(a[1])));
  return {plus(plus(kCompileUnits, a[1].bytes.most), search),
          list_extent({0, rounds}, text_extent({0, a[0].bytes.most}))};
}
Estimate replace_all(Extents a) {
  return {plus(find_all(a).units, times(plus(2, a[0].bytes.most), ten_bytes(a[2].bytes.most))), {}};
}

Estimate add(Extents a) {
  if (is_scalar(a[0]) && is_scalar(a[1])) return {0, Extent{}};
  const Units bytes = plus(a[0].bytes.most, a[1].bytes.most),
              elements = plus(a[0].elements.most, a[1].elements.most);
  Extent out = joined(a[0], a[1]);
  out.bytes = plus(a[0].bytes, a[1].bytes);
  out.elements = plus(a[0].elements, a[1].elements);
  out.compared = plus(a[0].compared, a[1].compared);
  out.written = plus(a[0].written, a[1].written);
  return {std::max(ten_bytes(bytes), elements), std::move(out)};
}

Estimate equal(Extents a) {
  return {std::min(a[0].compared, a[1].compared), {}};
}
Estimate order(Extents a) {
  return {plus(1, a[0].bytes.most / 100), {}};
}

Estimate in_list(Extents a) {
  const Units one =
      a[1].element && !a[1].open ? std::min(a[0].compared, a[1].element->compared) : a[0].compared;
  return {times(a[1].elements.most, one), {}};
}
Estimate in_map(Extents a) {
  return {plus(1, a[0].bytes.most / 100), {}};
}

Estimate index_list(Extents a) {
  if (a[0].open || !a[0].element) return {};
  return {0, *a[0].element};
}
Estimate index_map(Extents a) {
  Estimate out = index_list(a);
  out.units = plus(1, a[1].bytes.most / 100);
  return out;
}

/// Of a list, or of the list or map inside an optional.
const Extent* content(const Extent& range) {
  if (range.open || !range.element) return nullptr;
  const bool is_optional = !range.keyed && range.elements.most == 0;
  return is_optional && range.element->element ? range.element->element.get() : range.element.get();
}

Units sort_units(Units count, Units key_bytes) {
  Units rounds = 4;
  for (Units n = count; n > 0; n /= 2) ++rounds;
  return plus(count, times(times(count, rounds), 1 + key_bytes / 100));
}
Estimate sort(Extents a) {
  return {sort_units(a[0].elements.most, a[0].element ? a[0].element->bytes.most : a[0].bytes.most), a[0]};
}
Estimate compare_each(Extents a) {
  const Units bytes = a[0].element ? a[0].element->bytes.most : a[0].bytes.most;
  return {times(a[0].elements.most, 1 + bytes / 100), index_list(a).result};
}
Estimate sum(Extents a) {
  const bool texts = a[0].open || (a[0].element && (a[0].element->is_text || a[0].element->open));
  const Units bytes = !texts ? 0 : a[0].element ? a[0].element->bytes.most : a[0].bytes.most;
  return {times(a[0].elements.most, texts ? plus(1, ten_bytes(times(a[0].elements.most, bytes))) : 1), {}};
}
Estimate part_of_list(Extents a) {
  return {a[0].elements.most, a[0]};
}
Estimate flatten(Extents a) {
  return {a[0].compared, {}};
}
Estimate range(Extents a) {
  const Units count = std::min<Units>(a[0].number, Limits{}.result_elements);
  return {count, list_extent({0, count}, Extent{})};
}
Estimate find_element(Extents a) {
  const Extent swapped[] = {a[1], a[0]};
  return {plus(in_list(swapped).units, equal(a).units), {}};
}
/// Values in a set may all have one hash.
Units set_units(const Extent& set) {
  const Units one = set.element && !set.open ? set.element->compared : set.compared;
  return plus(set.elements.most, times(times(set.elements.most, set.elements.most), one));
}
Units search_set(const Extent& set, const Extent& elements) {
  const Units one = set.element && !set.open ? set.element->compared : set.compared;
  return plus(set_units(set), times(elements.elements.most, plus(1, times(set.elements.most, one))));
}
Estimate distinct(Extents a) {
  return {set_units(a[0]), a[0]};
}
Estimate contain(Extents a) {
  return {search_set(a[0], a[1]), {}};
}
Estimate equivalent(Extents a) {
  return {plus(search_set(a[0], a[1]), search_set(a[1], a[0])), {}};
}

Estimate wrap(Extents a) {
  return {0, optional_extent(a[0])};
}
Estimate unwrap(Extents a) {
  return index_list(a);
}
Estimate wrap_element(Extents a) {
  if (const Extent* inner = content(a[0])) return {0, optional_extent(*inner)};
  return {};
}
Estimate wrap_value(Extents a) {
  return {plus(1, a[1].bytes.most / 100), wrap_element(a).result};
}
Estimate unwrap_each(Extents a) {
  if (a[0].open || !a[0].element || !a[0].element->element) return {a[0].elements.most, {}};
  return {a[0].elements.most, list_extent({0, a[0].elements.most}, *a[0].element->element)};
}
Estimate either(Extents a) {
  if (a[0].open || !a[0].element) return {};
  return {0, joined(*a[0].element, a[1])};
}
Estimate either_optional(Extents a) {
  return {0, joined(a[0], a[1])};
}
Estimate query(Extents a) {
  return {plus(ten_bytes(a[0].bytes.most), times(a[0].bytes.most / 2 + 1, a[0].bytes.most / 20 + 1)), {}};
}

Estimate each_element(Extents a) {
  return {a[0].elements.most, Extent{}};
}
Estimate zone(Extents) {
  return {kZoneUnits, {}};
}

}  // namespace cost

Bounds estimate(const Plan& plan, std::span<const TypePtr> variables, const Sizes& sizes) {
  return Estimating(plan, variables, sizes).whole();
}

}  // namespace plumbline::cel
