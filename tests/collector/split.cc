// SPDX-License-Identifier: Apache-2.0
// Why the score moved, as the server keeps it with each point; past moments judged again; the clock in the background.
#include <atomic>
#include <future>
#include <thread>

#include "collector/fleet.h"
#include "collector/judging.h"
#include "collector/rejudging.h"
#include "tests/collector/scans.h"
#include "tests/collector/stores.h"

using namespace plumbline;
using namespace plumbline::testing;

namespace {

void keep(Store& store, const Scan& scan, const RuleSet& rules, std::int64_t at = 5) {
  if (!get(store.host(scan.host_id))) get(store.add_host(scan.host_id, "", 1));
  get(store.accept({judge_for_store(scan, rules, at)}));
}

ScoreChange split_of(const ScorePoint& point) {
  REQUIRE(point.split);
  return {point.split->fleet, point.split->rules, point.split->coverage};
}

// Each point's parts add up to what it differs by from the one before; a point without parts breaks no sum.
void require_sums(Store& store) {
  const auto points = get(store.scores(1000));
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!points[i].split) continue;
    REQUIRE(i > 0);
    CHECK(split_of(points[i]).total() == *points[i].value - *points[i - 1].value);
  }
}

std::shared_ptr<const RuleSet> stricter(const std::string& folder) { return small_rules(changed_rules(folder, "cpu.cores >= 8", "cpu.cores >= 17")); }

}  // namespace

TEST_CASE("a host that changes, one that comes and other rules are kept apart in the score's history") {
  for (const std::string& kind : store_kinds()) DYNAMIC_SECTION(kind) {
    ScratchFolder folder;
    auto store = get(open_store(new_store_url(kind, folder)));
    const auto before = small_rules(), after = stricter(folder.path() + "/rules");
    RulesInForce rules(before, 1);
    Fleet fleet(*store, rules);
    get(fleet.refresh());
    keep(*store, small_scan(kHostA, 1, "yes"), *before);
    get(fleet.refresh());
    CHECK_FALSE(get(store->scores(1)).back().split);  // from nobody to somebody is no change of a score
    keep(*store, small_scan(kHostA, 2, "no"), *before);
    get(fleet.refresh());
    const ScoreChange mended = split_of(get(store->scores(1)).back());
    CHECK(mended.fleet > 0);
    CHECK(mended.rules == 0);
    CHECK(mended.coverage == 0);
    keep(*store, small_scan(kHostB, 1, "yes"), *before);
    get(fleet.refresh());
    const ScoreChange joined = split_of(get(store->scores(1)).back());
    CHECK(joined.coverage < 0);
    CHECK(joined.fleet == 0);
    rules.take(after, 2);
    get(fleet.refresh());
    Rejudging rejudging(*store, rules);
    rejudging.finish();
    get(fleet.refresh());
    const ScoreChange turned = split_of(get(store->scores(1)).back());
    CHECK(turned.rules < 0);
    CHECK(turned.fleet == 0);
    CHECK(turned.coverage == 0);
    CHECK(get(store->scores(100)).size() == 5);
    require_sums(*store);
  }
}

TEST_CASE("what hosts send while other rules are applied is not put down to the rules") {
  for (const int scans : {1, 3}) {  // three: the scan that was shown is neither the last nor the one before it
    ScratchFolder folder;
    auto store = get(open_store("sqlite:" + folder.path() + "/store.db"));
    const auto before = small_rules(), after = stricter(folder.path() + "/rules");
    RulesInForce rules(before, 1);
    Fleet fleet(*store, rules);
    keep(*store, small_scan(kHostA, 1, "yes"), *before);
    keep(*store, small_scan(kHostB, 1, "no", 99), *before);
    get(fleet.refresh());
    rules.take(after, 2);
    get(fleet.refresh());
    for (int i = 0; i < scans; ++i) keep(*store, small_scan(kHostA, 2 + static_cast<std::uint64_t>(i), i % 2 == 0 ? "no" : "yes"), *after);
    get(fleet.refresh());
    Rejudging rejudging(*store, rules);
    rejudging.finish();
    get(fleet.refresh());
    const ScoreChange found = split_of(get(store->scores(1)).back());
    CHECK(found.rules < 0);
    CHECK(found.fleet > 0);
    CHECK(found.coverage == 0);
    require_sums(*store);
  }
}

