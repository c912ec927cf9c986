// SPDX-License-Identifier: Apache-2.0
// The contract of a store, run over every backend.
#include <atomic>
#include <thread>

#include "collector/store/rows.h"
#include "tests/catch.h"
#include "tests/collector/stores.h"

using namespace plumbline;
using namespace plumbline::testing;

namespace {

const std::string kHostA(32, 'a');
const std::string kHostB(32, 'b');

StoredScan scan_of(const std::string& host, std::uint64_t sequence, const std::string& facts) {
  StoredScan scan;
  scan.host_id = host;
  scan.sequence = sequence;
  scan.taken_at = 1000 + static_cast<std::int64_t>(sequence);
  scan.received_at = 2000 + static_cast<std::int64_t>(sequence);
  scan.host_name = "host-" + host.substr(0, 1);
  scan.facts_hash = facts;
  scan.document_zstd = std::string("\0\x28\xb5\x2f\xfd", 5) + facts;
  scan.rules_hash = "rules-1";
  scan.judgement = std::string("\x01\0\xff", 3) + facts;
  return scan;
}

template <class T>
T get(Result<T> result) {
  if (!result) FAIL(result.error().message);
  return std::move(*result);
}
void get(Result<void> result) {
  if (!result) FAIL(result.error().message);
}

std::unique_ptr<Store> store_with_hosts(const std::string& url) {
  auto store = get(open_store(url));
  get(store->add_host(kHostA, "a", 10));
  get(store->add_host(kHostB, "b", 11));
  return store;
}

}  // namespace

#define OVER_EVERY_STORE \
  for (const std::string& kind : store_kinds()) DYNAMIC_SECTION(kind)

TEST_CASE("a scan comes back byte for byte") {
  OVER_EVERY_STORE {
    ScratchFolder folder;
    auto store = store_with_hosts(new_store_url(kind, folder));
    CHECK(get(store->accept({scan_of(kHostA, 1, "f1")})) == std::vector{Acceptance::accepted});
    const auto found = get(store->latest_scan(kHostA));
    REQUIRE(found);
    const StoredScan sent = scan_of(kHostA, 1, "f1");
    CHECK(found->sequence == 1);
    CHECK(found->taken_at == sent.taken_at);
    CHECK(found->received_at == sent.received_at);
    CHECK(found->host_name == "host-a");
    CHECK(found->facts_hash == "f1");
    CHECK(found->document_zstd == sent.document_zstd);
    CHECK(found->judgement == sent.judgement);
    CHECK_FALSE(get(store->latest_scan(kHostB)));
    CHECK(get(store->scan(kHostA, 1))->document_zstd == sent.document_zstd);
    CHECK_FALSE(get(store->scan(kHostA, 2)));
    CHECK_FALSE(get(store->scan(kHostA, UINT64_MAX)));
  }
}

TEST_CASE("the same scan is kept once and an old sequence is refused") {
  OVER_EVERY_STORE {
    ScratchFolder folder;
    auto store = store_with_hosts(new_store_url(kind, folder));
    const auto first = get(store->accept({scan_of(kHostA, 5, "f"), scan_of(kHostA, 5, "f"), scan_of(kHostA, 5, "other"),
                                          scan_of(kHostA, 4, "f"), scan_of(kHostB, 1, "f"), scan_of(kHostA, 6, "g")}));
    CHECK(first == std::vector{Acceptance::accepted, Acceptance::duplicate, Acceptance::stale, Acceptance::stale,
                               Acceptance::accepted, Acceptance::accepted});
    CHECK(get(store->accept({scan_of(kHostA, 6, "g")})) == std::vector{Acceptance::duplicate});
    CHECK(get(store->accept({scan_of(kHostA, 5, "f")})) == std::vector{Acceptance::stale});
    CHECK(get(store->history(kHostA, 10)).size() == 2);
    CHECK(get(store->host(kHostA))->sequence == 6u);
  }
}

TEST_CASE("one scan of an unknown host leaves nothing of its group behind") {
  OVER_EVERY_STORE {
    ScratchFolder folder;
    auto store = store_with_hosts(new_store_url(kind, folder));
    const auto answer = store->accept({scan_of(kHostA, 1, "f"), scan_of(std::string(32, 'c'), 1, "f")});
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind == ErrorKind::not_found);
    CHECK_FALSE(get(store->latest_scan(kHostA)));
    CHECK_FALSE(get(store->host(kHostA))->sequence);
    const auto too_far = store->accept({scan_of(kHostA, UINT64_MAX, "f")});
    REQUIRE_FALSE(too_far);
    CHECK(too_far.error().kind == ErrorKind::invalid);
  }
}

