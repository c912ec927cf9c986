// SPDX-License-Identifier: Apache-2.0
// Runs a plan.
#include "rules/cel/evaluator.h"

#include "rules/cel/regex.h"
#include "rules/cel/value_set.h"

namespace plumbline::cel {
namespace {

/// What a strict operation makes of failed operands: every unknown, or else the first error; null where none
/// failed.
class Failures {
 public:
  bool add(const Value& value) {
    if (value.is_unknown())
      unknown_ = unknown_.is_unknown() ? merge_unknown(unknown_, value) : value;
    else if (value.is_error())
      error_ = error_.is_error() ? error_ : value;
    else
      return false;
    return true;
  }
  bool any() const { return unknown_.is_unknown() || error_.is_error(); }
  const Value& value() const { return unknown_.is_unknown() ? unknown_ : error_; }

 private:
  Value unknown_;
  Value error_;
};

bool failed(const Value& value) {
  return value.is_error() || value.is_unknown();
}

/// What stands for a fact that was not read: a declared fact is never null.
bool is_missing(const Value& value) {
  return value.is_unknown() || value.kind() == ValueKind::null;
}

/// JSON writes 2.0 as 2: a fact that is declared a double is one.
Value as_number(const Value& value) {
  if (const auto* number = value.get_if<std::int64_t>()) return Value::of(static_cast<double>(*number));
  if (const auto* number = value.get_if<std::uint64_t>()) return Value::of(static_cast<double>(*number));
  return value;
}

const Value& give(Value& scratch, Value value) {
  scratch = std::move(value);
  return scratch;
}

Value not_bool(std::string_view where, const Value& value) {
  return Value::error("no such overload: " + std::string(where) + " wants true or false, not " +
                      std::string(type_name_of(value)));
}

bool is_key(const Value& value) {
  const ValueKind kind = value.kind();
  return kind == ValueKind::boolean || kind == ValueKind::int_kind || kind == ValueKind::uint_kind ||
         kind == ValueKind::string;
}

Value not_optional(std::string_view where, const Value& value) {
  return Value::error("no such overload: " + std::string(where) + " wants an optional, not " +
                      std::string(type_name_of(value)));
}

Value no_members(const Step& step, const Value& operand, std::string_view what) {
  return Value::error("type " + std::string(type_name_of(operand)) + " does not support " +
                      std::string(what) + " of '" + step.text + "'");
}

/// What an element written with ? adds: its value, or nothing; an error where it is no optional.
const Value* given_element(const Value& element, bool is_optional, Failures& failures) {
  if (failures.add(element)) return nullptr;
  if (!is_optional) return &element;
  const Optional* optional = element.optional();
  if (optional == nullptr) failures.add(not_optional("?", element));
  return optional != nullptr && optional->present ? &optional->value : nullptr;
}

Value too_many(std::string_view what) {
  return Value::error("the " + std::string(what) + " becomes too long");
}

}  // namespace

Value merge_unknown(const Value& a, const Value& b) {
  std::vector<std::string> paths = a.as_unknown()->paths;
  const auto& more = b.as_unknown()->paths;
  paths.insert(paths.end(), more.begin(), more.end());
  return Value::unknown(std::move(paths));
}

Evaluator::Evaluator(const Plan& plan, const Lookup& lookup, const Limits& limits)
    : plan_(plan), lookup_(lookup), meter_(limits) {
  if (plan.variables.size() > kInline) more_values_.resize(plan.variables.size());
  if (plan.variables.size() > 64) more_looked_up_.resize(plan.variables.size());
  if (plan.locals > kInline) more_locals_.resize(plan.locals);
  values_ = more_values_.empty() ? few_values_.data() : more_values_.data();
  locals_ = more_locals_.empty() ? few_locals_.data() : more_locals_.data();
}

const Value& Evaluator::run(std::uint32_t id, Value& scratch) {
  const Step& step = plan_.steps[id];
  if (!meter_.spend(1)) return give(scratch, Value::error("the cost budget is used up"));
  switch (step.op) {
    case Op::constant:
      return step.value;
    case Op::variable:
      return variable(step);
    case Op::local:
      return *locals_[step.slot];
    case Op::select:
      return select(step, scratch);
    case Op::optional_select:
      return optional_select(step, scratch);
    case Op::has:
      return has(step, scratch);
    case Op::call:
      return call(step, scratch);
    case Op::matches:
      return matches(step, scratch);
    case Op::logic_and:
    case Op::logic_or:
      return logic(step, scratch);
    case Op::conditional:
      return conditional(step, scratch);
    case Op::list:
      return list(step, scratch);
    case Op::map:
      return map(step, scratch);
    case Op::comprehension:
      return comprehension(step, scratch);
    case Op::bind:
      return bind(step, scratch);
    case Op::optional_or:
      return optional_or(step, scratch);
  }
  return scratch;
}

const Value& Evaluator::variable(const Step& step) {
  Value& value = values_[step.slot];
  if (!more_looked_up_.empty()) {
    if (!more_looked_up_[step.slot]) value = lookup_(plan_.variables[step.slot]);
    more_looked_up_[step.slot] = true;
    return value;
  }
  const std::uint64_t bit = std::uint64_t{1} << step.slot;
  if ((looked_up_ & bit) == 0) value = lookup_(plan_.variables[step.slot]);
  looked_up_ |= bit;
  return value;
}

const Value& Evaluator::select(const Step& step, Value& scratch) {
  Value made;
  const Value& operand = run(step.children[0], made);
  const Map* map = operand.map();
  if (map == nullptr) {
    if (step.declared_member && is_missing(operand))
      return step.value;  // the section is missing: so is the fact
    if (failed(operand)) return give(scratch, operand);
    if (operand.optional() != nullptr) return optional_member(step, operand, scratch);
    return give(scratch, no_members(step, operand, "field selection"));
  }
  const Value* member = map->find(step.text, step.hash);
  if (step.declared_member && (member == nullptr || is_missing(*member))) return step.value;
  if (member == nullptr) return give(scratch, Value::error("no such key: '" + step.text + "'"));
  if (step.number_member && member->kind() != ValueKind::number) return give(scratch, as_number(*member));
  return &operand == &made ? give(scratch, Value(*member)) : *member;
}

/// Whether what is missing in a declared record is there, but could not be read.
bool Evaluator::could_not_be_read(std::uint32_t missing) {
  const Step& step = plan_.steps[missing];
  if (step.op == Op::local) return locals_[step.slot]->is_unknown();
  if ((step.op != Op::select && step.op != Op::optional_select) || !step.declared_member) return false;
  Value made;
  return has(step, made).is_unknown();
}

const Value& Evaluator::has(const Step& step, Value& scratch) {
  Value made;
  const Value* operand = &run(step.children[0], made);
  if (const Optional* optional = operand->optional()) {
    if (!optional->present) return give(scratch, Value::of(false));
    operand = &optional->value;
  }
  if (step.declared_member && is_missing(*operand))
    return could_not_be_read(step.children[0]) ? step.value : give(scratch, Value::of(false));
  if (failed(*operand)) return give(scratch, *operand);
  const Map* map = operand->map();
  if (map == nullptr) return give(scratch, no_members(step, *operand, "has()"));
  const Value* member = map->find(step.text, step.hash);
  if (member != nullptr && member->is_unknown())
    return step.declared_member ? step.value : give(scratch, Value(*member));
  return give(scratch, Value::of(member != nullptr && !(step.declared_member && is_missing(*member))));
}

const Value& Evaluator::optional_select(const Step& step, Value& scratch) {
  Value made;
  return optional_member(step, run(step.children[0], made), scratch);
}

/// a.?b, and a.b where a is an optional: the member as an optional.
const Value& Evaluator::optional_member(const Step& step, const Value& operand, Value& scratch) {
  const Value* inner = &operand;
  if (const Optional* optional = operand.optional()) {
    if (!optional->present) return Value::none();
    inner = &optional->value;
  }
  if (step.declared_member && is_missing(*inner))
    return could_not_be_read(step.children[0]) ? step.value : Value::none();
  if (failed(*inner)) return give(scratch, Value(*inner));
  const Map* map = inner->map();
  if (map == nullptr) return give(scratch, no_members(step, *inner, "field selection"));
  const Value* member = map->find(step.text, step.hash);
  if (member == nullptr) return Value::none();
  if (member->is_unknown()) return step.declared_member ? step.value : give(scratch, Value(*member));
  if (step.declared_member && is_missing(*member)) return Value::none();
  return give(scratch, Value::some(step.number_member ? as_number(*member) : *member));
}

const Value& Evaluator::optional_or(const Step& step, Value& scratch) {
  Value made;
  const Value& operand = run(step.children[0], made);
  if (failed(operand)) return give(scratch, operand);
  const Optional* optional = operand.optional();
  if (optional == nullptr) return give(scratch, not_optional(step.text + "()", operand));
  if (!optional->present) return run(step.children[1], scratch);
  return give(scratch, step.text == "or" ? Value(operand) : Value(optional->value));
}

const Value& Evaluator::call(const Step& step, Value& scratch) {
  switch (step.children.size()) {
    case 0:
      return invoke(step, {}, scratch);
    case 1:
      return call_with<1>(step, scratch);
    case 2:
      return call_with<2>(step, scratch);
    case 3:
      return call_with<3>(step, scratch);
    default:
      break;
  }
  std::vector<Value> made(step.children.size());
  std::vector<const Value*> arguments(step.children.size());
  for (std::size_t i = 0; i < arguments.size(); ++i) arguments[i] = &run(step.children[i], made[i]);
  return invoke(step, arguments, scratch);
}

template <std::size_t Count>
const Value& Evaluator::call_with(const Step& step, Value& scratch) {
  std::array<Value, Count> made;
  std::array<const Value*, Count> arguments;
  for (std::size_t i = 0; i < Count; ++i) arguments[i] = &run(step.children[i], made[i]);
  return invoke(step, arguments, scratch);
}

const Value& Evaluator::invoke(const Step& step, Arguments arguments, Value& scratch) {
  for (const Overload* overload : step.overloads)
    if (overload->fits(arguments)) return give(scratch, overload->run(arguments, meter_));
  Failures failures;
  for (const Value* argument : arguments) failures.add(*argument);
  return give(scratch, failures.any() ? failures.value() : no_such_overload(step.text, arguments));
}

const Value& Evaluator::matches(const Step& step, Value& scratch) {
  Value made;
  const Value& text = run(step.children[0], made);
  if (failed(text)) return give(scratch, text);
  const std::string* string = text.string();
  if (string == nullptr) {
    const Value* const arguments[] = {&text};
    return give(scratch, no_such_overload(step.text, arguments));
  }
  return give(scratch, match_regex(*step.regex, *string, meter_));
}

/// && and ||: one side that decides absorbs what failed on the other.
const Value& Evaluator::logic(const Step& step, Value& scratch) {
  const bool deciding = step.op == Op::logic_or;
  Failures failures;
  for (const std::uint32_t child : step.children) {
    Value made;
    const Value& value = run(child, made);
    if (const bool* known = value.get_if<bool>()) {
      if (*known == deciding) return give(scratch, Value::of(deciding));
    } else if (!failures.add(value)) {
      failures.add(not_bool(step.text, value));
    }
    if (meter_.exhausted()) break;
  }
  return give(scratch, failures.any() ? failures.value() : Value::of(!deciding));
}

const Value& Evaluator::conditional(const Step& step, Value& scratch) {
  Value made;
  const Value& condition = run(step.children[0], made);
  if (failed(condition)) return give(scratch, condition);
  const bool* known = condition.get_if<bool>();
  if (known == nullptr) return give(scratch, not_bool("?:", condition));
  return run(step.children[*known ? 1 : 2], scratch);
}

const Value& Evaluator::list(const Step& step, Value& scratch) {
  List out;
  out.reserve(step.children.size());
  Failures failures;
  for (std::size_t i = 0; i < step.children.size(); ++i) {
    Value made;
    const Value& value = run(step.children[i], made);
    const bool optional = !step.optional_elements.empty() && step.optional_elements[i];
    if (const Value* given = given_element(value, optional, failures)) out.push_back(*given);
  }
  return give(scratch, failures.any() ? failures.value() : Value::of(std::move(out)));
}

const Value& Evaluator::map(const Step& step, Value& scratch) {
  Map out;
  out.entries.reserve(step.children.size() / 2);
  Failures failures;
  for (std::size_t i = 0; i < step.children.size(); i += 2) {
    Value made_key, made_value;
    const Value& key = run(step.children[i], made_key);
    const Value& value = run(step.children[i + 1], made_value);
    const bool bad_key = failures.add(key);
    const bool optional = !step.optional_elements.empty() && step.optional_elements[i / 2];
    const Value* given = given_element(value, optional, failures);
    if (bad_key || given == nullptr) continue;
    if (!is_key(key))
      failures.add(Value::error("unsupported key type: " + std::string(type_name_of(key))));
    else
      out.entries.emplace_back(key, *given);
  }
  if (failures.any()) return give(scratch, failures.value());
  if (!out.build_index()) return give(scratch, Value::error("failed with repeated key"));
  return give(scratch, Value::of(std::move(out)));
}

/// Sets the variables for each element and visits; ends early where visit gives false or the budget is used
/// up.
template <class Visit>
bool Evaluator::each(const Step& step, const Value& range, Visit visit) {
  if (const List* list = range.list()) {
    for (std::size_t i = 0; i < list->size(); ++i) {
      const Value index = step.two_variables ? Value::of(static_cast<std::int64_t>(i)) : Value();
      locals_[step.slot] = step.two_variables ? &index : &(*list)[i];
      if (step.two_variables) locals_[step.second_slot] = &(*list)[i];
      if (meter_.exhausted() || !visit()) return false;
    }
    return true;
  }
  for (const auto& [key, value] : range.map()->entries) {
    locals_[step.slot] = &key;
    if (step.two_variables) locals_[step.second_slot] = &value;
    if (meter_.exhausted() || !visit()) return false;
  }
  return true;
}

const Value& Evaluator::comprehension(const Step& step, Value& scratch) {
  Value made;
  const Value& range = run(step.children[0], made);
  if (failed(range)) return give(scratch, range);
  if (step.macro == Macro::opt_map || step.macro == Macro::opt_flat_map)
    return mapped_optional(step, range, scratch);
  if (range.list() == nullptr && (range.map() == nullptr || step.macro == Macro::sort_by))
    return give(scratch,
                Value::error("no such overload: " + step.text + "() goes over a list or a map, not " +
                             std::string(type_name_of(range))));
  switch (step.macro) {
    case Macro::all:
    case Macro::exists:
      return quantifier(step, range, scratch);
    case Macro::exists_one:
      return exactly_one(step, range, scratch);
    case Macro::transform_map:
    case Macro::transform_map_entry:
      return gather_map(step, range, scratch);
    case Macro::sort_by:
      return sorted(step, range, scratch);
    default:
      return gather_list(step, range, scratch);
  }
}

const Value& Evaluator::quantifier(const Step& step, const Value& range, Value& scratch) {
  const bool deciding = step.macro == Macro::exists;
  Failures failures;
  const bool undecided = each(step, range, [&] {
    Value made;
    const Value& value = run(step.children[1], made);
    if (const bool* known = value.get_if<bool>()) return *known != deciding;
    if (!failures.add(value)) failures.add(not_bool(step.text, value));
    return true;
  });
  if (!undecided) return give(scratch, Value::of(deciding));
  return give(scratch, failures.any() ? failures.value() : Value::of(!deciding));
}

const Value& Evaluator::exactly_one(const Step& step, const Value& range, Value& scratch) {
  Failures failures;
  std::size_t count = 0;
  each(step, range, [&] {
    Value made;
    const Value& value = run(step.children[1], made);
    if (const bool* known = value.get_if<bool>())
      count += *known ? 1 : 0;
    else if (!failures.add(value))
      failures.add(not_bool(step.text, value));
    return true;
  });
  return give(scratch, failures.any() ? failures.value() : Value::of(count == 1));
}

/// map, filter, transformList.
const Value& Evaluator::gather_list(const Step& step, const Value& range, Value& scratch) {
  List out;
  Failures failures;
  const bool is_filter = step.macro == Macro::filter;
  each(step, range, [&] {
    if (step.filtered || is_filter) {
      Value made;
      const Value& wanted = run(step.children[1], made);
      const bool* known = wanted.get_if<bool>();
      if (known == nullptr && !failures.add(wanted)) failures.add(not_bool(step.text, wanted));
      if (known == nullptr || !*known) return true;
    }
    Value made;
    const Value& value = is_filter ? *locals_[step.slot] : run(step.children.back(), made);
    if (failures.add(value)) return true;
    if (out.size() >= meter_.max_elements()) return !failures.add(too_many("list"));
    out.push_back(value);
    return true;
  });
  return give(scratch, failures.any() ? failures.value() : Value::of(std::move(out)));
}

/// transformMap, transformMapEntry.
const Value& Evaluator::gather_map(const Step& step, const Value& range, Value& scratch) {
  Map out;
  Failures failures;
  each(step, range, [&] {
    if (step.filtered) {
      Value made;
      const Value& wanted = run(step.children[1], made);
      const bool* known = wanted.get_if<bool>();
      if (known == nullptr && !failures.add(wanted)) failures.add(not_bool(step.text, wanted));
      if (known == nullptr || !*known) return true;
    }
    Value made;
    const Value& value = run(step.children.back(), made);
    if (failures.add(value)) return true;
    if (out.entries.size() >= meter_.max_elements()) return !failures.add(too_many("map"));
    if (step.macro == Macro::transform_map) {
      out.entries.emplace_back(*locals_[step.slot], value);
    } else if (const Map* entry = value.map()) {
      if (!meter_.spend(entry->entries.size())) return false;
      out.entries.insert(out.entries.end(), entry->entries.begin(), entry->entries.end());
    } else {
      failures.add(Value::error("no such overload: transformMapEntry() wants a map"));
    }
    return true;
  });
  if (failures.any()) return give(scratch, failures.value());
  if (!out.build_index()) return give(scratch, Value::error("failed with repeated key"));
  return give(scratch, Value::of(std::move(out)));
}

const Value& Evaluator::sorted(const Step& step, const Value& range, Value& scratch) {
  List keys;
  Failures failures;
  each(step, range, [&] {
    Value made;
    const Value& key = run(step.children[1], made);
    if (!failures.add(key)) keys.push_back(key);
    return true;
  });
  if (failures.any() || meter_.exhausted()) return give(scratch, failures.value());
  return give(scratch, sort_by_keys(*range.list(), keys, meter_));
}

/// optMap and optFlatMap.
const Value& Evaluator::mapped_optional(const Step& step, const Value& operand, Value& scratch) {
  const Optional* optional = operand.optional();
  if (optional == nullptr) return give(scratch, not_optional(step.text + "()", operand));
  if (!optional->present) return Value::none();
  locals_[step.slot] = &optional->value;
  Value made;
  const Value& value = run(step.children[1], made);
  if (failed(value)) return give(scratch, Value(value));
  if (step.macro == Macro::opt_map) return give(scratch, Value::some(value));
  return give(scratch, value.optional() != nullptr ? Value(value) : not_optional(step.text + "()", value));
}

const Value& Evaluator::bind(const Step& step, Value& scratch) {
  Value made;
  const Value& value = run(step.children[0], made);
  locals_[step.slot] = &value;
  const Value& result = run(step.children[1], scratch);
  if (&value != &made || &result == &scratch) return result;
  return give(scratch, Value(result));  // it may lie inside `made`, which ends here
}

}  // namespace plumbline::cel
