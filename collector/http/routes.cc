// SPDX-License-Identifier: Apache-2.0
// The decision what answers a request: a table of routes, each with the permission it asks for.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "collector/http/http.h"

namespace plumbline {
namespace {

/// Takes the text up to the next slash off the front.
std::string_view next_part(std::string_view& path) {
  const auto slash = path.find('/');
  const std::string_view part = path.substr(0, slash);
  path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  return part;
}

/// "/hosts/{id}" over "/hosts/db-07": what the braces matched; nothing where it does not match. {…} matches one
/// part that is not empty.
std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path) {
  std::vector<std::string> parameters;
  if (std::count(pattern.begin(), pattern.end(), '/') != std::count(path.begin(), path.end(), '/')) return std::nullopt;
  while (!pattern.empty() || !path.empty()) {
    const std::string_view wanted = next_part(pattern), given = next_part(path);
    if (wanted.size() > 2 && wanted.front() == '{' && wanted.back() == '}') {
      if (given.empty()) return std::nullopt;
      parameters.emplace_back(given);
    } else if (wanted != given) {
      return std::nullopt;
    }
  }
  return parameters;
}

bool serves(const Route& route, std::string_view method) { return route.method == method || (method == "HEAD" && route.method == "GET"); }

struct Match {
  const Route* route = nullptr;
  std::vector<std::string> parameters;
  std::vector<std::string> other_methods;  // of routes with this path
};

Match find_route(const std::vector<Route>& routes, std::string_view method, std::string_view path) {
  Match found;
  for (const Route& route : routes) {
    auto parameters = match(route.pattern, path);
    if (!parameters) continue;
    if (serves(route, method)) {
      // A route of literal parts goes before one with braces: "/hosts/new" before "/hosts/{id}".
      if (!found.route || parameters->size() < found.parameters.size()) {
        found.route = &route;
        found.parameters = std::move(*parameters);
      }
      continue;
    }
    if (std::find(found.other_methods.begin(), found.other_methods.end(), route.method) == found.other_methods.end())
      found.other_methods.push_back(route.method);
  }
  return found;
}

bool wants_page(const Request& request) {
  const auto accept = request.headers.find("accept");
  return (request.method == "GET" || request.method == "HEAD") && accept != request.headers.end() && contains(accept->second, "text/html");
}

Response refuse(const Request& request, const Route& route) {
  if (!request.refusal.empty()) return problem(403, "refused: " + request.refusal, "ask whoever runs the collector");
  if (route.permission == Permission::agent)
    return request.agent_id.empty() ? problem(401, "a client certificate of this collector is needed", "enrol this host: plumbline-agent enroll")
                                    : problem(403, "this host may not do that");
  if (!request.user.empty()) return problem(403, "your role may not do that", "ask an administrator");
  if (wants_page(request)) return redirect("/login");
  return problem(401, "log in first", "open /login");
}

bool allowed(const Request& request, Permission permission, const std::function<bool(const Request&, Permission)>& allow) {
  if (permission == Permission::anyone) return true;
  if (permission == Permission::agent && request.agent_id.empty()) return false;
  if (allow) return allow(request, permission);
  return permission == Permission::agent;
}

}  // namespace

Response redirect(std::string location) {
  Response response;
  response.status = 303;
  response.headers.emplace_back("Location", std::move(location));
  return response;
}

Response problem(int status, std::string_view what, std::string_view next) {
  Response response;
  response.status = status;
  response.content_type = "application/json";
  nlohmann::json body = {{"error", to_utf8(what)}};
  if (!next.empty()) body["next"] = to_utf8(next);
  response.body = body.dump();
  return response;
}

std::function<void(const Request&, Reply)> at_once(std::function<Response(const Request&)> handler) {
  return [handler = std::move(handler)](const Request& request, Reply reply) { reply(handler(request)); };
}

const Route* route_for(const std::vector<Route>& routes, std::string_view method, std::string_view path) {
  return find_route(routes, method, path).route;
}

void dispatch(const std::vector<Route>& routes, Request request, const std::function<bool(const Request&, Permission)>& allow, Reply reply) {
  Match found = find_route(routes, request.method, request.path);
  if (!found.route) {
    if (found.other_methods.empty()) return reply(problem(404, "there is no such page: " + printable(request.path.substr(0, 200))));
    Response response = problem(405, "this path does not answer " + printable(request.method.substr(0, 20)));
    response.headers.emplace_back("Allow", join(found.other_methods, ", "));
    return reply(std::move(response));
  }
  if (!allowed(request, found.route->permission, allow)) return reply(refuse(request, *found.route));
  request.parameters = std::move(found.parameters);
  found.route->handle(request, std::move(reply));
}

}  // namespace plumbline
