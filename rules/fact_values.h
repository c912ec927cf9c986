// SPDX-License-Identifier: Apache-2.0
// Facts and aggregates as the values that conditions read.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/cel/cel.h"
#include "rules/pack.h"

namespace plumbline {

/// One host's facts, turned into values once and then read by every rule. A fact that is absent or has another type
/// than the catalog says is left out, and so unknown to whoever reads it.
class FactValues {
 public:
  explicit FactValues(const nlohmann::json& facts);
  cel::Value find(std::string_view section) const;
  /// Valid as long as this object.
  cel::Lookup lookup() const {
    return [this](std::string_view name) { return find(name); };
  }

 private:
  std::vector<std::pair<std::string_view, cel::Value>> sections_;
};

/// The name `fleet` with every aggregate that is known.
cel::Lookup fleet_lookup(const RuleSet& rules, const std::vector<std::optional<double>>& aggregates);

/// `fleet` as an object with one number a measure.
cel::Declarations fleet_declarations(const std::vector<std::string>& measure_ids);

}  // namespace plumbline
