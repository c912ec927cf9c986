// SPDX-License-Identifier: Apache-2.0
// Records: what is written reads back the same, and what is not ours is refused with a reason.
#include "collector/decisions/records.h"

#include "base/text.h"
#include "tests/catch.h"

using namespace plumbline;

namespace {

template <class T>
T get(Result<T> result) {
  if (!result) FAIL(result.error().message);
  return std::move(*result);
}

RecordRow row(std::string_view kind, const std::string& body) { return {std::string(kind), "id", body, 1, "x", 7}; }

}  // namespace

TEST_CASE("records read back as they were written") {
  PlanItem item{"do-it", "Ada", 86400, PlanStatus::reopened, "kpi", "two\nlines \"quoted\" <b>", "Do it", 1, 2, 3, 4, -5, 6, true, "bob", 8, 9};
  const PlanItem again = get(plan_item_of(row_of(item, "bob", 10)));
  CHECK(row_of(again, "bob", 10).body == row_of(item, "bob", 10).body);
  CHECK(again.note == item.note);
  CHECK(again.due_at == item.due_at);
  CHECK(again.gain == -5);
  CHECK(again.version == 9);
  Goals goals;
  goals.score = 70;
  goals.score_by = 86400;
  goals.workloads.push_back({"doc-rag", 86400, 120, "Ada", {{"time", "min", 12.5, 4.0, std::nullopt, 0}, {"share", "%", {}, 1e15, -0.1, 77}}});
  const Goals goals_again = get(goals_of(row_of(goals, "bob", 10)));
  CHECK(row_of(goals_again, "bob", 10).body == row_of(goals, "bob", 10).body);
  CHECK(goals_again.workloads[0].kpis[1].now == -0.1);
  const Answer answer{"Q7", 4, "a\npaper", "Ada", "bob", 11, 12};
  CHECK(row_of(get(answer_of(row_of(answer, "b", 1))), "b", 1).body == row_of(answer, "b", 1).body);
  const Review review{"board", 1'780'000'000, 413, 2, "bob", "all fine"};
  CHECK(row_of(review, "b", 1).id == "2026-05-28T20:26:40Z board");
  CHECK(get(review_of(row_of(review, "b", 1))).score == 413);
}

TEST_CASE("a record that is not strict is refused with its place and reason") {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"[]", "an object is needed"},
      {"{", "plan id: "},
      {R"({"status":"planned","status":"planned"})", "status"},
      {R"({"status":"planned","colour":"red"})", "'colour' is not known to this version"},
      {R"({"status":"planned","owner":7})", "owner: a text is needed"},
      {R"({"status":"planned","owner":"a\u0007"})", "owner: it holds control characters"},
      {R"({"status":"planned","due_at":"2026-12-01"})", "due_at: a whole number"},
      {R"({"status":"planned","due_at":-1})", "due_at: a whole number"},
      {R"({"status":"planned","due_at":18446744073709551615})", "due_at: a whole number"},
      {R"({"status":"planned","due_at":1.5})", "due_at: a whole number"},
      {R"({"status":"planned","times_reopened":-1})", "times_reopened"},
      {R"({"status":"planned","unverified":1})", "unverified: true or false is needed"},
      {R"({})", "status: '' is no status"}};
  for (const auto& [body, reason] : wrong) {
    const auto item = plan_item_of(row(kPlanKind, body));
    INFO(body);
    REQUIRE_FALSE(item);
    CHECK(contains(item.error().message, reason));
    CHECK(item.error().message.starts_with("plan id: "));
  }
  CHECK_FALSE(answer_of(row(kAnswerKind, R"({"value":5})")));
  CHECK_FALSE(answer_of(row(kAnswerKind, R"({"owner":"x"})")));
  CHECK_FALSE(review_of(row(kReviewKind, R"({"audience":"all","at":1,"level":1})")));
  CHECK_FALSE(goals_of(row(kGoalsKind, R"({"workloads":[{"owner":"x"}]})")));
  CHECK_FALSE(goals_of(row(kGoalsKind, R"({"workloads":[{"workload":"x","kpis":[{"name":"a","rate":1}]}]})")));
  CHECK_FALSE(goals_of(row(kGoalsKind, R"({"workloads":[{"workload":"x","kpis":[{"name":"a","now":1e300}]}]})")));
  std::string many = R"({"workloads":[)";
  for (int i = 0; i < 41; ++i) many += (i == 0 ? "" : ",") + std::string(R"({"workload":"x"})");
  CHECK(contains(goals_of(row(kGoalsKind, many + "]}")).error().message, "a list of up to 40"));
}
