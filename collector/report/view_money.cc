// SPDX-License-Identifier: Apache-2.0
// Buy, keep or rent in words: ranges a month with what they buy.
#include "base/text.h"
#include "collector/report/view.h"
#include "rules/money.h"

namespace plumbline {
namespace {

/// Two figures that count: 12,345 is 12,000.
std::string calm_dollars(double amount) {
  double unit = 1;
  while (amount / unit >= 100) unit *= 10;
  return say("money.dollars", {{"amount", grouped(static_cast<std::int64_t>(amount / unit + 0.5) * static_cast<std::int64_t>(unit))}});
}

std::string range_text(const MoneyRange& range) {
  const std::string low = calm_dollars(range.low), high = calm_dollars(range.high);
  return low == high ? low : say("money.range", {{"low", low}, {"high", high}});
}

std::string a_month(const MoneyRange& range) { return say("money.a_month", {{"range", range_text(range)}}); }

/// What is known, or of what the price is missing.
std::string or_why(std::string text, const std::string& why) {
  if (!text.empty()) return text;
  return why.empty() ? std::string("–") : why;
}

std::string even_text(const MoneyChoice& choice) {
  if (!choice.break_even_low) return {};
  if (choice.break_even_high && *choice.break_even_high != *choice.break_even_low)
    return say("money.even_range", {{"low", grouped(*choice.break_even_low)}, {"high", grouped(*choice.break_even_high)}});
  return say("money.even", {{"people", grouped(*choice.break_even_low)}});
}

View money_row(const ReportInput& input, const MoneyChoice& choice) {
  View row;
  put_text(row, "money_workload", input.rules->workloads[choice.workload].title);
  put_text(row, "money_people", say_count("count.people", static_cast<std::size_t>(std::max(0, choice.people))));
  put_text(row, "money_keep", choice.keep ? choice.keep_monthly ? a_month(*choice.keep_monthly) : say("money.keep_unpriced") : say("money.no_keep"));
  put_text(row, "money_buy", or_why(choice.buy ? range_text(choice.buy->purchase) : "", choice.no_buy));
  row["money_class"] = maybe(choice.buy ? cost_text(choice.most_class) : "");
  put_text(row, "money_rent", or_why(choice.rent ? a_month(choice.rent->monthly) : "", choice.no_rent));
  put_text(row, "money_tokens", or_why(choice.tokens ? a_month(choice.tokens->monthly) : "", choice.no_tokens));
  row["money_even"] = maybe(even_text(choice));
  put_text(row, "money_advice", say("money.advice_" + std::string(to_text(choice.advice))));
  put_text(row, "money_text", with_full_stop(choice.text));
  return row;
}

}  // namespace

View money_rows(const ReportInput& input) {
  View rows = view_list();
  for (const MoneyChoice& choice : buy_keep_rent(*input.rules, *input.assessment)) rows.push_back(money_row(input, choice));
  return rows;
}

}  // namespace plumbline
