// SPDX-License-Identifier: Apache-2.0
// One rule of nftables: a small program that loads parts of the packet into registers and compares them. Registers are
// numbered as the kernel's nf_tables_api.c does.
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>

#include <algorithm>
#include <array>
#include <functional>
#include <tuple>

#include "agent/firewall/kernel_rules.h"
#include "agent/firewall/xtables.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxMapRules = 2'000;  // rules that one verdict map is told as
constexpr std::uint32_t kRedirected = 32;    // IPS_DST_NAT of ct status

using Kind = FilterCondition::Kind;

enum class Holds { unknown, protocol, family, dport, saddr, daddr, iif_name, iif_index, state, status, dst_type };

struct Register {
  Holds holds = Holds::unknown;
  bool v6 = false;
  std::string mask;   // of a bitwise operation on it
  std::string value;  // a constant that was loaded
};

std::uint16_t big16(Bytes bytes) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[0]) << 8 | static_cast<unsigned char>(bytes[1]));
}
std::uint32_t host32(Bytes bytes) {
  std::uint32_t word = 0;
  std::memcpy(&word, bytes.data(), std::min<std::size_t>(bytes.size(), 4));
  return word;
}

std::string protocol_name(unsigned number) {
  switch (number) {
    case 1: return "icmp";
    case 6: return "tcp";
    case 17: return "udp";
    case 58: return "icmpv6";
    case 132: return "sctp";
    default: return std::to_string(number);
  }
}

/// An address from its first bytes; the rest is `fill`.
std::array<std::uint8_t, 16> address_of(Bytes bytes, bool v6, std::uint8_t fill) {
  std::array<std::uint8_t, 16> out{};
  const std::size_t first = v6 ? 0 : 12;
  for (std::size_t i = first; i < 16; ++i) out[i] = i - first < bytes.size() ? static_cast<std::uint8_t>(bytes[i - first]) : fill;
  return out;
}

/// "lo" of all 16 bytes, "eth*" of fewer: nft compares as many as the pattern has.
std::string interface_of(Bytes bytes) {
  const std::size_t zero = bytes.find('\0');
  return zero == Bytes::npos ? to_utf8(bytes) + "*" : to_utf8(bytes.substr(0, zero));
}

/// A mask that keeps the first bits alone is a prefix; others cannot be told as a range.
bool is_prefix(const std::string& mask) {
  bool ended = false;
  for (const char c : mask) {
    for (int bit = 7; bit >= 0; --bit) {
      const bool set = (static_cast<unsigned char>(c) >> bit & 1) != 0;
      if (set && ended) return false;
      ended = ended || !set;
    }
  }
  return true;
}

/// The number before, or behind; nothing where there is none.
std::optional<std::string> next_to(std::string key, int step) {
  for (std::size_t i = key.size(); i-- > 0;) {
    const auto byte = static_cast<unsigned char>(key[i]);
    key[i] = static_cast<char>(byte + step);
    if (step < 0 ? byte != 0 : byte != 0xff) return key;
  }
  return std::nullopt;
}

/// All that a register may be by one element, with its verdict in a map.
struct Choice {
  FilterCondition condition;
  std::optional<FilterRule> verdict;
  bool any = false;
};

class RuleReader {
 public:
  RuleReader(const FilterChain& chain, const std::map<std::string, const KernelSet*>& sets, const std::map<std::uint32_t, std::string>& interfaces)
      : sets_(sets), interfaces_(interfaces), family_(chain.family == "ip" ? 4 : chain.family == "ip6" ? 6 : 0) {}

  std::vector<FilterRule> read(Bytes expressions) {
    Attributes::each(expressions, [&](int type, Bytes element) {
      if (type != NFTA_LIST_ELEM || ended_) return;
      const Attributes one(element);
      read_expression(one.text(NFTA_EXPR_NAME), one.inside(NFTA_EXPR_DATA));
    });
    if (!is_map_) mapped_.push_back(std::move(rule_));
    if (untracks_) mapped_.insert(mapped_.begin(), {*untracks_, FilterVerdict::untrack, ""});
    return std::move(mapped_);
  }

