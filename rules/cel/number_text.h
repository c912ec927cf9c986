// SPDX-License-Identifier: Apache-2.0
// Doubles as text: as CEL's string() writes them, and as a person reads them.
#pragma once

#include <string>

namespace plumbline::cel {

/// Shortest text that reads back the same; an exponent below 1e-4 and from 1e21 on: "0.5", "1000000",
/// "1e+21".
std::string readable_double(double value);
/// Fixed or scientific with so many decimals; "NaN", "Infinity", "-Infinity".
std::string fixed_double(double value, int decimals);
std::string scientific_double(double value, int decimals);

}  // namespace plumbline::cel
