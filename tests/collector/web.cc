// SPDX-License-Identifier: Apache-2.0
// The people's routes, called as plain functions: sessions, sign-in, its limit under parallel attempts, permissions,
// and that every page is closed to whom it is not for.
#include <atomic>
#include <cstdlib>
#include <future>
#include <map>
#include <set>
#include <thread>

#include "base/hash.h"
#include "base/text.h"
#include "collector/web/password.h"
#include "collector/web/web.h"
#include "tests/catch.h"
#include "tests/collector/report/sample.h"

using namespace plumbline;

namespace {

constexpr std::int64_t kNow = 1'795'464'000;

/// A site with one user "ada" on a store in memory of its own folder.
struct Site {
  std::string folder = "/tmp/plumbline-web-XXXXXX";
  Sample sample = make_sample();
  std::unique_ptr<Store> store;
  std::int64_t now = kNow;
  Web web;
  std::vector<Route> routes;

  Site() {
    REQUIRE(::mkdtemp(folder.data()) != nullptr);
    auto opened = open_store("sqlite:" + folder + "/store.db");
    REQUIRE(opened);
    store = std::move(*opened);
    static const std::string hash = *hash_password("correct horse battery");
    REQUIRE(store->put_user({"ada", hash, "viewer", kNow}));
    web.store = store.get();
    web.clock = [this] { return now; };
    web.report = [this] { return std::make_shared<const ReportInput>(sample.input()); };
    web.pdf = std::make_unique<PdfDesk>([](std::string_view html, const std::function<bool()>&) { return Result<std::string>("%PDF-1.7 of " + std::to_string(html.size())); });
    routes = web_routes(web);
  }
  ~Site() {
    store.reset();
    for (const char* file : {"/store.db", "/store.db-wal", "/store.db-shm", "/store.db-lock"}) std::remove((folder + file).c_str());
    ::rmdir(folder.c_str());
  }
  Response call(Request request) {
    std::promise<Response> answer;  // some answer from another thread
    identify(web, request);
    dispatch(routes, std::move(request), allow, [&](Response response) { answer.set_value(std::move(response)); });
    return answer.get_future().get();
  }
  Request get(const std::string& path) {
    Request request;
    request.method = "GET";
    request.path = path;
    request.peer_address = "10.0.0.9";
    request.headers["accept"] = "text/html";
    return request;
  }
};

/// The value of a cookie a response sets; empty where it does not.
std::string set_cookie(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (key == "Set-Cookie" && value.rfind(std::string(name) + "=", 0) == 0) return value.substr(name.size() + 1, value.find(';') - name.size() - 1);
  return {};
}

std::string csrf_in(const std::string& page) {
  const std::string before = "name=\"csrf\" value=\"";
  const auto at = page.find(before);
  return at == std::string::npos ? "" : page.substr(at + before.size(), page.find('"', at + before.size()) - at - before.size());
}

Request login_request(Site& site, const std::string& user, const std::string& password) {
  const Response form = site.call(site.get("/login"));
  Request request = site.get("/login");
  request.method = "POST";
  request.cookies[std::string(kLoginCookie)] = set_cookie(form, kLoginCookie);
  request.form = {{"user", user}, {"password", password}, {"csrf", csrf_in(form.body)}};
  return request;
}

std::string sign_in(Site& site) { return set_cookie(site.call(login_request(site, "ada", "correct horse battery")), kSessionCookie); }

Request with_session(Request request, const std::string& token) {
  request.cookies[std::string(kSessionCookie)] = token;
  return request;
}

}  // namespace

TEST_CASE("a person signs in, sees pages, signs out and sees none") {
  Site site;
  const Response answer = site.call(login_request(site, "ada", "correct horse battery"));
  CHECK(answer.status == 303);
  const std::string token = set_cookie(answer, kSessionCookie);
  REQUIRE(token.size() >= 43);
  const Response page = site.call(with_session(site.get("/"), token));
  CHECK(page.status == 200);
  Request out = with_session(site.get("/logout"), token);
  out.method = "POST";
  CHECK(site.call(out).status == 403);  // without the form's token
  out.form["csrf"] = csrf_in(page.body);
  CHECK(site.call(out).status == 303);
  CHECK(site.call(with_session(site.get("/"), token)).status == 303);
}

TEST_CASE("the session cookie is bound to this site and hidden from script, and only its hash is stored") {
  Site site;
  const Response answer = site.call(login_request(site, "ada", "correct horse battery"));
  std::string cookie;
  for (const auto& [key, value] : answer.headers)
    if (key == "Set-Cookie" && value.rfind(kSessionCookie, 0) == 0) cookie = value;
  for (const char* part : {"__Host-", "; Secure", "; HttpOnly", "; SameSite=Strict", "; Path=/"}) CHECK(contains(cookie, part));
  const std::string token = set_cookie(answer, kSessionCookie);
  CHECK((*site.store->session(sha256_hex(token))).has_value());
  CHECK_FALSE((*site.store->session(token)).has_value());
}

