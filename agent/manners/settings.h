// SPDX-License-Identifier: Apache-2.0
// The agent's settings file, /etc/plumbline/agent.yaml: how often, how much, and what stays on the host.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/manners/limits.h"
#include "agent/manners/privacy.h"
#include "base/result.h"

namespace plumbline {

inline constexpr const char* kSettingsFile = "/etc/plumbline/agent.yaml";

struct AgentSettings {
  std::optional<std::string> state;                // folder of identity and spool
  std::optional<std::int64_t> interval_seconds;    // between scans of the service
  bool greetings = true;                           // ask this host's own listeners who they are
  bool sandbox = true;
  Limits limits;
  PrivacySettings privacy;
};

/// Two levels of "key: value". Fails with the file, the line, what is wrong and what is allowed, so that a
/// mistyped privacy setting never sends what it should have kept. not_found where there is no such file.
Result<AgentSettings> read_settings(const std::string& path);
Result<AgentSettings> parse_settings(std::string_view text, const std::string& name);

}  // namespace plumbline
