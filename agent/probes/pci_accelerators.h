// SPDX-License-Identifier: Apache-2.0
// Which PCI functions are compute accelerators, by class, vendor, device and place: no reading, only judging.
//
// Counted: NVIDIA cards from Kepler on (the oldest any CUDA driver of the last ten years knew); AMD's from
// Vega on and Strix Halo; Intel's cards of Xe-HPG, Xe-HPC and Xe2; every function of class 12 (processing
// accelerators: Gaudi, Instinct, Tenstorrent …) and the few accelerators that hide under another class
// (Inferentia, TPU, Hailo, Coral). Not counted: engines and FPGAs of class 12 that do other work (compression,
// ciphers); the VGA of a board controller (ASPEED, Matrox), emulated VGA
// (Cirrus, QXL, virtio, Bochs, VMware, Hyper-V), NVSwitch (class 0680), graphics built into a processor
// (Intel's on bus 0, AMD's APUs but Strix Halo), the NPUs of laptops, and cards that only ever drew pictures.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace plumbline {

struct PciFunction {
  std::string_view address;  // "0000:41:00.0"
  std::uint64_t class_code;  // as sysfs tells: 0x030200
  std::string_view vendor;   // four digits
  std::string_view device;
};

/// By class alone: whether it is worth reading the vendor.
bool may_accelerate(std::uint64_t class_code);
/// By class and vendor: whether it is worth reading the device. Servers have hundreds of functions of dull
/// classes.
bool may_accelerate(std::uint64_t class_code, std::string_view vendor);
bool is_accelerator(const PciFunction& function);
/// vga, 3d, display or processing
std::string_view class_name(std::uint64_t class_code);
/// nvidia, amd, intel, habana, …; the id itself where nobody named it.
std::string vendor_name(std::string_view vendor);
/// True where this driver lets programs compute; false for none at all, nouveau, radeon, vfio-pci (given to a
/// guest) …
bool can_compute(std::string_view vendor, std::string_view driver);

std::string four_digits(unsigned number);
std::string pci_address(std::uint64_t domain, std::uint64_t bus, std::uint64_t device,
                        std::uint64_t function);

}  // namespace plumbline
