// SPDX-License-Identifier: Apache-2.0
// Strict JSON in, canonical JSON out. Only this reader may touch JSON that came from outside (goal S8).
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace plumbline {

/// What a document from outside may be at most.
struct JsonLimits {
  std::size_t bytes = 16u << 20;
  std::size_t depth = 32;
  std::size_t values = 200'000;
  std::size_t string_bytes = 64u << 10;
};

/// Parses; refuses duplicate keys, NUL in strings, bad UTF-8, lone surrogates, numbers that overflow, and all
/// that is over a limit. The message names the byte.
Result<nlohmann::json> parse_json(std::string_view text, const JsonLimits& limits = {});

/// The canonical bytes: keys sorted, no blanks, UTF-8 as it is, shortest round-trip numbers. Equal values give
/// equal bytes, so a hash of them names the value.
std::string canonical_json(const nlohmann::json& value);

}  // namespace plumbline
