// SPDX-License-Identifier: Apache-2.0
// base/log.h for the agent, which brings no library for it: one line, one write.
#include "base/log.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <string>

#include "base/text.h"
#include "base/time.h"

namespace plumbline {
namespace {
std::atomic<LogLevel> least = LogLevel::info;
}

void set_log_level(LogLevel level) { least = level; }

void log(LogLevel level, std::string_view message) {
  constexpr std::size_t kLongestLine = 2000;
  constexpr std::array<std::string_view, 4> names = {"debug", "info", "warning", "error"};
  if (level < least) return;
  const std::string line = to_iso8601(now_seconds()) + " " + std::string(names[static_cast<std::size_t>(level)]) + " " +
                           printable(message.substr(0, kLongestLine)) + "\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace plumbline
