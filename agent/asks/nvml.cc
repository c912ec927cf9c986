// SPDX-License-Identifier: Apache-2.0
// Talks to NVML through our own declarations of its C interface (layouts of NVML 13.3, LP64; the versioned
// names keep theirs for ever). A symbol that an old driver lacks leaves its fact out.
#include "agent/asks/nvml.h"

#include <dlfcn.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "agent/asks/within.h"
#include "base/hash.h"
#include "base/text.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr const char* kLibrary = "libnvidia-ml.so.1";
constexpr unsigned kMaxDevices = 256;
constexpr unsigned kMaxLinks = 36;  // NVML_NVLINK_MAX_LINKS
constexpr auto kTimeout = std::chrono::seconds(10);

// nvmlReturn_t
constexpr int kSuccess = 0;
constexpr int kNoPermission = 4;
constexpr int kDriverNotLoaded = 9;
constexpr int kGpuIsLost = 15;
constexpr int kMismatch = 18;

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

/// The loaded library; closed with it.
class Library {
 public:
  explicit Library(const std::string& name) : handle_(dlopen(name.c_str(), RTLD_LAZY | RTLD_LOCAL)) {}
  ~Library() {
    if (handle_ != nullptr) dlclose(handle_);
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  explicit operator bool() const { return handle_ != nullptr; }

  /// Calls a function by name; FUNCTION_NOT_FOUND (13) where this driver has none.
  template <class... Arguments>
  int call(const char* name, Arguments... arguments) const {
    void* symbol = dlsym(handle_, name);
    if (symbol == nullptr) return 13;
    return reinterpret_cast<int (*)(Arguments...)>(symbol)(arguments...);
  }

  std::string text(int code) const {
    if (code == kDriverNotLoaded) return "no driver";
    if (code == kMismatch) return "driver and library do not match: restart after the driver's update";
    if (code == kGpuIsLost) return "GPU is lost";
    if (code == kNoPermission) return "permission denied";
    void* symbol = dlsym(handle_, "nvmlErrorString");
    const char* words = symbol == nullptr ? nullptr : reinterpret_cast<const char* (*)(int)>(symbol)(code);
    return words == nullptr ? "NVML error " + std::to_string(code) : to_utf8(words);
  }

 private:
  void* handle_;
};

template <std::size_t Size>
std::string text_of(const std::array<char, Size>& buffer) {
  return to_utf8(std::string_view(
      buffer.data(),
      static_cast<std::size_t>(std::find(buffer.begin(), buffer.end(), '\0') - buffer.begin())));
}

/// "00000000:41:00.0" to sysfs's "0000:41:00.0"
std::string sysfs_address(std::string_view bus_id) {
  std::string address = lower(bus_id);
  const auto colon = address.find(':');
  if (colon != std::string::npos && colon > 4) address.erase(0, colon - 4);
  return address;
}

void add_identity(const Library& nvml, Device device, json& item) {
  PciInfo pci{};
  if (nvml.call("nvmlDeviceGetPciInfo_v3", device, &pci) == kSuccess ||
      nvml.call("nvmlDeviceGetPciInfo_v2", device, &pci) == kSuccess) {
    pci.bus_id[sizeof pci.bus_id - 1] = '\0';
    pci.bus_id_legacy[sizeof pci.bus_id_legacy - 1] = '\0';
    item["address"] = sysfs_address(to_utf8(pci.bus_id[0] != '\0' ? pci.bus_id : pci.bus_id_legacy));
  }
  std::array<char, 96> text{};
  if (nvml.call("nvmlDeviceGetName", device, text.data(), 96u) == kSuccess) item["name"] = text_of(text);
  text.fill('\0');
  if (nvml.call("nvmlDeviceGetUUID", device, text.data(), 96u) == kSuccess)
    item["uuid_hash"] = sha256_hex(text_of(text)).substr(0, 16);
  int major = 0;
  int minor = 0;
  if (nvml.call("nvmlDeviceGetCudaComputeCapability", device, &major, &minor) == kSuccess) {
    item["compute_capability"] = std::round((major + minor / 10.0) * 10) / 10;
  }
}

/// Old and new layouts of the same answer; with MIG on, the whole card's free memory is not to be had
/// (NOT_SUPPORTED or NO_PERMISSION) and stays unknown.
void add_memory(const Library& nvml, Device device, json& item) {
  MemoryV2 memory{};
  memory.version = kMemoryV2;
  if (nvml.call("nvmlDeviceGetMemoryInfo_v2", device, &memory) == kSuccess) {
    item["memory_bytes"] = memory.total;
    item["memory_free_bytes"] = memory.free;
    return;
  }
  Memory old{};
  if (nvml.call("nvmlDeviceGetMemoryInfo", device, &old) == kSuccess) {
    item["memory_bytes"] = old.total;
    item["memory_free_bytes"] = old.free;
  }
}

int active_links(const Library& nvml, Device device) {
  int active = 0;
  for (unsigned link = 0; link < kMaxLinks; ++link) {
    int state = 0;
    if (nvml.call("nvmlDeviceGetNvLinkState", device, link, &state) != kSuccess) break;
    if (state == 1) ++active;
  }
  return active;
}

void add_health(const Library& nvml, Device device, json& item) {
  int current = 0;
  int pending = 0;
  if (nvml.call("nvmlDeviceGetEccMode", device, &current, &pending) == kSuccess) {
    item["ecc"] = current == 1;
    unsigned long long errors = 0;
    constexpr int kUncorrected = 1;
    constexpr int kLifetime = 1;
    if (nvml.call("nvmlDeviceGetTotalEccErrors", device, kUncorrected, kLifetime, &errors) == kSuccess)
      item["ecc_uncorrected_errors"] = errors;
  }
  unsigned mig = 0;
  unsigned mig_pending = 0;
  if (nvml.call("nvmlDeviceGetMigMode", device, &mig, &mig_pending) == kSuccess) item["mig"] = mig == 1;
  unsigned value = 0;
  if (nvml.call("nvmlDeviceGetEnforcedPowerLimit", device, &value) == kSuccess ||
      nvml.call("nvmlDeviceGetPowerManagementLimit", device, &value) == kSuccess) {
    item["power_limit_watts"] = value / 1000.0;
  }
  constexpr int kGpuSensor = 0;
  if (nvml.call("nvmlDeviceGetTemperature", device, kGpuSensor, &value) == kSuccess)
    item["temperature_celsius"] = value;
  Utilization utilization{};
  if (nvml.call("nvmlDeviceGetUtilizationRates", device, &utilization) == kSuccess)
    item["utilization_percent"] = utilization.gpu;
  item["nvlink_active"] = active_links(nvml, device);
}

json device_at(const Library& nvml, unsigned index) {
  Device device = nullptr;
  const int code = nvml.call("nvmlDeviceGetHandleByIndex_v2", index, &device);
  if (code != kSuccess) return {{"index", index}, {"error", nvml.text(code)}};
  json item = json::object();
  add_identity(nvml, device, item);
  add_memory(nvml, device, item);
  // a card that was lost after the library had started answers its name but no reading
  Memory probe{};
  const int alive = nvml.call("nvmlDeviceGetMemoryInfo", device, &probe);
  if (alive == kGpuIsLost) {
    item["error"] = nvml.text(alive);
    return item;
  }
  add_health(nvml, device, item);
  return item;
}

json ask_everything(const Library& nvml) {
  json answer = {{"status", "ok"}, {"devices", json::array()}};
  std::array<char, 80> text{};
  if (nvml.call("nvmlSystemGetDriverVersion", text.data(), 80u) == kSuccess) answer["driver"] = text_of(text);
  int cuda = 0;  // 12040 is 12.4
  if (nvml.call("nvmlSystemGetCudaDriverVersion_v2", &cuda) == kSuccess ||
      nvml.call("nvmlSystemGetCudaDriverVersion", &cuda) == kSuccess) {
    answer["cuda"] = std::to_string(cuda / 1000) + "." + std::to_string(cuda % 1000 / 10);
  }
  unsigned count = 0;
  const int code = nvml.call("nvmlDeviceGetCount_v2", &count);
  if (code != kSuccess) {
    answer["status"] = nvml.text(code);
    return answer;
  }
  for (unsigned index = 0; index < std::min(count, kMaxDevices); ++index)
    answer["devices"].push_back(device_at(nvml, index));
  return answer;
}

json unavailable(std::string_view why) {
  return {{"status", why}, {"devices", json::array()}};
}

Result<std::string> ask_library(const std::string& name) {
  const Library nvml(name);
  if (!nvml) return unavailable("no library").dump();
  int code = nvml.call("nvmlInit_v2");
  if (code != kSuccess) return unavailable(nvml.text(code)).dump();
  const json answer = ask_everything(nvml);
  nvml.call("nvmlShutdown");
  return answer.dump();
}

}  // namespace

Result<std::string> ask_nvml(std::string_view library) {
  // Without its device the library would start nvidia-modprobe; this agent starts no program.
  struct stat native {};
  if (library.empty() && stat("/dev/nvidiactl", &native) != 0) return unavailable("no driver").dump();
  return answer_within(
      kTimeout, "nvml",
      [name = library.empty() ? std::string(kLibrary) : std::string(library)] { return ask_library(name); });
}

}  // namespace plumbline
