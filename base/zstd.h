// SPDX-License-Identifier: Apache-2.0
// The one compressor and the one inflating reader (goal S7: every limit holds on the inflated side).
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace plumbline {

inline constexpr std::size_t kMaxWireBytes = 4u << 20;       // a body as it arrives
inline constexpr std::size_t kMaxInflatedBytes = 16u << 20;  // the same, inflated
inline constexpr int kMaxZstdWindowLog = 23;                 // 8 MiB

std::string compress_zstd(std::string_view bytes, int level = 3);
/// The same with a checksum of the content at its end: whoever inflates it learns of any damage.
std::string compress_zstd_checked(std::string_view bytes, int level = 3);
/// Whether a frame carries such a checksum.
bool is_zstd_checked(std::string_view bytes);
/// Inflates exactly one frame, streaming; fails with limit past `limit_bytes` or the window, with invalid for
/// anything that is no single whole frame. Never holds more than the limit plus one block.
Result<std::string> decompress_zstd(std::string_view bytes, std::size_t limit_bytes = kMaxInflatedBytes);

/// Inflates frames of our own making, one after the other, and keeps its memory between them. One thread.
class ZstdReader {
 public:
  ZstdReader();
  ~ZstdReader();
  ZstdReader(const ZstdReader&) = delete;
  ZstdReader& operator=(const ZstdReader&) = delete;
  /// As decompress_zstd() with its usual limit; the text stays until the next call.
  Result<std::string_view> read(std::string_view bytes);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
  std::string text_;
};

}  // namespace plumbline
