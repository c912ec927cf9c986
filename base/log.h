// SPDX-License-Identifier: Apache-2.0
// One line to standard error for the operator. Host text need not be made printable first:
// log() does it. Never logs secrets; never called by code that also returns the error.
#pragma once

#include <string_view>

namespace plumbline {

enum class LogLevel { debug, info, warning, error };

void set_log_level(LogLevel level);
void log(LogLevel level, std::string_view message);
inline void log_info(std::string_view message) { log(LogLevel::info, message); }
inline void log_warning(std::string_view message) { log(LogLevel::warning, message); }
inline void log_error(std::string_view message) { log(LogLevel::error, message); }

}  // namespace plumbline
