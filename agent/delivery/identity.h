// SPDX-License-Identifier: Apache-2.0
// Who this host is to its collector: one file, 0600, replaced as a whole, so that key, certificate and name
// always fit together whenever the power goes.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace plumbline {

struct AgentIdentity {
  std::string host_id;
  std::string collector_url;  // "https://collector.example:7443"
  std::string ca_pem;         // the only authority believed
  std::string certificate_pem;
  std::string private_key_pem;
  std::int64_t received_at = 0;  // of the certificate, by this host's own clock
};

/// not_found where the folder holds none; the message says how to enrol.
Result<AgentIdentity> load_identity(const std::string& state_folder);
Result<void> save_identity(const std::string& state_folder, const AgentIdentity& identity);

/// True from two thirds of the certificate's life on, a little earlier or later by host so that a fleet does
/// not renew at one time. Reckoned from when it was received: a wrong clock here does not matter, a clock
/// that went back renews.
Result<bool> renewal_due(const AgentIdentity& identity, std::int64_t now);

/// "https://host[:port]" without a trailing slash; refuses other schemes, paths, user names and blanks.
Result<std::string> check_collector_url(std::string_view url);

/// Held while one program works on the state folder; a second one waits.
class StateLock {
 public:
  static Result<StateLock> take(const std::string& state_folder);
  StateLock(StateLock&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  StateLock& operator=(StateLock&&) = delete;
  ~StateLock();

 private:
  explicit StateLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace plumbline
