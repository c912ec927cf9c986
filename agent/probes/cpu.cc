// SPDX-License-Identifier: Apache-2.0
// Processors: which, how many, what they can, what of them may be used.
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/arm_cores.h"
#include "agent/cgroup.h"
#include "agent/probes/hardware.h"
#include "agent/read.h"
#include "base/text.h"

namespace plumbline {
namespace {

using Cpus = std::vector<unsigned>;

constexpr std::string_view kCpuFolder = "/sys/devices/system/cpu";
constexpr std::size_t kMaxPolicies = 1024;
constexpr int kMaxCacheIndex = 8;
constexpr std::size_t kMaxKinds = 16;  // of cores in one machine

/// Our names of instruction sets and the flags by which kernels tell of them, in the catalog's order.
constexpr std::array<std::pair<std::string_view, std::string_view>, 23> kFeatures = {{
    {"avx2", "avx2"},
    {"fma", "fma"},
    {"avx512f", "avx512f"},
    {"avx512_vnni", "avx512_vnni"},
    {"avx_vnni", "avx_vnni"},
    {"avx512_bf16", "avx512_bf16"},
    {"avx512_fp16", "avx512_fp16"},
    {"amx_tile", "amx_tile"},
    {"amx_bf16", "amx_bf16"},
    {"amx_int8", "amx_int8"},
    {"neon", "neon"},
    {"neon", "asimd"},
    {"sve", "sve"},
    {"sve2", "sve2"},
    {"i8mm", "i8mm"},
    {"i8mm", "svei8mm"},
    {"bf16", "bf16"},
    {"bf16", "svebf16"},
    {"asimddp", "asimddp"},
    {"sme", "sme"},
    {"vsx", "vsx"},
    {"mma", "mma"},
    {"vx", "vx"},
}};

/// What /proc/cpuinfo says. Keys differ by architecture; the first processor that has one speaks for all.
struct CpuInfo {
  std::string vendor, model, microcode;
  std::string family;  // x86: "6"
  std::set<std::string, std::less<>> flags;
  std::string architecture;                                        // ARM: "8"
  std::vector<unsigned> processors;                                // online ones
  std::map<unsigned, std::pair<std::string, std::string>> places;  // processor → physical id, core id
  std::map<unsigned, std::string> kinds;                           // ARM: processor → name or number of its core
  bool identified = true;  // false where /proc/cpuinfo is there and cannot be read
};

class CpuInfoReader {
 public:
  void take(std::string_view line) {
    const auto pair = parse_key_value(line, ':');
    if (!pair) return;
    const auto [key, value] = *pair;
    if (key == "processor") return begin(value);
    if (key.substr(0, 10) == "processor ")
      return begin(trim(key.substr(10)));  // s390: "processor 0: version = FF, …"
    if (key.substr(0, 3) == "CPU" && value == "online") return begin(key.substr(3));  // sparc64: "CPU14: online"
    if (key == "vendor_id" || key == "vendor" || key == "mvendorid") first(info_.vendor, value);
    if (key == "model name" || key == "Model Name" || key == "uarch") first(info_.model, value);
    if (key == "cpu" && !value.empty() && value.find_first_not_of("0123456789") != std::string_view::npos)
      first(info_.model, value);
    if (key == "family" && value.find(' ') != std::string_view::npos)
      first(family_, value);  // ia64: "Dual-Core Intel(R) Itanium(R) …"
    if (key == "cpu model") first(family_, value);  // MIPS: "Cavium Octeon III V0.2"
    if (key == "cpu family") first(info_.family, value);
    if (key == "microcode") first(info_.microcode, value);
    if (key == "flags" || key == "Features" || key == "features") flags(value);
    if (key == "CPU implementer") implementer_ = static_cast<unsigned>(parse_hex(value).value_or(0));
    if (key == "CPU architecture") first(info_.architecture, value);
    if (key == "CPU part") part(value);
    if (key == "physical id" || key == "package") place().first = value;
    if (key == "core id" || key == "core") place().second = value;
  }

