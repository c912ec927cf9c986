// SPDX-License-Identifier: Apache-2.0
// Which service is greeted where, and what its answer adds to what its files say.
#include "agent/stores/answered.h"

#include <algorithm>
#include <array>

#include "agent/asks/greeting_words.h"
#include "agent/stores/store.h"
#include "base/json.h"
#include "base/text.h"

#include <nlohmann/json.hpp>

namespace plumbline {
namespace {

constexpr std::size_t kMaxPortsOfService = 2;  // tried where a service does not listen on its product's own port

/// Kinds whose protocol is called otherwise, or is spoken on another port than the product's own.
struct Spoken {
  std::string_view kind;
  std::string_view protocol;
  int port;  // 0: the product's own
};
constexpr std::array<Spoken, 9> kSpoken = {{{"cockroachdb", "postgresql", 0},
                                            {"mariadb", "mysql", 0},
                                            {"valkey", "redis", 0},
                                            {"dragonfly", "redis", 0},
                                            {"rabbitmq", "amqp", 0},
                                            {"scylla", "cassandra", 0},
                                            {"mosquitto", "mqtt", 1883},
                                            {"clickhouse", "clickhouse", 8123},
                                            {"neo4j", "neo4j", 7474}}};

Spoken spoken_by(const Product& product) {
  const auto row =
      std::find_if(kSpoken.begin(), kSpoken.end(), [&](const Spoken& one) { return one.kind == product.kind; });
  Spoken spoken = row == kSpoken.end() ? Spoken{product.kind, product.kind, 0} : *row;
  if (spoken.port == 0) spoken.port = product.port;
  if (greeting_words(spoken.protocol, "").empty()) spoken.protocol = {};
  return spoken;
}

/// Loopback before all addresses before any other; IPv4 before IPv6.
int rank(const Socket& socket) {
  const std::string_view exposure = exposure_of(socket.address);
  const int place = exposure == "loopback" ? 0 : exposure == "any" ? 1 : 2;
  return 2 * place + (contains(socket.address, ":") ? 1 : 0);
}

/// The sockets to greet, one a port: that on the protocol's own port, else those on the lowest ports.
std::vector<const Socket*> sockets_to_greet(const Service& service, int own_port) {
  std::map<int, const Socket*> by_port;
  for (const Socket& socket : service.sockets) {
    if (socket.protocol != "tcp") continue;
    const Socket*& best = by_port[socket.port];
    if (best == nullptr || rank(socket) < rank(*best)) best = &socket;
  }
  if (const auto own = by_port.find(own_port); own != by_port.end()) return {own->second};
  std::vector<const Socket*> lowest;
  for (const auto& [port, socket] : by_port)
    if (lowest.size() < kMaxPortsOfService) lowest.push_back(socket);
  return lowest;
}

std::string question_for(std::string_view protocol, const std::string& address, int port) {
  const std::string place = contains(address, ":") ? "[" + address + "]" : address;
  return "greeting:" + std::string(protocol) + ":" + place + ":" + std::to_string(port);
}

std::vector<std::string> questions_of(const Service& service) {
  // Where no process is seen the port alone may be a tunnel's, whose other end is another machine.
  if (service.pid == 0) return {};
  const Spoken spoken = spoken_by(*service.product);
  if (spoken.protocol.empty()) return {};
  std::vector<std::string> questions;
  for (const Socket* socket : sockets_to_greet(service, spoken.port)) {
    // A handshake cut short counts against the caller's address, but never against loopback ("The Host
    // Cache" of MySQL's manual; max_connect_errors).
    if (spoken.protocol == "mysql" && rank(*socket) >= 4) continue;
    questions.push_back(question_for(spoken.protocol, socket->address, socket->port));
  }
  return questions;
}

/// One of this host's own IPv4 addresses that others reach it by; "" where it has none.
std::string outer_address(const Host& host) {
  const auto text = host.ask("addresses");
  const auto rows = text ? parse_json(*text) : Result<nlohmann::json>(nlohmann::json::array());
  if (!rows || !rows->is_array()) return "";
  for (const auto& row : *rows) {
    const auto address = row.is_object() ? row.find("address") : row.end();
    if (!row.is_object() || address == row.end() || !address->is_string()) continue;
    const std::string value = address->get<std::string>();
    if (!contains(value, ":") && exposure_of(value) != "loopback") return value;
  }
  return "";
}

/// Redis' protected mode answers loopback and refuses the rest, so one that listens everywhere is asked from
/// outside, too. Not one behind a container engine's proxy, which the kernel may lead round it.
std::string outer_question(const Service& service, const std::string& address) {
  const Spoken spoken = spoken_by(*service.product);
  if (spoken.protocol != "redis" || address.empty()) return "";
  for (const Socket* socket : sockets_to_greet(service, spoken.port)) {
    if (exposure_of(socket->address) == "any" && socket->pid == service.pid)
      return question_for("redis", address, socket->port);
  }
  return "";
}

bool is_greeted(const Service& service) {
  return service.product->family == ProductFamily::data_store || service.product->family == ProductFamily::ai;
}

std::string text_of(const nlohmann::json& answer, const char* key, std::string fallback = "") {
  const auto found = answer.find(key);
  return found == answer.end() || !found->is_string() ? fallback : printable(found->get<std::string>());
}

/// A word that the fact may hold, else "unknown": recordings are text from outside.
std::string one_of(const std::string& word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) == words.end() ? "unknown" : word;
}

Result<Answer> to_answer(const std::string& text) {
  const auto json = parse_json(text, {16u << 10, 4, 100, 4096});
  if (!json) return fail("greeting", json.error());
  if (!json->is_object()) return fail(ErrorKind::invalid, "greeting: the answer is no object");
  Answer answer;
  answer.protocol = text_of(*json, "protocol");
  answer.product = text_of(*json, "product");
  answer.version = clean_version(text_of(*json, "version"));
  answer.auth = one_of(text_of(*json, "auth"), {"required", "none"});
  answer.tls = one_of(text_of(*json, "tls"), {"on", "off"});
  answer.evidence = text_of(*json, "evidence");
  return answer;
}

Result<Answer> read_answer(Machine& machine, const std::string& question) {
  const auto& said = machine.greetings();
  const auto found = said.find(question);
  if (found == said.end()) return fail(ErrorKind::not_found, question + ": was not asked");
  if (!found->second) return tl::unexpected<Error>(found->second.error());
  return to_answer(*found->second);
}

/// Tells the exposure that protected mode leaves, or that it does not hold.
void add_outer_answer(Machine& machine, Store& store) {
  for (const auto& [question, said] : machine.greetings()) {
    if (!said || !question.starts_with("greeting:redis:")) continue;
    const std::string port = question.substr(question.rfind(':') + 1);
    const std::string address = question.substr(15, question.rfind(':') - 15);
    const auto seen = exposure_of(address);
    if (port != std::to_string(main_port(*store.service)) || seen == "any" || seen == "loopback") continue;
    if (outer_question(*store.service, address) != question) continue;
    const auto answer = to_answer(*said);
    if (!answer || answer->auth != "none") continue;
    const bool refused = contains(answer->evidence, "protected mode");
    store.exposure = refused ? "loopback" : std::string(exposure_of(store.service->sockets, main_port(*store.service)));
  }
}

}  // namespace

