// SPDX-License-Identifier: Apache-2.0
// The assessment of a fleet: the same bytes from every store and after every restart (goal R18), kept up with changes.
#include "collector/fleet.h"

#include <nlohmann/json.hpp>

#include "collector/judging.h"
#include "collector/rejudging.h"
#include "tests/collector/scans.h"
#include "tests/collector/stores.h"

using namespace plumbline;
using namespace plumbline::testing;

namespace {

std::vector<Scan> fleet_of_scans() {
  std::vector<Scan> scans;
  for (int i = 0; i < 12; ++i) {
    const std::string host = std::string(30, 'd') + std::to_string(10 + i);
    scans.push_back(small_scan(host, 1, i % 3 == 0 ? "yes" : "no", 4 * i));
    scans.push_back(small_scan(host, 2, i % 4 == 0 ? "yes" : "no", 4 * i));
  }
  return scans;
}

void keep(Store& store, const std::vector<Scan>& scans, const RuleSet& rules) {
  for (const Scan& scan : scans) {
    if (!get(store.host(scan.host_id))) get(store.add_host(scan.host_id, "", 1));
    get(store.accept({judge_for_store(scan, rules, 5)}));
  }
}

}  // namespace

TEST_CASE("the same facts and rules give the same bytes from every store, after a restart and without a store") {
  const auto rules = small_rules();
  const std::vector<Scan> scans = fleet_of_scans();
  const std::string golden = view_of_scans(scans, rules, "")->json();
  CHECK(golden.size() > 1000);
  for (const std::string& kind : store_kinds()) DYNAMIC_SECTION(kind) {
    ScratchFolder folder;
    const std::string url = new_store_url(kind, folder);
    {
      auto store = get(open_store(url));
      keep(*store, scans, *rules);
      Fleet fleet(*store, rules, ScoreHistory::keep);
      CHECK(get(fleet.refresh())->json() == golden);
    }
    auto store = get(open_store(url));
    Fleet fleet(*store, small_rules(), ScoreHistory::read);
    CHECK(get(fleet.refresh())->json() == golden);
  }
}

TEST_CASE("of a host with several scans the newest counts, whatever their order") {
  const auto rules = small_rules();
  std::vector<Scan> scans = fleet_of_scans();
  const std::string golden = view_of_scans(scans, rules, "")->json();
  std::reverse(scans.begin(), scans.end());
  CHECK(view_of_scans(scans, rules, "")->json() == golden);
  CHECK(view_of_scans(scans, rules, "")->assessment().hosts.size() == 12);
}

TEST_CASE("hosts that were never enrolled are told apart by their names") {
  Scan one = small_scan("", 0), two = small_scan("", 0);
  one.sections["host"].data["name"] = "one";
  two.sections["host"].data["name"] = "two";
  hash_sections(one);
  hash_sections(two);
  CHECK(view_of_scans({one, two, one}, small_rules(), "")->assessment().hosts.size() == 2);
  CHECK(is_host_id(host_id_of_stranger(one)));
}

TEST_CASE("a refresh without changes gives the same view, a scan gives a new one") {
  ScratchFolder folder;
  const auto rules = small_rules();
  auto store = get(open_store("sqlite:" + folder.path() + "/store.db"));
  Fleet fleet(*store, rules, ScoreHistory::keep);
  const auto empty = get(fleet.refresh());
  CHECK(empty->assessment().hosts.empty());
  keep(*store, {small_scan(kHostA, 1, "yes")}, *rules);
  const auto first = get(fleet.refresh());
  CHECK(get(fleet.refresh()) == first);
  CHECK(fleet.latest() == first);
  CHECK(first->find_host(kHostA) == 0u);
  CHECK_FALSE(first->find_host(kHostB));
  keep(*store, {small_scan(kHostA, 2, "no")}, *rules);
  const auto second = get(fleet.refresh());
  CHECK(second != first);
  CHECK(first->assessment().findings.size() == 1);  // a view never changes
  CHECK(second->assessment().findings.empty());
  const ReportInput input = second->report_input(0);
  REQUIRE(input.before.size() == 1);
  const auto changed = changes(*rules, input.before, second->assessment().hosts);
  REQUIRE(changed.size() == 1);
  CHECK(changed.front().newly_passing == 1);
  CHECK(input.history.size() == 3);  // nobody, failing, passing
  REQUIRE(input.facts(0));
  CHECK((*input.facts(0))["ssh"]["permit_root_login"] == "no");
  CHECK(input.facts(7) == nullptr);
}

