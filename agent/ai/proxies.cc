// SPDX-License-Identifier: Apache-2.0
// Readers of proxies' configurations, as far as "which port does it pass on, and who is let in" goes. Words
// after the manuals: nginx (ngx_http_proxy_module, auth_basic, auth_request, auth_jwt, ssl), Caddy
// (reverse_proxy, basic_auth, forward_auth), Apache (mod_proxy, mod_authz_core), HAProxy (http-request auth).
#include "agent/ai/proxies.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "agent/config/glob.h"
#include "agent/redact.h"
#include "agent/services.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxFiles = 200;
constexpr std::size_t kMaxConfigBytes = 512u << 10;
constexpr std::size_t kMaxWords = 200'000;
constexpr std::size_t kMaxRoutes = 500;
constexpr int kMaxIncludes = 4;

enum class Asked { no, yes, maybe };

std::string text_of(Asked asked) {
  return asked == Asked::yes ? "required" : asked == Asked::no ? "none" : "unknown";
}

/// "http://127.0.0.1:11434/v1", "localhost:8000" and "[::1]:8000" of this host; nothing for other hosts.
std::optional<int> local_port(std::string_view target) {
  int standard = 80;
  if (const std::size_t scheme = target.find("://"); scheme != std::string_view::npos) {
    if (target.substr(0, scheme) == "https") standard = 443;
    target.remove_prefix(scheme + 3);
  }
  target = target.substr(0, target.find_first_of("/ \t;"));
  std::string_view host = target;
  std::string_view port;
  if (target.starts_with('[')) {
    const std::size_t end = target.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    host = target.substr(1, end - 1);
    if (target.size() > end + 1 && target[end + 1] == ':') port = target.substr(end + 2);
  } else if (const std::size_t colon = target.rfind(':'); colon != std::string_view::npos) {
    host = target.substr(0, colon);
    port = target.substr(colon + 1);
  }
  const bool here = host == "localhost" || host == "0.0.0.0" || host == "::1" || host.starts_with("127.") ||
                    (host.empty() && !port.empty());
  if (!here) return std::nullopt;
  if (port.empty()) return standard;
  const auto number = parse_u64(port);
  return number && *number > 0 && *number <= 65535 ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

std::string listen_exposure(std::string_view address) {
  if (address.starts_with("unix:")) return "loopback";
  if (address.starts_with('[')) return std::string(exposure_of(address.substr(1, address.find(']') - 1)));
  const std::size_t colon = address.rfind(':');
  if (colon != std::string_view::npos) return std::string(exposure_of(address.substr(0, colon)));
  const bool port = !address.empty() && std::all_of(address.begin(), address.end(),
                                                    [](char c) { return c >= '0' && c <= '9'; });
  return std::string(exposure_of(port ? std::string_view() : address));
}

using Redact = std::string (*)(std::string_view);

std::string read_config(const Host& host, const std::string& path, Redact redact) {
  return host.read_redacted(path, redact, kMaxConfigBytes).value_or("");
}

template <std::size_t count>
bool is_one_of(std::string_view word, const std::array<std::string_view, count>& known) {
  return std::find(known.begin(), known.end(), word) != known.end();
}

void put_words(std::string& out, const std::vector<std::string_view>& parts) {
  for (const std::string_view word : parts) out.append(out.empty() || out.ends_with('\n') ? "" : " ").append(redact_line(word));
  out.append("\n");
}

/// Lines of directives that read_caddy() knows, sites, and where blocks begin and end: what stands in other blocks may be
/// a name with the hash of a password.
std::string redact_caddy(std::string_view text) {
  constexpr std::array<std::string_view, 10> known = {"bind",         "basic_auth",  "basicauth", "forward_auth",  "authorize",
                                                      "authenticate", "client_auth", "import",    "reverse_proxy", "to"};
  std::string out;
  int depth = 0;
  for (const std::string_view line : lines(text)) {
    const auto parts = words(line.substr(0, line.find(" #")));
    if (parts.empty() || parts[0].starts_with('#')) continue;
    const bool opens = parts.back() == "{";
    if (is_one_of(parts[0], known) || (depth == 0 && opens)) put_words(out, parts);
    else if (opens) out += "x {\n";
    else if (parts[0] == "}") out += "}\n";
    for (const std::string_view word : parts) depth += (word == "{") - (word == "}");
  }
  return out;
}

/// Lines of directives that read_apache() knows; of rules their addresses.
std::string redact_apache(std::string_view text) {
  constexpr std::array<std::string_view, 6> known = {"proxypass",   "proxypassmatch", "balancermember",
                                                     "rewriterule", "require",        "sslverifyclient"};
  std::string out;
  for (const std::string_view line : lines(text)) {
    const auto parts = words(line);
    if (parts.size() < 2 || !is_one_of(lower(parts[0]), known)) continue;
    std::vector<std::string_view> kept = {parts[0], parts[1]};
    for (std::size_t i = 2; i < parts.size(); ++i)
      if (contains(parts[i], "://")) kept.push_back(parts[i]);
    put_words(out, kept);
  }
  return out;
}

/// Words of nginx: comments away, quotes kept together, "{", "}" and ";" by themselves.
std::vector<std::string> nginx_words(std::string_view text) {
  std::vector<std::string> found;
  for (std::size_t i = 0; i < text.size() && found.size() < kMaxWords;) {
    const char c = text[i];
    if (c == '#') {
      i = std::min(text.find('\n', i), text.size());
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++i;
    } else if (c == '{' || c == '}' || c == ';') {
      found.emplace_back(1, c);
      ++i;
    } else if (c == '"' || c == '\'') {
      const std::size_t end = std::min(text.find(c, i + 1), text.size());
      found.emplace_back(text.substr(i + 1, end - i - 1));
      i = end + 1;
    } else {
      std::size_t end = i;
      while (end < text.size() && text.substr(end, 1).find_first_of(" \t\r\n;{}") == std::string_view::npos) {
        if (text[end] == '$' && end + 1 < text.size() && text[end + 1] == '{')  // "${name}"
          end = std::min(text.find('}', end), text.size() - 1);
        ++end;
      }
      found.emplace_back(text.substr(i, end - i));
      i = end;
    }
  }
  return found;
}

bool is_script(std::string_view directive) { return directive.starts_with("access_by_lua") || directive == "js_access"; }

/// Only directives that tell() and open() know leave memory, each word by itself: values may be keys, and cutting one
/// out of a line would take the quote or the semicolon behind it along.
std::string redact_nginx(std::string_view text) {
  constexpr std::array<std::string_view, 14> kept = {"include",           "listen", "proxy_pass", "grpc_pass",    "server",
                                                     "auth_basic",        "auth_request", "auth_jwt",   "auth_oidc",    "ssl_verify_client",
                                                     "deny",              "return", "upstream",   "if"};
  std::string out;
  std::vector<std::string> statement;
  const auto put = [&](std::string_view end) {
    const std::string name = statement.empty() ? "" : statement[0];
    const bool known = std::find(kept.begin(), kept.end(), name) != kept.end();
    if (end == "{" || known || is_script(name)) out += name.find_first_of(" \t\r\n{};#\"'") == std::string::npos ? name : std::string("x");
    for (std::size_t i = 1; known && i < statement.size(); ++i) {
      const std::string word = redact_line(statement[i]);
      const bool variable = contains(word, "$");
      const bool plain = !word.empty() && word.find_first_of(" \t\r\n{};#\"'") == std::string::npos;
      if (plain && (name != "if" || variable) && (!name.starts_with("auth_") || word == "off")) out.append(" ").append(word);
      else if (name.starts_with("auth_")) out.append(" on");
    }
    if (end != ";" || known || is_script(name)) out.append(end).append("\n");
    statement.clear();
  };
  for (std::string& word : nginx_words(text)) {
    if (word == ";" || word == "{" || word == "}") put(word);
    else statement.push_back(std::move(word));
  }
  return out;
}

struct Answer {
  Asked asked = Asked::no;
  std::string evidence;
};

/// By directive: each is inherited for itself, so "auth_basic off" leaves the auth_request of a block around it alone.
using Answers = std::map<std::string, Answer>;

/// One that asks is enough.
Answer together(const Answers& answers) {
  Answer whole;
  for (const auto& [directive, one] : answers)
    if (one.asked == Asked::yes || (one.asked == Asked::maybe && whole.asked == Asked::no)) whole = one;
  return whole;
}

struct Pass {
  std::string target;
  Answers answers;  // blocks around it may still say more
};

struct NginxBlock {
  std::string name;
  Answers answers;  // what the block itself says
  std::vector<std::string> listens;
  std::vector<Pass> passes;
};

/// Blocks inherit what those around them say, wherever in them it stands: so a route waits until its block,
/// then its server, is closed.
class NginxReader {
 public:
  explicit NginxReader(const Host& host) : host_(host) { stack_.push_back({}); }

  std::vector<ProxyRoute> read(const std::string& path) {
    file(path, 0);
    while (stack_.size() > 1) close();
    // A target may be the name of an upstream that comes later in the files.
    for (const auto& [name, route] : named_) {
      const auto upstream = upstreams_.find(name);
      if (upstream == upstreams_.end()) continue;
      for (const int port : upstream->second) {
        found_.push_back(route);
        found_.back().port = port;
      }
    }
    return std::move(found_);
  }

 private:
  void file(const std::string& path, int depth) {
    if (++files_ > kMaxFiles || depth > kMaxIncludes) return;
    std::vector<std::string> statement;
    for (std::string& word : nginx_words(read_config(host_, path, redact_nginx))) {
      if (word == ";") {
        tell(statement, depth);
        statement.clear();
      } else if (word == "{") {
        open(statement);
        statement.clear();
      } else if (word == "}") {
        if (stack_.size() > 1) close();
        statement.clear();
      } else {
        statement.push_back(std::move(word));
      }
    }
  }

  void open(const std::vector<std::string>& statement) {
    NginxBlock block;
    block.name = statement.empty() ? "" : statement[0];
    if (block.name == "upstream" && statement.size() > 1) upstream_ = statement[1];
    if (block.name == "if") condition_ = join(statement, " ");
    if (is_script(block.name)) asks(Asked::maybe, block.name);  // "access_by_lua_block {…}"
    if (stack_.size() < kMaxDepth) stack_.push_back(std::move(block));
  }

  void close() {
    NginxBlock block = std::move(stack_.back());
    stack_.pop_back();
    NginxBlock& outer = stack_.back();
    if (block.name == "upstream") upstream_.clear();
    if (block.name == "if") {  // "if ($http_authorization != …) { return 401; }" speaks for the block around it
      condition_.clear();
      outer.answers.merge(std::move(block.answers));
      block.answers.clear();
    }
    for (Pass& pass : block.passes) {
      pass.answers.insert(block.answers.begin(), block.answers.end());  // what is said further inside stays
      if (block.name == "server")
        add_route(block, std::move(pass), outer);
      else
        outer.passes.push_back(std::move(pass));
    }
  }

  void add_route(const NginxBlock& server, Pass pass, const NginxBlock& outer) {
    if (found_.size() + named_.size() >= kMaxRoutes) return;
    pass.answers.insert(outer.answers.begin(), outer.answers.end());
    const Answer answer = together(pass.answers);
    ProxyRoute route;
    route.proxy = "nginx";
    route.auth = text_of(answer.asked);
    route.evidence = "nginx: " + (route.auth == "none" ? "no auth_basic, auth_request or client certificate" : answer.evidence);
    std::string_view widest = server.listens.empty() ? "any" : "none";  // without "listen" it is port 80
    for (const std::string& listen : server.listens) widest = wider(widest, listen);
    route.exposure = widest;
    if (const auto port = local_port(pass.target)) {
      route.port = *port;
      found_.push_back(std::move(route));
      return;
    }
    std::string_view name = pass.target;
    if (const std::size_t scheme = name.find("://"); scheme != std::string_view::npos)
      name.remove_prefix(scheme + 3);
    named_.emplace_back(std::string(name.substr(0, name.find_first_of("/:"))), std::move(route));
  }

  void asks(Asked asked, std::string evidence) {
    std::string directive = evidence;
    stack_.back().answers[std::move(directive)] = {asked, std::move(evidence)};
  }

  void tell(const std::vector<std::string>& statement, int depth) {
    if (statement.empty()) return;
    const std::string& name = statement[0];
    const std::string value = statement.size() > 1 ? statement[1] : "";
    NginxBlock& block = stack_.back();
    if (name == "include" && !value.empty()) {
      const std::string path = value.starts_with('/') ? value : "/etc/nginx/" + value;
      if (path.ends_with("mime.types")) return;
      for (const std::string& one : glob(host_, path)) file(one, depth + 1);
    } else if (name == "listen") {
      block.listens.push_back(listen_exposure(value));
    } else if (name == "proxy_pass" || name == "grpc_pass") {
      block.passes.push_back({value, {}});
    } else if (name == "server" && !upstream_.empty()) {
      if (const auto port = local_port(value)) upstreams_[upstream_].push_back(*port);
    } else {
      tell_access(name, value);
    }
  }

  void tell_access(const std::string& name, const std::string& value) {
    if (name == "auth_basic" || name == "auth_request" || name == "auth_jwt" || name == "auth_oidc") {
      asks(value == "off" ? Asked::no : Asked::yes, name);
    } else if (name == "ssl_verify_client" && value == "on") {
      asks(Asked::yes, name);
    } else if (name == "deny" && value == "all") {
      asks(Asked::yes, "deny all but named addresses");
    } else if (is_script(name)) {
      asks(Asked::maybe, name);
    } else if (name == "return" && (value == "401" || value == "403") && stack_.back().name == "if") {
      for (const std::string_view variable :
           {"$http_authorization", "$http_x_api_key", "$cookie_", "$ssl_client_verify"})
        if (contains(condition_, variable)) asks(Asked::yes, "a condition on " + std::string(variable));
    }
  }

  static constexpr std::size_t kMaxDepth = 32;

  const Host& host_;
  std::vector<NginxBlock> stack_;
  std::string condition_;  // of the "if" that is open
  std::string upstream_;   // that is open
  std::map<std::string, std::vector<int>> upstreams_;
  std::vector<ProxyRoute> found_;
  std::vector<std::pair<std::string, ProxyRoute>> named_;
  std::size_t files_ = 0;
};

/// A site of a Caddyfile is a block at the outermost level: "llm.example.com { basic_auth {…} reverse_proxy
/// localhost:11434 }".
std::vector<ProxyRoute> read_caddy(const Host& host) {
  std::vector<ProxyRoute> found;
  for (const std::string_view pattern : {"/etc/caddy/Caddyfile", "/etc/caddy/conf.d/*", "/etc/caddy/sites/*"}) {
    for (const std::string& path : glob(host, pattern)) {
      int depth = 0;
      std::string exposure = "any";
      Asked asked = Asked::no;
      std::string evidence;
      std::vector<int> ports;
      const std::string text = read_config(host, path, redact_caddy);
      const auto finish = [&] {
        for (const int port : ports)
          found.push_back({"caddy", port, exposure, text_of(asked),
                           "caddy: " + (evidence.empty() ? std::string("no basic_auth or forward_auth") : evidence)});
        ports.clear();
        asked = Asked::no;
        evidence.clear();
      };
      for (const std::string_view line : lines(text)) {
        const auto parts = words(line.substr(0, line.find(" #")));
        if (parts.empty() || parts[0].starts_with('#')) continue;
        if (depth == 0 && parts.back() == "{") {
          std::string_view site = parts[0];
          while (site.ends_with(',')) site.remove_suffix(1);
          const bool here = contains(site, "localhost") || contains(site, "127.0.0.1");
          exposure = here ? "loopback" : "any";
        }
        if (parts[0] == "bind" && parts.size() > 1) exposure = exposure_of(parts[1]);
        if (parts[0] == "basic_auth" || parts[0] == "basicauth" || parts[0] == "forward_auth" ||
            parts[0] == "authorize" || parts[0] == "authenticate" || parts[0] == "client_auth") {
          asked = Asked::yes;
          evidence = parts[0];
        }
        if (parts[0] == "import" && asked == Asked::no && depth > 0) {
          asked = Asked::maybe;  // a snippet may hold anything
          evidence = "import " + std::string(parts.size() > 1 ? parts[1] : "");
        }
        if (parts[0] == "reverse_proxy" || parts[0] == "to") {
          for (const std::string_view target : parts)
            if (const auto port = local_port(target); port && ports.size() < kMaxRoutes && contains(target, ":"))
              ports.push_back(*port);
        }
        for (const std::string_view word : parts) depth += (word == "{") - (word == "}");
        if (depth <= 0 && parts.back() == "}") finish();
      }
      finish();
    }
  }
  return found;
}

/// ProxyPass and "RewriteRule … [P]" of Apache. A file is one site, as distributions lay them out.
std::vector<ProxyRoute> read_apache(const Host& host) {
  std::vector<ProxyRoute> found;
  for (const std::string_view pattern :
       {"/etc/apache2/sites-enabled/*", "/etc/apache2/conf-enabled/*", "/etc/httpd/conf.d/*.conf"}) {
    for (const std::string& path : glob(host, pattern)) {
      Asked asked = Asked::no;
      std::string evidence = "no Require valid-user or client certificate";
      std::vector<int> ports;
      const std::string text = read_config(host, path, redact_apache);
      for (const std::string_view line : lines(text)) {
        const auto parts = words(line);
        if (parts.size() < 2) continue;
        const std::string name = lower(parts[0]);
        if (name == "proxypass" || name == "proxypassmatch" || name == "balancermember" || name == "rewriterule") {
          for (const std::string_view target : parts)
            if (const auto port = contains(target, "://") ? local_port(target) : std::nullopt;
                port && ports.size() < kMaxRoutes)
              ports.push_back(*port);
        }
        const bool person = name == "require" && lower(parts[1]) != "all" && lower(parts[1]) != "host" &&
                            lower(parts[1]) != "method";
        if (person || (name == "sslverifyclient" && lower(parts[1]) == "require")) {
          asked = Asked::yes;
          evidence = std::string(parts[0]) + " " + std::string(parts[1]);
        }
      }
      for (const int port : ports) found.push_back({"apache", port, "any", text_of(asked), "apache: " + evidence});
    }
  }
  return found;
}

/// HAProxy: which frontend leads to which backend is a matter of conditions; any question asked counts.
std::vector<ProxyRoute> read_haproxy(const Host& host) {
  std::vector<ProxyRoute> found;
  Asked asked = Asked::no;
  std::string evidence = "no http-request auth or client certificate";
  std::string widest = "none";
  std::vector<int> ports;
  const std::string text = read_config(host, "/etc/haproxy/haproxy.cfg", redact_text);
  for (const std::string_view line : lines(text)) {
    const auto parts = words(line);
    if (parts.size() < 2) continue;
    if (parts[0] == "bind") widest = std::string(wider(widest, listen_exposure(parts[1])));
    if (parts[0] == "server" && parts.size() > 2)
      if (const auto port = local_port(parts[2]); port && ports.size() < kMaxRoutes) ports.push_back(*port);
    if ((parts[0] == "http-request" && (parts[1] == "auth" || contains(line, "http_auth"))) ||
        contains(line, "verify required")) {
      asked = Asked::yes;
      evidence = "http-request auth or verify required";
    } else if (parts[0] == "http-request" && parts[1] == "deny" && asked == Asked::no) {
      asked = Asked::maybe;
      evidence = "http-request deny";
    }
  }
  for (const int port : ports)
    found.push_back({"haproxy", port, widest, text_of(asked), "haproxy: " + evidence});
  return found;
}

}  // namespace

std::vector<ProxyRoute> find_proxy_routes(const Host& host, Machine& machine) {
  std::vector<ProxyRoute> found;
  const auto add = [&](std::vector<ProxyRoute> more) {
    for (ProxyRoute& route : more)
      if (found.size() < kMaxRoutes) found.push_back(std::move(route));
  };
  std::string_view last;
  for (const Service& service : machine.services()) {
    const std::string_view kind = service.product->kind;
    if (service.product->family != ProductFamily::web || service.pid == 0 || kind == last) continue;
    if (contains(machine.unit_of(service.pid), ":")) continue;  // its files are in a container
    if (kind == "nginx") add(NginxReader(host).read("/etc/nginx/nginx.conf"));
    if (kind == "caddy") add(read_caddy(host));
    if (kind == "apache") add(read_apache(host));
    if (kind == "haproxy") add(read_haproxy(host));
    last = kind;
  }
  return found;
}

}  // namespace plumbline
