// SPDX-License-Identifier: Apache-2.0
// Compares owning with renting from the table of prices.
#include "rules/money.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "rules/serving_plan.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr int kMostCards = 64;                   // that are proposed: beyond it nobody buys by a table
constexpr double kHoursOfMonth = 730;
constexpr double kMillion = 1e6;
constexpr double kMostWithoutCase = 25'000;      // C2: what a pilot may buy without a business case of its own
constexpr std::array<int, 4> kServerSizes = {1, 2, 4, 8};

// The table of prices, and which of its rows a result used.
class Market {
 public:
  explicit Market(const Catalogue& catalogue) : catalogue_(catalogue) {}
  std::optional<MoneyRange> find(PriceKind kind, std::string_view name) {
    const Price* price = find_price(catalogue_.prices, kind, name);
    if (price) used_.insert(price);
    return peek(kind, name);
  }
  /// The same without noting it: what is only looked at decides nothing.
  std::optional<MoneyRange> peek(PriceKind kind, std::string_view name) const {
    const Price* price = find_price(catalogue_.prices, kind, name);
    return price ? std::optional(MoneyRange{price->low, price->high}) : std::nullopt;
  }
  void forget() { used_.clear(); }

  // "rent NVIDIA L40S: 0.79 to 1.55 USD a card and hour (2026-09-25, runpod.io/pricing)", in the table's order
  std::vector<std::string> used() const {
    std::vector<std::string> out;
    for (const Price& price : catalogue_.prices) {
      if (!used_.contains(&price)) continue;
      const std::string amount = price.low == price.high ? fmt::format("{:g}", price.low) : fmt::format("{:g} to {:g}", price.low, price.high);
      out.push_back(fmt::format("{} {}: {} {} ({}, {})", to_text(price.kind), price.name, amount, price.unit, price.date, price.source));
    }
    return out;
  }

 private:
  const Catalogue& catalogue_;
  std::set<const Price*> used_;
};

MoneyRange plus(const MoneyRange& a, const MoneyRange& b) { return {a.low + b.low, a.high + b.high}; }
MoneyRange times(const MoneyRange& a, const MoneyRange& b) { return {a.low * b.low, a.high * b.high}; }
MoneyRange times(const MoneyRange& a, double factor) { return {a.low * factor, a.high * factor}; }
double middle(const MoneyRange& range) { return (range.low + range.high) / 2; }

const AcceleratorModel* row_of(const Catalogue& catalogue, const std::string& name) {
  for (const AcceleratorModel& row : catalogue.accelerators)
    if (row.name == name) return &row;
  return nullptr;
}

// ---- one kind of card for one model

// So many GPUs of a kind share the model; each such pool answers so many requests.
struct Pool {
  const AcceleratorModel* row = nullptr;
  int gpus = 1;
  ServingCapacity capacity;
};

int people_of(const Pool& pool, int pools, const ServingNeed& need) { return people_served(pools * pool.capacity.requests, need.slots_per_person).high; }
int pools_for(const Pool& pool, int people, const ServingNeed& need) {
  const auto least = static_cast<int>(std::min(people * need.slots_per_person / pool.capacity.requests, static_cast<double>(kMostCards)));
  int pools = std::max(1, least);
  while (people_of(pool, pools, need) < people && pools * pool.gpus <= kMostCards) ++pools;
  return pools;
}
int boards_of(const Pool& pool, int pools) {
  const int each = pool.row->gpus_per_board;
  return (pools * pool.gpus + each - 1) / each;
}

// Servers of eight boards, and one more of the least size for what is left.
std::vector<int> servers_for(int boards) {
  std::vector<int> out;
  for (; boards > kServerSizes.back(); boards -= kServerSizes.back()) out.push_back(kServerSizes.back());
  out.push_back(*std::find_if(kServerSizes.begin(), kServerSizes.end(), [&](int size) { return size >= boards; }));
  return out;
}

