// SPDX-License-Identifier: Apache-2.0
// Network: interfaces with what they can carry, RDMA ports, the way out, name servers.
#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "agent/probes/hardware.h"
#include "agent/read.h"
#include "base/text.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::string_view kNetFolder = "/sys/class/net";
constexpr std::size_t kMaxInterfaces = 512;  // a busy container host has hundreds of veth
constexpr std::size_t kMaxRdmaPorts = 512;
constexpr std::size_t kMaxServers = 16;
constexpr std::int64_t kUnknownSpeed = 65535;  // as kernels of 16 bits for it wrote -1
constexpr std::uint64_t kRouteUp = 1;
constexpr std::uint64_t kRouteReject = 0x200;
constexpr std::uint64_t kTypeInfiniband = 32;  // ARPHRD_INFINIBAND
constexpr std::uint64_t kTypeLoopback = 772;

using Addresses = std::map<std::string, std::vector<std::string>>;

/// Interface → "10.0.0.5/24". Empty where the host was never asked.
Result<Addresses> read_addresses(const Host& host) {
  const auto answer = host.ask("addresses");
  if (!answer) return tl::unexpected<Error>(answer.error());
  const auto list = json::parse(*answer, nullptr, false);
  Addresses addresses;
  if (!list.is_array()) return fail(ErrorKind::invalid, "addresses: the answer is no list");
  for (const auto& item : list) {
    if (!item.is_object() || !item.contains("interface") || !item.contains("address") ||
        !item.contains("prefix"))
      continue;
    if (!item["interface"].is_string() || !item["address"].is_string() || !item["prefix"].is_number_integer())
      continue;
    addresses[item["interface"].get<std::string>()].push_back(item["address"].get<std::string>() + "/" +
                                                              std::to_string(item["prefix"].get<int>()));
  }
  return addresses;
}

std::string kind_of(const Host& host, const std::string& folder, std::string_view uevent, std::uint64_t type,
                    bool has_device) {
  const auto devtype = value_of(uevent, "DEVTYPE", '=').value_or(std::string_view());
  if (devtype == "bond" || is_there(host, folder + "/bonding")) return "bond";
  if (devtype == "bridge" || is_there(host, folder + "/bridge")) return "bridge";
  if (devtype == "vlan") return "vlan";
  if (type == kTypeInfiniband) return "infiniband";
  if (devtype == "wlan" || is_there(host, folder + "/wireless") || is_there(host, folder + "/phy80211"))
    return "wireless";
  return has_device ? "physical" : "virtual";
}

/// True where the interface stands on a device: real, or as /sys shows paravirtual ones (virtio, vmbus, xen).
bool stands_on_device(const Host& host, const std::string& folder) {
  const auto target = host.read_link(folder);  // "../../devices/virtual/net/lo"
  if (target && contains(*target, "devices/")) return !contains(*target, "/virtual/");
  return is_there(host, folder + "/device");
}

std::string driver_of(const Host& host, const std::string& device) {
  const auto link = host.read_link(device + "/driver");
  return link ? std::string(last_step(*link)) : std::string();
}

/// Up as RFC 2863 means it. Tunnels and some drivers say "unknown": then what the administrator wants counts.
std::optional<bool> is_up(const Host& host, const std::string& folder) {
  constexpr std::array<std::string_view, 6> kDown = {"down", "notpresent", "lowerlayerdown", "testing", "dormant", "unknown"};
  const auto state = read_text(host, folder + "/operstate");
  if (!state) return std::nullopt;
  if (*state == "up") return true;
  if (std::find(kDown.begin(), kDown.end(), *state) == kDown.end()) return std::nullopt;
  if (*state != "unknown") return false;
  const auto flags = read_text(host, folder + "/flags");
  const auto bits = flags ? parse_hex(*flags) : std::nullopt;
  return bits ? std::optional((*bits & 1u) != 0) : std::nullopt;
}

template <class T>
bool is_known(const Result<T>& value) {
  return value || is_absent(value.error());
}

