// SPDX-License-Identifier: Apache-2.0
// Rules that change while the collector runs: refused, put in force, applied to what is stored, also after a stop in the
// middle and when others follow at once; the result is always that of a fresh judgement (goal R18).
#include "collector/rejudging.h"

#include <atomic>
#include <chrono>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/text.h"
#include "base/zstd.h"
#include "collector/fleet.h"
#include "collector/ingest/ingest.h"
#include "collector/judging.h"
#include "collector/rules_status.h"
#include "tests/collector/scans.h"
#include "tests/collector/stores.h"

using namespace plumbline;
using namespace plumbline::testing;

namespace {

constexpr int kHosts = 60;
constexpr WatchTimes kQuick = {2, 1};

std::string host_number(int number) { return std::string(30, 'c') + std::to_string(10 + number); }

// Waits for what another thread must do; patience ends in a failed test, not in a measure of speed.
template <class Condition>
void wait_until(const Condition& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) FAIL("waited in vain");
    std::this_thread::yield();
  }
}

// Rules in a folder that a test changes, and hosts that were judged by them before.
struct Lab {
  ScratchFolder folder;
  std::string rules_folder = changed_rules(folder.path() + "/rules", "cpu.cores >= 8", "cpu.cores >= 9");
  std::string rules_file = rules_folder + "/packs/small/rules.yaml";
  RulesSource source{rules_folder};
  std::string fingerprint = fingerprint_of(source);
  std::shared_ptr<const RuleSet> first = get(read_rules(source));
  RulesInForce rules{first, 100};
  std::unique_ptr<Store> store;
  std::vector<Scan> scans;

  explicit Lab(const std::string& kind = "sqlite") : store(get(open_store(new_store_url(kind, folder)))) {}
  void fill(int hosts = kHosts) {
    for (int i = 0; i < hosts; ++i) {
      get(store->add_host(host_number(i), "", 1));
      for (std::uint64_t sequence = 1; sequence <= 2; ++sequence) add(small_scan(host_number(i), sequence, i % 3 == 0 ? "yes" : "no", i + static_cast<int>(sequence)));
    }
  }
  void add(const Scan& scan) {
    get(store->accept({judge_for_store(scan, *rules.rules(), 5)}));
    scans.push_back(scan);
  }
  std::shared_ptr<const RuleSet> change(const std::string& from, const std::string& to) {
    edit_file(rules_file, from, to);
    auto read = get(read_rules(source));
    rules.take(read, 200);
    return read;
  }
  std::string shown() {
    Fleet fleet(*store, rules);
    return get(fleet.refresh())->json();
  }
  std::string fresh() { return view_of_scans(scans, rules.rules(), "")->json(); }
  bool all_judged_by(const RuleSet& set) {
    for (const HostRow& host : get(store->hosts()))
      if (host.rules_hash != set.hash || (host.previous_sequence && host.previous_rules_hash != set.hash)) return false;
    return true;
  }
};

}  // namespace

TEST_CASE("what differs between two rule sets is told by rule") {
  ScratchFolder folder;
  const auto before = small_rules();
  CHECK(to_text(change_between(*before, *before)) == "no rule added, removed or changed");
  const std::string copy = changed_rules(folder.path() + "/rules", "small.root-login", "small.root-entry");
  edit_file(copy + "/packs/small/rules.yaml", "rules: [small.root-login]", "rules: [small.root-entry]");
  edit_file(copy + "/packs/small/rules.yaml", "Use a larger machine.", "Use a larger host.");
  const RulesChange change = change_between(*before, *small_rules(copy));
  CHECK(change.added == std::vector<std::string>{"small.root-entry"});
  CHECK(change.removed == std::vector<std::string>{"small.root-login"});
  CHECK(change.changed == std::vector<std::string>{"small.cores"});
  CHECK(to_text(change) == "1 rule added (small.root-entry), 1 removed (small.root-login), 1 changed (small.cores)");
}

TEST_CASE("a property that has another value is told, for the rules' own texts stay the same") {
  RuleSet before = *small_rules(), after = before;
  before.properties = {{"small", "limit", "int", "cores", "8", "8", false}, {"small", "same", "int", "", "1", "1", false}};
  after.properties = {{"small", "limit", "int", "cores", "16", "8", true}, {"small", "same", "int", "", "1", "1", false}};
  CHECK(to_text(change_between(before, after)) == "no rule added, removed or changed; properties set otherwise: small.limit");
}