// ---- owning

// Every price that owning needs; found once, so that what is missing has a name.
struct OwningPrices {
  MoneyRange months, support, power, cooling, server_watts;
  std::array<MoneyRange, kServerSizes.size()> servers;
};
std::optional<OwningPrices> owning_prices(Market& market, std::string& missing) {
  OwningPrices out;
  const auto take = [&](PriceKind kind, std::string_view name, MoneyRange& into) {
    if (const auto found = market.find(kind, name)) into = *found;
    else if (missing.empty()) missing = fmt::format("no price: {} {}", to_text(kind), name);
  };
  take(PriceKind::assumption, "months", out.months);
  take(PriceKind::assumption, "support", out.support);
  take(PriceKind::assumption, "cooling", out.cooling);
  take(PriceKind::assumption, "server-watts", out.server_watts);
  take(PriceKind::power, "electricity", out.power);
  for (std::size_t i = 0; i < kServerSizes.size(); ++i) {
    if (const auto server = market.peek(PriceKind::host, std::to_string(kServerSizes[i]))) out.servers[i] = *server;
    else if (missing.empty()) missing = fmt::format("no price: host {}", kServerSizes[i]);
  }
  return missing.empty() ? std::optional(out) : std::nullopt;
}

// At full power all month: the most it can be.
MoneyRange power_a_month(const OwningPrices& prices, const MoneyRange& watts) {
  return times(times(times(watts, prices.cooling), prices.power), kHoursOfMonth / 1000);
}

struct Purchase {
  MoneyRange cards, servers, monthly;
  int server_count = 0;
};
Purchase purchase_of(const OwningPrices& prices, const MoneyRange& card, const Pool& pool, int pools) {
  Purchase out;
  const int boards = boards_of(pool, pools);
  out.cards = times(card, boards);
  const std::vector<int> servers = servers_for(boards);
  out.server_count = static_cast<int>(servers.size());
  for (const int size : servers) {
    const auto at = std::find(kServerSizes.begin(), kServerSizes.end(), size) - kServerSizes.begin();
    out.servers = plus(out.servers, prices.servers[static_cast<std::size_t>(at)]);
  }
  const MoneyRange all = plus(out.cards, out.servers);
  const MoneyRange watts = plus(times(prices.server_watts, out.server_count), times({*pool.row->tdp_watts, *pool.row->tdp_watts}, boards));
  // More months make it cheaper: the low end is written off longest.
  out.monthly = plus({all.low / prices.months.high, all.high / prices.months.low}, times(times(all, prices.support), 1.0 / 12));
  out.monthly = plus(out.monthly, power_a_month(prices, watts));
  return out;
}

// ---- offers

double used_share(const ServingNeed& need, const Pool& pool, int pools, int people, const MoneyRange& office_hours) {
  const double wanted = people * need.questions_per_hour * middle(office_hours) * need.load.answer_tokens;
  const double possible = pools * pool.capacity.tokens_per_second * kHoursOfMonth * 3600;
  return possible > 0 ? wanted / possible : 0;
}

CardOffer offer_of(const ServingNeed& need, const Pool& pool, int people, const MoneyRange& office_hours) {
  CardOffer out;
  const int pools = pools_for(pool, people, need);
  out.card = pool.row->name;
  out.cards = pools * pool.gpus;
  out.pooled = pool.gpus;
  out.used_share = used_share(need, pool, pools, people, office_hours);
  return out;
}

template <class Monthly>
void draw_lines(const ServingNeed& need, const Pool& pool, const Monthly& monthly, CardOffer& out) {
  for (int pools = 1; pools * pool.gpus <= kMostCards; ++pools) {
    const int people = people_of(pool, pools, need);
    if (!out.low.steps.empty() && people <= out.low.steps.back().people) continue;  // too few requests for one person more
    const MoneyRange cost = monthly(pools);
    out.low.steps.push_back({people, cost.low});
    out.high.steps.push_back({people, cost.high});
  }
}