 private:
  static std::uint32_t slot(std::optional<std::uint32_t> number) {  // NFT_REG_1 and NFT_REG32_00 are one place
    const std::uint32_t reg = number.value_or(NFT_REG_VERDICT);
    return reg >= NFT_REG_1 && reg <= NFT_REG_4 ? NFT_REG32_00 + (reg - NFT_REG_1) * 4 : reg;
  }
  Register& at(const Attributes& data, int attribute) { return registers_[slot(data.number(attribute))]; }
  void load(const Attributes& data, int attribute, Holds holds, bool v6 = false) { at(data, attribute) = {holds, v6, "", ""}; }
  static Bytes value_in(const Attributes& data, int attribute) {
    return data.inside(attribute).get(NFTA_DATA_VALUE).value_or(Bytes());
  }
  void ask(FilterCondition condition) { rule_.when.push_back(std::move(condition)); }
  void end(FilterVerdict verdict, std::string target = "") {
    rule_.verdict = verdict;
    rule_.target = std::move(target);
    ended_ = true;
  }

  /// It does so to all that came as far as here; the rule goes on.
  void untrack() { untracks_ = rule_.when; }

  void read_expression(const std::string& name, const Attributes& data) {
    using Read = void (RuleReader::*)(const Attributes&);
    static constexpr std::array<std::pair<std::string_view, Read>, 14> kReaders = {
        {{"meta", &RuleReader::read_meta}, {"payload", &RuleReader::read_payload}, {"ct", &RuleReader::read_ct},
         {"fib", &RuleReader::read_fib}, {"bitwise", &RuleReader::read_bitwise}, {"byteorder", &RuleReader::read_byteorder},
         {"cmp", &RuleReader::read_cmp}, {"range", &RuleReader::read_range}, {"lookup", &RuleReader::read_lookup},
         {"immediate", &RuleReader::read_immediate}, {"nat", &RuleReader::read_nat}, {"objref", &RuleReader::read_object},
         {"match", &RuleReader::read_match}, {"target", &RuleReader::read_target}}};
    for (const auto& [known, read] : kReaders)
      if (known == name) return (this->*read)(data);
    if (name == "reject") return end(FilterVerdict::drop);
    if (name == "redir" || name == "tproxy") return end(FilterVerdict::redirect);
    if (name == "notrack") return untrack();
    if (name == "queue" || name == "synproxy") return end(FilterVerdict::unknown);
    if (name == "counter" || name == "log" || name == "masq" || name == "last") return;
    // rt, socket, exthdr, hash, numgen, osf and what is newer than this reader load something we do not know; limit,
    // quota, connlimit, dynset and their like decide by what happened before.
    registers_.clear();
    ask({});
  }

  void read_meta(const Attributes& data) {
    if (!data.get(NFTA_META_DREG)) return;  // it sets a mark
    Holds holds = Holds::unknown;
    switch (data.number(NFTA_META_KEY).value_or(0xffff)) {
      case NFT_META_L4PROTO: holds = Holds::protocol; break;
      case NFT_META_NFPROTO: holds = Holds::family; break;
      case NFT_META_IIFNAME: holds = Holds::iif_name; break;
      case NFT_META_IIF: holds = Holds::iif_index; break;
      default: break;
    }
    load(data, NFTA_META_DREG, holds);
  }

  /// Only where the rule's chain, or what was asked before, says which protocol's head it is.
  void read_payload(const Attributes& data) {
    if (!data.get(NFTA_PAYLOAD_DREG)) return;  // it changes the packet
    const std::uint32_t base = data.number(NFTA_PAYLOAD_BASE).value_or(9), offset = data.number(NFTA_PAYLOAD_OFFSET).value_or(999),
                        length = data.number(NFTA_PAYLOAD_LEN).value_or(0);
    Holds holds = Holds::unknown;
    if (base == NFT_PAYLOAD_TRANSPORT_HEADER && offset == 2 && length == 2) holds = Holds::dport;
    if (base == NFT_PAYLOAD_NETWORK_HEADER && family_ == 4) {
      if (offset == 9 && length == 1) holds = Holds::protocol;
      if (offset == 12 && length <= 4) holds = Holds::saddr;
      if (offset == 16 && length <= 4) holds = Holds::daddr;
    }
    if (base == NFT_PAYLOAD_NETWORK_HEADER && family_ == 6) {  // its protocol may stand behind other heads
      if (offset == 8 && length <= 16) holds = Holds::saddr;
      if (offset == 24 && length <= 16) holds = Holds::daddr;
    }
    load(data, NFTA_PAYLOAD_DREG, holds, family_ == 6);
  }

  void read_ct(const Attributes& data) {
    if (!data.get(NFTA_CT_DREG)) return;  // it sets a mark
    const auto key = data.number(NFTA_CT_KEY);
    load(data, NFTA_CT_DREG, key == NFT_CT_STATE ? Holds::state : key == NFT_CT_STATUS ? Holds::status : Holds::unknown);
  }

