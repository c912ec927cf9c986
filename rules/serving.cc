// SPDX-License-Identifier: Apache-2.0
// People served by workload over a fleet.
#include "rules/serving.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "rules/assessment.h"
#include "rules/serving_plan.h"

namespace plumbline {
namespace {

using nlohmann::json;

// Of a processor that is to answer: what else runs there, and what a memory moves at least and at most (two channels of
// DDR4, eight of DDR5).
constexpr double kSystemGb = 4;
constexpr int kLeastCores = 8;
constexpr double kLeastBandwidth = 40, kMostBandwidth = 300;  // GB/s

PeopleRange sum(const PeopleRange& a, const PeopleRange& b) { return {a.low + b.low, a.high + b.high}; }

ServingOption option_of(const ServingPlanner& planner, std::size_t host, const CardGroup& group, const ServingPlan& plan) {
  const ServedModel& model = planner.model_of(plan.choice);
  return {host,        group.name,       plan.cards, plan.replicas, model.id, model.title, planner.need().models[plan.choice].precision,
          plan.capacity, plan.requests, plan.people, group.mig};
}

// Finds the options of one workload, group by group.
class Search {
 public:
  Search(const RuleSet& rules, const ServingNeed& need) : planner_(rules.catalogue, need) {}

  void add(std::size_t host, const std::vector<CardGroup>& groups, WorkloadServing& out) {
    PeopleRange people, free;
    for (const CardGroup& group : groups) {
      people = sum(people, take(host, group, group.memory, whole_));
      if (group.free.empty()) free_read_ = false;
      else free = sum(free, take(host, group, group.free, free_));
      any_ = true;
    }
    out.fleet = sum(out.fleet, people);
    out.fleet_free = sum(out.fleet_free, free);
    if (people.high > 0) ++out.hosts;
  }

  void finish(WorkloadServing& out) {
    out.serves_wanted = whole_.best.has_value();
    out.most = whole_.most;
    out.best = whole_.best ? whole_.best : whole_.most;
    out.best_free = free_.best ? free_.best : free_.most;
    out.free_read = any_ && free_read_;
  }

 private:
  struct Found {
    std::optional<ServingOption> best, most;
    std::size_t choice = 0;  // of best
  };

  PeopleRange take(std::size_t host, const CardGroup& group, const std::vector<int>& memory, Found& found) {
    const auto most = planner_.most(group, memory);
    if (!most) return {};
    if (!found.most || most->people.high > found.most->people.high) found.most = option_of(planner_, host, group, *most);
    if (const auto best = planner_.best(group, memory, planner_.need().people)) {
      const bool better = !found.best || best->choice < found.choice ||
                          (best->choice == found.choice && best->people.high > found.best->people.high);
      if (better) {
        found.best = option_of(planner_, host, group, *best);
        found.choice = best->choice;
      }
    }
    return most->people;
  }

