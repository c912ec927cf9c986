// SPDX-License-Identifier: Apache-2.0
// What an estimate promises holds for what runs, and evaluation ends when it is told to.
#include "rules/cel/cost.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <thread>

#include "rules/cel/document_reader.h"
#include "rules/cel/json.h"
#include "rules/cel/types.h"
#include "tests/catch.h"
#include "tests/rules/cel/case_io.h"
#include "tests/rules/cel/generate.h"

namespace plumbline::cel {
namespace {

constexpr std::uint64_t kNoEnd = std::numeric_limits<std::uint64_t>::max();

Program compiled(std::string_view text, const Declarations& declarations = Generator::declarations()) {
  auto program = compile(text, declarations);
  if (!program) FAIL(text << ": " << program.error()[0].message);
  return *program;
}

std::string cost_of(std::string_view text) {
  Sizes sizes;
  sizes.text_bytes = 100;
  sizes.elements = 10;
  sizes.paths = {{"w", 3}, {"w[]", 40}, {"p[].tags", 2}};
  const Bounds cost = compiled(text).cost(sizes);
  return std::to_string(cost.least) + " to " + (cost.most == kNoEnd ? "no end" : std::to_string(cost.most));
}

/// What a value of a static type may be when it runs.
bool is_of(const Value& value, const Type& type) {
  switch (type.kind) {
    case Type::dyn:
      return true;
    case Type::boolean:
      return value.kind() == ValueKind::boolean;
    case Type::int_type:
      return value.kind() == ValueKind::int_kind;
    case Type::uint_type:
      return value.kind() == ValueKind::uint_kind;
    case Type::number:
      return value.kind() == ValueKind::number;
    case Type::string:
      return value.string() != nullptr;
    case Type::bytes:
      return value.bytes() != nullptr;
    case Type::list:
      if (value.list() == nullptr) return false;
      for (const Value& element : *value.list())
        if (!is_of(element, *type.element)) return false;
      return true;
    case Type::map:
      if (value.map() == nullptr) return false;
      for (const auto& entry : value.map()->entries)
        if (!is_of(entry.second, *type.element)) return false;
      return true;
    case Type::timestamp:
      return value.kind() == ValueKind::timestamp;
    case Type::duration:
      return value.kind() == ValueKind::duration;
    default:
      return value.kind() != ValueKind::error && value.kind() != ValueKind::unknown;
  }
}

/// Facts as their declarations say: whole numbers where a double is declared are doubles.
Lookup typed_lookup(const nlohmann::json& facts) {
  return [&facts](std::string_view name) {
    const auto found = facts.find(std::string(name));
    if (found == facts.end()) return Value::unknown({std::string(name)});
    return name == "u" ? Value::of(found->get<std::uint64_t>()) : from_json(*found);
  };
}

/// An expression that takes long: a loop over ten, so often nested.
std::string nested_loops(int depth) {
  std::string out = "true";
  for (int i = 0; i < depth; ++i) out = "[0,1,2,3,4,5,6,7,8,9].all(v" + std::to_string(i) + ", " + out + ")";
  return out;
}

}  // namespace

TEST_CASE("Steps cost one each, loops the size of what they go over") {
  CHECK(cost_of("true") == "1 to 1");
  CHECK(cost_of("1 + 2") == "1 to 1");  // computed when it was compiled
  CHECK(cost_of("i + 2") == "3 to 3");
  CHECK(cost_of("b && c") == "2 to 3");
  CHECK(cost_of("b ? i : i + j") == "2 to 5");
  CHECK(cost_of("l.all(v, v > 0)") == "2 to 32");             // comprehension, l, 10 × (>, v, 0)
  CHECK(cost_of("l.all(v, l.all(x, x > v))") == "2 to 322");  // 2 + 10 × (2 + 10 × 3)
  CHECK(cost_of("w.exists(v, v != '')") ==
        "2 to 14");  // 2 + 3 × (3 steps + 1 to compare with a text of no length)
  CHECK(cost_of("p.map(v, v.tags.map(x, x))") == "2 to 52");        // 2 + 10 × (2 + 1 + 2 × 1)
  CHECK(cost_of("[1, 2].map(v, [3, 4].map(x, x))") == "10 to 10");  // 2 + 2 × (2 + 2 × 1)
  CHECK(cost_of("cel.bind(v, i + j, v + v)") == "7 to 7");
}

TEST_CASE("Functions cost what they do to texts and lists of the declared sizes") {
  CHECK(cost_of("size(s)") == "2 to 13");               // 100 bytes / 10 + 1
  CHECK(cost_of("s + t") == "3 to 24");                 // 200 bytes / 10 + 1
  CHECK(cost_of("s.contains(t)") == "3 to 24");         // 200 bytes / 10 + 1
  CHECK(cost_of("s.contains('abc')") == "3 to 14");     // 103 bytes / 10 + 1
  CHECK(cost_of("w[0].contains('abc')") == "5 to 10");  // texts of at most 40 bytes in w: 43 / 10 + 1
  CHECK(cost_of("s == t") == "3 to 5");                 // 1 + 100 / 100
  CHECK(cost_of("l == l") == "3 to 14");                // 1 + 10
  CHECK(cost_of("i in l") == "3 to 13");                // 10 × 1
  CHECK(cost_of("s in ['a', 'b']") == "3 to 5");        // 2 × 1
  CHECK(cost_of("l + l == l") == "5 to 36");            // 20 for the sum, 11 for the comparison
  CHECK(cost_of("s.lowerAscii().startsWith('ab')") == "4 to 16");
  CHECK(cost_of("optional.of('twelve bytes').orValue(s).contains('a')") == "4 to 16");  // 101 bytes / 10 + 1
  CHECK(cost_of("timestamp('2026-11-23T19:35:00Z').getHours(s)") == "3 to 2003");
}

TEST_CASE("An expression that must cost more than the budget is refused") {
  std::string text = "1";
  for (int i = 0; i < 6; ++i) text = "[0,1,2,3,4,5,6,7,8,9].map(v" + std::to_string(i) + ", " + text + ")";
  const auto program = compile("size(" + text + ") == 10", {});
  REQUIRE(!program);
  CHECK(program.error()[0].message ==
        "the expression costs at least 1222225 units, and an evaluation may spend 1000000");
  CHECK(compile("size([0,1,2,3,4,5,6,7,8,9].map(a, [0,1,2,3,4,5,6,7,8,9].map(b, b))) == 10", {}));
}

TEST_CASE("An estimate that would not fit in 64 bits is the largest number") {
  std::string text = "true";
  for (int i = 0; i < 30; ++i) text = "l.all(v" + std::to_string(i) + ", " + text + ")";
  CHECK(cost_of(text) == "2 to no end");
}

TEST_CASE("Every expression costs at least and at most what the estimate says, whatever the document") {
  std::size_t with_value = 0;
  for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
    Generator generator(seed, true);
    const std::string text = generator.expression();
    INFO("seed " << seed << ": " << text);
    const auto program = compile(text, Generator::declarations());
    REQUIRE(program);
    for (const std::size_t size : {0, 1, 5, 60}) {
      nlohmann::json facts = generator.document(size);
      if (seed % 4 == 0) facts.erase(facts.begin());
      if (seed % 7 == 0) facts.erase("s");
      Sizes sizes;
      sizes.text_bytes = sizes.elements = size;
      const Bounds cost = program->cost(sizes);
      const auto measured = program->measure(typed_lookup(facts));
      INFO("size " << size << ": " << facts.dump() << " gives " << to_text(measured.value));
      CHECK(measured.units <= cost.most);
      CHECK(measured.units >= std::min(cost.least, kDefaultBudget));
      if (measured.value.is_error() || measured.value.is_unknown()) continue;
      CHECK(is_of(measured.value, program->result_type()));
      ++with_value;
    }
  }
  CHECK(with_value > 2000);  // most of them say something
}

