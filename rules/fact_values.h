// SPDX-License-Identifier: Apache-2.0
// Facts and aggregates as the values that conditions read.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "rules/cel/document_reader.h"
#include "rules/pack.h"

namespace plumbline {

/// The shape of a host's facts: every section of the catalog.
const std::shared_ptr<const cel::Layout>& fact_layout();

/// Reads hosts' facts, one after the other, into documents that conditions are judged on. A fact that is absent or has
/// another type than the catalog says is left out, and so unknown to whoever reads it. A fact that a section names as
/// missing is unread: has() of it is unknown. One thread.
class FactReader {
 public:
  FactReader() : reader_(fact_layout()) {}
  /// A scan document as it is stored. The result lives in the reader until the next call.
  Result<cel::Document*> read_scan(std::string_view json);
  /// Facts as facts_of() gives them.
  Result<cel::Document*> read_facts(const nlohmann::json& facts);

 private:
  cel::DocumentReader reader_;
};

/// One host's facts, held.
class FactValues {
 public:
  explicit FactValues(const nlohmann::json& facts);
  const cel::Document& document() const { return *document_; }
  /// Valid as long as this object.
  cel::Lookup lookup() const { return document_->lookup(); }

 private:
  FactReader reader_;
  cel::Document nothing_;
  const cel::Document* document_;
};

/// The name `fleet` with every aggregate that is known, and for what production asks of a workload `fleet.carriers`.
cel::Lookup fleet_lookup(const RuleSet& rules, const std::vector<std::optional<double>>& aggregates,
                         std::optional<int> carriers = std::nullopt);

/// `fleet` as an object with one number a measure.
cel::Declarations fleet_declarations(const std::vector<std::string>& measure_ids);

}  // namespace plumbline
