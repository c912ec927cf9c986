// SPDX-License-Identifier: Apache-2.0
// The catalog's tree as CEL types, and facts read along them.
#include "rules/fact_values.h"

#include <nlohmann/json.hpp>

#include "rules/fact_tree.h"

namespace plumbline {
namespace {

using cel::Value;
using nlohmann::json;

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

const std::shared_ptr<const cel::Layout>& fact_layout() {
  static const std::shared_ptr<const cel::Layout> layout = cel::Layout::of(fact_declarations());
  return layout;
}

Result<cel::Document*> FactReader::read_scan(std::string_view json) {
  static constexpr cel::Envelope kSections = {"sections", "data", "missing"};
  return reader_.read(json, kSections);
}

Result<cel::Document*> FactReader::read_facts(const json& facts) {
  return reader_.read(facts.dump(-1, ' ', false, json::error_handler_t::replace));
}

FactValues::FactValues(const json& facts) : nothing_(fact_layout()), document_(&nothing_) {
  if (auto read = reader_.read_facts(facts)) document_ = *read;
}

cel::Lookup fleet_lookup(const RuleSet& rules, const std::vector<std::optional<double>>& aggregates, std::optional<int> carriers) {
  cel::Map map;
  for (std::size_t i = 0; i < rules.measures.size() && i < aggregates.size(); ++i) {
    if (aggregates[i]) map.entries.emplace_back(Value::of(rules.measures[i].id), Value::of(*aggregates[i]));
  }
  if (carriers) map.entries.emplace_back(Value::of("carriers"), Value::of(static_cast<double>(*carriers)));
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
