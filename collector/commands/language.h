// SPDX-License-Identifier: Apache-2.0
// The language that pages and reports are said in: chosen once, before any command runs.
#pragma once

#include <string>

#include "base/result.h"

namespace plumbline {

/// The file named on the command line, else the one the collector's folder configures, else English. What the file lacks
/// stays English and is told on standard error, as is what it says in vain.
Result<void> choose_language(const std::string& file, const std::string& state);

}  // namespace plumbline
