// SPDX-License-Identifier: Apache-2.0
// Every protocol that is greeted, against listeners (greetings.txt: those of HTTP) that speak it as its documents say: open, protected, with TLS and
// without. What is heard is what they said, and what was cut or garbled is unknown.
#include "agent/asks/greeting.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "agent/asks/greeting_words.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "tests/agent/fake_listener.h"
#include "tests/agent/wire_formats.h"
#include "tests/catch.h"

namespace plumbline {
namespace {

using nlohmann::json;

struct Case {
  std::string name;
  std::string protocol;
  Manner manner = Manner::answers;
  FakeListener::Answer answer;
  Heard heard;  // `understood` false: nothing is
};

Heard expected(std::string product, std::string version, std::string auth, std::string tls, std::string evidence) {
  return {true, std::move(product), std::move(version), std::move(auth), std::move(tls), std::move(evidence)};
}

std::string info(const std::string& lines) { return "# Server\r\n" + lines + "os:Linux 6.1.0 x86_64\r\ntcp_port:6379\r\n"; }

constexpr const char* kNatsOpen = R"({"server_id":"NDX","server_name":"NDX","version":"2.9.10","go":"go1.19.8","host":"0.0.0.0","port":4222,"headers":true,"max_payload":1048576})";
constexpr const char* kNatsClosed = R"({"server_id":"NDX","version":"2.10.22","auth_required":true,"tls_required":true,"max_payload":1048576,"nonce":"x"})";
constexpr const char* kZookeeper = "Zookeeper version: 3.8.0-5a02a05eddb59aee6ac762f7ea82e92a68eb9c0f, built on 2022-02-25 08:49 UTC\n"
                                   "Latency min/avg/max: 0/0.0/0\nReceived: 1\nSent: 0\nConnections: 1\nMode: standalone\nNode count: 5\n";

std::vector<Case> stores() {
  using namespace std::string_literals;
  const auto says = [](std::string text) { return [text](const std::string&) { return text; }; };
  return {
      {"PostgreSQL with TLS", "postgresql", Manner::answers, [](const auto& h) { return wire::postgresql(h, "S"); },
       expected("", "", "unknown", "on", "SSLRequest is answered with S: TLS is offered")},
      {"PostgreSQL without TLS", "postgresql", Manner::answers, [](const auto& h) { return wire::postgresql(h, "N"); },
       expected("", "", "unknown", "off", "SSLRequest is answered with N: there is no TLS")},
      {"PostgreSQL with too many clients", "postgresql", Manner::closes,
       [](const auto& h) { return wire::postgresql(h, "E\0\0\0\x1dSFATAL\0C53300\0Mtoo many\0\0"s); },
       expected("", "", "unknown", "unknown", "SSLRequest is answered with an error")},
      {"MySQL with TLS", "mysql", Manner::answers, says(wire::mysql_handshake("8.0.36-0ubuntu0.22.04.1", true)),
       expected("mysql", "8.0.36", "unknown", "on", "the handshake offers TLS")},
      {"MariaDB without TLS", "mysql", Manner::answers, says(wire::mysql_handshake("5.5.5-10.11.6-MariaDB-0+deb12u1", false)),
       expected("mariadb", "10.11.6", "unknown", "off", "the handshake does not offer TLS")},
      {"MariaDB 11, which calls itself what it is", "mysql", Manner::answers, says(wire::mysql_handshake("11.4.2-MariaDB-log", true)),
       expected("mariadb", "11.4.2", "unknown", "on", "the handshake offers TLS")},
      {"MySQL that blocks this host", "mysql", Manner::closes, says(wire::mysql_error(1130, "Host '10.0.0.5' is not allowed to connect to this MySQL server")),
       expected("", "", "unknown", "unknown", "the handshake is an error")},
      {"Redis, open", "redis", Manner::answers, [](const auto& h) { return wire::redis(h, "+PONG", info("redis_version:7.0.15\r\nredis_mode:standalone\r\n")); },
       expected("", "7.0.15", "none", "off", "PING is answered without a password")},
      {"Redis with a password", "redis", Manner::answers, [](const auto& h) { return wire::redis(h, "-NOAUTH Authentication required.", ""); },
       expected("", "", "required", "off", "PING is refused without a password (NOAUTH)")},
      {"Redis in protected mode", "redis", Manner::closes,
       [](const auto& h) { return h.empty() ? ""s : "-DENIED Redis is running in protected mode because protected mode is enabled\r\n"s; },
       expected("", "", "none", "off", "protected mode refuses other hosts (DENIED), and there is no password")},
      {"Redis that lets PING only", "redis", Manner::answers, [](const auto& h) { return wire::redis(h, "+PONG", ""); },
       expected("", "", "none", "off", "PING is answered without a password")},
      {"Redis whose default user may nothing", "redis", Manner::answers,
       [](const auto& h) { return wire::redis(h, "-NOPERM this user has no permissions to run the 'ping' command", ""); },
       expected("", "", "unknown", "off", "everybody is logged in and may not PING (NOPERM)")},
      {"Redis that is loading", "redis", Manner::answers, [](const auto& h) { return wire::redis(h, "-LOADING Redis is loading the dataset in memory", ""); },
       expected("", "", "none", "off", "PING is not refused for want of a password")},
      {"Valkey", "redis", Manner::answers,
       [](const auto& h) { return wire::redis(h, "+PONG", info("redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\n")); },
       expected("valkey", "8.0.1", "none", "off", "PING is answered without a password")},
      {"Dragonfly", "redis", Manner::answers,
       [](const auto& h) { return wire::redis(h, "+PONG", info("redis_version:6.2.11\r\ndragonfly_version:df-v1.13.0\r\n")); },
       expected("dragonfly", "1.13.0", "none", "off", "PING is answered without a password")},
      {"memcached", "memcached", Manner::answers, [](const auto& h) { return wire::memcached(h, "VERSION 1.6.18"); },
       expected("", "1.6.18", "none", "off", "version is answered without a login")},
      {"memcached with a login", "memcached", Manner::answers, [](const auto& h) { return wire::memcached(h, "CLIENT_ERROR unauthenticated"); },
       expected("", "", "required", "off", "version is refused without a login")},
      {"memcached with SASL, which speaks the binary protocol alone", "memcached", Manner::closes,
       [](const auto& h) { return wire::memcached(h, "\x81\1\0\0"s); }, {}},
      {"RabbitMQ", "amqp", Manner::answers, [](const auto& h) { return wire::amqp_start(h, "3.10.8", "PLAIN AMQPLAIN"); },
       expected("rabbitmq", "3.10.8", "required", "off", "Connection.Start offers no anonymous login")},
      {"RabbitMQ 4, whose guest is anonymous", "amqp", Manner::answers, [](const auto& h) { return wire::amqp_start(h, "4.0.2", "PLAIN ANONYMOUS"); },
       expected("rabbitmq", "4.0.2", "unknown", "off", "Connection.Start offers ANONYMOUS among its logins")},
      {"A broker of AMQP 1.0", "amqp", Manner::closes, [](const auto& h) { return h.empty() ? ""s : "AMQP\3\1\0\0"s; },
       expected("", "", "unknown", "off", "AMQP 0-9-1 is answered with another version of AMQP")},
      {"NATS, open", "nats", Manner::answers, says("INFO "s + kNatsOpen + " \r\n"), expected("", "2.9.10", "none", "off", "INFO wants no login")},
      {"NATS with a login and TLS", "nats", Manner::answers, says("INFO "s + kNatsClosed + " \r\n"),
       expected("", "2.10.22", "required", "on", "INFO wants a login")},
      {"Cassandra, open", "cassandra", Manner::answers, [](const auto& h) { return wire::cql(h, 2); },
       expected("", "", "none", "off", "STARTUP is answered with READY, without a login")},
      {"Cassandra with a login", "cassandra", Manner::answers, [](const auto& h) { return wire::cql(h, 3); },
       expected("", "", "required", "off", "STARTUP is answered with AUTHENTICATE")},
      {"Cassandra of another version", "cassandra", Manner::answers, [](const auto& h) { return wire::cql(h, 0); },
       expected("", "", "unknown", "off", "it speaks CQL and tells nothing of logins")},
      {"ZooKeeper", "zookeeper", Manner::closes, [](const auto& h) { return h == "srvr" ? kZookeeper : ""s; },
       expected("", "3.8.0", "unknown", "off", "srvr is answered")},
      {"ZooKeeper that does not allow the word", "zookeeper", Manner::closes,
       [](const auto& h) { return h == "srvr" ? "srvr is not executed because it is not in the whitelist.\n"s : ""s; },
       expected("", "", "unknown", "off", "srvr is not allowed")},
      {"Mosquitto, open", "mqtt", Manner::answers, [](const auto& h) { return wire::mqtt(h, 0); },
       expected("", "", "none", "off", "CONNECT is accepted without a login")},
      {"Mosquitto with a login", "mqtt", Manner::answers, [](const auto& h) { return wire::mqtt(h, 5); },
       expected("", "", "required", "off", "CONNECT is refused without a login")},
      {"A broker with bad user names", "mqtt", Manner::answers, [](const auto& h) { return wire::mqtt(h, 4); },
       expected("", "", "required", "off", "CONNECT is refused without a login")},
      {"A broker that is not available", "mqtt", Manner::answers, [](const auto& h) { return wire::mqtt(h, 3); },
       expected("", "", "unknown", "off", "CONNECT is refused")},
      {"SQL Server that encrypts logins", "mssql", Manner::answers, [](const auto& h) { return wire::tds(h, 0); },
       expected("", "16.0.4135", "required", "unknown", "PRELOGIN is answered; every connection has to log in")},
      {"SQL Server that forces TLS", "mssql", Manner::answers, [](const auto& h) { return wire::tds(h, 3); },
       expected("", "16.0.4135", "required", "on", "PRELOGIN is answered; every connection has to log in")},
      {"SQL Server without TLS", "mssql", Manner::answers, [](const auto& h) { return wire::tds(h, 2); },
       expected("", "16.0.4135", "required", "off", "PRELOGIN is answered; every connection has to log in")},
      {"MongoDB, open", "mongodb", Manner::answers, [](const auto& h) { return wire::mongodb(h, "7.0.5", false); },
       expected("", "7.0.5", "none", "off", "listDatabases is answered without a login")},
      {"MongoDB with a login", "mongodb", Manner::answers, [](const auto& h) { return wire::mongodb(h, "6.0.12", true); },
       expected("", "6.0.12", "required", "off", "listDatabases is refused without a login")},
      {"Kafka, open", "kafka", Manner::answers, [](const auto& h) { return wire::kafka(h, false); },
       expected("", "", "none", "off", "Metadata is answered without a login")},
      {"Kafka with SASL", "kafka", Manner::closes, [](const auto& h) { return wire::kafka(h, true); },
       expected("", "", "required", "off", "Metadata without a login ends the connection")},
  };
}

std::string http_reply(const std::string& status, const std::string& header, const std::string& body) {
  std::string text = "HTTP/1.1 " + status + " Some Words\r\nContent-Type: text/plain\r\n" + (header.empty() ? "" : header + "\r\n");
  if (!header.starts_with("Transfer-Encoding")) return text + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  text += "\r\n";
  for (std::size_t at = 0; at < body.size(); at += 7) {
    const std::string piece = body.substr(at, 7);
    text += std::to_string(piece.size()) + ";x=y\r\n" + piece + "\r\n";
  }
  return text + "0\r\n\r\n";
}

/// "GET /version", where the request is whole and carries no login; else "".
std::string page_asked(const std::string& heard) {
  const std::size_t end = heard.find("\r\n\r\n");
  if (end == std::string::npos || contains(lower(heard), "authorization:") || contains(lower(heard), "cookie:")) return "";
  const bool good = contains(heard, " HTTP/1.1\r\nHost: 127.0.0.1:") && contains(heard, "\r\nConnection: close\r\n");
  const bool post = heard.starts_with("POST ");
  const std::string length = "Content-Length: " + std::to_string(heard.size() - end - 4) + "\r\n";
  if (!good || (post ? !contains(heard, length) : heard.size() != end + 4)) return "";
  return heard.substr(0, heard.find(" HTTP/1.1\r\n"));
}

FakeListener::Answer answers_pages(const std::map<std::string, std::string>& pages) {
  return [pages](const std::string& heard) -> std::string {
    const std::string page = page_asked(heard);
    if (page.empty()) return "";
    const auto found = pages.find(page);
    return found == pages.end() ? http_reply("404", "", "not found") : found->second;
  };
}

/// "--- GET /version 200 Server: x", then the body
void read_page(std::string_view head, const std::string& body, std::map<std::string, std::string>& pages) {
  const auto parts = words(head);
  const std::string name = std::string(parts[0]) + " " + std::string(parts[1]);
  const std::size_t rest = head.find(parts[2], parts[0].size() + 1 + parts[1].size());
  pages[name] = http_reply(std::string(parts[2]), std::string(trim(head.substr(rest + parts[2].size()))), body);
}

Heard read_heard(std::string_view line) {
  const auto parts = words(line);
  if (parts.size() < 5) return {};  // "nothing"
  const auto word = [&](std::size_t i) { return parts[i] == "-" ? std::string() : std::string(parts[i]); };
  std::vector<std::string> evidence(parts.begin() + 4, parts.end());
  return expected(word(0), word(1), word(2), word(3), join(evidence, " "));
}

std::vector<Case> pages() {
  const auto text = read_file(PLUMBLINE_SOURCE_DIR "/tests/agent/greetings.txt", 1u << 20);
  REQUIRE(text);
  std::vector<Case> cases;
  std::map<std::string, std::string> replies;
  std::string head, body;
  const auto finish_page = [&] {
    if (!head.empty()) read_page(head, body, replies);
    head.clear();
    body.clear();
  };
  for (const std::string_view line : lines(*text)) {
    if (line.starts_with("##")) continue;
    if (!line.starts_with("=== ") && !line.starts_with("--- ")) {
      body.append(line).append("\n");
      continue;
    }
    finish_page();
    const std::string_view rest = line.substr(4);
    if (line.starts_with("===")) {
      cases.push_back({std::string(rest), "", Manner::answers, {}, {}});
      replies.clear();
    } else if (rest.starts_with("greet ")) {
      cases.back().protocol = rest.substr(6);
    } else if (rest.starts_with("heard ")) {
      cases.back().heard = read_heard(rest.substr(6));
      cases.back().answer = answers_pages(replies);
    } else {
      head = rest;
    }
  }
  return cases;
}

const std::vector<Case>& all_cases() {
  static const std::vector<Case> all = [] {
    auto cases = stores();
    for (Case& one : pages()) cases.push_back(std::move(one));
    return cases;
  }();
  return all;
}

Result<std::string> ask(const std::string& protocol, const std::string& place) {
  return ask_greetings({"greeting:" + protocol + ":" + place}).front();
}

std::string in_short(const Heard& heard) {
  if (!heard.understood) return "nothing";
  return heard.product + "|" + heard.version + "|" + heard.auth + "|" + heard.tls + "|" + heard.evidence;
}

std::string in_short(const Result<std::string>& answer) {
  if (!answer) return answer.error().kind == ErrorKind::unavailable ? "nothing" : answer.error().message;
  const json said = json::parse(*answer);
  const auto word = [&](const char* key) { return said.value(key, std::string()); };
  return word("product") + "|" + word("version") + "|" + word("auth") + "|" + word("tls") + "|" + word("evidence");
}

/// What a listener of a case answers to the whole words, connection by connection.
std::vector<GreetingReply> replies_of(const Case& one) {
  std::vector<GreetingReply> replies;
  for (const GreetingWords& said : greeting_words(one.protocol, "127.0.0.1:1")) {
    replies.push_back({one.answer(said.bytes), one.manner == Manner::closes});
  }
  return replies;
}

bool is_http(std::string_view protocol) {
  const auto all = http_greeting_protocols();
  return std::find(all.begin(), all.end(), protocol) != all.end();
}

/// No fact, or none that `whole` would not have told.
bool is_part_of(const Heard& found, const Heard& whole) {
  const auto fits = [](const std::string& part, const std::string& all) { return part == all || part == "unknown"; };
  return !found.understood || (fits(found.auth, whole.auth) && fits(found.tls, whole.tls) &&
                               (found.version.empty() || found.version == whole.version));
}

}  // namespace

namespace {

/// Greetings have little time by design, and a machine that tests has other things to do: what must be heard is asked for
/// a few times.
constexpr int kTries = 8;

/// What was heard of a case, and whether it was said just what the page documents: only to one that made no sense a
/// ClientHello follows.
std::pair<std::string, bool> greet(const Case& one) {
  FakeListener listener(one.manner, one.answer);
  const std::string place = "127.0.0.1:" + std::to_string(listener.port());
  const std::string found = in_short(ask(one.protocol, place));
  std::vector<std::string> said;
  for (const auto& words : greeting_words(one.protocol, place)) said.push_back(words.bytes);
  if (!one.heard.understood) said.push_back(tls_hello());
  auto heard = listener.heard();
  std::sort(said.begin(), said.end());
  std::sort(heard.begin(), heard.end());
  return {found, heard == said};
}

std::vector<Result<std::string>> greet_by_every_protocol(const FakeListener& listener) {
  std::vector<std::string> questions;
  for (const std::string_view protocol : greeting_protocols())
    questions.push_back("greeting:" + std::string(protocol) + ":127.0.0.1:" + std::to_string(listener.port()));
  return ask_greetings(questions);
}

/// True once `listener` is heard as `wanted` by all who ask.
template <class Ask>
bool is_heard_as(const std::string& wanted, Ask ask_all) {
  for (int i = 0; i < kTries; ++i) {
    const auto answers = ask_all();
    if (std::all_of(answers.begin(), answers.end(), [&](const auto& one) { return in_short(one) == wanted; })) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("Each protocol, spoken by a listener in every variant, is heard as what it is") {
  std::set<std::string> protocols;
  for (const Case& one : all_cases()) {
    INFO(one.name);
    protocols.insert(one.protocol);
    auto found = greet(one);
    for (int i = 1; i < kTries && found != std::pair(in_short(one.heard), true); ++i) found = greet(one);
    CHECK(found.first == in_short(one.heard));
    CHECK(found.second);
  }
  for (const std::string_view name : greeting_protocols()) {
    INFO(name);
    CHECK(protocols.count(std::string(name)) == 1);
  }
}

TEST_CASE("Open and protected variants of each page are both told where the product has both") {
  std::map<std::string, std::set<std::string>> auths;
  for (const Case& one : all_cases())
    if (is_http(one.protocol) && one.heard.understood) auths[one.protocol].insert(one.heard.auth);
  const std::set<std::string> tell_nothing = {"flowise", "langflow", "n8n", "neo4j", "torchserve"};
  for (const auto& [protocol, found] : auths) {
    INFO(protocol);
    if (tell_nothing.count(protocol) > 0) {
      CHECK(found == std::set<std::string>{"unknown"});
      continue;
    }
    CHECK(found.count("required") == 1);
    CHECK((found.count("none") == 1 || protocol == "minio"));
  }
}

TEST_CASE("A listener that talks TLS alone is told so, whatever was asked") {
  for (const bool refuses : {true, false}) {
    INFO((refuses ? "by an alert" : "by a ServerHello"));
    // It says nothing to what is no ClientHello, as a server that waits for the rest of a record.
    FakeListener listener(Manner::closes, [refuses](const std::string& heard) { return wire::tls(heard, refuses); });
    CHECK(is_heard_as("||unknown|on|it talks TLS and nothing else", [&] { return greet_by_every_protocol(listener); }));
  }
  // Some answer the first words with an alert.
  FakeListener alert(Manner::closes, [](const std::string& heard) { return heard.empty() ? "" : std::string("\x15\x03\x01\x00\x02\x02\x46", 7); });
  const std::string question = "greeting:redis:127.0.0.1:" + std::to_string(alert.port());
  CHECK(is_heard_as("||unknown|on|it talks TLS and nothing else", [&] { return ask_greetings({question}); }));
}

TEST_CASE("An answer that was cut tells less, and never something else") {
  const std::string closing_kafka = wire::kafka(greeting_words("kafka", "").front().bytes, true);
  for (const Case& one : all_cases()) {
    const auto whole = replies_of(one);
    for (std::size_t which = 0; which < whole.size(); ++which) {
      for (std::size_t size = 0; size < whole[which].bytes.size(); ++size) {
        for (const bool closed : {false, true}) {
          auto replies = whole;
          replies[which].bytes.resize(size);
          replies[which].closed = closed;
          // These are just the bytes, and the end, of a broker that wants a login.
          if (closed && replies[which].bytes == closing_kafka) continue;
          const Heard found = judge_greeting(one.protocol, replies);
          if (is_part_of(found, one.heard)) continue;
          INFO(one.name << ", answer " << which << " cut to " << size << (closed ? ", closed" : "") << ": " << in_short(found));
          CHECK(in_short(found) == in_short(one.heard));
        }
      }
    }
  }
}

TEST_CASE("What one protocol answers is no fact of another") {
  for (const Case& one : all_cases()) {
    for (const std::string_view other : greeting_protocols()) {
      if (other == one.protocol || (is_http(other) && is_http(one.protocol))) continue;
      const auto words = greeting_words(other, "127.0.0.1:1");
      const std::vector<GreetingReply> replies(words.size(), replies_of(one).front());
      if (is_tls(replies[0].bytes)) continue;
      const Heard found = judge_greeting(other, replies);
      INFO(one.name << " as " << other << ": " << in_short(found));
      CHECK((!found.understood || (found.auth == "unknown" && found.version.empty())));
    }
  }
}

TEST_CASE("Garbage is no fact, however much of it there is") {
  std::mt19937 dice(20261130);
  for (const std::string_view protocol : greeting_protocols()) {
    const std::size_t count = greeting_words(protocol, "127.0.0.1:1").size();
    for (int i = 0; i < 2000; ++i) {
      std::string garbage;
      const std::size_t size = 2 + dice() % 300;
      while (garbage.size() < size) garbage += static_cast<char>(dice());
      const Heard found = judge_greeting(protocol, std::vector<GreetingReply>(count, {garbage, i % 2 == 0}));
      INFO(protocol << ": " << in_short(found));
      CHECK((!found.understood || (found.auth == "unknown" && found.version.empty() && found.tls == "unknown")));
    }
  }
}

TEST_CASE("Answers with bytes changed are read to their end without harm, and versions stay clean") {
  std::mt19937 dice(5);
  for (const Case& one : all_cases()) {
    const auto whole = replies_of(one);
    for (int i = 0; i < 400; ++i) {
      auto replies = whole;
      for (auto& reply : replies) {
        if (reply.bytes.empty()) continue;
        for (int change = 0; change < 3; ++change) reply.bytes[dice() % reply.bytes.size()] = static_cast<char>(dice());
      }
      const Heard found = judge_greeting(one.protocol, replies);
      CHECK(found.version == clean_version(found.version));
      CHECK(found.version.size() <= 40);
      CHECK((found.auth == "unknown" || found.auth == "none" || found.auth == "required"));
      CHECK((found.tls == "unknown" || found.tls == "on" || found.tls == "off"));
    }
  }
}

TEST_CASE("An object longer than what is fetched still tells the version at its front") {
  const std::string config = R"({"version":"4.44.1","mode":"blocks","components":[")" + std::string(kMaxReplyBytes, 'x') + "\"]}";
  FakeListener listener(Manner::answers, answers_pages({{"GET /config", http_reply("200", "", config)}}));
  const std::string question = "greeting:gradio:127.0.0.1:" + std::to_string(listener.port());
  CHECK(is_heard_as("|4.44.1|none|off|/config is answered without a login", [&] { return ask_greetings({question}); }));
}

TEST_CASE("Versions keep what versions are made of") {
  CHECK(clean_version(" v7.0.15-rc1 evil") == "7.0.15-rc1");
  CHECK(clean_version("df-v1.13.0") == "1.13.0");
  CHECK(clean_version("10.11.6+deb12u1~x_y") == "10.11.6+deb12u1~x_y");
  for (const char* none : {"", "v", "latest", "<b>1</b>", "\x1b[31m1", "-1"}) CHECK(clean_version(none).empty());
  CHECK(clean_version(std::string(1000, '7')).size() == 40);
}

namespace {

/// The lines of recog's examples, or none where PLUMBLINE_CORPUS names no folder with them.
std::vector<json> recog_examples() {
  const char* corpus = std::getenv("PLUMBLINE_CORPUS");
  const auto text = corpus == nullptr ? Result<std::string>(fail(ErrorKind::not_found, "")) : read_file(std::string(corpus) + "/recog/examples.jsonl", 16u << 20);
  if (!text) {
    std::cout << "skipped: PLUMBLINE_CORPUS names no folder with recog\n";
    return {};
  }
  std::vector<json> examples;
  for (const std::string_view line : lines(*text)) examples.push_back(json::parse(line));
  return examples;
}

std::string numbers_of(std::string_view version) {
  std::string_view found = version.substr(0, version.find_first_not_of("0123456789."));
  while (found.ends_with('.')) found.remove_suffix(1);
  return std::string(found);
}

}  // namespace

TEST_CASE("Banners of MySQL and MariaDB that others collected are told by product and version") {
  int count = 0;
  for (const json& example : recog_examples()) {
    const std::string text = example.at("text");
    const auto heard = [&](const std::string& bytes) { return judge_greeting("mysql", {{bytes, false}}); };
    if (example.at("file") == "mysql_error.xml") CHECK(in_short(heard(wire::mysql_error(1130, text))) == "||unknown|unknown|the handshake is an error");
    if (example.at("file") != "mysql_banners.xml") continue;
    ++count;
    INFO(text);
    const Heard found = heard(wire::mysql_handshake(text, true));
    CHECK(numbers_of(found.version) == numbers_of(example.at("expect").at("service.version").get<std::string>()));
    // The storage engine Maria of MySQL 5.1 was no MariaDB yet.
    const bool maria = example.at("expect").at("service.product") == "MariaDB" && text != "5.1.44-community-maria-log";
    CHECK(found.product == (maria ? "mariadb" : "mysql"));
  }
  CHECK((count == 0 || count > 100));
}

TEST_CASE("Banners of other services are no facts of stores and AI servers") {
  for (const json& example : recog_examples()) {
    const std::string file = example.at("file"), text = example.at("text");
    if (file == "mysql_banners.xml" || file == "mysql_error.xml") continue;
    const std::string reply = file == "http_servers.xml"     ? http_reply("200", "Server: " + text, "<html>It works</html>")
                              : file == "http_wwwauth.xml" ? http_reply("401", "WWW-Authenticate: " + text, "")
                                                           : text + "\r\n";
    for (const std::string_view protocol : greeting_protocols()) {
      const std::size_t count = greeting_words(protocol, "127.0.0.1:1").size();
      const Heard found = judge_greeting(protocol, std::vector<GreetingReply>(count, {reply, true}));
      INFO(protocol << " hears " << text << ": " << in_short(found));
      CHECK(found.version.empty());
      // A page that wants a login does so whatever serves it; and two products have no page of a shape of their own.
      const bool page = is_http(protocol) && (file == "http_wwwauth.xml" || protocol == "rstudio" || protocol == "bentoml");
      CHECK((!found.understood || found.auth == "unknown" || page));
    }
  }
}

}  // namespace plumbline