class Comparison {
 public:
  Comparison(const RuleSet& rules, const Workload& workload) : rules_(rules), need_(*workload.serving), market_(rules.catalogue), planner_(rules.catalogue, need_) {}

  MoneyChoice run(std::size_t workload, const WorkloadServing& serving) {
    MoneyChoice out;
    out.workload = workload;
    out.people = need_.people;
    if (serving.serves_wanted) out.keep = serving.best;
    const std::size_t choice = choose_model(out);
    const ServedModel& model = planner_.model_of(choice);
    out.model = model.id;
    out.model_title = model.title;
    out.precision = need_.models[choice].precision;
    market_.forget();
    office_hours_ = market_.find(PriceKind::assumption, "office-hours").value_or(MoneyRange{});
    out.buy = cheapest_purchase(choice, out.no_buy, true);
    out.rent = cheapest_rent(choice, out.no_rent);
    out.tokens = tokens(model, out.no_tokens);
    keep_cost(out);
    compare(out);
    advise(out);
    out.assumptions = assumptions();
    return out;
  }

 private:
  // The model that is kept; else the best one that a purchase of up to C2 serves, else the one that costs least.
  std::size_t choose_model(const MoneyChoice& out) {
    for (std::size_t i = 0; out.keep && i < need_.models.size(); ++i)
      if (planner_.model_of(i).id == out.keep->model && need_.models[i].precision == out.keep->precision) return i;
    std::size_t cheapest = need_.models.size() - 1;
    double least = 0;
    for (std::size_t i = 0; i < need_.models.size(); ++i) {
      std::string missing;
      const auto offer = cheapest_purchase(i, missing, false);
      if (!offer) continue;
      if (offer->purchase.high <= kMostWithoutCase) return i;
      if (least > 0 && middle(offer->monthly) >= least) continue;
      least = middle(offer->monthly);
      cheapest = i;
    }
    return cheapest;
  }

  // Pools of every size of a card that answer anything with this model.
  std::vector<Pool> pools_of(const AcceleratorModel& row, std::size_t choice) {
    std::vector<Pool> out;
    const auto figures = serving_card(rules_.catalogue, row.name);
    if (!figures || !row.memory_gb || row.status != "current" || row.consumer) return out;
    const CardGroup group{row.name, false, *figures, {}, {}};
    const auto memory = static_cast<int>(std::lround(*row.memory_gb * 10));
    for (int gpus = 1; gpus <= kMostPooled; gpus *= 2) {
      const ServingCapacity& capacity = planner_.capacity(group, memory, gpus, choice);
      if (capacity.requests == 0) continue;
      const Pool pool{&row, gpus, capacity};
      if (pools_for(pool, need_.people, need_) * gpus <= kMostCards) out.push_back(pool);
    }
    return out;
  }

  std::optional<CardOffer> cheapest_purchase(std::size_t choice, std::string& missing, bool lines) {
    const auto prices = owning_prices(market_, missing);
    if (!prices) return std::nullopt;
    std::optional<CardOffer> out;
    std::optional<Pool> chosen;
    for (const AcceleratorModel& row : rules_.catalogue.accelerators) {
      const auto card = market_.peek(PriceKind::card, row.name);
      if (!card || !row.tdp_watts) continue;
      for (const Pool& pool : pools_of(row, choice)) {
        CardOffer one = offer_of(need_, pool, need_.people, office_hours_);
        const Purchase purchase = purchase_of(*prices, *card, pool, pools_for(pool, need_.people, need_));
        one.cards_alone = purchase.cards;
        one.purchase = plus(purchase.cards, purchase.servers);
        one.monthly = purchase.monthly;
        one.servers = purchase.server_count;
        if (out && middle(one.monthly) >= middle(out->monthly)) continue;
        out = std::move(one);
        chosen = pool;
      }
    }
    if (!out) missing = fmt::format("no card with a price and a known power serves {} people with this model on up to {} cards", need_.people, kMostCards);
    if (!out || !lines) return out;
    const MoneyRange card = *market_.find(PriceKind::card, out->card);
    for (const int size : servers_for(boards_of(*chosen, pools_for(*chosen, need_.people, need_)))) market_.find(PriceKind::host, std::to_string(size));
    draw_lines(need_, *chosen, [&](int pools) { return purchase_of(*prices, card, *chosen, pools).monthly; }, *out);
    return out;
  }

