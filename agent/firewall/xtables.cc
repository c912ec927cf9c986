// SPDX-License-Identifier: Apache-2.0
// Layouts of linux/netfilter/xt_*.h; numbers in them are in the machine's own order unless told otherwise.
#include "agent/firewall/xtables.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace plumbline {
namespace {

using Kind = FilterCondition::Kind;
constexpr std::uint32_t kNewState = 8;

std::uint16_t host16(Bytes info, std::size_t offset) {
  std::uint16_t value = 0;
  if (info.size() >= offset + sizeof value) std::memcpy(&value, info.data() + offset, sizeof value);
  return value;
}
std::uint32_t host32(Bytes info, std::size_t offset) {
  std::uint32_t value = 0;
  if (info.size() >= offset + sizeof value) std::memcpy(&value, info.data() + offset, sizeof value);
  return value;
}
unsigned byte(Bytes info, std::size_t offset) {
  return offset < info.size() ? static_cast<unsigned char>(info[offset]) : 0u;
}

/// struct xt_tcp: u16 source ports from and to, u16 destination ports, option, mask and value of flags, what is
/// inverted (1 source, 2 destination). struct xt_udp: the ports, what is inverted.
std::vector<FilterCondition> read_ports(Bytes info, bool tcp) {
  const std::size_t last = tcp ? 11 : 8;
  if (info.size() <= last) return {FilterCondition()};
  const unsigned inverted = byte(info, last);
  std::vector<FilterCondition> out;
  const bool more = (inverted & ~2u) != 0 || host16(info, 0) != 0 || host16(info, 2) != 65535 ||
                    (tcp && (byte(info, 8) != 0 || byte(info, 9) != 0));
  if (more) out.emplace_back();
  FilterCondition ports;
  ports.kind = Kind::dport;
  ports.negated = (inverted & 2u) != 0;
  ports.ports.emplace_back(host16(info, 4), host16(info, 6));
  out.push_back(std::move(ports));
  return out;
}

/// struct xt_multiport_v1: u8 which (0 source, 1 destination, 2 either), u8 count, 15 × u16 port, 15 × u8 "a range
/// begins here", u8 inverted
FilterCondition read_multiport(Bytes info) {
  FilterCondition asked;
  if (info.size() < 48 || byte(info, 0) != 1) return asked;
  asked.kind = Kind::dport;
  const std::size_t count = std::min<std::size_t>(byte(info, 1), 15);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint16_t port = host16(info, 2 + 2 * i);
    const bool range = byte(info, 32 + i) != 0 && i + 1 < count;
    if (range) ++i;
    asked.ports.emplace_back(port, host16(info, 2 + 2 * i));
  }
  asked.negated = byte(info, 47) != 0;
  return asked;
}

/// struct xt_conntrack_mtinfo2 and 3: eight addresses of 16 bytes, 2 × u32, u16 protocol, four u16 ports; at 146 u16
/// what is asked (1 the state, and 1 << 13 where it was written as "-m state"), at 148 what of it is inverted, at 150 u16 the states: those of state_condition() but
/// source NAT 64, destination NAT 128, untracked 256.
FilterCondition read_conntrack(Bytes info) {
  constexpr std::uint32_t kPlain = 0x0f, kRedirected = 128, kUntracked = 256, kAlias = 1u << 13;
  if (info.size() < 152 || (host16(info, 146) & ~kAlias) != 1) return {};
  const std::uint32_t states = host16(info, 150);
  if ((states & ~(kPlain | kRedirected | kUntracked)) != 0) return {};
  FilterCondition asked = state_condition((states & kPlain) | ((states & kUntracked) != 0 ? 64u : 0u));
  if ((states & kRedirected) != 0) asked.names.emplace_back("dnat");
  asked.negated = (host16(info, 148) & 1u) != 0;
  return asked;
}

