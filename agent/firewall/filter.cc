// SPDX-License-Identifier: Apache-2.0
// What becomes of a packet, in three values: a rule's conditions hold, may hold, or do not.
#include "agent/firewall/filter.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxSteps = 400'000;  // rules looked at in one scan
constexpr int kMaxDepth = 16;               // as nftables allows jumps
constexpr int kRedirecting = -100;          // the priority of destination NAT; what comes later sees packets changed
constexpr int kManyPorts = 32'000;          // a range that names no port in particular
constexpr std::size_t kNoChain = static_cast<std::size_t>(-1);

enum class Truth { no, maybe, yes };

using Kind = FilterCondition::Kind;
using Ranges = std::vector<AddressRange>;

Ranges ranges(std::initializer_list<std::string_view> texts) {
  Ranges out;
  for (const std::string_view text : texts) out.push_back(parse_address_range(text).value_or(AddressRange{}));
  return out;
}

/// What is no public address of the internet: RFC 6890's blocks that matter to a host.
const Ranges& private_blocks() {
  static const Ranges blocks = ranges({"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10",
                                       "fc00::/7", "fe80::/10"});
  return blocks;
}
/// Where no other machine begins a connection from. By UDP one without an address may ask.
const Ranges& no_sources() {
  static const Ranges blocks = ranges({"127.0.0.0/8", "::1", "224.0.0.0/4", "255.255.255.255", "ff00::/8", "0.0.0.0/8", "::"});
  return blocks;
}
constexpr std::size_t kNoSourcesOfUdp = 5;
const Ranges& group_addresses() {
  static const Ranges blocks = ranges({"224.0.0.0/4", "255.255.255.255", "ff00::/8"});
  return blocks;
}
const Ranges& loopback() {
  static const Ranges blocks = ranges({"127.0.0.0/8", "::1"});
  return blocks;
}

bool inside(const AddressRange& one, const AddressRange& other) {
  return one.v6 == other.v6 && one.from >= other.from && one.to <= other.to;
}
bool meets(const AddressRange& one, const AddressRange& other) {
  return one.v6 == other.v6 && one.from <= other.to && other.from <= one.to;
}
template <class Blocks>
bool inside_any(const AddressRange& one, const Blocks& blocks) {
  return std::any_of(blocks.begin(), blocks.end(), [&](const auto& block) { return inside(one, block); });
}
bool is_whole(const AddressRange& range) {
  const auto first = range.v6 ? 0 : 12;
  return std::all_of(range.from.begin() + first, range.from.end(), [](auto b) { return b == 0; }) &&
         std::all_of(range.to.begin() + first, range.to.end(), [](auto b) { return b == 0xff; });
}

/// Half of all addresses or more.
bool is_wide(const AddressRange& range) {
  const std::size_t first = range.v6 ? 0 : 12;
  return range.to[first] - range.from[first] >= 127;
}

template <class Item, class Ask>
Truth any_of_items(const std::vector<Item>& items, Ask ask) {
  Truth best = Truth::no;
  for (const Item& item : items) best = std::max(best, ask(item));
  return best;
}

/// A pattern "eth*" and the names it stands for.
bool is_named(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with('*')) return pattern == name;
  pattern.remove_suffix(1);
  return name.starts_with(pattern);
}

/// What is known beside the packet.
struct Surroundings {
  const std::optional<Ranges>& own;
  bool redirects_here;
  bool untracks;
};

class Question {
 public:
  Question(const Arrival& arrival, const Surroundings& around) : arrival_(arrival), around_(around) {}

  Truth holds(const FilterCondition& asked) const {
    const Truth plain = answer(asked);
    if (!asked.negated || plain == Truth::maybe) return plain;
    return plain == Truth::yes ? Truth::no : Truth::yes;
  }

  Truth matches(const FilterRule& rule) const {
    Truth all = Truth::yes;
    bool any_unknown = false, any_known = false;
    for (const FilterCondition& one : rule.when) {
      (one.kind == Kind::unknown ? any_unknown : any_known) = true;
      all = std::min(all, holds(one));
      if (all == Truth::no) break;
    }
    // Beside what is known, what is not known names something, too.
    return is_stranger() && any_unknown && any_known ? Truth::no : all;
  }