  std::optional<CardOffer> cheapest_rent(std::size_t choice, std::string& missing) {
    const auto hours = market_.find(PriceKind::assumption, "rented-hours");
    if (!hours) {
      missing = "no price: assumption rented-hours";
      return std::nullopt;
    }
    std::optional<CardOffer> out;
    std::optional<Pool> chosen;
    for (const AcceleratorModel& row : rules_.catalogue.accelerators) {
      const auto rent = market_.peek(PriceKind::rent, row.name);
      if (!rent) continue;
      for (const Pool& pool : pools_of(row, choice)) {
        CardOffer one = offer_of(need_, pool, need_.people, office_hours_);
        one.hourly = times(*rent, one.cards);
        one.monthly = times(one.hourly, *hours);
        if (out && middle(one.monthly) >= middle(out->monthly)) continue;
        out = std::move(one);
        chosen = pool;
      }
    }
    if (!out) {
      missing = fmt::format("no card with a price by the hour serves {} people with this model on up to {} cards", need_.people, kMostCards);
      return out;
    }
    const MoneyRange hourly = *market_.find(PriceKind::rent, out->card);
    draw_lines(need_, *chosen, [&](int pools) { return times(times(hourly, pools * chosen->gpus), *hours); }, *out);
    return out;
  }

  std::optional<TokenOffer> tokens(const ServedModel& model, std::string& missing) {
    const auto in = market_.find(PriceKind::tokens_in, model.id), answer = market_.find(PriceKind::tokens_out, model.id);
    if (!in || !answer || office_hours_.high <= 0) {
      missing = fmt::format("no price: tokens of {}", model.title);
      return std::nullopt;
    }
    const double prompt = need_.load.prompt_tokens / kMillion, out_tokens = need_.load.answer_tokens / kMillion;
    const MoneyRange question = plus(times(*in, prompt), times(*answer, out_tokens));
    const MoneyRange person = times(times(office_hours_, need_.questions_per_hour), question);
    TokenOffer out;
    out.low.usd_per_person = person.low;
    out.high.usd_per_person = person.high;
    out.monthly = times(person, need_.people);
    return out;
  }

  void keep_cost(MoneyChoice& out) {
    if (!out.keep) return;
    std::string missing;
    const auto prices = owning_prices(market_, missing);
    const AcceleratorModel* row = row_of(rules_.catalogue, out.keep->card);
    if (!prices || !row || !row->tdp_watts) return;
    const double watts = *row->tdp_watts / row->gpus_per_board * out.keep->cards * out.keep->replicas;
    out.keep_monthly = power_a_month(*prices, {watts, watts});
  }

  void compare(MoneyChoice& out) {
    if (!out.buy) return;
    out.least_class = class_of(out.buy->purchase.low);
    out.most_class = class_of(out.buy->purchase.high);
    if (out.tokens) {
      out.break_even_low = break_even(out.buy->low, out.tokens->high);
      out.break_even_high = break_even(out.buy->high, out.tokens->low);
    }
    const auto hourly = market_.find(PriceKind::rent, out.buy->card);
    if (!hourly || hourly->low <= 0) return;
    const int cards = out.buy->cards;
    out.break_even_hours = MoneyRange{out.buy->monthly.low / (hourly->high * cards), out.buy->monthly.high / (hourly->low * cards)};
  }