TEST_CASE("The fast tier says of generated expressions and documents what the evaluator says") {
  const auto layout = Layout::of(Generator::declarations());
  DocumentReader reader(layout);
  CompileOptions options;
  options.layout = layout;
  std::size_t typed = 0;
  for (std::uint64_t seed = 1; seed <= 4000; ++seed) {
    Generator generator(seed, true);
    const std::string text = generator.expression();
    INFO("seed " << seed << ": " << text);
    const auto program = compile(text, Generator::declarations(), options);
    REQUIRE(program);
    if (!program->is_typed()) continue;
    ++typed;
    for (const std::size_t size : {0, 3, 40}) {
      nlohmann::json facts = generator.document(size);
      if (seed % 3 == 0) facts.erase("s");
      if (seed % 5 == 0) facts["o"].erase("name");
      if (seed % 7 == 0) facts.erase("l");
      const std::string json = facts.dump();
      const auto document = reader.read(json);
      REQUIRE(document);
      INFO(json);
      const Value slow = program->evaluate((*document)->lookup());
      CHECK(to_text(program->evaluate(**document)) == to_text(slow));
      const bool* yes = slow.get_if<bool>();
      const Answer answer = yes != nullptr      ? (*yes ? Answer::yes : Answer::no)
                            : slow.is_unknown() ? Answer::unknown
                                                : Answer::undecided;
      CHECK(program->decide(**document) == answer);
    }
  }
  CHECK(typed > 500);
}