 private:
  bool is_stranger() const { return arrival_.port == kUnnamedPort; }

  Truth answer(const FilterCondition& asked) const {
    switch (asked.kind) {
      case Kind::unknown: return Truth::maybe;
      case Kind::protocol:
        return any_of_items(asked.names, [&](const auto& name) { return name == arrival_.protocol ? Truth::yes : Truth::no; });
      case Kind::family:
        return any_of_items(asked.names, [&](const auto& name) { return name == (arrival_.v6 ? "ipv6" : "ipv4") ? Truth::yes : Truth::no; });
      case Kind::dport: return any_of_items(asked.ports, [&](const auto& range) { return of_port(range.first, range.second); });
      case Kind::saddr: return any_of_items(asked.addresses, [&](const auto& range) { return of_source(range); });
      case Kind::daddr: return any_of_items(asked.addresses, [&](const auto& range) { return of_destination(range); });
      case Kind::iif: return any_of_items(asked.names, [&](const auto& name) { return of_interface(name); });
      case Kind::state: return any_of_items(asked.names, [&](const auto& name) { return of_state(name); });
      case Kind::dst_type: return any_of_items(asked.names, [&](const auto& name) { return of_type(name); });
    }
    return Truth::maybe;
  }

  Truth of_port(int from, int to) const {
    if (from == 0 && to == 65535) return Truth::yes;
    if (arrival_.sent_on) return Truth::maybe;
    if (is_stranger()) return to - from >= kManyPorts ? Truth::maybe : Truth::no;
    return arrival_.port >= from && arrival_.port <= to ? Truth::yes : Truth::no;
  }

  Truth of_source(const AddressRange& range) const {
    if (range.v6 != arrival_.v6) return Truth::no;
    if (is_whole(range)) return Truth::yes;
    const auto& nobody = no_sources();
    const auto end = arrival_.protocol == "tcp" ? nobody.end() : nobody.begin() + kNoSourcesOfUdp;
    if (std::any_of(nobody.begin(), end, [&](const auto& block) { return inside(range, block); })) return Truth::no;
    const auto& blocks = private_blocks();
    if (is_stranger()) return is_wide(range) ? Truth::maybe : Truth::no;
    if (arrival_.from_public) return inside_any(range, blocks) ? Truth::no : Truth::maybe;
    return std::any_of(blocks.begin(), blocks.end(), [&](const auto& block) { return meets(range, block); }) ? Truth::maybe : Truth::no;
  }

  Truth of_destination(const AddressRange& range) const {
    if (range.v6 != arrival_.v6) return Truth::no;
    if (is_whole(range)) return Truth::yes;
    if (arrival_.sent_on) return Truth::maybe;
    if (!arrival_.to.empty()) {
      const auto bound = parse_address_range(arrival_.to);
      return !bound ? Truth::maybe : inside(*bound, range) ? Truth::yes : Truth::no;
    }
    if (inside_any(range, loopback())) return Truth::no;
    if (inside_any(range, group_addresses())) return arrival_.protocol == "tcp" ? Truth::no : Truth::maybe;
    if (!around_.own || arrival_.protocol != "tcp") return Truth::maybe;
    const auto& own = *around_.own;  // each of them may be meant; what is none of them is not
    return std::any_of(own.begin(), own.end(), [&](const auto& one) { return meets(one, range); }) ? Truth::maybe : Truth::no;
  }

  Truth of_interface(const std::string& name) const {
    if (name == "lo") return Truth::no;
    if (name == "*") return Truth::yes;
    if (!arrival_.interface.empty()) return is_named(name, arrival_.interface) ? Truth::yes : Truth::no;
    return is_inner_interface(name) ? Truth::no : Truth::maybe;
  }

