// SPDX-License-Identifier: Apache-2.0
// The questionnaire: the twenty questions that are shipped, mistakes with their place, the attested score.
#include "rules/questionnaire.h"

#include <cstdlib>
#include <set>

#include "base/text.h"
#include "rules/pack.h"
#include "tests/catch.h"

using namespace plumbline;

namespace {

const std::string kRules = std::string(PLUMBLINE_SOURCE_DIR) + "/rules";

const std::string kHead = "title: T\nscale: [a, b, c, d, e]\nareas:\n  - {id: one, title: One}\n  - {id: two, title: Two}\nquestions:\n";
std::string question(const std::string& id, const std::string& more = "area: one, text: T, scale: [a, b, c, d, e], evidence: E, function: map, informs: [{level: 3, as: x}]") {
  return "  - {id: " + id + ", " + more + "}\n";
}

std::string told(const std::string& text) {
  const auto read = read_questionnaire("q.yaml", text);
  REQUIRE_FALSE(read);
  return read.error().message;
}

}  // namespace

TEST_CASE("the shipped questionnaire asks Q1 to Q20, each about a level or workload there is") {
  const auto questionnaire = load_questionnaire(kRules);
  if (!questionnaire) FAIL(questionnaire.error().message);
  const auto rules = load_rules(kRules);
  if (!rules) FAIL(rules.error().message);
  REQUIRE(questionnaire->questions.size() == 20);
  std::set<std::string> functions, texts;
  for (std::size_t i = 0; i < 20; ++i) {
    const Question& asked = questionnaire->questions[i];
    CHECK(asked.id == "Q" + std::to_string(i + 1));
    CHECK(asked.text.ends_with("?"));
    CHECK_FALSE(asked.informs.empty());
    functions.insert(asked.function);
    texts.insert(asked.text);
    CHECK(std::set<std::string>(asked.scale.begin(), asked.scale.end()).size() == kAnswerSteps);
    for (const Informs& informs : asked.informs) {
      INFO(asked.id << " informs " << informs.workload << informs.gate);
      const auto& workloads = (*rules)->workloads;
      const auto& gates = (*rules)->gates;
      if (!informs.workload.empty() && informs.workload != "any")
        CHECK(std::any_of(workloads.begin(), workloads.end(), [&](const Workload& workload) { return workload.id == informs.workload; }));
      if (!informs.gate.empty()) CHECK(std::any_of(gates.begin(), gates.end(), [&](const Gate& gate) { return gate.id == informs.gate; }));
    }
  }
  CHECK(functions == std::set<std::string>{"govern", "manage", "map", "measure"});
  CHECK(texts.size() == 20);
  CHECK(find_question(*questionnaire, "Q13")->area == "governance");
  CHECK(find_question(*questionnaire, "Q21") == nullptr);
}

TEST_CASE("mistakes in a questionnaire are told with their place") {
  CHECK(contains(told(kHead + question("Q1") + question("Q1")), "q.yaml:8:5: error: the question 'Q1' is there already"));
  CHECK(contains(told(kHead + question("Q1", "area: three, text: T, scale: [a, b, c, d, e], evidence: E, function: map, informs: [{level: 3, as: x}]")), "q.yaml:7:20"));
  CHECK(contains(told(kHead + question("Q1", "area: one, text: T, scale: [a, b], evidence: E, function: map, informs: [{level: 3, as: x}]")), "five texts are needed"));
  CHECK(contains(told(kHead + question("Q1", "area: one, text: T, scale: [a, b, c, d, e], evidence: E, function: mop, informs: [{level: 3, as: x}]")), "did you mean 'map'"));
  CHECK(contains(told(kHead + question("Q1", "area: one, text: T, scale: [a, b, c, d, e], evidence: E, function: map, informs: [{level: 3, workload: x, as: x}]")), "exactly one of"));
  CHECK(contains(told(kHead + question("Q1", "area: one, text: T, scale: [a, b, c, d, e], evidence: E, function: map, informs: [{level: 9, as: x}]")), "level"));
  CHECK(contains(told(kHead + question("Q1", "colour: red")), "colour"));
  CHECK(contains(told("title: T\n"), "lacks 'questions'"));
  CHECK(contains(told("{"), "q.yaml:1"));
  CHECK_FALSE(load_questionnaire("/nonexistent"));
  ::setenv("PLUMBLINE_RULES", kRules.c_str(), 1);
  const auto installed = find_questionnaire("/nonexistent");  // somebody's own packs: the installed questions are asked
  ::unsetenv("PLUMBLINE_RULES");
  REQUIRE(installed);
  CHECK(installed->questions.size() == 20);
}

TEST_CASE("the attested score is the mean of what was answered, and says how much that is") {
  const auto questionnaire = read_questionnaire("q.yaml", kHead + question("Q1") + question("Q2") + question("Q3", "area: two, text: T, scale: [a, b, c, d, e], evidence: E, function: map, informs: [{level: 3, as: x}]"));
  if (!questionnaire) FAIL(questionnaire.error().message);
  const Attested none = attested(*questionnaire, {});
  CHECK_FALSE(none.score);
  CHECK(none.answered == 0);
  CHECK(none.asked == 3);
  const Attested some = attested(*questionnaire, {{"Q1", 4}, {"Q3", 1}, {"Q99", 4}});
  CHECK(some.score == 63);  // 5 of 8 is 62.5
  CHECK(some.answered == 2);
  CHECK(attested(*questionnaire, {{"Q1", 4}, {"Q3", 1}}, "two").score == 25);
  CHECK(attested(*questionnaire, {{"Q1", 4}, {"Q3", 1}}, "two").asked == 1);
  CHECK(attested(*questionnaire, {{"Q1", 0}}).score == 0);
  CHECK(attested(*questionnaire, {{"Q1", 4}, {"Q2", 4}, {"Q3", 4}}).score == 100);
}
