// SPDX-License-Identifier: Apache-2.0
// Fuzz target: an expression, a zero byte and a JSON document with the names' values. Evaluated, measured and
// explained within a small budget, checked and unchecked, and in the fast tier; all of them tell the same. Where the
// document is as declared, no evaluation costs less or more than estimated.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "rules/cel/document_reader.h"
#include "rules/cel/json.h"
#include "tests/fuzz/cel_names.h"

namespace {

using namespace plumbline::cel;
using nlohmann::json;

constexpr std::string_view kDocument =
    R"({"h":{"name":"α1","load":1.5,"up":true,"tags":["a","b"],"labels":{"k":"v"},)"
    R"("disks":[{"class":"nvme","size":5,"load":2},{"size":7}]},"x":[1,{"y":[true,null,2.5]},"text"],)"
    R"("i":-7,"u":9,"d":0.5,"s":"Zürich\n","l":[3,1,2],"m":{"one":1,"two":2}})";

const std::shared_ptr<const Layout>& fuzz_layout() {
  static const auto out = Layout::of(fuzz_declarations());
  return out;
}

json document(std::string_view text) {
  json read = json::parse(text, nullptr, false);
  return read.is_object() ? read : json::parse(kDocument);
}

/// Whether a value is what its declaration says.
bool is_as_declared(const json& value, const Type& type) {
  const auto all = [&](const Type& element) {
    return std::all_of(value.begin(), value.end(), [&](const json& one) { return is_as_declared(one, element); });
  };
  switch (type.kind) {
    case Type::boolean:
      return value.is_boolean();
    case Type::int_type:
      return from_json(value).kind() == ValueKind::int_kind;
    case Type::uint_type:
    case Type::number:
      return value.is_number();
    case Type::string:
      return value.is_string();
    case Type::list:
      return value.is_array() && all(*type.element);
    case Type::map:
      return value.is_object() && all(*type.element);
    case Type::object:
      return value.is_object() && std::all_of(type.members.begin(), type.members.end(), [&](const auto& member) {
               return !value.contains(member.first) || is_as_declared(value.at(member.first), *member.second);
             });
    default:
      return type.kind == Type::dyn;
  }
}

bool is_as_declared(const json& facts) {
  const auto& names = fuzz_declarations();
  return std::all_of(names.begin(), names.end(), [&](const auto& name) {
    return !facts.contains(name.first) || is_as_declared(facts.at(name.first), *name.second);
  });
}

/// The largest text, list and number of values of a document.
void measure(const json& value, Sizes& sizes) {
  ++sizes.values;
  if (value.is_string()) sizes.text_bytes = std::max<std::uint64_t>(sizes.text_bytes, value.get_ref<const std::string&>().size());
  if (!value.is_structured()) return;
  sizes.elements = std::max<std::uint64_t>(sizes.elements, value.size());
  for (const auto& [key, member] : value.items()) {
    if (value.is_object()) sizes.text_bytes = std::max<std::uint64_t>(sizes.text_bytes, key.size());
    measure(member, sizes);
  }
}

void check_cost(const Program& program, const json& facts, std::uint64_t units, const Limits& limits) {
  Sizes sizes;
  sizes.text_bytes = sizes.elements = sizes.values = 0;
  sizes.result_elements = limits.result_elements;
  measure(facts, sizes);
  const Bounds cost = program.cost(sizes);
  if (units > cost.most || units < std::min(cost.least, limits.budget)) std::abort();
}

/// The fast tier may leave an answer to the evaluator, but never gives another.
void check_tiers(const Program& program, const std::string& facts, const Limits& limits) {
  static DocumentReader reader(fuzz_layout());
  const auto document = reader.read(facts);
  if (!document) return;
  const Value value = program.evaluate((*document)->lookup(), limits);
  if (to_text(program.evaluate(**document, limits)) != to_text(value)) std::abort();
  const Answer answer = program.decide(**document, limits);
  const bool* yes = value.get_if<bool>();
  if (yes != nullptr ? answer != (*yes ? Answer::yes : Answer::no)
                     : answer != (value.is_unknown() ? Answer::unknown : Answer::undecided))
    std::abort();
}

void run(const Program& program, const json& facts, bool as_declared) {
  const Lookup lookup = [&](std::string_view name) {
    const auto found = facts.find(std::string(name));
    return found == facts.end() ? Value::unknown({std::string(name)}) : from_json(*found);
  };
  Limits limits;
  limits.budget = 5000;
  limits.result_elements = 500;
  const Program::Measured measured = program.measure(lookup, limits);
  if (measured.units > limits.budget) std::abort();
  if (as_declared) check_cost(program, facts, measured.units, limits);
  if (program.is_typed()) check_tiers(program, facts.dump(), limits);
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
  const bool as_declared = is_as_declared(facts);
  for (const bool checked : {true, false}) {
    CompileOptions options;
    options.check = checked;
    options.layout = fuzz_layout();
    const auto program = compile(input.substr(0, end), fuzz_declarations(), options);
    if (program) run(*program, facts, as_declared);
  }
  return 0;
}
