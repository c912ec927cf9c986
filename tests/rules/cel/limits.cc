// SPDX-License-Identifier: Apache-2.0
// Hostile expressions and hostile facts: each ends soon, with an error or within its bounds.
#include <nlohmann/json.hpp>

#include "rules/cel/syntax.h"
#include "rules/cel/types.h"
#include "tests/catch.h"
#include "tests/rules/cel/case_io.h"

namespace plumbline::cel {
namespace {

std::string repeated(std::string_view text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

/// The first mistake, or the value.
std::string result(const std::string& text, const Limits& limits = {}) {
  const auto program = compile(text, {{"x", simple_type(Type::dyn)}});
  if (!program) return program.error()[0].message;
  return to_text(
      program->evaluate([](std::string_view) { return Value::of(std::string(1000, 'a')); }, limits));
}

constexpr std::string_view kTooDeep = "nested deeper than 250 levels; split the expression";
constexpr std::string_view kUsedUp = "error: the cost budget of 1000000 units is used up";

}  // namespace

TEST_CASE("Nesting of every kind has a limit and none overflows the stack") {
  const std::size_t many = 5000;
  CHECK(result(repeated("(", many) + "1" + repeated(")", many)) == kTooDeep);
  CHECK(result(repeated("[", many) + repeated("]", many)) == kTooDeep);
  CHECK(result(repeated("{1:", many) + "1" + repeated("}", many)) == kTooDeep);
  CHECK(result(repeated("!", many) + "true") == "more than 250 signs in a row");
  CHECK(result(repeated("-", many) + "x") == "more than 250 signs in a row");
  CHECK(result("1" + repeated("+1", many)) == kTooDeep);
  CHECK(result("x" + repeated(".a", many)) == kTooDeep);
  CHECK(result("x" + repeated("[0]", many)) == kTooDeep);
  CHECK(result(repeated("true?", many) + "1" + repeated(":1", many)) != "1");
  CHECK(result(repeated("size(", many) + "x" + repeated(")", many)) == kTooDeep);
  CHECK(result(repeated("[1].map(v,", 200) + "1" + repeated(")", 200)) ==
        repeated("[", 200) + "1" + repeated("]", 200));
}

TEST_CASE("Long chains of && and || are one level") {
  CHECK(result("true" + repeated(" && true", 3000)) == "true");
  CHECK(result("false" + repeated(" || false", 3000)) == "false");
}

TEST_CASE("An expression is at most 64 KiB long") {
  CHECK(result("'" + std::string(kMaxExpressionBytes, 'a') + "'") ==
        "the expression is longer than 64 KiB; split it");
  CHECK(result("'" + std::string(1000, 'a') + "' == x") == "true");
}

TEST_CASE("Comprehensions that multiply run into the budget") {
  const std::string ten = "[1,2,3,4,5,6,7,8,9,10]";
  CHECK(result(ten + ".all(a, " + ten + ".all(b, " + ten + ".all(c, " + ten + ".all(d, " + ten + ".all(e, " +
               ten + ".all(f, " + ten + ".all(g, a > 0)))))))") == kUsedUp);
  CHECK(result("true || " + ten + ".all(a, 1 > 0)") == "true");
  CHECK(result(ten + ".map(a, " + ten + ").map(a, " + ten + ".map(b, a)).map(a, " + ten +
               ".map(b, a)).map(a, " + ten + ".map(b, a)) == []") == "false");
}

TEST_CASE("The budget cannot be absorbed by || or a comprehension") {
  Limits small;
  small.budget = 20;
  CHECK(result("[1,2,3,4,5,6,7,8,9,10,11,12].all(v, v > 0 && v < 100) || true", small) ==
        "error: the cost budget of 20 units is used up");
  CHECK(result("[1,2,3,4,5,6,7,8,9,10,11,12].exists(v, v > 11)", small) ==
        "error: the cost budget of 20 units is used up");
}

TEST_CASE("Values that share their parts cannot make equality or text explode") {
  std::string doubled = "[1]";
  for (int i = 0; i < 60; ++i) doubled = doubled + ".map(v, [v, v])";
  CHECK(result("[" + doubled + "] == [" + doubled + "]") == kUsedUp);
  CHECK(result(doubled).size() < 70'000);
  CHECK(result("'%s'.format([" + doubled + "])") ==
        "error: error during formatting: the string becomes too long");
}

TEST_CASE("Strings and lists cannot grow without end") {
  std::string twice = "x";
  for (int i = 0; i < 30; ++i) twice = "[" + twice + "].map(v, v + v)[0]";
  CHECK(result(twice) == "error: the string becomes too long");
  std::string list = "[x]";
  for (int i = 0; i < 30; ++i) list = "[" + list + "].map(v, v + v)[0]";
  CHECK(result(list) == "error: the list becomes too long");
  CHECK(result("x.replace('', x).replace('', x).size() > 0") == "error: the string becomes too long");
  CHECK(result("'%.1000f'.format([1.0]).size()") == "1002");
  CHECK(result("'%.1001f'.format([1.0])").starts_with("error: error during formatting"));
}

TEST_CASE("Regular expressions cost what they take and have a size") {
  CHECK(result("x.matches('(a+)+$')") == "true");
  CHECK(result("x.matches('((a{0,100}){0,100}){0,100}')").find("regular expression") != std::string::npos);
  CHECK(result("x.matches(x + '(')").starts_with("error: regular expression"));
}

TEST_CASE("Long texts cost by their length, so that no budget buys much time") {
  std::string long_text = "x";
  for (int i = 0; i < 9; ++i)
    long_text = "cel.bind(s" + std::to_string(i) + ", " + long_text + ", s" + std::to_string(i) + " + s" +
                std::to_string(i) + ")";
  const std::string hundred =
      "[0,1,2,3,4,5,6,7,8,9].all(a, [0,1,2,3,4,5,6,7,8,9].all(b, [0,1,2,3,4,5,6,7,8,9].all(c, ";
  const auto often = [&](const std::string& condition) {
    return result("cel.bind(t, " + long_text + ", " + hundred + condition + "))))");
  };
  CHECK(often("t <= t") == kUsedUp);
  CHECK(often("t == t") == kUsedUp);
  CHECK(often("[t, t] == [t, t]") == kUsedUp);
  CHECK(often("t in {t: 1}") == kUsedUp);
  CHECK(often("t.contains(t)") == kUsedUp);
  CHECK(often("t.matches('a{500}b|.')") == kUsedUp);
  CHECK(often("t.indexOf('b') < 0") == kUsedUp);
  CHECK(often("{'a': 1}[t] > 0 || true") == kUsedUp);
}

TEST_CASE("Searches in long texts are linear, and what they make is charged") {
  const std::string large(1'000'000, 'a');
  const auto value = [&](const std::string& text) {
    const auto program = compile(text, {{"x", simple_type(Type::string)}});
    REQUIRE(program);
    return to_text(program->evaluate([&](std::string_view) { return Value::of(large); }));
  };
  const std::string half = "x.substring(0, 499999)";
  CHECK(value("cel.bind(y, 'b' + " + half + ", x.lastIndexOf(y)) == -1") == "true");
  CHECK(value("cel.bind(y, " + half + " + 'b', x.indexOf(y)) == -1 && !x.contains(" + half + " + 'b')") == "true");
  CHECK(value("x.lastIndexOf(" + half + ") == 500001") == "true");
  CHECK(value("x.replace(" + half + " + 'b', 'c') == x") == "true");
  CHECK(value("x.replace(" + half + ", 'b') == 'bbaa'") == "true");
  CHECK(value("x.split(" + half + " + 'b').size() == 1") == "true");
  CHECK(value("x.replace('a', 'bb')") == "error: the string becomes too long");
  CHECK(value("x.split('')") == "error: the list becomes too long");
  CHECK(value("x.replace('', '').replace('', '') == x") == kUsedUp);
}

TEST_CASE("Work on lists is charged, whatever their elements hide") {
  const auto value = [](const std::string& text) { return result(text); };
  const std::string range = "lists.range(99999)";
  CHECK(value(range + ".sort()[99998]") == kUsedUp);
  CHECK(value("lists.range(9999).reverse().sort()[0]") == "0");
  CHECK(value(range + ".distinct().size()") == "99999");
  CHECK(value("sets.equivalent(" + range + ", " + range + ".reverse())") == "true");
  CHECK(value("lists.range(9999).map(i, [i]).distinct().size()") == "9999");
  CHECK(value("lists.range(9999).map(i, {'a': {'b': [i]}}).distinct().size()") == "9999");
  CHECK(value("lists.range(9999).map(i, [0, i]).distinct().size()") == kUsedUp);
  CHECK(value("lists.range(9999).map(i, x).sort().size()") == "9999");
  CHECK(value("lists.range(9999).map(i, [i, [i]]).flatten(5).size()") == "19998");
  CHECK(value("[[1], [2]].sortBy(l, l[0] / 0)") == "error: division by zero");
  CHECK(value("lists.range(99).map(i, lists.range(99).sortBy(j, -j)[0]).sum()") == "9702");
  CHECK(value("regex.replace(x + x, 'a', x)") == "error: the string becomes too long");
  CHECK(value("regex.extractAll(x + x, '(a*)*b')") == "[]");
  CHECK(value("regex.replace('a', 'a', 'b'.substring(0, 2))").starts_with("error: index out of range"));
  std::string nested = "[1]";
  for (int i = 0; i < 60; ++i) nested = nested + ".map(v, [v, v])";
  CHECK(value(nested + ".flatten(100)") == "error: the list becomes too long");
}

TEST_CASE("Maps with many keys are searched by index") {
  nlohmann::json big = nlohmann::json::object();
  for (int i = 0; i < 5000; ++i) big["key" + std::to_string(i)] = i;
  const nlohmann::json facts = {{"m", big}};
  const auto program = compile("m.all(k, m[k] >= 0) && m == m && !('missing' in m)",
                               {{"m", map_of(simple_type(Type::string), simple_type(Type::int_type))}});
  REQUIRE(program);
  CHECK(to_text(program->evaluate(lookup_in(facts))) == "true");
}

TEST_CASE("Facts of another type than declared give an error, never a wrong verdict") {
  const Declarations declarations = declare("cpu.cores int, cpu.features strings, ssh.installed bool");
  CHECK(answer("cpu.cores >= 8", declarations, {{"cpu", {{"cores", "many"}}}})
            .starts_with("error: no such overload"));
  CHECK(answer("'a' in cpu.features", declarations, {{"cpu", {{"features", 5}}}})
            .starts_with("error: no such overload"));
  CHECK(answer("cpu.features.all(f, f == '')", declarations, {{"cpu", {{"features", "a"}}}})
            .starts_with("error: no such overload"));
  CHECK(answer("ssh.installed && true", declarations, {{"ssh", {{"installed", 1}}}})
            .starts_with("error: no such overload"));
  CHECK(answer("cpu.cores >= 8", declarations, {{"cpu", 7}})
            .starts_with("error: type int does not support field selection"));
}

}  // namespace plumbline::cel
