// SPDX-License-Identifier: Apache-2.0
// One rule of nftables' language: "tcp dport { 22, 80 } ct state new accept".
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agent/firewall/nft_words.h"

namespace plumbline {

/// A set or a verdict map that a file names.
struct NftSet {
  bool readable = true;                                      // its elements stay what they are, each of one value or range
  std::vector<std::string> values;
  std::vector<std::pair<std::string, FilterRule>> verdicts;  // of a map: value and what is done; "*" is the rest
};

/// Adds the elements from word `at`, which stands behind "{", to the one behind its "}"; gives the place of that "}".
std::size_t read_nft_elements(const std::vector<NftWord>& words, std::size_t at, NftSet& set);

/// One rule as one of ours or, where it has a verdict map, several.
std::vector<FilterRule> read_nft_rule(const std::vector<NftWord>& words, const std::map<std::string, NftSet>& sets);

}  // namespace plumbline