json interface_of(const Host& host, const std::string& name) {
  const std::string folder = std::string(kNetFolder) + "/" + name;
  const auto type = read_u64(host, folder + "/type");
  const auto uevent = read_text(host, folder + "/uevent");
  const bool has_device = stands_on_device(host, folder);
  std::string kind;
  // a capture may lack either; one that is there and cannot be read leaves the kind open
  if (is_known(type) && is_known(uevent))
    kind = kind_of(host, folder, uevent.value_or(""), type.value_or(0), has_device);
  json item = {{"name", name}};
  if (!kind.empty()) item["kind"] = kind;
  if (const auto up = is_up(host, folder)) item["up"] = *up;
  if (const auto mtu = read_u64(host, folder + "/mtu"); mtu && *mtu <= INT32_MAX) item["mtu"] = *mtu;
  // virtual ones invent a speed (veth says 10 Gb/s); a port that is down answers "invalid argument" or -1
  if (has_device || kind == "bond") {
    const auto speed = read_i64(host, folder + "/speed");
    if (speed && *speed > 0 && *speed < INT32_MAX && *speed != kUnknownSpeed) item["speed_mbps"] = *speed;
  }
  if (has_device) {
    if (const auto driver = driver_of(host, folder + "/device"); !driver.empty()) item["driver"] = driver;
    const auto node = read_i64(host, folder + "/device/numa_node");
    if (node && *node >= -1 && *node < kMaxCpus) item["numa_node"] = *node;
  }
  return item;
}

/// What may be the fastest and is hidden makes it unknown.
std::optional<Error> hidden_part(const Host& host, const std::string& name) {
  for (const char* file : {"/type", "/uevent", "/operstate", "/speed"}) {
    const auto text = read_text(host, std::string(kNetFolder) + "/" + name + file);
    if (!text && text.error().kind == ErrorKind::permission_denied) return text.error();
  }
  return std::nullopt;
}

void set_fastest(const Host& host, const json& interfaces, Facts& facts) {
  std::int64_t fastest = 0;
  for (const auto& item : interfaces) {
    const auto kind = item.value("kind", "");
    const bool whole = item.contains("speed_mbps") && item.contains("up") && !kind.empty();
    if (!whole && kind != "virtual") {
      if (const auto why = hidden_part(host, item["name"])) return facts.missing("network.fastest_mbps", *why);
    }
    if (kind != "physical" && kind != "bond" && kind != "infiniband") continue;
    if (!item.value("up", false)) continue;
    fastest = std::max(fastest, item.value("speed_mbps", std::int64_t{0}));
  }
  if (fastest > 0) facts.set("network.fastest_mbps", fastest);
}

void set_interfaces(const Host& host, Facts& facts) {
  const auto entries = host.list(kNetFolder);
  if (!entries) {
    for (const char* path : {"network.interfaces", "network.fastest_mbps"})
      facts.missing(path, entries.error());
    return;
  }
  const auto addresses = read_addresses(host);
  auto interfaces = json::array();
  for (const auto& entry : *entries) {
    if (entry.type == FileType::regular || entry.name == "lo") continue;  // "bonding_masters" is a file here
    if (interfaces.size() >= kMaxInterfaces) break;
    if (read_u64(host, std::string(kNetFolder) + "/" + entry.name + "/type").value_or(0) == kTypeLoopback)
      continue;
    auto item = interface_of(host, entry.name);
    if (addresses) {
      const auto found = addresses->find(entry.name);
      item["addresses"] = found == addresses->end() ? std::vector<std::string>() : found->second;
    }
    interfaces.push_back(std::move(item));
  }
  set_fastest(host, interfaces, facts);
  facts.set("network.interfaces", std::move(interfaces));
  if (!addresses) facts.missing("network.interfaces[].addresses", addresses.error());
}

/// The default route with the least metric: IPv4 first, else IPv6. Empty where there is none.
Result<std::string> default_route(const Host& host) {
  const auto routes = host.read("/proc/net/route");
  if (!routes) return tl::unexpected<Error>(routes.error());
  std::string best;
  std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
  const auto take = [&](std::string_view name, std::optional<std::uint64_t> flags,
                        std::optional<std::uint64_t> metric) {
    if (!flags || !metric || (*flags & kRouteUp) == 0 || (*flags & kRouteReject) != 0 || *metric >= least || name == "lo") return;
    best = name;
    least = *metric;
  };
  for (const auto line : lines(*routes)) {
    const auto f = words(line);  // Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
    if (f.size() >= 8 && f[1] == "00000000" && f[7] == "00000000")
      take(f[0], parse_hex(f[3]), parse_u64(f[6]));
  }
  if (!best.empty()) return best;
  const auto routes6 = host.read("/proc/net/ipv6_route");
  if (!routes6) return best;
  for (const auto line : lines(*routes6)) {
    const auto f = words(line);  // destination prefix source prefix next-hop metric refs uses flags interface
    if (f.size() < 10 || f[1] != "00" || f[0].find_first_not_of('0') != std::string_view::npos) continue;
    take(f[9], parse_hex(f[8]), parse_hex(f[5]));
  }
  return best;
}

