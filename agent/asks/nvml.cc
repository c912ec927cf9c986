// SPDX-License-Identifier: Apache-2.0
// Asks NVML everything once. A symbol that an old driver lacks, and what a card does not know, leaves its fact out.
#include "agent/asks/nvml.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "agent/asks/nvml_library.h"
#include "agent/asks/within.h"
#include "base/hash.h"
#include "base/text.h"

namespace plumbline {
namespace {

using nlohmann::json;
using namespace nvml;

constexpr const char* kLibrary = "libnvidia-ml.so.1";
constexpr unsigned kMaxDevices = 256;
constexpr unsigned kMaxLinks = 36;  // NVML_NVLINK_MAX_LINKS
constexpr unsigned kMaxInstances = 64;  // a card has at most 7 today
constexpr unsigned kMaxProcesses = 4096;
constexpr auto kTimeout = std::chrono::seconds(10);

template <std::size_t Size>
std::string text_of(const std::array<char, Size>& buffer) {
  return to_utf8(std::string_view(
      buffer.data(),
      static_cast<std::size_t>(std::find(buffer.begin(), buffer.end(), '\0') - buffer.begin())));
}

/// "00000000:41:00.0" to sysfs's "0000:41:00.0"; "00010000:01:00.0" to "10000:01:00.0"
std::string sysfs_address(std::string_view bus_id) {
  std::string address = lower(bus_id);
  const auto colon = address.find(':');
  if (colon == std::string::npos) return address;
  address.erase(0, std::min(address.find_first_not_of('0'), colon > 4 ? colon - 4 : 0));
  return address;
}

void add_identity(Library& library, Device device, json& item) {
  PciInfo pci{};
  if (library.call("nvmlDeviceGetPciInfo_v3", device, &pci) == kSuccess ||
      library.call("nvmlDeviceGetPciInfo_v2", device, &pci) == kSuccess) {
    pci.bus_id[sizeof pci.bus_id - 1] = '\0';
    pci.bus_id_legacy[sizeof pci.bus_id_legacy - 1] = '\0';
    item["address"] = sysfs_address(to_utf8(pci.bus_id[0] != '\0' ? pci.bus_id : pci.bus_id_legacy));
  }
  std::array<char, 96> text{};
  if (library.call("nvmlDeviceGetName", device, text.data(), 96u) == kSuccess) item["name"] = text_of(text);
  text.fill('\0');
  if (library.call("nvmlDeviceGetUUID", device, text.data(), 96u) == kSuccess)
    item["uuid_hash"] = sha256_hex(text_of(text)).substr(0, 16);
  int major = 0;
  int minor = 0;
  if (library.call("nvmlDeviceGetCudaComputeCapability", device, &major, &minor) == kSuccess) {
    item["compute_capability"] = std::round((major + minor / 10.0) * 10) / 10;
  }
}

/// Old and new layouts of the same answer; with MIG on, the whole card's free memory is not to be had
/// (NOT_SUPPORTED or NO_PERMISSION) and stays unknown.
void add_memory(Library& library, Device device, json& item) {
  MemoryV2 memory{};
  memory.version = kMemoryV2;
  if (library.call("nvmlDeviceGetMemoryInfo_v2", device, &memory) == kSuccess) {
    item["memory_bytes"] = memory.total;
    item["memory_free_bytes"] = memory.free;
    return;
  }
  Memory old{};
  if (library.call("nvmlDeviceGetMemoryInfo", device, &old) == kSuccess) {
    item["memory_bytes"] = old.total;
    item["memory_free_bytes"] = old.free;
  }
}

/// Nothing where a link exists and does not tell, or the driver is too old to be asked.
std::optional<int> active_links(Library& library, Device device) {
  int active = 0;
  for (unsigned link = 0; link < kMaxLinks; ++link) {
    int state = 0;
    const int code = library.call("nvmlDeviceGetNvLinkState", device, link, &state);
    if (code == kNotSupported || code == kInvalidArgument) break;  // no such link
    if (code != kSuccess) return std::nullopt;
    if (state == 1) ++active;
  }
  return active;
}

void add_health(Library& library, Device device, json& item) {
  int current = 0;
  int pending = 0;
  if (library.call("nvmlDeviceGetEccMode", device, &current, &pending) == kSuccess) {
    item["ecc"] = current == 1;
    unsigned long long errors = 0;
    constexpr int kUncorrected = 1;
    constexpr int kLifetime = 1;
    if (library.call("nvmlDeviceGetTotalEccErrors", device, kUncorrected, kLifetime, &errors) == kSuccess)
      item["ecc_uncorrected_errors"] = errors;
  }
  unsigned mig = 0;
  unsigned mig_pending = 0;
  if (library.call("nvmlDeviceGetMigMode", device, &mig, &mig_pending) == kSuccess) item["mig"] = mig == 1;
  unsigned value = 0;
  if (library.call("nvmlDeviceGetEnforcedPowerLimit", device, &value) == kSuccess ||
      library.call("nvmlDeviceGetPowerManagementLimit", device, &value) == kSuccess) {
    item["power_limit_watts"] = value / 1000.0;
  }
  constexpr int kGpuSensor = 0;
  if (library.call("nvmlDeviceGetTemperature", device, kGpuSensor, &value) == kSuccess)
    item["temperature_celsius"] = value;
  Utilization utilization{};
  if (library.call("nvmlDeviceGetUtilizationRates", device, &utilization) == kSuccess)
    item["utilization_percent"] = utilization.gpu;
  if (const auto links = active_links(library, device)) item["nvlink_active"] = *links;
}

/// Power, clocks and what holds them down.
void add_clocks(Library& library, Device device, json& item) {
  unsigned value = 0;
  constexpr int kStreamingProcessors = 1;
  if (library.call("nvmlDeviceGetPowerUsage", device, &value) == kSuccess) item["power_watts"] = value / 1000.0;
  if (library.call("nvmlDeviceGetClockInfo", device, kStreamingProcessors, &value) == kSuccess) item["clock_mhz"] = value;
  if (library.call("nvmlDeviceGetMaxClockInfo", device, kStreamingProcessors, &value) == kSuccess)
    item["clock_max_mhz"] = value;
  int persistent = 0;
  if (library.call("nvmlDeviceGetPersistenceMode", device, &persistent) == kSuccess) item["persistence"] = persistent == 1;
  unsigned long long reasons = 0;
  if (library.call("nvmlDeviceGetCurrentClocksEventReasons", device, &reasons) != kSuccess &&
      library.call("nvmlDeviceGetCurrentClocksThrottleReasons", device, &reasons) != kSuccess)
    return;
  json& held = item["slowdown"] = json::array();
  if ((reasons & (kSoftwareThermal | kHardwareThermal)) != 0) held.push_back("thermal");
  if ((reasons & kPowerBrake) != 0) held.push_back("power_brake");
  if ((reasons & kHardwareSlowdown) != 0) held.push_back("hardware");
  if ((reasons & kSoftwarePowerCap) != 0) held.push_back("power_cap");
}

/// Rows or pages that were found bad and are to be replaced at the next reset, or could not be.
void add_repair(Library& library, Device device, json& item) {
  unsigned corrected = 0, uncorrected = 0, pending = 0, failed = 0;
  if (library.call("nvmlDeviceGetRemappedRows", device, &corrected, &uncorrected, &pending, &failed) == kSuccess) {
    item["repair_pending"] = pending != 0;
    item["repair_failed"] = failed != 0;
    return;
  }
  int retired = 0;  // cards before Ampere
  if (library.call("nvmlDeviceGetRetiredPagesPendingStatus", device, &retired) == kSuccess)
    item["repair_pending"] = retired == 1;
}

/// Who computes on it now: other users' processes are counted as well, their names are not asked.
void add_processes(Library& library, Device device, json& item) {
  // _v2 first: in drivers 530 the rows of _v3 were 8 bytes longer (nvml.h of CUDA 12.1)
  for (const char* name : {"nvmlDeviceGetComputeRunningProcesses_v2", "nvmlDeviceGetComputeRunningProcesses_v3"}) {
    unsigned count = 0;
    int code = library.call(name, device, &count, static_cast<ProcessInfo*>(nullptr));
    if (code != kSuccess && code != kInsufficientSize) continue;
    std::vector<ProcessInfo> processes(std::min(count + 8, kMaxProcesses));  // some may start meanwhile
    count = static_cast<unsigned>(processes.size());
    code = library.call(name, device, &count, processes.data());
    if (code != kSuccess || count > processes.size()) return;
    unsigned long long bytes = 0;
    bool all_told = true;
    for (unsigned i = 0; i < count; ++i) {
      all_told = all_told && processes[i].used_gpu_memory != ~0ull;
      if (processes[i].used_gpu_memory <= 1ull << 50) bytes += processes[i].used_gpu_memory;
    }
    item["processes"] = count;
    if (all_told) item["process_memory_bytes"] = bytes;
    return;
  }
}

/// "NVIDIA A100-SXM4-80GB MIG 1g.10gb" to "1g.10gb"
std::string profile_in(std::string_view name) {
  constexpr std::string_view kMark = " MIG ";
  const auto at = name.find(kMark);
  return at == std::string_view::npos ? std::string() : std::string(name.substr(at + kMark.size()));
}

/// The instances of a divided card, by profile, and what memory they hold in sum.
void add_instances(Library& library, Device device, json& item) {
  unsigned most = 0;
  if (library.call("nvmlDeviceGetMaxMigDeviceCount", device, &most) != kSuccess) return;
  json profiles = json::array();
  unsigned long long bytes = 0, free = 0;
  for (unsigned index = 0; index < std::min(most, kMaxInstances); ++index) {
    Device instance = nullptr;
    if (library.call("nvmlDeviceGetMigDeviceHandleByIndex", device, index, &instance) != kSuccess) continue;
    std::array<char, 96> text{};
    std::string profile;
    if (library.call("nvmlDeviceGetName", instance, text.data(), 96u) == kSuccess) profile = profile_in(text_of(text));
    DeviceAttributes attributes{};
    if (profile.empty() && library.call("nvmlDeviceGetAttributes_v2", instance, &attributes) == kSuccess)
      profile = std::to_string(attributes.gpu_slices) + "g." + std::to_string((attributes.memory_mib + 512) / 1024) + "gb";
    profiles.push_back(profile.empty() ? "unknown" : profile);
    Memory memory{};
    if (library.call("nvmlDeviceGetMemoryInfo", instance, &memory) == kSuccess && memory.total <= 1ull << 50) {
      bytes += memory.total;
      free += std::min(memory.free, memory.total);
    }
  }
  item["mig_instances"] = std::move(profiles);
  if (bytes > 0) item["mig_memory_bytes"] = bytes, item["mig_memory_free_bytes"] = free;
}

/// The NVSwitch fabric: without it the cards of such a machine do not start computing.
void add_fabric(Library& library, Device device, json& item) {
  FabricInfo fabric{};
  if (library.call("nvmlDeviceGetGpuFabricInfo", device, &fabric) != kSuccess) return;
  switch (fabric.state) {
    case kFabricNotSupported: item["fabric"] = "none"; break;
    case kFabricNotStarted: item["fabric"] = "not_started"; break;
    case kFabricInProgress: item["fabric"] = "starting"; break;
    case kFabricCompleted: item["fabric"] = fabric.status == kSuccess ? "ready" : "failed"; break;
    default: break;
  }
}

json device_at(Library& library, unsigned index) {
  Device device = nullptr;
  library.take_failures();  // of the card before
  const int code = library.call("nvmlDeviceGetHandleByIndex_v2", index, &device);
  if (code != kSuccess) return {{"index", index}, {"error", library.text(code)}};
  json item = json::object();
  add_identity(library, device, item);
  add_memory(library, device, item);
  // a card that was lost, or waits for its reset, after the library had started answers its name but no reading
  Memory probe{};
  const int alive = library.call("nvmlDeviceGetMemoryInfo", device, &probe);
  if (alive == kGpuIsLost || alive == kResetRequired) {
    item["error"] = library.text(alive);
    return item;
  }
  add_health(library, device, item);
  add_clocks(library, device, item);
  add_repair(library, device, item);
  add_processes(library, device, item);
  add_fabric(library, device, item);
  if (item.value("mig", false)) add_instances(library, device, item);
  item["unanswered"] = library.take_failures();
  return item;
}

json ask_everything(Library& library) {
  json answer = {{"status", "ok"}, {"devices", json::array()}};
  std::array<char, 80> text{};
  if (library.call("nvmlSystemGetDriverVersion", text.data(), 80u) == kSuccess) answer["driver"] = text_of(text);
  int cuda = 0;  // 12040 is 12.4
  if (library.call("nvmlSystemGetCudaDriverVersion_v2", &cuda) == kSuccess ||
      library.call("nvmlSystemGetCudaDriverVersion", &cuda) == kSuccess) {
    answer["cuda"] = std::to_string(cuda / 1000) + "." + std::to_string(cuda % 1000 / 10);
  }
  unsigned count = 0;
  const int code = library.call("nvmlDeviceGetCount_v2", &count);
  if (code != kSuccess) {
    answer["status"] = library.text(code);
    return answer;
  }
  for (unsigned index = 0; index < std::min(count, kMaxDevices); ++index)
    answer["devices"].push_back(device_at(library, index));
  return answer;
}

json unavailable(std::string_view why) {
  return {{"status", why}, {"devices", json::array()}};
}

Result<std::string> ask_library(const std::string& name) {
  Library library(name);
  if (!library) return unavailable("no library").dump();
  int code = library.call("nvmlInit_v2");
  if (code != kSuccess) return unavailable(library.text(code)).dump();
  const json answer = ask_everything(library);
  library.call("nvmlShutdown");
  return answer.dump();
}

}  // namespace

Result<std::string> ask_nvml(std::string_view library) {
  // Without its device the library would start nvidia-modprobe; this agent starts no program.
  struct stat native {};
  if (library.empty() && stat("/dev/nvidiactl", &native) != 0) {
    const bool loaded = stat("/proc/driver/nvidia/version", &native) == 0;  // as in a container that was given no card
    return unavailable(loaded ? "no device file" : "no driver").dump();
  }
  return answer_within(
      kTimeout, "nvml",
      [name = library.empty() ? std::string(kLibrary) : std::string(library)] { return ask_library(name); });
}

}  // namespace plumbline