TEST_CASE("after a restart what happened meanwhile is not told, and what happens from then on is") {
  ScratchFolder folder;
  const std::string url = "sqlite:" + folder.path() + "/store.db";
  const auto rules = small_rules();
  const RulesInForce in_force(rules, 1);
  {
    auto store = get(open_store(url));
    Fleet fleet(*store, in_force);
    keep(*store, small_scan(kHostA, 1, "yes"), *rules);
    get(fleet.refresh());
    keep(*store, small_scan(kHostA, 2, "no"), *rules);  // taken in, and killed before anybody looked
  }
  auto store = get(open_store(url));
  Fleet fleet(*store, in_force);
  get(fleet.refresh());
  REQUIRE(get(store->scores(10)).size() == 2);
  CHECK_FALSE(get(store->scores(1)).back().split);
  keep(*store, small_scan(kHostA, 3, "yes"), *rules);
  get(fleet.refresh());
  CHECK(split_of(get(store->scores(1)).back()).fleet < 0);
  // A restart in which nothing happened loses nothing.
  Fleet again(*store, in_force);
  get(again.refresh());
  keep(*store, small_scan(kHostA, 4, "no"), *rules);
  get(again.refresh());
  CHECK(split_of(get(store->scores(1)).back()).fleet > 0);
  require_sums(*store);
}

TEST_CASE("a point that somebody else has kept breaks the chain and not the sums") {
  ScratchFolder folder;
  auto store = get(open_store("sqlite:" + folder.path() + "/store.db"));
  const auto rules = small_rules();
  const RulesInForce in_force(rules, 1);
  Fleet fleet(*store, in_force);
  keep(*store, small_scan(kHostA, 1, "yes"), *rules);
  get(fleet.refresh());
  get(store->add_score({9, 123, 100, 200, 1, 7, "somebody's"}));
  keep(*store, small_scan(kHostA, 2, "no"), *rules);
  get(fleet.refresh());
  CHECK_FALSE(get(store->scores(1)).back().split);
  keep(*store, small_scan(kHostA, 3, "yes"), *rules);
  get(fleet.refresh());
  CHECK(get(store->scores(1)).back().split);
  require_sums(*store);
}

TEST_CASE("a fleet that changes all the time keeps points now and then, and no cause is lost") {
  ScratchFolder folder;
  auto store = get(open_store("sqlite:" + folder.path() + "/store.db"));
  const auto rules = small_rules();
  const RulesInForce in_force(rules, 1);
  Fleet fleet(*store, in_force);
  std::shared_ptr<const FleetView> view;
  for (std::uint64_t i = 1; i <= 2 * Fleet::kPointsAtOnce; ++i) {
    keep(*store, small_scan(kHostA, i, i % 2 == 0 ? "no" : "yes"), *rules);
    view = get(fleet.refresh());
  }
  const auto points = get(store->scores(1000));
  CHECK(points.size() >= static_cast<std::size_t>(Fleet::kPointsAtOnce));
  CHECK(points.size() < static_cast<std::size_t>(Fleet::kPointsAtOnce) + 10);  // a slow machine may earn some on the way
  CHECK(view->report_input(0).history.size() == points.size());
  require_sums(*store);
}

TEST_CASE("of days that are over the last point stays, with the causes of the day added up") {
  const std::int64_t day = 86'400, now = 1000 * day;
  const std::vector<ScorePoint> history = {{10 * day, 100, 0, 1000, 1, 1, "a"}, {700 * day + 1, 200, 0, 1000, 1, 1, "a", ScoreSplit{100, 0, 0}},
                                           {700 * day + 2, 250, 0, 1000, 1, 1, "b", ScoreSplit{0, 30, 20}}, {900 * day + 1, 260, 0, 1000, 1, 1, "b"},
                                           {900 * day + 2, 270, 0, 1000, 1, 1, "b", ScoreSplit{10, 0, 0}}, {now - 2, 280, 0, 1000, 1, 1, "b", ScoreSplit{10, 0, 0}},
                                           {now - 1, 290, 0, 1000, 1, 1, "b", ScoreSplit{0, 0, 10}}};
  const auto thin = thinned_by_day(history, now);
  REQUIRE(thin.size() == 5);
  CHECK(thin[0].value == 100);
  CHECK(thin[1].value == 250);
  CHECK(split_of(thin[1]) == ScoreChange{.fleet = 100, .rules = 30, .coverage = 20});
  CHECK(thin[2].value == 270);
  CHECK_FALSE(thin[2].split);  // one of that day was not told
  CHECK(thin[4].value == 290);
  CHECK(thinned_by_day(thin, now).size() == 5);
  CHECK(thinned_by_day(history, now + 450 * day).front().value == 290);  // of 400 days, and what they are compared with
  CHECK(thinned_by_day({}, now).empty());
}

