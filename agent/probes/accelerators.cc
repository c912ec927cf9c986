// SPDX-License-Identifier: Apache-2.0
// Accelerators: every PCI function that can compute, with what its driver tells of it.
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "agent/probes/hardware.h"
#include "agent/probes/pci_accelerators.h"
#include "agent/probes/pci_distance.h"
#include "agent/read.h"
#include "base/text.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::string_view kPciFolder = "/sys/bus/pci/devices";
constexpr std::string_view kKfdNodes = "/sys/class/kfd/kfd/topology/nodes";
constexpr std::size_t kMaxFunctions = 65536;
constexpr std::size_t kMaxDevices = 1024;
constexpr std::size_t kMaxKfdNodes = 4096;
constexpr std::uint64_t kDisplayClass = 0x038000;
constexpr std::size_t kMaxToolkits = 64;

/// "0x10de" as four digits: "10de".
std::optional<std::string> read_id(const Host& host, const std::string& path) {
  const auto text = read_text(host, path);
  const auto number = text ? parse_hex(*text) : std::nullopt;
  if (!number || *number > 0xffff) return std::nullopt;
  return four_digits(static_cast<unsigned>(*number));
}

/// "8.0 GT/s PCIe", "Unknown"
std::optional<double> read_link_speed(const Host& host, const std::string& path) {
  const auto text = read_text(host, path);
  return text ? parse_double(text->substr(0, text->find(' '))) : std::nullopt;
}

void add_link(const Host& host, const std::string& folder, json& item) {
  const auto width = [&](const char* name, const char* key) {
    const auto lanes = read_u64(host, folder + name);
    if (lanes && *lanes > 0 && *lanes <= 64) item[key] = *lanes;  // 0 and 255 mean that nobody knows
  };
  const auto speed = [&](const char* name, const char* key) {
    if (const auto rate = read_link_speed(host, folder + name)) item[key] = *rate;
  };
  width("/current_link_width", "link_width");
  width("/max_link_width", "link_width_max");
  speed("/current_link_speed", "link_gts");
  speed("/max_link_speed", "link_gts_max");
}

/// The driver's name, "" where none is bound; nothing where a capture holds neither link nor a whole uevent.
std::optional<std::string> driver_of(const Host& host, const std::string& folder) {
  if (const auto uevent = read_text(host, folder + "/uevent")) {
    if (const auto driver = value_of(*uevent, "DRIVER", '=')) return std::string(*driver);
    if (value_of(*uevent, "PCI_CLASS", '=')) return "";
  }
  const auto link = host.read_link(folder + "/driver");
  if (link) return std::string(last_step(*link));
  return std::nullopt;
}

/// A node of the compute driver's topology that can compute: a GPU, or a partition of one.
struct KfdNode {
  std::uint64_t number = 0;  // of its folder
  std::uint64_t domain = 0;
  std::uint64_t location = 0;  // bus << 8 | device << 3 | function, with a partition's number
  std::uint64_t unique_id = 0;
  std::uint64_t memory_bytes = 0;  // 0 where it cannot be told
  unsigned vendor = 0;
  unsigned device = 0;
  std::string gfx;
};

struct KfdTopology {
  std::vector<KfdNode> gpus;            // by location
  std::set<std::uint64_t> processors;  // numbers of the nodes of CPUs
};

/// One AMD GPU as the compute driver sees it; its partitions are one card.
struct KfdGpu {
  unsigned vendor = 0;
  unsigned device = 0;
  std::uint64_t memory_bytes = 0;
  bool memory_known = true;  // of all parts
  std::string gfx;
  std::uint64_t unique_id = 0;
  std::vector<std::uint64_t> locations;  // whole, with a partition's number
  std::optional<int> xgmi_links;         // of its first node
};

