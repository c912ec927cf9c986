// SPDX-License-Identifier: Apache-2.0
// Small pieces of the languages that packet filters are written in.
#include "agent/firewall/words.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace plumbline {
namespace {

using Kind = FilterCondition::Kind;

/// Of /etc/services, those that people write by name.
constexpr std::array<std::pair<std::string_view, std::uint16_t>, 42> kServices = {{
    {"ftp-data", 20}, {"ftp", 21}, {"ssh", 22}, {"telnet", 23}, {"smtp", 25}, {"domain", 53}, {"bootps", 67}, {"bootpc", 68},
    {"tftp", 69}, {"http", 80}, {"www", 80}, {"kerberos", 88}, {"pop3", 110}, {"sunrpc", 111}, {"ntp", 123}, {"imap2", 143}, {"imap", 143},
    {"snmp", 161}, {"bgp", 179}, {"ldap", 389}, {"https", 443}, {"microsoft-ds", 445}, {"submissions", 465}, {"isakmp", 500},
    {"syslog", 514}, {"dhcpv6-client", 546}, {"dhcpv6-server", 547}, {"submission", 587}, {"ldaps", 636}, {"rsync", 873}, {"imaps", 993},
    {"pop3s", 995}, {"openvpn", 1194}, {"ms-sql-s", 1433}, {"nfs", 2049}, {"mysql", 3306}, {"ipsec-nat-t", 4500}, {"mdns", 5353},
    {"postgresql", 5432}, {"x11", 6000}, {"redis", 6379}, {"http-alt", 8080},
}};

std::optional<std::uint16_t> parse_port(std::string_view text) {
  const auto number = parse_u64(text);
  if (number) return *number <= 65535 ? std::optional(static_cast<std::uint16_t>(*number)) : std::nullopt;
  for (const auto& [name, port] : kServices)
    if (name == text) return port;
  return std::nullopt;
}

std::string protocol_of(std::string_view text) {
  if (text == "6") return "tcp";
  if (text == "17") return "udp";
  if (text == "1") return "icmp";
  if (text == "ipv6-icmp" || text == "58") return "icmpv6";
  return lower(text);
}

bool add(FilterCondition& out, std::string_view value) {
  if (out.kind == Kind::dport) {
    const auto ports = parse_ports(value);
    if (ports) out.ports.push_back(*ports);
    return ports.has_value();
  }
  if (out.kind == Kind::saddr || out.kind == Kind::daddr) {
    const auto range = parse_address_range(value);
    if (range) out.addresses.push_back(*range);
    return range.has_value();
  }
  if (value.empty() || contains(value, ",") || value.starts_with('$') || value.starts_with('@')) return false;
  out.names.push_back(out.kind == Kind::protocol ? protocol_of(value) : std::string(value));
  return true;
}

}  // namespace

std::optional<std::pair<std::uint16_t, std::uint16_t>> parse_ports(std::string_view text) {
  if (const auto one = parse_port(text)) return std::pair(*one, *one);
  const std::size_t between = text.find_first_of("-:");
  if (between == std::string_view::npos) return std::nullopt;
  const auto from = between == 0 ? std::optional<std::uint16_t>(0) : parse_port(text.substr(0, between));
  const auto to = between + 1 == text.size() ? std::optional<std::uint16_t>(65535) : parse_port(text.substr(between + 1));
  if (!from || !to || *from > *to) return std::nullopt;
  return std::pair(*from, *to);
}

FilterCondition condition_on(Kind kind, const std::vector<std::string>& values, bool negated) {
  FilterCondition out;
  out.kind = kind;
  out.negated = negated;
  for (const std::string& value : values)
    if (!add(out, value)) return {};
  return values.empty() ? FilterCondition() : out;
}

FilterChain* find_chain(Ruleset& ruleset, std::string_view family, std::string_view table, std::string_view name) {
  const auto found = std::find_if(ruleset.chains.begin(), ruleset.chains.end(), [&](const FilterChain& one) {
    return one.name == name && one.table == table && one.family == family;
  });
  return found == ruleset.chains.end() ? nullptr : &*found;
}

FilterChain& chain_named(Ruleset& ruleset, std::string_view family, std::string_view table, std::string_view name) {
  if (FilterChain* known = find_chain(ruleset, family, table, name)) return *known;
  FilterChain chain;
  chain.family = family;
  chain.table = table;
  chain.name = name;
  ruleset.chains.push_back(std::move(chain));
  return ruleset.chains.back();
}

}  // namespace plumbline
