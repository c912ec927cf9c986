// SPDX-License-Identifier: Apache-2.0
// How many sign-in attempts there may be, counted before any password is looked at, so that a thousand at once are
// no way around it (goal S17).
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace plumbline {

inline constexpr std::int64_t kLoginWindowSeconds = 5 * 60;
inline constexpr int kLoginAttemptsOfUserAtAddress = 5;   // a window
inline constexpr int kLoginAttemptsOfAddress = 20;
inline constexpr int kLoginAttemptsOfUser = 50;           // from everywhere: a password list spread over many addresses
inline constexpr int kLoginsAtOnce = 4;                   // each takes 64 MiB while it is checked
inline constexpr std::size_t kMostLoginKeys = 20'000;     // beyond it, unseen addresses wait

class LoginLimit {
 public:
  /// True where this attempt may go on; then it is counted, and finish() must follow. Atomic.
  bool start(std::string_view user, std::string_view address, std::int64_t now);
  /// Ends an attempt that start() let through; one that succeeded gives its count back.
  void finish(std::string_view user, std::string_view address, bool succeeded);

 private:
  struct Window {
    std::int64_t began = 0;
    int attempts = 0;
  };
  Window* window(const std::string& key, std::int64_t now);
  void forget_old(std::int64_t now);

  std::mutex mutex_;
  std::map<std::string, Window> windows_;
  int running_ = 0;
};

}  // namespace plumbline
