// SPDX-License-Identifier: Apache-2.0
// Compiles the conditions that stand in packs and maps each mistake to its place in the YAML file.
#pragma once

#include <optional>
#include <string_view>

#include "rules/cel/cel.h"
#include "rules/fields.h"
#include "rules/property.h"

namespace plumbline {

/// What a condition must give.
enum class Gives { boolean, number, degree, texts, any };  // degree: a Boolean or a number from 0 to 1; texts: one or a list

/// What conditions of one scope may name.
struct Scope {
  cel::Declarations names;
  bool fleet = false;  // for the hint where a fact is named in a fleet rule
  std::vector<std::pair<std::string, cel::Value>> constants = {};  // the pack's properties
  PackProperties* properties = nullptr;                            // to note which are used
};

/// What lists and texts of an ordinary host hold: a condition that could use up its budget even there is a mistake when
/// the pack loads. Larger hosts are bounded by the budget when it runs.
const cel::Sizes& usual_host_sizes();

/// The condition under `key`, or nothing where it is absent or wrong (then a mistake was added).
std::optional<cel::Program> read_condition(Fields& fields, std::string_view key, const Scope& scope, Gives gives,
                                           Need need, Mistakes& mistakes);

}  // namespace plumbline
