// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the zstd envelope and the strict JSON inside it. Nothing may pass the limits.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/json.h"
#include "base/zstd.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kLimit = 1u << 20;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto inflated = plumbline::decompress_zstd(bytes, kLimit);
  if (inflated && inflated->size() > kLimit) std::abort();
  for (const std::string_view text : {bytes, inflated ? std::string_view(*inflated) : std::string_view()}) {
    const auto value = plumbline::parse_json(text);
    if (!value) continue;
    const auto again = plumbline::parse_json(plumbline::canonical_json(*value));
    if (!again || *again != *value) std::abort();
  }
  return 0;
}
