// SPDX-License-Identifier: Apache-2.0
// What lies below a block device: partitions, dm and md layers, disks.
#include <algorithm>
#include <array>
#include <optional>

#include "agent/tables/tables.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr int kMaxDepth = 8;  // disk, partition, RAID, LUKS, LVM, cache: five in the wild
constexpr std::size_t kMaxSlaves = 128;
constexpr std::size_t kMaxUuidBytes = 4096;

std::string last_part(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

std::string text_of(const Host& host, const std::string& path) {
  const auto text = host.read(path, 4096);
  return text ? std::string(trim(*text)) : std::string();
}

/// The folder of a device or a partition: /sys/class/block/sda1 leads to …/block/sda/sda1. Captures may have
/// /sys/block alone, where a partition lies within its disk.
std::string folder_of(const Host& host, std::string_view name) {
  for (const std::string_view base : {"/sys/class/block/", "/sys/block/"}) {
    std::string folder = std::string(base) + std::string(name);
    if (host.stat(folder)) return folder;
  }
  std::string disk(name);
  while (!disk.empty() && disk.back() >= '0' && disk.back() <= '9') disk.pop_back();
  if (disk.size() > 1 && disk.back() == 'p' && disk[disk.size() - 2] >= '0' && disk[disk.size() - 2] <= '9')
    disk.pop_back();
  std::string folder = "/sys/block/" + disk + "/" + std::string(name);
  return host.stat(folder) ? folder : std::string();
}

/// The disk of a partition.
std::string disk_of(const Host& host, std::string_view name, const std::string& folder) {
  if (!host.stat(folder + "/partition")) return std::string(name);
  if (const auto link = host.read_link("/sys/class/block/" + std::string(name))) {
    const std::size_t slash = link->rfind('/');
    if (slash != std::string::npos) return last_part(std::string_view(*link).substr(0, slash));
  }
  if (folder.starts_with("/sys/block/"))
    return last_part(std::string_view(folder).substr(0, folder.rfind('/')));
  return std::string(name);
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c != 0 && (static_cast<unsigned char>(c) & 0x80u) == 0; });
}

int slowness(std::string_view disk_class) {
  constexpr std::array<std::string_view, 5> order = {"nvme", "ssd", "virtual", "other", "hdd"};
  return static_cast<int>(std::find(order.begin(), order.end(), disk_class) - order.begin());
}

void merge(BlockLayers& into, const BlockLayers& below, bool first) {
  into.known = into.known || below.known;
  into.encrypted = first ? below.encrypted : into.encrypted && below.encrypted;
  if (into.disk_class.empty() || slowness(below.disk_class) > slowness(into.disk_class)) {
    if (!below.disk_class.empty()) into.disk_class = below.disk_class;
  }
  for (const auto& disk : below.disks) {
    if (std::find(into.disks.begin(), into.disks.end(), disk) == into.disks.end()) into.disks.push_back(disk);
  }
}

bool is_array(const Host& host, std::string_view name, const std::string& folder) {
  return name.starts_with("md") && !host.stat(folder + "/partition");
}

BlockLayers walk(const Host& host, std::string_view name, int depth) {
  BlockLayers layers;
  const std::string folder = folder_of(host, name);
  if (folder.empty() || depth > kMaxDepth) return layers;
  layers.known = true;
  const bool mapped = name.starts_with("dm-");
  const auto uuid = mapped ? host.read(folder + "/dm/uuid", kMaxUuidBytes) : Result<std::string>();
  const bool crypt = uuid && uuid->starts_with("CRYPT-");
  const auto slaves = host.list(folder + "/slaves");
  // what a mapped or an array device is and stands on has to be seen before anything is said of it
  const bool unseen = (mapped && (!uuid || !is_ascii(*uuid))) || (!slaves && (mapped || is_array(host, name, folder)));
  if (unseen) return BlockLayers{};
  bool first = true;
  if (slaves) {
    for (const auto& slave : *slaves) {
      if (layers.disks.size() >= kMaxSlaves) break;
      const BlockLayers below = walk(host, slave.name, depth + 1);
      if (!below.known) return BlockLayers{};
      merge(layers, below, first);
      first = false;
    }
  }
  if (first) {
    const std::string disk = disk_of(host, name, folder);
    layers.disks.push_back(disk);
    if (disk != name) {
      // A partition of a RAID or a multipath device has layers below its disk.
      const BlockLayers below = walk(host, disk, depth + 1);
      merge(layers, below, true);
    } else {
      layers.disk_class = read_disk_class(host, disk);
    }
  }
  layers.encrypted = layers.encrypted || crypt;
  return layers;
}

/// "/dev/mapper/vg-root" to "dm-0" by the names in /sys.
std::string kernel_name(const Host& host, std::string_view source) {
  if (!source.starts_with("/dev/")) return "";
  const std::string name = last_part(source);
  if (!source.starts_with("/dev/mapper/")) return name;
  const auto entries = host.list("/sys/class/block");
  if (!entries) return "";
  for (const auto& entry : *entries) {
    if (entry.name.starts_with("dm-") && text_of(host, "/sys/class/block/" + entry.name + "/dm/name") == name)
      return entry.name;
  }
  return "";
}

