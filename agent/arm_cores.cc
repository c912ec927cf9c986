// SPDX-License-Identifier: Apache-2.0
// MIDR numbers of the vendors' reference manuals and of Linux' cputype.h; names as lscpu(1) shows them.
#include "agent/arm_cores.h"

#include <algorithm>
#include <array>
#include <utility>

namespace plumbline {
namespace {

struct Core {
  unsigned implementer;
  unsigned part;
  std::string_view name;
};

constexpr std::array kCores = {
    Core{0x41, 0xb36, "ARM1136"},          Core{0x41, 0xb56, "ARM1156"},
    Core{0x41, 0xb76, "ARM1176"},          Core{0x41, 0xc05, "Cortex-A5"},
    Core{0x41, 0xc07, "Cortex-A7"},        Core{0x41, 0xc08, "Cortex-A8"},
    Core{0x41, 0xc09, "Cortex-A9"},        Core{0x41, 0xc0d, "Cortex-A17"},
    Core{0x41, 0xc0e, "Cortex-A17"},       Core{0x41, 0xc0f, "Cortex-A15"},
    Core{0x41, 0xd01, "Cortex-A32"},       Core{0x41, 0xd02, "Cortex-A34"},
    Core{0x41, 0xd03, "Cortex-A53"},       Core{0x41, 0xd04, "Cortex-A35"},
    Core{0x41, 0xd05, "Cortex-A55"},       Core{0x41, 0xd06, "Cortex-A65"},
    Core{0x41, 0xd07, "Cortex-A57"},       Core{0x41, 0xd08, "Cortex-A72"},
    Core{0x41, 0xd09, "Cortex-A73"},       Core{0x41, 0xd0a, "Cortex-A75"},
    Core{0x41, 0xd0b, "Cortex-A76"},       Core{0x41, 0xd0c, "Neoverse-N1"},
    Core{0x41, 0xd0d, "Cortex-A77"},       Core{0x41, 0xd0e, "Cortex-A76AE"},
    Core{0x41, 0xd14, "Cortex-R82AE"},     Core{0x41, 0xd15, "Cortex-R82"},
    Core{0x41, 0xd40, "Neoverse-V1"},      Core{0x41, 0xd41, "Cortex-A78"},
    Core{0x41, 0xd42, "Cortex-A78AE"},     Core{0x41, 0xd43, "Cortex-A65AE"},
    Core{0x41, 0xd44, "Cortex-X1"},        Core{0x41, 0xd46, "Cortex-A510"},
    Core{0x41, 0xd47, "Cortex-A710"},      Core{0x41, 0xd48, "Cortex-X2"},
    Core{0x41, 0xd49, "Neoverse-N2"},      Core{0x41, 0xd4a, "Neoverse-E1"},
    Core{0x41, 0xd4b, "Cortex-A78C"},      Core{0x41, 0xd4c, "Cortex-X1C"},
    Core{0x41, 0xd4d, "Cortex-A715"},      Core{0x41, 0xd4e, "Cortex-X3"},
    Core{0x41, 0xd4f, "Neoverse-V2"},      Core{0x41, 0xd80, "Cortex-A520"},
    Core{0x41, 0xd81, "Cortex-A720"},      Core{0x41, 0xd82, "Cortex-X4"},
    Core{0x41, 0xd83, "Neoverse-V3AE"},    Core{0x41, 0xd84, "Neoverse-V3"},
    Core{0x41, 0xd85, "Cortex-X925"},      Core{0x41, 0xd87, "Cortex-A725"},
    Core{0x41, 0xd88, "Cortex-A520AE"},    Core{0x41, 0xd89, "Cortex-A720AE"},
    Core{0x41, 0xd8a, "C1-Nano"},          Core{0x41, 0xd8b, "C1-Pro"},
    Core{0x41, 0xd8c, "C1-Ultra"},         Core{0x41, 0xd8e, "Neoverse-N3"},
    Core{0x41, 0xd8f, "Cortex-A320"},      Core{0x41, 0xd90, "C1-Premium"},
    Core{0x42, 0x100, "Brahma-B53"},       Core{0x42, 0x516, "ThunderX2"},
    Core{0x43, 0x0a0, "ThunderX"},         Core{0x43, 0x0a1, "ThunderX-88XX"},
    Core{0x43, 0x0a2, "ThunderX-81XX"},    Core{0x43, 0x0a3, "ThunderX-83XX"},
    Core{0x43, 0x0af, "ThunderX2-99xx"},   Core{0x43, 0x0b0, "OcteonTX2"},
    Core{0x43, 0x0b1, "OcteonTX2-98XX"},   Core{0x43, 0x0b2, "OcteonTX2-96XX"},
    Core{0x43, 0x0b3, "OcteonTX2-95XX"},   Core{0x43, 0x0b4, "OcteonTX2-95XXN"},
    Core{0x43, 0x0b5, "OcteonTX2-95XXMM"}, Core{0x43, 0x0b6, "OcteonTX2-95XXO"},
    Core{0x43, 0x0b8, "ThunderX3-T110"},   Core{0x46, 0x001, "A64FX"},
    Core{0x46, 0x003, "MONAKA"},           Core{0x48, 0xd01, "TaiShan-v110"},
    Core{0x48, 0xd02, "TaiShan-v120"},     Core{0x48, 0xd40, "Cortex-A76"},
    Core{0x48, 0xd41, "Cortex-A77"},       Core{0x4e, 0x000, "Denver"},
    Core{0x4e, 0x003, "Denver 2"},         Core{0x4e, 0x004, "Carmel"},
    Core{0x4e, 0x010, "Olympus"},          Core{0x50, 0x000, "X-Gene"},
    Core{0x51, 0x001, "Oryon"},            Core{0x51, 0x201, "Kryo"},
    Core{0x51, 0x205, "Kryo"},             Core{0x51, 0x211, "Kryo"},
    Core{0x51, 0x800, "Falkor-V1/Kryo"},   Core{0x51, 0x801, "Kryo-V2"},
    Core{0x51, 0x802, "Kryo-3XX-Gold"},    Core{0x51, 0x803, "Kryo-3XX-Silver"},
    Core{0x51, 0x804, "Kryo-4XX-Gold"},    Core{0x51, 0x805, "Kryo-4XX-Silver"},
    Core{0x51, 0xc00, "Falkor"},           Core{0x51, 0xc01, "Saphira"},
    Core{0x53, 0x001, "exynos-m1"},        Core{0x53, 0x002, "exynos-m3"},
    Core{0x53, 0x003, "exynos-m4"},        Core{0x53, 0x004, "exynos-m5"},
    Core{0x61, 0x020, "Icestorm-A14"},     Core{0x61, 0x021, "Firestorm-A14"},
    Core{0x61, 0x022, "Icestorm-M1"},      Core{0x61, 0x023, "Firestorm-M1"},
    Core{0x61, 0x024, "Icestorm-M1-Pro"},  Core{0x61, 0x025, "Firestorm-M1-Pro"},
    Core{0x61, 0x028, "Icestorm-M1-Max"},  Core{0x61, 0x029, "Firestorm-M1-Max"},
    Core{0x61, 0x030, "Blizzard-A15"},     Core{0x61, 0x031, "Avalanche-A15"},
    Core{0x61, 0x032, "Blizzard-M2"},      Core{0x61, 0x033, "Avalanche-M2"},
    Core{0x61, 0x034, "Blizzard-M2-Pro"},  Core{0x61, 0x035, "Avalanche-M2-Pro"},
    Core{0x61, 0x038, "Blizzard-M2-Max"},  Core{0x61, 0x039, "Avalanche-M2-Max"},
    Core{0x6d, 0xd49, "Azure-Cobalt-100"}, Core{0x70, 0x303, "FTC310"},
    Core{0x70, 0x660, "FTC660"},           Core{0x70, 0x661, "FTC661"},
    Core{0x70, 0x662, "FTC662"},           Core{0x70, 0x663, "FTC663"},
    Core{0x70, 0x664, "FTC664"},           Core{0x70, 0x862, "FTC862"},
    Core{0xc0, 0xac3, "Ampere-1"},         Core{0xc0, 0xac4, "Ampere-1a"},
};

constexpr std::array<std::pair<unsigned, std::string_view>, 17> kImplementers = {{
    {0x41, "ARM"},
    {0x42, "Broadcom"},
    {0x43, "Cavium"},
    {0x44, "DEC"},
    {0x46, "FUJITSU"},
    {0x48, "HiSilicon"},
    {0x4d, "Motorola/Freescale"},
    {0x4e, "NVIDIA"},
    {0x50, "APM"},
    {0x51, "Qualcomm"},
    {0x53, "Samsung"},
    {0x56, "Marvell"},
    {0x61, "Apple"},
    {0x69, "Intel"},
    {0x6d, "Microsoft"},
    {0x70, "Phytium"},
    {0xc0, "Ampere"},
}};

}  // namespace

std::string_view arm_core_name(unsigned implementer, unsigned part) {
  const auto* const found = std::find_if(kCores.begin(), kCores.end(), [&](const Core& row) {
    return row.implementer == implementer && row.part == part;
  });
  return found == kCores.end() ? std::string_view() : found->name;
}

std::string_view arm_implementer_name(unsigned implementer) {
  for (const auto& [number, name] : kImplementers) {
    if (number == implementer) return name;
  }
  return {};
}

}  // namespace plumbline
