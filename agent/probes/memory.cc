// SPDX-License-Identifier: Apache-2.0
// Memory: how much, how it is laid out over NUMA nodes, swap, large pages, error correction.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/cgroup.h"
#include "agent/machine.h"
#include "agent/probes/hardware.h"
#include "agent/read.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::string_view kNodeFolder = "/sys/devices/system/node";
constexpr std::string_view kEdacFolder = "/sys/devices/system/edac/mc";
constexpr unsigned kMaxNodes = 4096;
constexpr std::size_t kMaxControllers = 256;

/// Nodes that are an NVIDIA card's own memory, coherent with the host's (POWER9, Grace Hopper). They hold no
/// host memory. "Node: 252" in /proc/driver/nvidia/gpus/<address>/numa_status.
std::set<unsigned> gpu_nodes(const Host& host) {
  std::set<unsigned> nodes;
  const std::string folder = "/proc/driver/nvidia/gpus";
  const auto gpus = host.list(folder);
  if (!gpus) return nodes;
  for (const auto& gpu : *gpus) {
    const auto status = read_text(host, folder + "/" + gpu.name + "/numa_status");
    const auto text = status ? value_of(*status, "Node", ':') : std::nullopt;
    const auto node = text ? parse_u64(*text) : std::nullopt;
    if (node && *node < kMaxNodes) nodes.insert(static_cast<unsigned>(*node));
  }
  return nodes;
}

/// "Node 0 MemTotal:       65536 kB"
std::optional<std::uint64_t> node_bytes(const Host& host, unsigned node, std::string_view key) {
  const auto text = read_text(host, std::string(kNodeFolder) + "/node" + std::to_string(node) + "/meminfo");
  if (!text) return std::nullopt;
  return meminfo_bytes(*text, "Node " + std::to_string(node) + " " + std::string(key));
}

/// What the kernel counts as its own and lies on cards: their nodes are in MemTotal and MemAvailable, too.
Result<std::uint64_t> bytes_on_cards(const Host& host, std::string_view key) {
  std::uint64_t sum = 0;
  for (const auto node : gpu_nodes(host)) {
    if (!is_there(host, std::string(kNodeFolder) + "/node" + std::to_string(node))) continue;  // not online
    const auto bytes = node_bytes(host, node, key);
    if (!bytes) return fail(ErrorKind::invalid, "no size of the card's memory: " + std::string(kNodeFolder) + "/node" + std::to_string(node));
    sum += *bytes;
  }
  return sum;
}

void set_available(const Host& host, const std::string& meminfo, Facts& facts) {
  const auto available = meminfo_bytes(meminfo, "MemAvailable");
  if (!available)
    return facts.missing("memory.available_bytes", {ErrorKind::invalid, "no MemAvailable: /proc/meminfo (kernel before 3.14)"});
  const auto on_cards = bytes_on_cards(host, "MemFree");
  if (!on_cards) return facts.missing("memory.available_bytes", on_cards.error());
  facts.set("memory.available_bytes", *available - std::min(*available, *on_cards));
}

void set_swap_size(const std::string& meminfo, Facts& facts) {
  const auto swap = meminfo_bytes(meminfo, "SwapTotal");
  if (!swap) return;
  const auto free = meminfo_bytes(meminfo, "SwapFree").value_or(*swap);
  facts.set("memory.swap_total_bytes", *swap);
  facts.set("memory.swap_used_bytes", *swap - std::min(*swap, free));
}

void set_totals(const Host& host, const std::string& meminfo, Facts& facts) {
  set_available(host, meminfo, facts);
  set_swap_size(meminfo, facts);
  auto total = meminfo_bytes(meminfo, "MemTotal");
  const auto on_cards = bytes_on_cards(host, "MemTotal");
  if (!total || !on_cards) {
    const Error why = total ? on_cards.error() : Error{ErrorKind::invalid, "no MemTotal: /proc/meminfo"};
    for (const char* path : {"memory.total_bytes", "memory.effective_bytes"}) facts.missing(path, why);
    return;
  }
  *total -= std::min(*total, *on_cards);
  facts.set("memory.total_bytes", *total);
  const auto limit = cgroup_memory_limit(host);
  if (!limit) return facts.missing("memory.effective_bytes", limit.error());
  facts.set("memory.effective_bytes", std::min(*total, limit->value_or(*total)));
}

/// "always [madvise] never"
std::string chosen(std::string_view text) {
  const auto begin = text.find('[');
  const auto end = begin == std::string_view::npos ? begin : text.find(']', begin);
  return end == std::string_view::npos ? std::string() : std::string(text.substr(begin + 1, end - begin - 1));
}

