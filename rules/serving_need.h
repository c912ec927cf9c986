// SPDX-License-Identifier: Apache-2.0
// What a workload that asks a language model needs: the block `serving` of its file.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "rules/capacity.h"

namespace plumbline {

struct ServingChoice {
  std::size_t model = 0;  // index in Catalogue::models
  Precision precision = Precision::half;
};

struct ServingNeed {
  std::vector<ServingChoice> models;  // best first
  ServingLoad load;
  double slots_per_person = kSlotsPerPerson;
  double questions_per_hour = 0;      // of a person in office hours, on average
  int people = 0;                     // who are to be served
  bool everybody = false;             // the whole company, where the site says how many that are
  bool people_of_site = false;        // the site said it
  std::vector<std::string> basis;     // where each figure comes from, to be printed
};

std::string_view to_text(Precision precision);  // "8-bit", as in workload files

struct Catalogue;
struct Drafts;
struct RuleSet;
class Fields;
class Mistakes;

/// Reads `serving` of a workload; nothing where there is none. Models must be in the catalogue, unless `incomplete`.
std::optional<ServingNeed> read_serving(Fields& workload, const Catalogue& catalogue, bool incomplete, Mistakes& mistakes);

/// Reads a site's `people`: company and workloads.
void read_people(const Drafts& drafts, RuleSet& rules, Mistakes& mistakes);

}  // namespace plumbline