TEST_CASE("a host id that is no id finds nothing and harms nothing") {
  OVER_EVERY_STORE {
    ScratchFolder folder;
    auto store = store_with_hosts(new_store_url(kind, folder));
    for (const std::string id : {"", "'; DROP TABLE hosts; --", "{a}", "a,b", "\"", "../../etc/passwd"}) {
      CHECK_FALSE(get(store->host(id)));
      CHECK_FALSE(get(store->latest_scan(id)));
      CHECK_FALSE(store->accept({scan_of(id, 1, "f")}));
    }
    CHECK(get(store->hosts()).size() == 2);
  }
}

TEST_CASE("a group may be large and hold many scans of one host") {
  OVER_EVERY_STORE {
    ScratchFolder folder;
    auto store = store_with_hosts(new_store_url(kind, folder));
    std::vector<StoredScan> group;
    for (std::uint64_t sequence = 1; sequence <= 600; ++sequence)
      group.push_back(scan_of(sequence % 2 == 0 ? kHostA : kHostB, sequence, "f" + std::to_string(sequence)));
    const auto answers = get(store->accept(group));
    CHECK(std::count(answers.begin(), answers.end(), Acceptance::accepted) == 600);
    CHECK(get(store->host(kHostA))->sequence == 600u);
    CHECK(get(store->history(kHostB, 1000)).size() == 300);
    CHECK(get(store->previous_scan(kHostA))->sequence == 598);
  }
}

TEST_CASE("the previous scan is the last one with other facts") {
  OVER_EVERY_STORE {
    ScratchFolder folder;
    auto store = store_with_hosts(new_store_url(kind, folder));
    get(store->accept({scan_of(kHostA, 1, "f1")}));
    CHECK_FALSE(get(store->previous_scan(kHostA)));
    get(store->accept({scan_of(kHostA, 2, "f2")}));
    get(store->accept({scan_of(kHostA, 3, "f2")}));
    const auto previous = get(store->previous_scan(kHostA));
    REQUIRE(previous);
    CHECK(previous->sequence == 1);
    const auto host = get(store->host(kHostA));
    CHECK(host->previous_sequence == 1u);
    CHECK(host->previous_judgement == scan_of(kHostA, 1, "f1").judgement);
    CHECK(host->judgement == scan_of(kHostA, 3, "f2").judgement);
    CHECK(get(store->history(kHostA, 2)).front().sequence == 3);
    CHECK(get(store->history(kHostA, 2)).size() == 2);
  }
}

TEST_CASE("judgements made again replace the old ones in the scans and in the host") {
  OVER_EVERY_STORE {
    ScratchFolder folder;
    auto store = store_with_hosts(new_store_url(kind, folder));
    get(store->accept({scan_of(kHostA, 1, "f1"), scan_of(kHostA, 2, "f2"), scan_of(kHostB, 1, "g")}));
    const auto before = get(store->host(kHostA))->change;
    CHECK(get(store->count_to_rejudge("rules-1")) == 0);
    CHECK(get(store->count_to_rejudge("rules-2")) == 3);
    get(store->rejudge_many("rules-2", {{kHostA, 2, std::string("\0new", 4)}, {kHostB, 1, "b"}}));
    get(store->rejudge_many("rules-2", {{kHostA, 1, "older"}}));
    get(store->rejudge_many("rules-2", {}));
    const auto host = get(store->host(kHostA));
    CHECK(host->rules_hash == "rules-2");
    CHECK(host->judgement == std::string("\0new", 4));
    CHECK(host->previous_judgement == "older");
    CHECK(host->previous_rules_hash == "rules-2");
    CHECK(host->change > before);
    CHECK(get(store->host(kHostB))->judgement == "b");
    CHECK(get(store->scan(kHostA, 2))->judgement == std::string("\0new", 4));
    CHECK(get(store->latest_scan(kHostA))->rules_hash == "rules-2");
    CHECK(get(store->previous_scan(kHostA))->judgement == "older");
    CHECK(get(store->history(kHostA, 9)).back().rules_hash == "rules-2");
    CHECK(get(store->scan(kHostA, 2))->document_zstd == scan_of(kHostA, 2, "f2").document_zstd);
    CHECK(get(store->count_to_rejudge("rules-2")) == 0);
    const auto rows = get(store->changed_since(before));
    CHECK(rows.size() == 2);
    CHECK(rows.front().change != rows.back().change);
  }
}

