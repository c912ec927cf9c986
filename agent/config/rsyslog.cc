// SPDX-License-Identifier: Apache-2.0
// Reads rsyslog.conf(5), old form and RainerScript.
#include "agent/config/rsyslog.h"

#include <algorithm>
#include <array>
#include <map>

#include "agent/config/glob.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxRsyslogBytes = 1u << 20;
constexpr std::size_t kMaxForwards = 20;

constexpr std::array<std::string_view, 9> kDirectives = {
    "filecreatemode", "dircreatemode", "umask", "actionsendstreamdriverauthmode", "actionsendstreamdrivermode",
    "defaultnetstreamdriver", "filegroup", "fileowner", "inputtcpserverrun"};

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kOutputs = {
    {{"omfwd", ""}, {"omrelp", "relp"}, {"omelasticsearch", "elasticsearch"}, {"omhttp", "http"}, {"omkafka", "kafka"}}};

using Parameters = std::map<std::string, std::string>;

std::string without_comments(std::string_view text) {
  std::string out;
  for (const std::string_view raw : lines(text)) {
    bool quoted = false;
    std::size_t end = 0;
    for (; end < raw.size() && (quoted || raw[end] != '#'); ++end) {
      if (raw[end] == '"') quoted = !quoted;
    }
    out.append(raw.substr(0, end)).append("\n");
  }
  return out;
}

/// `type="omfwd" Target="some.example.com"` with names in lower case.
Parameters read_parameters(std::string_view text) {
  Parameters found;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t equals = text.find('=', i);
    if (equals == std::string_view::npos) break;
    const std::size_t open = text.find('"', equals);
    const std::size_t close = open == std::string_view::npos ? open : text.find('"', open + 1);
    if (close == std::string_view::npos) break;
    const auto before = words(text.substr(i, equals - i));
    if (!before.empty()) found[lower(before.back())] = lower(text.substr(open + 1, close - open - 1));
    i = close + 1;
  }
  return found;
}

std::string first_of(const Parameters& parameters, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto found = parameters.find(name);
    if (found != parameters.end()) return found->second;
  }
  return "";
}

/// Keeps what is judged: whether TLS is used and whose certificate is taken, not who that is.
std::string plain_action(const Parameters& parameters) {
  const std::string target = first_of(parameters, {"target", "server"});
  std::string peer = first_of(parameters, {"streamdriver.permittedpeer", "streamdriverpermittedpeer", "streamdriverpermittedpeers",
                                           "streamdriver.permittedpeers", "tls.permittedpeer", "peer"});
  if (!peer.empty() && peer != "target") peer = peer == target && !target.empty() && target != "remote" ? "target" : "other";
  std::string out = "action(type=\"" + first_of(parameters, {"type"}) + "\" target=\"remote\"";
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) out += std::string(" ") + name + "=\"" + value + "\"";
  };
  add("protocol", first_of(parameters, {"protocol"}));
  add("tls", first_of(parameters, {"tls"}));
  add("streamdrivermode", first_of(parameters, {"streamdriver.mode", "streamdrivermode"}));
  add("streamdriverauthmode", first_of(parameters, {"streamdriver.authmode", "streamdriverauthmode", "tls.authmode"}));
  add("peer", peer);
  return out + ")";
}

/// The insides of each "action( … )".
std::vector<Parameters> actions_of(std::string_view text) {
  std::vector<Parameters> found;
  const std::string folded = lower(text);
  for (std::size_t at = folded.find("action"); at != std::string::npos; at = folded.find("action", at + 6)) {
    const std::size_t open = folded.find_first_not_of(" \t\n", at + 6);
    if (open == std::string::npos || folded[open] != '(') continue;
    std::size_t end = open;
    bool quoted = false;
    while (end < folded.size() && (quoted || folded[end] != ')')) {
      if (folded[end] == '"') quoted = !quoted;
      ++end;
    }
    found.push_back(read_parameters(std::string_view(text).substr(open + 1, end - open - 1)));
  }
  return found;
}

bool is_output(const Parameters& action) {
  const std::string type = first_of(action, {"type"});
  return std::any_of(kOutputs.begin(), kOutputs.end(), [&](const auto& row) { return row.first == type; });
}

