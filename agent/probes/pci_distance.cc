// SPDX-License-Identifier: Apache-2.0
// Distances by the tree that sysfs draws: /sys/bus/pci/devices/*, /sys/class/net/*/device, /sys/class/nvme/*/device.
#include "agent/probes/pci_distance.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "agent/read.h"
#include "base/text.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::string_view kPciFolder = "/sys/bus/pci/devices/";
constexpr std::size_t kMostPeers = 1024;
constexpr std::array<std::string_view, 4> kNearestFirst = {"switch", "root", "socket", "across"};

/// "0000:41:00.0"
bool is_address(std::string_view step) {
  return step.size() >= 12 && step[step.size() - 2] == '.' && step[step.size() - 5] == ':' &&
         step[step.size() - 8] == ':';
}

std::optional<PciPlace> read_place(const Host& host, std::string_view address) {
  const std::string folder = std::string(kPciFolder) + std::string(address);
  const auto link = host.read_link(folder);
  if (!link) return std::nullopt;
  const auto node = read_i64(host, folder + "/numa_node");
  return place_of(*link, node && *node >= 0 && *node < kMaxCpus ? static_cast<int>(*node) : -1);
}

/// The PCI address in a link such as "../../../0000:41:00.0" or ".../0000:41:00.0/virtio2": the last one.
std::string address_in(std::string_view target) {
  std::string found;
  for (const std::string_view step : split(target, '/')) {
    if (is_address(step)) found = step;
  }
  return found;
}

/// A device of the class that stands on no hardware: a bridge, a bond, a virtual port. "../../devices/virtual/net/br0"
bool is_virtual(const Host& host, const std::string& folder) {
  const auto link = host.read_link(folder);
  return (link && contains(*link, "/virtual/")) || (!link && is_there(host, folder) && !is_there(host, folder + "/device"));
}

/// Places of the PCI functions below the devices of a class; nothing where the class cannot be listed or a device of it
/// cannot be placed.
std::optional<std::vector<PciPlace>> places_of(const Host& host, const std::string& folder) {
  const auto entries = host.list(folder);
  if (!entries) {
    if (is_absent(entries.error())) return std::vector<PciPlace>{};
    return std::nullopt;
  }
  std::vector<PciPlace> places;
  for (const auto& entry : *entries) {
    if (places.size() >= kMostPeers) break;
    const std::string device = folder + "/" + entry.name;
    if (entry.type == FileType::regular) continue;  // "bonding_masters"
    const auto link = host.read_link(device + "/device");
    if (!link && (!is_absent(link.error()) || !is_virtual(host, device))) return std::nullopt;
    const std::string address = link ? address_in(*link) : std::string();
    if (address.empty()) continue;  // on no PCI bus
    if (auto place = read_place(host, address)) places.push_back(std::move(*place));
  }
  return places;
}

/// Nothing where no distance is known.
std::optional<std::string> nearest(const PciPlace& card, const std::vector<PciPlace>& peers) {
  if (peers.empty()) return "none";
  std::size_t best = kNearestFirst.size();
  for (const PciPlace& peer : peers) {
    const auto found = std::find(kNearestFirst.begin(), kNearestFirst.end(), distance(card, peer));
    best = std::min(best, static_cast<std::size_t>(found - kNearestFirst.begin()));
  }
  if (best == kNearestFirst.size()) return std::nullopt;
  return std::string(kNearestFirst[best]);
}

}  // namespace

PciPlace place_of(std::string_view link_target, int numa_node) {
  PciPlace place;
  place.numa_node = numa_node;
  for (const std::string_view step : split(link_target, '/')) {
    // the first: below Intel's VMD a root of its own, pci10000:e0, hangs on the processor's pci0000:e0
    if (place.root.empty() && step.starts_with("pci") && contains(step, ":")) place.root = step;
    if (is_address(step)) place.bridges.emplace_back(step);
  }
  if (!place.bridges.empty()) place.bridges.pop_back();  // the function itself
  return place;
}

std::string_view distance(const PciPlace& one, const PciPlace& other) {
  if (one.root.empty() || other.root.empty()) return "";
  if (one.root == other.root) {
    // The first bridge is a port of the processor; what both have below it is a switch.
    const bool shared = one.bridges.size() > 1 && other.bridges.size() > 1 && one.bridges[0] == other.bridges[0] &&
                        one.bridges[1] == other.bridges[1];
    return shared ? "switch" : "root";
  }
  if (one.numa_node < 0 || other.numa_node < 0) return "";
  return one.numa_node == other.numa_node ? "socket" : "across";
}

/// Whether a disk is an NVMe drive, or no one can tell.
bool has_nvme_disk(const Host& host) {
  const auto disks = host.list("/sys/block");
  if (!disks) return !is_absent(disks.error());
  return std::any_of(disks->begin(), disks->end(), [](const FolderEntry& entry) { return entry.name.starts_with("nvme"); });
}

void add_distances(const Host& host, json& accelerators) {
  if (accelerators.empty()) return;
  auto network = places_of(host, "/sys/class/infiniband");
  if (network && network->empty()) network = places_of(host, "/sys/class/net");
  auto nvme = places_of(host, "/sys/class/nvme");
  if (nvme && nvme->empty() && has_nvme_disk(host)) nvme.reset();  // a capture without the class
  for (auto& item : accelerators) {
    const auto card = read_place(host, item["address"].get<std::string>());
    if (!card || card->root.empty()) continue;
    const auto set = [&](const char* key, const std::optional<std::vector<PciPlace>>& peers) {
      if (const auto found = peers ? nearest(*card, *peers) : std::nullopt) item[key] = *found;
    };
    set("nearest_network", network);
    set("nearest_nvme", nvme);
  }
}

}  // namespace plumbline
