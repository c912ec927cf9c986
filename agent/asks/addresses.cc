// SPDX-License-Identifier: Apache-2.0
// "addresses": the addresses of every interface, as getifaddrs(3) tells.
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <system_error>
#include <vector>

#include "agent/asks/asks.h"
#include "base/text.h"

namespace plumbline {
namespace {

int bits_of(const unsigned char* mask, std::size_t size) {
  int bits = 0;
  for (std::size_t i = 0; i < size; ++i) bits += std::popcount(mask[i]);
  return bits;
}

nlohmann::json to_json(const struct ifaddrs& entry) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool v6 = entry.ifa_addr->sa_family == AF_INET6;
  int prefix = 0;
  if (v6) {
    struct sockaddr_in6 address {};
    std::memcpy(&address, entry.ifa_addr, sizeof address);
    inet_ntop(AF_INET6, &address.sin6_addr, text.data(), text.size());
    if (entry.ifa_netmask != nullptr) {
      std::memcpy(&address, entry.ifa_netmask, sizeof address);
      prefix = bits_of(address.sin6_addr.s6_addr, sizeof address.sin6_addr);
    }
  } else {
    struct sockaddr_in address {};
    std::memcpy(&address, entry.ifa_addr, sizeof address);
    inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
    if (entry.ifa_netmask != nullptr) {
      std::memcpy(&address, entry.ifa_netmask, sizeof address);
      prefix = std::popcount(address.sin_addr.s_addr);
    }
  }
  return {{"interface", to_utf8(entry.ifa_name)},
          {"family", v6 ? "ipv6" : "ipv4"},
          {"address", text.data()},
          {"prefix", prefix}};
}

}  // namespace

Result<std::string> ask_addresses(std::string_view) {
  struct ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0)
    return fail(ErrorKind::unavailable, "addresses: " + std::generic_category().message(errno));
  std::vector<nlohmann::json> addresses;
  for (const auto* entry = first; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || entry->ifa_name == nullptr) continue;
    const int family = entry->ifa_addr->sa_family;
    if (family == AF_INET || family == AF_INET6) addresses.push_back(to_json(*entry));
  }
  freeifaddrs(first);
  std::sort(addresses.begin(), addresses.end());
  return nlohmann::json(addresses).dump();
}

}  // namespace plumbline
