// SPDX-License-Identifier: Apache-2.0
// /what-if, /outlook and their API as plain functions: what they answer, to whom, within which limits, to hostile questions.
#include "collector/report/decision_pages.h"

#include <atomic>
#include <future>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/text.h"
#include "base/time.h"
#include "collector/fleet.h"
#include "collector/judging.h"
#include "collector/outlook.h"
#include "collector/report/outlook_chart.h"
#include "collector/report/trend.h"
#include "collector/web/area_routes.h"
#include "collector/web/what_if_answers.h"
#include "tests/collector/scans.h"
#include "tests/collector/stores.h"

using namespace plumbline;
using namespace plumbline::testing;

namespace {

std::vector<Scan> three_scans() {
  std::vector<Scan> scans;
  for (int i = 0; i < 3; ++i) {
    Scan scan = small_scan(std::string(31, 'f') + std::to_string(i), 1, i == 0 ? "no" : "yes", i == 2 ? 4 : 16);
    scan.sections["host"].data["name"] = "web-" + std::to_string(i);
    scan.sections["os"].data["version"] = "11";  // out of support on 1 September 2026, nine months after the scan
    hash_sections(scan);
    scans.push_back(std::move(scan));
  }
  return scans;
}

struct Site {
  ScratchFolder folder;
  std::unique_ptr<Store> store = get(open_store("sqlite:" + folder.path() + "/store.db"));
  std::shared_ptr<const FleetView> view = view_of_scans(three_scans(), small_rules(), "Test");
  Web web;
  std::vector<Route> routes;
  bool ready = true;
  std::atomic<int> documents_read{0};

  Site() {
    web.store = store.get();
    web.clock = [this] { return view->assessment().as_of + 60; };
    web.report = [this]() -> std::shared_ptr<const ReportInput> {
      if (!ready) return nullptr;
      auto input = std::make_shared<ReportInput>(view->report_input(web.clock()));
      input->document = [this, read = input->document](std::size_t host) {
        ++documents_read;
        return read(host);
      };
      return input;
    };
    routes = web_routes(web);
  }
  /// Waits for the answer: some come from another thread.
  Response ask(const std::string& path, std::map<std::string, std::string> query = {}, const std::string& role = "viewer") {
    Request request;
    request.method = "GET";
    request.path = path;
    request.query = std::move(query);
    request.user = role.empty() ? "" : "ada";
    request.role = role;
    const auto answer = std::make_shared<std::promise<Response>>();
    dispatch(routes, std::move(request), allow, [answer](Response response) { answer->set_value(std::move(response)); });
    return answer->get_future().get();
  }
};

nlohmann::json json_of(const Response& response) {
  REQUIRE(response.content_type == "application/json");
  return nlohmann::json::parse(response.body);
}

}  // namespace

TEST_CASE("what-if shows the actions of the roadmap, and nothing else until something is asked") {
  Site site;
  const Response page = site.ask("/what-if");
  CHECK(page.status == 200);
  CHECK(contains(page.body, "name=\"do.small.root-login\""));
  CHECK(contains(page.body, "method=\"get\""));
  CHECK_FALSE(contains(page.body, "class=\"figure\""));
  CHECK(site.documents_read == 0);
}

TEST_CASE("what-if in the browser, its API and what_if() say the same") {
  Site site;
  const std::map<std::string, std::string> query = {{"do.small.root-login", "1"}, {"edits", "web-2: cpu.cores = 64\r\n"}};
  const auto changes = get(parse_changes("x", "do small.root-login\nweb-2: cpu.cores = 64", site.view->rules()));
  const WhatIf wanted = get(what_if(site.view->rules(), RuleIndex(site.view->rules()), site.view->facts(), changes));
  const Response api = site.ask("/api/v1/what-if", query);
  CHECK(api.status == 200);
  CHECK(json_of(api) == nlohmann::json::parse(to_json(site.view->rules(), changes, wanted)));
  CHECK(wanted.after.score.value > wanted.before.score.value);
  const Response page = site.ask("/what-if", query);
  CHECK(page.status == 200);
  CHECK(contains(page.body, "<span class=\"big\">" + show_points(*wanted.after.score.value) + "</span>"));
  CHECK(contains(page.body, "checked"));
  CHECK(contains(page.body, "web-2: cpu.cores = 64"));
  const auto on_one = json_of(site.ask("/api/v1/what-if", {{"do.small.root-login", "1"}, {"hosts", "web-1"}}));
  CHECK(on_one["changes"][0]["hosts"] == 1);
}

