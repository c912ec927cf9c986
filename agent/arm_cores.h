// SPDX-License-Identifier: Apache-2.0
// Names of ARM's cores and of who makes them, by the numbers in "CPU implementer" and "CPU part" of /proc/cpuinfo.
#pragma once

#include <string_view>

namespace plumbline {

/// "Neoverse-V2" of 0x41 and 0xd4f; empty where nobody named the part.
std::string_view arm_core_name(unsigned implementer, unsigned part);
/// "ARM" of 0x41; empty where the number is nobody's that we know of.
std::string_view arm_implementer_name(unsigned implementer);

}  // namespace plumbline