/// Bonds of which a member has lost its link: "MII Status: down" below a "Slave Interface:".
void set_bonds(const Host& host, Facts& facts) {
  const auto bonds = host.list("/proc/net/bonding");
  int degraded = 0;
  if (bonds) {
    for (const auto& bond : *bonds) {
      const auto text = host.read("/proc/net/bonding/" + bond.name);
      if (!text) return facts.missing("network.bonds_degraded", text.error());
      if (!contains(*text, "MII Status"))
        return facts.missing("network.bonds_degraded", {ErrorKind::invalid, "not readable: /proc/net/bonding/" + bond.name});
      bool in_member = false;
      bool down = false;
      for (const auto line : lines(*text)) {
        const auto pair = parse_key_value(line, ':');
        if (!pair) continue;
        in_member = in_member || pair->key == "Slave Interface";
        down = down || (in_member && pair->key == "MII Status" && pair->value != "up");
      }
      if (down) ++degraded;
    }
  } else if (!is_absent(bonds.error()) || !is_there(host, "/proc/net/dev")) {
    return facts.missing("network.bonds_degraded", bonds.error());
  }
  facts.set("network.bonds_degraded", degraded);
}

/// "100 Gb/sec (4X EDR)"
std::optional<double> parse_rate(std::string_view text) {
  return parse_double(text.substr(0, text.find(' ')));
}

void set_rdma(const Host& host, Facts& facts) {
  const std::string folder = "/sys/class/infiniband";
  auto ports = json::array();
  const auto devices = host.list(folder);
  if (!devices) {
    if (!is_absent(devices.error()) || !is_there(host, kNetFolder))
      return facts.missing("network.rdma_ports", devices.error());
    return facts.set("network.rdma_ports", std::move(ports));
  }
  for (const auto& device : *devices) {
    const std::string base = folder + "/" + device.name + "/ports";
    const auto numbers = host.list(base);
    if (!numbers && is_absent(numbers.error()) && ports.size() < kMaxRdmaPorts)
      ports.push_back({{"device", device.name}});  // a capture without its ports
    else if (!numbers)
      return facts.missing("network.rdma_ports", numbers.error());
    if (!numbers) continue;
    for (const auto& number : *numbers) {
      const auto port = parse_u64(number.name);
      if (!port || *port > INT32_MAX || ports.size() >= kMaxRdmaPorts) continue;
      const std::string place = base + "/" + number.name;
      json item = {{"device", device.name}, {"port", *port}};
      if (const auto layer = read_text(host, place + "/link_layer")) item["link_layer"] = *layer;
      if (const auto state = read_text(host, place + "/state"); state && contains(*state, ": "))  // "4: ACTIVE"
        item["active"] = contains(*state, "ACTIVE") && !contains(*state, "DEFER");
      if (const auto rate = read_text(host, place + "/rate")) {
        if (const auto gbps = parse_rate(*rate)) item["rate_gbps"] = *gbps;
      }
      ports.push_back(std::move(item));
    }
  }
  facts.set("network.rdma_ports", std::move(ports));
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c != 0 && (static_cast<unsigned char>(c) & 0x80u) == 0; });
}

std::vector<std::string> parse_servers(std::string_view text) {
  std::vector<std::string> servers;
  for (const auto line : lines(text)) {
    const auto parts = words(line);  // "nameserver 10.0.0.2"
    if (parts.size() >= 2 && parts[0] == "nameserver" && servers.size() < kMaxServers)
      servers.emplace_back(parts[1]);
  }
  return servers;
}

void set_servers(const Host& host, Facts& facts) {
  auto text = host.read("/etc/resolv.conf");
  // systemd-resolved's stub stands before the real ones
  if (text && parse_servers(*text) == std::vector<std::string>{"127.0.0.53"}) {
    auto real = host.read("/run/systemd/resolve/resolv.conf");
    if (real || !is_absent(real.error())) text = std::move(real);
  }
  if (!text) return facts.missing("network.dns_servers", text.error());
  if (!is_ascii(*text)) return facts.missing("network.dns_servers", {ErrorKind::invalid, "no text: /etc/resolv.conf"});
  facts.set("network.dns_servers", parse_servers(*text));
}

}  // namespace

Result<void> probe_network(const Host& host, Machine&, Facts& facts) {
  set_interfaces(host, facts);
  const auto route = default_route(host);
  if (!route)
    facts.missing("network.default_route_interface", route.error());
  else if (!route->empty())
    facts.set("network.default_route_interface", *route);
  set_bonds(host, facts);
  set_rdma(host, facts);
  set_servers(host, facts);
  return {};
}

}  // namespace plumbline
