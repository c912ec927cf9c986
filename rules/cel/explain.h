// SPDX-License-Identifier: Apache-2.0
// Which parts of an expression decided its value, with the facts' values in their place.
#pragma once

#include <string_view>

#include "rules/cel/evaluator.h"

namespace plumbline::cel {

std::vector<Program::Step> explain(const Plan& plan, std::string_view text, const Lookup& lookup,
                                   const Limits& limits);

}  // namespace plumbline::cel
