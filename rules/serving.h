// SPDX-License-Identifier: Apache-2.0
// People a fleet's accelerators serve with a workload, from the cards that judging found on each host.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "rules/capacity.h"

namespace plumbline {

/// One way to serve a workload on one host, with its planned figures.
struct ServingOption {
  std::size_t host = 0;             // in Assessment::hosts
  std::string card;                 // name; empty: the processor alone
  int cards = 1;                    // alike, of that host, that share one model
  int replicas = 1;                 // such groups on the host that run beside each other
  std::string model;                // id in models.csv
  std::string model_title;
  Precision precision = Precision::half;
  ServingCapacity capacity;         // of one group
  PeopleRange people;               // of all replicas
};

/// What a workload that asks a language model finds. Ranges are people, not requests.
struct WorkloadServing {
  bool asked = false;                        // false: the workload states no serving, and nothing below is set
  std::optional<ServingOption> best;         // on one host with whole memory of its cards
  std::optional<ServingOption> best_free;    // the same with what is free now; nothing where free memory is not read
  PeopleRange fleet;                         // all hosts together, whole memory
  PeopleRange fleet_free;
  int hosts = 0;                             // that can serve it
  int people_wanted = 0;                     // set by the site; 0: not said
  std::vector<std::string> assumptions;      // sentences with their figures, to be printed
};

/// An accelerator that could do more than it does.
struct StrandedCard {
  std::size_t host = 0;
  std::string card;
  int count = 1;
  std::string reason;               // "no driver", "narrow link", "other processor's side", "unused", "too old"
  std::string text;                 // a sentence with what was read
  double memory_gb = 0;             // that it would add; 0 where it adds none
  PeopleRange adds;                 // people of the workload that gains most
  std::string workload;             // id of that; empty where none
};

}  // namespace plumbline
