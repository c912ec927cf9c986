// SPDX-License-Identifier: Apache-2.0
// Dated tables that facts are joined with at the collector: accelerators and end-of-life dates.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rules/capacity.h"
#include "rules/cel/document.h"
#include "rules/fact_record.h"
#include "rules/incidents.h"
#include "rules/price.h"

namespace plumbline {

/// One accelerator model (rules/catalogue/gpus.csv). Numbers that have no source are absent.
struct AcceleratorModel {
  std::string name;
  std::string vendor_id;
  std::vector<std::string> device_ids;
  std::optional<double> memory_gb;
  std::optional<double> bandwidth_gbs;
  std::optional<double> half_tflops;         // dense, 16 bits a number
  std::optional<double> fp8_tflops;          // dense; absent where the card has none
  std::optional<double> prefill_efficiency;  // share of it that prompts reach
  std::optional<double> compute_capability;
  std::string architecture;
  std::optional<double> tdp_watts;
  std::string status;   // current, legacy, sunset, dead
  bool consumer = false;
  int gpus_per_board = 1;  // 4 for an A16, which shares its PCI id with the A2
};

/// One release line of a product (rules/catalogue/lifecycle.csv); dates are midnight UTC.
struct Lifecycle {
  std::string product, cycle, latest;
  std::optional<std::int64_t> standard_end;  // end of the vendor's standard support
  std::optional<std::int64_t> support_end;   // with long-term support that everybody gets
};

struct Catalogue {
  std::vector<AcceleratorModel> accelerators;
  std::map<std::string, std::vector<Lifecycle>, std::less<>> lifecycle;  // by product
  std::vector<ServedModel> models;           // rules/catalogue/models.csv
  std::vector<Price> prices;                 // rules/catalogue/prices.csv
  std::vector<Incident> incidents;           // rules/catalogue/incidents.csv
  std::string date;  // of the snapshot
};

/// Index in Catalogue::models, or nothing.
std::optional<std::size_t> find_served_model(const Catalogue& catalogue, std::string_view id);

/// Reads catalogue/{gpus,lifecycle,models,prices,incidents}.csv below the rules folder; a table that is absent is empty. The error holds every
/// mistake with its place.
Result<Catalogue> load_catalogue(const std::string& rules_folder);

class Mistakes;
class RuleFolder;
/// The tables that stand in one folder of a rules folder ("catalogue", or a pack) while it is being read.
Catalogue read_catalogue(RuleFolder& folder, const std::string& relative, Mistakes& mistakes);
/// Adds the rows of `more`. A release line, a model and a price that are there already are replaced.
void add_catalogue(Catalogue& catalogue, Catalogue more);

/// What the lifecycle table calls a container runtime: "kubernetes" for kubelet.
std::string runtime_product(std::string name);
/// The release line a version belongs to: longest cycle that is a prefix at a dot ("15" for "15.18-0+deb12u1"). Epochs
/// ("1:10.11.6") are skipped; cycles may be written "R535" or "r535-linux".
const Lifecycle* find_lifecycle(const Catalogue& catalogue, std::string_view product, std::string_view version);

/// Whole days between the day of the scan and a date; 0 on the last day, negative after it.
std::int64_t days_left(std::int64_t end, std::int64_t taken_at);

/// The models that a device may be: those with its PCI id, as few as name, board and memory leave. `devices` are all of its
/// host.
std::vector<const AcceleratorModel*> models_of(const Catalogue& catalogue, const FactRecord& device,
                                               const std::vector<FactRecord>& devices);

/// Adds every fact the catalog calls "derived: …" to a host's facts, as of `taken_at`.
void derive_facts(nlohmann::json& facts, const Catalogue& catalogue, std::int64_t taken_at);
/// The same on a document of fact_layout().
void derive_facts(cel::Document& facts, const Catalogue& catalogue, std::int64_t taken_at);

}  // namespace plumbline
