// SPDX-License-Identifier: Apache-2.0
// The facts of a sample host as an agent would send them: what its few written facts imply, and how they move in time.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace plumbline {

/// Gives every text the type its fact has in the catalog. Bytes may be written as "64 GiB" or "1.9 TB", seconds as
/// "40 days". Fails, naming the path, on a fact the catalog lacks or the collector derives, and on a value of another type.
Result<void> type_facts(nlohmann::json& facts);

/// Adds what follows from the rest: threads from cores, shares of disks from their sizes, sockets from services, roles.
/// `number` tells hosts apart in their addresses. Typed facts only; what is written already stays.
void complete_facts(nlohmann::json& facts, std::string_view host, int number);

/// Moves typed facts that tell of the last day back by `days_ago`: uptime, ages, days left, and the small daily swings
/// of load and free memory. The same host and day always give the same facts.
void turn_back(nlohmann::json& facts, std::string_view host, int days_ago);

/// Leaves out a fact ("section.key" or "section.list[].key"); false where it is not there.
bool leave_out(nlohmann::json& facts, std::string_view path);

}  // namespace plumbline
