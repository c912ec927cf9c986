// SPDX-License-Identifier: Apache-2.0
// Checks where a greeting may go, says it, and tells what was heard.
#include "agent/asks/greeting.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>

#include <fmt/format.h>

#include "agent/asks/asks.h"
#include "agent/asks/conversations.h"
#include "agent/asks/greeting_words.h"
#include "base/file.h"
#include "base/text.h"

namespace plumbline {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxGreetings = 256;  // in one call
/// The rest of kGreetingTime is for the second try, by TLS.
constexpr auto kFirstTryTime = std::chrono::milliseconds(300);

struct Target {
  std::string question;
  std::string protocol;
  std::string address;  // as the socket table has it
  int port = 0;
  Endpoint endpoint;
  std::string authority;
  std::optional<Error> refused;

  std::size_t first = 0, count = 0;  // of its conversations
  Heard heard;
  std::size_t tls = 0;  // number of its second try, from 1
};

/// A network address in bytes: 4 or 16 of them; empty where the text is none. "::ffff:10.0.0.5" is 10.0.0.5.
std::string address_bytes(const std::string& text) {
  std::string bytes(16, '\0');
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) {
    const std::string mapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
    return bytes.starts_with(mapped) ? bytes.substr(12) : bytes;
  }
  bytes.resize(4);
  return inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 ? bytes : std::string();
}

bool is_every_address(const std::string& bytes) {
  return bytes.find_first_not_of('\0') == std::string::npos;
}
bool is_loopback(const std::string& bytes) {
  return bytes.size() == 4 ? bytes[0] == 127 : bytes == std::string(15, '\0') + '\1';
}
/// fe80::/10 needs an interface beside it.
bool is_link_local(const std::string& bytes) {
  return bytes.size() == 16 && bytes[0] == '\xfe' && (static_cast<unsigned char>(bytes[1]) & 0xc0u) == 0x80;
}

Endpoint endpoint_of(const std::string& bytes, int port) {
  Endpoint endpoint;
  if (bytes.size() == 4) {
    struct sockaddr_in address {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    std::memcpy(&address.sin_addr, bytes.data(), 4);
    std::memcpy(&endpoint.address, &address, sizeof address);
    endpoint.size = sizeof address;
  } else {
    struct sockaddr_in6 address {};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(static_cast<std::uint16_t>(port));
    std::memcpy(&address.sin6_addr, bytes.data(), 16);
    std::memcpy(&endpoint.address, &address, sizeof address);
    endpoint.size = sizeof address;
  }
  return endpoint;
}

std::string authority_of(const std::string& bytes, int port) {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text, sizeof text);
  return bytes.size() == 4 ? fmt::format("{}:{}", text, port) : fmt::format("[{}]:{}", text, port);
}

/// "greeting:redis:[::1]:6379"
Target parse_question(const std::string& question) {
  Target target;
  target.question = question;
  const auto wrong = [&](const char* what) {
    target.refused = Error{ErrorKind::invalid, question + ": " + what};
    return target;
  };
  const std::string_view text = std::string_view(question).substr(kGreetingQuestion.size());
  const std::size_t first = text.find(':'), last = text.rfind(':');
  if (first == std::string_view::npos || first == last) return wrong("write PROTOCOL:ADDRESS:PORT");
  target.protocol = text.substr(0, first);
  std::string_view address = text.substr(first + 1, last - first - 1);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  target.address = address;
  const auto port = parse_u64(text.substr(last + 1));
  if (!port || *port == 0 || *port > 65535) return wrong("the port is no number from 1 to 65535");
  target.port = static_cast<int>(*port);
  if (address_bytes(target.address).empty()) return wrong("the address is none");
  if (greeting_words(target.protocol, "").empty()) return wrong("no greeting is known for this protocol");
  return target;
}

constexpr const char* kForeignIpv6 = "/proc/sys/net/ipv6/ip_nonlocal_bind";

/// What this host listens on, and the addresses it has.
struct OwnNetwork {
  struct Listener {
    std::string bytes;
    bool every_family = false;  // "::" that takes IPv4, too
    int port = 0;
  };
  std::vector<Listener> listeners;
  std::vector<std::string> addresses;
  bool binds_foreign_ipv6 = false;

  bool has(const std::string& address) const {
    return is_loopback(address) ||
           std::find(addresses.begin(), addresses.end(), address) != addresses.end();
  }
};

Result<OwnNetwork> read_own_network() {
  OwnNetwork network;
  const auto sockets = ask_sockets("");
  if (!sockets) return tl::unexpected<Error>(sockets.error());
  for (const auto& row : nlohmann::json::parse(*sockets)) {
    if (row.at("protocol") != "tcp") continue;
    OwnNetwork::Listener listener{address_bytes(row.at("address")), false, row.at("port")};
    listener.every_family = listener.bytes.size() == 16 && !row.at("v6only").get<bool>();
    network.listeners.push_back(std::move(listener));
  }
  const auto addresses = ask_addresses("");
  if (!addresses) return tl::unexpected<Error>(addresses.error());
  for (const auto& row : nlohmann::json::parse(*addresses))
    network.addresses.push_back(address_bytes(row.at("address")));
  network.binds_foreign_ipv6 = trim(read_file(kForeignIpv6, 16).value_or("0")) != "0";
  return network;
}