/// btrfs may lie on several devices, of which a mount names one: /sys/fs/btrfs/<uuid>/devices/ has them all.
BlockLayers btrfs_layers(const Host& host, const std::string& name) {
  const auto volumes = host.list("/sys/fs/btrfs");
  if (!volumes && volumes.error().kind != ErrorKind::not_found) return {};
  for (const auto& volume : volumes.value_or(std::vector<FolderEntry>{})) {
    const auto devices = host.list("/sys/fs/btrfs/" + volume.name + "/devices");
    if (!devices && devices.error().kind == ErrorKind::not_found) continue;  // "features"
    if (!devices || devices->size() > kMaxSlaves) return {};
    if (std::none_of(devices->begin(), devices->end(), [&](const FolderEntry& one) { return one.name == name; })) continue;
    BlockLayers all;
    for (const auto& device : *devices) {
      const BlockLayers below = walk(host, device.name, 0);
      if (!below.known) return {};
      merge(all, below, &device == &devices->front());
    }
    return all;
  }
  return walk(host, name, 0);
}

/// The later counts where the paths to one drive differ.
enum class Way { untold, local, remote, hidden };

/// A controller's file "transport": pcie, tcp, …
Way way_to(const Host& host, const std::string& controller) {
  const auto text = host.read(controller + "/transport", 4096);
  if (!text) return text.error().kind == ErrorKind::not_found ? Way::untold : Way::hidden;
  const auto word = trim(*text);
  if (word == "pcie" || word == "apple-nvme") return Way::local;
  return word == "tcp" || word == "rdma" || word == "fc" || word == "loop" ? Way::remote : Way::hidden;
}

/// Disks of another machine, or of a hypervisor's making, that show themselves as NVMe: by the way to them (a fabric), or
/// by their model: Amazon's EBS, Google's persistent disks (its local ones are "nvme_card"), Azure's remote ones (its
/// local ones are "Microsoft NVMe Direct Disk"), Alibaba's, QEMU's, VMware's, VirtualBox's.
/// Nothing where that is hidden.
std::optional<bool> is_local_nvme(const Host& host, std::string_view name) {
  const std::string device = "/sys/block/" + std::string(name) + "/device";
  const auto model = host.read(device + "/model", 4096);
  if (model ? !is_ascii(*model) : model.error().kind != ErrorKind::not_found) return std::nullopt;
  for (const std::string_view sign : {"elastic block stor", "nvme_card-pd", "msft nvme accelerator", "qemu", "vmware", "vbox"})
    if (model && contains(lower(*model), sign)) return false;
  auto way = way_to(host, device);
  if (way != Way::untold) return way == Way::hidden ? std::nullopt : std::optional(way == Way::local);
  // with several paths the device is a subsystem, whose controllers lie in it: nvme-subsys0/nvme0/transport
  const auto entries = host.list(device);
  if (!entries) return entries.error().kind == ErrorKind::not_found ? std::optional(true) : std::nullopt;
  for (const FolderEntry& entry : *entries) {
    const bool controller = entry.name.starts_with("nvme") && entry.name.find_first_not_of("0123456789", 4) == std::string::npos;
    if (controller) way = std::max(way, way_to(host, device + "/" + entry.name));
  }
  return way == Way::hidden ? std::nullopt : std::optional(way != Way::remote);
}

}  // namespace

std::string read_disk_class(const Host& host, std::string_view name) {
  if (name.starts_with("nvme")) {
    const auto local = is_local_nvme(host, name);
    return !local ? "other" : *local ? "nvme" : "virtual";
  }
  for (const std::string_view start : {"vd", "xvd", "rbd", "nbd", "dasd"}) {  // paravirtual, or of a storage server
    if (name.starts_with(start)) return "virtual";
  }
  const std::string folder = "/sys/block/" + std::string(name);
  const std::string model = lower(text_of(host, folder + "/device/model"));
  const std::string vendor = lower(text_of(host, folder + "/device/vendor"));
  for (const std::string_view sign : {"qemu", "vmware", "virtual disk", "vbox", "persistentdisk"}) {
    if (contains(model, sign) || contains(vendor, sign)) return "virtual";
  }
  const std::string rotational = text_of(host, folder + "/queue/rotational");
  if (rotational == "1") return "hdd";
  if (rotational == "0") return "ssd";
  return "other";
}

BlockLayers read_layers_of_device(const Host& host, std::string_view name) {
  return walk(host, name, 0);
}

BlockLayers read_layers(const Host& host, const Mount& mount) {
  if (!mount.device.empty() && !mount.device.starts_with("0:")) {
    if (const auto link = host.read_link("/sys/dev/block/" + mount.device)) {
      const BlockLayers layers = walk(host, last_part(*link), 0);
      if (layers.known) return layers;
    }
  }
  const std::string name = kernel_name(host, mount.source);
  if (name.empty()) return {};
  return mount.type == "btrfs" ? btrfs_layers(host, name) : walk(host, name, 0);
}

}  // namespace plumbline
