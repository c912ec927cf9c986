// SPDX-License-Identifier: Apache-2.0
// Requests and responses as plain values, and the table of routes. The server that moves their bytes is server.cc,
// the only file that knows Asio, Beast and TLS streams.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace plumbline {

/// Who may call a route; every row of a table names one, and nothing else is reachable (default deny).
enum class Permission { anyone, agent, viewer, operator_, admin };

struct Request {
  std::string method;                         // "GET"
  std::string path;                           // decoded, normalised: begins with '/', holds no "..", NUL or "//"
  std::map<std::string, std::string> query;   // decoded
  std::map<std::string, std::string> form;    // of an application/x-www-form-urlencoded body
  std::map<std::string, std::string> headers; // lower-case names
  std::map<std::string, std::string> cookies;
  std::vector<std::string> parameters;        // what {…} of the route matched
  std::string body;
  std::string peer_address;                   // for limits and audit
  std::string agent_id;                       // host id of the verified client certificate; empty without one
  std::string agent_serial;
  std::string user, role, csrf;               // of the session, where there is one
  std::string refusal;                        // why identify() took an identity away; the connection is closed after it
};

struct Response {
  int status = 200;
  std::string content_type = "text/html; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};
Response redirect(std::string location);
/// A problem as JSON for agents: {"error":"…","next":"…"}
Response problem(int status, std::string_view what, std::string_view next = {});

/// Answers once, from any thread.
using Reply = std::function<void(Response)>;

struct Route {
  std::string method;
  std::string pattern;  // "/hosts/{id}"
  Permission permission;
  std::function<void(const Request&, Reply)> handle;  // runs on the pool
  std::size_t body_limit_bytes = 64u << 10;
};
/// For handlers that answer at once.
std::function<void(const Request&, Reply)> at_once(std::function<Response(const Request&)> handler);

/// The parts of a request target "/hosts/db%2D07?age=old": absolute forms lose scheme and host. Refuses bad escapes,
/// escaped slashes, control characters, backslashes, "//", "." and ".." (goal S12).
struct Target {
  std::string path;
  std::map<std::string, std::string> query;
};
Result<Target> parse_target(std::string_view target);
/// "a=b&c=d" of a form or a query; of a name given twice the first counts.
Result<std::map<std::string, std::string>> parse_form(std::string_view text);
/// "a=b; c=d" of a Cookie header; of a name given twice the first counts.
std::map<std::string, std::string> parse_cookies(std::string_view header);
/// Everything but letters, digits and "-._~" as %XX: for a part of a path or a query.
std::string escape_url(std::string_view text);

/// Status line, headers and body as they travel. A response's own headers stand before the server's defaults; a header
/// that holds a line break turns the response into a 500, never into two. `head`: the body's length without the body.
struct WireOptions {
  bool head = false;
  bool keep_alive = true;
  std::string_view date;  // "Mon, 23 Nov 2026 19:35:00 GMT"
  const std::vector<std::pair<std::string, std::string>>* extra_headers = nullptr;
};
std::string wire_bytes(const Response& response, const WireOptions& options);

/// The route that answers this method and path, or nullptr.
const Route* route_for(const std::vector<Route>& routes, std::string_view method, std::string_view path);

/// Decides a request against a table: 404, 405, 401/403 or the route's handler. `allow` says whether the request's
/// identity holds a permission; where there is none, agents need a certificate and people's routes stay closed. A page
/// asked for without a session is a redirect to /login. HEAD is answered by GET's route. Pure: no socket.
void dispatch(const std::vector<Route>& routes, Request request,
              const std::function<bool(const Request&, Permission)>& allow, Reply reply);

struct ServerOptions {
  std::string address = "127.0.0.1";
  unsigned short port = 0;
  std::string certificate_pem;      // chain
  std::string private_key_pem;
  std::string client_ca_pem;        // set: client certificates are asked for and, where given, must verify
  std::vector<Route> routes;
  /// Fills user, role and csrf from the session cookie, refuses denied agents; called on the pool before dispatch.
  std::function<void(Request&)> identify;
  std::function<bool(const Request&, Permission)> allow;
  /// What dispatch or a route answered, made fit for who reads it (a page instead of a JSON problem); may be empty.
  std::function<Response(const Request&, Response)> dress;
  /// Told about handshakes that failed and requests that were refused, for the audit log: (peer address, reason).
  std::function<void(const std::string&, const std::string&)> refused;
  std::vector<std::pair<std::string, std::string>> extra_headers;  // on every response
  unsigned threads = 2;             // of the pool that runs handlers
  std::size_t most_connections = 20'000;
};

/// A running listener; destroying it stops it after the requests in flight.
class Server {
 public:
  virtual ~Server() = default;
  virtual unsigned short port() const = 0;
  /// Closes every connection of this agent; used when it is denied.
  virtual void disconnect(const std::string& agent_id) = 0;
};
Result<std::unique_ptr<Server>> start_server(ServerOptions options);

}  // namespace plumbline