TEST_CASE("a judgement of a scan that a newer one has replaced changes nothing") {
  OVER_EVERY_STORE {
    ScratchFolder folder;
    auto store = store_with_hosts(new_store_url(kind, folder));
    get(store->accept({scan_of(kHostA, 1, "f1")}));
    get(store->accept({scan_of(kHostA, 2, "f2"), scan_of(kHostA, 3, "f3")}));
    get(store->rejudge_many("rules-2", {{kHostA, 1, "late"}, {std::string(32, 'c'), 1, "of nobody"}, {"no id", 1, ""}}));
    const auto host = get(store->host(kHostA));
    CHECK(host->rules_hash == "rules-1");
    CHECK(host->judgement == scan_of(kHostA, 3, "f3").judgement);
    CHECK(host->previous_judgement == scan_of(kHostA, 2, "f2").judgement);
    CHECK(get(store->scan(kHostA, 1))->judgement == scan_of(kHostA, 1, "f1").judgement);
    // A scan of the same facts takes the place of the latest one; the one before it keeps its judgement.
    get(store->rejudge_many("rules-2", {{kHostA, 3, "three"}, {kHostA, 2, "two"}}));
    get(store->accept({scan_of(kHostA, 4, "f3")}));
    CHECK(get(store->host(kHostA))->previous_judgement == "two");
    CHECK(get(store->host(kHostA))->rules_hash == "rules-1");
  }
}

TEST_CASE("scans to judge again come in pages by host, bounded in number and in bytes") {
  OVER_EVERY_STORE {
    ScratchFolder folder;
    auto store = get(open_store(new_store_url(kind, folder)));
    std::vector<std::string> hosts;
    for (int i = 0; i < 25; ++i) {
      hosts.push_back(std::string(30, 'e') + std::to_string(10 + i));
      get(store->add_host(hosts.back(), "", 1));
      if (i % 5 == 4) continue;  // enrolled, but silent
      get(store->accept({scan_of(hosts.back(), 1, "first")}));
      if (i % 2 == 0) get(store->accept({scan_of(hosts.back(), 2, "second, a little longer")}));
    }
    const auto walk = [&](Which which, const PageLimits& limits, std::size_t most_in_page) {
      std::vector<std::string> seen;
      std::string after;
      for (;;) {
        const auto page = get(store->scans_to_rejudge("rules-2", which, after, limits));
        if (page.empty()) return seen;
        CHECK(page.size() <= most_in_page);
        for (const StoredDocument& document : page) {
          const auto scan = get(store->scan(document.host_id, document.sequence));
          REQUIRE(scan);
          CHECK(document.document_zstd == scan->document_zstd);
          seen.push_back(document.host_id + " " + std::to_string(document.sequence));
        }
        after = page.back().host_id;
      }
    };
    std::vector<std::string> latest, previous;
    for (std::size_t i = 0; i < hosts.size(); ++i) {
      if (i % 5 == 4) continue;
      latest.push_back(hosts[i] + (i % 2 == 0 ? " 2" : " 1"));
      if (i % 2 == 0) previous.push_back(hosts[i] + " 1");
    }
    CHECK(walk(Which::latest, {7, 1u << 20}, 7) == latest);
    CHECK(walk(Which::latest, {1000, 1u << 20}, 1000) == latest);
    CHECK(walk(Which::latest, {1000, 1}, 1) == latest);
    CHECK(walk(Which::latest, {1000, 40}, 4) == latest);
    CHECK(walk(Which::previous, {3, 1u << 20}, 3) == previous);
    CHECK(get(store->count_to_rejudge("rules-2")) == latest.size() + previous.size());
    get(store->rejudge_many("rules-2", {{hosts[1], 1, "again"}, {hosts[2], 1, "again"}}));
    CHECK(get(store->count_to_rejudge("rules-2")) == latest.size() + previous.size() - 2);
    CHECK(get(store->scans_to_rejudge("rules-2", Which::latest, hosts[0], {1, 1u << 20})).front().host_id == hosts[2]);
    CHECK(get(store->scans_to_rejudge("rules-2", Which::previous, "", {2, 1u << 20})).back().host_id == hosts[6]);
    CHECK_FALSE(store->rejudge_many("rules-2", std::vector<Rejudged>(kMostRejudged + 1)));
  }
}