TEST_CASE("an unknown user and a wrong password get the same answer") {
  Site site;
  const Response wrong = site.call(login_request(site, "ada", "wrong password here"));
  const Response unknown = site.call(login_request(site, "nobody", "wrong password here"));
  CHECK(wrong.status == 401);
  CHECK(unknown.status == 401);
  const auto without_token = [](std::string body) {
    const std::string token = csrf_in(body);
    body.replace(body.find(token), token.size(), "");
    return body;
  };
  CHECK(without_token(wrong.body) == without_token(unknown.body));
}

TEST_CASE("a sign-in form from elsewhere is refused") {
  Site site;
  Request request = login_request(site, "ada", "correct horse battery");
  request.form["csrf"] = std::string(64, '0');
  CHECK(site.call(request).status == 403);
  request = login_request(site, "ada", "correct horse battery");
  request.cookies.clear();
  CHECK(site.call(request).status == 403);
}

TEST_CASE("a session ends when it is idle and when it is old") {
  Site site;
  const std::string token = sign_in(site);
  site.now += kSessionIdleSeconds - 1;
  CHECK(site.call(with_session(site.get("/"), token)).status == 200);
  site.now += kSessionIdleSeconds;
  CHECK(site.call(with_session(site.get("/"), token)).status == 303);
  const std::string other = sign_in(site);
  for (std::int64_t passed = 0; passed < kSessionMostSeconds; passed += 1800) {
    CHECK(site.call(with_session(site.get("/"), other)).status == 200);
    site.now += 1800;
  }
  CHECK(site.call(with_session(site.get("/"), other)).status == 303);
}

TEST_CASE("of a thousand sign-in attempts at once at most the limit looks at a password") {
  LoginLimit limit;
  std::atomic<int> let_through{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread)
    threads.emplace_back([&] {
      for (int at = 0; at < 125; ++at)
        if (limit.start("ada", "10.0.0.9", kNow)) {
          ++let_through;
          limit.finish("ada", "10.0.0.9", false);
        }
    });
  for (auto& thread : threads) thread.join();
  CHECK(let_through <= kLoginAttemptsOfUserAtAddress);
  CHECK(let_through > 0);
  CHECK(limit.start("ada", "10.0.0.9", kNow + kLoginWindowSeconds));
}

TEST_CASE("the limit holds over many names at one address and many addresses at one name") {
  LoginLimit limit;
  int of_address = 0, of_user = 0;
  for (int at = 0; at < 200; ++at)
    if (limit.start("user" + std::to_string(at), "10.0.0.9", kNow)) {
      ++of_address;
      limit.finish("user" + std::to_string(at), "10.0.0.9", false);
    }
  for (int at = 0; at < 200; ++at)
    if (limit.start("ada", "10.1.0." + std::to_string(at), kNow)) {
      ++of_user;
      limit.finish("ada", "10.1.0." + std::to_string(at), false);
    }
  CHECK(of_address == kLoginAttemptsOfAddress);
  CHECK(of_user == kLoginAttemptsOfUser);
  int of_network = 0;
  for (int at = 0; at < 200; ++at)
    if (limit.start("bob", "2001:db8:1:2::" + std::to_string(at), kNow)) {
      ++of_network;
      limit.finish("bob", "2001:db8:1:2::" + std::to_string(at), false);
    }
  CHECK(of_network == kLoginAttemptsOfUserAtAddress);
}

TEST_CASE("after too many attempts the answer is 429 with a time to wait, even with the right password") {
  Site site;
  for (int at = 0; at < kLoginAttemptsOfUserAtAddress; ++at) CHECK(site.call(login_request(site, "ada", "wrong password here")).status == 401);
  const Response refused = site.call(login_request(site, "ada", "correct horse battery"));
  CHECK(refused.status == 429);
  CHECK(std::any_of(refused.headers.begin(), refused.headers.end(), [](const auto& h) { return h.first == "Retry-After"; }));
}

TEST_CASE("every route but the named few is closed to nobody and open to a viewer") {
  Site site;
  const std::set<std::string> open = {"/login", "/style.css", "/icon.svg", "/healthz"};
  const std::string token = sign_in(site);
  for (const auto& route : site.routes) {
    INFO(route.method << " " << route.pattern);
    if (open.count(route.pattern) > 0) {
      CHECK(route.permission == Permission::anyone);
      continue;
    }
    CHECK(route.permission != Permission::anyone);
    std::string path = route.pattern;
    if (contains(path, "{rule}")) path = "/findings/ssh.root-login";
    if (contains(path, "{id}")) path = "/hosts/" + site.sample.assessment.hosts[0].id;
    Request request = site.get(path);
    request.method = route.method;
    CHECK(site.call(request).status >= 300);
    // Open, too, but with nothing to show on this site: no outlook is computed, no change is asked about.
    static const std::map<std::string, int> empty = {{"/api/v1/outlook", 503}, {"/api/v1/what-if", 400}};
    const auto told = empty.find(route.pattern);
    if (route.method == "GET") CHECK(site.call(with_session(request, token)).status == (told == empty.end() ? 200 : told->second));
  }
}

