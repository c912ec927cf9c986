// SPDX-License-Identifier: Apache-2.0
// The one compressor and the one inflating reader (goal S7: every limit holds on the inflated side).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace plumbline {

inline constexpr std::size_t kMaxWireBytes = 4u << 20;       // a body as it arrives
inline constexpr std::size_t kMaxInflatedBytes = 16u << 20;  // the same, inflated
inline constexpr int kMaxZstdWindowLog = 23;                 // 8 MiB

std::string compress_zstd(std::string_view bytes, int level = 3);
/// Inflates exactly one frame, streaming; fails with limit past `limit_bytes` or the window, with invalid for
/// anything that is no single whole frame. Never holds more than the limit plus one block.
Result<std::string> decompress_zstd(std::string_view bytes, std::size_t limit_bytes = kMaxInflatedBytes);

}  // namespace plumbline
