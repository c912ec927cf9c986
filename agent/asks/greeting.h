// SPDX-License-Identifier: Apache-2.0
// "greeting:PROTOCOL:ADDRESS:PORT": says the first words of a protocol to listeners of this host and hears what
// they say of themselves. What is sent to whom, byte for byte: docs/greetings.md.
//
//   {"protocol":"redis","product":"valkey","version":"7.0.15","auth":"none","tls":"off",
//    "evidence":"PING is answered without a password","took_ms":2}
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace plumbline {

inline constexpr std::string_view kGreetingQuestion = "greeting:";
/// All that one call of ask_greetings() may take, however many listeners say nothing or never end.
inline constexpr auto kGreetingTime = std::chrono::milliseconds(450);

/// Asks all at once and answers in their order. Before a byte is sent each question is held against this
/// machine's own socket table and addresses; invalid or not_found where it names something else. unavailable
/// where the listener closed, said nothing in time or spoke another protocol.
std::vector<Result<std::string>> ask_greetings(const std::vector<std::string>& questions);

}  // namespace plumbline
