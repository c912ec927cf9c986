// SPDX-License-Identifier: Apache-2.0
// Asks something that may never answer (a dead file server, a lost card) without waiting for ever.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace plumbline {

/// What `answer` returns, or unavailable after `timeout`; then its thread is left behind and must own all it
/// uses.
Result<std::string> answer_within(std::chrono::seconds timeout, std::string_view subject,
                                  std::function<Result<std::string>()> answer);

}  // namespace plumbline