/// "*.* @@loghost:6514": the number of "@" before the target, 0 where the line sends nothing away.
int ats_of(std::string_view line) {
  const auto parts = words(line);
  if (parts.size() < 2 || !parts[1].starts_with('@') || parts[1].size() < 2) return 0;
  return parts[1].starts_with("@@") ? 2 : 1;
}

bool is_syslog_ng_output(std::string_view line) {
  return line.starts_with("destination") && (contains(line, "network(") || contains(line, "tcp(") || contains(line, "syslog("));
}

LogForward forward_of(const Parameters& action) {
  LogForward forward;
  const std::string type = first_of(action, {"type"});
  for (const auto& [name, protocol] : kOutputs) {
    if (name == type) forward.protocol = protocol;
  }
  if (forward.protocol.empty()) forward.protocol = first_of(action, {"protocol"}) == "tcp" ? "tcp" : "udp";
  const std::string tls = first_of(action, {"tls"});
  const std::string mode = first_of(action, {"streamdrivermode"});
  const bool by_mode = mode == "1";
  const bool by_tls = tls == "on";
  forward.tls = by_mode || by_tls ? "on" : "off";
  if (!tls.empty() && !mode.empty() && by_mode != by_tls) forward.tls = "contradictory";
  forward.auth_mode = first_of(action, {"streamdriverauthmode"});
  if (forward.auth_mode.empty()) forward.auth_mode = "none";
  forward.peer = first_of(action, {"peer"});
  if (forward.peer.empty()) forward.peer = "none";
  return forward;
}

void read_file(std::string_view text, Rsyslog& found) {
  for (const std::string_view line : lines(text)) {
    const auto parts = words(line);
    if (parts.size() > 1 && parts[0].starts_with('$')) found.directives.put("rsyslog." + lower(parts[0].substr(1)), lower(parts[1]));
    if (found.forwards.size() >= kMaxForwards) continue;
    if (const int ats = ats_of(line); ats > 0) found.forwards.push_back({ats == 2 ? "tcp" : "udp", "", "none", "none"});
  }
  for (const Parameters& action : actions_of(text)) {
    if (is_output(action) && found.forwards.size() < kMaxForwards) found.forwards.push_back(forward_of(action));
  }
}

}  // namespace

std::string redact_rsyslog(std::string_view text) {
  const std::string plain = without_comments(text);
  std::string out;
  for (const std::string_view raw : lines(plain)) {
    const std::string_view line = trim(raw);
    const auto parts = words(line);
    if (parts.empty()) continue;
    if (parts[0].starts_with('$') && parts.size() > 1) {
      const std::string name = lower(parts[0].substr(1));
      if (std::find(kDirectives.begin(), kDirectives.end(), name) != kDirectives.end())
        out.append("$").append(name).append(" ").append(parts[1]).append("\n");
    }
    if (ats_of(line) > 0) out.append(ats_of(line) == 2 ? "*.* @@remote\n" : "*.* @remote\n");
    if (is_syslog_ng_output(line)) out.append("*.* @@remote\n");
  }
  for (const Parameters& action : actions_of(plain)) {
    if (is_output(action)) out.append(plain_action(action)).append("\n");
  }
  return out;
}

Result<Rsyslog> read_rsyslog(const Host& host) {
  const GlobMatches fragments = glob_matches(host, "/etc/rsyslog.d/*.conf");
  if (fragments.unread) return tl::unexpected<Error>(*fragments.unread);
  auto files = fragments.paths;
  files.insert(files.begin(), "/etc/rsyslog.conf");
  files.push_back("/etc/syslog-ng/syslog-ng.conf");
  Rsyslog found;
  for (const std::string& file : files) {
    const auto text = host.read_redacted(file, redact_rsyslog, kMaxRsyslogBytes);
    if (!text && text.error().kind != ErrorKind::not_found) return tl::unexpected<Error>(text.error());
    if (text) read_file(*text, found);
  }
  // The old form's lines take TLS from the directives before them.
  const bool tls = found.directives.get("rsyslog.actionsendstreamdrivermode") == "1";
  const std::string mode(found.directives.get("rsyslog.actionsendstreamdriverauthmode"));
  for (LogForward& forward : found.forwards) {
    if (!forward.tls.empty()) continue;
    forward.tls = tls && forward.protocol == "tcp" ? "on" : "off";
    if (forward.tls == "on" && !mode.empty()) forward.auth_mode = mode;
  }
  return found;
}

}  // namespace plumbline
