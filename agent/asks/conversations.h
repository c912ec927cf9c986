// SPDX-License-Identifier: Apache-2.0
// Several TCP conversations of a few bytes at once, on one thread, with one end for all.
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <string>
#include <vector>

#include "agent/asks/greeting_words.h"

namespace plumbline {

/// Where to, as connect(2) takes it.
struct Endpoint {
  struct sockaddr_storage address {};
  socklen_t size = 0;
};

struct Conversation {
  Endpoint to;
  GreetingWords words;

  // What came of it.
  GreetingReply reply{};
  bool connected = false;
  bool finished = false;  // false: the end came first, or its turn never did
  int error = 0;          // errno where it could not be had
  std::chrono::milliseconds took{0};
};

/// Holds them all, at most kMaxOpenConversations at once, until each is finished or `end` is there. Nothing
/// leaves this host: see stay_on_host() in the source.
void hold(std::vector<Conversation>& conversations, std::chrono::steady_clock::time_point end);

inline constexpr std::size_t kMaxOpenConversations = 128;

}  // namespace plumbline