TEST_CASE("the score's history grows only when the score changes") {
  ScratchFolder folder;
  const auto rules = small_rules();
  auto store = get(open_store("sqlite:" + folder.path() + "/store.db"));
  Fleet fleet(*store, rules, ScoreHistory::keep);
  for (std::uint64_t i = 1; i <= 5; ++i) {
    keep(*store, {small_scan(kHostA, i)}, *rules);
    get(fleet.refresh());
  }
  CHECK(get(store->scores(100)).size() == 1);
  Fleet restarted(*store, rules, ScoreHistory::keep);
  get(restarted.refresh());
  CHECK(get(store->scores(100)).size() == 1);
}

TEST_CASE("other rules judge what is stored again, once") {
  ScratchFolder folder;
  auto store = get(open_store("sqlite:" + folder.path() + "/store.db"));
  const auto before = small_rules();
  keep(*store, {small_scan(kHostA, 1, "no", 16), small_scan(kHostA, 2, "no", 17)}, *before);
  const auto after = small_rules(changed_rules(folder.path() + "/rules", "cpu.cores >= 8", "cpu.cores >= 17"));
  REQUIRE(after->hash != before->hash);
  Fleet reader(*store, after, ScoreHistory::read);
  CHECK(get(reader.refresh())->assessment().findings.empty());
  CHECK(get(store->host(kHostA))->rules_hash == before->hash);  // a reader writes nothing
  Fleet keeper(*store, after, ScoreHistory::keep);
  const auto view = get(keeper.refresh());
  const auto host = get(store->host(kHostA));
  CHECK(host->rules_hash == after->hash);
  CHECK(host->previous_rules_hash == after->hash);
  // The scan before it is judged by the new rules as well: what changed is the host, not the rules.
  const auto changed = changes(*after, view->report_input(0).before, view->assessment().hosts);
  REQUIRE(changed.size() == 1);
  CHECK(changed.front().newly_passing == 1);
}

TEST_CASE("while other rules are applied the server shows the set before, whole, and then the new one, whole") {
  for (const std::string& kind : store_kinds()) DYNAMIC_SECTION(kind) {
    ScratchFolder folder;
    auto store = get(open_store(new_store_url(kind, folder)));
    const auto before = small_rules();
    const auto after = small_rules(changed_rules(folder.path() + "/rules", "cpu.cores >= 8", "cpu.cores >= 17"));
    const std::vector<Scan> scans = fleet_of_scans();
    keep(*store, scans, *before);
    RulesInForce rules(before, 1);
    Fleet fleet(*store, rules);
    const std::string golden = view_of_scans(scans, before, "")->json();
    CHECK(get(fleet.refresh())->json() == golden);
    CHECK(fleet.to_rejudge() == 0);
    rules.take(after, 2);
    const auto shown = get(fleet.refresh());
    CHECK(shown->json() == golden);
    CHECK(fleet.to_rejudge() == 12);
    // A scan that comes now is judged by the new rules; what is shown of its host stays that of the old ones.
    std::vector<Scan> more = scans;
    more.push_back(small_scan(scans.front().host_id, 3, "no", 99));
    keep(*store, {more.back()}, *rules.rules());
    CHECK(get(fleet.refresh())->json() == golden);
    get(store->add_host(kHostA, "", 1));
    keep(*store, {small_scan(kHostA, 1)}, *rules.rules());
    more.push_back(small_scan(kHostA, 1));
    const auto beside = get(fleet.refresh());
    CHECK(beside->waiting() == 1);  // never judged by the rules that are shown
    CHECK(beside->json() == golden);
    Rejudging rejudging(*store, rules);
    rejudging.finish();
    const auto turned = get(fleet.refresh());
    CHECK(turned->json() == view_of_scans(more, after, "")->json());
    CHECK(turned->waiting() == 0);
    CHECK(fleet.to_rejudge() == 0);
    CHECK(turned->report_input(0).before.size() == 6);  // the hosts whose facts differ between their last two scans
    CHECK(get(store->scores(10)).back().rules_hash == after->hash);
  }
}

TEST_CASE("hosts that the rules have not judged are counted and in no figure, and come in as they are judged") {
  ScratchFolder folder;
  auto store = get(open_store("sqlite:" + folder.path() + "/store.db"));
  const auto before = small_rules();
  const auto after = small_rules(changed_rules(folder.path() + "/rules", "cpu.cores >= 8", "cpu.cores >= 17"));
  const std::vector<Scan> scans = fleet_of_scans();
  keep(*store, scans, *before);
  RulesInForce rules(after, 1);  // as after a restart with other rules
  Fleet fleet(*store, rules);
  const auto empty = get(fleet.refresh());
  CHECK(empty->assessment().hosts.empty());
  CHECK(empty->waiting() == 12);
  CHECK(empty->report_input(0).hosts_waiting == 12);
  CHECK(empty->report_input(0).hosts_without_scan == 0);
  CHECK(get(store->scores(10)).empty());  // the score of nobody is no point of the history
  get(store->rejudge_many(after->hash, {{scans.front().host_id, 2, judge_for_store(scans[1], *after, 5).judgement}}));
  const auto one = get(fleet.refresh());
  CHECK(one->assessment().hosts.size() == 1);
  CHECK(one->waiting() == 11);
  // Rules that were never whole give way at once.
  rules.take(before, 2);
  const auto back = get(fleet.refresh());
  CHECK(back->rules().hash == before->hash);
  CHECK(back->waiting() == 1);
  CHECK(fleet.to_rejudge() == 1);
}

