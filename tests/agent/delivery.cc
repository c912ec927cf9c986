// SPDX-License-Identifier: Apache-2.0
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "agent/delivery/child.h"
#include "agent/delivery/commands.h"
#include "agent/delivery/enroll.h"
#include "agent/delivery/identity.h"
#include "agent/delivery/spool.h"
#include "agent/delivery/uplink.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "base/time.h"
#include "base/tls.h"
#include "tests/catch.h"
#include "tests/wire/certificates.h"
#include "tests/wire/client.h"
#include "tests/wire/collector.h"

using namespace plumbline;

namespace {

struct Folder {
  std::filesystem::path path = std::filesystem::temp_directory_path() / ("plumbline-agent-" + hex(random_bytes(6)));
  ~Folder() { std::filesystem::remove_all(path); }
  std::string text() const { return path.string(); }
  std::string file(const std::string& name) const { return (path / name).string(); }
};

/// A scan of two sections, of which `memory` changes with the number.
Scan scan_of(std::int64_t number) {
  Scan scan;
  scan.taken_at = now_seconds();
  scan.agent_version = "0.1.0";
  scan.sections["cpu"].data = {{"model", "Test CPU"}};
  scan.sections["memory"].data = {{"total_bytes", number}};
  hash_sections(scan);
  return scan;
}

/// An agent on a folder of its own, enrolled at a collector that runs.
struct Enrolled {
  TestCollector collector;
  Folder state;
  std::string host_id;
  std::int64_t number = 0;

  Enrolled() {
    collector.start();
    const auto done = enroll({state.text(), collector.url(), collector.token(), "db-07", "0.1.0", false});
    REQUIRE(done.has_value());
    host_id = load_identity(state.text())->host_id;
  }
  Result<SendOutcome> send() {
    ++number;
    return send_once(state.text(), [this]() -> Result<Scan> { return scan_of(number); });
  }
};

}  // namespace