TEST_CASE("an action that is done gains in the browser what the roadmap promises") {
  Site site;
  for (const Action& action : site.view->assessment().actions) {
    const auto told = json_of(site.ask("/api/v1/what-if", {{"do." + action.id, "1"}}));
    const double gain = told["after"]["value"].get<double>() - told["before"]["value"].get<double>();
    CHECK(gain == Approx(action.gain / 10.0).margin(0.1001));
  }
}

TEST_CASE("scans that one question read are there for the next, and a newer scan is read again") {
  Site site;
  CHECK(site.ask("/what-if", {{"edits", "*: cpu.cores = 64"}}).status == 200);
  const int first = site.documents_read;
  CHECK(first == 3);
  CHECK(site.ask("/what-if", {{"edits", "*: cpu.cores = 32"}}).status == 200);
  CHECK(site.documents_read == first);
  auto scans = three_scans();
  scans[1].taken_at += 3600;
  scans[1].sequence = 2;
  site.view = view_of_scans(scans, small_rules(), "Test");
  CHECK(site.ask("/what-if", {{"edits", "*: cpu.cores = 32"}}).status == 200);
  CHECK(site.documents_read == first + 1);
}

TEST_CASE("mistakes come back with their place, as the command tells them, and escaped") {
  Site site;
  const Response page = site.ask("/what-if", {{"edits", "web-1: cpu.corse = 3"}});
  CHECK(page.status == 400);
  CHECK(contains(page.body, "changes:1:12: error: no fact &apos;cpu.corse&apos;; did you mean"));
  CHECK(contains(page.body, "^"));
  CHECK(contains(page.body, ">\nweb-1: cpu.corse = 3</textarea>"));  // what was written is not lost
  const Response api = site.ask("/api/v1/what-if", {{"edits", "web-1: cpu.corse = 3"}});
  CHECK(api.status == 400);
  CHECK(contains(json_of(api)["error"].get<std::string>(), "cpu.corse"));
  CHECK(site.ask("/api/v1/what-if").status == 400);
  CHECK(site.ask("/what-if", {{"edits", "nobody: cpu.cores = 3"}}).status == 400);
  CHECK(site.ask("/what-if", {{"do.no-such-action", "1"}}).status == 400);
}