  /// Of the first packet of a connection.
  Truth of_state(const std::string& name) const {
    if (name == "new") return around_.untracks ? Truth::maybe : Truth::yes;
    if (name == "untracked") return around_.untracks ? Truth::maybe : Truth::no;
    if (name == "dnat") return arrival_.sent_on || around_.redirects_here ? Truth::maybe : Truth::no;
    return name == "established" || name == "related" || name == "invalid" ? Truth::no : Truth::maybe;
  }

  Truth of_type(const std::string& name) const {
    if (arrival_.sent_on) return Truth::maybe;
    const bool local = name == "local";
    if (arrival_.protocol == "tcp") return local ? Truth::yes : Truth::no;
    return name == "unicast" ? Truth::no : Truth::maybe;  // or broadcast, or multicast
  }

  const Arrival& arrival_;
  const Surroundings& around_;
};

/// Chains of ip are not asked for IPv6, and the other way round.
bool concerns(const FilterChain& chain, const Arrival& arrival) {
  return chain.family == "inet" || chain.family == (arrival.v6 ? "ip6" : "ip");
}

std::string key_of(const FilterChain& chain, const std::string& name) {
  return chain.family + '\n' + chain.table + '\n' + name;
}

/// Not where what is dropped is named by its sender or target, or by what we do not know: fail2ban, rate limits, what
/// would go to containers directly.
bool refuses_strangers(const FilterRule& rule) {
  return rule.verdict == FilterVerdict::drop && std::none_of(rule.when.begin(), rule.when.end(), [](const auto& one) {
    const bool old = one.kind == Kind::state && !one.negated && std::find(one.names.begin(), one.names.end(), "new") == one.names.end();
    return one.kind == Kind::unknown || old || (one.kind == Kind::saddr && !one.negated) || one.kind == Kind::daddr;
  });
}

}  // namespace

bool is_inner_interface(std::string_view name) {
  constexpr std::array<std::string_view, 9> kBridges = {"docker", "docker_gwbridge", "cni", "cni-podman", "virbr", "podman", "lxdbr", "lxcbr", "incusbr"};
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (name.size() == 15 && name.starts_with("br-") && std::all_of(name.begin() + 3, name.end(), is_hex)) return true;  // Docker's
  return std::any_of(kBridges.begin(), kBridges.end(), [&](std::string_view bridge) {
    if (!name.starts_with(bridge)) return false;
    const std::string_view rest = name.substr(bridge.size());
    return rest == "*" || rest.find_first_not_of("0123456789") == std::string_view::npos;
  });
}

Filter::Filter(const Ruleset& ruleset, std::optional<std::vector<AddressRange>> own)
    : ruleset_(ruleset), own_(std::move(own)), steps_left_(kMaxSteps) {
  for (std::size_t i = 0; i < ruleset.chains.size(); ++i) {
    const FilterChain& chain = ruleset.chains[i];
    by_name_.emplace(key_of(chain, chain.name), i);
    for (const FilterRule& rule : chain.rules) {
      untracks_ = untracks_ || rule.verdict == FilterVerdict::untrack;
      redirects_here_ = redirects_here_ || (rule.verdict == FilterVerdict::redirect && leads_here(rule.target));
    }
  }
}

bool Filter::leads_here(const std::string& target) const {
  const auto range = parse_address_range(target);
  if (!range || !own_ || inside_any(*range, loopback())) return true;
  return std::any_of(own_->begin(), own_->end(), [&](const auto& one) { return meets(one, *range); });
}

std::size_t Filter::target_of(const FilterChain& from, const std::string& name) const {
  const auto found = by_name_.find(key_of(from, name));
  return found == by_name_.end() ? kNoChain : found->second;
}

