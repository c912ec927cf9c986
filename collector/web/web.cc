// SPDX-License-Identifier: Apache-2.0
// The people's routes: pages, reports, exports, login and logout.
#include "collector/web/web.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "base/zstd.h"
#include "collector/report/ai_pages.h"
#include "collector/report/host_verdicts.h"
#include "collector/web/export_routes.h"
#include "collector/web/area_routes.h"
#include "collector/web/password.h"
#include "collector/web/people_routes.h"
#include "collector/web/shown.h"

namespace plumbline {
namespace {

constexpr std::size_t kTokenBytes = 32;
constexpr std::int64_t kSeenEverySeconds = 60;   // a session's last use is written this often, not with every request
constexpr std::size_t kMostNameBytes = 128;
constexpr std::size_t kMostEndedKept = 10'000;
constexpr std::size_t kMostTokenBytes = 128;

Response not_here(std::string_view what) {
  return html(page_error(404, what, "go back to the overview"), 404);
}

std::string cookie(std::string_view name, std::string_view value, std::string_view more = {}) {
  return std::string(name) + "=" + std::string(value) + "; Path=/; Secure; HttpOnly; SameSite=Strict" + std::string(more);
}

std::string cookie_value(const Request& request, std::string_view name) {
  const auto found = request.cookies.find(std::string(name));
  return found == request.cookies.end() || found->second.size() > kMostTokenBytes ? std::string() : found->second;
}

/// The login form's token is made from a cookie only this site can set (__Host-), so another site cannot post it.
std::string login_csrf(std::string_view cookie_text) { return sha256_hex("plumbline login " + std::string(cookie_text)); }

Response login_page(const Request& request, std::string_view message, int status) {
  std::string secret = cookie_value(request, kLoginCookie);
  const bool fresh = secret.size() < 40;
  if (fresh) secret = base64url(random_bytes(kTokenBytes));
  Response response = html(page_login(message, login_csrf(secret)), status);
  if (fresh) response.headers.emplace_back("Set-Cookie", cookie(kLoginCookie, secret));
  return response;
}

void remember(Web& web, std::string_view actor, std::string_view action, const Request& request) {
  const auto kept = web.store->add_audit(actor, action, "session", request.peer_address, web.clock());
  if (!kept) log_warning("audit log: " + kept.error().message);
}

/// The user with this name and password; the same work whether there is one or not (goal S18).
Result<std::optional<UserRow>> check_password(Web& web, const std::string& name, const std::string& password) {
  auto user = web.store->user(name);
  if (!user) return tl::unexpected(user.error());
  const bool right = verify_password(*user ? (*user)->password_hash : hash_of_nobody(), password);
  return *user && right ? *user : std::nullopt;
}

Response start_session(Web& web, const Request& request, const UserRow& user) {
  const std::string token = base64url(random_bytes(kTokenBytes));
  SessionRow session;
  session.token_hash = sha256_hex(token);
  session.user = user.name;
  session.role = user.role;
  session.csrf = base64url(random_bytes(kTokenBytes));
  session.created_at = session.seen_at = web.clock();
  session.expires_at = session.created_at + kSessionMostSeconds;
  if (const auto kept = web.store->put_session(session); !kept) {
    log_warning("sign in: " + kept.error().message);
    return html(page_error(503, "the session could not be kept", "try again in a moment"), 503);
  }
  remember(web, user.name, "login", request);
  Response response = redirect("/");
  response.headers.emplace_back("Set-Cookie", cookie(kSessionCookie, token));
  response.headers.emplace_back("Set-Cookie", cookie(kLoginCookie, "", "; Max-Age=0"));
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

Response too_many(const Request& request) {
  Response response = login_page(request, "Too many attempts. Wait five minutes, then try again.", 429);
  response.headers.emplace_back("Retry-After", std::to_string(kLoginWindowSeconds));
  return response;
}

Response log_in(Web& web, const Request& request) {
  const std::string secret = cookie_value(request, kLoginCookie);
  if (secret.empty() || !same_token(form_value(request, "csrf"), login_csrf(secret)))
    return login_page(request, "The form was out of date. Please sign in again.", 403);
  const std::string name = form_value(request, "user"), password = form_value(request, "password");
  if (!web.login_limit.start(name, request.peer_address, web.clock())) return too_many(request);
  const bool fits = name.size() <= kMostNameBytes && password.size() <= kMaxPasswordBytes;
  const auto user = check_password(web, fits ? name : std::string(), fits ? password : std::string());
  web.login_limit.finish(name, request.peer_address, user && *user);
  if (!user) {
    log_warning("sign in: " + user.error().message);
    return html(page_error(503, "sign-in is not possible right now", "try again in a moment"), 503);
  }
  if (!*user) {
    remember(web, "nobody", "login refused", request);
    return login_page(request, "That name and password do not belong together.", 401);
  }
  return start_session(web, request, **user);
}

void mark_ended(Web& web, const std::string& token_hash) {
  const std::lock_guard lock(web.ended_mutex);
  if (web.ended.size() >= kMostEndedKept) web.ended.clear();
  web.ended.insert(token_hash);
}

bool was_ended(Web& web, const std::string& token_hash) {
  const std::lock_guard lock(web.ended_mutex);
  return web.ended.count(token_hash) > 0;
}

/// Notes that a session is in use. Signing out marks first and deletes then, so whichever of the two comes last here,
/// the session is gone.
void touch(Web& web, SessionRow& session, std::int64_t now) {
  session.seen_at = now;
  if (const auto kept = web.store->put_session(session); !kept) log_warning("session: " + kept.error().message);
  if (!was_ended(web, session.token_hash)) return;
  if (const auto gone = web.store->end_session(session.token_hash); !gone) log_warning("session: " + gone.error().message);
}

Response log_out(Web& web, const Request& request) {
  if (!same_token(form_value(request, "csrf"), request.csrf))
    return html(page_error(403, "the form was out of date", "go back, reload the page and try again"), 403);
  const std::string token_hash = sha256_hex(cookie_value(request, kSessionCookie));
  mark_ended(web, token_hash);
  if (const auto ended = web.store->end_session(token_hash); !ended) {
    log_warning("sign out: " + ended.error().message);
    return html(page_error(503, "the session could not be ended", "try again in a moment"), 503);
  }
  remember(web, request.user, "logout", request);
  Response response = redirect("/login");
  response.headers.emplace_back("Set-Cookie", cookie(kSessionCookie, "", "; Max-Age=0"));
  return response;
}

std::optional<std::string> scan_document(Web& web, const std::string& host_id) {
  const auto scan = web.store->latest_scan(host_id);
  if (!scan || !*scan) return std::nullopt;
  auto document = decompress_zstd((*scan)->document_zstd);
  if (!document) {
    log_warning("host " + host_id + ": stored scan: " + document.error().message);
    return std::nullopt;
  }
  return std::move(*document);
}

Response host_page(Web& web, const Request& request, const ReportInput& input, const PageContext& context) {
  const std::string& id = request.parameters.at(0);
  auto page = page_host(input, context, id, scan_document(web, id));
  return page ? html(std::move(*page)) : not_here("there is no such host");
}

std::vector<std::string> ids_of(const RuleSet& rules, const std::vector<std::size_t>& indexes) {
  std::vector<std::string> out;
  for (const std::size_t index : indexes) out.push_back(rules.rules[index].id);
  return out;
}

nlohmann::json finding_json(const ReportInput& input, std::size_t rule) {
  const Rule& about = input.rules->rules[rule];
  const RuleResult& result = input.assessment->rules[rule];
  nlohmann::json hosts = nlohmann::json::array();
  for (const std::size_t host : result.failing) hosts.push_back({{"id", input.assessment->hosts[host].id}, {"name", to_utf8(input.assessment->hosts[host].name)}});
  nlohmann::json incidents = nlohmann::json::array();
  for (const Incident* one : incidents_of(*input.rules, about))
    incidents.push_back({{"id", one->id}, {"product", one->product}, {"date", one->date}, {"title", one->title}, {"fixed_in", one->fixed_in}, {"link", one->link}});
  return {{"rule", about.id}, {"incidents", std::move(incidents)}, {"title", about.title}, {"pillar", to_text(about.pillar)}, {"severity", to_text(about.severity)},
          {"why", about.why}, {"fix", about.fix.text}, {"effort_days", about.fix.effort_days}, {"cost", to_text(about.fix.cost)},
          {"owner", about.fix.owner}, {"references", about.references}, {"gain_points", result.gain / 10.0},
          {"pass", result.tally.pass}, {"fail", result.tally.fail}, {"unknown", result.tally.unknown},
          {"not_applicable", result.tally.not_applicable}, {"waived", result.tally.waived}, {"hosts", std::move(hosts)},
          {"also_seen_as", ids_of(*input.rules, result.also_seen_as)}};
}

Response api_findings(const Request&, const ReportInput& input, const PageContext&) {
  nlohmann::json findings = nlohmann::json::array();
  for (const std::size_t rule : input.assessment->findings) findings.push_back(finding_json(input, rule));
  return json_body(canonical_json({{"rules", input.rules->version}, {"as_of", input.assessment->as_of}, {"findings", std::move(findings)}}));
}

Response api_hosts(const Request&, const ReportInput& input, const PageContext&) {
  nlohmann::json hosts = nlohmann::json::array();
  for (std::size_t at = 0; at < input.assessment->hosts.size(); ++at) {
    const AssessedHost& host = input.assessment->hosts[at];
    const HostScore score = host_score(input, at);
    nlohmann::json row = {{"id", host.id}, {"name", to_utf8(host.name)}, {"taken_at", host.taken_at}, {"lower", score.lower / 10.0}, {"upper", score.upper / 10.0}};
    row["score"] = score.value ? nlohmann::json(*score.value / 10.0) : nlohmann::json();
    hosts.push_back(std::move(row));
  }
  return json_body(canonical_json({{"hosts", std::move(hosts)}}));
}

/// ?page=2 is the next kAiHostsInJson machines.
Response api_ai(const Request& request, const ReportInput& input, const PageContext&) {
  const auto asked = request.query.find("page");
  const std::uint64_t page = asked == request.query.end() ? 1 : parse_u64(asked->second).value_or(1);
  const std::size_t skip = static_cast<std::size_t>(std::clamp<std::uint64_t>(page, 1, 1'000'000) - 1) * kAiHostsInJson;
  return json_body(canonical_json(ai_json(input, skip, kAiHostsInJson)));
}

Page report_of(Audience audience) {
  return [audience](const Request&, const ReportInput& input, const PageContext& context) { return html(page_report(input, context, audience)); };
}

Response style_response(const Request&) {
  Response response;
  response.content_type = "text/css; charset=utf-8";
  response.body = std::string(style_sheet());
  response.headers.emplace_back("Cache-Control", "max-age=300");
  return response;
}

/// A plumb bob.
Response icon(const Request&) {
  Response response;
  response.content_type = "image/svg+xml";
  response.body = R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M15 0h2v9h-2z" fill="#52626b"/><path d="M10 9h12l-2 12-4 11-4-11z" fill="#0b5c6b"/></svg>)";
  response.headers.emplace_back("Cache-Control", "max-age=86400");
  return response;
}

Response health(const Request&) {
  Response response;
  response.content_type = "text/plain; charset=utf-8";
  response.body = "ok\n";
  return response;
}

void add_session_routes(Web& web, std::vector<Route>& routes) {
  routes.push_back({"GET", "/login", Permission::anyone, at_once([](const Request& request) {
                      return request.user.empty() ? login_page(request, {}, 200) : redirect("/");
                    })});
  routes.push_back({"POST", "/login", Permission::anyone, at_once([&web](const Request& request) { return log_in(web, request); })});
  routes.push_back({"POST", "/logout", Permission::viewer, at_once([&web](const Request& request) { return log_out(web, request); })});
  routes.push_back({"GET", "/style.css", Permission::anyone, at_once(style_response)});
  routes.push_back({"GET", "/icon.svg", Permission::anyone, at_once(icon)});
  routes.push_back({"GET", "/healthz", Permission::anyone, at_once(health)});
}

void add_page_routes(Web& web, std::vector<Route>& routes) {
  const auto view = [&](std::string pattern, Page page) { routes.push_back({"GET", std::move(pattern), Permission::viewer, shown(web, std::move(page))}); };
  view("/", [](const Request&, const ReportInput& in, const PageContext& context) { return html(page_overview(in, context)); });
  view("/findings", [](const Request&, const ReportInput& in, const PageContext& context) { return html(page_findings(in, context)); });
  view("/findings/{rule}", [](const Request& r, const ReportInput& in, const PageContext& context) {
    auto page = page_finding(in, context, r.parameters.at(0));
    return page ? html(std::move(*page)) : not_here("there is no such rule");
  });
  view("/workloads", [](const Request&, const ReportInput& in, const PageContext& context) { return html(page_workloads(in, context)); });
  view("/ai", [](const Request&, const ReportInput& in, const PageContext& context) { return html(page_ai(in, context)); });
  view("/hosts", [](const Request&, const ReportInput& in, const PageContext& context) { return html(page_hosts(in, context)); });
  view("/hosts/{id}", [&web](const Request& r, const ReportInput& in, const PageContext& context) { return host_page(web, r, in, context); });
  view("/reports", [](const Request&, const ReportInput& in, const PageContext& context) { return html(page_reports(in, context)); });
  view("/reports/it", report_of(Audience::it));
  view("/reports/cio", report_of(Audience::cio));
  view("/reports/ceo", report_of(Audience::ceo));
}

void add_api_routes(Web& web, std::vector<Route>& routes) {
  const auto view = [&](std::string pattern, Page page) { routes.push_back({"GET", std::move(pattern), Permission::viewer, shown(web, std::move(page))}); };
  view("/api/v1/score", [](const Request&, const ReportInput& in, const PageContext&) { return json_body(to_json(*in.rules, *in.assessment)); });
  view("/api/v1/findings", api_findings);
  view("/api/v1/ai", api_ai);
  view("/api/v1/hosts", api_hosts);
  view("/api/v1/hosts/{id}", [](const Request& r, const ReportInput& in, const PageContext&) {
    auto verdicts = host_verdicts(in, r.parameters.at(0));
    return verdicts ? json_body(canonical_json(*verdicts)) : not_here("there is no such host");
  });
  // Told even while nothing can be shown: then it says why.
  routes.push_back({"GET", "/api/v1/rules", Permission::viewer, at_once([&web](const Request&) {
                      return json_body(web.rules_state ? web.rules_state() : "{}\n");
                    })});
}

bool known_role(std::string_view role) { return role == "viewer" || role == "operator" || role == "admin"; }

}  // namespace

std::vector<Route> web_routes(Web& web) {
  std::vector<Route> routes;
  add_session_routes(web, routes);
  add_page_routes(web, routes);
  add_export_routes(web, routes);
  add_api_routes(web, routes);
  add_outlook_routes(web, routes);
  add_what_if_routes(web, routes);
  add_people_routes(web, routes);
  return routes;
}

void identify(Web& web, Request& request) {
  request.user.clear();
  request.role.clear();
  request.csrf.clear();
  const std::string token = cookie_value(request, kSessionCookie);
  if (token.empty()) return;
  auto found = web.store->session(sha256_hex(token));
  if (!found || !*found) return;
  SessionRow& session = **found;
  const std::int64_t now = web.clock();
  if (now >= session.expires_at || now - session.seen_at >= kSessionIdleSeconds || !known_role(session.role)) return;
  if (was_ended(web, session.token_hash)) return;
  if (now - session.seen_at >= kSeenEverySeconds) touch(web, session, now);
  request.user = session.user;
  request.role = session.role;
  request.csrf = session.csrf;
}

bool allow(const Request& request, Permission permission) {
  const auto is = [&](std::string_view role) { return !request.user.empty() && request.role == role; };
  switch (permission) {
    case Permission::anyone: return true;
    case Permission::agent: return false;
    case Permission::viewer: return is("viewer") || is("operator") || is("admin");
    case Permission::operator_: return is("operator") || is("admin");
    case Permission::admin: return is("admin");
  }
  return false;
}

std::vector<std::pair<std::string, std::string>> web_headers() {
  return {{"Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
          {"X-Content-Type-Options", "nosniff"},
          {"Referrer-Policy", "no-referrer"},
          {"X-Frame-Options", "DENY"},
          {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
          {"Cross-Origin-Opener-Policy", "same-origin"},
          {"Cross-Origin-Resource-Policy", "same-origin"}};
}

Response dressed(const Request& request, Response response) {
  if (response.status < 400 || response.content_type.rfind("application/json", 0) != 0) return response;
  if (request.path.rfind("/api/", 0) == 0) return response;
  switch (response.status) {
    case 401: return request.method == "GET" ? redirect("/login") : html(page_error(401, "you are signed out", "sign in and try again"), 401);
    case 403: return html(page_error(403, "your role may not see this", "ask an administrator for a higher role"), 403);
    case 404: return not_here("there is no such page");
    case 405: return html(page_error(405, "this page cannot be used that way", "go back to the overview"), 405);
    default: return response;
  }
}

}  // namespace plumbline
