// SPDX-License-Identifier: Apache-2.0
// Groups of like cards, and the plans for them.
#include "rules/serving_plan.h"

#include <algorithm>
#include <functional>

namespace plumbline {
namespace {

constexpr std::string_view kOr = " or ";

// The rows that a card's name stands for: "A or B" is A and B.
std::vector<const AcceleratorModel*> rows_of(const Catalogue& catalogue, std::string_view name) {
  std::vector<const AcceleratorModel*> out;
  while (!name.empty()) {
    const std::size_t end = std::min(name.find(kOr), name.size());
    for (const AcceleratorModel& model : catalogue.accelerators)
      if (model.name == name.substr(0, end)) out.push_back(&model);
    name.remove_prefix(end == name.size() ? end : end + kOr.size());
  }
  return out;
}

std::optional<double> agreed(const std::vector<const AcceleratorModel*>& rows, std::optional<double> AcceleratorModel::*figure) {
  std::optional<double> value;
  for (const AcceleratorModel* row : rows) {
    const std::optional<double>& one = row->*figure;
    if (!one || (value && *value != *one)) return std::nullopt;
    value = one;
  }
  return value;
}

bool has_free(const HostCard& card) { return card.free_tenths.has_value(); }

}  // namespace

std::optional<ServingCard> serving_card(const Catalogue& catalogue, const std::string& name) {
  const auto rows = rows_of(catalogue, name);
  const auto bandwidth = agreed(rows, &AcceleratorModel::bandwidth_gbs), half = agreed(rows, &AcceleratorModel::half_tflops);
  const auto efficiency = agreed(rows, &AcceleratorModel::prefill_efficiency);
  if (!bandwidth || !half || !efficiency || *bandwidth <= 0 || *half <= 0) return std::nullopt;
  ServingCard card;
  card.bandwidth_gbs = *bandwidth;
  card.half_tflops = *half;
  card.eight_bit_tflops = agreed(rows, &AcceleratorModel::fp8_tflops).value_or(0);
  card.efficiency = *efficiency;
  return card;
}

std::string why_not_counted(const Catalogue& catalogue, const HostCard& card) {
  switch (card.age) {
    case CardAge::legacy:
    case CardAge::sunset:
    case CardAge::dead: return "too old for current model servers";
    case CardAge::unlisted: return "not listed in the catalogue";
    case CardAge::unknown: return "its model is not certain";
    case CardAge::current: break;
  }
  switch (card.use) {
    case CardUse::no_driver: return "no driver";
    case CardUse::nouveau: return "nouveau cannot compute";
    case CardUse::silent: return "does not answer its driver";
    case CardUse::passed_on: return "given to a virtual machine";
    case CardUse::unknown: return "whether it works could not be told";
    case CardUse::ready: break;
  }
  if (!serving_card(catalogue, card.name)) return "bandwidth or compute has no confirmed figure";
  return card.memory_tenths > 0 ? "" : "memory not known";
}

bool counts(const Catalogue& catalogue, const HostCard& card) { return why_not_counted(catalogue, card).empty(); }

void add_to_groups(const Catalogue& catalogue, const HostCard& card, std::vector<CardGroup>& groups) {
  auto group = std::find_if(groups.begin(), groups.end(), [&](const CardGroup& one) { return one.name == card.name && one.mig == card.mig; });
  const bool fresh = group == groups.end();
  if (fresh) group = groups.insert(group, {card.name, card.mig, *serving_card(catalogue, card.name), {}, {}});
  const auto count = static_cast<std::size_t>(card.count);
  const bool told = has_free(card) && (fresh || group->free.size() == group->memory.size());
  group->memory.insert(group->memory.end(), count, card.memory_tenths);
  if (told) group->free.insert(group->free.end(), count, std::min(*card.free_tenths, card.memory_tenths));
  else group->free.clear();
  std::sort(group->memory.begin(), group->memory.end(), std::greater<>());
  std::sort(group->free.begin(), group->free.end(), std::greater<>());
}

std::vector<CardGroup> groups_of(const Catalogue& catalogue, const HostCompute& compute) {
  std::vector<CardGroup> out;
  for (const HostCard& card : compute.cards)
    if (counts(catalogue, card)) add_to_groups(catalogue, card, out);
  return out;
}

const ServingCapacity& ServingPlanner::capacity(const CardGroup& group, int memory, int cards, std::size_t choice) {
  const auto [at, fresh] = known_.try_emplace({group.name, memory, cards, choice});
  if (fresh) {
    ServingCard card = group.figures;
    card.memory_gb = memory / 10.0;
    at->second = serving_capacity(card, cards, model_of(choice), need_.models[choice].precision, need_.load);
  }
  return at->second;
}

ServingPlan ServingPlanner::plan(const CardGroup& group, const std::vector<int>& memory, int cards, std::size_t choice) {
  ServingPlan out;
  out.choice = choice;
  out.cards = cards;
  out.replicas = 0;
  const auto pool = static_cast<std::size_t>(cards);
  for (std::size_t at = 0; at + pool <= memory.size(); at += pool) {
    const ServingCapacity& one = capacity(group, memory[at + pool - 1], cards, choice);  // the least memory of the pool
    if (at == 0) out.capacity = one;
    if (one.requests == 0) break;  // later pools have less memory
    out.requests += one.requests;
    ++out.replicas;
  }
  out.people = people_served(out.requests, need_.slots_per_person);
  return out;
}

std::optional<ServingPlan> ServingPlanner::with(const CardGroup& group, const std::vector<int>& memory, std::size_t choice) {
  std::optional<ServingPlan> out;
  for (int cards = 1; cards <= kMostPooled && static_cast<std::size_t>(cards) <= memory.size(); cards *= 2) {
    ServingPlan one = plan(group, memory, cards, choice);
    if (one.requests > (out ? out->requests : 0)) out = std::move(one);
    if (group.mig) break;
  }
  return out;
}

const ServingPlanner::Plans& ServingPlanner::plans(const CardGroup& group, const std::vector<int>& memory) {
  const auto [at, fresh] = known_plans_.try_emplace({group.name, group.mig, memory});
  for (std::size_t choice = 0; fresh && choice < need_.models.size(); ++choice) at->second.push_back(with(group, memory, choice));
  return at->second;
}

std::optional<ServingPlan> ServingPlanner::most(const CardGroup& group, const std::vector<int>& memory) {
  std::optional<ServingPlan> out;
  for (const std::optional<ServingPlan>& one : plans(group, memory))
    if (one && one->requests > (out ? out->requests : 0)) out = one;
  return out;
}

std::optional<ServingPlan> ServingPlanner::best(const CardGroup& group, const std::vector<int>& memory, int people) {
  for (const std::optional<ServingPlan>& one : plans(group, memory))
    if (one && one->people.high >= people) return one;
  return std::nullopt;
}

}  // namespace plumbline
