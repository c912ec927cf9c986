// SPDX-License-Identifier: Apache-2.0
// A library that answers as libnvidia-ml.so.1 does, for tests: PLUMBLINE_FAKE_NVML names the row of the table below, or a
// file that nvidia-smi -q -x wrote.
// Built with PLUMBLINE_OLD_DRIVER it lacks what drivers of 2018 lacked.
#include <cstdio>
#include <cstdlib>
#include <cmath>
#include <cstring>
#include <deque>
#include <vector>

#include "tests/agent/smi_capture.h"

namespace {

constexpr int kSuccess = 0;
constexpr int kInvalidArgument = 2;
constexpr int kNotSupported = 3;
constexpr int kNoPermission = 4;
constexpr int kDriverNotLoaded = 9;
constexpr int kGpuIsLost = 15;
constexpr int kResetRequired = 16;
constexpr int kInsufficientSize = 7;
constexpr int kMismatch = 18;
constexpr int kUnset = -1;

struct Card {
  const char* name;
  const char* bus_id;  // 8 digits of domain, upper case
  unsigned long long total_mib, reserved_mib, used_mib;
  int major, minor;
  int ecc;         // -1: not supported
  int mig;
  unsigned milliwatts;
  int links;       // of which the first is down
  int handle_code; // what asking for the handle returns
  int reading_code;  // what every reading after the handle returns: lost, reset required
  unsigned long long slowdown = 0;  // bits of the clocks event reasons
  int fabric = kUnset;              // state of the fabric; 10 + status where registration failed
  unsigned bad_rows = 0;            // 1: a repair waits, 2: it failed
  unsigned processes = 0;           // each holds 1 GiB
  int celsius = 44, busy = 37, persistent = 1;
  unsigned drawn_milliwatts = 60500, clock = 210, clock_max = 1980;
};

struct Machine {
  const char* name;
  int init_code;
  const char* driver;
  int cuda;
  unsigned count;
  Card cards[8];
};

constexpr Machine kMachines[] = {
    {"t4", kSuccess, "535.161.08", 12020, 1, {{"Tesla T4", "00000000:3B:00.0", 15360, 400, 100, 7, 5, 1, kUnset, 70000, 0, kSuccess, kSuccess}}},
    {"l40s", kSuccess, "580.178.04", 13000, 2, {{"NVIDIA L40S", "00000000:17:00.0", 46068, 500, 20000, 8, 9, 1, kUnset, 350000, 0, kSuccess, kSuccess},
                                                 {"NVIDIA L40S", "00000000:98:00.0", 46068, 500, 0, 8, 9, 0, kUnset, 350000, 0, kSuccess, kSuccess}}},
    {"a100-mig", kSuccess, "550.54.15", 12040, 1, {{"NVIDIA A100-SXM4-80GB", "00000000:07:00.0", 81920, 700, 0, 8, 0, 1, 1, 400000, 12, kSuccess, kSuccess}}},
    {"lost", kSuccess, "580.178.04", 13000, 3, {{"NVIDIA L40S", "00000000:17:00.0", 46068, 500, 0, 8, 9, 1, kUnset, 350000, 0, kSuccess, kSuccess},
                                                 {"", "00000000:98:00.0", 0, 0, 0, 0, 0, kUnset, kUnset, 0, 0, kGpuIsLost, kSuccess},
                                                 {"NVIDIA L40S", "00000000:B8:00.0", 46068, 500, 0, 8, 9, 1, kUnset, 350000, 0, kSuccess, kGpuIsLost}}},
    {"hgx", kSuccess, "580.178.04", 13000, 8, {{"NVIDIA H100 80GB HBM3", "00000000:19:00.0", 81559, 600, 0, 9, 0, 1, 0, 700000, 18, kSuccess, kSuccess, 0x44, 3, 0, 2},
                                                {"NVIDIA H100 80GB HBM3", "00000000:3B:00.0", 81559, 600, 0, 9, 0, 1, 0, 700000, 18, kSuccess, kSuccess, 0x1, 3, 1},
                                                {"NVIDIA H100 80GB HBM3", "00000000:4C:00.0", 81559, 600, 0, 9, 0, 1, 0, 700000, 18, kSuccess, kSuccess, 0x88, 3, 2},
                                                {"NVIDIA H100 80GB HBM3", "00000000:5D:00.0", 81559, 600, 0, 9, 0, 1, 0, 700000, 18, kSuccess, kSuccess, 0, 2},
                                                {"NVIDIA H100 80GB HBM3", "00000000:9B:00.0", 81559, 600, 0, 9, 0, 1, 0, 700000, 18, kSuccess, kSuccess, 0, 1},
                                                {"NVIDIA H100 80GB HBM3", "00000000:BB:00.0", 81559, 600, 0, 9, 0, 1, 0, 700000, 18, kSuccess, kSuccess, 0, 13},
                                                {"NVIDIA H100 80GB HBM3", "00000000:CB:00.0", 81559, 600, 0, 9, 0, 1, 0, 700000, 18, kSuccess, kSuccess, 0, 3},
                                                {"NVIDIA H100 80GB HBM3", "00000000:DB:00.0", 81559, 600, 0, 9, 0, 1, 0, 700000, 18, kSuccess, kSuccess, 0, 0}}},
    {"reset", kSuccess, "580.178.04", 13000, 2, {{"NVIDIA A30", "00000000:17:00.0", 24576, 300, 0, 8, 0, 1, 0, 165000, 0, kSuccess, kResetRequired},
                                                  {"NVIDIA A30", "00010000:01:00.0", 24576, 300, 0, 8, 0, 1, 0, 165000, 0, kSuccess, kSuccess}}},
    {"forbidden", kSuccess, "580.178.04", 13000, 1, {{"", "", 0, 0, 0, 0, 0, kUnset, kUnset, 0, 0, kNoPermission, kSuccess}}},
    {"no-driver", kDriverNotLoaded, "", 0, 0, {}},
    {"mismatch", kMismatch, "", 0, 0, {}},
    {"garbled", kSuccess, "\xff\xfe\x01", -7, 1, {{"\xc3(\x01", "zz", ~0ull >> 20, 0, 0, -3, 77, 9, 9, ~0u, 99, kSuccess, kSuccess}}},
};

const Machine* current = nullptr;

// Two instances of every divided card.
struct Instance {
  const char* name;
  unsigned slices;
  unsigned long long total_mib, free_mib;
  const Card* card = nullptr;  // of captures
};
constexpr Instance kInstances[] = {{"NVIDIA A100-SXM4-80GB MIG 3g.40gb", 3, 40192, 40000}, {"", 1, 9728, 9728}};
std::deque<Instance> captured_instances;
std::deque<std::string> texts;
Machine captured;

const Instance* instance_of(void* device) {
  for (const auto& instance : kInstances) {
    if (device == &instance) return &instance;
  }
  for (const auto& instance : captured_instances) {
    if (device == &instance) return &instance;
  }
  return nullptr;
}

const char* kept(std::string_view text) { return texts.emplace_back(text).c_str(); }

unsigned long long slowdown_in(std::string_view gpu) {
  unsigned long long bits = 0;
  for (const char* kind : {"clocks_event_reason_", "clocks_throttle_reason_"}) {
    for (const auto& [name, bit] : {std::pair{"sw_power_cap", 0x4ull}, {"hw_slowdown", 0x8ull}, {"sw_thermal_slowdown", 0x20ull},
                                    {"hw_thermal_slowdown", 0x40ull}, {"hw_power_brake_slowdown", 0x80ull}})
      if (plumbline::element(gpu, std::string(kind) + name) == "Active") bits |= bit;
  }
  return bits;
}

Card card_in(std::string_view gpu) {
  using namespace plumbline;
  const auto mib = [&](std::string_view memory, const char* name) {
    return static_cast<unsigned long long>(amount(element(memory, name)).value_or(0));
  };
  const auto milli = [&](std::initializer_list<const char*> names) {
    for (const char* name : names) {
      if (const auto watts = amount(element(gpu, name))) return static_cast<unsigned>(std::lround(*watts * 1000));
    }
    return 0u;
  };
  Card card{};
  card.name = kept(element(gpu, "product_name"));
  card.bus_id = kept(gpu.substr(9, gpu.find('"', 9) - 9));  // <gpu id="00000000:01:00.0">
  const auto own = gpu.substr(std::min(gpu.find("</mig_devices>"), gpu.size()) == gpu.size() ? 0 : gpu.find("</mig_devices>"));
  const auto memory = element(own, "fb_memory_usage");
  card.reading_code = element(memory, "total") == "GPU is lost" ? kGpuIsLost : kSuccess;
  card.total_mib = mib(memory, "total");
  card.reserved_mib = mib(memory, "reserved");
  card.used_mib = mib(memory, "used");
  card.ecc = switched(element(gpu, "current_ecc"));
  card.mig = switched(element(gpu, "current_mig"));
  card.milliwatts = milli({"enforced_power_limit", "current_power_limit", "power_limit"});
  card.drawn_milliwatts = milli({"instant_power_draw", "power_draw"});
  card.slowdown = slowdown_in(gpu);
  card.fabric = element(element(gpu, "fabric"), "state") == "Completed" ? element(element(gpu, "fabric"), "status") == "Success" ? 3 : 13 : kUnset;
  card.bad_rows = element(gpu, "remapped_row_failure") == "Yes" ? 2 : element(gpu, "remapped_row_pending") == "Yes" ? 1 : 0;
  card.celsius = static_cast<int>(amount(element(gpu, "gpu_temp")).value_or(kUnset));
  card.busy = static_cast<int>(amount(element(own, "gpu_util")).value_or(kUnset));
  card.persistent = switched(element(gpu, "persistence_mode"));
  card.clock = static_cast<unsigned>(amount(element(element(gpu, "clocks"), "sm_clock")).value_or(0));
  card.clock_max = static_cast<unsigned>(amount(element(element(gpu, "max_clocks"), "sm_clock")).value_or(0));
  card.major = element(gpu, "remapped_row_pending").empty() ? 7 : 8;
  return card;
}

void read_capture_of(const char* path) {
  using namespace plumbline;
  const std::string& text = texts.emplace_back(read_capture(path));
  captured = {"capture", kSuccess, kept(element(text, "driver_version")), 0, 0, {}};
  captured_instances.clear();
  if (const auto cuda = amount(element(text, "cuda_version"))) captured.cuda = static_cast<int>(*cuda) * 1000 + static_cast<int>(std::lround(*cuda * 10)) % 10 * 10;
  for (const auto gpu : each(text, "<gpu id=", "</gpu>")) {
    if (captured.count == 8) break;
    const Card& card = captured.cards[captured.count++] = card_in(gpu);
    for (const auto instance : each(gpu, "<mig_device>", "</mig_device>")) {
      const auto memory = element(instance, "fb_memory_usage");
      captured_instances.push_back({"", 0, static_cast<unsigned long long>(amount(element(memory, "total")).value_or(0)),
                                    static_cast<unsigned long long>(amount(element(memory, "free")).value_or(0)), &card});
    }
  }
  current = &captured;
}

const Card* card_of(void* device) { return static_cast<const Card*>(device); }

int copy(const char* text, char* buffer, unsigned length) {
  std::snprintf(buffer, length, "%s", text);
  return kSuccess;
}

int reading(void* device) { return card_of(device)->reading_code; }

struct PciInfo {
  char bus_id_legacy[16];
  unsigned domain, bus, device, pci_device_id, pci_subsystem_id;
  char bus_id[32];
};
struct Memory {
  unsigned long long total, free, used;
};
[[maybe_unused]] constexpr unsigned long long kMib = 1u << 20;

}  // namespace