TEST_CASE("a broken pack leaves the old set in force and says what is wrong, and a mended one is no news") {
  Lab lab;
  edit_file(lab.rules_file, "cpu.cores >= 9", "cpu.coers >= 9");
  CHECK(lab.rules.take(read_rules(lab.source), 300) == nullptr);
  CHECK(lab.rules.rules() == lab.first);
  const RulesState refused = lab.rules.state();
  CHECK(refused.since == 100);
  CHECK(refused.refused_since == 300);
  CHECK(contains(refused.refused, "rules.yaml:"));
  CHECK(contains(refused.refused, "coers"));
  lab.rules.take(read_rules(lab.source), 400);
  CHECK(lab.rules.state().refused_since == 300);  // still the same trouble
  edit_file(lab.rules_file, "cpu.coers >= 9", "cpu.cores >= 9");
  CHECK(lab.rules.take(read_rules(lab.source), 500) == nullptr);
  CHECK(lab.rules.state().refused.empty());
  CHECK(lab.rules.state().since == 100);
  edit_file(lab.rules_file, "cpu.cores >= 9", "cpu.cores >= 10");
  CHECK(lab.rules.take(read_rules(lab.source), 600) == lab.first);
  CHECK(lab.rules.state().since == 600);
}

TEST_CASE("people and programs are told that rules were refused, with the place of the mistake") {
  Lab lab;
  RulesStatus status{lab.rules.state(), {}, lab.first->hash, lab.first->version, 0};
  CHECK(notices_of(status).empty());
  CHECK(nlohmann::json::parse(to_json(status))["state"] == "in force");
  edit_file(lab.rules_file, "cpu.cores >= 9", "cpu.coers >= 9");
  lab.rules.take(read_rules(lab.source), 300);
  status.state = lab.rules.state();
  const auto notices = notices_of(status);
  REQUIRE(notices.size() == 1);
  CHECK(notices[0].trouble);
  CHECK(contains(notices[0].text, "1970-01-01T00:05:00Z"));
  CHECK(std::any_of(notices[0].lines.begin(), notices[0].lines.end(), [](const std::string& line) { return contains(line, "rules.yaml:23:"); }));
  const auto told = nlohmann::json::parse(to_json(status));
  CHECK(told["state"] == "refused");
  CHECK(told["in_force"]["hash"] == lab.first->hash);
  CHECK(told["refused"]["since"] == "1970-01-01T00:05:00Z");
  CHECK(contains(told["refused"]["mistakes"].get<std::string>(), "rules.yaml:23:"));
  status.progress = {true, "h", "2027.1.0", 1234, 100'000, 0, 300, 0, 5000, 360, ""};
  status.hosts_waiting = 1;
  const auto both = notices_of(status);
  REQUIRE(both.size() == 2);
  CHECK(contains(both[1].text, "1,234 of 100,000"));
  CHECK(contains(both[1].text, "00:06"));
  CHECK(contains(both[1].text, "1 host waits"));
}

TEST_CASE("a watch sees a change of the files, a mistake and its repair") {
  Lab lab;
  std::promise<std::string> changed;
  RulesWatch watch(lab.rules, lab.source, lab.fingerprint, [&](const RuleSet& before, const RuleSet& after) { changed.set_value(to_text(change_between(before, after))); }, kQuick);
  edit_file(lab.rules_file, "cpu.cores >= 9", "cpu.coers >= 9");
  wait_until([&] { return !lab.rules.state().refused.empty(); });
  CHECK(lab.rules.rules() == lab.first);
  edit_file(lab.rules_file, "cpu.coers >= 9", "cpu.cores >= 12");
  CHECK(changed.get_future().get() == "1 rule changed (small.cores)");
  CHECK(lab.rules.state().refused.empty());
}

TEST_CASE("a watch sees what changed before it began, a folder swapped by a link, and a folder that goes away") {
  Lab lab;
  namespace fs = std::filesystem;
  const std::string second = changed_rules(lab.folder.path() + "/second", "cpu.cores >= 8", "cpu.cores >= 21");
  const std::string link = lab.folder.path() + "/link";
  fs::create_directory_symlink(lab.rules_folder, link);
  const RulesSource source{link};
  const std::string fingerprint = fingerprint_of(source);
  CHECK(fingerprint == fingerprint_of(source));
  fs::create_directory_symlink(second, link + ".new");
  fs::rename(link + ".new", link);
  CHECK(fingerprint != fingerprint_of(source));
  RulesWatch watch(lab.rules, source, fingerprint, [](const RuleSet&, const RuleSet&) {}, kQuick);
  wait_until([&] { return lab.rules.rules() != lab.first; });
  const auto now = lab.rules.rules();
  fs::remove(link);
  wait_until([&] { return !lab.rules.state().refused.empty(); });
  CHECK(lab.rules.rules() == now);
  fs::create_directory_symlink(second, link);
  wait_until([&] { return lab.rules.state().refused.empty(); });
  CHECK(lab.rules.rules() == now);
}

TEST_CASE("a watch reads at once when it is told") {
  Lab lab;
  constexpr WatchTimes kNever = {3'600'000, 3'600'000};
  RulesWatch watch(lab.rules, lab.source, lab.fingerprint, [](const RuleSet&, const RuleSet&) {}, kNever);
  edit_file(lab.rules_file, "cpu.cores >= 9", "cpu.cores >= 12");
  watch.read_now();
  wait_until([&] { return lab.rules.rules() != lab.first; });
}

TEST_CASE("every stored judgement is made again and equals a fresh one") {
  for (const std::string& kind : store_kinds()) DYNAMIC_SECTION(kind) {
    Lab lab(kind);
    lab.fill();
    Rejudging rejudging(*lab.store, lab.rules, {2, 0, {7, 1u << 20}, 1, 10});
    rejudging.finish();
    CHECK(rejudging.progress().total == 0);  // nothing to do
    const std::string before = lab.shown();
    const auto second = lab.change("cpu.cores >= 9", "cpu.cores >= 30");
    rejudging.wake();
    rejudging.finish();
    CHECK(lab.all_judged_by(*second));
    CHECK(lab.shown() == lab.fresh());
    CHECK(lab.shown() != before);
    const RejudgingProgress progress = rejudging.progress();
    CHECK(progress.done == 2 * kHosts);
    CHECK(progress.total == 2 * kHosts);
    CHECK(progress.rules_hash == second->hash);
    CHECK_FALSE(progress.running);
    CHECK(progress.problem.empty());
  }
}

TEST_CASE("what a stop leaves undone is done after a restart") {
  Lab lab;
  lab.fill();
  const auto second = lab.change("cpu.cores >= 9", "cpu.cores >= 30");
  std::size_t rounds = 0;
  for (; !lab.all_judged_by(*second); ++rounds) {
    REQUIRE(rounds < 1000);
    Rejudging rejudging(*lab.store, lab.rules, {1, 0, {3, 1u << 20}, 1, 10});
    wait_until([&] { return rejudging.progress().running || get(lab.store->count_to_rejudge(second->hash)) == 0; });
  }
  CHECK(lab.shown() == lab.fresh());
}

TEST_CASE("of rules that follow each other at once the last have the last word") {
  Lab lab;
  lab.fill();
  Rejudging rejudging(*lab.store, lab.rules, {2, 0, {2, 1u << 20}, 1, 10});
  std::shared_ptr<const RuleSet> last;
  for (int cores = 10; cores < 30; ++cores) {
    last = lab.change("cpu.cores >= " + std::to_string(cores - 1), "cpu.cores >= " + std::to_string(cores));
    rejudging.wake();
  }
  wait_until([&] {
    rejudging.finish();
    return rejudging.progress().rules_hash == last->hash;
  });
  CHECK(lab.all_judged_by(*last));
  CHECK(lab.shown() == lab.fresh());
}

TEST_CASE("scans that arrive while rules are applied are judged by the new rules and win") {
  Lab lab;
  lab.fill();
  Fleet fleet(*lab.store, lab.rules);
  auto ingest = make_ingest(*lab.store, lab.rules);
  Rejudging rejudging(*lab.store, lab.rules, {2, 0, {1, 1u << 20}, 1, 10});
  std::atomic<int> accepted{0};
  std::vector<std::thread> agents;
  constexpr int kAgents = 4, kScansEach = 15;
  for (int agent = 0; agent < kAgents; ++agent)
    agents.emplace_back([&, agent] {
      for (int i = 0; i < kScansEach; ++i) {
        const Scan scan = small_scan(host_number(agent), static_cast<std::uint64_t>(3 + i), "no", 100 * agent + i);
        ingest->accept(scan.host_id, "application/zstd", compress_zstd(to_json(scan)), [&](Response response) { accepted += response.status == 200; });
      }
    });
  std::shared_ptr<const RuleSet> last;
  for (int cores = 10; cores < 15; ++cores) {
    last = lab.change("cpu.cores >= " + std::to_string(cores - 1), "cpu.cores >= " + std::to_string(cores));
    rejudging.wake();
    get(fleet.refresh());
  }
  for (std::thread& agent : agents) agent.join();
  ingest.reset();  // answers what is queued
  CHECK(accepted == kAgents * kScansEach);
  for (int agent = 0; agent < kAgents; ++agent)
    for (int i = 0; i < kScansEach; ++i) lab.scans.push_back(small_scan(host_number(agent), static_cast<std::uint64_t>(3 + i), "no", 100 * agent + i));
  // As the server does: what a scan on its way left to do is seen at the next look.
  wait_until([&] {
    get(fleet.refresh());
    if (fleet.to_rejudge() == 0) return true;
    rejudging.wake();
    rejudging.finish();
    return false;
  });
  CHECK(lab.all_judged_by(*last));
  CHECK(get(fleet.refresh())->json() == lab.fresh());
  for (int agent = 0; agent < kAgents; ++agent) CHECK(get(lab.store->host(host_number(agent)))->sequence == 2u + kScansEach);
}
