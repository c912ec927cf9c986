// SPDX-License-Identifier: Apache-2.0
// People a fleet's accelerators serve with a workload, from the cards that judging found on each host.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "rules/capacity.h"

namespace plumbline {

struct Assessment;
struct AssessedHost;
struct RuleSet;

/// One way to serve a workload on one host, with its planned figures.
struct ServingOption {
  std::size_t host = 0;             // in Assessment::hosts
  std::string card;                 // name
  int cards = 1;                    // alike, of that host, that share one model
  int replicas = 1;                 // such groups on the host that run beside each other
  std::string model;                // id in models.csv
  std::string model_title;
  Precision precision = Precision::half;
  ServingCapacity capacity;         // of one group, that with the most memory
  int requests = 0;                 // at once, of all replicas
  PeopleRange people;               // of all replicas
  bool mig = false;                 // the cards are cut into instances now, and must be whole for this
};

/// A model on a processor alone: one answer at a time, for trials. The memory's bandwidth is no fact, so the speed is a wide
/// range, and no wait can be promised.
struct ProcessorOption {
  std::size_t host = 0;
  std::string model, model_title;
  int cores = 0;
  double memory_gb = 0;
  double least_tokens_per_second = 0, most_tokens_per_second = 0;
};

/// What a workload that asks a language model finds. Ranges are people, not requests: the high figure at the stated slots a
/// person, the low one where they ask twice as much. Each host's cards count as if nothing else ran on them; an option is of
/// like cards of one host, `fleet` sums what serves most people on each.
struct WorkloadServing {
  bool asked = false;                        // false: the workload states no serving, and nothing below is set
  int people_wanted = 0;
  bool people_of_site = false;               // the site said so; else the workload's own figure
  std::optional<ServingOption> best;         // the best model that serves the people wanted on one host; else `most`
  bool serves_wanted = false;                // `best` does
  std::optional<ServingOption> most;         // what serves most people on one host
  std::optional<ServingOption> best_free;    // as `best`, with what memory is free now; nothing where none is read
  PeopleRange fleet;                         // all hosts together, whole memory
  PeopleRange fleet_free;
  bool free_read = false;                    // free memory was read of every card that counts
  int hosts = 0;                             // that can serve it
  int hosts_unread = 0;                      // that did not say which accelerators they have
  std::optional<ProcessorOption> processor;
  std::vector<std::string> assumptions;      // sentences with their figures, to be printed
};
/// By index in RuleSet::workloads.
std::vector<WorkloadServing> serve_workloads(const RuleSet& rules, const std::vector<AssessedHost>& hosts);

/// Cards that serve nobody, and why.
struct UncountedCard {
  std::size_t host = 0;
  std::string card;
  int count = 1;
  std::string reason;               // "no driver", "not listed in the catalogue", …
};
std::vector<UncountedCard> uncounted_cards(const RuleSet& rules, const std::vector<AssessedHost>& hosts);

/// An accelerator that could do more than it does. Reasons: "no driver", "nouveau", "no answer", "narrow link",
/// "processor's side unknown", "other processor's side", "unused", "too old".
struct StrandedCard {
  std::size_t host = 0;
  std::string card;
  int count = 1;
  std::string reason;
  std::string text;                 // a sentence with what was read
  double memory_gb = 0;             // that it would add; 0 where it adds none
  PeopleRange adds;                 // people of the workload that gains most
  std::string workload;             // id of that; empty where none
};
/// By what they would add, then memory, host and card.
std::vector<StrandedCard> stranded_cards(const RuleSet& rules, const std::vector<AssessedHost>& hosts);

/// As `score --json` shows them.
nlohmann::json serving_json(const RuleSet& rules, const Assessment& assessment);
nlohmann::json stranded_json(const Assessment& assessment);

}  // namespace plumbline