Filter::Outcome Filter::follow(std::size_t at, const Arrival& arrival, int depth) {
  Outcome out;
  if (at == kNoChain || depth > kMaxDepth) return {true, true, true};
  const FilterChain& chain = ruleset_.chains[at];
  const Surroundings around{own_, redirects_here_, untracks_};
  const Question question(arrival, around);
  for (const FilterRule& rule : chain.rules) {
    if (steps_left_ == 0) return {true, true, true};
    --steps_left_;
    const Truth here = question.matches(rule);
    if (here == Truth::no) continue;
    switch (rule.verdict) {
      case FilterVerdict::none:
      case FilterVerdict::untrack: continue;
      case FilterVerdict::accept: out.may_pass = true; break;
      case FilterVerdict::drop: break;
      case FilterVerdict::back: out.may_go_on = true; break;
      case FilterVerdict::redirect: out.may_redirect = out.may_pass = true; break;
      case FilterVerdict::unknown: out.may_pass = out.may_redirect = true; continue;
      case FilterVerdict::jump:
      case FilterVerdict::go_to: {
        const Outcome inner = follow(target_of(chain, rule.target), arrival, depth + 1);
        out.may_pass = out.may_pass || inner.may_pass;
        out.may_redirect = out.may_redirect || inner.may_redirect;
        if (rule.verdict == FilterVerdict::go_to) out.may_go_on = out.may_go_on || inner.may_go_on;
        if (rule.verdict == FilterVerdict::jump && inner.may_go_on) continue;
        break;
      }
    }
    if (here == Truth::yes) return out;  // nothing of it is left for the rules behind
  }
  out.may_go_on = true;
  return out;
}

/// One base chain that drops is enough: what another accepts still has to pass it.
bool Filter::dropped_on(std::string_view hook, bool before_redirects, const Arrival& arrival) {
  for (std::size_t i = 0; i < ruleset_.chains.size(); ++i) {
    const FilterChain& chain = ruleset_.chains[i];
    if (chain.type != "filter" || chain.hook != hook || !concerns(chain, arrival)) continue;
    if (hook == "prerouting" && (chain.priority < kRedirecting) != before_redirects) continue;
    const Outcome outcome = follow(i, arrival, 0);
    const bool passes = outcome.may_pass || (outcome.may_go_on && !chain.policy_drop);
    if (!passes && !exhausted()) return true;
  }
  return false;
}

bool Filter::drops(const Arrival& arrival) {
  // Where others are sent to this port, what is dropped before that is not all that comes.
  if (!redirects_here_ && dropped_on("prerouting", true, arrival)) return true;
  const bool redirected = may_redirect(arrival);
  if (redirected && redirects_here_) return false;
  if (!dropped_on("prerouting", false, arrival) && !dropped_on("input", false, arrival)) return false;
  if (!redirected) return !exhausted();
  Arrival sent = arrival;
  sent.sent_on = true;
  return dropped_on("prerouting", false, sent) || dropped_on("forward", false, sent);
}

bool Filter::may_redirect(const Arrival& arrival) {
  for (std::size_t i = 0; i < ruleset_.chains.size(); ++i) {
    const FilterChain& chain = ruleset_.chains[i];
    if (chain.hook == "prerouting" && concerns(chain, arrival) && follow(i, arrival, 0).may_redirect) return true;
  }
  return false;
}

bool Filter::refuses_anything() const {
  std::vector<std::size_t> waiting;
  std::vector<bool> seen(ruleset_.chains.size(), false);
  for (std::size_t i = 0; i < ruleset_.chains.size(); ++i) {
    const FilterChain& chain = ruleset_.chains[i];
    if ((chain.hook != "input" && chain.hook != "prerouting") || chain.type != "filter") continue;
    if (chain.policy_drop) return true;
    waiting.push_back(i);
    seen[i] = true;
  }
  while (!waiting.empty()) {
    const FilterChain& chain = ruleset_.chains[waiting.back()];
    waiting.pop_back();
    for (const FilterRule& rule : chain.rules) {
      if (refuses_strangers(rule)) return true;
      if (rule.verdict != FilterVerdict::jump && rule.verdict != FilterVerdict::go_to) continue;
      const std::size_t next = target_of(chain, rule.target);
      if (next == kNoChain || seen[next]) continue;
      seen[next] = true;
      waiting.push_back(next);
    }
  }
  return false;
}

}  // namespace plumbline
