// SPDX-License-Identifier: Apache-2.0
// Static types: how they join, and whether a function's parameter takes an argument.
#pragma once

#include <array>
#include <memory>

#include "rules/cel/cel.h"

namespace plumbline::cel {

using TypePtr = std::shared_ptr<const Type>;

/// The one object of a type without parts.
const TypePtr& simple_type(Type::Kind kind);
/// Of an empty list's elements: joins with everything.
const TypePtr& free_type();
TypePtr list_of(TypePtr element);
TypePtr map_of(TypePtr key, TypePtr value);
TypePtr optional_of(TypePtr element);
/// The type of a type's name: of `int` it is type(int).
TypePtr type_of(TypePtr named);
TypePtr opaque_type(std::string name, std::vector<TypePtr> parameters = {});

// Types that only the shapes of functions have; told apart by identity.
inline constexpr std::size_t kTypeParameters = 8;
const TypePtr& type_parameter(std::size_t index);  // A, B … H
const TypePtr& any_number();                       // int, uint or double
const TypePtr& number_when_run();                  // statically only dyn, a number when it runs

/// dyn or not yet known: checked when it runs.
bool is_open(const TypePtr& type);
bool is_numeric(const TypePtr& type);
/// The key type of a map; strings where it says nothing.
const TypePtr& key_of(const Type& map);
const TypePtr& element_of(const Type& list_or_map);
/// The least type that holds both, or nullptr.
TypePtr join_types(const TypePtr& a, const TypePtr& b);

/// What A, B … stand for in one call.
using Bindings = std::array<TypePtr, kTypeParameters>;
bool accepts(const TypePtr& parameter, const TypePtr& argument, Bindings& bindings);
/// The type with A, B … replaced; free where they stayed open.
TypePtr substitute(const TypePtr& type, const Bindings& bindings);
/// Bit i is set where a value of ValueKind i may be passed when it runs.
std::uint16_t runtime_kinds(const TypePtr& parameter);

}  // namespace plumbline::cel
