// SPDX-License-Identifier: Apache-2.0
#include "collector/pki/pki.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "base/tls.h"
#include "collector/pki/routes.h"
#include "facts/scan.h"
#include "tests/catch.h"
#include "tests/wire/certificates.h"
#include "tests/wire/client.h"

using namespace plumbline;
using nlohmann::json;

namespace {

/// A store in a folder of its own and an authority whose clock the test sets.
struct Office {
  std::filesystem::path folder = std::filesystem::temp_directory_path() / ("plumbline-pki-" + hex(random_bytes(6)));
  std::int64_t clock = now_seconds();
  std::unique_ptr<Store> store;
  std::unique_ptr<Pki> pki;
  std::vector<Route> routes;

  Office() {
    std::filesystem::create_directories(folder);
    auto opened = open_store("sqlite:" + (folder / "store.db").string());
    REQUIRE(opened.has_value());
    store = std::move(*opened);
    auto authority = make_authority("Test Ltd", clock);
    REQUIRE(authority.has_value());
    pki.reset(new Pki{*store, *authority, [this] { return clock; }});
    routes = pki_routes(*pki);
  }
  ~Office() {
    pki.reset();
    store.reset();
    std::filesystem::remove_all(folder);
  }

  Response call(const std::string& path, const json& body, const std::string& from = "192.0.2.1") {
    Request request;
    request.method = "POST";
    request.path = path;
    request.body = body.dump();
    request.peer_address = from;
    Response given;
    dispatch(routes, std::move(request), {}, [&](Response response) { given = std::move(response); });
    return given;
  }
  std::string token() { return *create_token(*store, pki->authority, "admin", clock); }
  int audited(std::string_view action, std::string_view detail = {}) {
    int count = 0;
    const auto rows = store->audit(10'000);
    for (const AuditRow& row : *rows)
      if (row.action == action && contains(row.detail, detail)) ++count;
    return count;
  }
};

std::string new_request(std::string* key_out = nullptr) {
  const std::string key = *make_private_key();
  if (key_out) *key_out = key;
  return *make_certificate_request(key, "wishes-to-be-admin");
}

struct EnrolledHost {
  std::string id;
  Identity identity;
};

EnrolledHost enrolled(Office& office) {
  EnrolledHost host;
  const std::string csr = new_request(&host.identity.private_key_pem);
  const Response answer = office.call("/v1/enroll", {{"token", office.token()}, {"csr", csr}, {"name", "db-07"}});
  REQUIRE(answer.status == 200);
  const json body = json::parse(answer.body);
  host.id = body["host_id"];
  host.identity.certificate_pem = body["certificate"];
  return host;
}

json renewal_of(const EnrolledHost& host, const std::string& csr) {
  return {{"certificate", host.identity.certificate_pem}, {"csr", csr}, {"proof", base64url(*sign(host.identity.private_key_pem, csr))}};
}

}  // namespace

TEST_CASE("a token enrols one host once, under a name and for a purpose that the authority chose") {
  Office office;
  const std::string token = office.token();
  CHECK(token.size() == 114);
  const json body = {{"token", token}, {"csr", new_request()}, {"name", "db-07"}};
  const Response answer = office.call("/v1/enroll", body);
  REQUIRE(answer.status == 200);
  const json given = json::parse(answer.body);
  const auto certificate = read_certificate(given["certificate"].get<std::string>());
  REQUIRE(certificate.has_value());
  CHECK(is_host_id(certificate->common_name));
  CHECK(certificate->common_name == given["host_id"]);
  CHECK_FALSE(certificate->is_ca);
  CHECK(certificate->not_after == office.clock + kAgentCertificateSeconds);
  CHECK(given["ca"] == office.pki->authority.certificate_pem);
  CHECK((*office.store->host(certificate->common_name))->name == "db-07");
  CHECK(check_agent_certificate(office.pki->authority, given["certificate"].get<std::string>()).has_value());
  CHECK(office.call("/v1/enroll", body).status == 403);
  CHECK(office.audited("enroll") == 1);
  CHECK(office.audited("enroll.refused") == 1);
}

TEST_CASE("a token ends after fifteen minutes, and is kept only as its hash") {
  Office office;
  const std::string token = office.token();
  office.clock += kTokenSeconds + 1;
  CHECK(office.call("/v1/enroll", {{"token", token}, {"csr", new_request()}}).status == 403);
  const std::string fresh = office.token();
  office.clock += kTokenSeconds - 1;
  CHECK(office.call("/v1/enroll", {{"token", fresh}, {"csr", new_request()}}).status == 200);
  for (const auto& file : std::filesystem::directory_iterator(office.folder)) {
    std::FILE* open = std::fopen(file.path().c_str(), "rb");
    std::string bytes(std::filesystem::file_size(file.path()), '\0');
    REQUIRE(std::fread(bytes.data(), 1, bytes.size(), open) == bytes.size());
    std::fclose(open);
    CHECK_FALSE(contains(bytes, token));
    CHECK_FALSE(contains(bytes, token.substr(6, 43)));
  }
}

TEST_CASE("of a hundred redemptions at one time exactly one succeeds") {
  Office office;
  const std::string token = office.token();
  std::atomic<int> given{0}, refused{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 100; ++i)
    threads.emplace_back([&, csr = new_request(), from = "10.0.0." + std::to_string(i)] {
      const int status = office.call("/v1/enroll", {{"token", token}, {"csr", csr}}, from).status;
      ++(status == 200 ? given : refused);
    });
  for (auto& thread : threads) thread.join();
  CHECK(given == 1);
  CHECK(refused == 99);
  CHECK(office.store->hosts()->size() == 1);
}

TEST_CASE("empty, short, foreign and guessed tokens get one and the same answer") {
  Office office;
  Office other;
  const std::string foreign = other.token();
  const std::string guessed = "plumb_" + std::string(43, 'A') + office.token().substr(49);
  const std::string first = office.call("/v1/enroll", {{"token", ""}, {"csr", new_request()}}).body;
  for (const json& token : {json("plumb_"), json(foreign), json(guessed), json(nullptr), json(7), json(std::string(5000, 'x'))}) {
    const Response answer = office.call("/v1/enroll", {{"token", token}, {"csr", new_request()}});
    CHECK(answer.status == 403);
    CHECK(answer.body == first);
  }
  CHECK(office.store->hosts()->empty());
}

TEST_CASE("wrong tokens are counted by address: the eleventh is told to wait, others are not") {
  Office office;
  for (int i = 0; i < 10; ++i) CHECK(office.call("/v1/enroll", {{"token", "wrong"}, {"csr", new_request()}}).status == 403);
  const std::string good = office.token();
  const Response limited = office.call("/v1/enroll", {{"token", good}, {"csr", new_request()}});
  CHECK(limited.status == 429);
  CHECK(limited.headers.at(0).first == "Retry-After");
  CHECK(office.call("/v1/enroll", {{"token", good}, {"csr", new_request()}}, "192.0.2.2").status == 200);
  office.clock += 15 * 60 + 1;
  CHECK(office.call("/v1/enroll", {{"token", office.token()}, {"csr", new_request()}}).status == 200);
  for (int i = 0; i < 10; ++i) office.call("/v1/enroll", {{"token", "wrong"}, {"csr", ""}}, "2001:db8:1:2::" + std::to_string(i + 1));
  CHECK(office.call("/v1/enroll", {{"token", "wrong"}, {"csr", ""}}, "2001:db8:1:2:ffff::1").status == 429);
}

TEST_CASE("the limit on wrong tokens holds when they come all at once") {
  Office office;
  std::atomic<int> processed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 64; ++i)
    threads.emplace_back([&] {
      if (office.call("/v1/enroll", {{"token", "wrong"}, {"csr", ""}}).status == 403) ++processed;
    });
  for (auto& thread : threads) thread.join();
  CHECK(processed == 10);
}

