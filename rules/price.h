// SPDX-License-Identifier: Apache-2.0
// Prices with their day and source, from a table that a site may replace row by row.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rules/mistakes.h"

namespace plumbline {

enum class PriceKind { card, host, rent, tokens_in, tokens_out, power, assumption };
std::string_view to_text(PriceKind kind);  // "tokens-in", as in the table

/// A range in USD, or in the unit of an assumption.
struct Price {
  PriceKind kind = PriceKind::card;
  std::string name;         // of the card or the model; of a host the number of cards it takes
  double low = 0, high = 0;
  std::string unit;         // "USD a card and hour"
  std::string date;         // "2026-11-23"
  std::string source;       // where it stands, or "judgement"
};

class RuleFolder;
/// Reads prices.csv of a folder of a rules folder. A row without a source or a day, or with low above high, is a mistake.
std::vector<Price> read_prices(RuleFolder& folder, const std::string& relative, Mistakes& mistakes);
/// Adds a price, or replaces the one of the same kind and name.
void add_price(std::vector<Price>& prices, Price price);
/// nullptr where there is none: then nothing is guessed.
const Price* find_price(const std::vector<Price>& prices, PriceKind kind, std::string_view name);

}  // namespace plumbline