/// Where on this host to go for what the question names; empty where nothing of this host listens there. A
/// program may listen on an address that the host does not have now (a cluster's floating one): that leads to
/// another machine.
std::string own_place(const OwnNetwork& network, const std::string& address, int port) {
  for (const auto& listener : network.listeners) {
    if (listener.port != port) continue;
    const bool every = is_every_address(listener.bytes);
    if (listener.bytes == address) {
      if (!every) return network.has(address) ? address : std::string();
      if (address.size() == 4 || listener.every_family) return {127, 0, 0, 1};
      return std::string(15, '\0') + '\1';
    }
    const bool family = listener.bytes.size() == address.size() || listener.every_family;
    if (every && family && network.has(address)) return address;
  }
  return "";
}

void check(Target& target, const OwnNetwork& network) {
  const std::string bytes = address_bytes(target.address);
  const std::string place = own_place(network, bytes, target.port);
  if (place.empty()) {
    target.refused = Error{ErrorKind::not_found, target.question + ": nothing on this host listens there"};
  } else if (is_link_local(place)) {
    target.refused = Error{ErrorKind::invalid, target.question + ": a link-local address needs an interface"};
  } else if (place.size() == 16 && !is_loopback(place) && network.binds_foreign_ipv6) {
    // Then stay_on_host() of conversations.cc cannot hold the kernel to it that the address is still this host's.
    target.refused = Error{ErrorKind::invalid, target.question + ": not greeted while net.ipv6.ip_nonlocal_bind is on"};
  } else {
    target.endpoint = endpoint_of(place, target.port);
    target.authority = authority_of(place, target.port);
  }
}

std::vector<Conversation> first_words(std::vector<Target>& targets) {
  std::vector<Conversation> all;
  for (Target& target : targets) {
    if (target.refused) continue;
    target.first = all.size();
    for (GreetingWords& words : greeting_words(target.protocol, target.authority))
      all.push_back({target.endpoint, std::move(words)});
    target.count = all.size() - target.first;
  }
  return all;
}

/// A ClientHello for each listener that took the connection and said nothing that its protocol knows.
std::vector<Conversation> second_words(std::vector<Target>& targets, const std::vector<Conversation>& said) {
  std::vector<Conversation> all;
  for (Target& target : targets) {
    if (target.refused || target.heard.understood) continue;
    const Conversation& first = said[target.first];
    if (!first.connected || is_tls(first.reply.bytes)) continue;
    all.push_back({target.endpoint, {tls_hello(), [](std::string_view reply) { return reply.size() >= 3; }}});
    target.tls = all.size();
  }
  return all;
}

Heard heard_tls() {
  Heard found;
  found.understood = true;
  found.tls = "on";
  found.evidence = "it talks TLS and nothing else";
  return found;
}

Error no_answer(const Target& target, const Conversation& first) {
  std::string why = "answered, but not as " + target.protocol + " does";
  if (first.error != 0)
    why = std::generic_category().message(first.error);
  else if (first.reply.bytes.empty() && first.reply.closed)
    why = "closed the connection without a word";
  else if (!first.finished)
    why = fmt::format("no whole answer within {} ms", kFirstTryTime.count());
  return {ErrorKind::unavailable, target.question + ": " + why};
}

std::string to_answer(const Target& target, std::chrono::milliseconds took) {
  const Heard& heard = target.heard;
  nlohmann::json answer = {{"protocol", target.protocol},
                           {"auth", heard.auth},
                           {"tls", heard.tls},
                           {"evidence", heard.evidence},
                           {"took_ms", took.count()}};
  if (!heard.version.empty()) answer["version"] = heard.version;
  if (!heard.product.empty()) answer["product"] = heard.product;
  return answer.dump();
}

std::vector<Result<std::string>> to_answers(const std::vector<Target>& targets,
                                            const std::vector<Conversation>& said) {
  std::vector<Result<std::string>> answers;
  for (const Target& target : targets) {
    if (target.refused) {
      answers.push_back(tl::unexpected<Error>(*target.refused));
    } else if (!target.heard.understood) {
      answers.push_back(tl::unexpected<Error>(no_answer(target, said[target.first])));
    } else {
      std::chrono::milliseconds took{0};
      for (std::size_t i = 0; i < target.count; ++i) took = std::max(took, said[target.first + i].took);
      answers.push_back(to_answer(target, took));
    }
  }
  return answers;
}

void judge(Target& target, const std::vector<Conversation>& said) {
  std::vector<GreetingReply> replies;
  for (std::size_t i = 0; i < target.count; ++i) replies.push_back(said[target.first + i].reply);
  target.heard = is_tls(replies[0].bytes) ? heard_tls() : judge_greeting(target.protocol, replies);
}

}  // namespace

std::vector<Result<std::string>> ask_greetings(const std::vector<std::string>& questions) {
  const auto began = Clock::now();
  std::vector<Target> targets;
  for (const std::string& question : questions) targets.push_back(parse_question(question));
  const bool any = std::any_of(targets.begin(), targets.end(), [](const Target& one) { return !one.refused; });
  const auto network = any ? read_own_network() : Result<OwnNetwork>(OwnNetwork());
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (targets[i].refused) continue;
    if (!network)
      targets[i].refused = network.error();
    else if (i >= kMaxGreetings)
      targets[i].refused = Error{ErrorKind::limit, questions[i] + ": more than 256 greetings at once"};
    else
      check(targets[i], *network);
  }
  std::vector<Conversation> said = first_words(targets);
  hold(said, began + kFirstTryTime);
  for (Target& target : targets)
    if (!target.refused) judge(target, said);
  std::vector<Conversation> tls = second_words(targets, said);
  hold(tls, began + kGreetingTime);
  for (Target& target : targets)
    if (target.tls != 0 && is_tls(tls[target.tls - 1].reply.bytes)) target.heard = heard_tls();
  return to_answers(targets, said);
}

}  // namespace plumbline
