// SPDX-License-Identifier: Apache-2.0
// A syntax tree as the reference implementation prints its own: every node with its kind, macros as the loops
// they stand for.
#pragma once

#include <string>

#include "rules/cel/syntax.h"

namespace plumbline::cel {

std::string syntax_text(const Syntax& syntax);

}  // namespace plumbline::cel
