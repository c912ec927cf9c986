// SPDX-License-Identifier: Apache-2.0
// What a greeting says in each protocol and what the answer means; bytes in, judgement out, no socket here.
// docs/greetings.md lists the bytes; a test holds them against this code.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace plumbline {

inline constexpr std::size_t kMaxReplyBytes = 16u << 10;  // what is read of one answer; the rest is not fetched

/// Said on one connection of its own. Empty `bytes`: the other side speaks first.
struct GreetingWords {
  std::string bytes;
  bool (*whole)(std::string_view reply) = nullptr;  // true once nothing more is wanted
};

/// What came back on that connection.
struct GreetingReply {
  std::string bytes;
  bool closed = false;  // by the other side
};

struct Heard {
  bool understood = false;  // the answer is one that the protocol allows
  std::string product;
  std::string version;
  std::string auth = "unknown";
  std::string tls = "unknown";
  std::string evidence;
};

/// Every protocol there is a greeting for, sorted by name.
std::vector<std::string_view> greeting_protocols();
/// One entry a connection; empty for a protocol that is not known. `authority` is "127.0.0.1:9200", for HTTP.
std::vector<GreetingWords> greeting_words(std::string_view protocol, std::string_view authority);
/// Judges the answers, in the order of the words. Takes any bytes.
Heard judge_greeting(std::string_view protocol, const std::vector<GreetingReply>& replies);

/// The first record of a TLS 1.2 client, said where the first greeting got no answer that makes sense.
std::string tls_hello();
/// A TLS record of a server that goes on (ServerHello) or refuses (alert).
bool is_tls(std::string_view reply);

/// What is kept of a version that came from outside: "v7.0.15-rc1 evil" to "7.0.15-rc1"; "" where it is none.
std::string clean_version(std::string_view text);

/// Products that are greeted by HTTP (greeting_http.cc).
std::vector<std::string_view> http_greeting_protocols();
std::vector<GreetingWords> http_greeting_words(std::string_view protocol, std::string_view authority);
Heard judge_http_greeting(std::string_view protocol, const std::vector<GreetingReply>& replies);

}  // namespace plumbline
