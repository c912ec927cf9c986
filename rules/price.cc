// SPDX-License-Identifier: Apache-2.0
// Reads the table of prices.
#include "rules/price.h"

#include <algorithm>

#include "base/text.h"
#include "base/time.h"
#include "rules/csv_row.h"
#include "rules/fields.h"
#include "rules/files.h"

namespace plumbline {
namespace {

constexpr double kMostPrice = 1e9;

const std::vector<std::string>& kind_words() {
  static const std::vector<std::string> words = {"card", "host", "rent", "tokens-in", "tokens-out", "power", "assumption"};
  return words;
}

// What may stand under a kind whose rows are looked for by a fixed name; others would never be read.
const std::vector<std::string>& known_names(PriceKind kind) {
  static const std::vector<std::string> any, power = {"electricity"}, hosts = {"1", "2", "4", "8"};
  static const std::vector<std::string> assumptions = {"months",  "office-hours", "rented-hours", "server-watts",
                                                       "cooling", "support",      "sustained"};
  switch (kind) {
    case PriceKind::power: return power;
    case PriceKind::host: return hosts;
    case PriceKind::assumption: return assumptions;
    default: return any;
  }
}

// Amounts that are divided by must not be nothing.
bool divides(const Price& price) {
  return price.kind == PriceKind::assumption &&
         (price.name == "months" || price.name == "office-hours" || price.name == "rented-hours" || price.name == "cooling");
}

Price read_price(const CsvRow& row) {
  Price out;
  const std::string kind = row.text("kind");
  const auto found = std::find(kind_words().begin(), kind_words().end(), kind);
  if (found == kind_words().end()) {
    row.mistake("no kind '" + kind + "'; one of " + join(kind_words(), ", ") + suggestion(kind, kind_words()));
  } else {
    out.kind = static_cast<PriceKind>(found - kind_words().begin());
  }
  out.name = row.text("name");
  const auto& names = known_names(out.kind);
  if (out.name.empty()) row.mistake("name is empty");
  else if (!names.empty() && std::find(names.begin(), names.end(), out.name) == names.end())
    row.mistake("no " + kind + " '" + out.name + "' is asked for" + suggestion_or_list(out.name, names));
  const auto low = row.number("low"), high = row.number("high");
  if (!low || !high) row.mistake("low and high must be numbers; leave the row out where the price is not known");
  out.low = low.value_or(0);
  out.high = high.value_or(0);
  if (out.low > out.high) row.mistake("low is above high");
  if (out.high > kMostPrice) row.mistake("high is above any price");
  if (divides(out) && out.low <= 0) row.mistake("'" + out.name + "' must be above 0");
  out.unit = row.text("unit");
  out.date = row.text("date");
  if (!row.date("date") && out.date.empty()) row.mistake("date is empty; say on which day the price was read");
  out.source = row.text("source");
  if (out.source.empty()) row.mistake("source is empty; say where the price stands, or 'judgement'");
  return out;
}

}  // namespace

std::string_view to_text(PriceKind kind) { return kind_words()[static_cast<std::size_t>(kind)]; }

std::vector<Price> read_prices(RuleFolder& folder, const std::string& relative, Mistakes& mistakes) {
  std::vector<Price> out;
  const SourceFile* file = folder.read(relative + "/prices.csv");
  if (!file) return out;
  const CsvTable table = read_csv(*file, {"kind", "name", "low", "high", "unit", "date", "source"}, mistakes);
  for (const auto& row : table.rows) {
    const CsvRow reader{*file, table, row, mistakes};
    Price price = read_price(reader);
    if (find_price(out, price.kind, price.name)) reader.mistake(std::string(to_text(price.kind)) + " " + price.name + " stands here twice");
    out.push_back(std::move(price));
  }
  return out;
}

void add_price(std::vector<Price>& prices, Price price) {
  const auto same = std::find_if(prices.begin(), prices.end(), [&](const Price& one) { return one.kind == price.kind && one.name == price.name; });
  if (same != prices.end()) *same = std::move(price);
  else prices.push_back(std::move(price));
}

const Price* find_price(const std::vector<Price>& prices, PriceKind kind, std::string_view name) {
  for (const Price& price : prices)
    if (price.kind == kind && price.name == name) return &price;
  return nullptr;
}

}  // namespace plumbline
