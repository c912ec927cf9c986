// SPDX-License-Identifier: Apache-2.0
// Writes generated expressions, documents and our answers, a line of JSON each, for other implementations to
// compare:
//   cel_batch SEED COUNT
// Values carry their type: {"int":"5"} {"uint":"5"} {"double":"1.5"} {"string":"a"} {"bytes":"6869"}
// {"bool":true}
// {"list":[…]} {"map":[[key,value],…]} {"timestamp":"…"} {"duration":"1.5"} {"type":"int"} {"null":true}
// {"error":"…"}.
#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "base/text.h"
#include "rules/cel/json.h"
#include "rules/cel/number_text.h"
#include "tests/rules/cel/generate.h"

namespace {

using namespace plumbline::cel;
using nlohmann::json;

constexpr std::size_t kDocumentSize = 4;

std::string hex(const std::string& data) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : data) {
    out += digits[static_cast<unsigned char>(c) >> 4U];
    out += digits[static_cast<unsigned char>(c) & 15U];
  }
  return out;
}

json typed(const Value& value) {
  switch (value.kind()) {
    case ValueKind::int_kind:
      return {{"int", to_text(value)}};
    case ValueKind::uint_kind:
      return {{"uint", to_text(value)}};
    case ValueKind::number:
      return {{"double", readable_double(*value.get_if<double>())}};
    case ValueKind::string:
      return {{"string", *value.string()}};
    case ValueKind::bytes:
      return {{"bytes", hex(value.bytes()->data)}};
    case ValueKind::boolean:
      return {{"bool", *value.get_if<bool>()}};
    case ValueKind::list: {
      json list = json::array();
      for (const Value& element : *value.list()) list.push_back(typed(element));
      return {{"list", list}};
    }
    case ValueKind::map: {
      json map = json::array();
      for (const auto& [key, member] : value.map()->entries) map.push_back({typed(key), typed(member)});
      std::sort(map.begin(), map.end());
      return {{"map", map}};
    }
    case ValueKind::timestamp:
      return {{"timestamp", to_text(value)}};
    case ValueKind::duration:
      return {{"duration", to_text(value)}};
    case ValueKind::null:
      return {{"null", true}};
    case ValueKind::error:
      return {{"error", value.as_error()->message}};
    default:
      return {{"type", to_text(value)}};
  }
}

Value fact(const json& facts, std::string_view name) {
  const json& value = facts.at(std::string(name));
  return name == "u" ? Value::of(value.get<std::uint64_t>()) : from_json(value);
}

json line(std::uint64_t seed) {
  Generator generator(seed, false);
  const std::string expression = generator.expression();
  const json facts = generator.document(kDocumentSize);
  json names = json::object();
  for (const auto& declaration : Generator::declarations())
    names[declaration.first] = typed(fact(facts, declaration.first));
  json out = {{"seed", seed}, {"expression", expression}, {"facts", std::move(names)}};
  const auto program = compile(expression, Generator::declarations());
  out["result"] = program ? typed(program->evaluate([&](std::string_view name) { return fact(facts, name); }))
                          : json{{"error", "it does not compile: " + program.error()[0].message}};
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  const auto seed = argc == 3 ? plumbline::parse_u64(argv[1]) : std::nullopt;
  const auto count = argc == 3 ? plumbline::parse_u64(argv[2]) : std::nullopt;
  if (!seed || !count) {
    std::cerr << "use: cel_batch SEED COUNT\n";
    return 2;
  }
  for (std::uint64_t i = 0; i < *count; ++i) std::cout << line(*seed + i).dump() << "\n";
  return 0;
}
