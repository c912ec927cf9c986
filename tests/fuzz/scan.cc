// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the scan document, as a file and as it travels. What is accepted must be written and read back as the same scan.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "facts/wire.h"

namespace {

void check_wire(std::string_view text) {
  auto arrived = plumbline::read_wire(text);
  if (!arrived) return;
  if (!arrived->base.empty()) {
    const plumbline::Scan base = arrived->scan;  // hardly ever the one that is meant, and never a crash
    if (plumbline::lay_over(&base, *arrived) && plumbline::facts_hash(arrived->scan) != arrived->facts) std::abort();
    return;
  }
  const auto again = plumbline::read_wire(plumbline::to_wire(arrived->scan));
  if (!again || again->facts != arrived->facts) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_wire(text);
  const auto scan = plumbline::read_scan(text);
  if (!scan) return 0;
  const std::string written = plumbline::to_json(*scan);
  const auto again = plumbline::read_scan(written);
  if (!again || plumbline::to_json(*again) != written) std::abort();
  return 0;
}
