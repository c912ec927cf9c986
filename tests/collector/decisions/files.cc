// SPDX-License-Identifier: Apache-2.0
// Answers and goals as files: what is exported reads back the same, and mistakes are told with their line.
#include "base/text.h"
#include "collector/decisions/decision_files.h"
#include "tests/catch.h"

using namespace plumbline;

namespace {

template <class T>
T get(Result<T> result) {
  if (!result) FAIL(result.error().message);
  return std::move(*result);
}

Questionnaire shipped() { return get(load_questionnaire(std::string(PLUMBLINE_SOURCE_DIR) + "/rules")); }

RuleSet two_workloads() {
  RuleSet rules;
  for (const char* id : {"doc-rag", "forecasting"}) {
    Workload workload;
    workload.id = id;
    workload.title = "Title\nof two lines # and : more";
    workload.kpis = {"time to find an answer"};
    rules.workloads.push_back(workload);
  }
  return rules;
}

const std::string kNasty = "a \"quoted\" \\ text: # no comment\n- two lines\t{x} 'y' \xe2\x82\xac";

}  // namespace

TEST_CASE("answers that are exported read back the same, hostile texts among them") {
  const Questionnaire questions = shipped();
  std::vector<Answer> answers = {{"Q1", 0, kNasty, "Ada: \"x\"", "", 0, 0}, {"Q20", 4, "", "", "", 0, 0}, {"Q7", 2, "=1+1", "<b>", "", 0, 0}};
  const std::string text = answers_yaml(questions, answers);
  for (const Question& question : questions.questions) CHECK(contains(text, "- question: " + question.id + "\n"));
  const auto again = get(read_answers_yaml("answers.yaml", text, questions));
  REQUIRE(again.size() == 3);  // in the order of the file
  CHECK(again[0].question == "Q1");
  CHECK(again[0].evidence == kNasty);
  CHECK(again[0].owner == "Ada: \"x\"");
  CHECK(again[1].question == "Q7");
  CHECK(again[2].value == 4);
  CHECK(answers_yaml(questions, again) == text);
  CHECK(get(read_answers_yaml("empty.yaml", answers_yaml(questions, {}), questions)).empty());
}

TEST_CASE("mistakes in a file of answers are told with their line") {
  const Questionnaire questions = shipped();
  const auto told = [&](const std::string& text) {
    const auto read = read_answers_yaml("a.yaml", text, questions);
    REQUIRE_FALSE(read);
    return read.error().message;
  };
  CHECK(contains(told("answers:\n  - {question: Q31, value: 1}\n"), "a.yaml:2:16: error: there is no question 'Q31'; did you mean"));
  CHECK(contains(told("answers:\n  - {question: Q1, value: 9}\n"), "a.yaml:2:27: error: 'value' must be a whole number from 0 to 4"));
  CHECK(contains(told("answers:\n  - {question: Q1, owner: x}\n"), "needs a value from 0 to 4"));
  CHECK(contains(told("answers:\n  - {question: Q1, value: 1}\n  - {question: Q1, value: 1}\n"), "a.yaml:3:16: error: the question 'Q1' is answered already"));
  CHECK(contains(told("answers:\n  - {question: Q1, value: 1, colour: red}\n"), "colour"));
  CHECK(contains(told("answers: 7\n"), "a.yaml:1:10"));
  CHECK(contains(told("[1, 2"), "a.yaml:1"));
  CHECK(contains(told("answers:\n  - {question: Q1, value: 1, owner: \"a\\u0007\"}\n"), "control characters"));
  CHECK(contains(told(std::string(kMaxDecisionFileBytes + 1, ' ')), "larger than 1 MiB"));
}

TEST_CASE("goals that are exported read back the same") {
  const RuleSet rules = two_workloads();
  Goals goals;
  goals.score = 70;
  goals.score_by = 1'800'057'600;
  goals.workloads.push_back({"forecasting", 1'800'057'600, 40, kNasty.substr(0, 8) + "\"", {{"error # of: forecast", "%", 22.5, 12.0, 0.1, 1'795'392'000}}});
  goals.workloads.push_back({"doc-rag", {}, {}, "", {}});
  const std::string text = goals_yaml(rules, goals);
  const Goals again = get(read_goals_yaml("goals.yaml", text, rules));
  REQUIRE(again.workloads.size() == 2);
  CHECK(again.workloads[0].owner == goals.workloads[0].owner);
  CHECK(again.workloads[0].kpis[0].name == "error # of: forecast");
  CHECK(again.workloads[0].kpis[0].now == 0.1);
  CHECK(again.workloads[0].kpis[0].now_at == 1'795'392'000);
  CHECK(goals_yaml(rules, again) == text);
  const Goals none = get(read_goals_yaml("goals.yaml", goals_yaml(rules, {}), rules));
  CHECK(none.workloads.empty());
  CHECK_FALSE(none.score);
}

TEST_CASE("mistakes in a file of goals are told with their line") {
  const RuleSet rules = two_workloads();
  const auto told = [&](const std::string& text) {
    const auto read = read_goals_yaml("g.yaml", text, rules);
    REQUIRE_FALSE(read);
    return read.error().message;
  };
  CHECK(contains(told("score: 101\n"), "g.yaml:1:8: error: 'score' must be a whole number from 0 to 100"));
  CHECK(contains(told("score_by: 2027-01-01\n"), "a date needs a score"));
  CHECK(contains(told("workloads:\n  - workload: doc-rga\n"), "g.yaml:2:15: error: there is no workload 'doc-rga'; did you mean 'doc-rag'?"));
  CHECK(contains(told("workloads:\n  - {workload: doc-rag}\n  - {workload: doc-rag}\n"), "is there already"));
  CHECK(contains(told("workloads:\n  - {workload: doc-rag, by: soon}\n"), "g.yaml:2:29: error: by: 'soon' is no date"));
  CHECK(contains(told("workloads:\n  - {workload: doc-rag, kpis: [{name: x, target: many}]}\n"), "is no number"));
  CHECK(contains(told("workloads:\n  - {workload: doc-rag, kpis: [{unit: x}]}\n"), "a KPI needs a name"));
}