  CpuInfo finish() {
    // the Linux name of a 32-bit ARM ("ARMv7 Processor rev 4 (v7l)") says less than its part
    if (any_named_ && (info_.model.empty() || info_.model.substr(0, 4) == "ARMv" ||
                       info_.model.substr(0, 7) == "AArch64")) {
      info_.model = join(parts_, " + ");
    }
    if (info_.model.empty()) info_.model = family_;
    if (info_.vendor.empty()) info_.vendor = arm_implementer_name(implementer_);
    power_features();
    return std::move(info_);
  }

 private:
  static void first(std::string& place, std::string_view value) {
    if (place.empty()) place = value;
  }

  void begin(std::string_view number) {
    const auto cpu =
        parse_u64(number);  // 32-bit ARM: "Processor : ARMv7 …" has a capital and never comes here
    if (!cpu || *cpu >= kMaxCpus) return;
    current_ = static_cast<unsigned>(*cpu);
    info_.processors.push_back(current_);
  }

  void flags(std::string_view value) {
    if (!info_.flags.empty()) return;
    for (const auto word : words(value)) info_.flags.emplace(word);
  }

  /// A part that nobody named goes by its number, beside others that have names.
  void part(std::string_view text) {
    const std::string_view known = arm_core_name(implementer_, static_cast<unsigned>(parse_hex(text).value_or(0)));
    any_named_ = any_named_ || !known.empty();
    std::string name = known.empty() ? "part " + std::string(text) : std::string(known);
    if (std::find(parts_.begin(), parts_.end(), name) == parts_.end() && parts_.size() < kMaxKinds) parts_.push_back(name);
    info_.kinds[current_] = std::move(name);
  }

  /// POWER names the generation alone: VSX came with POWER7, matrix instructions with POWER10.
  void power_features() {
    if (info_.model.substr(0, 5) != "POWER") return;
    const auto digits = std::string_view(info_.model).substr(5);
    const auto generation = parse_u64(digits.substr(0, digits.find_first_not_of("0123456789"))).value_or(0);
    if (generation >= 7) info_.flags.emplace("vsx");
    if (generation >= 10) info_.flags.emplace("mma");
  }

  std::pair<std::string, std::string>& place() { return info_.places[current_]; }