extern "C" {

int nvmlInit_v2() {
  const char* wanted = std::getenv("PLUMBLINE_FAKE_NVML");
  if (wanted != nullptr && wanted[0] == '/') read_capture_of(wanted);
  for (const auto& machine : kMachines) {
    if (wanted != nullptr && std::strcmp(wanted, machine.name) == 0) current = &machine;
  }
  return current == nullptr ? kInvalidArgument : current->init_code;
}
int nvmlShutdown() { return kSuccess; }
int nvmlSystemGetDriverVersion(char* text, unsigned length) { return copy(current->driver, text, length); }
int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = current->count;
  return kSuccess;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  const Card& card = current->cards[index];
  *device = const_cast<Card*>(&card);
  return card.handle_code;
}
int nvmlDeviceGetName(void* device, char* text, unsigned length) {
  if (const auto* instance = instance_of(device)) return instance->name[0] == '\0' ? kNotSupported : copy(instance->name, text, length);
  return copy(card_of(device)->name, text, length);
}
int nvmlDeviceGetUUID(void* device, char* text, unsigned length) {
  char uuid[64];
  std::snprintf(uuid, sizeof uuid, "GPU-%s", card_of(device)->bus_id);
  return copy(uuid, text, length);
}
int nvmlDeviceGetMemoryInfo(void* device, Memory* memory) {
  if (const auto* instance = instance_of(device)) {
    *memory = {instance->total_mib * kMib, instance->free_mib * kMib, (instance->total_mib - instance->free_mib) * kMib};
    return kSuccess;
  }
  const Card& card = *card_of(device);
  *memory = {card.total_mib * kMib, (card.total_mib - card.used_mib - card.reserved_mib) * kMib, (card.used_mib + card.reserved_mib) * kMib};
  return reading(device);
}
int nvmlDeviceGetTemperature(void* device, int, unsigned* value) {
  *value = static_cast<unsigned>(card_of(device)->celsius);
  return card_of(device)->celsius < 0 ? kNotSupported : reading(device);
}
int nvmlDeviceGetEccMode(void* device, int* now, int* pending) {
  if (card_of(device)->ecc == kUnset) return kNotSupported;
  *now = *pending = card_of(device)->ecc;
  return reading(device);
}
int nvmlDeviceGetTotalEccErrors(void* device, int, int, unsigned long long* count) {
  *count = 2;
  return reading(device);
}
int nvmlDeviceGetPowerManagementLimit(void* device, unsigned* value) {
  *value = card_of(device)->milliwatts;
  return card_of(device)->milliwatts == 0 ? kNotSupported : reading(device);
}
#ifdef PLUMBLINE_OLD_DRIVER
int nvmlDeviceGetPciInfo_v2(void* device, PciInfo* pci) {
  std::snprintf(pci->bus_id_legacy, sizeof pci->bus_id_legacy, "%s", card_of(device)->bus_id + 4);
  return kSuccess;
}
#else
int nvmlDeviceGetPciInfo_v3(void* device, PciInfo* pci) {
  std::snprintf(pci->bus_id, sizeof pci->bus_id, "%s", card_of(device)->bus_id);
  return kSuccess;
}
int nvmlSystemGetCudaDriverVersion_v2(int* version) {
  *version = current->cuda;
  return kSuccess;
}
struct MemoryV2 {
  unsigned version;
  unsigned long long total, reserved, free, used;
};
int nvmlDeviceGetMemoryInfo_v2(void* device, MemoryV2* memory) {
  if (memory->version != 0x02000028) return 25;
  const Card& card = *card_of(device);
  *memory = {memory->version, card.total_mib * kMib, card.reserved_mib * kMib, (card.total_mib - card.used_mib - card.reserved_mib) * kMib, card.used_mib * kMib};
  return reading(device);
}
int nvmlDeviceGetCudaComputeCapability(void* device, int* major, int* minor) {
  *major = card_of(device)->major;
  *minor = card_of(device)->minor;
  return kSuccess;
}
int nvmlDeviceGetMigMode(void* device, unsigned* now, unsigned* pending) {
  if (card_of(device)->mig == kUnset) return kNotSupported;
  *now = *pending = static_cast<unsigned>(card_of(device)->mig);
  return reading(device);
}
int nvmlDeviceGetEnforcedPowerLimit(void* device, unsigned* value) { return nvmlDeviceGetPowerManagementLimit(device, value); }
int nvmlDeviceGetUtilizationRates(void* device, unsigned* rates) {
  if (card_of(device)->mig == 1 || card_of(device)->busy < 0) return kNotSupported;  // as real ones with MIG on
  rates[0] = static_cast<unsigned>(card_of(device)->busy);
  rates[1] = 12;
  return reading(device);
}
int nvmlDeviceGetNvLinkState(void* device, unsigned link, int* state) {
  if (link >= static_cast<unsigned>(card_of(device)->links)) return card_of(device)->links == 0 ? kNotSupported : kInvalidArgument;
  *state = link == 0 ? 0 : 1;
  return reading(device);
}
int nvmlDeviceGetPowerUsage(void* device, unsigned* value) {
  *value = card_of(device)->drawn_milliwatts;
  return reading(device);
}
int nvmlDeviceGetClockInfo(void* device, int, unsigned* value) {
  *value = card_of(device)->clock;
  return reading(device);
}
int nvmlDeviceGetMaxClockInfo(void* device, int, unsigned* value) {
  *value = card_of(device)->clock_max;
  return reading(device);
}
int nvmlDeviceGetPersistenceMode(void* device, int* mode) {
  *mode = card_of(device)->persistent;
  return card_of(device)->persistent < 0 ? kNotSupported : reading(device);
}
int nvmlDeviceGetCurrentClocksThrottleReasons(void* device, unsigned long long* reasons) {  // the older of its two names
  *reasons = card_of(device)->slowdown;
  return reading(device);
}
int nvmlDeviceGetRemappedRows(void* device, unsigned* corrected, unsigned* uncorrected, unsigned* pending, unsigned* failed) {
  if (card_of(device)->major < 8) return kNotSupported;
  *corrected = *uncorrected = card_of(device)->bad_rows;
  *pending = card_of(device)->bad_rows == 1;
  *failed = card_of(device)->bad_rows == 2;
  return reading(device);
}
int nvmlDeviceGetRetiredPagesPendingStatus(void* device, int* pending) {
  *pending = 1;
  return reading(device);
}
struct ProcessInfo {
  unsigned pid;
  unsigned long long used;
  unsigned gpu_instance, compute_instance;
};
int nvmlDeviceGetComputeRunningProcesses_v3(void* device, unsigned* count, ProcessInfo* processes) {
  const unsigned running = card_of(device)->processes;
  const bool fits = *count >= running;
  *count = running;
  if (!fits) return kInsufficientSize;
  for (unsigned i = 0; i < running; ++i) processes[i] = {100 + i, 1024 * kMib, ~0u, ~0u};
  return reading(device);
}
struct FabricInfo {
  unsigned char cluster[16];
  int status;
  unsigned clique;
  unsigned char state;
};
int nvmlDeviceGetGpuFabricInfo(void* device, FabricInfo* fabric) {
  const int state = card_of(device)->fabric;
  if (state == kUnset) return kNotSupported;
  fabric->state = static_cast<unsigned char>(state % 10);
  fabric->status = state >= 10 ? kNotSupported : kSuccess;
  return reading(device);
}
int nvmlDeviceGetMaxMigDeviceCount(void* device, unsigned* count) {
  *count = 7;
  return reading(device);
}
int nvmlDeviceGetMigDeviceHandleByIndex(void* device, unsigned index, void** instance) {
  for (auto& one : captured_instances) {
    if (one.card != device || index-- != 0) continue;
    *instance = &one;
    return kSuccess;
  }
  if (current == &captured) return 6;
  if (index == 1 || index > 2) return 6;  // NOT_FOUND: places between instances stay empty
  *instance = const_cast<Instance*>(&kInstances[index == 0 ? 0 : 1]);
  return kSuccess;
}
struct DeviceAttributes {
  unsigned multiprocessors, copy_engines, decoders, encoders, jpeg, ofa, gpu_slices, compute_slices;
  unsigned long long memory_mib;
};
int nvmlDeviceGetAttributes_v2(void* device, DeviceAttributes* attributes) {
  const auto* instance = instance_of(device);
  if (instance == nullptr || instance->slices == 0) return kInvalidArgument;
  *attributes = {};
  attributes->gpu_slices = instance->slices;
  attributes->memory_mib = instance->total_mib;
  return kSuccess;
}
const char* nvmlErrorString(int) { return "some words of the driver"; }
#endif

}  // extern "C"
