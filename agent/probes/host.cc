// SPDX-License-Identifier: Apache-2.0
// What this machine is: name, maker, whether it is real, virtual or a container, whose cloud, how long up.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/machine.h"
#include "agent/probes/hardware.h"
#include "agent/read.h"
#include "base/text.h"

namespace plumbline {
namespace {

using Name = std::pair<std::string_view, std::string_view>;

constexpr std::size_t kElfHeaderBytes = 20;
constexpr std::string_view kDmiFolder = "/sys/class/dmi/id/";

/// Words of /proc/cpuinfo that give a virtual machine away.
struct Traces {
  bool readable = false;
  bool x86 = false;
  bool x86_64 = false;
  bool hypervisor_flag = false;
  bool uml = false;
  std::string arch;
};

// uname's machine to OpenTelemetry's host.arch
constexpr std::array<Name, 17> kMachines = {{
    {"x86_64", "amd64"},
    {"amd64", "amd64"},
    {"aarch64", "arm64"},
    {"arm64", "arm64"},
    {"armv6l", "arm32"},
    {"armv7l", "arm32"},
    {"armv8l", "arm32"},
    {"i386", "x86"},
    {"i486", "x86"},
    {"i586", "x86"},
    {"i686", "x86"},
    {"ppc64le", "ppc64"},
    {"ppc64", "ppc64"},
    {"ppc", "ppc32"},
    {"s390x", "s390x"},
    {"riscv64", "riscv64"},
    {"loongarch64", "loongarch64"},
}};

/// e_machine of an ELF header, by /usr/include/elf.h.
std::string arch_of_elf(std::string_view header) {
  if (header.size() < kElfHeaderBytes || header.substr(0, 4) !=
                                             "\x7f"
                                             "ELF")
    return "";
  const auto byte = [&](std::size_t at) {
    return static_cast<unsigned>(static_cast<unsigned char>(header[at]));
  };
  const bool big_endian = byte(5) == 2;
  const bool wide = byte(4) == 2;
  switch (big_endian ? byte(18) << 8 | byte(19) : byte(19) << 8 | byte(18)) {
    case 3:
      return "x86";
    case 8:
      return wide ? "mips64" : "mips";
    case 20:
      return "ppc32";
    case 21:
      return "ppc64";
    case 22:
      return wide ? "s390x" : "s390";
    case 40:
      return "arm32";
    case 43:
      return "sparc64";
    case 50:
      return "ia64";
    case 62:
      return "amd64";
    case 183:
      return "arm64";
    case 243:
      return wide ? "riscv64" : "riscv32";
    case 258:
      return "loongarch64";
    default:
      return "";
  }
}

Traces read_traces(const Host& host) {
  Traces traces;
  const auto text = host.read("/proc/cpuinfo");
  if (!text) return traces;
  traces.readable = true;
  const auto has = [&](std::string_view key) {
    return value_of(*text, key, ':').value_or(std::string_view());
  };
  if (const auto flags = has("flags"); !flags.empty()) {
    for (const auto flag : words(flags)) {
      traces.x86 = traces.x86 || flag == "tsc";
      traces.x86_64 = traces.x86_64 || flag == "lm";
      traces.hypervisor_flag = traces.hypervisor_flag || flag == "hypervisor";
    }
  }
  if (traces.x86) traces.arch = traces.x86_64 ? "amd64" : "x86";
  if (has("vendor_id") == "IBM/S390") traces.arch = "s390x";
  if (has("CPU architecture") == "8") traces.arch = "arm64";
  if (has("CPU architecture") == "7") traces.arch = "arm32";
  const auto cpu = has("cpu");
  if (cpu.substr(0, 5) == "POWER" || cpu.substr(0, 6) == "PPC970" || cpu.substr(0, 4) == "Cell")
    traces.arch = "ppc64";
  else if (has("platform") == "PowerMac")
    traces.arch = "ppc32";
  if (has("isa").substr(0, 4) == "rv64") traces.arch = "riscv64";
  if (contains(has("ISA"), "loongarch64")) traces.arch = "loongarch64";
  if (const auto type = has("type"); type == "sun4u" || type == "sun4v") traces.arch = "sparc64";
  traces.uml = has("vendor_id").starts_with("User Mode Linux");
  if (contains(has("family"), "Itanium") || has("arch") == "IA-64") traces.arch = "ia64";
  return traces;
}

void set_arch(const Host& host, const Traces& traces, Facts& facts) {
  if (const auto answer = host.ask("uname")) {
    const auto uname = nlohmann::json::parse(*answer, nullptr, false);
    if (uname.is_object() && uname.contains("machine") && uname["machine"].is_string()) {
      const auto machine = uname["machine"].get<std::string>();
      for (const auto& [name, arch] : kMachines) {
        if (machine == name) return facts.set("host.arch", std::string(arch));
      }
      return facts.set("host.arch", machine);
    }
  }
  for (const char* path : {"/usr/bin/env", "/bin/true", "/usr/sbin/init", "/sbin/init", "/bin/sh"}) {
    const auto binary = host.read(path);
    if (!binary) continue;
    if (const auto arch = arch_of_elf(*binary); !arch.empty()) return facts.set("host.arch", arch);
  }
  if (!traces.arch.empty()) return facts.set("host.arch", traces.arch);
  facts.missing("host.arch",
                {ErrorKind::not_found, "not found: a system binary or a /proc/cpuinfo that tells"});
}

/// What the firmware says, each empty where it says nothing.
struct Firmware {
  bool readable = false;
  std::optional<Error> unread;  // why the device tree's model could not be read
  std::string vendor, product, version, board, bios, bios_version, chassis, asset_tag;
};

Firmware read_firmware(const Host& host) {
  Firmware firmware;
  const std::string folder(kDmiFolder);
  const auto read = [&](const char* name) { return read_text(host, folder + name).value_or(""); };
  firmware.vendor = read("sys_vendor");
  if (firmware.vendor.empty() && !is_there(host, "/sys/class/dmi/id")) {
    const auto text = read_text(host, "/proc/device-tree/model");
    if (!text && !is_absent(text.error())) firmware.unread = text.error();
    std::string model = text.value_or("");
    while (!model.empty() && model.back() == '\0') model.pop_back();
    firmware.product = model;
    firmware.vendor = model.substr(0, model.find_first_of(", "));
    firmware.readable = !model.empty();
    return firmware;
  }
  firmware.product = read("product_name");
  firmware.board = read("board_vendor");
  firmware.version = read("product_version");
  firmware.bios = read("bios_vendor");
  firmware.bios_version = read("bios_version");
  firmware.chassis = read("chassis_type");
  firmware.asset_tag = read("chassis_asset_tag");
  firmware.readable = !firmware.vendor.empty() || !firmware.product.empty() || !firmware.chassis.empty();
  return firmware;
}

// Beginnings of DMI's vendors and products; the same words systemd-detect-virt knows.
constexpr std::array<Name, 19> kVirtualMakers = {{
    {"KVM", "kvm"},
    {"OpenStack", "kvm"},
    {"KubeVirt", "kvm"},
    {"Amazon EC2", "kvm"},
    {"QEMU", "qemu"},
    {"VMware", "vmware"},
    {"VMW", "vmware"},
    {"innotek GmbH", "virtualbox"},
    {"VirtualBox", "virtualbox"},
    {"Oracle Corporation VirtualBox", "virtualbox"},
    {"Xen", "xen"},
    {"Bochs", "bochs"},
    {"Parallels", "parallels"},
    {"BHYVE", "bhyve"},
    {"Hyper-V", "hyperv"},
    {"Apple Virtualization", "apple"},
    {"Google Compute Engine", "kvm"},
    {"Hetzner", "kvm"},
    {"DigitalOcean", "kvm"},
}};

// CPUID's leaf 0x40000000 without blanks around it.
constexpr std::array<Name, 15> kSignatures = {{
    {"KVMKVMKVM", "kvm"},
    {"Linux KVM Hv", "kvm"},
    {"VMwareVMware", "vmware"},
    {"Microsoft Hv", "hyperv"},
    {"XenVMMXenVMM", "xen"},
    {"TCGTCGTCGTCG", "qemu"},
    {"VBoxVBoxVBox", "virtualbox"},
    {"bhyve bhyve", "bhyve"},
    {"ACRNACRNACRN", "acrn"},
    {"QNXQVMBSQG", "qnx"},
    {"SRESRESRESRE", "sre"},
    {"Apple VZ", "apple"},
    {"prl hyperv", "parallels"},
    {"lrpepyh  vr", "parallels"},
    {"UnisysSpar64", "spar"},
}};

/// SMBIOS 3.4, 7.1.2.2: bit 4 of the BIOS' second extension byte is set in a virtual machine.
std::optional<bool> says_virtual(const Host& host) {
  const auto entry = host.read("/sys/firmware/dmi/entries/0-0/raw", 4096);
  if (!entry || entry->size() < 20 || static_cast<unsigned char>((*entry)[1]) < 20) return std::nullopt;
  return (static_cast<unsigned char>((*entry)[19]) & 0x10u) != 0;
}

/// Clouds rent bare metal under the vendor's name of their virtual machines: "m7i.metal-24xl" of EC2.
bool is_bare_metal(const Host& host, const Firmware& firmware, const Traces& traces) {
  if (firmware.vendor == "Amazon EC2") {
    const auto virtual_bit = says_virtual(host);
    return virtual_bit ? !*virtual_bit : contains(firmware.product, ".metal");
  }
  // Google's machines with an x86 processor show a hypervisor there, unless there is none
  return firmware.product.starts_with("Google Compute Engine") && traces.x86 && !traces.hypervisor_flag;
}

std::string by_firmware(const Host& host, const Firmware& firmware, const Traces& traces) {
  if (is_bare_metal(host, firmware, traces)) return "";
  if (contains(firmware.vendor, "Microsoft") && contains(firmware.product, "Virtual Machine"))
    return "hyperv";
  for (const auto& text : {firmware.product, firmware.vendor, firmware.board, firmware.bios, firmware.version}) {
    for (const auto& [start, name] : kVirtualMakers) {
      if (text.compare(0, start.size(), start) == 0) return std::string(name);
    }
  }
  return "";
}

/// "xen", or "dom0" where this is the domain that holds the hardware: bit 11 of the features, "control_d" among capabilities.
std::string by_xen(const Host& host) {
  const auto capabilities = read_text(host, "/proc/xen/capabilities");
  const bool on_xen = is_there(host, "/proc/xen") || read_text(host, "/sys/hypervisor/type").value_or("") == "xen";
  if (!on_xen) return "";
  const auto features = parse_hex(read_text(host, "/sys/hypervisor/properties/features").value_or(""));
  if (features) return (*features >> 11 & 1u) != 0 ? "dom0" : "xen";
  return contains(capabilities.value_or(""), "control_d") ? "dom0" : "xen";
}

/// "VM00 Control Program: z/VM    6.1.0" of /proc/sysinfo on s390; without one the machine is a partition.
std::string by_sysinfo(const Host& host) {
  const auto text = read_text(host, "/proc/sysinfo");
  if (!text) return "";
  if (const auto program = value_of(*text, "VM00 Control Program", ':')) {
    return contains(*program, "KVM") ? "kvm" : contains(*program, "z/VM") ? "zvm" : "unknown";
  }
  return value_of(*text, "LPAR Number", ':') ? "prsm" : "";
}

/// A list of texts, each ended by a NUL: "qemu,pseries\0IBM,…".
bool tree_is(const Host& host, std::string_view name) {
  const auto text = host.read("/proc/device-tree/compatible", 4096);
  const auto names = text ? split(*text, '\0') : std::vector<std::string_view>();
  return std::any_of(names.begin(), names.end(), [&](std::string_view one) { return trim(one) == name; });
}

/// QEMU puts its configuration device there: "fw-cfg@9020000".
bool tree_has_qemu(const Host& host) {
  const auto entries = host.list("/proc/device-tree");
  return entries && std::any_of(entries->begin(), entries->end(), [](const FolderEntry& one) { return contains(one.name, "fw-cfg"); });
}

std::string by_device_tree(const Host& host) {
  if (const auto text = read_text(host, "/proc/device-tree/hypervisor/compatible")) {
    if (contains(*text, "linux,kvm")) return "kvm";
    if (contains(*text, "xen")) return "xen";
    if (contains(*text, "vmware")) return "vmware";
    return "unknown";
  }
  // QEMU names a partition, too
  const bool qemu = is_there(host, "/proc/device-tree/chosen/qemu,graphic-width") || tree_is(host, "qemu,pseries") || tree_has_qemu(host);
  if (qemu) return "qemu";
  if (is_there(host, "/proc/device-tree/ibm,partition-name")) return "powervm";
  return tree_is(host, "linux,dummy-virt") ? "unknown" : "";
}

/// Devices that only a hypervisor makes, by vendor: VirtualBox 80ee, VMware 15ad, Xen 5853, Hyper-V 1414.
/// "0020	80eebeef …"
Result<std::string> by_devices(const Host& host) {
  const auto text = host.read("/proc/bus/pci/devices");
  if (!text && !is_absent(text.error())) return tl::unexpected<Error>(text.error());
  if (!text) return "";
  for (const auto line : lines(*text)) {
    const auto parts = words(line);
    if (parts.size() < 2) continue;
    const auto vendor = parts[1].substr(0, 4);
    if (vendor == "80ee") return "virtualbox";
    if (vendor == "15ad") return "vmware";
    if (vendor == "5853") return "xen";
    if (vendor == "1414") return "hyperv";
  }
  return "";
}

std::string by_signature(const Host& host) {
  const auto signature = host.ask("hypervisor");
  if (!signature || trim(*signature).empty()) return "";
  for (const auto& [text, name] : kSignatures) {
    if (trim(*signature) == text) return std::string(name);
  }
  return "unknown";
}

/// What is left where neither firmware, Xen nor CPUID gave a name.
std::string by_what_is_left(const Host& host, const Firmware& firmware, const Traces& traces) {
  for (auto name : {read_text(host, "/sys/hypervisor/type").value_or(""), by_sysinfo(host), by_device_tree(host)}) {
    if (!name.empty()) return name;
  }
  if (!firmware.readable) {
    const auto name = by_devices(host);
    if (!name && !traces.hypervisor_flag) return "";
    if (name && !name->empty()) return *name;
  }
  if (traces.hypervisor_flag || (firmware.vendor != "Amazon EC2" && says_virtual(host).value_or(false))) return "unknown";
  return firmware.readable || traces.x86 ? "none" : "";
}

/// The hypervisor; "none" where everything that would tell was readable and silent, "" where nothing told. The order is
/// systemd-detect-virt's.
std::string virtualization_of(const Host& host, const Firmware& firmware, const Traces& traces) {
  const auto maker = by_firmware(host, firmware, traces);
  if (!maker.empty() && maker != "qemu") return maker;
  if (traces.uml) return "uml";
  const auto xen = by_xen(host);
  if (xen == "xen") return xen;
  const auto signature = by_signature(host);
  if (xen == "dom0") return signature.empty() || signature == "xen" ? "none" : signature;
  // QEMU takes on Hyper-V's signature for guests that work better with it
  const bool vague = signature.empty() || signature == "hyperv" || signature == "unknown";
  if (!vague) return signature;
  if (!maker.empty()) return maker;
  if (signature == "hyperv") return signature;
  const auto rest = by_what_is_left(host, firmware, traces);
  return signature.empty() || (!rest.empty() && rest != "none") ? rest : signature;
}

/// On Xen EC2's machines bear Xen's name; their BIOS is "4.11.amazon", and the hypervisor numbers them "ec2…".
bool is_ec2(const Host& host, const Firmware& firmware) {
  return contains(firmware.vendor, "Amazon") || contains(lower(firmware.bios), "amazon") || contains(firmware.bios_version, "amazon") ||
         lower(read_text(host, "/sys/hypervisor/uuid").value_or("")).starts_with("ec2");
}

std::string cloud_of(const Host& host, const Firmware& firmware) {
  if (is_ec2(host, firmware)) return "aws";
  // Azure's chassis tag is the same on every machine of theirs
  if (firmware.asset_tag == "7783-7084-3265-9085-8269-3286-77") return "azure";
  if (contains(firmware.asset_tag, "OracleCloud")) return "oci";
  // by the vendor's name in either place
  constexpr std::array<Name, 14> kVendors = {{{"Google Compute Engine", "gcp"},
                                              {"Alibaba", "alibaba"},
                                              {"DigitalOcean", "digitalocean"},
                                              {"Hetzner", "hetzner"},
                                              {"Scaleway", "scaleway"},
                                              {"Vultr", "vultr"},
                                              {"UpCloud", "upcloud"},
                                              {"Exoscale", "exoscale"},
                                              {"Akamai", "linode"},
                                              {"Linode", "linode"},
                                              {"Tencent Cloud", "tencent"},
                                              {"HUAWEICLOUD", "huawei"},
                                              {"3DS OUTSCALE", "outscale"},
                                              {"OpenStack", "openstack"}}};
  for (const auto& [text, name] : kVendors) {
    if (contains(firmware.vendor, text) || contains(firmware.product, text)) return std::string(name);
  }
  return "none";
}

/// SMBIOS 3.6, table 17 "System Enclosure or Chassis Types".
std::string chassis_of(std::string_view type) {
  switch (parse_u64(type).value_or(0)) {
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
    case 13:
    case 15:
    case 16:
    case 24:
    case 35:
    case 36:
      return "desktop";
    case 8:
    case 9:
    case 10:
    case 11:
    case 14:
    case 30:
    case 31:
    case 32:
      return "laptop";
    case 17:
    case 23:
    case 25:
    case 28:
    case 29:
      return "server";
    case 33:
    case 34:
      return "embedded";
    default:
      return "unknown";
  }
}

void set_kind(const Host& host, Machine& machine, const Traces& traces, Facts& facts) {
  const auto firmware = read_firmware(host);
  const std::string folder(kDmiFolder);
  if (!firmware.vendor.empty())
    facts.set("host.vendor", firmware.vendor);
  else if (firmware.unread)
    facts.missing("host.vendor", *firmware.unread);
  else
    set_if_there(facts, "host.vendor", read_text(host, folder + "sys_vendor"));
  if (!firmware.product.empty())
    facts.set("host.product", firmware.product);
  else if (firmware.unread)
    facts.missing("host.product", *firmware.unread);
  else
    set_if_there(facts, "host.product", read_text(host, folder + "product_name"));
  const auto virtualization = virtualization_of(host, firmware, traces);
  const std::string& container = machine.container();
  const Error silent{ErrorKind::not_found,
                     "nothing on this host tells: no DMI, no device tree, no /proc/cpuinfo of a known kind"};
  if (!virtualization.empty())
    facts.set("host.virtualization", virtualization);
  else
    facts.missing("host.virtualization", silent);
  if (!container.empty())
    facts.set("host.container", container);
  else
    facts.missing("host.container", {ErrorKind::not_found, "not found: /proc/1/cgroup"});
  const bool is_virtual = !virtualization.empty() && virtualization != "none" && virtualization != "prsm" &&
                          virtualization != "powervm";
  if (!container.empty() && container != "none")
    facts.set("host.chassis", "container");
  else if (is_virtual)
    facts.set("host.chassis", "vm");
  else
    facts.set("host.chassis", chassis_of(firmware.chassis));
  // A machine whose firmware says nothing is nobody's cloud that we know of, if it is a real kernel and no
  // capture.
  if (firmware.readable || is_there(host, "/proc/1/comm"))
    facts.set("host.cloud_provider", cloud_of(host, firmware));
  else
    facts.missing("host.cloud_provider", {ErrorKind::not_found, "not found: /sys/class/dmi/id"});
}

void set_load(const Host& host, Machine& machine, Facts& facts) {
  const auto uptime = read_text(host, "/proc/uptime");  // "350735.47 234388.90"
  if (!uptime)
    facts.missing("host.uptime_seconds", uptime.error());
  else if (const auto parts = words(*uptime); !parts.empty()) {
    if (const auto seconds = parse_double(parts[0])) facts.set("host.uptime_seconds", *seconds);
  }
  const auto load = read_text(host, "/proc/loadavg");  // "0.20 0.18 0.12 1/80 11206"
  if (!load)
    facts.missing("host.load_15min", load.error());
  else if (const auto parts = words(*load); parts.size() > 2) {
    if (const auto value = parse_double(parts[2])) facts.set("host.load_15min", *value);
  }
  const auto& processes = machine.processes();
  if (!processes) return facts.missing("host.process_count", processes.error());
  // kernel threads are left out, so one that cannot be looked at leaves the count open
  const auto hidden = std::find_if(processes->begin(), processes->end(), [](const Process& one) { return one.name.empty(); });
  if (hidden == processes->end())
    facts.set("host.process_count", processes->size());
  else
    facts.missing("host.process_count", {ErrorKind::permission_denied, "not readable: /proc/" + std::to_string(hidden->pid) + "/stat"});
}

}  // namespace

Result<void> probe_host(const Host& host, Machine& machine, Facts& facts) {
  auto name = read_text(host, "/proc/sys/kernel/hostname");
  if (!name) {
    const auto configured = read_text(host, "/etc/hostname");
    if (configured) name = configured;
  }
  facts.set("host.name", name);
  const auto traces = read_traces(host);
  set_arch(host, traces, facts);
  set_kind(host, machine, traces, facts);
  set_load(host, machine, facts);
  return {};
}

}  // namespace plumbline