TEST_CASE("a hostile question is answered, never obeyed") {
  Site site;
  const std::string script = "<script>alert(1)</script>";
  for (const std::map<std::string, std::string>& query : std::vector<std::map<std::string, std::string>>{
           {{"edits", script}}, {{"do." + script, "1"}}, {{"do.small.root-login", "1"}, {"hosts", script}},
           {{"do.small.root-login", "1"}, {"hosts", "x\ndo small.cores"}}, {{"edits", "</textarea>" + script}}, {{"edits", std::string("a\0b\x1b[2J", 7)}},
           {{"edits", std::string(100'000, 'x')}}, {{"do.", "1"}}, {{"hosts", std::string(100'000, '*')}, {"do.small.root-login", "1"}},
           {{"edits", "*: cpu.cores = " + std::string(3'000, '9')}}, {{"edits", "\xff\xfe"}}, {{"edits", "2 × " + script + " in web-1"}}}) {
    const Response page = site.ask("/what-if", query);
    CHECK((page.status == 200 || page.status == 400));
    CHECK_FALSE(contains(page.body, "<script"));
    CHECK(is_utf8(page.body));
    CHECK(page.body.find('\x1b') == std::string::npos);
    CHECK(page.body.size() < 400'000);
    const Response api = site.ask("/api/v1/what-if", query);
    CHECK((api.status == 200 || api.status == 400));
    CHECK_FALSE(nlohmann::json::parse(api.body, nullptr, false).is_discarded());
  }
  std::map<std::string, std::string> many;
  for (int i = 0; i < 5'000; ++i) many["do.action-" + std::to_string(i)] = "1";
  CHECK(site.ask("/what-if", many).status == 400);
}

TEST_CASE("these pages are for who is signed in, whatever the role") {
  Site site;
  for (const char* path : {"/what-if", "/outlook", "/api/v1/what-if", "/api/v1/outlook", "/api/v1/trend"}) {
    CHECK((site.ask(path, {}, "").status == 303 || site.ask(path, {}, "").status == 401));
    CHECK(site.ask(path, {}, "stranger").status == 403);
    for (const char* role : {"viewer", "operator", "admin"}) CHECK(site.ask(path, {{"do.small.root-login", "1"}}, role).status != 403);
  }
  site.ready = false;
  for (const char* path : {"/what-if", "/outlook"}) CHECK(site.ask(path).status == 503);
}

TEST_CASE("over the limit of edited hosts nothing is read, and actions still are answered") {
  Assessment assessment;
  const auto rules = small_rules();
  const Judgement judgement = judge_scan(small_scan(kHostA, 1, "yes"), *rules);
  std::vector<AssessedHost> hosts;
  for (std::size_t i = 0; i <= kMostEditedHosts; ++i) hosts.push_back({"id-" + std::to_string(i), "host-" + std::to_string(i), 1'763'900'000, judgement});
  assessment = assess(*rules, std::move(hosts), nullptr);
  ReportInput input;
  input.rules = rules.get();
  input.assessment = &assessment;
  input.document = [](std::size_t) -> Result<std::string> { return fail(ErrorKind::io, "it was read"); };
  WhatIfAnswers answers;
  const WhatIfAnswer edited = answers.answer(input, {{}, "", "*: cpu.cores = 4"});
  CHECK_FALSE(edited.result);
  CHECK(contains(edited.problem, "2,001 hosts"));
  CHECK(contains(answers.answer(input, {{}, "", "host-7: cpu.cores = 4"}).problem, "it was read"));
  const WhatIfAnswer done = answers.answer(input, {{"small.root-login"}, "", ""});
  CHECK(done.problem.empty());
  REQUIRE(done.result);
  CHECK(done.result->after.score.value > done.result->before.score.value);
  CHECK(contains(answers.answer(input, {{}, "", std::string(kMostEditBytes + 1, '#')}).problem, "4,000"));
}

TEST_CASE("where too many ask at once the next is told to come back, and those before are answered") {
  Site site;
  std::promise<void> open;
  const std::shared_future<void> gate = open.get_future().share();
  std::promise<void> begun;
  REQUIRE(site.web.slow.add([&] {
    begun.set_value();
    gate.wait();
  }));
  begun.get_future().wait();
  std::atomic<int> done{0};
  for (std::size_t i = 0; i < SlowAnswers::kMostWaiting; ++i) REQUIRE(site.web.slow.add([&] { ++done; }));
  const Response busy = site.ask("/what-if", {{"do.small.root-login", "1"}});
  CHECK(busy.status == 503);
  CHECK(site.ask("/what-if").status == 200);  // nothing is asked: nothing to wait for
  open.set_value();
  while (site.ask("/what-if", {{"do.small.root-login", "1"}}).status == 503) std::this_thread::yield();
  CHECK(done == static_cast<int>(SlowAnswers::kMostWaiting));
}

TEST_CASE("the outlook says that it is being computed, then which date does what to whom") {
  Site site;
  const Response waiting = site.ask("/outlook");
  CHECK(waiting.status == 200);
  CHECK(contains(waiting.body, "is being computed"));
  CHECK(site.ask("/api/v1/outlook").status == 503);
  site.view->show_outlook(nullptr, {0, false, "too many hosts"});
  CHECK(contains(site.ask("/outlook").body, "too many hosts"));
  const auto outlook = get(run_outlook(site.view->shared_rules(), site.view->facts()));
  site.view->show_outlook(outlook, {outlook->computed_at, true, ""});
  const Response page = site.ask("/outlook");
  CHECK(page.status == 200);
  CHECK(contains(page.body, "1 September 2026"));
  CHECK(contains(page.body, "support ends on 31 August 2026"));
  CHECK(contains(page.body, "web-0, web-1 and web-2"));
  CHECK(contains(page.body, "Upgrade"));
  CHECK(contains(page.body, "<svg class=\"trend\""));
  CHECK(contains(page.body, "a newer one is being computed"));
  const auto told = json_of(site.ask("/api/v1/outlook"));
  CHECK(told["moments"].size() == 2);
  CHECK(told["turns"].size() == 3);
}

TEST_CASE("hostile names of products and hosts stay text on the outlook") {
  auto scans = three_scans();
  scans[0].sections["host"].data["name"] = "<script>alert(1)</script>";
  scans[1].sections["os"].data["id"] = "<img src=x onerror=alert(1)>";
  for (Scan& scan : scans) hash_sections(scan);
  const auto view = view_of_scans(scans, small_rules(), "<b>Company</b>");
  const auto outlook = get(run_outlook(view->shared_rules(), view->facts()));
  view->show_outlook(outlook, {1, false, ""});
  const std::string page = page_outlook(view->report_input(0), {});
  CHECK_FALSE(contains(page, "<script"));
  CHECK_FALSE(contains(page, "<img"));
}

TEST_CASE("the line of the outlook ends where the clock ends, and there is none without a score") {
  const auto view = view_of_scans(three_scans(), small_rules(), "");
  Clock clock = get(run_outlook(view->shared_rules(), view->facts()))->clock;
  const std::string chart = outlook_chart(clock);
  CHECK(contains(chart, show_points(*clock.now.score.value)));
  CHECK(contains(chart, show_points(*clock.moments.back().assessment.score.value)));
  CHECK(*clock.moments.back().assessment.score.value < *clock.now.score.value);
  clock.now.score.value.reset();
  CHECK(outlook_chart(clock).empty());
}

TEST_CASE("the trend of any span adds up, told and untold") {
  const std::vector<ScorePoint> history = {{100, 500, 0, 1000, 2, 3, "a"}, {200, 520, 0, 1000, 2, 3, "a", ScoreSplit{15, 0, 5}},
                                           {300, 500, 0, 1000, 2, 3, "b"}, {400, 560, 0, 1000, 2, 3, "b", ScoreSplit{10, 40, 10}}};
  const Trend whole = trend_between(history, 0, 1000);
  CHECK(whole.change == 60);
  CHECK(whole.split == ScoreChange{.fleet = 25, .rules = 40, .coverage = 15});
  CHECK(whole.untold == -20);
  CHECK(whole.untold_points == 1);
  CHECK_FALSE(whole.start);
  const Trend part = trend_between(history, 200, 399);
  REQUIRE(part.start);
  CHECK(part.change == -20);
  CHECK(part.split == ScoreChange{});
  CHECK(part.untold == -20);
  CHECK(trend_between(history, 400, 1000).change == 0);
  CHECK_FALSE(trend_between(history, 0, 50).change);
  CHECK_FALSE(trend_between({}, 0, 50).change);
  // From a moment without a score nothing is said to have changed.
  CHECK(trend_between({{1, std::nullopt, 0, 1000, 1, 0, "a"}, {2, 700, 0, 1000, 3, 1, "a"}}, 0, 9).change == 0);
}

TEST_CASE("the last month is told in words with the three causes") {
  const auto view = view_of_scans(three_scans(), small_rules(), "");
  ReportInput input = view->report_input(0);
  const std::int64_t day = 86'400;
  CHECK_FALSE(trend_view(input)["has_trend"].is_true());
  input.history = {{input.now - 60 * day, 500, 0, 1000, 2, 3, "a"}, {input.now - 10 * day, 520, 0, 1000, 2, 3, "a", ScoreSplit{15, 0, 5}}, {input.now - day, 510, 0, 1000, 2, 3, "b", ScoreSplit{0, -10, 0}}};
  View told = trend_view(input);
  CHECK(told["has_trend"].is_true());
  const std::string page = page_outlook(input, {});
  CHECK(contains(page, "+1.0 points since"));
  CHECK(contains(page, "+1.5"));
  CHECK(contains(page, "−1.0"));
  CHECK(contains(page, "+0.5"));
}

TEST_CASE("the API of the trend reads the store between two dates, and refuses what is none") {
  Site site;
  const std::int64_t day = *parse_date("2025-11-01");
  get(site.store->add_score({day, 500, 400, 600, 2, 3, "a"}));
  get(site.store->add_score({day + 86'400, 530, 400, 600, 2, 3, "a", ScoreSplit{10, 0, 20}}));
  const auto told = json_of(site.ask("/api/v1/trend"));
  CHECK(told["points"].size() == 2);
  CHECK(told["change"] == 3.0);
  CHECK(told["split"]["coverage"] == 2.0);
  CHECK(json_of(site.ask("/api/v1/trend", {{"from", "2025-11-01"}}))["points"].size() == 1);
  CHECK(json_of(site.ask("/api/v1/trend", {{"to", "2025-11-01T00:00:00Z"}}))["points"].size() == 1);
  CHECK(site.ask("/api/v1/trend", {{"from", "soon"}}).status == 400);
  CHECK(site.ask("/api/v1/trend", {{"to", "<script>"}}).status == 400);
}
