// SPDX-License-Identifier: Apache-2.0
// The language's own suites as JSON lines.
#include "tests/rules/cel/suite.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <utility>

#include "base/text.h"
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

/// The names of type parameters in the order of their appearance: T is A, U is B.
using Parameters = std::vector<std::string>;

TypePtr read_type(const json& type, Parameters& parameters) {
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
  if (kind == "listType") return list_of(read_type(inner.value("elemType", json()), parameters));
  if (kind == "mapType")
    return map_of(read_type(inner["keyType"], parameters), read_type(inner["valueType"], parameters));
  if (kind == "type") return type_of(read_type(inner, parameters));
  if (kind == "typeParam") {
    const auto known = std::find(parameters.begin(), parameters.end(), inner.get<std::string>());
    const auto index = static_cast<std::size_t>(known - parameters.begin());
    if (known == parameters.end()) parameters.push_back(inner);
    return type_parameter(index);
  }
  if (kind == "abstractType") {
    std::vector<TypePtr> parts;
    for (const json& part : inner.value("parameterTypes", json::array()))
      parts.push_back(read_type(part, parameters));
    return inner["name"] == "optional_type" ? optional_of(parts.at(0))
                                            : opaque_type(inner["name"], std::move(parts));
  }
  return simple_type(Type::dyn);
}

std::vector<SuiteCase> read_lines(const std::string& path) {
  std::vector<SuiteCase> out;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    SuiteCase test;
    test.json = json::parse(line);
    test.section = test.json["file"].get<std::string>() + "/" + test.json["section"].get<std::string>();
    test.name = test.section + "/" + test.json["name"].get<std::string>();
    std::replace(test.name.begin(), test.name.end(), ' ', '_');
    out.push_back(std::move(test));
  }
  return out;
}

}  // namespace

std::vector<SuiteCase> read_suite(const std::string& suite) {
  auto fetched = read_lines(PLUMBLINE_BINARY_DIR "/cel-spec/" + suite + ".jsonl");
  if (!fetched.empty()) return fetched;
  const char* corpus = std::getenv("PLUMBLINE_CORPUS");
  auto kept = corpus != nullptr && suite == "conformance" ? read_lines(std::string(corpus) + "/cel/all.jsonl")
                                                          : std::vector<SuiteCase>();
  static bool said = false;  // once is enough
  if (kept.empty() && !std::exchange(said, true))
    std::cout << "skipped: suites of CEL are not there; tests/rules/cel/fetch_suite.sh fetches them\n";
  return kept;
}

std::vector<SuiteCase> without_excluded(std::vector<SuiteCase> cases, const std::string& heading) {
  std::set<std::string> excluded;
  std::ifstream file(PLUMBLINE_SOURCE_DIR "/tests/rules/cel/excluded.txt");
  bool wanted = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('[')) wanted = line == "[" + heading + "]";
    if (wanted && !line.empty() && line[0] != '#' && line[0] != '[')
      excluded.insert(line.substr(0, line.find(' ')));
  }
  std::set<std::string> there;
  for (const SuiteCase& test : cases) there.insert(test.name);
  for (const std::string& name : excluded) {
    INFO("excluded.txt names a case that is not there: " << name);
    CHECK(there.contains(name));
  }
  std::erase_if(cases, [&](const SuiteCase& test) { return excluded.contains(test.name); });
  return cases;
}

Value read_suite_value(const json& value) {
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
    for (const json& element : inner.value("values", json::array())) out.push_back(read_suite_value(element));
    return Value::of(std::move(out));
  }
  if (kind == "mapValue") {
    Map out;
    for (const json& entry : inner.value("entries", json::array()))
      out.entries.emplace_back(read_suite_value(entry["key"]), read_suite_value(entry["value"]));
    return Value::of(std::move(out));
  }
  return Value::error("no such value in the suite: " + kind);
}

TypePtr read_suite_type(const json& type) {
  Parameters parameters;
  return read_type(type, parameters);
}

Declarations read_suite_names(const json& type_environment) {
  Declarations out;
  for (const json& name : type_environment)
    if (name.contains("ident"))
      out.emplace_back(name["name"].get<std::string>(), read_suite_type(name["ident"]["type"]));
  return out;
}

std::shared_ptr<const std::vector<Overload>> read_suite_functions(const json& type_environment) {
  std::vector<Overload> out;
  for (const json& name : type_environment) {
    if (!name.contains("function")) continue;
    for (const json& row : name["function"]["overloads"]) {
      Overload overload;
      Parameters parameters;
      overload.name = name["name"];
      overload.member = row.value("isInstanceFunction", false);
      for (const json& type : row.value("params", json::array()))
        overload.parameters.push_back(read_type(type, parameters));
      overload.result = read_type(row["resultType"], parameters);
      out.push_back(std::move(overload));
    }
  }
  return out.empty() ? nullptr : declare_functions(std::move(out));
}

void Tally::add(const SuiteCase& test, const std::string& problem) {
  auto section = std::find_if(sections_.begin(), sections_.end(),
                              [&](const auto& s) { return s.first == test.section; });
  if (section == sections_.end()) section = sections_.emplace(sections_.end(), test.section, Count{});
  ++section->second.total;
  if (problem.empty())
    ++section->second.passed;
  else
    failures_.push_back(test.name + ": " + test.json["expr"].get<std::string>() + ": " + problem);
}

void Tally::report() const {
  Count all;
  std::string file;
  for (const auto& [section, count] : sections_) {
    const std::size_t slash = section.find('/');
    if (section.substr(0, slash) != file)
      std::cout << (all.total > 0 ? "\n" : "") << "  " << section.substr(0, slash) << ":";
    file = section.substr(0, slash);
    std::cout << " " << section.substr(slash + 1) << " " << count.passed << "/" << count.total;
    all.passed += count.passed, all.total += count.total;
  }
  std::cout << "\n" << suite_ << ": " << all.passed << " of " << all.total << " applicable cases pass\n";
  for (const std::string& failure : failures_) std::cout << "  " << failure << "\n";
  CHECK(failures_.empty());
  CHECK(all.total > 0);
}

}  // namespace plumbline::cel
