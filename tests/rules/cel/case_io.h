// SPDX-License-Identifier: Apache-2.0
// Declarations for facts that are given as JSON, and the answer of a program as one line.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "rules/cel/cel.h"

namespace plumbline::cel {

/// "cpu.cores int, storage.disks[].class string" as one object type a section; a name without point is a
/// variable.
Declarations declare(std::string_view lines);
/// Looks names up in a JSON object; what is not there is unknown.
Lookup lookup_in(const nlohmann::json& facts);
/// The value, "error: …", "unknown: …", or every mistake as "column: message", joined by " | ".
std::string answer(std::string_view expression, const Declarations& declarations,
                   const nlohmann::json& facts);
/// The same without a check before it runs, and without facts.
std::string unchecked_answer(std::string_view expression);

}  // namespace plumbline::cel
