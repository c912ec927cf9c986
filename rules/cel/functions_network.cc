// SPDX-License-Identifier: Apache-2.0
// Addresses and networks as Kubernetes has them: ip("10.0.0.1"), cidr("10.0.0.0/8").
#include <arpa/inet.h>

#include <array>
#include <optional>

#include "base/text.h"
#include "rules/cel/cost.h"
#include "rules/cel/functions.h"

namespace plumbline::cel {
namespace {

constexpr std::size_t kMaxAddressBytes = 64;

/// An address in network order: 4 bytes in front, or all 16.
struct Address {
  std::array<unsigned char, 16> bytes{};
  bool six = false;
  unsigned bits() const { return six ? 128 : 32; }
  bool operator==(const Address&) const = default;
};

/// No zone, no IPv4 address inside an IPv6 one (::ffff:1.2.3.4), no leading zeros.
std::optional<Address> parse_address(std::string_view text) {
  if (text.size() > kMaxAddressBytes || text.find('\0') != std::string_view::npos) return std::nullopt;
  Address out;
  out.six = text.find(':') != std::string_view::npos;
  const std::string zero_ended(text);
  if (inet_pton(out.six ? AF_INET6 : AF_INET, zero_ended.c_str(), out.bytes.data()) != 1) return std::nullopt;
  for (std::size_t at = text.find('.'); at != std::string_view::npos; at = text.find('.', at + 1))
    if (at + 2 < text.size() && text[at + 1] == '0' && text[at + 2] != '.') return std::nullopt;
  if (!out.six && text.size() > 1 && text[0] == '0' && text[1] != '.') return std::nullopt;
  static constexpr std::array<unsigned char, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (out.six && std::equal(kMapped.begin(), kMapped.end(), out.bytes.begin())) return std::nullopt;
  return out;
}

std::string text_of_four(const Address& address) {
  std::string out;
  for (std::size_t i = 0; i < 4; ++i) out += (i == 0 ? "" : ".") + std::to_string(address.bytes[i]);
  return out;
}

/// RFC 5952: lower case, the longest run of two zero groups or more, the first of them, as "::".
std::string text_of_six(const Address& address) {
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < 8; ++i) groups[i] = address.bytes[2 * i] * 256U + address.bytes[2 * i + 1];
  std::size_t longest = 1, longest_at = 8;
  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t length = 0;
    while (i + length < 8 && groups[i + length] == 0) ++length;
    if (length > longest) longest = length, longest_at = i;
  }
  std::string out;
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == longest_at) {
      out += "::";
      i += longest - 1;
      continue;
    }
    if (!out.empty() && out.back() != ':') out += ':';
    bool leading = true;
    for (int shift = 12; shift >= 0; shift -= 4) {
      const unsigned digit = (groups[i] >> static_cast<unsigned>(shift)) & 15U;
      leading = leading && digit == 0 && shift > 0;
      if (!leading) out += "0123456789abcdef"[digit];
    }
  }
  return out;
}

std::string text_of(const Address& address) {
  return address.six ? text_of_six(address) : text_of_four(address);
}

Address masked(Address address, unsigned prefix) {
  for (unsigned i = prefix; i < address.bits(); ++i)
    address.bytes[i / 8] = static_cast<unsigned char>(address.bytes[i / 8] & ~(0x80U >> (i % 8)));
  return address;
}

class Ip : public Opaque {
 public:
  static constexpr std::string_view kTypeName = "net.IP";
  explicit Ip(const Address& value) : address(value) {}
  std::string_view type_name() const override { return kTypeName; }
  bool equals(const Opaque& other) const override { return address == static_cast<const Ip&>(other).address; }
  std::string text() const override { return text_of(address); }
  const Address address;
};

class Cidr : public Opaque {
 public:
  static constexpr std::string_view kTypeName = "net.CIDR";
  Cidr(const Address& value, unsigned length) : address(value), prefix(length) {}
  std::string_view type_name() const override { return kTypeName; }
  bool equals(const Opaque& other) const override {
    const auto& cidr = static_cast<const Cidr&>(other);
    return address == cidr.address && prefix == cidr.prefix;
  }
  std::string text() const override { return text_of(address) + "/" + std::to_string(prefix); }
  bool contains(const Address& other) const {
    return other.six == address.six && masked(other, prefix) == masked(address, prefix);
  }
  const Address address;
  const unsigned prefix;
};

std::optional<Cidr> parse_cidr(std::string_view text) {
  const std::size_t slash = text.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = parse_address(text.substr(0, slash));
  const std::string_view digits = text.substr(slash + 1);
  const auto prefix = parse_u64(digits);
  const bool plain =
      !digits.empty() && digits[0] >= '0' && digits[0] <= '9' && (digits[0] != '0' || digits.size() == 1);
  if (!address || !prefix || !plain || *prefix > address->bits()) return std::nullopt;
  return Cidr(*address, static_cast<unsigned>(*prefix));
}

const Address& address_of(const Value& value) {
  return value.opaque_as<Ip>()->address;
}
const Cidr& cidr_of(const Value& value) {
  return *value.opaque_as<Cidr>();
}
Value of(const Address& address) {
  return Value::of(std::make_shared<const Ip>(address));
}
Value of(const Cidr& cidr) {
  return Value::of(std::make_shared<const Cidr>(cidr));
}
Value no_address(const Value& value) {
  return Value::error(shown(value) + " is no IP address");
}
Value no_cidr(const Value& value) {
  return Value::error(shown(value) + " is no network, as in \"10.0.0.0/8\"");
}

