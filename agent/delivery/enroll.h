// SPDX-License-Identifier: Apache-2.0
// How a host comes by its certificate, and by the next one. enroll() itself is declared in commands.h.
#pragma once

#include <functional>
#include <string>

#include "agent/delivery/identity.h"
#include "base/result.h"

namespace plumbline {

/// Asks for a new certificate of a new key, proven with the old one; keeps and returns it. Works over a
/// connection without a client certificate, so that an expired one is renewed too. permission_denied: the
/// collector will not.
Result<AgentIdentity> renew(const std::string& state_folder, const AgentIdentity& identity,
                            const std::function<bool()>& stop);

}  // namespace plumbline
