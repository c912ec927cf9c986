// SPDX-License-Identifier: Apache-2.0
// UTF-8 as code points, which is how CEL counts the characters of a string.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace plumbline::cel {

inline constexpr char32_t kMaxCodePoint = 0x10FFFF;

/// Code points in a valid text.
std::size_t count_code_points(std::string_view text);
/// The byte where the code point with this number starts; the text's size where there are fewer.
std::size_t byte_of_code_point(std::string_view text, std::size_t number);
void append_utf8(std::string& out, char32_t code_point);
/// Reads the code point at `position` of a valid text and moves past it.
char32_t next_code_point(std::string_view text, std::size_t& position);
inline bool is_surrogate(char32_t code_point) {
  return code_point >= 0xD800 && code_point <= 0xDFFF;
}

}  // namespace plumbline::cel
