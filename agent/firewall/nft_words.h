// SPDX-License-Identifier: Apache-2.0
// Words of nftables' language, with includes and variables put in.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/firewall/nft_text.h"

namespace plumbline {

struct NftWord {
  std::string text;     // "{", "}", ",", or a word; "\n" ends a statement
  bool quoted = false;  // a name or a remark, never a word of the language
  bool is(std::string_view what) const { return !quoted && text == what; }
};

/// All words of a file and what it includes.
Result<std::vector<NftWord>> read_nft_words(std::string_view text, const ReadIncludes& read_includes);

}  // namespace plumbline
