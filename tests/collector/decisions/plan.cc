// SPDX-License-Identifier: Apache-2.0
// The plan that closes itself: a table of cases, and two collectors on one store.
#include "collector/decisions/plan.h"

#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/text.h"
#include "collector/decisions/edits.h"
#include "collector/decisions/records.h"
#include "tests/catch.h"
#include "tests/collector/decisions/sample_rules.h"
#include "tests/collector/stores.h"

using namespace plumbline;
using namespace plumbline::testing;

namespace {

constexpr std::int64_t kDay = 86400;
constexpr const char* kAction = "do-it";

template <class T>
T get(Result<T> result) {
  if (!result) FAIL(result.error().message);
  return std::move(*result);
}

std::string shown_title(const Action& action) { return "Do " + action.id; }

std::string day_text(const std::optional<std::int64_t>& moment) { return moment ? std::to_string(*moment / kDay) : "none"; }

std::string value_of(const PlanItem& item, const std::string& key) {
  if (key == "first") return day_text(item.first_seen_at);
  if (key == "done") return day_text(item.done_at);
  if (key == "reopened") return day_text(item.reopened_at);
  if (key == "due") return day_text(item.due_at);
  if (key == "times") return std::to_string(item.times_reopened);
  if (key == "unverified") return item.unverified ? "1" : "0";
  if (key == "owner") return item.owner;
  return "no such key";
}

// "3 pf -> reopened times=1"
void run_scan(const std::string& line, std::vector<PlanItem>& plan) {
  const auto parts = words(line);
  REQUIRE(parts.size() >= 4);
  const std::int64_t as_of = static_cast<std::int64_t>(*parse_u64(parts[0])) * kDay;
  std::vector<MadeRule> made;
  std::string letters;
  for (std::size_t i = 0; parts[1] != "none" && i < parts[1].size(); ++i) {
    if (parts[1][i] == '-') continue;
    made.push_back({"rule-" + std::to_string(i), kAction});
    letters += parts[1][i];
  }
  if (parts[1] == "none") made = {{"rule-0", kAction}, {"rule-1", kAction}};
  const RuleSet rules = make_rules(made);
  const Assessment assessment = parts[1] == "none" ? make_assessment(rules, as_of, {}) : make_assessment(rules, as_of, {{"host", letters}});
  const auto changes = reconcile(plan, rules, assessment, shown_title);
  if (parts.back() == "same") CHECK(changes.empty());
  else CHECK(changes.size() == 1);
  plan = with_changes(std::move(plan), changes);
  REQUIRE(plan.size() == 1);
  CHECK(to_text(plan[0].status) == parts[3]);
  for (std::size_t i = 4; i < parts.size(); ++i) {
    if (parts[i] == "same") continue;
    const auto pair = split(parts[i], '=');
    CHECK(value_of(plan[0], std::string(pair[0])) == pair[1]);
  }
  CHECK(reconcile(plan, rules, assessment, shown_title).empty());  // applied to its own result it changes nothing
}

}  // namespace

TEST_CASE("an action moves as scans prove it") {
  std::ifstream file(std::string(PLUMBLINE_SOURCE_DIR) + "/tests/collector/decisions/plan.cases");
  std::string line, name;
  std::vector<PlanItem> plan;
  int cases = 0, steps = 0;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#') {
      if (line.empty()) name.clear();
      continue;
    }
    if (name.empty()) {
      name = line;
      plan.clear();
      ++cases;
      continue;
    }
    INFO(name << ": " << line);
    ++steps;
    if (line.starts_with("people ")) {
      plan.at(0).status = *plan_status_from(line.substr(7));
      plan.at(0).owner = "Ada";
      plan.at(0).due_at = 9 * kDay;
    } else {
      run_scan(line, plan);
    }
  }
  CHECK(cases == 13);
  CHECK(steps > 40);
}

TEST_CASE("title and gain of an open action are noted at most once a day") {
  const RuleSet rules = make_rules({{"a", kAction}, {"b", kAction}});
  auto plan = with_changes({}, reconcile({}, rules, make_assessment(rules, kDay, {{"h", "ff"}}), shown_title));
  REQUIRE(plan.size() == 1);
  CHECK(plan[0].title == "Do do-it");
  CHECK(plan[0].gain == 20);
  CHECK(reconcile(plan, rules, make_assessment(rules, kDay + 3600, {{"h", "pf"}}), shown_title).empty());
  plan = with_changes(plan, reconcile(plan, rules, make_assessment(rules, 2 * kDay, {{"h", "pf"}}), shown_title));
  CHECK(plan[0].gain == 10);
  CHECK(plan[0].gain_at == 2 * kDay);
}

