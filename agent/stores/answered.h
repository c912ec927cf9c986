// SPDX-License-Identifier: Apache-2.0
// What services on this host answered to a greeting (docs/greetings.md), beside what their files say.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/host.h"
#include "agent/services.h"
#include "base/result.h"

namespace plumbline {

struct Store;

/// What one service said of itself, as checked as any text from outside.
struct Answer {
  std::string protocol;  // "redis", "postgresql", "ollama"
  std::string product;   // what it calls itself where that is more than the protocol: "mariadb", "opensearch"
  std::string version;   // "7.0.15"; "" where it does not tell
  std::string auth = "unknown";  // required, none, unknown
  std::string tls = "unknown";   // on: it offers or wants TLS on that port; off: it talks in the clear; unknown
  std::string evidence;          // "PING is answered without a password"; holds no address and no secret
};

/// Greetings by their question ("greeting:redis:127.0.0.1:6379") with the answer or why there is none.
using Greetings = std::map<std::string, Result<std::string>>;
/// Greets every store and AI service at once. Machine::greetings() does so once a scan.
Greetings greet_services(const Host& host, const std::vector<Service>& services);

/// What a service of the list answered, store or AI: model servers, notebooks and consoles are asked by HTTP for
/// their version and for a page that wants a login where there is one. not_found where no greeting is known for
/// it, unavailable where it did not answer in time or greetings are switched off.
Result<Answer> answer_of(Machine& machine, const Service& service);

/// Puts into a running store what it answered: answered_auth, answered_tls, answered_version, the version where
/// the answer is whole, and auth_evidence where it was found open. Call it after the store's inspector.
void add_answers(Machine& machine, Store& store);

}  // namespace plumbline
