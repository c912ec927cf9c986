// SPDX-License-Identifier: Apache-2.0
// Our own declarations of the few parts of NVML's C interface that are used (layouts of NVML 13.3, LP64; the versioned
// names keep theirs for ever), and the loaded library.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/text.h"

namespace plumbline::nvml {

// nvmlReturn_t
constexpr int kSuccess = 0;
constexpr int kInvalidArgument = 2;
constexpr int kNotSupported = 3;
constexpr int kNoPermission = 4;
constexpr int kDriverNotLoaded = 9;
constexpr int kGpuIsLost = 15;
constexpr int kResetRequired = 16;
constexpr int kMismatch = 18;

constexpr int kInsufficientSize = 7;
constexpr int kFunctionNotFound = 13;

using Device = void*;

struct PciInfo {  // nvmlPciInfo_t, 68 bytes
  char bus_id_legacy[16];
  unsigned domain, bus, device, pci_device_id, pci_subsystem_id;
  char bus_id[32];
};
static_assert(sizeof(PciInfo) == 68);

struct Memory {  // nvmlMemory_t
  unsigned long long total, free, used;
};
static_assert(sizeof(Memory) == 24);

struct MemoryV2 {  // nvmlMemory_v2_t: here what the driver keeps for itself is not free
  unsigned version;
  unsigned long long total, reserved, free, used;
};
static_assert(sizeof(MemoryV2) == 40);
constexpr unsigned kMemoryV2 = 0x02000028;

struct Utilization {  // nvmlUtilization_t
  unsigned gpu, memory;
};

struct ProcessInfo {  // nvmlProcessInfo_v2_t, of the calls _v2 and _v3
  unsigned pid;
  unsigned long long used_gpu_memory;  // all ones where it may not be told
  unsigned gpu_instance, compute_instance;
};
static_assert(sizeof(ProcessInfo) == 24);

struct DeviceAttributes {  // nvmlDeviceAttributes_t
  unsigned multiprocessors, copy_engines, decoders, encoders, jpeg, ofa, gpu_slices, compute_slices;
  unsigned long long memory_mib;
};
static_assert(sizeof(DeviceAttributes) == 40);

struct FabricInfo {  // nvmlGpuFabricInfo_t
  unsigned char cluster[16];
  int status;  // nvmlReturn_t of the registration; only with kFabricCompleted
  unsigned clique;
  unsigned char state;
};
static_assert(sizeof(FabricInfo) == 28);
constexpr unsigned char kFabricNotSupported = 0, kFabricNotStarted = 1, kFabricInProgress = 2, kFabricCompleted = 3;

// Why clocks are held down: bits of nvmlClocksEventReasons.
constexpr unsigned long long kSoftwarePowerCap = 0x4, kHardwareSlowdown = 0x8, kSoftwareThermal = 0x20,
                             kHardwareThermal = 0x40, kPowerBrake = 0x80;

/// The loaded library; closed with it.
class Library {
 public:
  explicit Library(const std::string& name);
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  explicit operator bool() const { return handle_ != nullptr; }

  /// Calls a function by name; FUNCTION_NOT_FOUND (13) where this driver has none. What came of it is noted.
  template <class... Arguments>
  int call(const char* name, Arguments... arguments) {
    void* function = symbol(name);
    const int code = function == nullptr ? kFunctionNotFound : reinterpret_cast<int (*)(Arguments...)>(function)(arguments...);
    note(name, code);
    return code;
  }

  /// The calls since the last time that never succeeded, each once and without its version: "nvmlDeviceGetEccMode: not
  /// supported".
  std::vector<std::string> take_failures();

  /// What a return code means, in words.
  std::string text(int code) const;

 private:
  void* symbol(const char* name) const;
  void note(std::string_view name, int code);

  void* handle_;
  std::map<std::string, int> codes_;  // by function; a success stays
};

}  // namespace plumbline::nvml
