// SPDX-License-Identifier: Apache-2.0
// UTF-8 as code points.
#include "rules/cel/utf8.h"

namespace plumbline::cel {
namespace {
bool continues(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}
}  // namespace

std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += continues(c) ? 0 : 1;
  return count;
}

std::size_t byte_of_code_point(std::string_view text, std::size_t number) {
  std::size_t position = 0;
  while (position < text.size() && number > 0) {
    ++position;
    while (position < text.size() && continues(text[position])) ++position;
    --number;
  }
  return position;
}

void append_utf8(std::string& out, char32_t code_point) {
  const auto byte = [&](char32_t bits) { out += static_cast<char>(static_cast<unsigned char>(bits)); };
  if (code_point < 0x80) {
    byte(code_point);
  } else if (code_point < 0x800) {
    byte(0xC0U | (code_point >> 6U));
    byte(0x80U | (code_point & 0x3FU));
  } else if (code_point < 0x10000) {
    byte(0xE0U | (code_point >> 12U));
    byte(0x80U | ((code_point >> 6U) & 0x3FU));
    byte(0x80U | (code_point & 0x3FU));
  } else {
    byte(0xF0U | (code_point >> 18U));
    byte(0x80U | ((code_point >> 12U) & 0x3FU));
    byte(0x80U | ((code_point >> 6U) & 0x3FU));
    byte(0x80U | (code_point & 0x3FU));
  }
}

char32_t next_code_point(std::string_view text, std::size_t& position) {
  const auto first = static_cast<unsigned char>(text[position++]);
  if (first < 0x80) return first;
  char32_t value = first < 0xE0 ? first & 0x1FU : first < 0xF0 ? first & 0x0FU : first & 0x07U;
  while (position < text.size() && continues(text[position]))
    value = (value << 6U) | (static_cast<unsigned char>(text[position++]) & 0x3FU);
  return value;
}

}  // namespace plumbline::cel
