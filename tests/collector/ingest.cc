// SPDX-License-Identifier: Apache-2.0
// What an agent's body must pass, and that an answer of 200 means stored (goals S6, S7, S8).
#include "collector/ingest/ingest.h"

#include <sys/mman.h>
#include <zstd.h>

#include <array>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/file.h"
#include "base/text.h"
#include "base/zstd.h"
#include "collector/ingest/base_cache.h"
#include "collector/judging.h"
#include "facts/wire.h"
#include "tests/collector/scans.h"
#include "tests/collector/stores.h"

using namespace plumbline;
using namespace plumbline::testing;

namespace {

// A collector's inside with two enrolled hosts.
struct Desk {
  ScratchFolder folder;
  std::unique_ptr<Store> store;
  std::unique_ptr<Ingest> ingest;

  explicit Desk(const IngestLimits& limits = {}) {
    store = get(open_store("sqlite:" + folder.path() + "/store.db"));
    get(store->add_host(kHostA, "a", 1));
    get(store->add_host(kHostB, "b", 1));
    ingest = make_ingest(*store, small_rules(), limits);
  }
  Response send_bytes(std::string_view body, const std::string& as = kHostA, std::string_view type = "application/zstd") {
    std::promise<Response> promise;
    ingest->accept(as, type, body, [&](Response response) { promise.set_value(std::move(response)); });
    return promise.get_future().get();
  }
  Response send_text(std::string_view json, const std::string& as = kHostA) { return send_bytes(compress_zstd(json), as); }
  Response send(const Scan& scan, const std::map<std::string, std::string>& known = {}) { return send_text(to_wire(scan, known), scan.host_id); }
  std::size_t scans_of(const std::string& host) { return get(store->history(host, 100'000)).size(); }
};

nlohmann::json body_of(const Response& response) { return nlohmann::json::parse(response.body); }

// A frame whose header does not say how much it inflates to.
std::string frame_of_untold_length(std::string_view content) {
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, 0);
  std::string frame(ZSTD_compressBound(content.size()), '\0');
  frame.resize(ZSTD_compress2(context.get(), frame.data(), frame.size(), content.data(), content.size()));
  return frame;
}

std::size_t peak_memory_kib() {
  const std::string status = get(read_file("/proc/self/status", 1u << 20));
  for (const std::string_view line : lines(status))  // "VmHWM:     12345 kB"
    if (line.substr(0, 6) == "VmHWM:") return parse_u64(words(line)[1]).value_or(0);
  return 0;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("an accepted scan is stored with its judgement before the answer") {
  Desk desk;
  const Response response = desk.send(small_scan(kHostA, 1, "yes"));
  CHECK(response.status == 200);
  CHECK(body_of(response) == nlohmann::json({{"sequence", 1}, {"result", "accepted"}}));
  const auto stored = get(desk.store->latest_scan(kHostA));
  REQUIRE(stored);
  CHECK(stored->host_name == "host-a");
  CHECK(to_json(get(read_stored(*stored))) == to_json(small_scan(kHostA, 1, "yes")));
  const auto rules = small_rules();
  const Judgement judgement = get(unpack_judgement(stored->judgement, rules->rules.size(), rules->measures.size()));
  CHECK(judgement.verdicts == std::vector{Verdict::pass, Verdict::fail, Verdict::pass});  // cores, root-login, supported
  CHECK(judgement.measures.front() == 16.0);
  CHECK(desk.ingest->counts().accepted == 1);
}

TEST_CASE("the same body sent 10,000 times is stored once") {
  Desk desk;
  const std::string body = compress_zstd(to_json(small_scan(kHostA, 1)));
  int duplicates = 0;
  for (int i = 0; i < 10'000; ++i) {
    const Response response = desk.send_bytes(body);
    if (response.status != 200) FAIL(response.body);
    if (contains(response.body, "duplicate")) ++duplicates;
  }
  CHECK(duplicates == 9'999);
  CHECK(desk.scans_of(kHostA) == 1);
}

TEST_CASE("the same body sent by 16 threads at once is stored once") {
  Desk desk;
  const std::string body = compress_zstd(to_json(small_scan(kHostA, 1)));
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i)
    threads.emplace_back([&] {
      for (int j = 0; j < 20; ++j) (void)desk.send_bytes(body);
    });
  for (std::thread& thread : threads) thread.join();
  const IngestCounts counts = desk.ingest->counts();
  CHECK(counts.accepted == 1);
  CHECK(counts.duplicates == 319);
  CHECK(desk.scans_of(kHostA) == 1);
}

TEST_CASE("a scan of another host, of no host or of an unknown host is refused") {
  Desk desk;
  const std::string of_a = to_json(small_scan(kHostA, 1));
  CHECK(desk.send_text(of_a, kHostB).status == 403);
  CHECK(desk.send_text(of_a, "").status == 403);
  Scan nameless = small_scan(kHostA, 1);
  nameless.host_id.clear();
  CHECK(desk.send_text(to_json(nameless), "").status == 403);
  CHECK(desk.send(small_scan(std::string(32, 'c'), 1)).status == 403);
  CHECK(desk.scans_of(kHostA) == 0);
  CHECK(desk.ingest->counts().refused == 4);
}

TEST_CASE("an old sequence is refused and the last one named") {
  Desk desk;
  REQUIRE(desk.send(small_scan(kHostA, 7)).status == 200);
  for (const Scan& scan : {small_scan(kHostA, 6), small_scan(kHostA, 7, "yes"), small_scan(kHostA, 0)}) {
    const Response response = desk.send(scan);
    CHECK(response.status == 409);
    CHECK(body_of(response)["sequence"] == 7);
  }
  // Another collector on the same store took a later one: this one has not seen it, the store has.
  get(desk.store->accept({judge_for_store(small_scan(kHostA, 9), *small_rules(), 1)}));
  const Response response = desk.send(small_scan(kHostA, 8));
  CHECK(response.status == 409);
  CHECK(body_of(response)["sequence"] == 9);
  CHECK(desk.scans_of(kHostA) == 2);
}

TEST_CASE("sections that did not change are those of the last scan, or the scan is asked for whole") {
  Desk desk;
  const Scan first = small_scan(kHostA, 1);
  Response response = desk.send(first, hashes_of(first));  // nothing is here yet
  CHECK(response.status == 409);
  CHECK(body_of(response)["need"] == "everything");
  REQUIRE(desk.send(first).status == 200);
  const Scan second = small_scan(kHostA, 2, "yes");
  REQUIRE(desk.send(second, hashes_of(first)).status == 200);
  CHECK(to_json(get(read_stored(*get(desk.store->latest_scan(kHostA))))) == to_json(second));
  // A collector that has just started has no base in memory and reads it from the store.
  desk.ingest = make_ingest(*desk.store, small_rules());
  const Scan third = small_scan(kHostA, 3, "no");
  REQUIRE(desk.send(third, hashes_of(second)).status == 200);
  CHECK(to_json(get(read_stored(*get(desk.store->latest_scan(kHostA))))) == to_json(third));
  // The base moved on: what was acknowledged long ago is asked for whole.
  response = desk.send(small_scan(kHostA, 4, "yes"), hashes_of(second));
  CHECK(response.status == 409);
  CHECK(body_of(response)["need"] == "everything");
  // A repeat is known by the hash of all its facts, whatever it was laid over.
  CHECK(body_of(desk.send(third, hashes_of(third)))["result"] == "duplicate");
  CHECK(body_of(desk.send(third, hashes_of(second)))["result"] == "duplicate");
  // What the sender says of the whole must be what comes of it.
  const std::string lying = replaced(to_wire(small_scan(kHostA, 4, "yes"), hashes_of(third)), "\"permit_root_login\":\"yes\"", "\"permit_root_login\":\"no\"");
  CHECK(desk.send_text(lying, kHostA).status == 409);
  REQUIRE(desk.send(small_scan(kHostA, 4, "yes"), hashes_of(third)).status == 200);
}

TEST_CASE("a scan that changes little is judged as if it were judged whole") {
  Desk desk;
  const auto rules = small_rules();
  std::uint64_t sequence = 0;
  std::map<std::string, std::string> known;
  for (const auto& [root_login, cores] : {std::pair{"no", 16}, {"no", 16}, {"yes", 16}, {"yes", 4}, {"no", 4}, {"no", 99}}) {
    Scan scan = small_scan(kHostA, ++sequence, root_login, cores);
    if (sequence == 3) scan.sections.erase("memory");
    if (sequence == 5) scan.sections["os"].data["version"] = "10";
    if (sequence == 6) {
      scan.sections["ssh"].data.erase("permit_root_login");
      scan.sections["ssh"].missing["ssh.permit_root_login"] = "permission denied";
      scan.taken_at += 400 * 86'400;  // its operating system has aged meanwhile
    }
    hash_sections(scan);
    if (sequence == 5) desk.ingest = make_ingest(*desk.store, rules);  // the base comes from the store
    REQUIRE(desk.send(scan, known).status == 200);
    known = hashes_of(scan);
    CHECK(get(desk.store->host(kHostA))->judgement == judge_for_store(scan, *rules, 1).judgement);
  }
}

TEST_CASE("a scan is judged by the rules that are in force when it comes") {
  ScratchFolder folder;
  Desk desk;
  RulesInForce rules(small_rules(), 1);
  desk.ingest = make_ingest(*desk.store, rules);
  REQUIRE(desk.send(small_scan(kHostA, 1)).status == 200);
  const auto other = small_rules(changed_rules(folder.path() + "/rules", "cpu.cores >= 8", "cpu.cores >= 17"));
  rules.take(other, 2);
  const Scan same = small_scan(kHostA, 2);
  REQUIRE(desk.send(same, hashes_of(same)).status == 200);  // nothing changed but the rules
  CHECK(get(desk.store->host(kHostA))->rules_hash == other->hash);
  CHECK(get(desk.store->host(kHostA))->judgement == judge_for_store(same, *other, 1).judgement);
}

TEST_CASE("a stored scan that was damaged is never laid under a new one") {
  Desk desk;
  const Scan first = small_scan(kHostA, 1);
  StoredScan stored = judge_for_store(first, *small_rules(), 1);
  stored.document_zstd = compress_zstd(replaced(to_json(first), "\"cores\":16", "\"cores\":61"));
  get(desk.store->accept({stored}));
  const Response response = desk.send(small_scan(kHostA, 2, "yes"), hashes_of(first));
  CHECK(response.status == 409);
  CHECK(body_of(response)["need"] == "everything");
  CHECK(desk.send(small_scan(kHostA, 2, "yes")).status == 200);
}

TEST_CASE("a body that is no scan is refused with a reason") {
  Desk desk;
  const std::string good = to_json(small_scan(kHostA, 1));
  const std::string deep = std::string(40, '[') + std::string(40, ']');
  const std::array<std::pair<const char*, std::string>, 22> bad = {{
      {"empty", ""},
      {"text", "hello"},
      {"cut", good.substr(0, good.size() - 1)},
      {"trailing", good + "{}"},
      {"array", "[]"},
      {"duplicate key", replaced(good, "\"schema\":1", "\"schema\":1,\"schema\":1")},
      {"duplicate fact", replaced(good, "\"cores\":16", "\"cores\":16,\"cores\":16")},
      {"NaN", replaced(good, "\"cores\":16", "\"cores\":NaN")},
      {"too large a number", replaced(good, "\"cores\":16", "\"cores\":1e400")},
      {"number out of range", replaced(good, "\"cores\":16", "\"cores\":99999999999999999999")},
      {"too deep", replaced(good, "\"cores\":16", "\"cores\":" + deep)},
      {"NUL", replaced(good, "host-a", "host\\u0000a")},
      {"bad UTF-8", replaced(good, "host-a", "host\xff\xfe")},
      {"overlong UTF-8", replaced(good, "host-a", "host\xc0\xaf")},
      {"lone surrogate", replaced(good, "host-a", "host\\ud800")},
      {"long string", replaced(good, "host-a", std::string(70'000, 'x'))},
      {"wrong type", replaced(good, "\"cores\":16", "\"cores\":\"16\"")},
      {"another schema", replaced(good, "\"schema\":1", "\"schema\":2")},
      {"hash of other facts", replaced(good, "\"cores\":16", "\"cores\":17")},
      {"host id as a path", replaced(good, kHostA, "../../../../../../../etc/passwd")},
      {"negative sequence", replaced(good, "\"sequence\":1", "\"sequence\":-1")},
      {"sequence beyond reason", replaced(good, "\"sequence\":1", "\"sequence\":18446744073709551615")},
  }};
  for (const auto& [name, text] : bad) {
    INFO(name);
    const Response response = desk.send_text(text);
    CHECK(response.status == 400);
    CHECK_FALSE(body_of(response)["error"].get<std::string>().empty());
    CHECK_FALSE(body_of(response)["next"].get<std::string>().empty());
  }
  std::string many = "[0";
  for (int i = 0; i < 200'001; ++i) many += ",0";
  CHECK(desk.send_text(replaced(good, "\"cores\":16", "\"cores\":" + many + "]")).status == 400);
  CHECK(desk.scans_of(kHostA) == 0);
  CHECK(desk.send_text(good).status == 200);
}

TEST_CASE("a body that is no single zstd frame is refused") {
  Desk desk;
  const std::string good = to_json(small_scan(kHostA, 1));
  const std::string frame = compress_zstd(good);
  CHECK(desk.send_bytes(frame, kHostA, "application/json").status == 415);
  CHECK(desk.send_bytes(frame, kHostA, "").status == 415);
  CHECK(desk.send_bytes(good).status == 400);
  CHECK(desk.send_bytes(frame + frame).status == 400);
  CHECK(desk.send_bytes(frame.substr(0, frame.size() - 1)).status == 400);
  CHECK(desk.send_bytes(frame + "x").status == 400);
  CHECK(desk.send_bytes(std::string("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10)).status == 400);
  CHECK(desk.send_bytes(compress_zstd(std::string("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10))).status == 400);
  CHECK(desk.send_bytes(compress_zstd(frame)).status == 400);  // a frame in a frame
  CHECK(desk.send_bytes(std::string((4u << 20) + 1, 'x')).status == 413);
  CHECK(desk.send_bytes(frame, kHostA, "Application/ZSTD; charset=binary").status == 200);
}

TEST_CASE("a zstd bomb costs no memory") {
  Desk desk;
  constexpr std::size_t kBombBytes = 512u << 20;
  // Zero pages that are only read take no memory of their own.
  void* zeros = ::mmap(nullptr, kBombBytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  REQUIRE(zeros != MAP_FAILED);
  const std::string_view content(static_cast<const char*>(zeros), kBombBytes);
  const std::string bomb = compress_zstd(content), silent = frame_of_untold_length(content);
  ::munmap(zeros, kBombBytes);
  CHECK(kBombBytes / bomb.size() > 10'000);
  get(write_file_atomic(desk.folder.path() + "/warm", "x"));
  (void)desk.send(small_scan(kHostA, 1));
  const std::size_t before = peak_memory_kib();
  for (int i = 0; i < 20; ++i) {
    CHECK(desk.send_bytes(bomb).status == 413);
    CHECK(desk.send_bytes(silent).status == 413);
  }
  CHECK(peak_memory_kib() - before <= 32 * 1024);
}

TEST_CASE("more than the queue holds is told to come back") {
  IngestLimits limits;
  limits.queued_scans = 0;
  Desk desk(limits);
  const Response response = desk.send(small_scan(kHostA, 1));
  CHECK(response.status == 503);
  CHECK(response.headers == std::vector<std::pair<std::string, std::string>>{{"Retry-After", "5"}});
  CHECK(desk.scans_of(kHostA) == 0);
  CHECK(desk.ingest->counts().unavailable == 1);
}

TEST_CASE("scans that arrive together are committed together") {
  Desk desk;
  constexpr int kHosts = 200;
  for (int i = 0; i < kHosts; ++i) get(desk.store->add_host(std::string(29, '0') + std::to_string(100 + i), "", 1));
  std::atomic<int> accepted{0};
  std::promise<void> all;
  for (int i = 0; i < kHosts; ++i) {
    const std::string host = std::string(29, '0') + std::to_string(100 + i);
    desk.ingest->accept(host, "application/zstd", compress_zstd(to_json(small_scan(host, 1))), [&](Response response) {
      if (response.status == 200 && ++accepted == kHosts) all.set_value();
    });
  }
  all.get_future().wait();
  CHECK(desk.ingest->counts().commits < kHosts);
  CHECK(get(desk.store->changed_since(-1)).size() == kHosts + 2);
}

TEST_CASE("what is queued when the collector stops is answered") {
  Desk desk;
  std::atomic<int> answered{0};
  for (std::uint64_t i = 1; i <= 50; ++i)
    desk.ingest->accept(kHostA, "application/zstd", compress_zstd(to_json(small_scan(kHostA, i))), [&](Response response) {
      if (response.status == 200) ++answered;
    });
  desk.ingest.reset();
  CHECK(answered == 50);
  CHECK(desk.scans_of(kHostA) == 50);
}

TEST_CASE("the cache of last scans stays within its limit and keeps what is used") {
  const auto scan = std::make_shared<const JudgedScan>(JudgedScan{small_scan(kHostA, 1), {}, {}});
  BaseCache cache(1000);
  cache.put("a", scan, 400);
  cache.put("b", scan, 400);
  CHECK(cache.find("a"));
  cache.put("c", scan, 400);  // b was used longest ago
  CHECK_FALSE(cache.find("b"));
  CHECK(cache.find("a"));
  CHECK(cache.find("c"));
  cache.put("a", scan, 2000);  // too large to keep, and the older one is no base any more
  CHECK_FALSE(cache.find("a"));
  CHECK(approximate_bytes(scan->scan) > 500);
}
