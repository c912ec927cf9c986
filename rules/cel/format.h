// SPDX-License-Identifier: Apache-2.0
// "%s has %d".format([…]): the string extension's own little language.
#pragma once

#include <string>

#include "rules/cel/functions.h"

namespace plumbline::cel {

/// Clauses %s %d %f %e %b %o %x %X and %%, decimals as in %.2f. An error value where clause and argument
/// disagree.
Value format_text(const std::string& pattern, const List& arguments, Meter& meter);

}  // namespace plumbline::cel
