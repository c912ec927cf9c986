// SPDX-License-Identifier: Apache-2.0
// Fuzz target: an expression, a zero byte and a JSON document with the names' values. Evaluated, measured and
// explained within a small budget, checked and unchecked; all of them tell the same.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "rules/cel/json.h"
#include "tests/fuzz/cel_names.h"

namespace {

using namespace plumbline::cel;
using nlohmann::json;

constexpr std::string_view kDocument =
    R"({"h":{"name":"α1","load":1.5,"up":true,"tags":["a","b"],"labels":{"k":"v"},)"
    R"("disks":[{"class":"nvme","size":5,"load":2},{"size":7}]},"x":[1,{"y":[true,null,2.5]},"text"],)"
    R"("i":-7,"u":9,"d":0.5,"s":"Zürich\n","l":[3,1,2],"m":{"one":1,"two":2}})";

json document(std::string_view text) {
  json read = json::parse(text, nullptr, false);
  return read.is_object() ? read : json::parse(kDocument);
}

void run(const Program& program, const json& facts) {
  const Lookup lookup = [&](std::string_view name) {
    const auto found = facts.find(std::string(name));
    return found == facts.end() ? Value::unknown({std::string(name)}) : from_json(*found);
  };
  Limits limits;
  limits.budget = 5000;
  limits.result_elements = 500;
  const Program::Measured measured = program.measure(lookup, limits);
  if (measured.units > limits.budget) std::abort();
  const std::string text = to_text(measured.value);
  if (to_text(program.evaluate(lookup, limits)) != text) std::abort();
  const auto steps = program.explain(lookup, limits);
  if (steps.empty() || (measured.units < 100 && to_text(steps[0].value) != text)) std::abort();
  for (const auto& step : steps) static_cast<void>(to_text(step.value));
  static_cast<void>(to_json(measured.value).dump(-1, ' ', false, json::error_handler_t::replace));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 8192) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = input.find('\0');
  const json facts = document(end == std::string_view::npos ? "" : input.substr(end + 1));
  for (const bool checked : {true, false}) {
    CompileOptions options;
    options.check = checked;
    const auto program = compile(input.substr(0, end), fuzz_declarations(), options);
    if (program) run(*program, facts);
  }
  return 0;
}
