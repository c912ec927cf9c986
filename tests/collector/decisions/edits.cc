// SPDX-License-Identifier: Apache-2.0
// What people change: checks, conflicts, hostile texts and the audit log.
#include "collector/decisions/edits.h"

#include "base/text.h"
#include "collector/decisions/plan.h"
#include "collector/decisions/records.h"
#include "collector/decisions/text.h"
#include "tests/catch.h"
#include "tests/collector/decisions/sample_rules.h"
#include "tests/collector/stores.h"

using namespace plumbline;
using namespace plumbline::testing;

namespace {

constexpr std::int64_t kDay = 86400;
const Editor kBob{"bob", 1'780'000'000};

template <class T>
T get(Result<T> result) {
  if (!result) FAIL(result.error().message);
  return std::move(*result);
}
void get(Result<void> result) {
  if (!result) FAIL(result.error().message);
}
template <class T>
Error error_of(Result<T> result) {
  REQUIRE_FALSE(result);
  return result.error();
}

struct Planned {
  ScratchFolder folder;
  std::unique_ptr<Store> store;
  RuleSet rules = make_rules({{"a", "do-it"}});

  Planned() : store(get(open_store(new_store_url("sqlite", folder)))) { scan(1, "f"); }
  void scan(std::int64_t day, const std::string& letters) {
    get(keep_plan(*store, rules, make_assessment(rules, day * kDay, {{"h", letters}}), [](const Action&) { return "Do it"; }, day * kDay));
  }
  PlanItem item() { return get(read_decisions(*store)).plan.at(0); }
};

Questionnaire two_questions() {
  return get(read_questionnaire("q.yaml", R"(
title: Two
scale: ["no", planned, partly, in place, measured]
areas:
  - {id: one, title: One}
questions:
  - {id: Q1, area: one, text: First, scale: [a, b, c, d, e], evidence: A paper., function: map, informs: [{level: 3, as: x}]}
  - {id: Q2, area: one, text: Second, scale: [a, b, c, d, e], evidence: A paper., function: map, informs: [{level: 3, as: x}]}
)"));
}

// What no field may hold, whoever sends it.
const std::vector<std::string> kRefused = {std::string("nul\0x", 5), "bell\x07", "esc\x1b[31m", "bad \xff utf-8", "c1 \xc2\x9b", "turn \xe2\x80\xae round",
                                           "isolate \xe2\x81\xa6", std::string(1u << 20, 'x')};
// What every field keeps as it is: it is shown escaped.
const std::vector<std::string> kKept = {"<script>alert(1)</script>", "=HYPERLINK(\"x\")", "{{owner}} [[nav.hosts]]", "'; DROP TABLE records; --", "Ünïcödé \xe2\x82\xac", "a\"b\\c"};

}  // namespace

TEST_CASE("people set owner, due date, status, KPI and note of an action, and the log says what") {
  Planned planned;
  const auto item = get(edit_plan(*planned.store, {"do-it", " Ada Byron ", "2026-12-01", "in_progress", "tickets a week", "first line\r\nsecond", {}}, kBob));
  CHECK(item.owner == "Ada Byron");
  CHECK(iso_date(*item.due_at) == "2026-12-01");
  CHECK(item.note == "first line\nsecond");
  const PlanItem kept = planned.item();
  CHECK(kept.status == PlanStatus::in_progress);
  CHECK(kept.edited_by == "bob");
  CHECK(kept.edited_at == kBob.now);
  const auto log = get(planned.store->audit(1));
  CHECK(log[0].action == "plan.change");
  CHECK(log[0].detail == "owner: Ada Byron; due: 2026-12-01; status: in_progress; KPI: tickets a week; note: first line\xef\xbf\xbdsecond");
  get(edit_plan(*planned.store, {"do-it", {}, "", {}, {}, {}, {}}, kBob));  // an empty text clears, an absent one keeps
  CHECK_FALSE(planned.item().due_at);
  CHECK(planned.item().owner == "Ada Byron");
  const auto before = get(planned.store->audit(100)).size();
  get(edit_plan(*planned.store, {"do-it", "Ada Byron", {}, {}, {}, {}, {}}, kBob));
  CHECK(get(planned.store->audit(100)).size() == before);  // nothing changed, nothing is logged
}

TEST_CASE("done and reopened are set by scans alone") {
  Planned planned;
  for (const std::string status : {"done", "reopened", "finished", "", "DONE"}) {
    const Error refused = error_of(edit_plan(*planned.store, {"do-it", {}, {}, status, {}, {}, {}}, kBob));
    CHECK(refused.kind == ErrorKind::invalid);
    CHECK(contains(refused.message, "cannot be set by hand"));
  }
  planned.scan(2, "p");
  CHECK(contains(error_of(edit_plan(*planned.store, {"do-it", {}, {}, "planned", {}, {}, {}}, kBob)).message, "a scan has proved this action done"));
  get(edit_plan(*planned.store, {"do-it", "Eve", {}, "done", {}, {}, {}}, kBob));  // left as it is
  CHECK(planned.item().status == PlanStatus::done);
  planned.scan(3, "f");
  CHECK(planned.item().owner == "Eve");
  get(edit_plan(*planned.store, {"do-it", {}, {}, "planned", {}, {}, {}}, kBob));
  CHECK(planned.item().status == PlanStatus::planned);
}

TEST_CASE("of two people who change one action the second is told, and scans disturb neither") {
  Planned planned;
  const std::string seen = seen_of(planned.item());
  get(edit_plan(*planned.store, {"do-it", "Ada", {}, {}, {}, {}, seen}, {"ada", 1}));
  const Error told = error_of(edit_plan(*planned.store, {"do-it", "Eve", {}, {}, {}, {}, seen}, {"eve", 2}));
  CHECK(told.kind == ErrorKind::conflict);
  CHECK(told.message == "plan do-it: ada changed it meanwhile; look at it again and repeat your change");
  CHECK(planned.item().owner == "Ada");
  const std::string fresh = seen_of(planned.item());
  planned.scan(2, "u");  // the collector writes to the record, not to what people see in the form
  get(edit_plan(*planned.store, {"do-it", "Eve", {}, {}, {}, {}, fresh}, {"eve", 3}));
  CHECK(planned.item().owner == "Eve");
  CHECK(planned.item().unverified);
  const std::string open = seen_of(planned.item());
  planned.scan(3, "p");  // a status that changed is what people see
  CHECK(error_of(edit_plan(*planned.store, {"do-it", "Bob", {}, "planned", {}, {}, open}, {"bob", 4})).kind == ErrorKind::conflict);
}

TEST_CASE("an action that is not in the plan is named") {
  Planned planned;
  CHECK(error_of(edit_plan(*planned.store, {"<b>", "Ada", {}, {}, {}, {}, {}}, kBob)).kind == ErrorKind::not_found);
  CHECK(error_of(edit_plan(*planned.store, {std::string(100'000, 'x'), "Ada", {}, {}, {}, {}, {}}, kBob)).kind == ErrorKind::not_found);
}

TEST_CASE("hostile texts are refused with a reason, or kept as they are, in every field") {
  Planned planned;
  const Questionnaire questions = two_questions();
  RuleSet rules;
  Workload workload;
  workload.id = "doc-rag";
  rules.workloads.push_back(workload);
  const auto goals_with = [](const std::string& owner, const std::string& kpi, const std::string& unit) {
    Goals goals;
    WorkloadGoal goal;
    goal.workload = "doc-rag";
    goal.owner = owner;
    goal.kpis.push_back({kpi, unit, {}, {}, {}, 0});
    goals.workloads.push_back(goal);
    return goals;
  };
  const auto everywhere = [&](const std::string& text) {
    std::vector<std::string> refused;
    const auto note = [&](const auto& result) { refused.push_back(result ? std::string() : result.error().message); };
    note(edit_plan(*planned.store, {"do-it", text, {}, {}, {}, {}, {}}, kBob));
    note(edit_plan(*planned.store, {"do-it", {}, {}, {}, text, {}, {}}, kBob));
    note(edit_plan(*planned.store, {"do-it", {}, {}, {}, {}, text, {}}, kBob));
    note(edit_answer(*planned.store, questions, {"Q1", "2", text, "Ada", {}}, kBob));
    note(edit_answer(*planned.store, questions, {"Q2", "2", "paper", text, {}}, kBob));
    Goals goals = goals_with(text, "minutes", "h");
    for (int field = 0; field < 3; ++field) {
      goals = goals_with(field == 0 ? text : "Ada", field == 1 ? text : "minutes", field == 2 ? text.substr(0, 1u << 20) : "h");
      goals.version = get(read_decisions(*planned.store)).goals.version;
      note(edit_goals(*planned.store, rules, goals, kBob));
    }
    return refused;
  };
  for (const std::string& text : kRefused)
    for (const std::string& message : everywhere(text)) {
      INFO(printable(text.substr(0, 40)));
      CHECK_FALSE(message.empty());
      CHECK(message.size() < 300);
      CHECK(is_utf8(message));
    }
  for (const std::string& text : kKept) {
    for (const std::string& message : everywhere(text)) CHECK(message.empty());
    const auto decisions = get(read_decisions(*planned.store));
    CHECK(decisions.unreadable.empty());
    CHECK(decisions.plan[0].owner == text);
    CHECK(decisions.plan[0].note == text);
    CHECK(decisions.answers[0].evidence == text);
    CHECK(decisions.goals.workloads[0].kpis[0].unit == text);
  }
  CHECK(contains(error_of(edit_plan(*planned.store, {"do-it", "two\nlines", {}, {}, {}, {}, {}}, kBob)).message, "one line only"));
  for (const std::string date : {"tomorrow", "2026-13-01", "1999-12-31", "2200-01-01", "2026-12-01T00:00", "=1+1"})
    CHECK(contains(error_of(edit_plan(*planned.store, {"do-it", {}, date, {}, {}, {}, {}}, kBob)).message, "is no date"));
}

TEST_CASE("answers are given, changed and taken back, each by whom and when") {
  Planned planned;
  const Questionnaire questions = two_questions();
  Store& store = *planned.store;
  get(edit_answer(store, questions, {"Q1", "3", "a paper", "Ada", 0}, kBob));
  auto answers = get(read_decisions(store)).answers;
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].value == 3);
  CHECK(answers[0].answered_by == "bob");
  CHECK(answers[0].answered_at == kBob.now);
  get(edit_answer(store, questions, {"Q1", "3", "a paper", "Ada", answers[0].version}, {"eve", 9}));
  CHECK(get(read_decisions(store)).answers[0].answered_by == "bob");  // said again, not changed
  CHECK(error_of(edit_answer(store, questions, {"Q1", "4", "", "", 0}, kBob)).kind == ErrorKind::conflict);
  CHECK(error_of(edit_answer(store, questions, {"Q3", "4", "", "", 0}, kBob)).message == "answer: there is no question 'Q3'; did you mean Q1?");
  for (const std::string value : {"5", "-1", "2.5", "four", "99999999999999999999"}) CHECK(error_of(edit_answer(store, questions, {"Q2", value, "", "", {}}, kBob)).kind == ErrorKind::invalid);
  CHECK(error_of(edit_answer(store, questions, {"Q1", "", "", "", answers[0].version - 1}, kBob)).kind == ErrorKind::conflict);
  get(edit_answer(store, questions, {"Q1", "", "", "", answers[0].version}, kBob));
  CHECK(get(read_decisions(store)).answers.empty());
  CHECK(get(store.audit(1))[0].action == "answer.remove");
}

TEST_CASE("goals name workloads there are, each once, with a score that has a date or none") {
  Planned planned;
  RuleSet rules;
  Workload workload;
  workload.id = "doc-rag";
  rules.workloads.push_back(workload);
  Goals goals;
  goals.workloads.push_back({"doc-rgg", {}, {}, "", {}});
  CHECK(error_of(edit_goals(*planned.store, rules, goals, kBob)).message == "goals: there is no workload 'doc-rgg'; did you mean doc-rag?");
  goals.workloads = {{"doc-rag", {}, {}, "", {}}, {"doc-rag", {}, {}, "", {}}};
  CHECK(contains(error_of(edit_goals(*planned.store, rules, goals, kBob)).message, "is there twice"));
  goals.workloads.pop_back();
  goals.score_by = kDay;
  CHECK(contains(error_of(edit_goals(*planned.store, rules, goals, kBob)).message, "a date needs a score"));
  goals.score = 70;
  const auto kept = get(edit_goals(*planned.store, rules, goals, kBob));
  CHECK(error_of(edit_goals(*planned.store, rules, goals, kBob)).kind == ErrorKind::conflict);  // version 0 is over
  rules.workloads.clear();  // its pack is gone: what was chosen may stay
  get(edit_goals(*planned.store, rules, kept, kBob));
  CHECK(get(planned.store->audit(1))[0].detail == "workloads: doc-rag; score 70 by 1970-01-02");
}
