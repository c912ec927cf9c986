// SPDX-License-Identifier: Apache-2.0
// Who reaches an address that something listens on.
#include <algorithm>
#include <array>
#include <optional>

#include "agent/services.h"
#include "base/text.h"

namespace plumbline {
namespace {

int rank(std::string_view exposure) {
  constexpr std::array<std::string_view, 5> order = {"none", "loopback", "private", "public", "any"};
  return static_cast<int>(std::find(order.begin(), order.end(), exposure) - order.begin());
}

std::optional<unsigned> ipv4_of(std::string_view address) {
  if (address.starts_with("::ffff:")) address.remove_prefix(7);
  const auto parts = split(address, '.');
  if (parts.size() != 4) return std::nullopt;
  unsigned value = 0;
  for (const auto part : parts) {
    const auto byte = parse_u64(part);
    if (!byte || *byte > 255) return std::nullopt;
    value = (value << 8) | static_cast<unsigned>(*byte);
  }
  return value;
}

}  // namespace

std::string_view exposure_of(std::string_view address) {
  if (address == "*" || address == "0.0.0.0" || address == "::" || address == "::ffff:0.0.0.0" ||
      address.empty())
    return "any";
  if (address == "::1" || address == "localhost") return "loopback";
  if (const auto value = ipv4_of(address)) {
    const unsigned ip = *value;
    if (ip >> 24 == 127) return "loopback";
    const bool own = ip >> 24 == 10 || ip >> 20 == 0xac1 || ip >> 16 == 0xc0a8 || ip >> 16 == 0xa9fe ||
                     ip >> 22 == 0x191;  // 10/8 172.16/12 192.168/16 169.254/16 100.64/10
    return own ? "private" : "public";
  }
  const std::string text = lower(address);
  const bool own = text.starts_with("fc") || text.starts_with("fd") || text.starts_with("fe8") ||
                   text.starts_with("fe9") || text.starts_with("fea") || text.starts_with("feb");
  return own ? "private" : "public";
}

std::string_view wider(std::string_view a, std::string_view b) {
  return rank(a) >= rank(b) ? a : b;
}

std::string_view exposure_of(const std::vector<Socket>& sockets, int port) {
  std::string_view widest = "none";
  for (const auto& socket : sockets) {
    if (socket.protocol == "tcp" && (port == 0 || socket.port == port))
      widest = wider(widest, exposure_of(socket.address));
  }
  return widest;
}

}  // namespace plumbline
