// SPDX-License-Identifier: Apache-2.0
// The estimator: walks a plan once, with the size that every value may have. Sums and products stop at the
// largest number instead of going round.
#include "rules/cel/cost.h"

#include <re2/re2.h>

#include <algorithm>
#include <limits>

namespace plumbline::cel {
namespace {

using Units = std::uint64_t;
constexpr Units kNoEnd = std::numeric_limits<Units>::max();
constexpr Units kCompileUnits = 100;       // of a pattern that is not constant
constexpr Units kMostRegexSteps = 22'000;  // of the program that kMaxPatternBytes and RE2's memory allow
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
  return !extent.open && !extent.element && !extent.object && extent.bytes.most == 0;
}

/// One that is as large as either of both.
Extent joined(const Extent& a, const Extent& b) {
  Extent out = a;
  out.bytes = either(a.bytes, b.bytes);
  out.elements = either(a.elements, b.elements);
  out.compared = std::max(a.compared, b.compared);
  out.written = std::max(a.written, b.written);
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
  } else if (const auto* bytes = value.bytes()) {
    out = text_extent({bytes->data.size(), bytes->data.size()});
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
      : plan_(plan), variables_(variables), sizes_(sizes), locals_(plan.locals) {}

  Bounds whole() { return visit(plan_.root).cost; }

 private:
  struct Part {
    Bounds cost;
    Extent value;
  };

  Part visit(std::uint32_t id) {
    Part out = inside(plan_.steps[id]);
    out.cost = plus(out.cost, Bounds{1, 1});
    return out;
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
        return {visit(step.children[0]).cost, {}};
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
    }
    return {{0, kNoEnd}, anything()};
  }

  Extent anything() const {
    Extent out;
    out.open = out.keyed = true;
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
      case Type::dyn:
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
    if (operand.value.object && !operand.value.open)
      for (const auto& [name, type] : operand.value.object->members)
        if (name == step.text)
          return {operand.cost,
                  of_type(type, operand.value.path + "." + name, sizes_.text_bytes, sizes_.elements)};
    Extent member = element(operand.value);
    member.sure = false;
    return {operand.cost, std::move(member)};
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
      return is_numeric(type) || type == number_when_run() || type->kind == Type::boolean ||
             type->kind == Type::timestamp || type->kind == Type::duration;
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
    if (!condition.value.sure) branch.least = 0;
    Extent value = joined(yes.value, no.value);
    value.sure = value.sure && condition.value.sure;
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
    return {cost, list_extent({step.children.size(), step.children.size()}, std::move(element))};
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
    Extent out = map_extent({count, count}, key_bytes, std::move(element));
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
    if (!range.value.sure) rounds.least = 0;
    Part round;
    for (std::size_t i = 1; i < step.children.size(); ++i) {
      Part part = visit(step.children[i]);
      if (i > 1) part.cost.least = 0;  // behind a filter
      round.cost = plus(round.cost, part.cost);
      round.value = std::move(part.value);
    }
    return {plus(range.cost, all_rounds(step, rounds, round)), gathered(step, range.value, round.value)};
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
    }
    out.sure = sure && !filtered && step.macro != Macro::transform_map_entry;
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
  return {times(ten_bytes(a[0].bytes.most), ten_bytes(a[1].bytes.most)), {}};
}

Estimate replace(Extents a) {
  const Units places = plus(1, a[0].bytes.most / std::max<Units>(1, a[1].bytes.least));
  const Units bytes = plus(a[0].bytes.most, times(places, a[2].bytes.most));
  return {plus(search(a).units, ten_bytes(bytes)), text_extent({0, bytes})};
}

Estimate split(Extents a) {
  const Units parts = plus(1, a[0].bytes.most);
  return {plus(search(a).units, parts), list_extent({0, parts}, text_extent({0, a[0].bytes.most}))};
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

Estimate match(Extents a) {
  const Units program = times(ten_bytes(a[0].bytes.most), kMostRegexSteps / 10 + 1);
  return {plus(kCompileUnits, plus(a[1].bytes.most, program)), {}};
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