  // Owning wins at sustained high use only; below it renting comes first.
  void advise(MoneyChoice& out) {
    const auto sustained = market_.find(PriceKind::assumption, "sustained");
    const bool can_rent = out.rent || out.tokens;
    if (out.keep) out.advice = Advice::keep;
    else if (out.buy && sustained && out.buy->used_share >= sustained->low) out.advice = Advice::buy;
    else if (can_rent) out.advice = Advice::rent;
    out.text = advice_text(out, sustained);
  }

  std::string advice_text(const MoneyChoice& out, const std::optional<MoneyRange>& sustained) const;
  std::vector<std::string> assumptions() const;

  const RuleSet& rules_;
  const ServingNeed& need_;
  Market market_;
  ServingPlanner planner_;
  MoneyRange office_hours_;
};

// ---- texts

// Two figures that count: prices of tables are no quotes.
double rounded(double usd) {
  if (usd < 10) return std::round(usd * 10) / 10;
  const double unit = std::pow(10, std::floor(std::log10(usd)) - 1);
  return std::round(usd / unit) * unit;
}

std::string amount(double usd) {
  const double shown = rounded(usd);
  if (shown < 10) return fmt::format("{:g}", shown);
  std::string text = fmt::format("{:.0f}", shown);
  for (int at = static_cast<int>(text.size()) - 3; at > 0; at -= 3) text.insert(static_cast<std::size_t>(at), ",");
  return text;
}
std::string range_text(const MoneyRange& range) {
  const std::string low = amount(range.low), high = amount(range.high);
  return low == high ? "$" + low : fmt::format("${} to ${}", low, high);
}
std::string grouped(int number) {
  std::string text = std::to_string(number);
  for (int at = static_cast<int>(text.size()) - 3; at > 0; at -= 3) text.insert(static_cast<std::size_t>(at), ",");
  return text;
}
std::string class_text(const MoneyChoice& out) {
  const std::string least(to_text(out.least_class)), most(to_text(out.most_class));
  return least == most ? least : least + " to " + most;
}
std::string count_text(int count, std::string_view one, std::string_view many) { return fmt::format("{} {}", count, count == 1 ? one : many); }

std::string buy_text(const MoneyChoice& out) {
  if (!out.buy) return "Buying: " + out.no_buy + ".";
  return fmt::format("Buying is {}: {} × {} and {}, {}; {} a month.", class_text(out), out.buy->cards, out.buy->card,
                     count_text(out.buy->servers, "server", "servers"), range_text(out.buy->purchase), range_text(out.buy->monthly));
}
std::string rent_text(const MoneyChoice& out) {
  std::string text = out.tokens ? "Tokens of a provider: " + range_text(out.tokens->monthly) + " a month." : "Tokens: " + out.no_tokens + ".";
  if (out.rent) return text + fmt::format(" {} × {} by the hour: {} a month.", out.rent->cards, out.rent->card, range_text(out.rent->monthly));
  return text + " By the hour: " + out.no_rent + ".";
}
// A month has 730 hours: beyond it renting the same cards is always cheaper.
std::string hours_text(const MoneyChoice& out) {
  if (!out.break_even_hours) return "";
  const MoneyRange& hours = *out.break_even_hours;
  if (hours.low > kHoursOfMonth) return " The same cards by the hour are cheaper even when they never stop.";
  const std::string worst = hours.high > kHoursOfMonth ? "at worst never" : fmt::format("from {} at worst", amount(hours.high));
  return fmt::format(" Against the same cards by the hour buying pays from {} hours a month at best and {}.", amount(hours.low), worst);
}
std::string break_even_text(const MoneyChoice& out) {
  if (!out.buy || !out.tokens) return hours_text(out);
  if (!out.break_even_low) return fmt::format(" Buying is never cheaper than tokens on up to {} cards.", kMostCards) + hours_text(out);
  std::string text = fmt::format(" Buying is no dearer than tokens from {} people on at best", amount(*out.break_even_low));
  return text + (out.break_even_high ? fmt::format(" and from {} at worst.", amount(*out.break_even_high)) : ", at worst never.") + hours_text(out);
}

