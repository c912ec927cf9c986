// SPDX-License-Identifier: Apache-2.0
// The assessment of a fleet: the same bytes from every store and after every restart (goal R18), kept up with changes.
#include "collector/fleet.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "collector/judging.h"
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

// The small rules with one word changed, in a folder of their own.
std::string changed_rules(const ScratchFolder& folder, const std::string& from, const std::string& to) {
  const std::string copy = folder.path() + "/rules";
  std::filesystem::copy(PLUMBLINE_SOURCE_DIR "/tests/collector/rules", copy, std::filesystem::copy_options::recursive);
  const std::string path = copy + "/packs/small/rules.yaml";
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  std::string changed = text.str();
  changed.replace(changed.find(from), from.size(), to);
  std::ofstream(path) << changed;
  return copy;
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
  const auto after = small_rules(changed_rules(folder, "cpu.cores >= 8", "cpu.cores >= 17"));
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
