// SPDX-License-Identifier: Apache-2.0
// The tables that tell accelerators from display controllers (pci.ids, vendors' documents).
#include "agent/probes/pci_accelerators.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace plumbline {
namespace {

struct Range {
  std::string_view vendor;
  unsigned first;
  unsigned last;
};

// NVIDIA's ids from 0fc0 on are Kepler and younger, but for these of Fermi.
constexpr std::array kFermi = {Range{"10de", 0x1040, 0x109f}, Range{"10de", 0x1140, 0x1140},
                               Range{"10de", 0x1200, 0x1213}, Range{"10de", 0x1240, 0x125f}};
constexpr unsigned kFirstKepler = 0x0fc0;

// Display class and able to compute.
constexpr std::array kGpus = {
    Range{"1002", 0x6860, 0x687f},  // Vega 10: MI25, Vega 64
    Range{"1002", 0x69a0, 0x69af},  // Vega 12
    Range{"1002", 0x66a0, 0x66af},  // Vega 20: MI50, MI60
    Range{"1002", 0x7310, 0x73ff},  // RDNA 1 and 2, MI100 (738c)
    Range{"1002", 0x7408, 0x75ff},  // MI200, RDNA 3 and 4, MI300, MI350
    Range{"1002", 0x1586, 0x1586},  // Strix Halo: up to 128 GB beside the GPU
    Range{"8086", 0x0bd0, 0x0bdf},  // Max (Ponte Vecchio)
    Range{"8086", 0x5690, 0x56cf},  // Arc A, Flex
    Range{"8086", 0xe200, 0xe2ff},  // Battlemage
};

// Accelerators under classes that say nothing.
constexpr std::array kOthers = {
    Range{"1d0f", 0x7064, 0x7067}, Range{"1d0f", 0x7164, 0x7164},
    Range{"1d0f", 0x7264, 0x7264}, Range{"1d0f", 0x7364, 0x7364},  // Inferentia, Trainium
    Range{"1ae0", 0x0027, 0x0027}, Range{"1ae0", 0x0056, 0x0056},
    Range{"1ae0", 0x005e, 0x005e}, Range{"1ae0", 0x0062, 0x0063},
    Range{"1ae0", 0x006f, 0x006f}, Range{"1ae0", 0x0076, 0x0076},  // Cloud TPU
    Range{"1ac1", 0x089a, 0x089a},                                 // Coral
    Range{"1e60", 0x0001, 0xffff},                                 // Hailo: 8, 10H, 15
    Range{"1da3", 0x0001, 0xffff},                                 // Habana
    Range{"1e52", 0x0001, 0xffff},                                 // Tenstorrent
    Range{"1de0", 0x0001, 0xffff},                                 // Groq
    Range{"1d95", 0x0001, 0xffff},                                 // Graphcore
    Range{"1ed2", 0x0001, 0xffff},                                 // FuriosaAI
    Range{"1eff", 0x0001, 0xffff},                                 // Rebellions
};

// Of the class of processing accelerators, and made for something else.
constexpr std::array kOtherWork = {
    Range{"19e5", 0xa000, 0xafff},                                 // Kunpeng's engines: ZIP, SEC, HPRE
    Range{"1014", 0x0314, 0x0632},                                 // GenWQE (compression), CAPI adapters
    Range{"8086", 0x09c4, 0x09c5}, Range{"8086", 0x0b2b, 0x0b2c},  // FPGA: Arria 10, D5005
    Range{"8086", 0x0b30, 0x0b31}, Range{"8086", 0xaf00, 0xaf01},  // N3000, Open FPGA Stack
    Range{"8086", 0xbcbc, 0xbcce},                                 // FPGA beside a Xeon
    Range{"1172", 0x0000, 0xffff},                                 // Altera
};

constexpr std::array<std::pair<std::string_view, std::string_view>, 20> kVendors = {{
    {"10de", "nvidia"},
    {"1002", "amd"},
    {"1022", "amd"},
    {"8086", "intel"},
    {"1da3", "habana"},
    {"1d0f", "aws"},
    {"1ae0", "google"},
    {"1ac1", "google"},
    {"1e60", "hailo"},
    {"1e52", "tenstorrent"},
    {"1de0", "groq"},
    {"1d95", "graphcore"},
    {"1ed2", "furiosa"},
    {"1eff", "rebellions"},
    {"10ee", "xilinx"},
    {"17cb", "qualcomm"},
    {"19e5", "huawei"},
    {"1014", "ibm"},
    {"cabc", "cambricon"},
    {"1e36", "enflame"},
}};

template <std::size_t Size>
bool holds(const std::array<Range, Size>& ranges, std::string_view vendor, unsigned device) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const Range& range) {
    return range.vendor == vendor && range.first <= device && device <= range.last;
  });
}

