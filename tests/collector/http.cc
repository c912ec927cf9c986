// SPDX-License-Identifier: Apache-2.0
#include "collector/http/http.h"

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "base/text.h"
#include "base/time.h"
#include "tests/catch.h"
#include "tests/wire/certificates.h"
#include "tests/wire/client.h"

using namespace plumbline;

namespace {

/// A listener for people with a few routes, on a port of its own.
struct Site {
  std::atomic<int> handled{0};
  std::mutex mutex;
  std::vector<std::string> refusals;
  Identity authority = forge({"authority", nullptr, 0, 0, "", "", true, 0});
  Identity identity = forge({"localhost", &authority, 0, 0, "serverAuth", "DNS:localhost", false, 0});
  std::unique_ptr<Server> server;
  std::vector<Reply> held;  // answers that a test gives itself

  explicit Site(bool agents = false) {
    ServerOptions options;
    options.certificate_pem = identity.certificate_pem;
    options.private_key_pem = identity.private_key_pem;
    if (agents) options.client_ca_pem = authority.certificate_pem;
    options.routes = routes();
    options.refused = [this](const std::string&, const std::string& reason) {
      const std::lock_guard lock(mutex);
      refusals.push_back(reason);
    };
    options.extra_headers = {{"Content-Security-Policy", "default-src 'none'"}};
    auto started = start_server(std::move(options));
    REQUIRE(started.has_value());
    server = std::move(*started);
  }

  std::vector<Route> routes() {
    const auto echo = [this](const Request& request) {
      ++handled;
      Response response;
      response.content_type = "text/plain";
      response.body = request.path + "|" + request.body;
      return response;
    };
    return {{"GET", "/", Permission::anyone, at_once(echo)},
            {"GET", "/things/{id}", Permission::anyone, at_once(echo)},
            {"POST", "/echo", Permission::anyone, at_once(echo), 1000},
            {"POST", "/big", Permission::anyone, at_once(echo), 4u << 20},
            {"POST", "/scans", Permission::agent, at_once(echo), 1000},
            {"GET", "/throws", Permission::anyone, at_once([](const Request&) -> Response { throw std::runtime_error("oops"); })},
            {"GET", "/forgets", Permission::anyone, [](const Request&, Reply) {}},
            {"GET", "/splits", Permission::anyone, at_once([](const Request&) {
               Response response;
               response.headers.emplace_back("X-Name", "a\r\nSet-Cookie: evil=1");
               return response;
             })},
            {"GET", "/held", Permission::anyone, [this](const Request&, Reply reply) {
               const std::lock_guard lock(mutex);
               held.push_back(std::move(reply));
             }}};
  }
};

Response dispatched(const std::vector<Route>& routes, Request request, const std::function<bool(const Request&, Permission)>& allow = {}) {
  Response given;
  given.status = 0;
  dispatch(routes, std::move(request), allow, [&](Response response) { given = std::move(response); });
  return given;
}

Request request_of(std::string method, std::string path) {
  Request request;
  request.method = std::move(method);
  request.path = std::move(path);
  return request;
}

}  // namespace

TEST_CASE("a target in its plain form is decoded, every other one is refused") {
  const auto good = parse_target("/hosts/db%2D07?age=old&name=a+b%26c");
  REQUIRE(good.has_value());
  CHECK(good->path == "/hosts/db-07");
  CHECK(good->query.at("age") == "old");
  CHECK(good->query.at("name") == "a b&c");
  CHECK(parse_target("https://collector:7444/hosts")->path == "/hosts");
  CHECK(parse_target("https://collector:7444")->path == "/");
  for (const char* bad : {"", "hosts", "*", "/../etc/passwd", "/a/../b", "/a/./b", "/%2e%2e/etc/passwd", "/%2E%2E", "/a%2fb", "/a%2Fb", "/a//b",
                          "//etc/passwd", "/a%00b", "/a%", "/a%4", "/a%zz", "/a\\b", "/a%5cb", "/a%0d%0ab", "/%ff%fe", "/a?x=%", "/a?x=%00",
                          "/..", "/a/..", "/.", "/%c0%ae%c0%ae/"})
    CHECK_FALSE(parse_target(bad).has_value());
}

TEST_CASE("of a cookie or a form field given twice the first counts") {
  const auto cookies = parse_cookies("a=1; session=right; session=wrong; odd;b = 2 ");
  CHECK(cookies.at("session") == "right");
  CHECK(cookies.at("b") == "2");
  CHECK(cookies.size() == 3);
  CHECK(parse_form("a=1&a=2&b=%C3%A4&c")->at("a") == "1");
  CHECK(parse_form("a=1&a=2&b=%C3%A4&c")->at("b") == "ä");
  CHECK_FALSE(parse_form("a=%ff").has_value());
  std::string many;
  for (int i = 0; i < 300; ++i) many += "a" + std::to_string(i) + "=1&";
  CHECK_FALSE(parse_form(many).has_value());
}

