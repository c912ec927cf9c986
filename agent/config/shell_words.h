// SPDX-License-Identifier: Apache-2.0
// Words of a command or a setting as a shell would split them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace plumbline {

/// Splits at blanks outside of quotes; quotes and backslashes go, nothing is expanded. A quote that is never
/// closed goes to the end.
std::vector<std::string> shell_words(std::string_view text);

}  // namespace plumbline