TEST_CASE("a host whose stored scan is damaged is unknown, and the others are judged") {
  ScratchFolder folder;
  auto store = get(open_store("sqlite:" + folder.path() + "/store.db"));
  const auto before = small_rules();
  const auto after = small_rules(changed_rules(folder.path() + "/rules", "cpu.cores >= 8", "cpu.cores >= 17"));
  get(store->add_host(kHostA, "damaged", 1));
  StoredScan damaged = judge_for_store(small_scan(kHostA, 1), *before, 5);
  damaged.document_zstd.resize(damaged.document_zstd.size() / 2);
  get(store->accept({damaged}));
  keep(*store, {small_scan(kHostB, 1, "no", 99)}, *before);
  RulesInForce rules(after, 1);
  Rejudging rejudging(*store, rules);
  rejudging.finish();
  CHECK(rejudging.progress().unreadable == 1);
  CHECK(rejudging.progress().done == 2);
  CHECK_FALSE(rejudging.progress().running);
  Fleet fleet(*store, rules);
  const auto view = get(fleet.refresh());
  REQUIRE(view->assessment().hosts.size() == 2);
  CHECK(view->waiting() == 0);
  CHECK(get(store->count_to_rejudge(after->hash)) == 0);  // it is not tried for ever
  const auto& verdicts = view->assessment().hosts[*view->find_host(kHostA)].judgement.verdicts;
  CHECK(std::count(verdicts.begin(), verdicts.end(), Verdict::unknown) == 3);
  const auto& whole = view->assessment().hosts[*view->find_host(kHostB)].judgement.verdicts;
  CHECK(std::count(whole.begin(), whole.end(), Verdict::unknown) == 0);
  // A command that judges while it reads comes to the same.
  const auto third = small_rules(changed_rules(folder.path() + "/third", "cpu.cores >= 8", "cpu.cores >= 18"));
  Fleet reader(*store, third, ScoreHistory::read);
  const auto read = get(reader.refresh());
  CHECK(read->assessment().hosts[*read->find_host(kHostA)].judgement.verdicts == verdicts);
}

TEST_CASE("a denied host is known at the next refresh") {
  ScratchFolder folder;
  const auto rules = small_rules();
  auto store = get(open_store("sqlite:" + folder.path() + "/store.db"));
  keep(*store, {small_scan(kHostA, 1), small_scan(kHostB, 1)}, *rules);
  Fleet fleet(*store, rules, ScoreHistory::keep);
  get(fleet.refresh());
  CHECK_FALSE(fleet.is_denied(kHostA));
  get(store->set_denied(kHostA, true));
  get(fleet.refresh());
  CHECK(fleet.is_denied(kHostA));
  CHECK(fleet.denied() == std::vector{kHostA});
  get(store->set_denied(kHostA, false));
  get(fleet.refresh());
  CHECK_FALSE(fleet.is_denied(kHostA));
}

TEST_CASE("a host that enrolled and never reported is told, unless it is denied") {
  ScratchFolder folder;
  const auto rules = small_rules();
  auto store = get(open_store("sqlite:" + folder.path() + "/store.db"));
  keep(*store, {small_scan(kHostA, 1)}, *rules);
  get(store->add_host(kHostB, "silent", 1));
  Fleet fleet(*store, rules, ScoreHistory::keep);
  CHECK(get(fleet.refresh())->report_input(0).hosts_without_scan == 1);
  get(store->set_denied(kHostB, true));
  CHECK(get(fleet.refresh())->report_input(0).hosts_without_scan == 0);
}

TEST_CASE("the input pages share is made anew when it ages or has read many hosts") {
  const auto view = view_of_scans(fleet_of_scans(), small_rules(), "Example");
  const auto first = FleetView::shared_input(view, 1000);
  CHECK(FleetView::shared_input(view, 1001) == first);
  CHECK(FleetView::shared_input(view, 1020) != first);
  CHECK(first->organisation == "Example");
  CHECK(first->facts(0) != nullptr);
  CHECK(first->facts(0) == first->facts(0));
}