  void read_fib(const Attributes& data) {
    const std::uint32_t flags = data.number(NFTA_FIB_FLAGS).value_or(0);
    const bool type = data.number(NFTA_FIB_RESULT) == NFT_FIB_RESULT_ADDRTYPE && (flags & NFTA_FIB_F_DADDR) != 0;
    load(data, NFTA_FIB_DREG, type ? Holds::dst_type : Holds::unknown);
  }

  void read_byteorder(const Attributes& data) { load(data, NFTA_BYTEORDER_DREG, Holds::unknown); }

  void read_bitwise(const Attributes& data) {
    Register held = at(data, NFTA_BITWISE_SREG);
    held.mask = value_in(data, NFTA_BITWISE_MASK);
    const Bytes change = value_in(data, NFTA_BITWISE_XOR);
    const bool plain = !held.mask.empty() && change.find_first_not_of('\0') == Bytes::npos &&
                       data.number(NFTA_BITWISE_OP).value_or(NFT_BITWISE_BOOL) == NFT_BITWISE_BOOL;
    const bool address = held.holds == Holds::saddr || held.holds == Holds::daddr;
    const bool known = held.holds == Holds::state || held.holds == Holds::status || (address && is_prefix(held.mask));
    at(data, NFTA_BITWISE_DREG) = plain && known ? held : Register();
  }

  /// One value, or all from one to another, of what a register holds; false where that cannot be told.
  bool add_value(const Register& held, Bytes from, Bytes to, FilterCondition& out) const {
    if (from.empty() || from.size() != to.size() || to < from) return false;
    switch (held.holds) {
      case Holds::dport:
        if (from.size() != 2) return false;
        out.kind = Kind::dport;
        out.ports.emplace_back(big16(from), big16(to));
        return true;
      case Holds::saddr:
      case Holds::daddr: return add_addresses(held, from, to, out);
      default: return from == to && add_name(held, from, out);
    }
  }

  static bool add_addresses(const Register& held, Bytes from, Bytes to, FilterCondition& out) {
    if (from.size() > (held.v6 ? 16u : 4u)) return false;
    out.kind = held.holds == Holds::saddr ? Kind::saddr : Kind::daddr;
    AddressRange range{held.v6, address_of(from, held.v6, 0), address_of(to, held.v6, 0xff)};
    const std::size_t first = held.v6 ? 0 : 12;
    for (std::size_t i = 0; i < held.mask.size() && first + i < 16; ++i)  // what the mask leaves out may be anything
      range.to[first + i] = static_cast<std::uint8_t>(range.to[first + i] | (~static_cast<unsigned>(held.mask[i]) & 0xffu));
    out.addresses.push_back(range);
    return true;
  }

  bool add_name(const Register& held, Bytes value, FilterCondition& out) const {
    const auto first = static_cast<unsigned char>(value[0]);
    std::string name;
    switch (held.holds) {
      case Holds::protocol:
        out.kind = Kind::protocol;
        name = protocol_name(first);
        break;
      case Holds::family:
        out.kind = Kind::family;
        name = first == NFPROTO_IPV6 ? "ipv6" : first == NFPROTO_IPV4 ? "ipv4" : "other";
        break;
      case Holds::iif_name:
        out.kind = Kind::iif;
        name = interface_of(value);
        break;
      case Holds::iif_index: {
        const auto known = interfaces_.find(host32(value));
        if (value.size() < 4 || known == interfaces_.end()) return false;
        out.kind = Kind::iif;
        name = known->second;
        break;
      }
      case Holds::state: {
        if (value.size() < 4) return false;
        const FilterCondition states = state_condition(host32(value));
        if (states.kind == Kind::unknown) return false;
        out.kind = Kind::state;
        out.names.insert(out.names.end(), states.names.begin(), states.names.end());
        return true;
      }
      case Holds::dst_type:  // RTN_UNICAST, RTN_LOCAL
        if (value.size() < 4) return false;
        out.kind = Kind::dst_type;
        name = host32(value) == 2 ? "local" : host32(value) == 1 ? "unicast" : "other";
        break;
      default: return false;
    }
    if (name.find(',') != std::string::npos) return false;  // it could not be told from two
    out.names.push_back(std::move(name));
    return true;
  }

