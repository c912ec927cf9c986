// SPDX-License-Identifier: Apache-2.0
// Why a rule does not concern a host, in words a person reads.
#pragma once

#include <string>

#include "rules/cel/cel.h"

namespace plumbline {

/// The parts of a `when` that were false, what the host is before what it has: "a docker container, which shows its host's
/// kernel; its roles: web server; asked of: database, AI server". Empty where the condition holds or cannot be decided.
/// What a host says stays plain text; renderers escape it.
std::string why_not_applicable(const cel::Program& when, const cel::Lookup& lookup);

}  // namespace plumbline
