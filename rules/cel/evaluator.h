// SPDX-License-Identifier: Apache-2.0
// Runs a plan. Values are handed on by reference wherever they already lie somewhere, so that the common path
// neither allocates nor counts references.
#pragma once

#include <array>
#include <vector>

#include "rules/cel/plan.h"

namespace plumbline::cel {

class Evaluator {
 public:
  Evaluator(const Plan& plan, const Lookup& lookup, const Limits& limits);
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;

  /// The value of a step: a reference to where it lies, or to `scratch` when it had to be made.
  const Value& run(std::uint32_t step, Value& scratch);
  /// Gives a local variable its value, which must outlive its use.
  void set_local(std::uint32_t slot, const Value* value) { locals_[slot] = value; }
  /// The budget is used up: whatever was computed means nothing.
  bool exhausted() const { return meter_.exhausted(); }
  const Meter& meter() const { return meter_; }

 private:
  const Value& variable(const Step& step);
  const Value& select(const Step& step, Value& scratch);
  const Value& optional_select(const Step& step, Value& scratch);
  const Value& optional_member(const Step& step, const Value& operand, Value& scratch);
  const Value& optional_or(const Step& step, Value& scratch);
  bool could_not_be_read(std::uint32_t missing);
  const Value& has(const Step& step, Value& scratch);
  const Value& call(const Step& step, Value& scratch);
  template <std::size_t Count>
  const Value& call_with(const Step& step, Value& scratch);
  const Value& invoke(const Step& step, Arguments arguments, Value& scratch);
  const Value& matches(const Step& step, Value& scratch);
  const Value& logic(const Step& step, Value& scratch);
  const Value& conditional(const Step& step, Value& scratch);
  const Value& list(const Step& step, Value& scratch);
  const Value& map(const Step& step, Value& scratch);
  const Value& comprehension(const Step& step, Value& scratch);
  const Value& quantifier(const Step& step, const Value& range, Value& scratch);
  const Value& exactly_one(const Step& step, const Value& range, Value& scratch);
  const Value& gather_list(const Step& step, const Value& range, Value& scratch);
  const Value& gather_map(const Step& step, const Value& range, Value& scratch);
  const Value& sorted(const Step& step, const Value& range, Value& scratch);
  const Value& mapped_optional(const Step& step, const Value& operand, Value& scratch);
  const Value& bind(const Step& step, Value& scratch);
  template <class Visit>
  bool each(const Step& step, const Value& range, Visit visit);

  static constexpr std::size_t kInline = 8;
  const Plan& plan_;
  const Lookup& lookup_;
  Meter meter_;
  std::array<Value, kInline> few_values_;
  std::vector<Value> more_values_;
  Value* values_;                // of variables
  std::uint64_t looked_up_ = 0;  // bit i: values_[i] is there
  std::vector<bool> more_looked_up_;
  std::array<const Value*, kInline> few_locals_{};
  std::vector<const Value*> more_locals_;
  const Value** locals_;
};

/// Unknown with the paths of both.
Value merge_unknown(const Value& a, const Value& b);

}  // namespace plumbline::cel
