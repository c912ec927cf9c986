// SPDX-License-Identifier: Apache-2.0
// Regular expressions of matches(): RE2 only, so time grows with the text and never explodes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "rules/cel/functions.h"

namespace re2 {
class RE2;
}

namespace plumbline::cel {

inline constexpr std::size_t kMaxPatternBytes = 4096;

/// Fails with what is wrong in the pattern.
Result<std::shared_ptr<const re2::RE2>> compile_regex(const std::string& pattern);
/// Whether the pattern is found anywhere in the text; charges for the length of both.
Value match_regex(const re2::RE2& regex, std::string_view text, Meter& meter);

}  // namespace plumbline::cel
