// SPDX-License-Identifier: Apache-2.0
// Cuts an expression into tokens; literals come with their value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "rules/cel/cel.h"

namespace plumbline::cel {

enum class TokenKind : unsigned char {
  end,
  identifier,         // text
  quoted_identifier,  // `any-text`: only after a point
  reserved,           // a word the language keeps for later; a member may have that name
  keyword,            // true false null in
  integer,            // text: digits as written; the sign belongs to the parser
  unsigned_integer,
  number,
  string,  // decoded
  bytes,   // decoded
  symbol,  // text
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::uint32_t begin = 0, end = 0;
  std::string_view text;  // as written; digits of numbers without suffix, name without backquotes
  std::string decoded;    // of strings and bytes
};

tl::expected<std::vector<Token>, Issue> lex(std::string_view text);

}  // namespace plumbline::cel
