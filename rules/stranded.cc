// SPDX-License-Identifier: Apache-2.0
// Accelerators that could do more than they do, and what each would add.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "base/text.h"
#include "rules/assessment.h"
#include "rules/serving.h"
#include "rules/serving_plan.h"

namespace plumbline {
namespace {

// Of an idle card the driver keeps a little for itself.
constexpr int kKeptTenths = 7;
constexpr double kKeptShare = 0.02;

bool is_old(const HostCard& card) {
  return card.age == CardAge::legacy || card.age == CardAge::sunset || card.age == CardAge::dead;
}

bool does_not_work(const HostCard& card) {
  return card.use == CardUse::no_driver || card.use == CardUse::nouveau || card.use == CardUse::silent;
}

bool is_unused(const HostCard& card) {
  if (card.use != CardUse::ready || !card.free_tenths || !card.busy_percent || card.memory_tenths == 0) return false;
  const int used = card.memory_tenths - *card.free_tenths;
  return *card.busy_percent == 0 && used <= std::max(kKeptTenths, static_cast<int>(card.memory_tenths * kKeptShare));
}

// A card without what differs from one like card to the next.
HostCard kind_of(HostCard card) {
  card.free_tenths = card.busy_percent = std::nullopt;
  return card;
}
HostCard kind_without_place(HostCard card) {
  card.link_width = card.link_width_max = card.numa_node = std::nullopt;
  return kind_of(card);
}

void add_kind(HostCard card, std::vector<HostCard>& kinds) {
  const auto same = std::find_if(kinds.begin(), kinds.end(), [&](HostCard one) {
    one.count = card.count;
    return one == card;
  });
  if (same != kinds.end()) same->count += card.count;
  else kinds.push_back(std::move(card));
}

// "2 × NVIDIA L40S"
std::string title_of(const HostCard& card) {
  return card.count == 1 ? card.name : fmt::format("{} × {}", card.count, card.name);
}

std::string_view verb(const HostCard& card, std::string_view one, std::string_view many) { return card.count == 1 ? one : many; }

std::string memory_text(const HostCard& card) { return card.memory_tenths > 0 ? fmt::format(" with {:g} GB", card.memory_gb()) : ""; }

// What a card would add to each workload, and to which most.
class Gain {
 public:
  explicit Gain(const RuleSet& rules) : rules_(rules) {
    for (std::size_t i = 0; i < rules.workloads.size(); ++i)
      if (rules.workloads[i].serving) planners_.emplace_back(i, ServingPlanner(rules.catalogue, *rules.workloads[i].serving));
  }

  /// As if these cards, which do not count yet, worked.
  void add_working(const HostCompute& compute, const HostCard& card, StrandedCard& out) {
    if (card.age != CardAge::current || !serving_card(rules_.catalogue, card.name) || card.memory_tenths == 0) return;
    std::vector<CardGroup> before = groups_of(rules_.catalogue, compute), after = before;
    add_to_groups(rules_.catalogue, card, after);
    take_best(before, after, card, out);
  }
  /// What unused cards of a kind, which count already, serve: the host with them less the host without.
  void add_counted(const HostCompute& compute, const HostCard& card, StrandedCard& out) {
    if (!counts(rules_.catalogue, card)) return;
    HostCompute without = compute;
    std::erase_if(without.cards, [&](const HostCard& one) {
      HostCard kind = kind_without_place(one);
      kind.count = card.count;
      return is_unused(one) && kind == card;
    });
    take_best(groups_of(rules_.catalogue, without), groups_of(rules_.catalogue, compute), card, out);
  }

 private:
  PeopleRange people(ServingPlanner& planner, const std::vector<CardGroup>& groups, const HostCard& card) {
    PeopleRange out;
    for (const CardGroup& group : groups) {
      if (group.name != card.name || group.mig != card.mig) continue;
      if (const auto most = planner.most(group, group.memory)) out = most->people;
    }
    return out;
  }
  void take_best(const std::vector<CardGroup>& before, const std::vector<CardGroup>& after, const HostCard& card, StrandedCard& out) {
    out.memory_gb = card.memory_gb() * card.count;
    for (auto& [workload, planner] : planners_) {
      const PeopleRange was = people(planner, before, card), is = people(planner, after, card);
      if (is.high - was.high <= out.adds.high) continue;
      out.adds = {is.low - was.low, is.high - was.high};
      out.workload = rules_.workloads[workload].id;
    }
  }

