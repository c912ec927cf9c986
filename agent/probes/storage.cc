// SPDX-License-Identifier: Apache-2.0
// Storage: disks, the file systems on them with what is free, software RAID, encryption.
#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/machine.h"
#include "agent/probes/hardware.h"
#include "agent/read.h"
#include "base/text.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxDisks = 1024;
constexpr std::size_t kMaxFilesystems = 256;
constexpr std::uint64_t kSectorBytes = 512;
constexpr std::uint64_t kMaxSectors = INT64_MAX / kSectorBytes;

// Not whole disks of their own: files, memory, what stands on other disks.
constexpr std::array<std::string_view, 11> kNotDisks = {"loop", "ram",    "zram", "dm-", "md", "fd",
                                                        "drbd", "bcache", "zd",   "sr",  "nbd"};

bool is_disk(std::string_view name) {
  for (const auto start : kNotDisks) {
    if (name.substr(0, start.size()) == start) return false;
  }
  // "nvme0c0n1" is one path to nvme0n1, not another disk
  if (name.substr(0, 4) == "nvme") {
    const auto rest = name.substr(4);
    const auto c = rest.find('c');
    if (c != std::string_view::npos && c > 0 && rest.find('n') != std::string_view::npos) return false;
  }
  return true;
}

/// The disk's entry; nothing for a device of no size (an empty card reader).
std::optional<json> disk_of(const Host& host, Machine& machine, const std::string& name) {
  const std::string folder = "/sys/block/" + name;
  const auto sectors = read_u64(host, folder + "/size");
  if (sectors && *sectors == 0) return std::nullopt;
  std::string shown = name;  // "cciss!c0d0" is /dev/cciss/c0d0
  std::replace(shown.begin(), shown.end(), '!', '/');
  json disk = {{"name", shown}, {"class", machine.disk_class(name)}};
  if (sectors && *sectors <= kMaxSectors) disk["size_bytes"] = *sectors * kSectorBytes;
  if (const auto model = read_text(host, folder + "/device/model"); model && !model->empty())
    disk["model"] = *model;
  if (const auto removable = read_u64(host, folder + "/removable"); removable && *removable <= 1)
    disk["removable"] = *removable == 1;
  if (name.compare(0, 4, "nvme") == 0) {
    auto node = read_i64(host, folder + "/device/numa_node");
    if (!node) node = read_i64(host, folder + "/device/device/numa_node");
    if (node && *node >= -1 && *node < kMaxCpus) disk["numa_node"] = *node;
  }
  return disk;
}

void set_disks(const Host& host, Machine& machine, Facts& facts) {
  const auto entries = host.list("/sys/block");
  if (!entries) {
    for (const char* path : {"storage.disks", "storage.local_nvme_bytes"})
      facts.missing(path, entries.error());
    return;
  }
  auto disks = json::array();
  Result<std::uint64_t> nvme_bytes = 0;
  for (const auto& entry : *entries) {
    if (!is_disk(entry.name) || disks.size() >= kMaxDisks) continue;
    auto disk = disk_of(host, machine, entry.name);
    if (!disk) continue;
    if (entry.name.starts_with("nvme") && (*disk)["class"] == "other")
      nvme_bytes = fail(ErrorKind::invalid, "not known whether it is a disk of this host: " + entry.name);
    if ((*disk)["class"] == "nvme" && nvme_bytes) {
      if (disk->contains("size_bytes"))
        *nvme_bytes += std::min((*disk)["size_bytes"].get<std::uint64_t>(), std::uint64_t{1} << 50);
      else
        nvme_bytes = fail(ErrorKind::invalid, "no size known of the disk " + entry.name);
    }
    disks.push_back(std::move(*disk));
  }
  facts.set("storage.disks", std::move(disks));
  facts.set("storage.local_nvme_bytes", nvme_bytes);
}

