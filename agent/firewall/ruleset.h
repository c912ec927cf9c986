// SPDX-License-Identifier: Apache-2.0
// A packet filter as far as it decides who reaches a listener: chains, what their rules ask, what they do.
// The same form comes from the kernel (agent/asks/nftables.cc) and from files (agent/firewall/files.h);
// agent/firewall/filter.h follows it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace plumbline {

/// Addresses from one to another, both among them; IPv4 in the last four bytes.
struct AddressRange {
  bool v6 = false;
  std::array<std::uint8_t, 16> from{}, to{};
};
/// "10.0.0.5", "10.0.0.0/8", "10.0.0.0/255.0.0.0", "10.0.0.1-10.0.0.9", "fd00::/8"; nothing where it is none of them.
std::optional<AddressRange> parse_address_range(std::string_view text);

/// One thing that a rule asks of a packet. `unknown` is what we do not understand or cannot know: it may hold.
struct FilterCondition {
  enum class Kind { unknown, protocol, family, dport, saddr, daddr, iif, state, dst_type };
  Kind kind = Kind::unknown;
  bool negated = false;
  std::vector<std::string> names;                              // "tcp", "ipv6", "lo" or "eth*", "established", "local"
  std::vector<std::pair<std::uint16_t, std::uint16_t>> ports;  // of dport, both among them
  std::vector<AddressRange> addresses;                         // of saddr and daddr
};

/// `untrack` lets packets go without a state; `redirect` sends them to another address or port.
enum class FilterVerdict { none, accept, drop, jump, go_to, back, redirect, untrack, unknown };

struct FilterRule {
  std::vector<FilterCondition> when;  // all of them
  FilterVerdict verdict = FilterVerdict::none;
  std::string target;                 // chain of the same table, of jump and go_to; addresses of redirect, "" where not known
};

struct FilterChain {
  std::string family;  // inet, ip, ip6
  std::string table;
  std::string name;
  std::string hook;    // prerouting, input, forward, …; empty: called by others alone
  std::string type;    // filter, nat, route; empty where there is no hook
  int priority = 0;    // on its hook: -300 raw, -150 mangle, -100 before routing is NAT's, 0 filter
  bool policy_drop = false;
  std::vector<FilterRule> rules;
};

struct Ruleset {
  std::vector<FilterChain> chains;
};

inline constexpr std::size_t kMaxFilterChains = 20'000;
inline constexpr std::size_t kMaxFilterRules = 40'000;

/// As the question "nftables" answers: {"chains":[{"family":"inet","table":"filter","name":"input","hook":"input",
/// "type":"filter","priority":0,"policy":"drop","rules":[["protocol=tcp","dport=22,8000-8010","accept"],["!iif=lo","jump wan"]]}]}
/// Of each rule the last text is what it does, those before it are what it asks; "?" is what we do not understand.
std::string to_json(const Ruleset& ruleset);
Result<Ruleset> parse_ruleset(std::string_view json);
/// "dport=22,80" and so on; what cannot be read is unknown, which decides nothing.
FilterCondition parse_condition(std::string_view text);

}  // namespace plumbline
