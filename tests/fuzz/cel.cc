// SPDX-License-Identifier: Apache-2.0
// Any bytes as an expression: compiled checked and unchecked, evaluated and explained within a small budget.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <nlohmann/json.hpp>
#include "rules/cel/cel.h"
#include "rules/cel/json.h"
#include "rules/cel/types.h"

namespace {

using namespace plumbline::cel;

const Declarations& declarations() {
  static const Declarations out = [] {
    Type disk;
    disk.kind = Type::object;
    disk.members = {{"class", simple_type(Type::string)}, {"size", simple_type(Type::int_type)}};
    Type host;
    host.kind = Type::object;
    host.members = {{"name", simple_type(Type::string)},
                    {"load", simple_type(Type::number)},
                    {"tags", list_of(simple_type(Type::string))},
                    {"labels", map_of(simple_type(Type::string), simple_type(Type::string))},
                    {"disks", list_of(std::make_shared<const Type>(disk))},
                    {"gone", simple_type(Type::int_type)}};
    return Declarations{{"h", std::make_shared<const Type>(host)},
                        {"x", simple_type(Type::dyn)},
                        {"a.b", simple_type(Type::int_type)}};
  }();
  return out;
}

Value lookup(std::string_view name) {
  static const Value host = from_json(nlohmann::json::parse(
      R"({"name":"α1","load":1.5,"tags":["a","b"],"labels":{"k":"v"},"disks":[{"class":"nvme","size":5},{"size":7}]})"));
  if (name == "h") return host;
  if (name == "x") return from_json(nlohmann::json::parse(R"([1,{"y":[true,null,2.5]},"text"])"));
  return Value::unknown({std::string(name)});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Limits limits;
  limits.budget = 5000;
  limits.result_elements = 500;
  for (const bool checked : {true, false}) {
    CompileOptions options;
    options.check = checked;
    const auto program = compile(text, declarations(), options);
    if (!program) continue;
    static_cast<void>(to_text(program->evaluate(lookup, limits)));
    for (const auto& step : program->explain(lookup, limits)) static_cast<void>(to_text(step.value));
  }
  return 0;
}