TEST_CASE("The fast tier does not take an optional or has() for the member it asks for") {
  const auto layout = Layout::of(Generator::declarations());
  DocumentReader reader(layout);
  CompileOptions options;
  options.layout = layout;
  for (const std::string text :
       {"cel.bind(v, has(o.name), v)", "cel.bind(v, o.?name, v.hasValue())",
        "cel.bind(v, o.?name, v == optional.of('a'))", "cel.bind(v, o.?name.orValue('x'), v == 'x')",
        "o.?name.orValue('') == ''", "size(o.?tags.orValue([])) == 0",
        "cel.bind(v, o, has(v.name) || v.?size.hasValue())", "[o.?name].exists(v, v.hasValue())",
        "o.?tags[?0].hasValue()"})
    for (const std::string json : {R"({"o":{"name":"a","size":1,"tags":["b"]}})", R"({"o":{}})", "{}"}) {
      INFO(text << " of " << json);
      const auto program = compile(text, Generator::declarations(), options);
      REQUIRE(program);
      const auto document = reader.read(json);
      REQUIRE(document);
      CHECK(to_text(program->evaluate(**document)) == to_text(program->evaluate((*document)->lookup())));
      const Answer answer = program->decide(**document);
      const Value slow = program->evaluate((*document)->lookup());
      CHECK(answer == (slow.is_unknown()                ? Answer::unknown
                       : slow.get_if<bool>() == nullptr ? Answer::undecided
                       : *slow.get_if<bool>()           ? Answer::yes
                                                        : Answer::no));
    }
}

TEST_CASE("One program serves many threads") {
  constexpr std::uint64_t programs = 40;
  const auto layout = Layout::of(Generator::declarations());
  CompileOptions options;
  options.layout = layout;
  std::vector<Program> shared;
  std::vector<nlohmann::json> facts;
  std::vector<std::string> expected;
  for (std::uint64_t seed = 1; seed <= programs; ++seed) {
    Generator generator(seed, true);
    shared.push_back(*compile(generator.expression(), Generator::declarations(), options));
    facts.push_back(generator.document(5));
    expected.push_back(to_text(shared.back().evaluate(typed_lookup(facts.back()))));
  }
  std::atomic<std::size_t> wrong = 0;
  const auto work = [&] {
    DocumentReader reader(layout);
    for (int round = 0; round < 5; ++round)
      for (std::size_t i = 0; i < shared.size(); ++i) {
        if (to_text(shared[i].evaluate(typed_lookup(facts[i]))) != expected[i]) ++wrong;
        if (const auto document = reader.read(facts[i].dump());
            !document ||
            to_text(shared[i].evaluate(**document)) != to_text(shared[i].evaluate((*document)->lookup())))
          ++wrong;
        if (shared[i].explain(typed_lookup(facts[i])).empty() || shared[i].cost().most == 0) ++wrong;
      }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("What an evaluation spent is told, and is the budget where that ran out") {
  const auto facts = nlohmann::json{{"i", 1}};
  CHECK(compiled("i + 2").measure(typed_lookup(facts)).units == 3);
  Limits limits;
  limits.budget = 500;
  const auto measured = compiled(nested_loops(4)).measure(typed_lookup(facts), limits);
  CHECK(measured.units == 500);
  CHECK(to_text(measured.value) == "error: the cost budget of 500 units is used up");
}

TEST_CASE("A stop flag ends an evaluation, and nothing absorbs it") {
  std::atomic<bool> stop = true;
  Limits limits;
  limits.stop = &stop;
  const auto program = compiled(nested_loops(5) + " || true");
  const auto measured = program.measure(typed_lookup({}), limits);
  CHECK(to_text(measured.value) == "error: the evaluation was stopped before it ended");
  CHECK(measured.units < 10'000);
  stop = false;
  CHECK(to_text(program.evaluate(typed_lookup({}), limits)) == "true");
}

TEST_CASE("A flag that is set while it runs ends an evaluation") {
  std::atomic<bool> stop = false;
  Limits limits;
  limits.stop = &stop;
  limits.budget = kNoEnd;
  const Lookup stopping = [&](std::string_view) {  // the name is asked for in the middle of it all
    stop = true;
    return Value::of(true);
  };
  const auto program = compiled("[0, 1].all(n, n == 0 || b) && " + nested_loops(12));
  CHECK(to_text(program.evaluate(stopping, limits)) == "error: the evaluation was stopped before it ended");
  stop = false;
  std::thread other([&] { stop = true; });
  CHECK(to_text(compiled(nested_loops(12)).evaluate(typed_lookup({}), limits)) ==
        "error: the evaluation was stopped before it ended");
  other.join();
}

TEST_CASE("Time that is over ends an evaluation; a short one never looks at the clock") {
  Limits limits;
  limits.time = std::chrono::milliseconds(0);
  CHECK(to_text(compiled(nested_loops(5)).evaluate(typed_lookup({}), limits)) ==
        "error: the evaluation takes longer than 0 ms");
  CHECK(to_text(compiled(nested_loops(2)).evaluate(typed_lookup({}), limits)) == "true");
}

TEST_CASE("Explanations end at the same limits") {
  std::atomic<bool> stop = true;
  Limits limits;
  limits.stop = &stop;
  const auto steps = compiled(nested_loops(5)).explain(typed_lookup({}), limits);
  REQUIRE(steps.size() == 1);
  CHECK(to_text(steps[0].value) == "error: the evaluation was stopped before it ended");
}

}  // namespace plumbline::cel