constexpr std::uint64_t base_class(std::uint64_t code) {
  return code >> 16 & 0xff;
}
constexpr std::uint64_t kDisplay = 0x03;
constexpr std::uint64_t kProcessing = 0x12;
constexpr std::uint64_t kSystem = 0x08;
constexpr std::uint64_t kSignal = 0x11;
constexpr std::uint64_t kProcessor = 0x0b;
constexpr std::uint64_t kUnassigned = 0xff;
constexpr std::uint64_t kUnclassified = 0x00;

/// Built into the processor: on the root bus of its first segment.
bool on_root_bus(std::string_view address) {
  return address.substr(0, 8) == "0000:00:";
}

}  // namespace

bool may_accelerate(std::uint64_t class_code) {
  switch (base_class(class_code)) {
    case kDisplay:
    case kProcessing:
    case kSystem:
    case kSignal:
    case kProcessor:
    case kUnassigned:
    case kUnclassified:
      return true;
    default:
      return false;
  }
}

bool may_accelerate(std::uint64_t class_code, std::string_view vendor) {
  const auto kind = base_class(class_code);
  if (kind == kDisplay || kind == kProcessing) return true;
  return std::any_of(kOthers.begin(), kOthers.end(),
                     [&](const Range& range) { return range.vendor == vendor; });
}

bool is_accelerator(const PciFunction& function) {
  const auto device = static_cast<unsigned>(parse_hex(function.device).value_or(0));
  const auto kind = base_class(function.class_code);
  if (kind == kProcessing && holds(kOtherWork, function.vendor, device)) return false;
  if (kind == kProcessing) return function.vendor != "8086" || !on_root_bus(function.address);
  if (kind != kDisplay) return holds(kOthers, function.vendor, device);
  if (function.vendor == "10de") return device >= kFirstKepler && !holds(kFermi, function.vendor, device);
  return holds(kGpus, function.vendor, device) || holds(kOthers, function.vendor, device);
}

std::string_view class_name(std::uint64_t class_code) {
  if (base_class(class_code) != kDisplay) return "processing";
  switch (class_code >> 8 & 0xff) {
    case 0x00:
      return "vga";
    case 0x02:
      return "3d";
    default:
      return "display";
  }
}

std::string vendor_name(std::string_view vendor) {
  for (const auto& [id, name] : kVendors) {
    if (id == vendor) return std::string(name);
  }
  return std::string(vendor);
}

bool can_compute(std::string_view vendor, std::string_view driver) {
  if (driver.empty() || driver == "vfio-pci" || driver == "pci-stub" || driver == "xen-pciback" ||
      driver == "uio_pci_generic")
    return false;
  if (vendor == "nvidia") return driver == "nvidia";
  if (vendor == "amd") return driver == "amdgpu" || driver == "amdxdna";
  return true;
}

std::string four_digits(unsigned number) {
  return fmt::format("{:04x}", number & 0xffff);
}

std::string pci_address(std::uint64_t domain, std::uint64_t bus, std::uint64_t device,
                        std::uint64_t function) {
  return fmt::format("{:04x}:{:02x}:{:02x}.{:x}", domain, bus, device, function);
}

}  // namespace plumbline