TEST_CASE("dispatch denies by default and tells 404, 405, 401 and 403 apart") {
  const auto ok = at_once([](const Request& request) {
    Response response;
    response.body = request.parameters.empty() ? "none" : request.parameters[0];
    return response;
  });
  const std::vector<Route> routes = {{"GET", "/hosts/{id}", Permission::anyone, ok}, {"GET", "/hosts/new", Permission::anyone, ok},
                                     {"POST", "/scans", Permission::agent, ok}, {"GET", "/page", Permission::viewer, ok},
                                     {"POST", "/users", Permission::admin, ok}};
  CHECK(dispatched(routes, request_of("GET", "/hosts/db-07")).body == "db-07");
  CHECK(dispatched(routes, request_of("HEAD", "/hosts/db-07")).status == 200);
  CHECK(dispatched(routes, request_of("GET", "/hosts/new")).body == "none");
  CHECK(dispatched(routes, request_of("GET", "/hosts/")).status == 404);
  CHECK(dispatched(routes, request_of("GET", "/hosts/a/b")).status == 404);
  const Response wrong_method = dispatched(routes, request_of("DELETE", "/hosts/db-07"));
  CHECK(wrong_method.status == 405);
  CHECK(wrong_method.headers[0] == std::pair<std::string, std::string>("Allow", "GET"));
  CHECK(dispatched(routes, request_of("POST", "/scans")).status == 401);
  CHECK(dispatched(routes, request_of("POST", "/scans"), [](const Request&, Permission) { return true; }).status == 401);
  Request agent = request_of("POST", "/scans");
  agent.agent_id = "x";
  CHECK(dispatched(routes, agent).status == 200);
  agent.agent_id.clear();
  agent.refusal = "host is denied";
  CHECK(dispatched(routes, agent).status == 403);
  CHECK(dispatched(routes, request_of("GET", "/page")).status == 401);
  Request browser = request_of("GET", "/page");
  browser.headers["accept"] = "text/html,*/*";
  CHECK(dispatched(routes, browser).status == 303);
  Request viewer = request_of("POST", "/users");
  viewer.user = "v";
  CHECK(dispatched(routes, viewer, [](const Request&, Permission permission) { return permission == Permission::viewer; }).status == 403);
}

TEST_CASE("the server answers many requests on one connection, in order, also when they come in one go") {
  Site site;
  WireClient client(site.server->port());
  const WireAnswer answer = client.ask("GET", "/things/7");
  CHECK(answer.status == 200);
  CHECK(answer.body == "/things/7|");
  CHECK(answer.headers.at("content-security-policy") == "default-src 'none'");
  CHECK(answer.headers.at("x-content-type-options") == "nosniff");
  CHECK(client.ask("POST", "/echo", "hello").body == "/echo|hello");
  std::string pipelined;
  for (int i = 0; i < 50; ++i) pipelined += "GET /things/" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  REQUIRE(client.send(pipelined));
  for (int i = 0; i < 50; ++i) CHECK(client.receive().body == "/things/" + std::to_string(i) + "|");
  const WireAnswer head = client.ask("HEAD", "/things/7");
  CHECK(head.status == 200);
  CHECK(head.headers.at("content-length") == "10");
  CHECK(client.ask("GET", "/nowhere").status == 404);
  CHECK(client.ask("PUT", "/echo").status == 405);
}

