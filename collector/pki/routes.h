// SPDX-License-Identifier: Apache-2.0
// The calls by which a host gets and renews its certificate, and the check of who an agent is.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/time.h"
#include "collector/http/http.h"
#include "collector/pki/pki.h"
#include "collector/store/store.h"

namespace plumbline {

/// Wrong answers by address in a quarter of an hour. Not thread-safe: Pki's mutexes guard it, so that a count is exact
/// however many threads ask.
class WrongGuesses {
 public:
  /// Seconds until this address may try again; 0: it may.
  std::int64_t wait_seconds(const std::string& address, std::int64_t now) const;
  void count(const std::string& address, std::int64_t now);
  int guesses(const std::string& address, std::int64_t now) const;

 private:
  struct Window { std::int64_t began = 0; int guesses = 0; };
  std::map<std::string, Window> by_address_;
};

/// The authority at work. It must outlive the server whose routes use it.
struct Pki {
  Store& store;
  Identity authority;
  std::function<std::int64_t()> now = now_seconds;  // tests set the clock
  std::mutex enrolling = {};                        // one enrolment at a time: limit and redemption are one step
  WrongGuesses wrong = {};
  std::mutex auditing = {};
  WrongGuesses refusals = {};                       // lines a flood of refusals may write, by address
};

/// GET /v1/ca, POST /v1/enroll, POST /v1/renew.
std::vector<Route> pki_routes(Pki& pki);

/// For ServerOptions::identify: clears the agent id of a denied or unknown host and says why, so that no route for
/// agents answers it and the server tells `refused`.
void identify_agent(Pki& pki, Request& request);

/// For ServerOptions::refused: a line in the audit log for a handshake or a request that was refused; after 100
/// lines from one address in a quarter of an hour no more, for a flood must not fill the disk.
void audit_refusal(Pki& pki, const std::string& peer_address, const std::string& reason);

}  // namespace plumbline
