// SPDX-License-Identifier: Apache-2.0
// Buy, keep or rent: what it costs a month to serve a workload's people with what stands there, with cards of one's own, with
// cards by the hour and with tokens from a provider, and from how many people on owning is cheaper.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "rules/assessment.h"

namespace plumbline {

/// Dollars, or what else is said.
struct MoneyRange {
  double low = 0, high = 0;
};

/// What serving so many people costs a month: a step for every so many, which ends where cards do, and an amount for each.
struct CostLine {
  struct Step {
    int people = 0;     // up to so many, more with each step
    double usd = 0;
  };
  std::vector<Step> steps;      // empty: no limit
  double usd_per_person = 0;
};
/// Nothing where the line ends before so many people.
std::optional<double> monthly_cost(const CostLine& line, int people);
/// The least number of people, from 1, whom `owned` serves for no more than `rented`; nothing where it never does.
std::optional<int> break_even(const CostLine& owned, const CostLine& rented);

/// Cards that serve the people wanted.
struct CardOffer {
  std::string card;
  int cards = 0;                    // GPUs, of all servers
  int servers = 0;
  int pooled = 1;                   // that share one model
  MoneyRange purchase;              // of cards and servers; nothing when rented
  MoneyRange cards_alone;           // where a server with room stands already
  MoneyRange hourly;                // of all cards when rented
  MoneyRange monthly;
  double used_share = 0;            // of what they could answer in a month
  CostLine low, high;               // the ends of the range, by people
};

struct TokenOffer {
  MoneyRange monthly;
  CostLine low, high;
};

enum class Advice { keep, rent, buy, no_price };
std::string_view to_text(Advice advice);

/// One workload that asks a language model. The same model throughout, so that like is compared with like.
struct MoneyChoice {
  std::size_t workload = 0;              // in RuleSet::workloads
  int people = 0;
  std::string model, model_title;
  Precision precision = Precision::half;
  std::optional<ServingOption> keep;     // what stands there serves them
  std::optional<MoneyRange> keep_monthly;// power of its cards; nothing where their power or its price is not known
  std::optional<CardOffer> buy, rent;    // nothing: no price, `no_buy` and `no_rent` say of what
  std::optional<TokenOffer> tokens;
  std::string no_buy, no_rent, no_tokens;
  std::optional<int> break_even_low, break_even_high;  // people from which buying is no dearer than tokens: at best, at worst
  std::optional<MoneyRange> break_even_hours;          // a month, from which buying is no dearer than the same cards by the hour
  CostClass least_class = CostClass::c0, most_class = CostClass::c0;  // of the purchase
  Advice advice = Advice::no_price;
  std::string text;                      // why, with the figures
  std::vector<std::string> assumptions;  // with the day and source of each price
};

/// By workload; those that ask no language model are left out. An unknown price gives no figure, and none is guessed.
std::vector<MoneyChoice> buy_keep_rent(const RuleSet& rules, const Assessment& assessment);

/// Canonical JSON.
std::string to_json(const RuleSet& rules, const Assessment& assessment, const std::vector<MoneyChoice>& choices);

/// C1 below $5K, C2 below 25, C3 below 100, else C4; C0 for nothing.
CostClass class_of(double usd);

}  // namespace plumbline