TEST_CASE("changes can be read a few at a time") {
  OVER_EVERY_STORE {
    ScratchFolder folder;
    auto store = store_with_hosts(new_store_url(kind, folder));
    get(store->accept({scan_of(kHostB, 1, "f"), scan_of(kHostA, 1, "f")}));
    const auto all = get(store->changed_since(-1));
    REQUIRE(all.size() == 2);
    CHECK(get(store->changed_since(-1, 1)).front().id == all.front().id);
    CHECK(get(store->changed_since(all.front().change, 1)).front().id == all.back().id);
    CHECK(get(store->changed_since(all.back().change, 1)).empty());
  }
}

TEST_CASE("the change number tells which hosts to read again") {
  OVER_EVERY_STORE {
    ScratchFolder folder;
    auto store = store_with_hosts(new_store_url(kind, folder));
    auto rows = get(store->changed_since(-1));
    REQUIRE(rows.size() == 2);
    auto seen = rows.back().change;
    CHECK(get(store->changed_since(seen)).empty());
    get(store->accept({scan_of(kHostB, 1, "f"), scan_of(kHostA, 1, "f")}));
    rows = get(store->changed_since(seen));
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].change < rows[1].change);
    seen = rows.back().change;
    get(store->accept({scan_of(kHostB, 1, "f")}));  // a duplicate changes nothing
    CHECK(get(store->changed_since(seen)).empty());
    get(store->set_denied(kHostB, true));
    rows = get(store->changed_since(seen));
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].id == kHostB);
    CHECK(rows[0].denied);
    CHECK_FALSE(store->set_denied(std::string(32, 'f'), true));
  }
}

TEST_CASE("hosts are listed by name in byte order, and adding one again renames it") {
  OVER_EVERY_STORE {
    ScratchFolder folder;
    auto store = get(open_store(new_store_url(kind, folder)));
    for (const char* name : {"b", "B", "é", "_", "a"}) get(store->add_host(std::string(31, '0') + name, name, 1));
    std::string order;
    for (const HostRow& row : get(store->hosts())) order += row.name;
    CHECK(order == "B_abé");
    get(store->add_host(std::string(31, '0') + "a", "z", 99));
    CHECK(get(store->host(std::string(31, '0') + "a"))->name == "z");
    CHECK(get(store->host(std::string(31, '0') + "a"))->enrolled_at == 1);
  }
}

TEST_CASE("text from outside is kept, whatever is in it") {
  OVER_EVERY_STORE {
    ScratchFolder folder;
    auto store = store_with_hosts(new_store_url(kind, folder));
    const std::string nasty = std::string("nul\0bad\xff utf 'quote\" \\x41 ", 26) + "\xe2\x82\xac";
    get(store->add_host(kHostA, nasty, 1));
    get(store->put_setting("organisation", nasty));
    get(store->add_audit(nasty, nasty, nasty, nasty, 1));
    CHECK(get(store->host(kHostA))->name == storable(nasty));
    CHECK(get(store->setting("organisation")) == storable(nasty));
    CHECK(get(store->audit(1)).front().detail == storable(nasty));
  }
}

TEST_CASE("of 100 redemptions of a token at once exactly one succeeds") {
  OVER_EVERY_STORE {
    ScratchFolder folder;
    auto store = get(open_store(new_store_url(kind, folder)));
    get(store->add_token("token", 1000, "test"));
    get(store->add_token("late", 1000, "test"));
    std::atomic<int> redeemed{0}, failed{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 100; ++i)
      threads.emplace_back([&] {
        const auto answer = store->redeem_token("token", 999);
        if (!answer) ++failed;
        else if (*answer) ++redeemed;
      });
    for (std::thread& thread : threads) thread.join();
    CHECK(redeemed == 1);
    CHECK(failed == 0);
    CHECK_FALSE(get(store->redeem_token("late", 1000)));  // expired
    CHECK_FALSE(get(store->redeem_token("", 1)));
    CHECK_FALSE(get(store->redeem_token("unknown", 1)));
    CHECK_FALSE(store->add_token("token", 2000, "test"));  // a hash that is there already
  }
}