Value make_ip(Arguments a, Meter&) {
  const auto address = parse_address(*a[0]->string());
  return address ? of(*address) : no_address(*a[0]);
}
Value is_ip(Arguments a, Meter&) {
  return Value::of(parse_address(*a[0]->string()).has_value());
}
Value is_canonical(Arguments a, Meter&) {
  const auto address = parse_address(*a[0]->string());
  return address ? Value::of(text_of(*address) == *a[0]->string()) : no_address(*a[0]);
}
Value family(Arguments a, Meter&) {
  return Value::of(std::int64_t{address_of(*a[0]).six ? 6 : 4});
}

bool unspecified(const Address& address) {
  return address.bytes == Address{}.bytes;
}
bool loopback(const Address& address) {
  Address one;
  one.six = true;
  one.bytes[15] = 1;
  return address.six ? address == one : address.bytes[0] == 127;
}
bool multicast(const Address& address) {
  return address.six ? address.bytes[0] == 0xff : (address.bytes[0] & 0xf0U) == 0xe0U;
}
bool link_local_multicast(const Address& address) {
  const auto& b = address.bytes;
  return address.six ? b[0] == 0xff && (b[1] & 0x0fU) == 2 : b[0] == 224 && b[1] == 0 && b[2] == 0;
}
bool link_local_unicast(const Address& address) {
  const auto& b = address.bytes;
  return address.six ? b[0] == 0xfe && (b[1] & 0xc0U) == 0x80U : b[0] == 169 && b[1] == 254;
}
/// Private addresses are global unicast here too, as in Kubernetes and Go.
bool global_unicast(const Address& address) {
  const auto& b = address.bytes;
  const bool broadcast = !address.six && b[0] == 255 && b[1] == 255 && b[2] == 255 && b[3] == 255;
  return !broadcast && !unspecified(address) && !loopback(address) && !multicast(address) &&
         !link_local_unicast(address);
}
template <bool (*Test)(const Address&)>
Value tested(Arguments a, Meter&) {
  return Value::of(Test(address_of(*a[0])));
}

Value make_cidr(Arguments a, Meter&) {
  const auto cidr = parse_cidr(*a[0]->string());
  return cidr ? of(*cidr) : no_cidr(*a[0]);
}
Value is_cidr(Arguments a, Meter&) {
  return Value::of(parse_cidr(*a[0]->string()).has_value());
}
Value contains_ip(Arguments a, Meter&) {
  return Value::of(cidr_of(*a[0]).contains(address_of(*a[1])));
}
Value contains_ip_text(Arguments a, Meter&) {
  const auto address = parse_address(*a[1]->string());
  return address ? Value::of(cidr_of(*a[0]).contains(*address)) : no_address(*a[1]);
}
Value contains(const Cidr& outer, const Cidr& inner) {
  return Value::of(outer.prefix <= inner.prefix && outer.contains(inner.address));
}
Value contains_cidr(Arguments a, Meter&) {
  return contains(cidr_of(*a[0]), cidr_of(*a[1]));
}
Value contains_cidr_text(Arguments a, Meter&) {
  const auto cidr = parse_cidr(*a[1]->string());
  return cidr ? contains(cidr_of(*a[0]), *cidr) : no_cidr(*a[1]);
}
Value address_of_cidr(Arguments a, Meter&) {
  return of(cidr_of(*a[0]).address);
}
Value masked_cidr(Arguments a, Meter&) {
  const Cidr& cidr = cidr_of(*a[0]);
  return of(Cidr(masked(cidr.address, cidr.prefix), cidr.prefix));
}
Value prefix_length(Arguments a, Meter&) {
  return Value::of(std::int64_t{cidr_of(*a[0]).prefix});
}
Value text_of_opaque(Arguments a, Meter&) {
  return Value::of(a[0]->opaque()->text());
}

constexpr FunctionRow kRows[] = {
    {"ip(string): net.IP", make_ip, cost::nothing},
    {"isIP(string): bool", is_ip, cost::nothing},
    {"ip.isCanonical(string): bool", is_canonical, cost::nothing},
    {"string(net.IP): string", text_of_opaque, cost::short_text},
    {"net.IP.family(): int", family},
    {"net.IP.isUnspecified(): bool", tested<unspecified>},
    {"net.IP.isLoopback(): bool", tested<loopback>},
    {"net.IP.isLinkLocalMulticast(): bool", tested<link_local_multicast>},
    {"net.IP.isLinkLocalUnicast(): bool", tested<link_local_unicast>},
    {"net.IP.isGlobalUnicast(): bool", tested<global_unicast>},
    {"cidr(string): net.CIDR", make_cidr, cost::nothing},
    {"isCIDR(string): bool", is_cidr, cost::nothing},
    {"string(net.CIDR): string", text_of_opaque, cost::short_text},
    {"net.CIDR.containsIP(net.IP): bool", contains_ip, cost::nothing},
    {"net.CIDR.containsIP(string): bool", contains_ip_text, cost::nothing},
    {"net.CIDR.containsCIDR(net.CIDR): bool", contains_cidr, cost::nothing},
    {"net.CIDR.containsCIDR(string): bool", contains_cidr_text, cost::nothing},
    {"net.CIDR.ip(): net.IP", address_of_cidr},
    {"net.CIDR.masked(): net.CIDR", masked_cidr},
    {"net.CIDR.prefixLength(): int", prefix_length},
};

}  // namespace

std::span<const FunctionRow> network_functions() {
  return kRows;
}

}  // namespace plumbline::cel