  ServingPlanner planner_;
  Found whole_, free_;
  bool any_ = false, free_read_ = true;
};

// ---- processors

// The smallest model of the workload that is no mixture: what a processor reads for a token is all of it.
std::optional<ServingChoice> smallest_model(const Catalogue& catalogue, const ServingNeed& need) {
  std::optional<ServingChoice> out;
  double least = 0;
  for (const ServingChoice& choice : need.models) {
    const ServedModel& model = catalogue.models[choice.model];
    if (model.experts > 0 || !model.four_bit_gb || (out && *model.four_bit_gb >= least)) continue;
    out = {choice.model, Precision::four_bit};
    least = *model.four_bit_gb;
  }
  return out;
}

std::optional<ProcessorOption> processor_option(const Catalogue& catalogue, const ServingNeed& need, const std::vector<AssessedHost>& hosts) {
  const auto choice = smallest_model(catalogue, need);
  if (!choice) return std::nullopt;
  const ServedModel& model = catalogue.models[choice->model];
  const double weights = processor_weights_gb(model, choice->precision);
  std::optional<ProcessorOption> out;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const HostCompute& compute = hosts[i].judgement.compute;
    if (!compute.cores || !compute.memory_tenths || !compute.wide_vectors.value_or(false)) continue;
    const double memory = *compute.memory_tenths / 10.0;
    if (*compute.cores < kLeastCores || memory < weights + context_gb(model, need.load) + kSystemGb) continue;
    if (out && std::make_pair(*compute.cores, memory) <= std::make_pair(out->cores, out->memory_gb)) continue;
    out = {i, model.id, model.title, *compute.cores, memory, processor_tokens_per_second(kLeastBandwidth, weights),
           processor_tokens_per_second(kMostBandwidth, weights)};
  }
  return out;
}

// ---- assumptions

std::string grouped(int number) {
  std::string text = std::to_string(number);
  for (int at = static_cast<int>(text.size()) - 3; at > 0; at -= 3) text.insert(static_cast<std::size_t>(at), ",");
  return text;
}

std::string models_text(const Catalogue& catalogue, const ServingNeed& need) {
  std::vector<std::string> names;
  for (const ServingChoice& choice : need.models)
    names.push_back(catalogue.models[choice.model].title + " in " + std::string(to_text(choice.precision)));
  return join(names, "; ");
}

std::vector<std::string> assumptions_of(const RuleSet& rules, const ServingNeed& need, const WorkloadServing& found, bool has_mig) {
  std::vector<std::string> out;
  const ServingLoad& load = need.load;
  out.push_back(fmt::format("People: {} are to be served, as {}.", grouped(need.people),
                            need.people_of_site ? "the site says" : "the workload assumes where the site does not say"));
  out.push_back(fmt::format("A person needs {:g} requests at once, peaks counted: the high figure. The low one is for people who ask twice as much.",
                            need.slots_per_person));
  out.push_back(fmt::format("A request is {} tokens in and {} out; each person gets at least {:g} tokens a second and waits at most {:g} s for the "
                            "first word, when nobody is before.",
                            grouped(load.prompt_tokens), grouped(load.answer_tokens), load.least_tokens_per_second, load.longest_wait_seconds));
  out.push_back("Models, best first: " + models_text(rules.catalogue, need) + ".");
  out.push_back(fmt::format("Planned is {:g} of what the formulas give: where they miss a published measurement, they promise too much.", kPlanningFactor));
  out.push_back("A model may take 90 % of a card's memory less 1.5 GB a card; context is kept with 16 bits a number.");
  out.push_back("A model is split over 2, 4 or 8 like cards of one host, never over unlike cards or hosts; cards that are left over serve nobody.");
  out.push_back("Whole memory means that nothing else runs on the cards; free memory is of one moment.");
  if (has_mig) out.push_back("Cards that are cut into instances are counted one by one and whole: a model gets one instance only until that is turned off.");
  if (found.hosts_unread > 0)
    out.push_back(found.hosts_unread == 1 ? std::string("1 host did not say which accelerators it has; it is not in the figures.")
                                          : fmt::format("{} hosts did not say which accelerators they have; they are not in the figures.", grouped(found.hosts_unread)));
  if (found.processor)
    out.push_back(fmt::format("A processor alone answers one person at a time: the memory's bandwidth is not a fact, so {:g} to {:g} GB/s are assumed, and "
                              "no wait for the first word is promised. It is in no sum.", kLeastBandwidth, kMostBandwidth));
  out.push_back("Figures of cards and models: catalogue of " + rules.catalogue.date + ".");
  out.insert(out.end(), need.basis.begin(), need.basis.end());
  return out;
}

// ---- JSON

json people_json(const PeopleRange& people) { return {{"low", people.low}, {"high", people.high}}; }

std::string_view limit_text(ServingLimit limit) {
  switch (limit) {
    case ServingLimit::none: return "none";
    case ServingLimit::memory: return "memory";
    case ServingLimit::speed: return "speed";
    case ServingLimit::wait: return "wait";
  }
  return "";
}

json option_json(const Assessment& assessment, const std::optional<ServingOption>& option) {
  if (!option) return nullptr;
  return {{"host", assessment.hosts[option->host].id},
          {"card", option->card},
          {"cards", option->cards},
          {"replicas", option->replicas},
          {"model", option->model},
          {"model_title", option->model_title},
          {"precision", to_text(option->precision)},
          {"requests", option->requests},
          {"tokens_per_second", std::round(option->capacity.tokens_per_second)},
          {"wait_seconds", std::round(option->capacity.wait_seconds * 1000) / 1000},
          {"limit", limit_text(option->capacity.limit)},
          {"people", people_json(option->people)},
          {"mig", option->mig}};
}

json processor_json(const Assessment& assessment, const std::optional<ProcessorOption>& option) {
  if (!option) return nullptr;
  return {{"host", assessment.hosts[option->host].id},
          {"model", option->model},
          {"model_title", option->model_title},
          {"cores", option->cores},
          {"memory_gb", option->memory_gb},
          {"tokens_per_second", {{"low", std::round(option->least_tokens_per_second * 10) / 10}, {"high", std::round(option->most_tokens_per_second * 10) / 10}}}};
}

}  // namespace

