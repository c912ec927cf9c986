// SPDX-License-Identifier: Apache-2.0
// Static types: how they join, and whether a function's parameter takes an argument.
#include "rules/cel/types.h"

#include "base/text.h"

namespace plumbline::cel {
namespace {

constexpr std::size_t kKinds = static_cast<std::size_t>(Type::opaque) + 1;
constexpr std::uint16_t kAllKinds = 0xCFFF;  // all but error and unknown

TypePtr make(Type::Kind kind) {
  Type type;
  type.kind = kind;
  return std::make_shared<const Type>(std::move(type));
}

std::uint16_t bit(ValueKind kind) {
  return static_cast<std::uint16_t>(1U << static_cast<unsigned>(kind));
}

std::size_t binding_of(const TypePtr& type) {
  std::size_t index = 0;
  while (index < kTypeParameters && type != type_parameter(index)) ++index;
  return index;
}

/// What null may stand for, as in the language's other implementations.
bool is_nullable(const Type& type) {
  return type.kind == Type::optional || type.kind == Type::opaque || type.kind == Type::timestamp ||
         type.kind == Type::duration;
}

TypePtr with_element(Type::Kind kind, TypePtr element) {
  Type type;
  type.kind = kind;
  type.element = std::move(element);
  return std::make_shared<const Type>(std::move(type));
}

TypePtr join_opaque(const TypePtr& a, const TypePtr& b) {
  if (a->name != b->name || a->parameters.size() != b->parameters.size()) return nullptr;
  std::vector<TypePtr> parameters;
  for (std::size_t i = 0; i < a->parameters.size(); ++i) {
    parameters.push_back(join_types(a->parameters[i], b->parameters[i]));
    if (!parameters.back()) return nullptr;
  }
  return parameters.empty() ? a : opaque_type(a->name, std::move(parameters));
}

}  // namespace

const TypePtr& simple_type(Type::Kind kind) {
  static const std::array<TypePtr, kKinds> types = [] {
    std::array<TypePtr, kKinds> out;
    for (std::size_t i = 0; i < kKinds; ++i) out[i] = make(static_cast<Type::Kind>(i));
    return out;
  }();
  return types[static_cast<std::size_t>(kind)];
}
const TypePtr& free_type() {
  static const TypePtr type = make(Type::dyn);
  return type;
}
const TypePtr& type_parameter(std::size_t index) {
  static const std::array<TypePtr, kTypeParameters> types = [] {
    std::array<TypePtr, kTypeParameters> out;
    for (TypePtr& type : out) type = make(Type::dyn);
    return out;
  }();
  return types[index];
}
const TypePtr& any_number() {
  static const TypePtr type = make(Type::number);
  return type;
}
const TypePtr& number_when_run() {
  static const TypePtr type = make(Type::number);
  return type;
}

TypePtr list_of(TypePtr element) {
  return with_element(Type::list, std::move(element));
}
TypePtr optional_of(TypePtr element) {
  return with_element(Type::optional, std::move(element));
}
TypePtr type_of(TypePtr named) {
  return with_element(Type::type, std::move(named));
}
TypePtr opaque_type(std::string name, std::vector<TypePtr> parameters) {
  Type type;
  type.kind = Type::opaque;
  type.name = std::move(name);
  type.parameters = std::move(parameters);
  return std::make_shared<const Type>(std::move(type));
}

TypePtr map_of(TypePtr key, TypePtr value) {
  Type type;
  type.kind = Type::map;
  type.key = std::move(key);
  type.element = std::move(value);
  return std::make_shared<const Type>(std::move(type));
}

bool is_open(const TypePtr& type) {
  return type->kind == Type::dyn;
}
bool is_numeric(const TypePtr& type) {
  return type->kind == Type::int_type || type->kind == Type::uint_type || type->kind == Type::number;
}
const TypePtr& key_of(const Type& map) {
  return map.key ? map.key : simple_type(Type::string);
}
const TypePtr& element_of(const Type& list_or_map) {
  return list_or_map.element ? list_or_map.element : simple_type(Type::dyn);
}

TypePtr join_types(const TypePtr& a, const TypePtr& b) {
  if (a == b || b == free_type()) return a;
  if (a == free_type()) return b;
  if (is_open(a)) return a;
  if (is_open(b)) return b;
  if (a->kind == Type::null_type && is_nullable(*b)) return b;
  if (b->kind == Type::null_type && is_nullable(*a)) return a;
  if (a->kind != b->kind) return nullptr;
  if (a->kind == Type::list || a->kind == Type::optional) {
    auto element = join_types(element_of(*a), element_of(*b));
    return element ? with_element(a->kind, std::move(element)) : nullptr;
  }
  if (a->kind == Type::type) {
    auto named = join_types(element_of(*a), element_of(*b));
    return named ? type_of(std::move(named)) : simple_type(Type::type);
  }
  if (a->kind == Type::opaque) return join_opaque(a, b);
  if (a->kind == Type::map) {
    auto key = join_types(key_of(*a), key_of(*b));
    auto value = join_types(element_of(*a), element_of(*b));
    return key && value ? map_of(std::move(key), std::move(value)) : nullptr;
  }
  return a->kind == Type::object && a->members.size() != b->members.size() ? nullptr : a;
}

bool accepts(const TypePtr& parameter, const TypePtr& argument, Bindings& bindings) {
  if (const std::size_t index = binding_of(parameter); index < bindings.size()) {
    TypePtr& bound = bindings[index];
    TypePtr joined = bound ? join_types(bound, argument) : argument;
    if (!joined) return false;
    bound = std::move(joined);
    return true;
  }
  if (is_open(argument) || is_open(parameter)) return true;
  if (parameter == any_number()) return is_numeric(argument);
  if (parameter == number_when_run()) return false;
  if (parameter->kind != argument->kind) return false;
  if (parameter->kind == Type::list || parameter->kind == Type::optional)
    return accepts(element_of(*parameter), element_of(*argument), bindings);
  if (parameter->kind == Type::opaque) {
    bool fits =
        parameter->name == argument->name && parameter->parameters.size() == argument->parameters.size();
    for (std::size_t i = 0; fits && i < parameter->parameters.size(); ++i)
      fits = accepts(parameter->parameters[i], argument->parameters[i], bindings);
    return fits;
  }
  if (parameter->kind == Type::map)
    return accepts(key_of(*parameter), key_of(*argument), bindings) &&
           accepts(element_of(*parameter), element_of(*argument), bindings);
  return true;
}

TypePtr substitute(const TypePtr& type, const Bindings& bindings) {
  if (const std::size_t index = binding_of(type); index < bindings.size())
    return bindings[index] ? bindings[index] : free_type();
  if (type->kind == Type::list || type->kind == Type::optional ||
      (type->kind == Type::type && type->element != nullptr))
    return with_element(type->kind, substitute(element_of(*type), bindings));
  if (type->kind == Type::opaque && !type->parameters.empty()) {
    std::vector<TypePtr> parameters;
    for (const TypePtr& parameter : type->parameters) parameters.push_back(substitute(parameter, bindings));
    return opaque_type(type->name, std::move(parameters));
  }
  if (type->kind == Type::map)
    return map_of(substitute(key_of(*type), bindings), substitute(element_of(*type), bindings));
  return type;
}

std::uint16_t runtime_kinds(const TypePtr& parameter) {
  if (parameter == any_number() || parameter == number_when_run())
    return static_cast<std::uint16_t>(bit(ValueKind::int_kind) | bit(ValueKind::uint_kind) |
                                      bit(ValueKind::number));
  switch (parameter->kind) {
    case Type::dyn:
      return kAllKinds;
    case Type::null_type:
      return bit(ValueKind::null);
    case Type::boolean:
      return bit(ValueKind::boolean);
    case Type::int_type:
      return bit(ValueKind::int_kind);
    case Type::uint_type:
      return bit(ValueKind::uint_kind);
    case Type::number:
      return bit(ValueKind::number);
    case Type::string:
      return bit(ValueKind::string);
    case Type::bytes:
      return bit(ValueKind::bytes);
    case Type::list:
      return bit(ValueKind::list);
    case Type::map:
    case Type::object:
      return bit(ValueKind::map);
    case Type::timestamp:
      return bit(ValueKind::timestamp);
    case Type::duration:
      return bit(ValueKind::duration);
    case Type::type:
      return bit(ValueKind::type);
    case Type::optional:
      return bit(ValueKind::optional);
    case Type::opaque:
      return bit(ValueKind::opaque);
  }
  return 0;
}

std::string to_text(const Type& type) {
  switch (type.kind) {
    case Type::dyn:
      return "dyn";
    case Type::null_type:
      return "null";
    case Type::boolean:
      return "bool";
    case Type::int_type:
      return "int";
    case Type::uint_type:
      return "uint";
    case Type::number:
      return "double";
    case Type::string:
      return "string";
    case Type::bytes:
      return "bytes";
    case Type::list:
      return "list(" + to_text(*element_of(type)) + ")";
    case Type::map:
      return "map(" + to_text(*key_of(type)) + ", " + to_text(*element_of(type)) + ")";
    case Type::timestamp:
      return "timestamp";
    case Type::duration:
      return "duration";
    case Type::type:
      return type.element ? "type(" + to_text(*type.element) + ")" : "type";
    case Type::object:
      return "object";
    case Type::optional:
      return "optional_type(" + to_text(*element_of(type)) + ")";
    case Type::opaque: {
      std::vector<std::string> parameters;
      for (const TypePtr& parameter : type.parameters) parameters.push_back(to_text(*parameter));
      return type.name + (parameters.empty() ? "" : "(" + join(parameters, ", ") + ")");
    }
  }
  return "dyn";
}

}  // namespace plumbline::cel