  /// "ct state & (established | related) != 0", "ct status & dnat != 0"
  void ask_bits(const Register& held, std::uint32_t operation, Bytes value) {
    FilterCondition asked;
    const std::uint32_t bits = host32(held.mask);
    if (held.holds == Holds::state) asked = state_condition(bits);
    else if (bits == kRedirected) {
      asked.kind = Kind::state;
      asked.names.emplace_back("dnat");
    }
    const bool simple = value.size() >= 4 && host32(value) == 0 && (operation == NFT_CMP_NEQ || operation == NFT_CMP_EQ);
    if (!simple || asked.kind == Kind::unknown) return ask({});
    asked.negated = operation == NFT_CMP_EQ;
    ask(std::move(asked));
  }

  /// "tcp dport >= 80" is a range that is open at one end.
  bool add_compared(const Register& held, std::uint32_t operation, Bytes value, FilterCondition& asked) const {
    if (operation == NFT_CMP_EQ || operation == NFT_CMP_NEQ) {
      asked.negated = operation == NFT_CMP_NEQ;
      return add_value(held, value, value, asked);
    }
    if (held.holds != Holds::dport && held.holds != Holds::saddr && held.holds != Holds::daddr) return false;
    const std::string lowest(value.size(), '\0'), highest(value.size(), '\xff');
    const bool strict = operation == NFT_CMP_LT || operation == NFT_CMP_GT, below = operation == NFT_CMP_LT || operation == NFT_CMP_LTE;
    const auto limit = strict ? next_to(std::string(value), below ? -1 : 1) : std::optional(std::string(value));
    if (!limit || !held.mask.empty()) return false;
    return below ? add_value(held, lowest, *limit, asked) : add_value(held, *limit, highest, asked);
  }

  void read_cmp(const Attributes& data) {
    const Register& held = at(data, NFTA_CMP_SREG);
    const std::uint32_t operation = data.number(NFTA_CMP_OP).value_or(9);
    const Bytes value = value_in(data, NFTA_CMP_DATA);
    if (operation > NFT_CMP_GTE) return ask({});
    if ((held.holds == Holds::state || held.holds == Holds::status) && !held.mask.empty()) return ask_bits(held, operation, value);
    FilterCondition asked;
    if (!add_compared(held, operation, value, asked)) asked = {};
    if (asked.kind == Kind::family && !asked.negated && family_ == 0) family_ = asked.names[0] == "ipv6" ? 6 : asked.names[0] == "ipv4" ? 4 : 0;
    ask(std::move(asked));
  }

  void read_range(const Attributes& data) {
    FilterCondition asked;
    if (add_value(at(data, NFTA_RANGE_SREG), value_in(data, NFTA_RANGE_FROM_DATA), value_in(data, NFTA_RANGE_TO_DATA), asked))
      asked.negated = data.number(NFTA_RANGE_OP) == NFT_RANGE_NEQ;
    else asked = {};
    ask(std::move(asked));
  }

  /// Nothing where an element cannot be told.
  std::optional<std::vector<Choice>> choices_of(const KernelSet& set, const Register& held) const {
    std::vector<const KernelSetElement*> elements;
    for (const KernelSetElement& one : set.elements) elements.push_back(&one);
    std::stable_sort(elements.begin(), elements.end(), [](const auto* a, const auto* b) { return std::tie(a->key, b->ends) < std::tie(b->key, a->ends); });
    std::vector<Choice> out;
    std::optional<Choice> rest;
    for (std::size_t i = 0; i < elements.size(); ++i) {
      const KernelSetElement& one = *elements[i];
      if (one.ends) continue;
      Choice choice{{}, one.verdict, one.catch_all};
      if (one.catch_all) {
        rest = std::move(choice);
        continue;
      }
      std::string last = one.key_end.empty() ? one.key : one.key_end;
      if (set.interval && one.key_end.empty()) {
        const bool more = i + 1 < elements.size() && elements[i + 1]->key > one.key;
        last = more ? next_to(elements[i + 1]->key, -1).value_or("") : std::string(one.key.size(), '\xff');
      }
      if (!add_value(held, one.key, last, choice.condition)) return std::nullopt;
      out.push_back(std::move(choice));
    }
    if (rest) out.push_back(std::move(*rest));  // what no other element is
    return out;
  }