std::vector<WorkloadServing> serve_workloads(const RuleSet& rules, const std::vector<AssessedHost>& hosts) {
  std::vector<std::vector<CardGroup>> groups(hosts.size());
  int unread = 0;
  bool has_mig = false;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    groups[i] = groups_of(rules.catalogue, hosts[i].judgement.compute);
    unread += hosts[i].judgement.compute.cards_read ? 0 : 1;
    for (const CardGroup& group : groups[i]) has_mig = has_mig || group.mig;
  }
  std::vector<WorkloadServing> out;
  for (const Workload& workload : rules.workloads) {
    WorkloadServing& one = out.emplace_back();
    if (!workload.serving) continue;
    one.asked = true;
    one.people_wanted = workload.serving->people;
    one.people_of_site = workload.serving->people_of_site;
    one.hosts_unread = unread;
    Search search(rules, *workload.serving);
    for (std::size_t i = 0; i < hosts.size(); ++i) search.add(i, groups[i], one);
    search.finish(one);
    one.processor = processor_option(rules.catalogue, *workload.serving, hosts);
    one.assumptions = assumptions_of(rules, *workload.serving, one, has_mig);
  }
  return out;
}

std::vector<UncountedCard> uncounted_cards(const RuleSet& rules, const std::vector<AssessedHost>& hosts) {
  std::vector<UncountedCard> out;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    for (const HostCard& card : hosts[i].judgement.compute.cards) {
      std::string reason = why_not_counted(rules.catalogue, card);
      if (reason.empty()) continue;
      const auto same = std::find_if(out.begin(), out.end(), [&](const UncountedCard& one) { return one.host == i && one.card == card.name && one.reason == reason; });
      if (same != out.end()) same->count += card.count;
      else out.push_back({i, card.name, card.count, std::move(reason)});
    }
  }
  return out;
}

json serving_json(const RuleSet& rules, const Assessment& assessment) {
  json out = json::array();
  for (std::size_t i = 0; i < assessment.serving.size(); ++i) {
    const WorkloadServing& one = assessment.serving[i];
    if (!one.asked) continue;
    out.push_back({{"workload", rules.workloads[i].id},
                   {"people_wanted", one.people_wanted},
                   {"people_of_site", one.people_of_site},
                   {"serves_wanted", one.serves_wanted},
                   {"best", option_json(assessment, one.best)},
                   {"most", option_json(assessment, one.most)},
                   {"best_free", option_json(assessment, one.best_free)},
                   {"fleet", people_json(one.fleet)},
                   {"fleet_free", one.free_read ? people_json(one.fleet_free) : json()},
                   {"hosts", one.hosts},
                   {"hosts_unread", one.hosts_unread},
                   {"processor", processor_json(assessment, one.processor)},
                   {"assumptions", one.assumptions}});
  }
  return out;
}

json stranded_json(const Assessment& assessment) {
  json out = json::array();
  for (const StrandedCard& card : assessment.stranded) {
    out.push_back({{"host", assessment.hosts[card.host].id},
                   {"card", card.card},
                   {"count", card.count},
                   {"reason", card.reason},
                   {"text", card.text},
                   {"memory_gb", card.memory_gb},
                   {"adds", people_json(card.adds)},
                   {"workload", card.workload.empty() ? json() : json(card.workload)}});
  }
  return out;
}

}  // namespace plumbline