/// struct xt_addrtype_info_v1: u16 types of the source, u16 of the destination (bits by RTN_*: unicast 2, local 4,
/// broadcast 8, anycast 16, multicast 32), u32 flags (1 source inverted, 2 destination inverted, others on interfaces)
FilterCondition read_address_type(Bytes info) {
  FilterCondition asked;
  const std::uint32_t types = host16(info, 2), flags = host32(info, 4);
  if (info.size() < 8 || host16(info, 0) != 0 || types == 0 || (flags & ~2u) != 0) return asked;
  asked.kind = Kind::dst_type;
  asked.negated = (flags & 2u) != 0;
  if ((types & 4u) != 0) asked.names.emplace_back("local");
  if ((types & 2u) != 0) asked.names.emplace_back("unicast");
  if ((types & ~6u) != 0) asked.names.emplace_back("other");
  return asked;
}

/// struct nf_nat_ipv4_multi_range_compat (revision 0): u32 count, u32 flags, two IPv4 addresses; nf_nat_range: u32
/// flags, two addresses of 16 bytes. Flag 1: addresses are given.
std::string read_destination(std::uint32_t revision, Bytes info, bool v6) {
  const bool old = revision == 0 && !v6;
  const std::size_t flags = old ? 4 : 0, size = v6 ? 16 : 4;
  if (info.size() < 36 && !(old && info.size() >= 16)) return "";
  if ((host32(info, flags) & 1u) == 0) return "";
  return address_text(info.substr(flags + 4, size), info.substr(flags + 4 + (old ? 4 : 16), size), v6);
}

}  // namespace

FilterCondition state_condition(std::uint32_t bits) {
  constexpr std::array<std::pair<std::uint32_t, const char*>, 5> kStates = {
      {{1, "invalid"}, {2, "established"}, {4, "related"}, {kNewState, "new"}, {64, "untracked"}}};
  FilterCondition out;
  if ((bits & ~std::uint32_t{0x4f}) != 0) return out;
  out.kind = Kind::state;
  for (const auto& [bit, name] : kStates)
    if ((bits & bit) != 0) out.names.emplace_back(name);
  return out;
}

std::string address_text(Bytes from, Bytes to, bool v6) {
  const std::size_t size = v6 ? 16 : 4;
  if (from.size() < size || to.size() < size) return "";
  const auto show = [v6](Bytes bytes) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(v6 ? AF_INET6 : AF_INET, bytes.data(), text.data(), text.size());
    return std::string(text.data());
  };
  const std::string first = show(from), last = show(to);
  return first == last ? first : first + "-" + last;
}

std::vector<FilterCondition> read_xt_match(const std::string& name, std::uint32_t revision, Bytes info) {
  if (name == "comment") return {};
  if (name == "tcp" || name == "udp") return read_ports(info, name == "tcp");
  if (name == "multiport" && revision == 1) return {read_multiport(info)};
  if (name == "conntrack" && revision >= 2) return {read_conntrack(info)};
  if (name == "state" && info.size() >= 4) return {state_condition(host32(info, 0))};
  if (name == "addrtype" && revision == 1) return {read_address_type(info)};
  return {FilterCondition()};
}

FilterRule read_xt_target(const std::string& name, std::uint32_t revision, Bytes info, bool v6) {
  constexpr std::array<std::string_view, 12> kHarmless = {"LOG",  "NFLOG", "MARK",     "CONNMARK", "TCPMSS", "SNAT",
                                                          "MASQUERADE", "SET", "CLASSIFY", "DSCP", "TRACE", "AUDIT"};
  FilterRule out;
  if (std::find(kHarmless.begin(), kHarmless.end(), name) != kHarmless.end()) return out;
  out.verdict = FilterVerdict::unknown;
  if (name == "REJECT" || name == "TARPIT") out.verdict = FilterVerdict::drop;
  if (name == "CT" || name == "NOTRACK") out.verdict = FilterVerdict::untrack;  // CT may do other things besides
  if (name == "REDIRECT" || name == "TPROXY" || name == "NETMAP") out.verdict = FilterVerdict::redirect;
  if (name == "DNAT") {
    out.verdict = FilterVerdict::redirect;
    out.target = read_destination(revision, info, v6);
  }
  return out;
}

}  // namespace plumbline
