// SPDX-License-Identifier: Apache-2.0
// Brings what waits in the spool to the collector, oldest first.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "agent/delivery/identity.h"
#include "agent/delivery/spool.h"
#include "base/result.h"

namespace plumbline {

/// How a delivery ended: all is there, or something waits and why.
struct DeliveryEnd {
  std::size_t delivered = 0;
  std::string trouble;           // empty: nothing waits any more
  long retry_after_seconds = 0;  // what the collector asked for
};

/// Renews the certificate first where it is due. Fails only where this host's own disk does.
Result<DeliveryEnd> deliver(const std::string& state_folder, AgentIdentity& identity, Spool& spool,
                            const std::function<bool()>& stop);

}  // namespace plumbline
