// SPDX-License-Identifier: Apache-2.0
// Values from JSON and back.
#include "rules/cel/json.h"

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace plumbline::cel {
namespace {

constexpr int kMaxJsonDepth = 64;
constexpr std::size_t kMaxMembers = 100'000;

Value convert(const nlohmann::json& json, int depth) {
  if (depth > kMaxJsonDepth)
    return Value::error("JSON: nested deeper than " + std::to_string(kMaxJsonDepth) + " levels");
  using Type = nlohmann::json::value_t;
  switch (json.type()) {
    case Type::boolean:
      return Value::of(json.get<bool>());
    case Type::number_integer:
      return Value::of(json.get<std::int64_t>());
    case Type::number_unsigned: {
      const auto number = json.get<std::uint64_t>();
      return number <= static_cast<std::uint64_t>(INT64_MAX) ? Value::of(static_cast<std::int64_t>(number))
                                                             : Value::of(number);
    }
    case Type::number_float:
      return Value::of(json.get<double>());
    case Type::string:
      return Value::of(json.get_ref<const std::string&>());
    case Type::array: {
      List out;
      out.reserve(json.size());
      for (const auto& element : json) out.push_back(convert(element, depth + 1));
      return Value::of(std::move(out));
    }
    case Type::object: {
      Map out;
      out.entries.reserve(json.size());
      for (const auto& [key, element] : json.items())
        out.entries.emplace_back(Value::of(key), convert(element, depth + 1));
      return Value::of(std::move(out));
    }
    default:
      return {};
  }
}

/// Keys are text in JSON: strings as they are, others as a person reads them.
std::string key_text(const Value& key) {
  return key.string() != nullptr ? *key.string() : to_text(key);
}

nlohmann::json convert_back(const Value& value, std::size_t& left) {
  if (left == 0) return nullptr;
  --left;
  switch (value.kind()) {
    case ValueKind::boolean:
      return *value.get_if<bool>();
    case ValueKind::int_kind:
      return *value.get_if<std::int64_t>();
    case ValueKind::uint_kind:
      return *value.get_if<std::uint64_t>();
    case ValueKind::number:
      return *value.get_if<double>();
    case ValueKind::string:
      return *value.string();
    case ValueKind::bytes:
      return base64url(value.bytes()->data);
    case ValueKind::list: {
      auto out = nlohmann::json::array();
      for (const Value& element : *value.list()) out.push_back(convert_back(element, left));
      return out;
    }
    case ValueKind::map: {
      auto out = nlohmann::json::object();
      for (const auto& [key, element] : value.map()->entries)
        out[key_text(key)] = convert_back(element, left);
      return out;
    }
    case ValueKind::timestamp:
    case ValueKind::duration:
    case ValueKind::type:
    case ValueKind::opaque:
      return to_text(value);
    case ValueKind::optional:
      return value.optional()->present ? convert_back(value.optional()->value, left) : nullptr;
    default:
      return nullptr;
  }
}

}  // namespace

Value from_json(const nlohmann::json& json) {
  return convert(json, 0);
}

nlohmann::json to_json(const Value& value) {
  std::size_t left = kMaxMembers;
  return convert_back(value, left);
}

}  // namespace plumbline::cel