  CpuInfo info_;
  std::string family_;
  std::vector<std::string> parts_;
  bool any_named_ = false;
  unsigned implementer_ = 0;
  unsigned current_ = 0;
};

Result<CpuInfo> read_cpuinfo(const Host& host) {
  const auto text = host.read("/proc/cpuinfo");
  if (!text) return tl::unexpected<Error>(text.error());
  CpuInfoReader reader;
  for (const auto line : lines(*text)) reader.take(line);
  auto info = reader.finish();
  if (info.processors.empty() && info.flags.empty() && info.model.empty() && info.vendor.empty())
    return fail(ErrorKind::invalid, "no processor in it: /proc/cpuinfo");
  return info;
}

std::string isa_level(const CpuInfo& info) {
  const auto has = [&](std::initializer_list<std::string_view> flags) {
    return std::all_of(flags.begin(), flags.end(),
                       [&](std::string_view flag) { return info.flags.find(flag) != info.flags.end(); });
  };
  if (const auto version = parse_u64(info.architecture); version || info.architecture == "AArch64") {
    if (has({"sve2"})) return "armv9";  // the kernel says 8 on these too; SVE2 came with ARMv9
    return "armv" + std::to_string(version.value_or(8));
  }
  if (!has({"lm", "cx8", "cmov", "fxsr", "mmx", "sse", "sse2"})) return "";
  // x86-64 psABI, table "Micro-Architecture Levels"; the kernel's names: pni is SSE3, abm is LZCNT
  if (!has({"cx16", "lahf_lm", "popcnt", "pni", "ssse3", "sse4_1", "sse4_2"})) return "x86-64-v1";
  if (!has({"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"})) return "x86-64-v2";
  if (!has({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"})) return "x86-64-v3";
  return "x86-64-v4";
}

std::vector<std::string> features_of(const CpuInfo& info) {
  std::vector<std::string> features;
  for (const auto& [name, flag] : kFeatures) {
    if (info.flags.find(flag) == info.flags.end()) continue;
    if (features.empty() || features.back() != name) features.emplace_back(name);
  }
  return features;
}

std::string cpu_path(unsigned cpu, std::string_view rest) {
  return std::string(kCpuFolder) + "/cpu" + std::to_string(cpu) + std::string(rest);
}

/// The CPUs online: the kernel's list, else the folders without an "online" of 0, else what /proc/cpuinfo
/// counts.
Result<Cpus> online_cpus(const Host& host, const CpuInfo& info) {
  if (const auto text = read_text(host, std::string(kCpuFolder) + "/online")) {
    if (auto cpus = parse_number_list(*text); cpus && !cpus->empty()) return *cpus;
  }
  Cpus cpus;
  const auto entries = host.list(kCpuFolder);
  if (entries) {
    for (const auto& entry : *entries) {
      if (entry.name.size() < 4 || entry.name.compare(0, 3, "cpu") != 0) continue;
      const auto number = parse_u64(std::string_view(entry.name).substr(3));
      if (!number || *number >= kMaxCpus) continue;
      const auto cpu = static_cast<unsigned>(*number);
      const auto state = read_text(host, cpu_path(cpu, "/online"));
      if (!state || *state != "0") cpus.push_back(cpu);
    }
    std::sort(cpus.begin(), cpus.end());
  }
  if (cpus.empty()) cpus = info.processors;
  if (!cpus.empty()) return cpus;
  return fail(ErrorKind::not_found, "not found: " + std::string(kCpuFolder) + "/online");
}

/// A set of CPUs from "…_list" or, on kernels before 2.6.32, from the mask of the same name.
std::optional<Cpus> read_set(const Host& host, const std::string& path) {
  if (const auto list = read_text(host, path + "_list")) return parse_number_list(*list);
  if (const auto mask = read_text(host, path)) return parse_number_mask(*mask);
  return std::nullopt;
}

/// Each part is unknown for itself: captures and some architectures have one without the other.
struct Topology {
  std::optional<int> sockets;
  std::optional<int> cores;
  std::optional<int> threads_per_core;
};

/// Counts the sets that cover all CPUs online, reading one file a set: `path` as "/topology/thread_siblings".
struct Cover {
  int sets = 0;
  int largest = 0;
  Cpus firsts;  // one CPU of each set
};
std::optional<Cover> cover(const Host& host, const Cpus& online, const char* path, const char* other_path) {
  std::vector<bool> open(kMaxCpus, false);
  for (const auto cpu : online) open[cpu] = true;
  Cover result;
  for (const auto cpu : online) {
    if (!open[cpu]) continue;
    auto set = read_set(host, cpu_path(cpu, path));
    if (!set && other_path != nullptr) set = read_set(host, cpu_path(cpu, other_path));
    if (!set) return std::nullopt;
    set->push_back(cpu);  // a set that does not hold its own CPU is a kernel's slip
    int size = 0;
    for (const auto member : *set) {
      if (member < kMaxCpus && open[member]) {
        open[member] = false;
        ++size;
      }
    }
    ++result.sets;
    result.firsts.push_back(cpu);
    result.largest = std::max(result.largest, size);
  }
  return result;
}

/// From physical_package_id and core_id alone, where a capture has no sibling sets.
Topology topology_by_ids(const Host& host, const Cpus& online, const CpuInfo& info) {
  std::set<std::string> packages;
  std::map<std::pair<std::string, std::string>, int> cores;
  for (const auto cpu : online) {
    std::string package;
    std::string core;
    const auto package_id = read_text(host, cpu_path(cpu, "/topology/physical_package_id"));
    const auto core_id = read_text(host, cpu_path(cpu, "/topology/core_id"));
    const auto place = info.places.find(cpu);
    if (package_id && core_id) {
      package = *package_id;
      core = *core_id;
    } else if (place != info.places.end() && !place->second.first.empty() && !place->second.second.empty()) {
      std::tie(package, core) = place->second;
    } else {
      return {};
    }
    packages.insert(package);
    ++cores[{package, core}];
  }
  int most = 0;
  for (const auto& [core, threads] : cores) most = std::max(most, threads);
  return {static_cast<int>(packages.size()), static_cast<int>(cores.size()), most};
}

/// AMD's family 15h (Bulldozer) pairs two whole cores in a module, and kernels tell the pair as threads. Each of the two has
/// a core number of its own; threads of one core, as a hypervisor may show under this family's name, share theirs.
bool pairs_are_cores(const Host& host, const Cpus& online, const CpuInfo& info) {
  if (info.vendor != "AuthenticAMD" || info.family != "21") return false;
  auto siblings = read_set(host, cpu_path(online.front(), "/topology/core_cpus"));
  if (!siblings) siblings = read_set(host, cpu_path(online.front(), "/topology/thread_siblings"));
  if (!siblings || siblings->size() < 2) return true;
  const auto one = read_u64(host, cpu_path((*siblings)[0], "/topology/core_id"));
  const auto other = read_u64(host, cpu_path((*siblings)[1], "/topology/core_id"));
  return !one || !other || *one != *other;
}

/// Kernels of some years told the half of a divided x86 socket as its package, under the number that both halves share. Other
/// architectures number packages anew within a book, or not at all: there the sets count.
int count_packages(const Host& host, const CpuInfo& info, const Cover& packages) {
  if (info.flags.find("tsc") == info.flags.end()) return packages.sets;
  std::set<std::uint64_t> numbers;
  for (const auto cpu : packages.firsts) {
    const auto number = read_u64(host, cpu_path(cpu, "/topology/physical_package_id"));
    if (!number) return packages.sets;
    numbers.insert(*number);
  }
  return static_cast<int>(numbers.size());
}

/// Which kinds of cores each package holds, of those CPUs whose kind and package are told.
std::map<std::string, std::set<std::string>> kinds_by_package(const Host& host, const Cpus& online, const CpuInfo& info) {
  std::map<std::string, std::set<std::string>> packages;
  for (const auto cpu : online) {
    const auto kind = info.kinds.find(cpu);
    const auto package = read_text(host, cpu_path(cpu, "/topology/physical_package_id"));
    if (kind != info.kinds.end() && package) packages[*package].insert(kind->second);
  }
  return packages;
}

/// Kernels that read a device tree have told ARM's clusters as packages. Sockets hold like processors, so unlike ones are
/// clusters of one chip; where all are alike the tree's map decides, in which only a machine of several sockets names them.
Result<int> arm_sockets(const Host& host, const Cpus& online, const CpuInfo& info, int packages) {
  if (info.kinds.empty() || packages < 2) return packages;
  const auto kinds = kinds_by_package(host, online, info);
  const bool alike = std::all_of(kinds.begin(), kinds.end(), [&](const auto& one) { return one.second == kinds.begin()->second; });
  if (!alike) return 1;
  constexpr std::string_view kTree = "/proc/device-tree/cpus";
  if (!is_there(host, kTree) || is_there(host, "/sys/firmware/acpi/tables")) return packages;
  if (is_there(host, std::string(kTree) + "/cpu-map/socket0")) return packages;
  if (is_there(host, std::string(kTree) + "/cpu-map/cluster0")) return 1;
  return fail(ErrorKind::unavailable, "packages of this kernel may be clusters of one chip: no cpu-map in " + std::string(kTree));
}

Topology topology_of(const Host& host, const Cpus& online, const CpuInfo& info) {
  const auto cores = cover(host, online, "/topology/core_cpus", "/topology/thread_siblings");
  const auto packages = cover(host, online, "/topology/package_cpus", "/topology/core_siblings");
  Topology topology;
  if (!cores && !packages) topology = topology_by_ids(host, online, info);
  if (packages) topology.sockets = count_packages(host, info, *packages);
  if (cores) {
    topology.cores = cores->sets;
    topology.threads_per_core = cores->largest;
  }
  // without its family a pair of AMD's cannot be told from two threads
  if (!info.identified && topology.threads_per_core == 2) topology.cores = topology.threads_per_core = std::nullopt;
  if (topology.cores && pairs_are_cores(host, online, info)) {
    topology.cores = static_cast<int>(online.size());
    topology.threads_per_core = 1;
  }
  return topology;
}

void set_topology(const Host& host, const Cpus& online, const CpuInfo& info, Facts& facts) {
  const auto topology = topology_of(host, online, info);
  const Error why{ErrorKind::not_found, "not found: " + cpu_path(online.front(), "/topology")};
  const auto set = [&](const char* path, std::optional<int> value) {
    if (value)
      facts.set(path, *value);
    else
      facts.missing(path, why);
  };
  const auto sockets = topology.sockets ? arm_sockets(host, online, info, *topology.sockets) : Result<int>(tl::unexpected<Error>(why));
  facts.set("cpu.sockets", sockets);
  set("cpu.cores", topology.cores);
  set("cpu.threads_per_core", topology.threads_per_core);
}

/// "32K", "1024K", "16M" as the kernel writes a cache's size.
std::optional<std::uint64_t> parse_size(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::uint64_t unit = 1;
  if (text.back() == 'K') unit = 1024;
  if (text.back() == 'M') unit = 1024 * 1024;
  if (unit != 1) text.remove_suffix(1);
  const auto number = parse_u64(text);
  if (!number || *number > (1ull << 40)) return std::nullopt;
  return *number * unit;
}

Result<Cpus> cache_sharers(const Host& host, const std::string& folder) {
  const auto list = read_text(host, folder + "/shared_cpu_list");
  if (!list && !is_absent(list.error())) return tl::unexpected<Error>(list.error());
  const auto mask = list ? list : read_text(host, folder + "/shared_cpu_map");
  if (!mask) return tl::unexpected<Error>(mask.error());
  auto sharers = list ? parse_number_list(*list) : parse_number_mask(*mask);
  if (!sharers) return fail(ErrorKind::invalid, "no list of CPUs: " + folder);
  std::erase_if(*sharers, [](unsigned cpu) { return cpu >= kMaxCpus; });
  return *sharers;
}

std::string cache_path(unsigned cpu, int index, std::string_view file) {
  return cpu_path(cpu, "/cache/index" + std::to_string(index) + std::string(file));
}

/// The number below cpu*/cache of one CPU's cache of data on a level; nothing where it has none.
Result<std::optional<int>> find_cache(const Host& host, unsigned cpu, std::uint64_t wanted) {
  for (int index = 0; index < kMaxCacheIndex; ++index) {
    const auto level = read_u64(host, cache_path(cpu, index, "/level"));
    if (!level && is_absent(level.error())) break;
    if (!level) return tl::unexpected<Error>(level.error());
    if (*level != wanted) continue;
    const auto type = read_text(host, cache_path(cpu, index, "/type"));
    if (type && *type == "Instruction") continue;
    if (!type) return tl::unexpected<Error>(type.error());
    if (*type != "Unified" && *type != "Data") return fail(ErrorKind::invalid, "no type of a cache: " + cache_path(cpu, index, "/type"));
    return std::optional<int>(index);
  }
  return std::optional<int>();
}

/// Where this CPU has the cache that another has at `index`: mostly there, too.
Result<std::optional<int>> find_cache_like(const Host& host, unsigned cpu, std::uint64_t wanted, int index) {
  const auto level = read_u64(host, cache_path(cpu, index, "/level"));
  if (!level && !is_absent(level.error())) return tl::unexpected<Error>(level.error());
  if (level ? *level == wanted : is_there(host, cache_path(cpu, index, "/size"))) return std::optional<int>(index);
  return find_cache(host, cpu, wanted);
}

/// All caches of one level in sum, each counted once. One that cannot be read or placed makes the sum unknown.
Result<std::uint64_t> cache_sum(const Host& host, const Cpus& online, std::uint64_t level, int usual) {
  std::vector<bool> covered(kMaxCpus, false);
  std::uint64_t sum = 0;
  for (const auto cpu : online) {
    if (covered[cpu]) continue;
    const auto index = find_cache_like(host, cpu, level, usual);
    if (!index) return tl::unexpected<Error>(index.error());
    if (!*index) continue;  // cores of another kind have fewer caches
    const auto text = read_text(host, cache_path(cpu, **index, "/size"));
    if (!text && is_absent(text.error())) continue;
    if (!text) return tl::unexpected<Error>(text.error());
    const auto size = parse_size(*text);
    if (!size) return fail(ErrorKind::invalid, "no size: " + cache_path(cpu, **index, "/size"));
    const auto sharers = cache_sharers(host, cache_path(cpu, **index, ""));
    if (!sharers) return tl::unexpected<Error>(sharers.error());
    sum += *size;
    for (const auto other : *sharers) covered[other] = true;
  }
  return sum;
}

void set_cache(const Host& host, const Cpus& online, std::uint64_t level, const char* path, Facts& facts) {
  for (const auto cpu : {online.front(), online.back()}) {  // the first may be of the kind that has none
    const auto index = find_cache(host, cpu, level);
    if (!index) return facts.missing(path, index.error());
    if (!*index) continue;
    const auto sum = cache_sum(host, online, level, **index);
    if (!sum) facts.missing(path, sum.error());
    else if (*sum > 0) facts.set(path, *sum);
    return;
  }
}

void set_frequency(const Host& host, const Cpus& online, Facts& facts) {
  std::vector<std::string> folders;
  const auto policies = host.list(std::string(kCpuFolder) + "/cpufreq");
  if (!policies && !is_absent(policies.error())) {
    for (const char* path : {"cpu.max_mhz", "cpu.governor"}) facts.missing(path, policies.error());
    return;
  }
  for (const auto& entry : policies.value_or(std::vector<FolderEntry>{})) {
    if (entry.name.compare(0, 6, "policy") == 0 && folders.size() < kMaxPolicies) {
      folders.push_back(std::string(kCpuFolder) + "/cpufreq/" + entry.name);
    }
  }
  if (folders.empty()) folders.push_back(cpu_path(online.front(), "/cpufreq"));
  std::uint64_t most_khz = 0;
  for (const auto& folder : folders) {
    const auto khz = read_u64(host, folder + "/cpuinfo_max_freq");
    if (khz) {
      most_khz = std::max(most_khz, *khz);
    } else if (!is_absent(khz.error())) {
      facts.missing("cpu.max_mhz", khz.error());  // it may be the fastest
      most_khz = 0;
      break;
    }
  }
  if (most_khz > 0) facts.set("cpu.max_mhz", static_cast<double>(most_khz) / 1000);
  set_if_there(facts, "cpu.governor", read_text(host, folders.front() + "/scaling_governor"));
}

/// "Not affected", "Vulnerable: No microcode", "Mitigation: PTI", "KVM: Mitigation: VMX disabled", "Unknown: No mitigations"
bool is_state(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

/// One weakness of which the kernel says "Unknown: Dependent on hypervisor status" leaves the list open, unless another is in it.
void set_vulnerable(const Host& host, Facts& facts) {
  const std::string folder = std::string(kCpuFolder) + "/vulnerabilities";
  const auto entries = host.list(folder);
  if (!entries) return facts.missing("cpu.vulnerable", entries.error());
  std::vector<std::string> vulnerable;
  std::string open;
  for (const auto& entry : *entries) {
    const auto state = read_text(host, folder + "/" + entry.name);
    if (!state && entry.type == FileType::regular) return facts.missing("cpu.vulnerable", state.error());
    if (state && !is_state(*state))
      return facts.missing("cpu.vulnerable", {ErrorKind::invalid, "not readable: " + folder + "/" + entry.name});
    if (state && (state->starts_with("Vulnerable") || state->starts_with("KVM: Vulnerable"))) vulnerable.push_back(entry.name);
    if (state && state->starts_with("Unknown")) open = entry.name + ": " + *state;
  }
  if (vulnerable.empty() && !open.empty())
    return facts.missing("cpu.vulnerable", {ErrorKind::unavailable, "the kernel does not know whether this processor is: " + open});
  facts.set("cpu.vulnerable", vulnerable);
}

/// The CPUs online that process 1 may run on, cut by its cgroup's quota.
void set_effective(const Host& host, const Cpus& online, Facts& facts) {
  auto status = host.read("/proc/1/status");
  if (!status) status = host.read("/proc/self/status");
  const auto limit = cgroup_cpu_limit(host);
  if (!limit && (!status || !is_absent(limit.error()))) return facts.missing("cpu.threads_effective", limit.error());
  double effective = static_cast<double>(online.size());
  if (status) {
    const auto text = value_of(*status, "Cpus_allowed_list", ':');
    if (const auto allowed = text ? parse_number_list(*text) : std::nullopt) {
      Cpus usable;
      std::set_intersection(online.begin(), online.end(), allowed->begin(), allowed->end(),
                            std::back_inserter(usable));
      if (!usable.empty()) effective = static_cast<double>(usable.size());
    }
  }
  if (limit && *limit) effective = std::min(effective, **limit);
  facts.set("cpu.threads_effective", effective);
}

void set_identity(const CpuInfo& info, Facts& facts) {
  if (!info.model.empty()) facts.set("cpu.model", info.model);
  if (!info.vendor.empty()) facts.set("cpu.vendor", info.vendor);
  if (!info.microcode.empty()) facts.set("cpu.microcode", info.microcode);
  facts.set("cpu.isa_level", isa_level(info));
  facts.set("cpu.features", features_of(info));
}

}  // namespace

Result<void> probe_cpu(const Host& host, Machine&, Facts& facts) {
  const auto text = read_cpuinfo(host);
  CpuInfo info = text.value_or(CpuInfo());
  info.identified = text ? info.family.empty() || parse_u64(info.family) : is_absent(text.error());
  if (text) {
    set_identity(info, facts);
  } else {
    for (const char* path : {"cpu.model", "cpu.vendor", "cpu.microcode", "cpu.isa_level", "cpu.features"})
      facts.missing(path, text.error());
  }
  set_vulnerable(host, facts);
  const auto possible = read_text(host, std::string(kCpuFolder) + "/possible");
  if (!possible)
    missing_unless_absent(facts, "cpu.threads_possible", possible.error());
  else if (const auto cpus = parse_number_list(*possible))
    facts.set("cpu.threads_possible", cpus->size());
  const auto online = online_cpus(host, info);
  if (!online) {
    for (const char* path :
         {"cpu.threads", "cpu.cores", "cpu.sockets", "cpu.threads_per_core", "cpu.threads_effective"}) {
      facts.missing(path, online.error());
    }
    if (!text) return tl::unexpected<Error>(text.error());
    return {};
  }
  facts.set("cpu.threads", online->size());
  set_topology(host, *online, info, facts);
  set_cache(host, *online, 2, "cpu.l2_cache_bytes", facts);
  set_cache(host, *online, 3, "cpu.l3_cache_bytes", facts);
  set_frequency(host, *online, facts);
  set_effective(host, *online, facts);
  return {};
}

}  // namespace plumbline
