// SPDX-License-Identifier: Apache-2.0
// "hypervisor": the signature a hypervisor leaves in CPUID, empty on bare metal; a processor without CPUID
// cannot say.
#include <array>
#include <cstring>

#include "agent/asks/asks.h"
#include "base/text.h"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

namespace plumbline {

Result<std::string> ask_hypervisor(std::string_view) {
#if defined(__x86_64__) || defined(__i386__)
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  constexpr unsigned kHypervisorBit = 1u << 31;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & kHypervisorBit) == 0) return std::string();
  std::array<unsigned, 4> words{};
  __cpuid(0x40000000, a, words[0], words[1], words[2]);
  std::array<char, 13> text{};
  std::memcpy(text.data(), words.data(), 12);
  return to_utf8(text.data());
#else
  return fail(ErrorKind::not_found, "hypervisor: this processor has no CPUID");
#endif
}

}  // namespace plumbline
