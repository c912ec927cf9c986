// SPDX-License-Identifier: Apache-2.0
// Runs the language's own suites: what expressions give, how they are parsed, and which types they have.
#include <algorithm>
#include <cmath>
#include <map>

#include "rules/cel/parser.h"
#include "tests/catch.h"
#include "tests/rules/cel/suite.h"
#include "tests/rules/cel/syntax_text.h"

namespace plumbline::cel {
namespace {

using nlohmann::json;

bool same(const Value& a, const Value& b) {
  const double* x = a.get_if<double>();
  const double* y = b.get_if<double>();
  if (x != nullptr && y != nullptr && std::isnan(*x) && std::isnan(*y)) return true;
  if (x != nullptr && y != nullptr) return *x == *y || std::fabs(*x - *y) <= 1e-15 * std::fabs(*x);
  return a.kind() == b.kind() && equal(a, b);
}

/// What is wrong with the value of a program; empty where nothing is.
std::string check_value(const json& test, const Program& program,
                        const std::map<std::string, Value, std::less<>>& bindings) {
  const Value value = program.evaluate([&](std::string_view name) {
    const auto found = bindings.find(name);
    return found == bindings.end() ? Value::error("no binding for " + std::string(name)) : found->second;
  });
  if (test.contains("evalError"))
    return value.is_error() ? "" : "gave " + to_text(value) + ", expected an error";
  Value expected = Value::of(true);
  if (test.contains("value"))
    expected = read_suite_value(test["value"]);
  else if (test.contains("typedResult"))
    expected = read_suite_value(test["typedResult"]["result"]);
  return same(value, expected) ? "" : "gave " + to_text(value) + ", expected " + to_text(expected);
}

/// What went wrong; empty where the case passes.
std::string run_case(const json& test) {
  const json environment = test.value("typeEnv", json::array());
  Declarations declarations = read_suite_names(environment);
  std::map<std::string, Value, std::less<>> bindings;
  const json bound = test.value("bindings", json::object());
  for (const auto& [name, value] : bound.items()) {
    bindings[name] = read_suite_value(value["value"]);
    const bool known = std::any_of(declarations.begin(), declarations.end(),
                                   [&, &key = name](const auto& d) { return d.first == key; });
    if (!known) declarations.emplace_back(name, simple_type(Type::dyn));
  }
  CompileOptions options;
  options.check = !test.value("disableCheck", false);
  options.container = test.value("container", "");
  options.functions = read_suite_functions(environment);
  const auto program = compile(test["expr"].get<std::string>(), declarations, options);
  if (!program) {
    const bool is_check_error = test.contains("cel_go_error") && test.contains("evalError");
    return is_check_error ? "" : "does not compile: " + program.error()[0].message;
  }
  if (test.contains("typedResult")) {
    const std::string type = to_text(program->result_type());
    const std::string expected = to_text(*read_suite_type(test["typedResult"]["deducedType"]));
    if (type != expected) return "type " + type + ", expected " + expected;
  }
  return test.value("checkOnly", false) ? "" : check_value(test, *program, bindings);
}

std::string without_blanks(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '\n' || c == '\t'; });
  return text;
}

/// Whether the reference refuses this for what its test turned off, or for a limit of its own.
bool refused_by_choice(const json& test) {
  const std::string error = test.value("cel_go_error", "");
  return error.find("unsupported syntax") != std::string::npos ||
         error.find("recursion") != std::string::npos;
}

/// The tree of the reference implementation, or a mistake where it finds one.
std::string check_tree(const json& test) {
  const std::string text = test["expr"];
  const auto syntax = parse(text);
  if (!test.contains("cel_go_ast") && !refused_by_choice(test))
    return syntax ? "parses, expected " + test.value("cel_go_error", "a mistake") : "";
  if (!syntax) return "does not parse: " + syntax.error().message;
  if (!test.contains("cel_go_ast")) return "";  // it is enough that it parses
  const std::string expected = without_blanks(test["cel_go_ast"]);
  const std::string found = without_blanks(syntax_text(*syntax));
  return found == expected ? "" : "tree " + found + "\n    expected " + expected;
}

/// The names that the reference's own test declares for all cases.
std::string check_type(const json& test, bool declared) {
  Declarations names;
  CompileOptions options;
  if (declared) {
    for (const auto& [name, kind] : std::map<std::string, Type::Kind>{{"is", Type::string},
                                                                      {"ii", Type::int_type},
                                                                      {"iu", Type::uint_type},
                                                                      {"iz", Type::boolean},
                                                                      {"id", Type::number},
                                                                      {"ix", Type::null_type},
                                                                      {"ib", Type::bytes}})
      names.emplace_back(name, simple_type(kind));
    options.functions = declare_functions(
        {read_shape({"fg_s(): string", nullptr}), read_shape({"string.fi_s_s(): string", nullptr})});
  }
  const auto program = compile(test["expr"].get<std::string>(), names, options);
  if (!test.contains("cel_go_type"))
    return program && !refused_by_choice(test)
               ? "compiles, expected " + test.value("cel_go_error", "a mistake")
               : "";
  if (!program) return "does not compile: " + program.error()[0].message;
  const std::string type = to_text(program->result_type());
  return type == test["cel_go_type"]
             ? ""
             : "type " + type + ", expected " + test["cel_go_type"].get<std::string>();
}

template <class Run>
void run_suite(const std::string& suite, const std::string& heading, Run run) {
  const auto cases = read_suite(suite);
  if (cases.empty()) return;
  Tally tally(heading);
  for (const SuiteCase& test : without_excluded(cases, heading)) tally.add(test, run(test.json));
  tally.report();
}

}  // namespace

TEST_CASE("The language's conformance suite passes, except for what the list of exclusions names") {
  run_suite("conformance", "values", run_case);
}

TEST_CASE("Expressions are parsed into the trees of the reference implementation") {
  run_suite("conformance", "trees", check_tree);
  run_suite("parsing", "trees of parsing", check_tree);
  run_suite("comprehension", "trees of comprehensions", check_tree);
}

TEST_CASE("Expressions have the types that the reference implementation gives them") {
  run_suite("checking", "types", [](const json& test) { return check_type(test, true); });
  run_suite("parsing", "types of parsing", [](const json& test) { return check_type(test, false); });
}

TEST_CASE("The reference implementation's own comprehensions with two variables hold") {
  run_suite("comprehension", "values of comprehensions", [](const json& test) { return run_case(test); });
}

}  // namespace plumbline::cel