TEST_CASE("a host enrols with a token, keeps its key to itself and sends scans") {
  Enrolled agent;
  struct stat status {};
  REQUIRE(::stat(agent.state.file("identity.json").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  REQUIRE(::stat(agent.state.text().c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0700);
  const auto sent = agent.send();
  REQUIRE(sent.has_value());
  CHECK(sent->delivered == 1);
  CHECK(sent->kept == 0);
  CHECK(contains(sent->message, "delivered 1 scan to"));
  CHECK(agent.collector.accepted(1) == 1);
}

TEST_CASE("sections that the collector has acknowledged travel as hashes; what it lacks is sent again in full") {
  Enrolled agent;
  REQUIRE(agent.send()->delivered == 1);
  REQUIRE(agent.send()->delivered == 1);
  const auto two = agent.collector.arrivals();
  CHECK(two[0].sections_with_data == 2);
  CHECK(two[1].sections_with_data == 1);
  agent.collector.forget_bases = true;
  REQUIRE(agent.send()->delivered == 1);
  const auto four = agent.collector.arrivals();
  REQUIRE(four.size() == 4);
  CHECK(four[2].result == "need");
  CHECK(four[3].result == "accepted");
  CHECK(four[3].sections_with_data == 2);
}

TEST_CASE("while the collector is away scans are kept, and delivered in order when it returns") {
  Enrolled agent;
  agent.collector.stop();
  for (std::size_t i = 1; i <= 3; ++i) {
    const auto sent = agent.send();
    REQUIRE(sent.has_value());
    CHECK(sent->delivered == 0);
    CHECK(sent->kept == i);
    CHECK(contains(sent->message, "kept in the spool"));
  }
  agent.collector.start();
  CHECK(agent.send()->delivered == 4);
  const auto all = agent.collector.arrivals();
  REQUIRE(all.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) CHECK(all[i].sequence == i + 1);
}

TEST_CASE("a full spool drops the oldest and tells the collector how many") {
  Enrolled agent;
  agent.collector.stop();
  for (std::size_t i = 0; i < kMostSpooledScans + 5; ++i) REQUIRE(agent.send().has_value());
  agent.collector.start();
  CHECK(agent.send()->delivered == kMostSpooledScans);
  const auto all = agent.collector.arrivals();
  CHECK(all.front().sequence == 7);
  CHECK(all.front().dropped == 6);
  CHECK(all[1].dropped == 0);
  CHECK(agent.send()->delivered == 1);
}

TEST_CASE("answers 400 and 413 give a scan up and count it; 403, 429 and 503 keep it") {
  Enrolled agent;
  for (const int status : {503, 429, 403, 500, 415}) {
    agent.collector.answer_instead = status;
    const auto sent = agent.send();
    REQUIRE(sent.has_value());
    CHECK(sent->delivered == 0);
    CHECK(contains(sent->message, "as the test wishes"));
  }
  agent.collector.answer_instead = 400;
  CHECK(agent.send()->kept == 0);
  agent.collector.answer_instead = 0;
  CHECK(agent.send()->delivered == 1);
  CHECK(agent.collector.arrivals().back().dropped == 6);
}

TEST_CASE("an agent that lost its memory of numbers takes the collector's and goes on") {
  Enrolled agent;
  for (int i = 0; i < 3; ++i) REQUIRE(agent.send()->delivered == 1);
  std::filesystem::remove(agent.state.file("delivered.json"));
  const auto sent = agent.send();
  CHECK(sent->delivered == 1);
  CHECK(sent->kept == 0);
  CHECK(agent.collector.accepted(4) == 1);
}

TEST_CASE("a damaged spool file is given up and counted, an unfinished one is forgotten, and the rest is delivered") {
  Enrolled agent;
  agent.collector.stop();
  for (int i = 0; i < 3; ++i) REQUIRE(agent.send().has_value());
  const std::string second = agent.state.file("spool/00000000000000000002.scan");
  const auto whole = read_file(second, 1 << 20);
  REQUIRE(whole.has_value());
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, whole->size() / 2, whole->size() - 1}) {
    std::ofstream(second, std::ios::binary) << whole->substr(0, size);
    const auto spool = Spool::open(agent.state.text());
    REQUIRE(spool.has_value());
    CHECK(spool->sequences() == std::vector<std::uint64_t>{1, 3});
  }
  std::ofstream(agent.state.file("spool/00000000000000000009.scan.abc.new")) << "half";
  agent.collector.start();
  CHECK(agent.send()->delivered == 3);
  CHECK(agent.collector.arrivals().front().dropped == 4);
  CHECK(std::filesystem::is_empty(agent.state.path / "spool"));
}

TEST_CASE("the certificate is renewed at two thirds of its life, with a new key, and after it has expired") {
  Enrolled agent;
  auto identity = *load_identity(agent.state.text());
  CHECK_FALSE(*renewal_due(identity, identity.received_at + 13 * 3600));
  CHECK(*renewal_due(identity, identity.received_at + 19 * 3600));
  CHECK(*renewal_due(identity, identity.received_at - 1));
  identity.received_at -= 20 * 3600;
  REQUIRE(save_identity(agent.state.text(), identity).has_value());
  CHECK(agent.send()->delivered == 1);
  const auto renewed = load_identity(agent.state.text());
  REQUIRE(renewed.has_value());
  CHECK(renewed->host_id == identity.host_id);
  CHECK(renewed->private_key_pem != identity.private_key_pem);

  // Off for ten days: the old certificate is refused at the gate, its key still proves who this is.
  auto old = *renewed;
  old.certificate_pem = forge({old.host_id, &agent.collector.pki->authority, now_seconds() - 11 * 86400, now_seconds() - 10 * 86400, "clientAuth", "", false, 0}).certificate_pem;
  CHECK_FALSE(renew(agent.state.text(), old, {}).has_value());  // of another key than was recorded
}

TEST_CASE("a host that was off beyond its certificate's life proves its key and is let in again") {
  Enrolled agent;
  auto identity = *load_identity(agent.state.text());
  // The collector's clock goes on; to OpenSSL here the certificate is still good, so it is the renewal that is shown.
  identity.received_at -= 10 * 86400;
  REQUIRE(save_identity(agent.state.text(), identity).has_value());
  agent.collector.clock += 10 * 86400;
  const auto renewed = renew(agent.state.text(), identity, {});
  REQUIRE(renewed.has_value());
  agent.collector.clock += 40 * 86400;
  const auto late = renew(agent.state.text(), *renewed, {});
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().kind == ErrorKind::permission_denied);
  CHECK(contains(late.error().message, "--replace"));
}

