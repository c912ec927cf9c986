// SPDX-License-Identifier: Apache-2.0
// JSON along the catalog's tree to CEL values, and the same tree as CEL types.
#include "rules/fact_values.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "rules/fact_tree.h"

namespace plumbline {
namespace {

using cel::Value;
using nlohmann::json;

std::optional<Value> value_of(const json& data, const FactTree& node);

Value object_of(const json& data, const FactTree& node) {
  cel::Map map;
  map.entries.reserve(data.size());
  for (const auto& [key, member] : data.items()) {
    const FactTree* known = node.find(key);
    if (!known) continue;
    if (auto value = value_of(member, *known)) map.entries.emplace_back(Value::of(key), std::move(*value));
  }
  return Value::of(std::move(map));
}

std::optional<Value> integer_of(const json& data) {
  if (data.is_number_unsigned()) {
    auto number = data.get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
    return Value::of(static_cast<std::int64_t>(number));
  }
  if (data.is_number_integer()) return Value::of(data.get<std::int64_t>());
  return std::nullopt;
}

std::optional<Value> strings_of(const json& data) {
  if (!data.is_array()) return std::nullopt;
  cel::List list;
  for (const json& item : data) {
    if (item.is_string()) list.push_back(Value::of(item.get<std::string>()));
  }
  return Value::of(std::move(list));
}

std::optional<Value> string_map_of(const json& data) {
  if (!data.is_object()) return std::nullopt;
  cel::Map map;
  for (const auto& [key, item] : data.items()) {
    std::string text = item.is_string() ? item.get<std::string>() : item.dump();
    map.entries.emplace_back(Value::of(key), Value::of(std::move(text)));
  }
  return Value::of(std::move(map));
}

std::optional<Value> objects_of(const json& data, const FactTree& node) {
  if (!data.is_array()) return std::nullopt;
  cel::List list;
  list.reserve(data.size());
  for (const json& item : data) {
    if (item.is_object()) list.push_back(object_of(item, node));
  }
  return Value::of(std::move(list));
}

std::optional<Value> value_of(const json& data, const FactTree& node) {
  if (data.is_null()) return std::nullopt;
  if (node.is_group()) return data.is_object() ? std::optional(object_of(data, node)) : std::nullopt;
  switch (node.fact->type) {
    case FactType::boolean:
      return data.is_boolean() ? std::optional(Value::of(data.get<bool>())) : std::nullopt;
    case FactType::integer: return integer_of(data);
    case FactType::number:
      return data.is_number() ? std::optional(Value::of(data.get<double>())) : std::nullopt;
    case FactType::string:
      return data.is_string() ? std::optional(Value::of(data.get<std::string>())) : std::nullopt;
    case FactType::string_list: return strings_of(data);
    case FactType::string_map: return string_map_of(data);
    case FactType::object_list: return objects_of(data, node);
  }
  return std::nullopt;
}

using TypePointer = std::shared_ptr<const cel::Type>;

TypePointer simple(cel::Type::Kind kind) {
  auto type = std::make_shared<cel::Type>();
  type->kind = kind;
  return type;
}
TypePointer of(cel::Type::Kind kind, TypePointer element) {
  auto type = std::make_shared<cel::Type>();
  type->kind = kind;
  type->element = std::move(element);
  return type;
}

TypePointer type_of(const FactTree& node);

TypePointer object_type(const FactTree& node) {
  auto type = std::make_shared<cel::Type>();
  type->kind = cel::Type::object;
  for (const FactTree& member : node.members) type->members.emplace_back(member.name, type_of(member));
  return type;
}

TypePointer type_of(const FactTree& node) {
  if (node.is_group()) return object_type(node);
  switch (node.fact->type) {
    case FactType::boolean: return simple(cel::Type::boolean);
    case FactType::integer: return simple(cel::Type::int_type);
    case FactType::number: return simple(cel::Type::number);
    case FactType::string: return simple(cel::Type::string);
    case FactType::string_list: return of(cel::Type::list, simple(cel::Type::string));
    case FactType::string_map: return of(cel::Type::map, simple(cel::Type::string));
    case FactType::object_list: return of(cel::Type::list, object_type(node));
  }
  return simple(cel::Type::dyn);
}

}  // namespace

FactValues::FactValues(const json& facts) {
  static const json nothing = json::object();
  for (const FactTree& section : fact_tree().members) {
    auto found = facts.is_object() ? facts.find(section.name) : facts.end();
    bool there = facts.is_object() && found != facts.end() && found->is_object();
    sections_.emplace_back(section.name, object_of(there ? *found : nothing, section));
  }
}

Value FactValues::find(std::string_view section) const {
  auto at = std::lower_bound(sections_.begin(), sections_.end(), section,
                             [](const auto& entry, std::string_view name) { return entry.first < name; });
  if (at == sections_.end() || at->first != section) return Value::unknown({std::string(section)});
  return at->second;
}

cel::Lookup fleet_lookup(const RuleSet& rules, const std::vector<std::optional<double>>& aggregates) {
  cel::Map map;
  for (std::size_t i = 0; i < rules.measures.size() && i < aggregates.size(); ++i) {
    if (aggregates[i]) map.entries.emplace_back(Value::of(rules.measures[i].id), Value::of(*aggregates[i]));
  }
  Value fleet = Value::of(std::move(map));
  return [fleet](std::string_view name) {
    return name == "fleet" ? fleet : Value::unknown({std::string(name)});
  };
}

cel::Declarations fact_declarations() {
  cel::Declarations out;
  for (const FactTree& section : fact_tree().members) out.emplace_back(section.name, object_type(section));
  return out;
}

cel::Declarations fleet_declarations(const std::vector<std::string>& measure_ids) {
  auto type = std::make_shared<cel::Type>();
  type->kind = cel::Type::object;
  for (const std::string& id : measure_ids) type->members.emplace_back(id, simple(cel::Type::number));
  return {{"fleet", type}};
}

}  // namespace plumbline
