// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the scan document. What is accepted must be written and read back as the same scan.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "facts/scan.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto scan = plumbline::read_scan({reinterpret_cast<const char*>(data), size});
  if (!scan) return 0;
  const std::string written = plumbline::to_json(*scan);
  const auto again = plumbline::read_scan(written);
  if (!again || plumbline::to_json(*again) != written) std::abort();
  return 0;
}