TEST_CASE("a request with a weak key, a broken signature or no request at all is refused and leaves the token whole") {
  Office office;
  const std::string token = office.token();
  std::string broken = new_request();
  broken[broken.size() / 2] = broken[broken.size() / 2] == 'A' ? 'B' : 'A';
  for (const std::string& csr : {std::string(), std::string("nonsense"), broken, std::string(20'000, 'x'), office.pki->authority.certificate_pem})
    CHECK(office.call("/v1/enroll", {{"token", token}, {"csr", csr}}).status == 400);
  CHECK(office.call("/v1/enroll", json::array()).status == 400);
  CHECK(office.call("/v1/enroll", {{"token", token}, {"csr", new_request()}}).status == 200);
}

TEST_CASE("a certificate is renewed with proof of its key, also when it has expired, for thirty days") {
  Office office;
  EnrolledHost host = enrolled(office);
  std::string key;
  std::string csr = new_request(&key);
  const Response answer = office.call("/v1/renew", renewal_of(host, csr));
  REQUIRE(answer.status == 200);
  EnrolledHost renewed = host;
  renewed.identity = {key, json::parse(answer.body)["certificate"]};
  CHECK(read_certificate(renewed.identity.certificate_pem)->common_name == host.id);
  office.clock += kAgentCertificateSeconds + kRenewAfterExpirySeconds;
  CHECK(office.call("/v1/renew", renewal_of(renewed, new_request())).status == 200);
  office.clock += 1;
  CHECK(office.call("/v1/renew", renewal_of(renewed, new_request())).status == 403);
  CHECK(office.audited("renew.refused", "30 days") == 1);
}

TEST_CASE("no certificate is renewed for a denied host, with another's proof, or of another authority") {
  Office office;
  const EnrolledHost host = enrolled(office), other = enrolled(office);
  const std::string csr = new_request();
  json wrong = renewal_of(host, csr);
  wrong["proof"] = base64url(*sign(other.identity.private_key_pem, csr));
  CHECK(office.call("/v1/renew", wrong).status == 403);
  json moved = renewal_of(host, csr);
  moved["csr"] = new_request();
  CHECK(office.call("/v1/renew", moved).status == 403);
  const Identity foreign_authority = *make_authority("Test Ltd", office.clock);
  EnrolledHost foreign{host.id, forge({host.id, &foreign_authority, 0, 0, "clientAuth", "", false, 0})};
  CHECK(office.call("/v1/renew", renewal_of(foreign, csr)).status == 403);
  EnrolledHost unrecorded{host.id, forge({host.id, &office.pki->authority, 0, 0, "clientAuth", "", false, 0})};
  CHECK(office.call("/v1/renew", renewal_of(unrecorded, csr)).status == 403);
  REQUIRE(office.store->set_denied(host.id, true).has_value());
  CHECK(office.call("/v1/renew", renewal_of(host, csr)).status == 403);
  CHECK(office.audited("renew.refused", "denied") == 1);
  CHECK(office.call("/v1/renew", {{"certificate", "x"}, {"csr", 7}, {"proof", "!"}}).status == 400);
}

TEST_CASE("a server's certificate holds its names and refuses what is none") {
  Office office;
  const auto server = issue_server(office.pki->authority, {"collector.example", "127.0.0.1", "::1"}, office.clock);
  REQUIRE(server.has_value());
  CHECK(read_certificate(server->certificate_pem)->common_name == "collector.example");
  CHECK_FALSE(check_agent_certificate(office.pki->authority, server->certificate_pem).has_value());
  for (const char* bad : {"", "a,DNS:evil", "*", "a b", "email:x@y"}) CHECK_FALSE(issue_server(office.pki->authority, {bad}, office.clock).has_value());
  CHECK_FALSE(issue_server(office.pki->authority, {}, office.clock).has_value());
}

namespace {

/// The agents' listener over an office, as `serve` sets it up, with a route that says who came.
struct Gate : Office {
  std::unique_ptr<Server> server;

  Gate() {
    const Identity identity = *issue_server(pki->authority, {"localhost"}, clock);
    ServerOptions options;
    options.certificate_pem = identity.certificate_pem;
    options.private_key_pem = identity.private_key_pem;
    options.client_ca_pem = pki->authority.certificate_pem;
    options.routes = routes;
    options.routes.push_back({"POST", "/v1/scans", Permission::agent, at_once([](const Request& request) {
                                return request.body == request.agent_id ? Response{200, "text/plain", request.agent_id, {}}
                                                                        : problem(403, "the scan is of another host");
                              })});
    options.identify = [this](Request& request) { identify_agent(*pki, request); };
    options.refused = [this](const std::string& peer, const std::string& reason) { audit_refusal(*pki, peer, reason); };
    auto started = start_server(std::move(options));
    REQUIRE(started.has_value());
    server = std::move(*started);
  }
  /// Waits for the audit by stopping the server.
  int refusals(std::string_view detail) {
    server.reset();
    return audited("connection.refused", detail);
  }
  WireAnswer knock(const Identity* identity, const std::string& body, bool tls12 = false) {
    WireClient client(server->port(), identity, tls12);
    return client.ask("POST", "/v1/scans", body);
  }
};

}  // namespace

TEST_CASE("an enrolled host is known at the gate by its certificate") {
  Gate gate;
  const EnrolledHost host = enrolled(gate);
  CHECK(gate.knock(&host.identity, host.id).status == 200);
  CHECK(gate.refusals("") == 0);
}

TEST_CASE("no certificate: the gate answers 401 to a scan, and still serves what is for anyone") {
  Gate gate;
  CHECK(gate.knock(nullptr, "x").status == 401);
  WireClient client(gate.server->port());
  CHECK(client.ask("GET", "/v1/ca").body == gate.pki->authority.certificate_pem);
  CHECK(gate.refusals("401") == 1);
}

TEST_CASE("certificates that ought to be refused never get an answer, and the audit says why") {
  Gate gate;
  const EnrolledHost host = enrolled(gate);
  const Identity& ours = gate.pki->authority;
  const Identity foreign = forge({"some other authority", nullptr, 0, 0, "", "", true, 0});
  const Identity same_name = *make_authority("Test Ltd", gate.clock);
  const Identity intermediate = forge({"intermediate", &ours, 0, 0, "", "", true, 0});
  const std::int64_t now = now_seconds();
  struct Kind { const char* what; Identity identity; const char* reason; };
  const std::vector<Kind> kinds = {
      {"expired", forge({host.id, &ours, now - 7200, now - 3600, "clientAuth", "", false, 0}), "expired"},
      {"not yet valid", forge({host.id, &ours, now + 3600, now + 7200, "clientAuth", "", false, 0}), "not yet valid"},
      {"foreign authority", forge({host.id, &foreign, 0, 0, "clientAuth", "", false, 0}), "unable to get"},
      {"authority of the same name", forge({host.id, &same_name, 0, 0, "clientAuth", "", false, 0}), "client certificate: "},
      {"purpose of a server", forge({host.id, &ours, 0, 0, "serverAuth", "", false, 0}), "unsuitable certificate purpose"},
      {"an authority as a host", forge({host.id, &ours, 0, 0, "clientAuth", "", true, 0}), "authority"},
      {"the authority itself", ours, "client certificate: "},
      {"signed by an intermediate", forge({host.id, &intermediate, 0, 0, "clientAuth", "", false, 0}), "client certificate: "},
      {"weak key", forge({host.id, &ours, 0, 0, "clientAuth", "", false, 1024}), "key too weak"},
      {"signed by itself", forge({host.id, nullptr, 0, 0, "clientAuth", "", false, 0}), "self-signed"},
  };
  for (const Kind& kind : kinds) {
    INFO(kind.what);
    CHECK(gate.knock(&kind.identity, host.id).status == 0);
  }
  CHECK(gate.knock(&host.identity, host.id).status == 200);
  gate.server.reset();
  for (const Kind& kind : kinds) {
    INFO(kind.what);
    CHECK(gate.audited("connection.refused", kind.reason) >= 1);
  }
  CHECK(gate.audited("connection.refused") == static_cast<int>(kinds.size()));
}

TEST_CASE("denied, forgotten and misnamed hosts are refused by name, with the connection") {
  Gate gate;
  const EnrolledHost host = enrolled(gate);
  WireClient open(gate.server->port(), &host.identity);
  CHECK(open.ask("POST", "/v1/scans", host.id).status == 200);
  REQUIRE(gate.store->set_denied(host.id, true).has_value());
  CHECK(open.ask("POST", "/v1/scans", host.id).status == 403);
  CHECK(open.is_at_end());
  CHECK(gate.knock(&host.identity, host.id).status == 403);
  const std::string stranger_id = make_host_id();
  const Identity stranger = forge({stranger_id, &gate.pki->authority, 0, 0, "clientAuth", "", false, 0});
  CHECK(gate.knock(&stranger, stranger_id).status == 403);
  const Identity misnamed = forge({"../../etc/passwd", &gate.pki->authority, 0, 0, "clientAuth", "", false, 0});
  CHECK(gate.knock(&misnamed, "x").status == 403);
  gate.server.reset();
  CHECK(gate.audited("connection.refused", "by " + host.id) == 2);
  CHECK(gate.audited("connection.refused", "host is denied") == 2);
  CHECK(gate.audited("connection.refused", "unknown host") == 2);
  CHECK(gate.audited("connection.refused") == 4);
}

TEST_CASE("another host's id in the body is refused with a line in the audit") {
  Gate gate;
  const EnrolledHost a = enrolled(gate), b = enrolled(gate);
  CHECK(gate.knock(&a.identity, b.id).status == 403);
  CHECK(gate.refusals("by " + a.id) == 1);
}

TEST_CASE("the gate speaks TLS 1.3 only, and ends what is no TLS") {
  Gate gate;
  const EnrolledHost host = enrolled(gate);
  CHECK(gate.knock(&host.identity, host.id, true).status == 0);
  CHECK(gate.refusals("unsupported protocol") == 1);
}

TEST_CASE("a flood of refusals leaves a bounded number of lines") {
  Office office;
  for (int i = 0; i < 500; ++i) audit_refusal(*office.pki, "192.0.2.9", "handshake: nonsense");
  CHECK(office.audited("connection.refused") == 100);
}