/// A number of the answer to statvfs; 0 where it is not there.
std::uint64_t number_at(const json& answer, const char* key) {
  const auto found = answer.find(key);
  return found != answer.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

double percent(std::uint64_t part, std::uint64_t whole) {
  const auto tenths = static_cast<double>(part) * 1000.0 / static_cast<double>(whole);
  return static_cast<double>(static_cast<std::int64_t>(tenths + 0.5)) / 10.0;
}

/// Free space as df(1) shows it: what a normal user may take, of what users together could have.
Result<void> add_space(const Host& host, const Mount& mount, json& item) {
  const bool may_hang = mount.network || mount.type.compare(0, 4, "fuse") == 0;
  const auto text = host.ask((may_hang ? "statvfs_remote:" : "statvfs:") + mount.point);
  if (!text) return tl::unexpected<Error>(text.error());
  const auto answer = json::parse(*text, nullptr, false);
  if (!answer.is_object()) return fail(ErrorKind::invalid, "statvfs: no object for " + mount.point);
  const auto unit = number_at(answer, "block_bytes");
  const auto blocks = number_at(answer, "blocks");
  const auto free = number_at(answer, "blocks_free");
  const auto available = std::min(number_at(answer, "blocks_available"), blocks);
  if (unit == 0 || blocks == 0 || blocks > INT64_MAX / unit || free > blocks) return {};
  item["size_bytes"] = blocks * unit;
  item["free_bytes"] = available * unit;
  const auto used = blocks - free;
  if (used + available > 0) item["free_percent"] = percent(available, used + available);
  const auto files = number_at(answer, "files");
  const auto files_free = number_at(answer, "files_free");
  if (files > 0 && files_free <= files) item["inodes_free_percent"] = percent(files_free, files);
  return {};
}

/// Those that hold data, each once: bind mounts and subvolumes of one file system count by their shortest
/// path.
std::vector<const Mount*> data_mounts(const std::vector<Mount>& mounts) {
  std::map<std::string, const Mount*> by_device;
  std::vector<const Mount*> chosen;
  for (const auto& mount : mounts) {
    if (mount.pseudo && mount.point != "/") continue;
    const std::string key = mount.device.empty() ? mount.source + " " + mount.type : mount.device;
    auto& kept = by_device[key];
    if (kept == nullptr || mount.point.size() < kept->point.size()) kept = &mount;
  }
  for (const auto& [key, mount] : by_device) chosen.push_back(mount);
  std::sort(chosen.begin(), chosen.end(), [](const Mount* a, const Mount* b) { return a->point < b->point; });
  // of several mounts on one point the last hides the others; its device differs, so keep the one named last
  std::map<std::string, const Mount*> top;
  for (const auto& mount : mounts) top[mount.point] = &mount;
  std::erase_if(chosen, [&](const Mount* mount) { return top[mount->point] != mount; });
  return chosen;
}

void set_filesystems(const Host& host, Machine& machine, Facts& facts) {
  const auto& mounts = machine.mounts();
  if (!mounts) {
    for (const char* path : {"storage.filesystems", "storage.root_encrypted"})
      facts.missing(path, mounts.error());
    return;
  }
  auto filesystems = json::array();
  for (const Mount* mount : data_mounts(*mounts)) {
    if (filesystems.size() >= kMaxFilesystems) break;
    json item = {{"mount", mount->point},
                 {"type", mount->type},
                 {"device", mount->source},
                 {"network", mount->network},
                 {"options", mount->options}};
    if (const auto space = add_space(host, *mount, item); !space)
      facts.missing("storage.filesystems[].size_bytes", space.error());
    const auto layers = machine.layers_of(*mount);
    if (layers.known) item["encrypted"] = layers.encrypted;
    if (!layers.disk_class.empty()) item["disk_class"] = layers.disk_class;
    if (mount->point == "/") {
      if (layers.known)
        facts.set("storage.root_encrypted", layers.encrypted);
      else
        facts.missing(
            "storage.root_encrypted",
            {ErrorKind::not_found, "no block device of this host is known below / (" + mount->type + ")"});
    }
    filesystems.push_back(std::move(item));
  }
  facts.set("storage.filesystems", std::move(filesystems));
}

/// /proc/mdstat:
///   md0 : active raid1 sdb1[1] sda1[0](F)
///         976630464 blocks super 1.2 [2/1] [U_]
///   md127 : inactive sdb[1](S) sda[0](S)
///         4520 blocks super external:imsm         (no array: it holds them, as "external:/md127/0" in their lines)
json parse_mdstat(std::string_view text) {
  auto raids = json::array();
  for (const auto line : lines(text)) {
    const auto parts = words(line);
    if (parts.size() >= 3 && parts[1] == ":" && parts[0].substr(0, 2) == "md") {
      json raid = {{"name", parts[0]}, {"degraded", parts[2] != "active"}};
      for (std::size_t i = 3; i < parts.size(); ++i) {
        if (parts[i].find('[') != std::string_view::npos) break;
        if (parts[i].front() != '(') raid["level"] = parts[i];  // "(auto-read-only)" may stand before it
      }
      raids.push_back(std::move(raid));
      continue;
    }
    if (raids.empty()) continue;
    if (std::any_of(parts.begin(), parts.end(), [](std::string_view part) {
          return part.starts_with("external:") && !part.starts_with("external:/");
        })) {
      raids.erase(raids.size() - 1);
      continue;
    }
    for (const auto part : parts) {  // "[U_]": one letter a member
      const bool members =
          part.size() > 2 && part.front() == '[' && part.find_first_not_of("[U_]") == std::string_view::npos;
      if (members && part.find('_') != std::string_view::npos) raids.back()["degraded"] = true;
    }
  }
  return raids;
}

void set_raids(const Host& host, Machine& machine, Facts& facts) {
  const auto text = host.read("/proc/mdstat");
  if (text && !contains(*text, "Personalities"))
    return facts.missing("storage.raids", {ErrorKind::invalid, "not readable: /proc/mdstat"});
  if (text) return facts.set("storage.raids", parse_mdstat(*text));
  // without the driver there is no such file, and no such array
  if (is_absent(text.error()) && machine.mounts()) return facts.set("storage.raids", json::array());
  facts.missing("storage.raids", text.error());
}

}  // namespace

Result<void> probe_storage(const Host& host, Machine& machine, Facts& facts) {
  set_disks(host, machine, facts);
  set_filesystems(host, machine, facts);
  set_raids(host, machine, facts);
  return {};
}

}  // namespace plumbline