TEST_CASE("exports come as files with their type, which no browser shows as a page") {
  Site site;
  const std::string token = sign_in(site);
  const std::pair<const char*, const char*> files[] = {
      {"/export/ceo.html", "text/html; charset=utf-8"}, {"/export/ceo.pdf", "application/pdf"}, {"/export/cio.pdf", "application/pdf"}, {"/export/it.pdf", "application/pdf"},
      {"/export/work-list.csv", "text/csv; charset=utf-8"}, {"/export/work-list-by-host.csv", "text/csv; charset=utf-8"}, {"/export/findings.csv", "text/csv; charset=utf-8"},
      {"/export/report.json", "application/json"}, {"/export/score.json", "application/json"}, {"/export/report.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}};
  for (const auto& [path, type] : files) {
    INFO(path);
    const Response answer = site.call(with_session(site.get(path), token));
    CHECK(answer.status == 200);
    CHECK(answer.content_type == type);
    CHECK_FALSE(answer.body.empty());
    CHECK(std::any_of(answer.headers.begin(), answer.headers.end(), [](const auto& h) { return h.first == "Content-Disposition" && contains(h.second, "attachment; filename="); }));
    CHECK(std::any_of(answer.headers.begin(), answer.headers.end(), [](const auto& h) { return h.first == "Cache-Control" && h.second == "no-store"; }));
  }
}

TEST_CASE("a PDF that cannot be made says why and what to take instead") {
  struct Row { ErrorKind kind; const char* says; bool retry; };
  for (const Row& row : {Row{ErrorKind::not_found, "WeasyPrint", false}, Row{ErrorKind::limit, "takes too long", false}, Row{ErrorKind::io, "could not be made", true}}) {
    Site site;
    site.web.pdf = std::make_unique<PdfDesk>([&](std::string_view, const std::function<bool()>&) -> Result<std::string> { return fail(row.kind, "canary"); });
    const Response answer = site.call(with_session(site.get("/export/ceo.pdf"), sign_in(site)));
    CHECK(answer.status == 503);
    CHECK(contains(answer.body, row.says));
    CHECK_FALSE(contains(answer.body, "canary"));
    CHECK(std::any_of(answer.headers.begin(), answer.headers.end(), [](const auto& h) { return h.first == "Retry-After"; }) == row.retry);
  }
  Site site;
  site.web.pdf.reset();
  CHECK(site.call(with_session(site.get("/export/ceo.pdf"), sign_in(site))).status == 503);
}

TEST_CASE("a viewer is no operator, an operator no admin, nobody is an agent") {
  Request request;
  CHECK(allow(request, Permission::anyone));
  CHECK_FALSE(allow(request, Permission::viewer));
  request.role = "admin";  // a role without a user is nobody
  CHECK_FALSE(allow(request, Permission::viewer));
  request.user = "ada";
  CHECK(allow(request, Permission::admin));
  CHECK_FALSE(allow(request, Permission::agent));
  request.role = "operator";
  CHECK(allow(request, Permission::viewer));
  CHECK_FALSE(allow(request, Permission::admin));
  request.role = "owner";
  CHECK_FALSE(allow(request, Permission::viewer));
}

TEST_CASE("the policy allows no inline style or script") {
  for (const auto& [name, value] : web_headers())
    if (name == "Content-Security-Policy") {
      CHECK_FALSE(contains(value, "unsafe-inline"));
      CHECK(contains(value, "default-src 'none'"));
      CHECK(contains(value, "frame-ancestors 'none'"));
    }
}

TEST_CASE("while nothing can be shown yet pages say 503 and when to come back") {
  Site site;
  site.web.report = [] { return nullptr; };
  const Response page = site.call(with_session(site.get("/"), sign_in(site)));
  CHECK(page.status == 503);
}

TEST_CASE("a request on its way does not bring back a session that was signed out") {
  Site site;
  const std::string token = sign_in(site);
  const Response page = site.call(with_session(site.get("/"), token));
  Request out = with_session(site.get("/logout"), token);
  out.method = "POST";
  out.form["csrf"] = csrf_in(page.body);
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    Request request = with_session(site.get("/"), token);
    while (!stop) identify(site.web, request);
  });
  for (int at = 0; at < 3; ++at) {
    identify(site.web, out);
    dispatch(site.routes, out, [](const Request&, Permission) { return true; }, [](const Response&) {});
  }
  stop = true;
  reader.join();
  Request request = with_session(site.get("/"), token);
  identify(site.web, request);
  CHECK(request.user.empty());
  CHECK_FALSE((*site.store->session(sha256_hex(token))).has_value());
}
