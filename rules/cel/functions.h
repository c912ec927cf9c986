// SPDX-License-Identifier: Apache-2.0
// The one table of operators and functions that checker, planner and evaluator share. To add a function,
// write it in a functions_*.cc and give it a row there: its shape and its name.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/cel/meter.h"
#include "rules/cel/types.h"

namespace plumbline::cel {

using Arguments = std::span<const Value* const>;
/// Called with arguments of the kinds that the row's shape names; gives a value or an error.
using Function = Value (*)(Arguments arguments, Meter& meter);

struct Extent;
struct Estimate;
/// What a call charges at least and at most, and how large its result is, from the sizes of its arguments:
/// one of cost.h.
using Estimator = Estimate (*)(std::span<const Extent> arguments);

/// "string.startsWith(string): bool". A receiver that names a type makes it a member function; operators are
/// "_+_(int, int): int"; A and B stand for any type, `number` for int, uint or double, `dyn number` for one
/// that is only known when it runs, `T...` for one or more of T. Without an estimator the function charges
/// nothing where it works on numbers and times alone, else at most a few units for each byte and element of
/// its arguments, and its result may have any size.
struct FunctionRow {
  std::string_view shape;
  Function run;
  Estimator cost = nullptr;
};

std::span<const FunctionRow> operator_functions();
std::span<const FunctionRow> conversion_functions();
std::span<const FunctionRow> text_functions();
std::span<const FunctionRow> time_functions();
std::span<const FunctionRow> math_functions();
std::span<const FunctionRow> encoder_functions();
std::span<const FunctionRow> version_functions();
std::span<const FunctionRow> optional_functions();
std::span<const FunctionRow> list_functions();
std::span<const FunctionRow> set_functions();
std::span<const FunctionRow> regex_functions();
std::span<const FunctionRow> network_functions();
std::span<const FunctionRow> semver_functions();
std::span<const FunctionRow> quantity_functions();
std::span<const FunctionRow> url_functions();

/// A row, read.
struct Overload {
  std::string name;       // "startsWith", "math.greatest", "_+_"
  bool member = false;    // called on its first parameter
  bool variadic = false;  // the last parameter may repeat
  std::vector<TypePtr> parameters;
  std::vector<std::uint16_t> kinds;  // runtime_kinds of each parameter
  bool has_opaque = false;           // a parameter is an opaque type: fits() looks at its name too
  TypePtr result;
  Function run = nullptr;
  Estimator cost = nullptr;

  bool takes(std::size_t count) const {
    return variadic ? count >= parameters.size() : count == parameters.size();
  }
  const TypePtr& parameter(std::size_t index) const {
    return parameters[index < parameters.size() ? index : parameters.size() - 1];
  }
  bool fits(Arguments arguments) const;

 private:
  bool fits_opaque(Arguments arguments) const;
};

/// An overload of one's own for CompileOptions::functions; the shape must be right.
Overload read_shape(const FunctionRow& row);
/// Ready for CompileOptions::functions. One without `run` is only type-checked: calling it is an error.
std::shared_ptr<const std::vector<Overload>> declare_functions(std::vector<Overload> overloads);
/// Those of a name among them.
std::span<const Overload> find_functions(std::string_view name, const std::vector<Overload>& sorted);

/// All overloads of a name; empty where there are none.
std::span<const Overload> find_functions(std::string_view name);
/// All names, for "did you mean".
const std::vector<std::string>& function_names();

/// Equality that charges for what it compares; false, and the meter exhausted, where the budget does not
/// reach.
bool metered_equal(const Value& a, const Value& b, Meter& meter);
/// The order of two values, charged likewise.
std::partial_ordering metered_compare(const Value& a, const Value& b, Meter& meter);

/// The error of a call whose arguments no overload takes.
Value no_such_overload(std::string_view name, Arguments arguments);

}  // namespace plumbline::cel
