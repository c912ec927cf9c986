// SPDX-License-Identifier: Apache-2.0
// Regular expressions of matches().
#include "rules/cel/regex.h"

#include <re2/re2.h>

namespace plumbline::cel {
namespace {
constexpr std::int64_t kMaxMemoryBytes = 512 << 10;  // of one compiled pattern
}

Result<std::shared_ptr<const re2::RE2>> compile_regex(const std::string& pattern) {
  if (pattern.size() > kMaxPatternBytes)
    return fail(ErrorKind::limit,
                "regular expression: longer than " + std::to_string(kMaxPatternBytes) + " bytes");
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxMemoryBytes);
  auto regex = std::make_shared<const RE2>(pattern, options);
  if (!regex->ok()) return fail(ErrorKind::invalid, "regular expression: " + regex->error());
  return regex;
}

Value match_regex(const re2::RE2& regex, std::string_view text, Meter& meter) {
  const auto program = static_cast<std::uint64_t>(regex.ProgramSize());
  if (!meter.spend((text.size() / 10 + 1) * (program / 10 + 1))) return {};
  return Value::of(RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), regex));
}

}  // namespace plumbline::cel