TEST_CASE("certificates, users, sessions, scores and settings are kept") {
  OVER_EVERY_STORE {
    ScratchFolder folder;
    const std::string url = new_store_url(kind, folder);
    {
      auto store = store_with_hosts(url);
      get(store->add_certificate({kHostA, "02", "key", 2}));
      get(store->add_certificate({kHostA, "01", "key", 1}));
      CHECK_FALSE(store->add_certificate({std::string(32, 'c'), "01", "key", 1}));  // of no host
      get(store->put_user({"ada", "hash", "admin", 5}));
      get(store->put_session({"t1", "ada", "admin", "c", 1, 1, 100}));
      get(store->put_session({"t2", "ada", "admin", "c", 1, 1, 300}));
      get(store->put_session({"t2", "ada", "admin", "c", 1, 150, 300}));  // t1 has expired by then
      get(store->add_score({1, std::nullopt, 0, 1000, 1, 0, "r"}));
      get(store->add_score({2, 413, 300, 500, 2, 7, "r"}));
      get(store->put_setting("organisation", "One"));
      get(store->put_setting("organisation", "Two"));
    }
    auto store = get(open_store(url));
    CHECK(get(store->certificates(kHostA)).front().serial_hex == "01");
    CHECK(get(store->user("ada"))->role == "admin");
    CHECK_FALSE(get(store->user("eve")));
    CHECK_FALSE(get(store->session("t1")));
    CHECK(get(store->session("t2"))->seen_at == 150);
    get(store->put_user({"ada", "other", "viewer", 6}));  // a new password ends the sessions
    CHECK_FALSE(get(store->session("t2")));
    CHECK(get(store->users()).size() == 1);
    get(store->put_session({"t3", "ada", "viewer", "c", 1, 1, 300}));
    get(store->end_session("t3"));
    CHECK_FALSE(get(store->session("t3")));
    const auto scores = get(store->scores(10));
    REQUIRE(scores.size() == 2);
    CHECK_FALSE(scores[0].value);
    CHECK(scores[1].value == 413);
    CHECK(get(store->scores(1)).front().at == 2);
    CHECK(get(store->setting("organisation")) == "Two");
    CHECK_FALSE(get(store->setting("none")));
  }
}

TEST_CASE("the audit log is one chain even when many write to it") {
  OVER_EVERY_STORE {
    ScratchFolder folder;
    auto store = get(open_store(new_store_url(kind, folder)));
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&, i] {
        for (int j = 0; j < 5; ++j)
          (void)store->add_audit("actor" + std::to_string(i), "act", "subject", std::to_string(j), i);
      });
    for (std::thread& thread : threads) thread.join();
    auto rows = get(store->audit(100));
    REQUIRE(rows.size() == 40);
    get(store->check());
    std::reverse(rows.begin(), rows.end());
    CHECK(check_audit_chain(rows));
    auto edited = rows;
    edited[7].detail = "other";
    CHECK_FALSE(check_audit_chain(edited));
    edited = rows;
    edited.erase(edited.begin() + 3);
    CHECK_FALSE(check_audit_chain(edited));
    edited = rows;
    std::swap(edited[1], edited[2]);
    CHECK_FALSE(check_audit_chain(edited));
  }
}

TEST_CASE("two programs may hold one store open") {
  OVER_EVERY_STORE {
    ScratchFolder folder;
    const std::string url = new_store_url(kind, folder);
    auto first = store_with_hosts(url);
    auto second = get(open_store(url));
    std::thread other([&] {
      for (std::uint64_t i = 1; i <= 50; ++i) (void)second->accept({scan_of(kHostB, i, "f")});
    });
    for (std::uint64_t i = 1; i <= 50; ++i) get(first->accept({scan_of(kHostA, i, "f")}));
    other.join();
    CHECK(get(first->host(kHostB))->sequence == 50u);
    CHECK(get(second->host(kHostA))->sequence == 50u);
    CHECK(get(first->changed_since(0)).back().change >= 100);
  }
}

TEST_CASE("what is no store is refused with a reason") {
  ScratchFolder folder;
  for (const std::string& url : {std::string("mysql://x"), std::string(""), std::string("sqlite:"),
                                "sqlite:" + folder.path() + "/no/such/folder/x.db",
                                std::string("postgresql:///x?host=/nonexistent")}) {
    const auto store = open_store(url);
    REQUIRE_FALSE(store);
    CHECK(store.error().message.find("store") == 0);
  }
}
