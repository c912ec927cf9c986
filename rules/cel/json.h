// SPDX-License-Identifier: Apache-2.0
// Values from JSON, as the language maps it: objects become maps with string keys.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "rules/cel/value.h"

namespace plumbline::cel {

/// Whole numbers become int where they fit and uint where only that holds them; all others double. Deeper
/// than 64 levels is an error value.
Value from_json(const nlohmann::json& json);
/// The reverse, for output: timestamps, durations and types as text, bytes as base64url, keys as text. Errors
/// and unknowns become null. At most 100,000 members are written.
nlohmann::json to_json(const Value& value);

}  // namespace plumbline::cel
