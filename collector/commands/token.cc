// SPDX-License-Identifier: Apache-2.0
// `token create`: an enrolment token, shown once; only its hash is kept.
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/time.h"
#include "collector/commands/common.h"

namespace plumbline {
namespace {

void explain_token(const Config& config, const std::string& token) {
  const std::string host = config.names.empty() ? config.address : config.names.front();
  const std::string port = std::to_string(config.agents_port);
  std::fprintf(stderr, "\nGood for one host, for %d minutes. On that host:\n  plumbline-agent enroll --collector https://%s:%s --token %s\n",
               static_cast<int>(kTokenSeconds / 60), host.c_str(), port.c_str(), token.c_str());
}

}  // namespace

int run_token_create(const TokenOptions& options) {
  const auto config = read_config(options.common.state);
  if (!config) return report_error(config.error());
  const auto authority = read_authority(options.common.state);
  if (!authority) return report_error(authority.error());
  const auto store = open_state_store(options.common.state, options.common.store_url);
  if (!store) return report_error(store.error());
  nlohmann::json tokens = nlohmann::json::array();
  const std::int64_t now = now_seconds();
  for (int i = 0; i < options.count; ++i) {
    const auto token = create_token(**store, *authority, local_actor(), now);
    if (!token) return report_error(token.error());
    tokens.push_back(*token);
  }
  if (auto noted = (*store)->add_audit(local_actor(), "token.create", std::to_string(options.count), "", now); !noted) return report_error(noted.error());
  if (options.common.json) {
    nlohmann::json answer = {{"token", tokens.front()}, {"expires_at", to_iso8601(now + kTokenSeconds)}};
    if (options.count > 1) answer["tokens"] = tokens;
    print(answer.dump() + "\n");
    return kExitOk;
  }
  for (const auto& token : tokens) print(token.get<std::string>() + "\n");
  if (::isatty(STDOUT_FILENO) == 1 && options.count == 1) explain_token(*config, tokens.front().get<std::string>());
  return kExitOk;
}

}  // namespace plumbline