  void read_lookup(const Attributes& data) {
    const auto found = sets_.find(data.text(NFTA_LOOKUP_SET));
    const auto choices = found == sets_.end() ? std::nullopt : choices_of(*found->second, at(data, NFTA_LOOKUP_SREG));
    const bool map = data.get(NFTA_LOOKUP_DREG).has_value();
    if (map && slot(data.number(NFTA_LOOKUP_DREG)) == NFT_REG_VERDICT) return read_map(choices);
    if (map) load(data, NFTA_LOOKUP_DREG, Holds::unknown);
    FilterCondition all;
    for (std::size_t i = 0; choices && i < choices->size(); ++i) {
      const Choice& choice = (*choices)[i];
      if (choice.any) return ask({});
      const FilterCondition& one = choice.condition;
      all.kind = one.kind;
      all.names.insert(all.names.end(), one.names.begin(), one.names.end());
      all.ports.insert(all.ports.end(), one.ports.begin(), one.ports.end());
      all.addresses.insert(all.addresses.end(), one.addresses.begin(), one.addresses.end());
    }
    all.negated = all.kind != Kind::unknown && (data.number(NFTA_LOOKUP_FLAGS).value_or(0) & NFT_LOOKUP_F_INV) != 0;
    ask(std::move(all));  // an empty set may be filled at any time
  }

  void read_map(const std::optional<std::vector<Choice>>& choices) {
    if (!choices || choices->size() > kMaxMapRules) return end(FilterVerdict::unknown);
    for (const Choice& choice : *choices) {
      FilterRule one = rule_;
      if (!choice.any) one.when.push_back(choice.condition);
      one.verdict = choice.verdict ? choice.verdict->verdict : FilterVerdict::unknown;
      one.target = choice.verdict ? choice.verdict->target : std::string();
      mapped_.push_back(std::move(one));
    }
    is_map_ = ended_ = true;
  }

  void read_immediate(const Attributes& data) {
    if (slot(data.number(NFTA_IMMEDIATE_DREG)) != NFT_REG_VERDICT) {
      at(data, NFTA_IMMEDIATE_DREG) = {Holds::unknown, false, "", std::string(value_in(data, NFTA_IMMEDIATE_DATA))};
      return;
    }
    FilterRule verdict = read_kernel_verdict(data.inside(NFTA_IMMEDIATE_DATA).inside(NFTA_DATA_VERDICT));
    end(verdict.verdict, std::move(verdict.target));
  }

  void read_nat(const Attributes& data) {
    if (data.number(NFTA_NAT_TYPE) != NFT_NAT_DNAT) return end(FilterVerdict::accept);
    const bool v6 = data.number(NFTA_NAT_FAMILY) == NFPROTO_IPV6;
    std::string target;
    if (data.get(NFTA_NAT_REG_ADDR_MIN)) {
      const std::string from = at(data, NFTA_NAT_REG_ADDR_MIN).value;
      const std::string to = data.get(NFTA_NAT_REG_ADDR_MAX) ? at(data, NFTA_NAT_REG_ADDR_MAX).value : from;
      target = address_text(from, to, v6);
    }
    end(FilterVerdict::redirect, std::move(target));
  }

  void read_object(const Attributes& data) {
    constexpr std::uint32_t kCounter = NFT_OBJECT_COUNTER, kHelper = NFT_OBJECT_CT_HELPER;
    const auto type = data.number(NFTA_OBJREF_IMM_TYPE);
    if (type != kCounter && type != kHelper) ask({});  // limits and quotas decide by what happened before
  }

  void read_match(const Attributes& data) {
    for (FilterCondition& one : read_xt_match(data.text(NFTA_MATCH_NAME), data.number(NFTA_MATCH_REV).value_or(0), data.get(NFTA_MATCH_INFO).value_or(Bytes())))
      ask(std::move(one));
  }

  void read_target(const Attributes& data) {
    FilterRule target = read_xt_target(data.text(NFTA_TARGET_NAME), data.number(NFTA_TARGET_REV).value_or(0),
                                       data.get(NFTA_TARGET_INFO).value_or(Bytes()), family_ == 6);
    if (target.verdict == FilterVerdict::untrack) untrack();
    else if (target.verdict != FilterVerdict::none) end(target.verdict, std::move(target.target));
  }

  const std::map<std::string, const KernelSet*>& sets_;
  const std::map<std::uint32_t, std::string>& interfaces_;
  int family_;  // 4 or 6; 0 where a packet may be of either
  std::map<std::uint32_t, Register> registers_;
  FilterRule rule_;
  std::vector<FilterRule> mapped_;
  std::optional<std::vector<FilterCondition>> untracks_;
  bool is_map_ = false, ended_ = false;
};

}  // namespace

std::vector<FilterRule> translate_rule(const FilterChain& chain, Bytes expressions, const std::map<std::string, const KernelSet*>& sets,
                                       const std::map<std::uint32_t, std::string>& interfaces) {
  return RuleReader(chain, sets, interfaces).read(expressions);
}

}  // namespace plumbline