void set_pages(const Host& host, Facts& facts) {
  const std::string folder = "/sys/kernel/mm/hugepages";
  const auto entries = host.list(folder);
  if (entries) {
    for (const auto& entry : *entries) {
      const bool small = entry.name == "hugepages-2048kB";
      if (!small && entry.name != "hugepages-1048576kB") continue;
      const auto count = read_u64(host, folder + "/" + entry.name + "/nr_hugepages");
      facts.set(small ? "memory.hugepages_2m" : "memory.hugepages_1g", count);
    }
  } else {
    for (const char* path : {"memory.hugepages_2m", "memory.hugepages_1g"}) missing_unless_absent(facts, path, entries.error());
  }
  const auto transparent = read_text(host, "/sys/kernel/mm/transparent_hugepage/enabled");
  if (transparent) {
    if (const auto value = chosen(*transparent); !value.empty())
      facts.set("memory.transparent_hugepages", value);
  } else if (!is_absent(transparent.error())) {
    facts.missing("memory.transparent_hugepages", transparent.error());
  }
  const auto swappiness = read_u64(host, "/proc/sys/vm/swappiness");
  facts.set("memory.swappiness", swappiness);
}

/// The CPUs of a node as a list; kernels before 2.6.32 have the mask alone. Nothing where neither can be read.
std::optional<std::string> node_cpus(const Host& host, const std::string& folder) {
  const auto list = read_text(host, folder + "/cpulist");
  const auto mask = list ? list : read_text(host, folder + "/cpumap");
  const auto cpus = list ? parse_number_list(*list) : mask ? parse_number_mask(*mask) : std::nullopt;
  return cpus ? std::optional(format_number_list(*cpus)) : std::nullopt;
}

/// A folder that the kernel does not count among its nodes, and that holds no memory, is what an offlined node left.
bool is_offline(const Host& host, unsigned node) {
  const auto text = read_text(host, std::string(kNodeFolder) + "/online");
  const auto online = text ? parse_number_list(*text) : std::nullopt;
  if (!online || online->empty() || std::binary_search(online->begin(), online->end(), node)) return false;
  return node_bytes(host, node, "MemTotal").value_or(0) == 0;
}

void set_nodes(const Host& host, Facts& facts) {
  const auto entries = host.list(kNodeFolder);
  if (!entries) {
    // A kernel without NUMA has CPUs but no nodes; a capture without either says nothing.
    if (is_absent(entries.error()) && is_there(host, "/sys/devices/system/cpu/online")) {
      facts.set("memory.numa_node_count", 0);
      facts.set("memory.numa_nodes", nlohmann::json::array());
      return;
    }
    facts.missing("memory.numa_node_count", entries.error());
    return facts.missing("memory.numa_nodes", entries.error());
  }
  std::vector<unsigned> numbers;
  for (const auto& entry : *entries) {
    if (entry.name.compare(0, 4, "node") != 0) continue;
    const auto number = parse_u64(std::string_view(entry.name).substr(4));
    if (number && *number < kMaxNodes && !is_offline(host, static_cast<unsigned>(*number))) numbers.push_back(static_cast<unsigned>(*number));
  }
  std::sort(numbers.begin(), numbers.end());
  const auto of_gpus = gpu_nodes(host);
  auto nodes = nlohmann::json::array();
  int count = 0;
  for (const auto number : numbers) {
    const std::string folder = std::string(kNodeFolder) + "/node" + std::to_string(number);
    const auto memory =
        of_gpus.count(number) != 0 ? std::optional<std::uint64_t>(0) : node_bytes(host, number, "MemTotal");
    const auto cpus = node_cpus(host, folder);
    nlohmann::json node = {{"id", number}};
    if (cpus) node["cpus"] = *cpus;
    if (memory) node["memory_bytes"] = *memory;
    if (!cpus.value_or("?").empty() || memory.value_or(1) > 0) ++count;
    nodes.push_back(std::move(node));
  }
  facts.set("memory.numa_node_count", count);
  facts.set("memory.numa_nodes", std::move(nodes));
}

