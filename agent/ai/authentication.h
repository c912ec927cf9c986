// SPDX-License-Identifier: Apache-2.0
// Whether an AI service asks who is there, as its arguments, environment and configuration tell.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/machine.h"

namespace plumbline {

struct AiProcess {
  std::string_view kind;
  bool seen = false;  // its arguments are known
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;  // names, and values that hold no secret
  bool environment_known = false;
  bool contained = false;  // its files are not this host's
  std::string home;        // of the user it runs as
};

struct AiLogin {
  std::string auth;      // required, none or unknown
  std::string evidence;  // "--api-key", "RAY_AUTH_MODE is not set"; empty where there is none
};

/// Where a setting is absent, what the product does without it.
AiLogin ai_authentication(const Host& host, const AiProcess& service);

}  // namespace plumbline
