// SPDX-License-Identifier: Apache-2.0
// Words of a command or a setting as a shell would split them, and lines as it would join them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace plumbline {

/// Splits at blanks outside of quotes; quotes and backslashes go, nothing is expanded. A quote that is never
/// closed goes to the end.
std::vector<std::string> shell_words(std::string_view text);

/// Lines, where one that ends with a backslash goes on in the next and a blank stands in its place. A last line that
/// goes on into nothing is none.
std::vector<std::string> joined_lines(std::string_view text);

}  // namespace plumbline
