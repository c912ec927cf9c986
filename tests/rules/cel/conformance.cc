// SPDX-License-Identifier: Apache-2.0
// Runs the language's own conformance suite where PLUMBLINE_CORPUS names a folder that holds it as JSON
// lines.
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "rules/cel/cel.h"
#include "rules/cel/types.h"
#include "tests/catch.h"

namespace plumbline::cel {
namespace {

using nlohmann::json;

std::string decode_base64(const std::string& text) {
  static const std::string letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned bits = 0, count = 0;
  for (const char c : text) {
    const auto at = letters.find(c);
    if (at == std::string::npos) continue;
    bits = (bits << 6U) | static_cast<unsigned>(at);
    if ((count += 6) >= 8) out += static_cast<char>((bits >> (count -= 8)) & 0xFFU);
  }
  return out;
}

double read_double(const json& value) {
  if (value.is_number()) return value.get<double>();
  const std::string text = value.get<std::string>();
  return text == "NaN"         ? NAN
         : text == "Infinity"  ? INFINITY
         : text == "-Infinity" ? -INFINITY
                               : parse_double(text).value_or(NAN);
}

Value read_value(const json& value) {
  if (!value.is_object() || value.empty()) return Value::error("no value");
  const std::string kind = value.begin().key();
  const json& inner = value.begin().value();
  if (kind == "nullValue") return {};
  if (kind == "boolValue") return Value::of(inner.get<bool>());
  if (kind == "int64Value") return Value::of(*parse_i64(inner.get<std::string>()));
  if (kind == "uint64Value") return Value::of(*parse_u64(inner.get<std::string>()));
  if (kind == "doubleValue") return Value::of(read_double(inner));
  if (kind == "stringValue") return Value::of(inner.get<std::string>());
  if (kind == "bytesValue") return Value::of(Bytes{decode_base64(inner.get<std::string>())});
  if (kind == "typeValue") return Value::of(TypeName{inner.get<std::string>()});
  if (kind == "listValue") {
    List out;
    for (const json& element : inner.value("values", json::array())) out.push_back(read_value(element));
    return Value::of(std::move(out));
  }
  if (kind == "mapValue") {
    Map out;
    for (const json& entry : inner.value("entries", json::array()))
      out.entries.emplace_back(read_value(entry["key"]), read_value(entry["value"]));
    return Value::of(std::move(out));
  }
  return Value::error("no such value in the suite: " + kind);
}

TypePtr read_type(const json& type) {
  if (!type.is_object() || type.empty()) return simple_type(Type::dyn);
  const std::string kind = type.begin().key();
  const json& inner = type.begin().value();
  if (kind == "primitive") {
    static const std::map<std::string, Type::Kind> kinds = {
        {"BOOL", Type::boolean},  {"INT64", Type::int_type}, {"UINT64", Type::uint_type},
        {"DOUBLE", Type::number}, {"STRING", Type::string},  {"BYTES", Type::bytes}};
    return simple_type(kinds.at(inner.get<std::string>()));
  }
  if (kind == "null") return simple_type(Type::null_type);
  if (kind == "wellKnown")
    return simple_type(inner == "TIMESTAMP"  ? Type::timestamp
                       : inner == "DURATION" ? Type::duration
                                             : Type::dyn);
  if (kind == "listType")
    return list_of(inner.contains("elemType") ? read_type(inner["elemType"]) : simple_type(Type::dyn));
  if (kind == "mapType") return map_of(read_type(inner["keyType"]), read_type(inner["valueType"]));
  if (kind == "type") return simple_type(Type::type);
  return simple_type(Type::dyn);
}

bool same(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  const double* x = a.get_if<double>();
  const double* y = b.get_if<double>();
  if (x != nullptr && y != nullptr && std::isnan(*x) && std::isnan(*y)) return true;
  if (x != nullptr && y != nullptr) return *x == *y || std::fabs(*x - *y) <= 1e-15 * std::fabs(*x);
  return equal(a, b);
}

/// What went wrong; empty where the case passes.
std::string run_case(const json& test) {
  Declarations declarations;
  std::map<std::string, Value, std::less<>> bindings;
  for (const json& name : test.value("typeEnv", json::array()))
    if (name.contains("ident"))
      declarations.emplace_back(name["name"].get<std::string>(), read_type(name["ident"]["type"]));
  const json bound = test.value("bindings", json::object());
  for (const auto& [name, value] : bound.items()) {
    bindings[name] = read_value(value["value"]);
    const bool known = std::any_of(declarations.begin(), declarations.end(),
                                   [&, &key = name](const auto& d) { return d.first == key; });
    if (!known) declarations.emplace_back(name, simple_type(Type::dyn));
  }
  CompileOptions options;
  options.check = !test.value("disableCheck", false);
  options.container = test.value("container", "");
  const std::string expression = test["expr"];
  const auto program = compile(expression, declarations, options);
  if (!program) {
    const bool is_check_error = test.contains("cel_go_error") && test.contains("evalError");
    return is_check_error ? "" : "does not compile: " + program.error()[0].message;
  }
  if (test.contains("typedResult")) {
    const std::string type = to_text(program->result_type());
    const std::string expected = to_text(*read_type(test["typedResult"]["deducedType"]));
    if (type != expected) return "type " + type + ", expected " + expected;
    if (test.value("checkOnly", false)) return "";
  }
  const Value value = program->evaluate([&](std::string_view name) {
    const auto found = bindings.find(name);
    return found == bindings.end() ? Value::error("no binding for " + std::string(name)) : found->second;
  });
  if (test.contains("evalError"))
    return value.is_error() ? "" : "gave " + to_text(value) + ", expected an error";
  Value expected = Value::of(true);
  if (test.contains("value"))
    expected = read_value(test["value"]);
  else if (test.contains("typedResult"))
    expected = read_value(test["typedResult"]["result"]);
  return same(value, expected) ? "" : "gave " + to_text(value) + ", expected " + to_text(expected);
}

/// "file/section/name" of the first column; the rest of the line is the reason.
std::set<std::string> read_excluded() {
  std::set<std::string> out;
  std::ifstream file(PLUMBLINE_SOURCE_DIR "/tests/rules/cel/excluded.txt");
  for (std::string line; std::getline(file, line);)
    if (!line.empty() && line[0] != '#') out.insert(line.substr(0, line.find(' ')));
  return out;
}

struct Count {
  int passed = 0, total = 0;
};

void run_suite(const std::string& path, const std::set<std::string>& excluded) {
  std::ifstream file(path);
  std::map<std::string, Count> sections;
  Count all;
  std::vector<std::string> failures;
  const bool verbose = std::getenv("PLUMBLINE_VERBOSE") != nullptr;
  for (std::string line; std::getline(file, line);) {
    const json test = json::parse(line);
    const std::string section = test["file"].get<std::string>() + "/" + test["section"].get<std::string>();
    const std::string name = section + "/" + test["name"].get<std::string>();
    const std::string file_wide = test["file"].get<std::string>() + "/*";
    if (excluded.contains(name) || excluded.contains(file_wide)) continue;
    const std::string problem = run_case(test);
    Count& count = sections[section];
    ++count.total, ++all.total;
    if (problem.empty())
      ++count.passed, ++all.passed;
    else
      failures.push_back(name + ": " + test["expr"].get<std::string>() + ": " + problem);
  }
  if (verbose)
    for (const auto& [name, count] : sections)
      std::cout << name << " " << count.passed << "/" << count.total << "\n";
  std::cout << path.substr(path.rfind('/') + 1) << ": " << all.passed << " of " << all.total
            << " applicable cases pass\n";
  for (const std::string& failure : failures) std::cout << "  " << failure << "\n";
  CHECK(failures.empty());
  CHECK(all.total > 1000);
}

}  // namespace

TEST_CASE("The language's conformance suite passes, except for what the list of exclusions names") {
  const char* corpus = std::getenv("PLUMBLINE_CORPUS");
  if (corpus == nullptr) {
    std::cout << "skipped: PLUMBLINE_CORPUS is not set\n";
    return;
  }
  const auto excluded = read_excluded();
  run_suite(std::string(corpus) + "/cel/jsonlike_core.jsonl", excluded);
  run_suite(std::string(corpus) + "/cel/jsonlike.jsonl", excluded);
}

}  // namespace plumbline::cel