/// Whether one memory controller corrects errors: "S4ECD4ED", "SECDED" … against "None" and "Unknown".
std::optional<bool> corrects(const Host& host, const std::string& controller) {
  const auto entries = host.list(controller);
  if (!entries) return std::nullopt;
  for (const auto& entry : *entries) {
    const bool dimm = entry.name.compare(0, 4, "dimm") == 0 || entry.name.compare(0, 4, "rank") == 0;
    const bool row = entry.name.compare(0, 6, "csrow") == 0;
    if (!dimm && !row) continue;
    const auto mode =
        read_text(host, controller + "/" + entry.name + (dimm ? "/dimm_edac_mode" : "/edac_mode"));
    if (!mode || *mode == "Unknown" || *mode == "Reserved") continue;
    return *mode != "None" && *mode != "PARITY" && *mode != "EC";  // these two only notice
  }
  return std::nullopt;
}

constexpr const char* kCorrected = "memory.ecc_corrected_errors";
constexpr const char* kUncorrected = "memory.ecc_uncorrected_errors";

/// A sum is unknown where one of its parts is.
void add(Result<std::uint64_t>& sum, const Result<std::uint64_t>& part) {
  if (!sum) return;
  if (!part)
    sum = part;
  else if (*part > UINT32_MAX)  // the kernel counts in 32 bits
    sum = fail(ErrorKind::invalid, "no count of memory errors: " + std::to_string(*part));
  else
    *sum += *part;
}

void set_ecc(const Host& host, Facts& facts) {
  const auto controllers = host.list(kEdacFolder);
  if (!controllers) {
    for (const char* path : {"memory.ecc", kCorrected, kUncorrected}) missing_unless_absent(facts, path, controllers.error());
    return;
  }
  Result<std::uint64_t> corrected = 0;
  Result<std::uint64_t> uncorrected = 0;
  std::size_t count = 0;
  std::optional<bool> ecc;
  for (const auto& entry : *controllers) {
    if (entry.name.compare(0, 2, "mc") != 0 || entry.name.size() < 3 || ++count > kMaxControllers) continue;
    const std::string folder = std::string(kEdacFolder) + "/" + entry.name;
    add(corrected, read_u64(host, folder + "/ce_count"));
    add(uncorrected, read_u64(host, folder + "/ue_count"));
    if (const auto one = corrects(host, folder)) ecc = ecc.value_or(true) && *one;
  }
  if (count == 0) return;
  if (ecc) facts.set("memory.ecc", *ecc);
  facts.set(kCorrected, corrected);
  facts.set(kUncorrected, uncorrected);
}

/// Whether one line of /proc/swaps lies on encrypted devices; compressed memory (zram) never reaches a disk.
std::optional<bool> swap_is_encrypted(const Host& host, Machine& machine, const std::string& file,
                                      std::string_view type) {
  if (type == "file") {
    const Mount* mount = machine.mount_of(file);
    if (mount == nullptr) return std::nullopt;
    const auto layers = machine.layers_of(*mount);
    return layers.known ? std::optional(layers.encrypted) : std::nullopt;
  }
  std::string name(last_step(file));
  if (name.compare(0, 4, "zram") == 0) return true;
  if (const auto target = host.read_link(file)) name = last_step(*target);  // /dev/mapper/swap → ../dm-1
  const auto layers = machine.layers_of_device(name);
  return layers.known ? std::optional(layers.encrypted) : std::nullopt;
}

void set_swap(const Host& host, Machine& machine, Facts& facts) {
  const auto swaps = host.read("/proc/swaps");
  if (!swaps) return facts.missing("memory.swap_encrypted", swaps.error());
  bool all = true;
  bool any = false;
  bool first = true;
  for (const auto line : lines(*swaps)) {
    const auto parts = words(line);  // "/dev/dm-1  partition  8388604  0  -2"
    if (std::exchange(first, false) || parts.size() < 3) continue;
    any = true;
    const auto encrypted = swap_is_encrypted(host, machine, std::string(parts[0]), parts[1]);
    if (!encrypted) {
      return facts.missing("memory.swap_encrypted",
                           {ErrorKind::not_found, "no device known below swap on " + std::string(parts[0])});
    }
    all = all && *encrypted;
  }
  if (any) facts.set("memory.swap_encrypted", all);
}

}  // namespace

Result<void> probe_memory(const Host& host, Machine& machine, Facts& facts) {
  const auto meminfo = host.read("/proc/meminfo");
  if (meminfo) {
    set_totals(host, *meminfo, facts);
  } else {
    for (const char* path : {"memory.total_bytes", "memory.available_bytes", "memory.effective_bytes",
                             "memory.swap_total_bytes", "memory.swap_used_bytes"}) {
      facts.missing(path, meminfo.error());
    }
  }
  set_swap(host, machine, facts);
  set_pages(host, facts);
  set_nodes(host, facts);
  set_ecc(host, facts);
  return {};
}

}  // namespace plumbline