std::string Comparison::advice_text(const MoneyChoice& out, const std::optional<MoneyRange>& sustained) const {
  std::string text;
  switch (out.advice) {
    case Advice::keep:
      text = fmt::format("Keep (C0): what stands there serves {} to {} people{}, and {} are to be served{}.", grouped(out.keep->people.low), grouped(out.keep->people.high),
                         out.keep->mig ? " once its cards are no longer cut into instances" : "", grouped(out.people),
                         out.keep_monthly ? "; power costs at most " + range_text(*out.keep_monthly) + " a month" : "");
      break;
    case Advice::buy: text = "Buy: use is high all the time."; break;
    case Advice::rent: text = "Rent first."; break;
    case Advice::no_price: text = "No price for renting: compare an offer with the cost of buying."; break;
  }
  if (out.buy && sustained && out.advice != Advice::keep)
    text += fmt::format(" Cards of one's own would be used to {:.0f} % of what they can do; owning wins from about {:.0f} %.", out.buy->used_share * 100, sustained->low * 100);
  return text + " " + rent_text(out) + " " + buy_text(out) + break_even_text(out);
}

std::vector<std::string> Comparison::assumptions() const {
  std::vector<std::string> out = {
      "Every figure is a range from the table of prices, no offer; classes count, dollars tell the size.",
      "The same model is compared throughout; buying counts cards and new servers written off evenly, support, and power at full load all month.",
      "Renting by the hour runs from office hours only to always; tokens are paid for the questions of office hours.",
      "Consumer cards are not proposed. Work to set up and run is not counted on either side."};
  const std::vector<std::string> used = market_.used();
  out.insert(out.end(), used.begin(), used.end());
  return out;
}

// ---- JSON

json range_json(const MoneyRange& range) { return {{"low", rounded(range.low)}, {"high", rounded(range.high)}}; }
json offer_json(const std::optional<CardOffer>& offer, bool bought) {
  if (!offer) return nullptr;
  json out = {{"card", offer->card}, {"cards", offer->cards}, {"pooled", offer->pooled}, {"monthly_usd", range_json(offer->monthly)},
              {"used_share", std::round(offer->used_share * 1000) / 1000}};
  if (!bought) {
    out["hourly_usd"] = range_json(offer->hourly);
    return out;
  }
  out["servers"] = offer->servers;
  out["purchase_usd"] = range_json(offer->purchase);
  out["cards_alone_usd"] = range_json(offer->cards_alone);
  return out;
}
json reason_json(const std::string& text) { return text.empty() ? json() : json(text); }

json choice_json(const RuleSet& rules, const Assessment& assessment, const MoneyChoice& choice) {
  json keep;
  if (choice.keep) {
    keep = {{"host", assessment.hosts[choice.keep->host].id},
            {"card", choice.keep->card},
            {"cards", choice.keep->cards * choice.keep->replicas},
            {"people", {{"low", choice.keep->people.low}, {"high", choice.keep->people.high}}},
            {"monthly_usd", choice.keep_monthly ? range_json(*choice.keep_monthly) : json()}};
  }
  const auto people = [](std::optional<int> count) { return count ? json(*count) : json(); };
  return {{"workload", rules.workloads[choice.workload].id},
          {"people", choice.people},
          {"model", choice.model},
          {"model_title", choice.model_title},
          {"precision", to_text(choice.precision)},
          {"advice", to_text(choice.advice)},
          {"text", choice.text},
          {"keep", keep},
          {"buy", offer_json(choice.buy, true)},
          {"rent", offer_json(choice.rent, false)},
          {"tokens", choice.tokens ? json{{"monthly_usd", range_json(choice.tokens->monthly)}} : json()},
          {"no_buy", reason_json(choice.no_buy)},
          {"no_rent", reason_json(choice.no_rent)},
          {"no_tokens", reason_json(choice.no_tokens)},
          {"class", choice.buy ? json{{"low", to_text(choice.least_class)}, {"high", to_text(choice.most_class)}} : json()},
          {"break_even_people", {{"low", people(choice.break_even_low)}, {"high", people(choice.break_even_high)}}},
          {"break_even_hours", choice.break_even_hours ? range_json(*choice.break_even_hours) : json()},
          {"assumptions", choice.assumptions}};
}

