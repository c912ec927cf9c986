// SPDX-License-Identifier: Apache-2.0
// How many requests like cards of one host answer together: every model of a workload, on one card and split over 2, 4 or 8.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "rules/catalogue.h"
#include "rules/host_compute.h"
#include "rules/serving_need.h"

namespace plumbline {

inline constexpr int kMostPooled = 8;  // cards that share one model

/// The figures of a card by its name in gpus.csv, memory left out; nothing where one that the model of serving needs is not
/// known. Of "A or B" those on which both agree.
std::optional<ServingCard> serving_card(const Catalogue& catalogue, const std::string& name);

/// Whether a card serves: it is ready, current, listed with its figures, and its memory is known.
bool counts(const Catalogue& catalogue, const HostCard& card);
/// Why a card serves nobody, as a short text; empty where it serves.
std::string why_not_counted(const Catalogue& catalogue, const HostCard& card);

/// Cards of one name in one host. Memory in tenths of a GB, a number a card, most first.
struct CardGroup {
  std::string name;
  bool mig = false;           // cut into instances: each is counted alone
  ServingCard figures;
  std::vector<int> memory;
  std::vector<int> free;      // empty where it is not read of all of them
};
/// The cards of a host that serve.
std::vector<CardGroup> groups_of(const Catalogue& catalogue, const HostCompute& compute);
/// Adds cards that serve, or would if they worked: their figures must be known (serving_card()).
void add_to_groups(const Catalogue& catalogue, const HostCard& card, std::vector<CardGroup>& groups);

struct ServingPlan {
  std::size_t choice = 0;     // index in ServingNeed::models
  int cards = 1;              // that share one model
  int replicas = 1;           // such groups beside each other
  ServingCapacity capacity;   // of the group with the most memory
  int requests = 0;           // of all replicas
  PeopleRange people;
};

/// Plans for one workload. Remembers what it has computed, for a fleet's cards are few kinds. One thread.
class ServingPlanner {
 public:
  ServingPlanner(const Catalogue& catalogue, const ServingNeed& need) : catalogue_(catalogue), need_(need) {}
  /// The plan that serves most people; of those that serve as many the better model, then the smaller pool. Nothing where
  /// none serves anybody. `memory`: of each card, most first.
  std::optional<ServingPlan> most(const CardGroup& group, const std::vector<int>& memory);
  /// The best model that serves `people`; where none does, nothing.
  std::optional<ServingPlan> best(const CardGroup& group, const std::vector<int>& memory, int people);

  /// Of one pool of cards with so much memory each.
  const ServingCapacity& capacity(const CardGroup& group, int memory, int cards, std::size_t choice);

  const ServingNeed& need() const { return need_; }
  const ServedModel& model_of(std::size_t choice) const { return catalogue_.models[need_.models[choice].model]; }

 private:
  using Plans = std::vector<std::optional<ServingPlan>>;  // by choice: what serves most with it
  const Plans& plans(const CardGroup& group, const std::vector<int>& memory);
  std::optional<ServingPlan> with(const CardGroup& group, const std::vector<int>& memory, std::size_t choice);
  ServingPlan plan(const CardGroup& group, const std::vector<int>& memory, int cards, std::size_t choice);

  const Catalogue& catalogue_;
  const ServingNeed& need_;
  std::map<std::tuple<std::string, int, int, std::size_t>, ServingCapacity> known_;
  std::map<std::tuple<std::string, bool, std::vector<int>>, Plans> known_plans_;
};

}  // namespace plumbline
