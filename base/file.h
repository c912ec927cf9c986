// SPDX-License-Identifier: Apache-2.0
// Whole files in and out, with limits and without half-written results.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace plumbline {

/// The whole file. Fails with not_found, permission_denied, limit (longer than `limit_bytes`) or io.
Result<std::string> read_file(const std::string& path, std::size_t limit_bytes);
/// Writes beside the target, syncs file and folder, renames: the target is the old or the new text, never half.
Result<void> write_file_atomic(const std::string& path, std::string_view text, unsigned mode = 0644);
/// Makes the folder and its parents; private ones are 0700.
Result<void> make_folder(const std::string& path, unsigned mode = 0700);
/// The path with every link resolved.
Result<std::string> real_path(const std::string& path);

}  // namespace plumbline
