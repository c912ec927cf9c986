// SPDX-License-Identifier: Apache-2.0
// Doubles as text.
#include "rules/cel/number_text.h"

#include <array>
#include <charconv>
#include <cmath>

namespace plumbline::cel {
namespace {

constexpr std::size_t kBufferBytes = 1536;  // 309 digits, a point and up to 1,000 decimals

const char* special(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return nullptr;
}

std::string written(double value, std::chars_format format, int decimals) {
  if (const char* name = special(value)) return name;
  std::array<char, kBufferBytes> buffer;
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format, decimals);
  return result.ec == std::errc() ? std::string(buffer.data(), result.ptr) : std::string();
}

}  // namespace

std::string readable_double(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  const double size = std::fabs(value);
  const bool plain = size == 0 || (size >= 1e-4 && size < 1e21);
  std::array<char, 64> buffer;
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                    plain ? std::chars_format::fixed : std::chars_format::scientific);
  return std::string(buffer.data(), result.ptr);
}

std::string fixed_double(double value, int decimals) {
  return written(value, std::chars_format::fixed, decimals);
}
std::string scientific_double(double value, int decimals) {
  return written(value, std::chars_format::scientific, decimals);
}

}  // namespace plumbline::cel