Greetings greet_services(const Host& host, const std::vector<Service>& services) {
  std::vector<std::string> questions;
  const bool any = std::any_of(services.begin(), services.end(), [](const Service& one) {
    return one.product->kind == "redis" || one.product->kind == "valkey" || one.product->kind == "dragonfly";
  });
  const std::string outer = any ? outer_address(host) : std::string();
  for (const Service& service : services) {
    if (!is_greeted(service)) continue;
    for (std::string& question : questions_of(service)) questions.push_back(std::move(question));
    if (std::string question = outer_question(service, outer); !question.empty())
      questions.push_back(std::move(question));
  }
  std::sort(questions.begin(), questions.end());
  questions.erase(std::unique(questions.begin(), questions.end()), questions.end());
  Greetings said;
  if (questions.empty()) return said;
  auto answers = host.ask_all(questions);
  for (std::size_t i = 0; i < questions.size(); ++i) said.emplace(questions[i], std::move(answers[i]));
  return said;
}

Result<Answer> answer_of(Machine& machine, const Service& service) {
  Result<Answer> answer = fail(ErrorKind::not_found, "greeting: none is known for " + std::string(service.product->kind));
  for (const std::string& question : questions_of(service)) {
    auto one = read_answer(machine, question);
    if (one) return one;
    if (!answer && answer.error().kind == ErrorKind::not_found) answer = std::move(one);
  }
  return answer;
}

void add_answers(Machine& machine, Store& store) {
  if (store.service == nullptr) return;
  const auto answer = answer_of(machine, *store.service);
  if (!answer) return;
  store.answered_version = answer->version;
  store.answered_auth = answer->auth;
  store.answered_tls = answer->tls;
  if (contains(answer->version, ".")) {  // what runs, which a package replaced since does not tell
    store.version = upstream_version(answer->version);
    store.version_source = "greeting";
  }
  const bool found_open = answer->auth == "none" && store.auth != "none" && store.auth != "weak";
  if (found_open || (store.auth == "unknown" && answer->auth != "unknown")) store.auth_evidence = answer->evidence;
  if (answer->protocol == "redis") add_outer_answer(machine, store);
}

}  // namespace plumbline
