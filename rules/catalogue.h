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
#include "rules/cel/document.h"

namespace plumbline {

/// One accelerator model (rules/catalogue/gpus.csv). Numbers that have no source are absent.
struct AcceleratorModel {
  std::string name;
  std::string vendor_id;
  std::vector<std::string> device_ids;
  std::optional<double> memory_gb;
  std::optional<double> bandwidth_gbs;
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
  std::string date;  // of the snapshot
};

/// Reads catalogue/{gpus,lifecycle}.csv below the rules folder; a table that is absent is empty. The error holds every
/// mistake with its place.
Result<Catalogue> load_catalogue(const std::string& rules_folder);

class Mistakes;
class RuleFolder;
/// The tables that stand in one folder of a rules folder ("catalogue", or a pack) while it is being read.
Catalogue read_catalogue(RuleFolder& folder, const std::string& relative, Mistakes& mistakes);
/// Adds the rows of `more`. A release line that is there already is replaced.
void add_catalogue(Catalogue& catalogue, Catalogue more);

/// The release line a version belongs to: longest cycle that is a prefix at a dot ("15" for "15.18-0+deb12u1"). Epochs
/// ("1:10.11.6") are skipped; cycles may be written "R535" or "r535-linux".
const Lifecycle* find_lifecycle(const Catalogue& catalogue, std::string_view product, std::string_view version);

/// Adds every fact the catalog calls "derived: …" to a host's facts, as of `taken_at`.
void derive_facts(nlohmann::json& facts, const Catalogue& catalogue, std::int64_t taken_at);
/// The same on a document of fact_layout().
void derive_facts(cel::Document& facts, const Catalogue& catalogue, std::int64_t taken_at);

}  // namespace plumbline
