// SPDX-License-Identifier: Apache-2.0
// Derived facts of data stores: who supports them until when, how far they are behind, how fast they grow.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "rules/catalogue.h"
#include "rules/fact_record.h"

namespace plumbline {

/// Who made the package that a store is from. `community`: the distribution's archive has it, and sends fixes for it only
/// to those with a contract (Ubuntu's universe).
enum class PackageOrigin { distribution, community, elsewhere, unknown };

struct PackageName {
  std::string kind;     // of the store: "postgresql"
  std::string version;  // as the database has it, "5:7.0.15-1~deb12u6"
  std::string vendor;   // or maintainer; empty where it is not known
};
/// `family` and `id` as os.family and os.id.
PackageOrigin origin_of(const PackageName& package, std::string_view family, std::string_view id);

/// How many releases of its line lie between: "15.12" to "15.19" are 7, "8.11.1" to "8.19.20" are 8. Nothing where one of
/// them is no version; 0 where it is newer than the table.
std::optional<std::int64_t> releases_between(std::string_view version, std::string_view latest);

/// Writes every derived fact of data_stores; os and accelerators must have theirs.
void derive_data_stores(const FactRecord& facts, const Catalogue& catalogue, std::int64_t taken_at);

}  // namespace plumbline