TEST_CASE("a denied host keeps its scans and says why") {
  Enrolled agent;
  agent.collector.deny(agent.host_id);
  const auto sent = agent.send();
  REQUIRE(sent.has_value());
  CHECK(sent->kept == 1);
  CHECK(contains(sent->message, "denied"));
}

TEST_CASE("enrolment mistakes each say what to do next") {
  TestCollector collector;
  collector.start();
  TestCollector other;
  Folder state;
  const auto tried = [&](const std::string& url, const std::string& token) {
    const auto done = enroll({state.text(), url, token, "db-07", "0.1.0", false});
    REQUIRE_FALSE(done.has_value());
    return done.error().message;
  };
  CHECK(contains(tried("http://localhost:1", collector.token()), "must begin with https://"));
  CHECK(contains(tried("https://user@host/", collector.token()), "only a host name and a port"));
  CHECK(contains(tried(collector.url(), ""), "token create"));
  CHECK(contains(tried(collector.url(), "plumb_short"), "copy it whole"));
  CHECK(contains(tried("https://localhost:1", collector.token()), "cannot be reached"));
  CHECK(contains(tried(collector.url(), other.token()), "not the collector that made the token"));
  std::string guessed = collector.token();
  guessed[10] = guessed[10] == 'x' ? 'y' : 'x';
  CHECK(contains(tried(collector.url(), guessed), "wrong, used or expired"));
  CHECK_FALSE(std::filesystem::exists(state.path / "identity.json"));
  const auto send = send_once(state.text(), []() -> Result<Scan> { return scan_of(1); });
  REQUIRE_FALSE(send.has_value());
  CHECK(contains(send.error().message, "plumbline-agent enroll"));
  REQUIRE(enroll({state.text(), collector.url() + "/", "  " + collector.token() + "\n", "", "0.1.0", false}).has_value());
  CHECK(contains(tried(collector.url(), collector.token()), "--replace"));
  CHECK(enroll({state.text(), collector.url(), collector.token(), "", "0.1.0", true}).has_value());
}

TEST_CASE("not one byte goes to a server with another name, an expired or a foreign certificate") {
  Enrolled agent;
  const Identity& ours = agent.collector.pki->authority;
  const Identity foreign = forge({"another authority", nullptr, 0, 0, "", "", true, 0});
  const Identity same_name = *make_authority("Test Ltd", now_seconds());
  const std::int64_t now = now_seconds();
  const std::string here = "DNS:localhost,IP:127.0.0.1";
  const std::vector<std::pair<const char*, Identity>> servers = {
      {"another name", forge({"elsewhere", &ours, 0, 0, "serverAuth", "DNS:elsewhere", false, 0})},
      {"the name in the common name alone", forge({"localhost", &ours, 0, 0, "serverAuth", "DNS:elsewhere", false, 0})},
      {"expired", forge({"localhost", &ours, now - 7200, now - 3600, "serverAuth", here, false, 0})},
      {"not yet valid", forge({"localhost", &ours, now + 3600, now + 7200, "serverAuth", here, false, 0})},
      {"foreign authority", forge({"localhost", &foreign, 0, 0, "serverAuth", here, false, 0})},
      {"authority of the same name", forge({"localhost", &same_name, 0, 0, "serverAuth", here, false, 0})},
      {"signed by itself", forge({"localhost", nullptr, 0, 0, "serverAuth", here, false, 0})},
      {"a host's certificate", forge({"localhost", &ours, 0, 0, "clientAuth", here, false, 0})}};
  for (const auto& [what, identity] : servers) {
    INFO(what);
    CountingListener listener(identity);
    auto moved = *load_identity(agent.state.text());
    moved.collector_url = "https://localhost:" + std::to_string(listener.port());
    REQUIRE(save_identity(agent.state.text(), moved).has_value());
    const auto sent = agent.send();
    REQUIRE(sent.has_value());
    CHECK(sent->delivered == 0);
    CHECK(contains(sent->message, "nothing was sent"));
    CHECK(listener.connections() >= 1);
    CHECK(listener.bytes() == 0);
  }
}