/// 90402 is gfx942, 90010 is gfx90a: major, two digits minor, two digits stepping; the last two are
/// hexadecimal.
std::string gfx_name(std::uint64_t version) {
  if (version == 0 || version > 999'999) return "";
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto minor = version / 100 % 100;
  const auto stepping = version % 100;
  if (minor > 15 || stepping > 15) return "";
  return "gfx" + std::to_string(version / 10000) + kDigits[minor] + kDigits[stepping];
}

/// Lines "size_in_bytes 17163091968".
std::uint64_t property(std::string_view text, std::string_view key) {
  const auto value = value_of(text, key, ' ');
  return value ? parse_u64(*value).value_or(0) : 0;
}

/// 0 where it cannot be told.
std::uint64_t kfd_memory(const Host& host, const std::string& node, std::uint64_t local_mem_size) {
  std::uint64_t sum = 0;
  const auto banks = host.list(node + "/mem_banks");
  if (banks) {
    for (const auto& bank : *banks) {
      const auto text = read_text(host, node + "/mem_banks/" + bank.name + "/properties");
      if (!text || !contains(*text, "heap_type")) return 0;
      const auto heap = property(*text, "heap_type");  // 1, 2: the card's own memory, seen by the host or not
      if (heap == 1 || heap == 2) sum += std::min(property(*text, "size_in_bytes"), std::uint64_t{1} << 50);
    }
  }
  return sum > 0 ? sum : std::min(local_mem_size, std::uint64_t{1} << 50);
}

/// Partitions of one card bear its unique id or a place of their own, and each has its share of the memory;
/// two nodes that differ in the id alone are one card told twice.
void add_node(KfdGpu& gpu, const KfdNode& node) {
  const bool new_place =
      std::find(gpu.locations.begin(), gpu.locations.end(), node.location) == gpu.locations.end();
  const bool is_part = gpu.locations.empty() || new_place || node.unique_id == gpu.unique_id;
  gpu.memory_bytes =
      is_part ? gpu.memory_bytes + node.memory_bytes : std::max(gpu.memory_bytes, node.memory_bytes);
  gpu.memory_known = gpu.memory_known && node.memory_bytes > 0;
  if (gpu.locations.empty()) gpu.unique_id = node.unique_id;
  if (new_place) gpu.locations.push_back(node.location);
  gpu.vendor = node.vendor;
  gpu.device = node.device;
  gpu.gfx = node.gfx;
}

Result<KfdNode> parse_kfd_node(const Host& host, const std::string& node, std::string_view text) {
  if (const auto known = value_of(text, "location_id", ' '); known && !parse_u64(*known))
    return fail(ErrorKind::invalid, "no location_id: " + node + "/properties");
  KfdNode found;
  found.number = parse_u64(last_step(node)).value_or(UINT64_MAX);
  found.domain = property(text, "domain") & 0xffff;
  found.location = property(text, "location_id");
  found.unique_id = property(text, "unique_id");
  found.memory_bytes = kfd_memory(host, node, property(text, "local_mem_size"));
  found.vendor = static_cast<unsigned>(property(text, "vendor_id") & 0xffff);
  found.device = static_cast<unsigned>(property(text, "device_id") & 0xffff);
  found.gfx = gfx_name(property(text, "gfx_target_version"));
  return found;
}

Result<KfdTopology> read_kfd_nodes(const Host& host) {
  const auto nodes = host.list(kKfdNodes);
  if (!nodes) return tl::unexpected<Error>(nodes.error());
  KfdTopology topology;
  for (const auto& entry : *nodes) {
    if (topology.gpus.size() >= kMaxKfdNodes) break;
    const std::string node = std::string(kKfdNodes) + "/" + entry.name;
    const auto text = read_text(host, node + "/properties");
    if (!text) return tl::unexpected<Error>(text.error());
    if (text->empty()) continue;  // a card that is not this container's
    const auto simd = value_of(*text, "simd_count", ' ');
    if (!simd || !parse_u64(*simd)) return fail(ErrorKind::invalid, "no simd_count: " + node + "/properties");
    if (property(*text, "simd_count") == 0) {
      topology.processors.insert(parse_u64(entry.name).value_or(UINT64_MAX));
      continue;
    }
    auto found = parse_kfd_node(host, node, *text);
    if (!found) return tl::unexpected<Error>(found.error());
    topology.gpus.push_back(std::move(*found));
  }
  std::sort(topology.gpus.begin(), topology.gpus.end(), [](const KfdNode& a, const KfdNode& b) {
    return std::tie(a.domain, a.location) < std::tie(b.domain, b.location);
  });
  return topology;
}

/// The PCI address of a node's card. A partition's number stands above the address, or, as kernels before 6.9 write it
/// (kfd_topology_add_device), in place of the function: the card is the lowest of those with its unique id.
std::string card_of(const KfdNode& node, const std::vector<KfdNode>& all) {
  constexpr std::uint64_t kSlot = 0xfff8;
  std::uint64_t function = node.location & 7;
  for (const auto& other : all) {
    const bool same_slot = other.domain == node.domain && (other.location & kSlot) == (node.location & kSlot);
    if (same_slot && other.unique_id == node.unique_id && node.unique_id != 0)
      function = std::min(function, other.location & 7);
  }
  return pci_address(node.domain, node.location >> 8 & 0xff, node.location >> 3 & 0x1f, function);
}

/// How many other cards a node reaches by xGMI: files io_links/N/properties with "type 11" (HSA_IOLINK_TYPE_XGMI). Links
/// to partitions of its own card and to processors (those of an APU are xGMI, too) do not count.
std::optional<int> xgmi_links(const Host& host, std::uint64_t number, const std::string& own,
                              const std::map<std::uint64_t, std::string>& cards,
                              const std::set<std::uint64_t>& processors) {
  constexpr std::uint64_t kXgmi = 11;
  const std::string folder = std::string(kKfdNodes) + "/" + std::to_string(number) + "/io_links";
  const auto links = host.list(folder);
  if (!links) return is_absent(links.error()) ? std::optional(0) : std::nullopt;
  std::set<std::string> reached;
  for (const auto& link : *links) {
    const auto text = read_text(host, folder + "/" + link.name + "/properties");
    const auto type = text ? value_of(*text, "type", ' ') : std::nullopt;
    if (!type || !parse_u64(*type)) return std::nullopt;
    if (property(*text, "type") != kXgmi) continue;
    const auto to = value_of(*text, "node_to", ' ');
    const auto target = to ? parse_u64(*to) : std::nullopt;
    if (!target) return std::nullopt;
    if (processors.count(*target) != 0 || reached.size() >= kMaxDevices) continue;
    const auto card = cards.find(*target);
    reached.insert(card == cards.end() ? "node " + std::to_string(*target) : card->second);
  }
  reached.erase(own);
  return static_cast<int>(reached.size());
}

/// By PCI address. Empty where the compute driver runs but has no GPU.
Result<std::map<std::string, KfdGpu>> read_kfd(const Host& host) {
  const auto topology = read_kfd_nodes(host);
  if (!topology) return tl::unexpected<Error>(topology.error());
  std::map<std::uint64_t, std::string> cards;
  for (const auto& node : topology->gpus) cards[node.number] = card_of(node, topology->gpus);
  std::map<std::string, KfdGpu> gpus;
  for (const auto& node : topology->gpus) {
    const std::string& card = cards[node.number];
    KfdGpu& gpu = gpus[card];
    if (gpu.locations.empty())
      gpu.xgmi_links = xgmi_links(host, node.number, card, cards, topology->processors);
    add_node(gpu, node);
  }
  return gpus;
}

/// The first hwmon folder of a device, or "".
std::string hwmon_of(const Host& host, const std::string& folder) {
  const auto entries = host.list(folder + "/hwmon");
  return entries && !entries->empty() ? folder + "/hwmon/" + entries->front().name : std::string();
}

void add_sensors(const Host& host, const std::string& folder, json& item) {
  const auto hwmon = hwmon_of(host, folder);
  if (hwmon.empty()) return;
  for (const char* name : {"/power1_cap", "/power1_max"}) {  // amdgpu; i915 and xe
    const auto limit = read_u64(host, hwmon + name);
    if (!limit || *limit == 0) continue;
    item["power_limit_watts"] = static_cast<double>(*limit) / 1e6;
    break;
  }
  if (const auto heat = read_i64(host, hwmon + "/temp1_input"))
    item["temperature_celsius"] = static_cast<double>(*heat) / 1000;
}

/// "ue: 0\nce: 3" of every block that counts errors; nothing where one of them cannot be read.
void add_ras(const Host& host, const std::string& folder, json& item) {
  const auto entries = host.list(folder + "/ras");
  if (!entries) return;
  std::uint64_t sum = 0;
  bool any = false;
  for (const auto& entry : *entries) {
    if (!contains(entry.name, "_err_count")) continue;
    const auto text = read_text(host, folder + "/ras/" + entry.name);
    const auto value = text ? value_of(*text, "ue", ':') : std::nullopt;
    const auto count = value ? parse_u64(*value) : std::nullopt;
    if (!count || *count > UINT32_MAX) return;
    sum += *count;
    any = true;
  }
  if (any) item["ecc_uncorrected_errors"] = sum;
}

/// A GPU within a processor (Strix Halo, MI300A), whose memory is the host's.
bool shares_memory(const json& item) {
  return item["device_id"] == "1586" || item["device_id"] == "74a0";
}

/// How the processors and the memory of a card are divided: "SPX" (whole) to "CPX", "NPS1" to "NPS8" (amdgpu).
void add_partition_modes(const Host& host, const std::string& folder, json& item) {
  constexpr std::array<std::string_view, 5> kCompute = {"SPX", "DPX", "TPX", "QPX", "CPX"};
  constexpr std::array<std::string_view, 4> kMemory = {"NPS1", "NPS2", "NPS4", "NPS8"};
  const auto add = [&](const char* name, const char* key, const auto& known) {
    const auto mode = read_text(host, folder + name);
    if (mode && std::find(known.begin(), known.end(), *mode) != known.end()) item[key] = *mode;
  };
  add("/current_compute_partition", "compute_partition", kCompute);
  add("/current_memory_partition", "memory_partition", kMemory);
}

void add_amd(const Host& host, const std::string& folder, const Result<std::map<std::string, KfdGpu>>& kfd,
             json& item) {
  const auto total = read_u64(host, folder + "/mem_info_vram_total");
  if (total && *total <= INT64_MAX) {
    item["memory_bytes"] = *total;
    const auto used = read_u64(host, folder + "/mem_info_vram_used");
    if (used) item["memory_free_bytes"] = *total - std::min(*total, *used);
  }
  if (const auto name = read_text(host, folder + "/product_name"); name && !name->empty())
    item["name"] = *name;
  if (const auto busy = read_u64(host, folder + "/gpu_busy_percent"); busy && *busy <= 100)
    item["utilization_percent"] = *busy;
  add_sensors(host, folder, item);
  add_ras(host, folder, item);
  add_partition_modes(host, folder, item);
  if (shares_memory(item)) {  // what sysfs tells is the part that the firmware set aside
    item.erase("memory_bytes");
    item.erase("memory_free_bytes");
  }
  if (!kfd) return;
  const auto found = kfd->find(item["address"].get<std::string>());
  if (found == kfd->end()) return;
  if (!item.contains("memory_bytes") && found->second.memory_known)
    item["memory_bytes"] = found->second.memory_bytes;
  if (!found->second.gfx.empty()) item["gfx_target"] = found->second.gfx;
  item["partitions"] = found->second.locations.size();
  if (found->second.xgmi_links) item["xgmi_links"] = *found->second.xgmi_links;
}

/// i915's local memory, of the drivers that tell it: drm/card0/lmem_total_bytes and lmem_avail_bytes.
void add_local_memory(const Host& host, const std::string& folder, json& item) {
  const auto entries = host.list(folder + "/drm");
  if (!entries) return;
  for (const auto& entry : *entries) {
    const std::string card = folder + "/drm/" + entry.name;
    const auto total = read_u64(host, card + "/lmem_total_bytes");
    if (!total || *total == 0 || *total > INT64_MAX) continue;
    item["memory_bytes"] = *total;
    if (const auto free = read_u64(host, card + "/lmem_avail_bytes"); free && *free <= *total)
      item["memory_free_bytes"] = *free;
    return;
  }
}

bool is_known_status(std::string_view status) {
  constexpr std::array<std::string_view, 5> kStates = {"in reset", "malfunction", "needs reset", "in device creation",
                                                       "in reset after device release"};
  return std::find(kStates.begin(), kStates.end(), status) != kStates.end();
}

void add_intel(const Host& host, const std::string& folder, json& item) {
  std::uint64_t sum = 0;
  for (const char* tile : {"/tile0", "/tile1"}) {
    const auto bytes = read_u64(host, folder + tile + "/physical_vram_size_bytes");
    if (!bytes && !is_absent(bytes.error())) sum = 0;
    if (!bytes) break;
    sum += std::min(*bytes, std::uint64_t{1} << 50);
  }
  if (sum > 0) item["memory_bytes"] = sum;
  else add_local_memory(host, folder, item);
  add_sensors(host, folder, item);
}

/// Gaudi's own word, "operational" or what keeps it from working (kernel: sysfs-driver-habanalabs), where the driver
/// shows it: with the PCI function, the accel device, or, before 6.2, a class of its own.
Result<std::string> habana_status(const Host& host, const std::string& address) {
  const auto beside = read_text(host, std::string(kPciFolder) + "/" + address + "/status");
  if (beside || !is_absent(beside.error())) return beside;
  for (const std::string base : {"/sys/class/accel", "/sys/class/habanalabs"}) {
    const auto entries = host.list(base);
    if (!entries && !is_absent(entries.error())) return tl::unexpected<Error>(entries.error());
    for (const auto& entry : entries.value_or(std::vector<FolderEntry>{})) {
      const std::string folder = base + "/" + entry.name;
      const auto link = host.read_link(folder + "/device");
      const auto whose = link ? Result<std::string>(std::string(last_step(*link))) : read_text(host, folder + "/pci_addr");
      if (!whose || !contains(*whose, ":")) return fail(ErrorKind::invalid, "of an unknown card: " + folder);
      const auto status = *whose == address ? read_text(host, folder + "/status") : beside;
      if (status || !is_absent(status.error())) return status;
    }
  }
  return beside;
}

constexpr const char* kUnreadable = "its answer is not readable";

/// Whether a status that is not "ok" leaves open what the cards are able to.
bool tells_nothing(const json& status) { return status == "no library" || status == "permission denied" || status == kUnreadable; }

/// NVML's answer, parsed.
json parse_nvml(const Result<std::string>& answer) {
  if (!answer) return {{"status", answer.error().message}, {"devices", json::array()}};
  auto nvml = json::parse(*answer, nullptr, false);
  const bool good = nvml.is_object() && nvml.contains("status") && nvml["status"].is_string() &&
                    nvml.contains("devices") && nvml["devices"].is_array();
  return good ? nvml : json{{"status", kUnreadable}, {"devices", json::array()}};
}

/// What NVML may say of a device, checked: a recording is as foreign as any file.
void copy_nvml(const json& from, json& item) {
  for (const char* key : {"name", "uuid_hash", "fabric"}) {
    if (from.contains(key) && from[key].is_string()) item[key] = from[key];
  }
  for (const char* key : {"memory_bytes", "memory_free_bytes", "ecc_uncorrected_errors", "nvlink_active", "clock_mhz",
                          "clock_max_mhz", "processes", "process_memory_bytes", "mig_memory_bytes",
                          "mig_memory_free_bytes"}) {
    if (from.contains(key) && from[key].is_number_unsigned() && from[key].get<std::uint64_t>() <= INT64_MAX)
      item[key] = from[key];
  }
  for (const char* key :
       {"compute_capability", "power_limit_watts", "power_watts", "temperature_celsius", "utilization_percent"}) {
    if (from.contains(key) && from[key].is_number()) item[key] = from[key];
  }
  for (const char* key : {"ecc", "mig", "persistence", "repair_pending", "repair_failed"}) {
    if (from.contains(key) && from[key].is_boolean()) item[key] = from[key];
  }
  for (const char* key : {"slowdown", "mig_instances", "unanswered"}) {
    const auto found = from.find(key);
    if (found != from.end() && found->is_array() &&
        std::all_of(found->begin(), found->end(), [](const json& text) { return text.is_string(); }))
      item[key] = *found;
  }
}

class Accelerators {
 public:
  Accelerators(const Host& host, Facts& facts) : host_(host), facts_(facts), kfd_(read_kfd(host)) {}

  Result<void> run() {
    if (auto listed = list_functions(); !listed) return listed;
    add_kfd_only();
    if (auto added = add_integrated(); !added) return added;
    ask_nvml_once();
    for (auto& item : devices_) complete(item);
    add_distances(host_, devices_);
    std::sort(devices_.begin(), devices_.end(), [](const json& a, const json& b) {
      return a["address"].get_ref<const std::string&>() < b["address"].get_ref<const std::string&>();
    });
    facts_.set("accelerators.count", devices_.size());
    facts_.set("accelerators.devices", devices_);
    return {};
  }

 private:
  /// Finds the functions of the right class. A machine without PCI has none; a capture without it says
  /// nothing.
  Result<void> list_functions() {
    const auto entries = host_.list(kPciFolder);
    if (!entries) {
      const bool no_pci = is_absent(entries.error()) && is_there(host_, "/sys/bus/platform");
      if (no_pci || (kfd_ && !kfd_->empty())) return {};
      return tl::unexpected<Error>(entries.error());
    }
    std::size_t count = 0;
    for (const auto& entry : *entries) {
      if (++count > kMaxFunctions || devices_.size() >= kMaxDevices) break;
      const std::string folder = std::string(kPciFolder) + "/" + entry.name;
      const auto text = read_text(host_, folder + "/class");
      const auto number = text ? parse_hex(*text) : std::nullopt;
      if (!number && !is_there(host_, folder)) continue;  // unplugged meanwhile
      if (!number) return fail(ErrorKind::invalid, "no class: " + folder);
      if (!may_accelerate(*number)) continue;
      const auto vendor = read_id(host_, folder + "/vendor");
      if (!vendor) return fail(ErrorKind::invalid, "no vendor: " + folder);
      if (!may_accelerate(*number, *vendor)) continue;
      const auto device = read_id(host_, folder + "/device");
      if (!device) return fail(ErrorKind::invalid, "no device: " + folder);
      if (!is_accelerator({entry.name, *number, *vendor, *device})) continue;
      const auto whole = host_.read_link(folder + "/physfn");
      if (whole) continue;  // a share of a card that is counted by its physical function
      if (!is_absent(whole.error())) return tl::unexpected<Error>(whole.error());
      if (has_sister(entry.name, *vendor)) continue;
      devices_.push_back(first_facts(entry.name, folder, *number, *vendor, *device));
    }
    return {};
  }

  /// An Alveo shows two functions, one to manage it and one to use it (XRT: xclmgmt, xocl).
  bool has_sister(std::string_view address, std::string_view vendor) const {
    constexpr std::string_view kXilinx = "10ee";
    if (vendor != kXilinx) return false;
    return std::any_of(devices_.begin(), devices_.end(), [&](const json& item) {
      const auto& other = item["address"].get_ref<const std::string&>();
      return item["vendor_id"] == vendor && other.substr(0, other.rfind('.')) == address.substr(0, address.rfind('.'));
    });
  }

  json first_facts(const std::string& address, const std::string& folder, std::uint64_t number,
                   const std::string& vendor, const std::string& device) const {
    json item = {{"address", address},
                 {"vendor_id", vendor},
                 {"device_id", device},
                 {"class", class_name(number)},
                 {"vendor", vendor_name(vendor)}};
    const auto subsystem_vendor = read_id(host_, folder + "/subsystem_vendor");
    const auto subsystem = read_id(host_, folder + "/subsystem_device");
    if (subsystem_vendor && subsystem) item["subsystem_id"] = *subsystem_vendor + ":" + *subsystem;
    if (const auto driver = driver_of(host_, folder)) item["driver"] = *driver;
    if (const auto node = read_i64(host_, folder + "/numa_node"); node && *node >= -1 && *node < kMaxCpus)
      item["numa_node"] = *node;
    add_link(host_, folder, item);
    return item;
  }

  /// GPUs that the compute driver shows but no PCI tree does (captures of /sys/class/kfd alone).
  void add_kfd_only() {
    if (!kfd_) return;
    for (const auto& [address, gpu] : *kfd_) {
      const bool known = std::any_of(devices_.begin(), devices_.end(),
                                     [&place = address](const json& item) { return item["address"] == place; });  // clang captures no binding by itself
      if (known || is_there(host_, std::string(kPciFolder) + "/" + address))
        continue;  // there, and no accelerator of ours
      const auto vendor = four_digits(gpu.vendor);
      const auto device = four_digits(gpu.device);
      if (!is_accelerator({address, kDisplayClass, vendor, device})) continue;  // built into a processor
      devices_.push_back(
          {{"address", address}, {"vendor_id", vendor}, {"device_id", device}, {"vendor", vendor_name(vendor)}});
    }
  }

  /// The GPU of a Jetson stands on no PCI bus: /sys/bus/platform/devices/17000000.gpu, whose uevent says
  /// "OF_COMPATIBLE_0=nvidia,ga10b".
  Result<void> add_integrated() {
    constexpr std::array<std::string_view, 5> kEndings = {".gpu", ".ga10b", ".gv11b", ".gp10b", ".gm20b"};
    if (!is_there(host_, "/proc/device-tree")) return {};
    const std::string base = "/sys/bus/platform/devices/";
    const auto entries = host_.list(base);
    if (!entries) return is_absent(entries.error()) ? Result<void>() : tl::unexpected<Error>(entries.error());
    for (const auto& entry : *entries) {
      const auto ends = [&](std::string_view ending) { return entry.name.ends_with(ending); };
      if (std::none_of(kEndings.begin(), kEndings.end(), ends) || devices_.size() >= kMaxDevices) continue;
      const auto uevent = read_text(host_, base + entry.name + "/uevent");
      const auto compatible = uevent ? value_of(*uevent, "OF_COMPATIBLE_0", '=') : std::nullopt;
      if (!compatible && is_there(host_, base + entry.name + "/uevent"))
        return fail(ErrorKind::invalid, "no compatible device: " + base + entry.name);
      if (!compatible || !compatible->starts_with("nvidia,g")) continue;
      json item = {{"address", entry.name}, {"class", "3d"}, {"vendor", "nvidia"}};
      item["driver"] = value_of(*uevent, "DRIVER", '=').value_or(std::string_view());
      if (const auto board = host_.read("/proc/device-tree/model"))
        item["name"] = to_utf8(trim(std::string_view(*board).substr(0, board->find('\0'))));
      devices_.push_back(std::move(item));
    }
    return {};
  }

  bool has_nvidia() const {
    return std::any_of(devices_.begin(), devices_.end(),
                       [](const json& item) { return item["vendor"] == "nvidia" && item.contains("vendor_id"); });
  }

  /// Loading the library costs more than the rest of the probe, so only hosts with an NVIDIA card pay for it.
  void ask_nvml_once() {
    if (!has_nvidia()) return;
    const auto answer = host_.ask("nvml");
    nvml_asked_ = answer.has_value();
    nvml_ = parse_nvml(answer);
    facts_.set("accelerators.nvml", nvml_["status"]);
    if (nvml_.contains("cuda") && nvml_["cuda"].is_string())
      facts_.set("accelerators.cuda_version", nvml_["cuda"]);
    if (nvml_["status"] != "ok") {
      facts_.missing("accelerators.cuda_version",
                     {ErrorKind::unavailable, "NVML: " + nvml_["status"].get<std::string>()});
    }
  }

  const json* nvml_device(const json& item) const {
    for (const auto& device : nvml_["devices"]) {
      if (device.is_object() && device.contains("address") && device["address"] == item["address"])
        return &device;
    }
    return nullptr;
  }

  void complete(json& item) const {
    const auto vendor = item["vendor"].get<std::string>();
    const std::string folder = std::string(kPciFolder) + "/" + item["address"].get<std::string>();
    if (vendor == "nvidia")
      complete_nvidia(item);
    else if (vendor == "amd")
      add_amd(host_, folder, kfd_, item);
    else if (vendor == "intel")
      add_intel(host_, folder, item);
    else
      add_sensors(host_, folder, item);
    if (const auto usable = is_usable(item, vendor)) item["usable"] = *usable;
  }

  void complete_nvidia(json& item) const {
    if (const json* device = nvml_device(item)) return copy_nvml(*device, item);
    // the driver's own note, readable without the library: "Model: \t\t NVIDIA L40S"
    const auto text =
        read_text(host_, "/proc/driver/nvidia/gpus/" + item["address"].get<std::string>() + "/information");
    if (!text) return;
    const auto model = value_of(*text, "Model", ':');
    if (model && !model->empty()) item["name"] = *model;
  }

  /// Whether work could start on it now; nothing where that cannot be told from here.
  std::optional<bool> is_usable(const json& item, const std::string& vendor) const {
    const bool driver_known = item.contains("driver");
    const auto driver = driver_known ? item["driver"].get<std::string>() : std::string();
    if (!item.contains("vendor_id")) return driver == "gk20a";  // nvgpu of a Jetson
    if (driver_known && !can_compute(vendor, driver)) return false;
    if (vendor == "habana") {
      const auto status = habana_status(host_, item["address"].get<std::string>());
      if (!status && !is_absent(status.error())) return std::nullopt;
      if (status && lower(*status) != "operational") return is_known_status(lower(*status)) ? std::optional(false) : std::nullopt;
    }
    if (vendor == "nvidia") {
      if (!nvml_asked_) return std::nullopt;
      if (nvml_["status"] != "ok") return tells_nothing(nvml_["status"]) ? std::nullopt : std::optional(false);
      const json* device = nvml_device(item);
      return device != nullptr && !device->contains("error");
    }
    if (vendor == "amd") {
      const bool seen = kfd_ && kfd_->find(item["address"].get<std::string>()) != kfd_->end();
      if (seen) return true;
      return kfd_ ? std::optional(false) : std::nullopt;
    }
    return driver_known ? std::optional(true) : std::nullopt;
  }

  const Host& host_;
  Facts& facts_;
  Result<std::map<std::string, KfdGpu>> kfd_;
  json devices_ = json::array();
  json nvml_ = {{"status", ""}, {"devices", json::array()}};
  bool nvml_asked_ = false;
};

/// "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.15  Release Build …"
std::string version_in(std::string_view line) {
  for (const auto word : words(line)) {
    const bool digits = word.find_first_not_of("0123456789.") == std::string_view::npos;
    if (digits && contains(word, ".")) return std::string(word);
  }
  return "";
}

void set_drivers(const Host& host, Facts& facts) {
  const auto version = read_text(host, "/sys/module/nvidia/version");
  const auto note = read_text(host, "/proc/driver/nvidia/version");
  const auto line = note ? value_of(*note, "NVRM version", ':') : std::nullopt;
  if (version)
    facts.set("accelerators.nvidia_driver", *version);
  else if (line && !version_in(*line).empty())
    facts.set("accelerators.nvidia_driver", version_in(*line));
  if (!note) missing_unless_absent(facts, "accelerators.nvidia_driver_open", note.error());
  if (line) facts.set("accelerators.nvidia_driver_open", contains(*line, "Open Kernel Module"));
  if (is_there(host, "/sys/module/nouveau"))
    facts.set("accelerators.nouveau_loaded", true);
  else if (is_there(host, "/sys/module"))
    facts.set("accelerators.nouveau_loaded", false);
  if (const auto amdgpu = read_text(host, "/sys/module/amdgpu/version"))
    facts.set("accelerators.amdgpu_driver", *amdgpu);
  else if (is_there(host, "/sys/module/amdgpu")) {
    if (const auto kernel = read_text(host, "/proc/sys/kernel/osrelease"))
      facts.set("accelerators.amdgpu_driver", *kernel);
  }
  if (const auto rocm = read_text(host, "/opt/rocm/.info/version"))
    facts.set("accelerators.rocm_version", *rocm);
}

/// {"cuda":{"name":"CUDA SDK","version":"12.4.1"}}, else the folder's own name.
std::string toolkit_version(const Host& host, const std::string& folder) {
  const auto text = host.read("/usr/local/" + folder + "/version.json");
  const auto parsed = text ? json::parse(*text, nullptr, false) : json();
  if (parsed.is_object() && parsed.contains("cuda") && parsed["cuda"].is_object()) {
    const auto& cuda = parsed["cuda"];
    if (cuda.contains("version") && cuda["version"].is_string()) return cuda["version"].get<std::string>();
  }
  return folder.substr(5);
}

void set_toolkits(const Host& host, Facts& facts) {
  const auto entries = host.list("/usr/local");
  if (!entries) return facts.missing("accelerators.cuda_toolkits", entries.error());
  std::vector<std::string> versions;
  for (const auto& entry : *entries) {
    // cuda and cuda-12 are links to the real one, cuda-12.4
    if (entry.name.compare(0, 5, "cuda-") == 0 && entry.type == FileType::folder &&
        versions.size() < kMaxToolkits) {
      versions.push_back(toolkit_version(host, entry.name));
    }
  }
  facts.set("accelerators.cuda_toolkits", versions);
}

/// /opt/intel/oneapi/compiler/2025.1 beside a link "latest".
void set_oneapi(const Host& host, Facts& facts) {
  const auto entries = host.list("/opt/intel/oneapi/compiler");
  if (!entries) return missing_unless_absent(facts, "accelerators.oneapi_toolkits", entries.error());
  std::vector<std::string> versions;
  for (const auto& entry : *entries)
    if (entry.type == FileType::folder && entry.name.find_first_not_of("0123456789.") == std::string::npos && versions.size() < kMaxToolkits)
      versions.push_back(entry.name);
  facts.set("accelerators.oneapi_toolkits", versions);
}

void set_iommu(const Host& host, Facts& facts) {
  const auto groups = host.list("/sys/kernel/iommu_groups");
  if (groups) return facts.set("accelerators.iommu_on", !groups->empty());
  if (is_absent(groups.error()) && is_there(host, "/sys/kernel/mm"))
    return facts.set("accelerators.iommu_on", false);
  facts.missing("accelerators.iommu_on", groups.error());
}

bool is_compute_device(const std::string& folder, const std::string& name) {
  if (folder == "/dev/dri") return name.starts_with("renderD");
  if (folder == "/dev/accel") return name.starts_with("accel");
  return name == "kfd" || (name.starts_with("nvidia") && name.size() > 6 && name[6] >= '0' && name[6] <= '9');
}

/// NVIDIA's driver makes its own with 0666 unless NVreg_DeviceFileMode says otherwise (driver README, "DeviceFileMode").
void set_open_devices(const Host& host, Facts& facts) {
  int open = 0;
  for (const std::string folder : {"/dev", "/dev/dri", "/dev/accel"}) {
    const auto entries = host.list(folder);
    if (!entries && !is_absent(entries.error())) return facts.missing("accelerators.open_devices", entries.error());
    if (!entries && folder == "/dev") return;  // a recording without devices tells nothing
    for (const auto& entry : entries.value_or(std::vector<FolderEntry>{})) {
      if (!is_compute_device(folder, entry.name)) continue;
      const auto stat = host.stat(folder + "/" + entry.name);
      if (stat && (stat->mode & 0006u) == 0006u) ++open;
    }
  }
  facts.set("accelerators.open_devices", open);
}

}  // namespace

Result<void> probe_accelerators(const Host& host, Machine&, Facts& facts) {
  set_drivers(host, facts);
  set_toolkits(host, facts);
  set_oneapi(host, facts);
  set_iommu(host, facts);
  set_open_devices(host, facts);
  if (const auto done = Accelerators(host, facts).run(); !done) {
    for (const char* path : {"accelerators.count", "accelerators.devices", "accelerators.nvml", "accelerators.cuda_version"})
      facts.missing(path, done.error());
  }
  return {};
}

}  // namespace plumbline