TEST_CASE("hostile titles of packs do not keep an action from the plan") {
  const RuleSet rules = make_rules({{"a", kAction}});
  for (const std::string& title : {std::string("two\nlines"), std::string("nul\0x", 5), std::string(1u << 20, 'x'), std::string("\xff")}) {
    const auto changes = reconcile({}, rules, make_assessment(rules, kDay, {{"h", "f"}}), [&](const Action&) { return title; });
    REQUIRE(changes.size() == 1);
    CHECK(plan_item_of(row_of(changes[0].item, "x", 1)));
  }
}

TEST_CASE("what scans prove is kept in the store, with a line in the audit log for done and reopened") {
  for (const std::string& kind : store_kinds()) DYNAMIC_SECTION(kind) {
      ScratchFolder folder;
      auto store = get(open_store(new_store_url(kind, folder)));
      const RuleSet rules = make_rules({{"a", kAction}, {"b", "other"}});
      const auto keep = [&](std::int64_t day, const std::string& letters) {
        return get(keep_plan(*store, rules, make_assessment(rules, day * kDay, {{"h", letters}}), shown_title, day * kDay + 5));
      };
      CHECK(keep(1, "ff") == 2);
      CHECK(keep(1, "ff") == 0);
      get(edit_plan(*store, {kAction, "Ada", "2026-12-01", "planned", {}, {}, {}}, {"bob", 7}));
      CHECK(keep(2, "pf") == 1);
      CHECK(keep(3, "ff") == 1);
      const auto decisions = get(read_decisions(*store));
      REQUIRE(decisions.plan.size() == 2);
      CHECK(decisions.plan[0].status == PlanStatus::reopened);
      CHECK(decisions.plan[0].owner == "Ada");
      CHECK(decisions.plan[0].edited_by == "bob");
      std::vector<std::string> told;
      for (const AuditRow& row : get(store->audit(10))) told.push_back(row.actor + " " + row.action + " " + row.subject);
      CHECK(told == std::vector<std::string>{"collector plan.reopened do-it", "collector plan.done do-it", "bob plan.change do-it"});
    }
}

TEST_CASE("two collectors on one store prove the same thing once") {
  for (const std::string& kind : store_kinds()) DYNAMIC_SECTION(kind) {
      ScratchFolder folder;
      const std::string url = new_store_url(kind, folder);
      auto one = get(open_store(url));
      auto two = get(open_store(url));
      std::vector<MadeRule> made;
      for (int i = 0; i < 30; ++i) made.push_back({"r" + std::to_string(i), "a" + std::to_string(i)});
      const RuleSet rules = make_rules(made);
      const std::string all_fail(30, 'f'), all_pass(30, 'p');
      std::atomic<int> failures{0};
      const auto both = [&](std::int64_t day, const std::string& letters) {
        std::vector<std::thread> threads;
        for (Store* store : {one.get(), two.get(), one.get(), two.get()})
          threads.emplace_back([&, store] {
            if (!keep_plan(*store, rules, make_assessment(rules, day * kDay, {{"h", letters}}), shown_title, day * kDay)) ++failures;
          });
        for (std::thread& thread : threads) thread.join();
      };
      both(1, all_fail);
      both(2, all_pass);
      both(3, all_fail);
      CHECK(failures == 0);
      const auto decisions = get(read_decisions(*one));
      REQUIRE(decisions.plan.size() == 30);
      for (const PlanItem& item : decisions.plan) {
        CHECK(item.status == PlanStatus::reopened);
        CHECK(item.times_reopened == 1);
      }
      CHECK(get(one->audit(1000)).size() == 60);
    }
}

TEST_CASE("a record that another version wrote is told and left alone") {
  ScratchFolder folder;
  auto store = get(open_store(new_store_url("sqlite", folder)));
  const RuleSet rules = make_rules({{"a", kAction}});
  const std::string body = R"({"status":"someday","owner":"x"})";
  get(store->put_record({"plan", kAction, body, 1, "newer", 0}, 0));
  CHECK(get(keep_plan(*store, rules, make_assessment(rules, kDay, {{"h", "f"}}), shown_title, kDay)) == 0);
  const auto decisions = get(read_decisions(*store));
  CHECK(decisions.plan.empty());
  REQUIRE(decisions.unreadable.size() == 1);
  CHECK(decisions.unreadable[0] == "plan do-it: status: 'someday' is no status");
  CHECK(get(store->record("plan", kAction))->body == body);
}
