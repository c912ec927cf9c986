// SPDX-License-Identifier: Apache-2.0
// Makes the syntax tree of an expression; macros become nodes of their own.
#pragma once

#include <string_view>
#include <tl/expected.hpp>

#include "rules/cel/cel.h"
#include "rules/cel/syntax.h"

namespace plumbline::cel {

/// Fails with the first mistake: what follows it cannot be understood.
tl::expected<Syntax, Issue> parse(std::string_view text);

}  // namespace plumbline::cel