// The step that serves so many, or nothing; its amount without what each person adds.
const CostLine::Step* step_for(const CostLine& line, int people) {
  for (const CostLine::Step& step : line.steps)
    if (people <= step.people) return &step;
  return nullptr;
}

}  // namespace

std::string_view to_text(Advice advice) {
  switch (advice) {
    case Advice::keep: return "keep";
    case Advice::rent: return "rent";
    case Advice::buy: return "buy";
    case Advice::no_price: return "no_price";
  }
  return "";
}

CostClass class_of(double usd) {
  if (usd <= 0) return CostClass::c0;
  if (usd < 5'000) return CostClass::c1;
  if (usd < 25'000) return CostClass::c2;
  return usd < 100'000 ? CostClass::c3 : CostClass::c4;
}

std::optional<double> monthly_cost(const CostLine& line, int people) {
  if (line.steps.empty()) return line.usd_per_person * people;
  const CostLine::Step* step = step_for(line, people);
  return step ? std::optional(step->usd + line.usd_per_person * people) : std::nullopt;
}

std::optional<int> break_even(const CostLine& owned, const CostLine& rented) {
  constexpr int kMostPeople = 100'000'000;
  std::set<int> ends;  // of stretches on which both lines are straight
  for (const CostLine* line : {&owned, &rented})
    for (const CostLine::Step& step : line->steps) ends.insert(step.people);
  if (owned.steps.empty()) ends.insert(kMostPeople);
  int first = 1;
  for (const int last : ends) {
    const auto own = monthly_cost(owned, last), other = monthly_cost(rented, last);
    if (!own) return std::nullopt;
    if (last < first || !other) {
      first = std::max(first, last + 1);
      continue;
    }
    // own − other falls by `slope` a person up to `last`: the first at or below nothing.
    const double slope = rented.usd_per_person - owned.usd_per_person, over = *own - *other;
    if (slope <= 0) {
      if (over - slope * (first - last) <= 0) return first;
    } else if (over <= 0) {
      int people = std::max(first, last + static_cast<int>(std::ceil(std::max(over / slope, static_cast<double>(first - last)))));
      // Rounding may be off by one either way; the lines themselves decide.
      while (people > first && *monthly_cost(owned, people - 1) <= *monthly_cost(rented, people - 1)) --people;
      while (people < last && *monthly_cost(owned, people) > *monthly_cost(rented, people)) ++people;
      return people;
    }
    first = last + 1;
  }
  return std::nullopt;
}

std::vector<MoneyChoice> buy_keep_rent(const RuleSet& rules, const Assessment& assessment) {
  std::vector<MoneyChoice> out;
  for (std::size_t i = 0; i < rules.workloads.size() && i < assessment.serving.size(); ++i) {
    if (!rules.workloads[i].serving || rules.workloads[i].serving->models.empty()) continue;
    out.push_back(Comparison(rules, rules.workloads[i]).run(i, assessment.serving[i]));
  }
  return out;
}

std::string to_json(const RuleSet& rules, const Assessment& assessment, const std::vector<MoneyChoice>& choices) {
  json out = json::array();
  for (const MoneyChoice& choice : choices) out.push_back(choice_json(rules, assessment, choice));
  return canonical_json(out);
}

}  // namespace plumbline