  const RuleSet& rules_;
  std::vector<std::pair<std::size_t, ServingPlanner>> planners_;
};

std::string old_text(const HostCard& card) {
  switch (card.age) {
    case CardAge::legacy: return fmt::format("{} security fixes only; current model servers and CUDA 13 do not run there", verb(card, "gets", "get"));
    case CardAge::sunset: return fmt::format("{} been dropped by current software of the vendor", verb(card, "has", "have"));
    default: return fmt::format("{} no driver fixes any more", verb(card, "gets", "get"));
  }
}

StrandedCard make(std::size_t host, const HostCard& card, std::string reason, std::string text) {
  return {host, card.name, card.count, std::move(reason), std::move(text), 0, {}, ""};
}

// Cards that cannot work as they are.
void find_broken(std::size_t host, const HostCompute& compute, Gain& gain, std::vector<StrandedCard>& out) {
  std::vector<HostCard> kinds;
  for (const HostCard& card : compute.cards) add_kind(kind_without_place(card), kinds);
  for (const HostCard& card : kinds) {
    if (is_old(card)) {
      out.push_back(make(host, card, "too old", fmt::format("{} {}.", title_of(card), old_text(card))));
      continue;
    }
    if (!does_not_work(card) || card.age == CardAge::unlisted) continue;
    const bool none = card.use == CardUse::no_driver, nouveau = card.use == CardUse::nouveau;
    const std::string why = none      ? fmt::format("{} no driver bound", verb(card, "has", "have"))
                            : nouveau ? fmt::format("{} bound to nouveau, which cannot compute", verb(card, "is", "are"))
                                      : fmt::format("{} a driver and {} not answer it", verb(card, "has", "have"), verb(card, "does", "do"));
    StrandedCard one = make(host, card, none ? "no driver" : nouveau ? "nouveau" : "no answer",
                            fmt::format("{}{} {}.", title_of(card), memory_text(card), why));
    gain.add_working(compute, card, one);
    out.push_back(std::move(one));
  }
}

// Idle cards slow their link down but keep its width, so width alone tells of a slot that is too small.
void find_narrow(std::size_t host, const HostCompute& compute, std::vector<StrandedCard>& out) {
  std::vector<HostCard> kinds;
  for (HostCard card : compute.cards) {
    card.numa_node = std::nullopt;
    add_kind(kind_of(std::move(card)), kinds);
  }
  for (const HostCard& card : kinds) {
    if (card.use != CardUse::ready || is_old(card) || !card.link_width || !card.link_width_max || *card.link_width >= *card.link_width_max) continue;
    out.push_back(make(host, card, "narrow link",
                       fmt::format("{} {} {} of {} possible lanes: models load slower, and sharing one between cards costs more.", title_of(card),
                                   verb(card, "uses", "use"), *card.link_width, *card.link_width_max)));
  }
}

// The side that holds most of the cards of a name, where that is clear.
std::optional<int> main_side(const HostCompute& compute, const std::string& name) {
  std::map<int, int> sides;
  for (const HostCard& card : compute.cards)
    if (card.name == name && card.use == CardUse::ready && card.numa_node && *card.numa_node >= 0) sides[*card.numa_node] += card.count;
  std::optional<int> best;
  bool clear = false;
  for (const auto& [side, count] : sides) {
    if (best && count == sides[*best]) clear = false;
    if (best && count <= sides[*best]) continue;
    best = side;
    clear = true;
  }
  return clear && sides.size() > 1 ? best : std::nullopt;
}

void find_far(std::size_t host, const HostCompute& compute, std::vector<StrandedCard>& out) {
  if (compute.sockets.value_or(1) < 2) return;
  std::vector<HostCard> kinds;
  for (HostCard card : compute.cards) {
    card.link_width = card.link_width_max = std::nullopt;
    add_kind(kind_of(std::move(card)), kinds);
  }
  for (const HostCard& card : kinds) {
    if (card.use != CardUse::ready || is_old(card) || !card.numa_node) continue;
    const auto side = main_side(compute, card.name);
    if (*card.numa_node < 0) {
      out.push_back(make(host, card, "processor's side unknown",
                         fmt::format("The firmware does not say to which of {} processors {} {}: work may run on the far one.", *compute.sockets, title_of(card), verb(card, "belongs", "belong"))));
    } else if (side && *card.numa_node != *side) {
      out.push_back(make(host, card, "other processor's side",
                         fmt::format("{} {} on side {} while most cards of that kind stand on side {}: sharing a model with them crosses between processors.",
                                     title_of(card), verb(card, "stands", "stand"), *card.numa_node, *side)));
    }
  }
}

void find_unused(std::size_t host, const HostCompute& compute, Gain& gain, std::vector<StrandedCard>& out) {
  std::vector<HostCard> kinds;
  for (const HostCard& card : compute.cards)
    if (!is_old(card) && is_unused(card)) add_kind(kind_without_place(card), kinds);
  for (const HostCard& card : kinds) {
    StrandedCard one = make(host, card, "unused",
                            fmt::format("{}{} {} idle with all memory free at the scan. One scan is one sample: look again before giving anything away.",
                                        title_of(card), memory_text(card), verb(card, "was", "were")));
    gain.add_counted(compute, card, one);
    out.push_back(std::move(one));
  }
}

}  // namespace

std::vector<StrandedCard> stranded_cards(const RuleSet& rules, const std::vector<AssessedHost>& hosts) {
  std::vector<StrandedCard> out;
  Gain gain(rules);
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const HostCompute& compute = hosts[i].judgement.compute;
    if (compute.cards.empty()) continue;
    find_broken(i, compute, gain, out);
    find_narrow(i, compute, out);
    find_far(i, compute, out);
    find_unused(i, compute, gain, out);
  }
  std::stable_sort(out.begin(), out.end(), [](const StrandedCard& a, const StrandedCard& b) {
    return std::tuple(-a.adds.high, -a.memory_gb, a.host, a.card) < std::tuple(-b.adds.high, -b.memory_gb, b.host, b.card);
  });
  return out;
}

}  // namespace plumbline