TEST_CASE("a past moment judged by the rules of then is what was kept then") {
  for (const std::string& kind : store_kinds()) DYNAMIC_SECTION(kind) {
    ScratchFolder folder;
    auto store = get(open_store(new_store_url(kind, folder)));
    const auto rules = small_rules();
    Fleet fleet(*store, rules, ScoreHistory::read);
    std::vector<std::string> shown;
    for (std::uint64_t i = 1; i <= 6; ++i) {
      keep(*store, small_scan(i % 2 == 0 ? kHostA : kHostB, i, i % 3 == 0 ? "yes" : "no", static_cast<int>(5 * i)), *rules, static_cast<std::int64_t>(100 * i));
      shown.push_back(get(fleet.refresh())->json());
    }
    for (std::int64_t i = 1; i <= 6; ++i) {
      CHECK(get(view_as_of(*store, rules, 100 * i))->json() == shown[static_cast<std::size_t>(i - 1)]);
      CHECK(get(view_as_of(*store, rules, 100 * i + 99))->json() == shown[static_cast<std::size_t>(i - 1)]);
    }
    CHECK(get(view_as_of(*store, rules, 99))->assessment().hosts.empty());
    const auto other = get(view_as_of(*store, stricter(folder.path() + "/rules"), 300));
    CHECK(other->rules().hash != rules->hash);
    CHECK(other->assessment().findings.size() > get(view_as_of(*store, rules, 300))->assessment().findings.size());
    const auto document = other->facts().document(0);
    CHECK(get(read_scan(get(document))).host_id == other->assessment().hosts[0].id);
  }
}

TEST_CASE("the clock runs beside the server, once a change and once a day, and pages show what it found") {
  ScratchFolder folder;
  auto store = get(open_store("sqlite:" + folder.path() + "/store.db"));
  const auto rules = small_rules();
  const RulesInForce in_force(rules, 1);
  Fleet fleet(*store, in_force);
  keep(*store, small_scan(kHostA, 1), *rules);
  const auto view = get(fleet.refresh());
  std::atomic<std::int64_t> now{1'764'000'000};
  BackgroundClockOptions options;
  options.clock = [&now] { return now.load(); };
  options.least_seconds_between = 0;
  options.rest = 0;
  BackgroundClock clock(options);
  CHECK(clock.latest() == nullptr);
  const auto task = [&](const std::shared_ptr<const FleetView>& of) {
    return OutlookTask{of->shared_rules(), of->assessment().hosts.size(), of->change(), [of] { return of->facts(); }};
  };
  clock.offer(task(view));
  clock.finish();
  const auto first = clock.latest();
  REQUIRE(first);
  CHECK(first->clock.from == 1'764'000'000 / 86'400 * 86'400);
  CHECK(first->clock.moments.size() == 2);
  CHECK(first->clock.now.hosts.at(0).judgement.verdicts.empty());  // who they are is enough
  clock.offer(task(view));
  clock.finish();
  CHECK(clock.latest() == first);
  now += 86'400;
  clock.finish();
  CHECK(clock.latest() != first);

  view->show_outlook(first, clock.state());
  CHECK(view->report_input(0).outlook.get() == &first->clock);
  keep(*store, small_scan(kHostB, 1, "yes"), *rules);
  const auto next = get(fleet.refresh());
  CHECK(next->report_input(0).outlook.get() == &first->clock);  // until there is a newer one
  const auto shared = FleetView::shared_input(next, now);
  next->show_outlook(clock.latest(), clock.state());
  CHECK(FleetView::shared_input(next, now)->outlook.get() == &clock.latest()->clock);
}

TEST_CASE("the clock in the background stops in the middle of its work, and says when there are too many hosts") {
  ScratchFolder folder;
  const auto rules = small_rules();
  std::vector<Scan> scans;
  for (int i = 0; i < 3; ++i) scans.push_back(small_scan(std::string(30, 'e') + std::to_string(10 + i), 1));
  const auto view = view_of_scans(scans, rules, "");
  {
    std::promise<void> asked;
    std::promise<void> stopping;
    BackgroundClock clock;
    clock.offer({rules, 3, 1, [&] {
                   FleetFacts facts = view->facts();
                   facts.document = [&, read = facts.document](std::size_t host) {
                     if (host == 1) FAIL("it was told to stop after the first host");
                     asked.set_value();
                     stopping.get_future().wait();
                     return read(host);
                   };
                   return facts;
                 }});
    asked.get_future().wait();
    std::thread stopper([&] { clock.stop(); });
    while (!clock.is_stopping()) std::this_thread::yield();
    stopping.set_value();
    stopper.join();
    CHECK(clock.latest() == nullptr);
  }
  BackgroundClockOptions options;
  options.most_hosts = 2;
  BackgroundClock clock(options);
  clock.offer({rules, 3, 1, [&] { return view->facts(); }});
  clock.finish();
  CHECK(clock.latest() == nullptr);
  CHECK(clock.state().problem.find("use the command") != std::string::npos);
}