TEST_CASE("a body arrives whole in chunks, byte by byte, and after 100-continue") {
  Site site;
  WireClient client(site.server->port());
  REQUIRE(client.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"));
  CHECK(client.receive().body == "/echo|hello world");
  for (const char byte : std::string("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")) REQUIRE(client.send(std::string(1, byte)));
  CHECK(client.receive().body == "/echo|hello");
  REQUIRE(client.send("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"));
  CHECK(client.receive().status == 100);
  REQUIRE(client.send("hello"));
  CHECK(client.receive().body == "/echo|hello");
  const std::string big(4u << 20, 'x');
  CHECK(client.ask("POST", "/big", big).body.size() == big.size() + 5);
}

TEST_CASE("what two readers could understand in two ways is refused and the connection ends") {
  Site site;
  const std::string host = "Host: x\r\n";
  for (const std::string& bad : std::vector<std::string>{
           "POST /echo HTTP/1.1\r\n" + host + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
           "POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
           "POST /echo HTTP/1.1\r\n" + host + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
           "POST /echo HTTP/1.1\r\n" + host + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
           "POST /echo HTTP/1.1\r\n" + host + "Content-Length: +5\r\n\r\nhello",
           "POST /echo HTTP/1.1\r\n" + host + "Content-Length: 99999999999999999999\r\n\r\nhello",
           "POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
           "POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
           "POST /echo HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
           "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "GET / HTTP/2.0\r\nHost: x\r\n\r\n",
           "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", "GET /../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "GET /%2e%2e/x HTTP/1.1\r\nHost: x\r\n\r\n",
           "GET / HTTP/1.1\r\nHost : x\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nA\tB: c\r\n\r\n", std::string("GET / HTTP/1.1\r\nHost: x\r\nA: \0b\r\n\r\n", 36),
           "\x16\x03\x01 garbage\r\n\r\n", "hello\r\n\r\n", std::string("\0\0\0\0\r\n\r\n", 8)}) {
    INFO(printable(bad));
    WireClient client(site.server->port());
    REQUIRE(client.send(bad));
    CHECK(client.receive().status == 400);
    CHECK(client.is_at_end());
  }
  CHECK(site.handled == 0);
}

TEST_CASE("headers over 8 KiB, bodies over the route's limit and too many headers are refused") {
  Site site;
  WireClient long_header(site.server->port());
  REQUIRE(long_header.send("GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(9000, 'a') + "\r\n\r\n"));
  CHECK(long_header.receive().status == 431);
  WireClient endless_header(site.server->port());
  REQUIRE(endless_header.send("GET / HTTP/1.1\r\nA: " + std::string(20'000, 'a')));
  CHECK(endless_header.receive().status == 431);
  WireClient many(site.server->port());
  std::string headers = "Host: x\r\n";
  for (int i = 0; i < 100; ++i) headers += "A" + std::to_string(i) + ": b\r\n";
  REQUIRE(many.send("GET / HTTP/1.1\r\n" + headers + "\r\n"));
  CHECK(many.receive().status == 431);
  WireClient body(site.server->port());
  CHECK(body.ask("POST", "/echo", std::string(1001, 'x')).status == 413);
  WireClient large(site.server->port());
  CHECK(large.ask("POST", "/echo", std::string(3u << 20, 'x')).status == 413);
  WireClient chunks(site.server->port());
  REQUIRE(chunks.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + std::string(2000, 'x') + "\r\n0\r\n\r\n"));
  CHECK(chunks.receive().status == 413);
  CHECK(site.handled == 0);
}

TEST_CASE("a handler that throws, forgets its answer or splits its header costs one request only") {
  Site site;
  WireClient client(site.server->port());
  CHECK(client.ask("GET", "/throws").status == 500);
  CHECK(client.ask("GET", "/forgets").status == 500);
  const WireAnswer split = client.ask("GET", "/splits");
  CHECK(split.status == 500);
  CHECK(split.headers.count("set-cookie") == 0);
  CHECK(client.ask("GET", "/things/1").status == 200);
}

TEST_CASE("without a certificate a route of agents answers 401 before it reads the body, with a line for the audit") {
  Site site(true);
  WireClient client(site.server->port());
  REQUIRE(client.send("POST /scans HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"));
  CHECK(client.receive().status == 401);
  CHECK(client.is_at_end());
  site.server.reset();
  REQUIRE(site.refusals.size() == 1);
  CHECK(contains(site.refusals[0], "POST /scans"));
}

TEST_CASE("an agent's certificate names it, and disconnect() ends its connections") {
  Site site(true);
  const Identity agent = forge({"0123456789abcdef0123456789abcdef", &site.authority, 0, 0, "clientAuth", "", false, 0});
  WireClient client(site.server->port(), &agent), other(site.server->port());
  CHECK(client.ask("POST", "/scans", "x").status == 200);
  CHECK(other.ask("GET", "/").status == 200);
  site.server->disconnect("0123456789abcdef0123456789abcdef");
  CHECK(client.is_at_end());
  CHECK(other.ask("GET", "/").status == 200);
}

TEST_CASE("an answer may come from another thread, later, and requests in flight are answered before the server stops") {
  Site site;
  WireClient client(site.server->port());
  REQUIRE(client.send("GET /held HTTP/1.1\r\nHost: x\r\n\r\n"));
  for (;;) {
    const std::lock_guard lock(site.mutex);
    if (!site.held.empty()) break;
  }
  std::thread stopping([&] { site.server.reset(); });
  Response late;
  late.body = "late";
  site.held[0](late);
  site.held[0](late);  // a second answer is nobody's
  CHECK(client.receive().body == "late");
  stopping.join();
  CHECK(client.is_at_end());
}

TEST_CASE("a taken port, a wrong address and a wrong certificate each say what to do") {
  Site site;
  ServerOptions options;
  options.certificate_pem = site.identity.certificate_pem;
  options.private_key_pem = site.identity.private_key_pem;
  options.port = site.server->port();
  const auto taken = start_server(options);
  REQUIRE_FALSE(taken.has_value());
  CHECK(taken.error().kind == ErrorKind::conflict);
  CHECK(contains(taken.error().message, "choose another port"));
  options.address = "not an address";
  CHECK_FALSE(start_server(options).has_value());
  options.address = "127.0.0.1";
  options.private_key_pem = forge({"other", nullptr, 0, 0, "", "", false, 0}).private_key_pem;
  CHECK_FALSE(start_server(options).has_value());
}

TEST_CASE("at the limit of connections an idle one gives way to a new one") {
  Site site;
  ServerOptions options;
  options.certificate_pem = site.identity.certificate_pem;
  options.private_key_pem = site.identity.private_key_pem;
  options.routes = site.routes();
  options.most_connections = 3;
  auto small = start_server(std::move(options));
  REQUIRE(small.has_value());
  std::vector<std::unique_ptr<WireClient>> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(std::make_unique<WireClient>((*small)->port()));
    CHECK(clients.back()->ask("GET", "/things/1").status == 200);
  }
  CHECK(clients[0]->is_at_end());
}
