// SPDX-License-Identifier: Apache-2.0
// Whether an AI service asks who is there, as its arguments, environment and configuration tell.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "agent/machine.h"

namespace plumbline {

struct AiProcess {
  std::string_view kind;
  const Process* process = nullptr;                // nullptr where it may not be seen
  std::map<std::string, std::string> environment;  // names, and values that hold no secret
  bool environment_known = false;
  std::string home;  // of the user it runs as
};

/// required, none or unknown. Where a setting is absent, what the product does without it.
std::string ai_authentication(const Host& host, const AiProcess& service);

}  // namespace plumbline