TEST_CASE("enrolment tells nothing to a server in the middle") {
  TestCollector collector;
  Folder state;
  const Identity foreign = forge({"another authority", nullptr, 0, 0, "", "", true, 0});
  // It relays the true authority, as anybody can, but cannot show a certificate of it.
  ServerOptions options;
  const Identity middle = forge({"localhost", &foreign, 0, 0, "serverAuth", "DNS:localhost", false, 0});
  options.certificate_pem = middle.certificate_pem;
  options.private_key_pem = middle.private_key_pem;
  std::atomic<int> posts{0};
  options.routes = {{"GET", "/v1/ca", Permission::anyone, at_once([&](const Request&) { return Response{200, "text/plain", collector.pki->authority.certificate_pem, {}}; })},
                    {"POST", "/v1/enroll", Permission::anyone, at_once([&](const Request&) { ++posts; return Response{}; })}};
  const auto server = start_server(std::move(options));
  REQUIRE(server.has_value());
  const auto done = enroll({state.text(), "https://localhost:" + std::to_string((*server)->port()), collector.token(), "", "0.1.0", false});
  REQUIRE_FALSE(done.has_value());
  CHECK(contains(done.error().message, "nothing was sent"));
  CHECK(posts == 0);
}

TEST_CASE("a service that used the processor waits until that is 5 % of the time since it began") {
  using std::chrono::milliseconds;
  struct Case {
    int used_ms, rest_ms;
  };
  for (const Case& one : {Case{0, 0}, Case{1, 20}, Case{50, 1000}, Case{3000, 60'000}, Case{10'000, 200'000}}) {
    INFO(one.used_ms);
    CHECK(rest_after(milliseconds(one.used_ms)) == milliseconds(one.rest_ms));
  }
  for (const std::int64_t interval : {60, 3600, 7 * 86400}) {
    INFO(interval);
    CHECK(most_processor(interval) == milliseconds(interval * 50));
    CHECK(rest_after(most_processor(interval)) == std::chrono::seconds(interval));  // a scan at its limit delays no other
  }
}

TEST_CASE("work in a child leaves nothing here: its word comes back, its crash is told, its processor time is counted") {
  const StopSignals signals;
  int touched = 0;
  const auto said = run_in_child(signals, [&] {
    ++touched;
    return std::string("done");
  });
  REQUIRE(said.has_value());
  CHECK(said->said == "done");
  CHECK(said->trouble.empty());
  CHECK(touched == 0);
  const auto crashed = run_in_child(signals, []() -> std::string { ::raise(SIGKILL); return "never"; });
  REQUIRE(crashed.has_value());
  CHECK(crashed->said.empty());
  CHECK(crashed->trouble == "ended by signal 9");
  const auto thrown = run_in_child(signals, []() -> std::string { throw std::runtime_error("as the test wishes"); });
  CHECK(thrown->trouble == "ended with status 1");
  const auto silent = run_in_child(signals, [] { return std::string(); });
  CHECK(silent->trouble == "it said nothing");
  const auto long_winded = run_in_child(signals, [] { return std::string(kMostSaidBytes + 1, 'x'); });
  CHECK(long_winded->trouble == "ended with status 1");
  const auto busy = run_in_child(signals, [] {
    while (std::clock() < CLOCKS_PER_SEC / 5) {
    }
    return std::string("tired");
  });
  CHECK(busy->processor >= std::chrono::milliseconds(150));
}

TEST_CASE("a signal to stop is passed on to the child that works, and its end is waited for") {
  const StopSignals signals;
  ::raise(SIGTERM);
  const auto end = run_in_child(signals, [&] {
    while (!signals.arrived()) ::sched_yield();
    return std::string("stopped in good order");
  });
  REQUIRE(end.has_value());
  CHECK(end->stopped);
  CHECK(end->said == "stopped in good order");
  CHECK_FALSE(signals.arrived());
}
