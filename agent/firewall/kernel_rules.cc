// SPDX-License-Identifier: Apache-2.0
// From messages to chains.
#include "agent/firewall/kernel_rules.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <array>

namespace plumbline {
namespace {

constexpr std::size_t kMaxElements = 20'000;  // of all sets that rules look into
constexpr std::size_t kMaxLookups = 256;      // sets that are read
constexpr std::size_t kMaxTold = 200'000;     // rules, addresses and ports that rules with sets come to
constexpr std::uint32_t kConcatenated = 0x80;  // NFT_SET_CONCAT
constexpr std::uint32_t kOneType = 64;         // a type of a key takes six bits; more bits are more types

std::string_view family_name(int family) {
  switch (family) {
    case NFPROTO_INET: return "inet";
    case NFPROTO_IPV4: return "ip";
    case NFPROTO_IPV6: return "ip6";
    default: return "";  // arp, bridge and netdev do not decide about our listeners, or not alone
  }
}

std::string hook_name(std::uint32_t number) {
  constexpr std::array<const char*, 5> kNames = {"prerouting", "input", "forward", "output", "postrouting"};
  return number < kNames.size() ? kNames[number] : "other";
}

tl::unexpected<Error> too_much(const char* what) {
  return fail(ErrorKind::limit, std::string("nftables: more ") + what + " than are followed");
}

std::size_t size_of(const std::vector<FilterRule>& rules) {
  std::size_t size = rules.size();
  for (const FilterRule& rule : rules)
    for (const FilterCondition& one : rule.when) size += one.names.size() + one.ports.size() + one.addresses.size();
  return size;
}

}  // namespace

FilterRule read_kernel_verdict(const Attributes& verdict) {
  FilterRule out;
  out.verdict = FilterVerdict::unknown;
  switch (static_cast<std::int32_t>(verdict.number(NFTA_VERDICT_CODE).value_or(0xffff))) {
    case NF_DROP: out.verdict = FilterVerdict::drop; break;
    case NF_ACCEPT: out.verdict = FilterVerdict::accept; break;
    case NFT_JUMP: out.verdict = FilterVerdict::jump; break;
    case NFT_GOTO: out.verdict = FilterVerdict::go_to; break;
    case NFT_RETURN: out.verdict = FilterVerdict::back; break;
    case NFT_CONTINUE:
    case NFT_BREAK: out.verdict = FilterVerdict::none; break;
    default: break;
  }
  if (out.verdict == FilterVerdict::jump || out.verdict == FilterVerdict::go_to) out.target = verdict.text(NFTA_VERDICT_CHAIN);
  return out;
}

std::string KernelRules::place_of(int family, const std::string& table, const std::string& name) const {
  return std::string(family_name(family)) + '\n' + table + '\n' + name;
}

Result<void> KernelRules::take(int type, int family, Bytes attributes) {
  if (family_name(family).empty()) return {};
  const Attributes told(attributes);
  switch (type) {
    case NFT_MSG_NEWTABLE:
      if ((told.number(NFTA_TABLE_FLAGS).value_or(0) & NFT_TABLE_F_DORMANT) != 0)
        dormant_[place_of(family, told.text(NFTA_TABLE_NAME), "")] = true;
      return {};
    case NFT_MSG_NEWCHAIN: return take_chain(family, told);
    case NFT_MSG_NEWRULE: return take_rule(family, told);
    case NFT_MSG_NEWSET: take_set(family, told); return {};
    case NFT_MSG_NEWSETELEM: take_elements(family, told); return {};
    default: return {};
  }
}

Result<void> KernelRules::take_chain(int family, const Attributes& told) {
  if (ruleset_.chains.size() >= kMaxFilterChains) return too_much("chains");
  FilterChain chain;
  chain.family = family_name(family);
  chain.table = told.text(NFTA_CHAIN_TABLE);
  chain.name = told.text(NFTA_CHAIN_NAME);
  if (dormant_.count(place_of(family, chain.table, "")) > 0) return {};  // a table that sleeps is asked nothing
  if (told.get(NFTA_CHAIN_HOOK)) {
    const Attributes hook = told.inside(NFTA_CHAIN_HOOK);
    chain.hook = hook_name(hook.number(NFTA_HOOK_HOOKNUM).value_or(99));
    chain.type = told.text(NFTA_CHAIN_TYPE);
    chain.priority = static_cast<std::int32_t>(hook.number(NFTA_HOOK_PRIORITY).value_or(0));
    chain.policy_drop = told.number(NFTA_CHAIN_POLICY).value_or(NF_ACCEPT) == NF_DROP;
  }
  if (!chains_.emplace(place_of(family, chain.table, chain.name), ruleset_.chains.size()).second) return {};
  ruleset_.chains.push_back(std::move(chain));
  return {};
}

bool KernelRules::looks_up(int family, const std::string& table, Bytes expressions) {
  bool found = false;
  Attributes::each(expressions, [&](int, Bytes element) {
    const Attributes one(element);
    if (one.text(NFTA_EXPR_NAME) != "lookup") return;
    found = true;
    const std::string set = one.inside(NFTA_EXPR_DATA).text(NFTA_LOOKUP_SET);
    if (sets_.size() < kMaxLookups) sets_.emplace(place_of(family, table, set), KernelSet{family, table, set, false, false, {}});
  });
  return found;
}

std::vector<FilterRule> KernelRules::translate(const FilterChain& chain, Bytes expressions) const {
  std::map<std::string, const KernelSet*> known;
  for (const auto& [place, set] : sets_) {
    const bool same = set.table == chain.table && family_name(set.family) == chain.family;
    if (same && set.readable) known.emplace(set.name, &set);
  }
  return translate_rule(chain, expressions, known, interfaces_);
}

Result<void> KernelRules::take_rule(int family, const Attributes& told) {
  const std::string table = told.text(NFTA_RULE_TABLE);
  const auto known = chains_.find(place_of(family, table, told.text(NFTA_RULE_CHAIN)));
  if (known == chains_.end()) return {};
  if (++rules_ > kMaxFilterRules) return too_much("rules");
  FilterChain& chain = ruleset_.chains[known->second];
  const Bytes expressions = told.get(NFTA_RULE_EXPRESSIONS).value_or(Bytes());
  if (looks_up(family, table, expressions)) {
    waiting_.push_back({known->second, chain.rules.size(), std::string(expressions)});
    chain.rules.emplace_back();
    return {};
  }
  for (FilterRule& rule : translate_rule(chain, expressions, {}, interfaces_)) chain.rules.push_back(std::move(rule));
  return {};
}

void KernelRules::take_set(int family, const Attributes& told) {
  const auto wanted = sets_.find(place_of(family, told.text(NFTA_SET_TABLE), told.text(NFTA_SET_NAME)));
  if (wanted == sets_.end()) return;
  const std::uint32_t flags = told.number(NFTA_SET_FLAGS).value_or(0);
  // What packets or time add and take away is one thing now and another in a second.
  const bool changes = (flags & (NFT_SET_EVAL | NFT_SET_TIMEOUT | NFT_SET_OBJECT)) != 0;
  const bool several = (flags & kConcatenated) != 0 || told.number(NFTA_SET_KEY_TYPE).value_or(0) >= kOneType;
  wanted->second.interval = (flags & NFT_SET_INTERVAL) != 0;
  wanted->second.readable = !changes && !several;
}

std::vector<const KernelSet*> KernelRules::wanted() const {
  std::vector<const KernelSet*> out;
  for (const auto& [place, set] : sets_)
    if (set.readable) out.push_back(&set);
  return out;
}

void KernelRules::take_elements(int family, const Attributes& told) {
  const auto wanted = sets_.find(place_of(family, told.text(NFTA_SET_ELEM_LIST_TABLE), told.text(NFTA_SET_ELEM_LIST_SET)));
  if (wanted == sets_.end()) return;
  KernelSet& set = wanted->second;
  Attributes::each(told.get(NFTA_SET_ELEM_LIST_ELEMENTS).value_or(Bytes()), [&](int, Bytes bytes) {
    if (++elements_ > kMaxElements) {
      set.readable = false;
      return;
    }
    const Attributes one(bytes);
    KernelSetElement element;
    const std::uint32_t flags = one.number(NFTA_SET_ELEM_FLAGS).value_or(0);
    element.key = one.inside(NFTA_SET_ELEM_KEY).get(NFTA_DATA_VALUE).value_or(Bytes());
    element.key_end = one.inside(NFTA_SET_ELEM_KEY_END).get(NFTA_DATA_VALUE).value_or(Bytes());
    element.ends = (flags & NFT_SET_ELEM_INTERVAL_END) != 0;
    element.catch_all = (flags & NFT_SET_ELEM_CATCHALL) != 0;
    const Attributes data = one.inside(NFTA_SET_ELEM_DATA);
    if (data.get(NFTA_DATA_VERDICT)) element.verdict = read_kernel_verdict(data.inside(NFTA_DATA_VERDICT));
    set.elements.push_back(std::move(element));
  });
}

Ruleset KernelRules::finish() {
  std::size_t told = 0;
  // From behind, so that the places of those that still wait stay what they are.
  for (auto rule = waiting_.rbegin(); rule != waiting_.rend(); ++rule) {
    FilterChain& chain = ruleset_.chains[rule->chain];
    std::vector<FilterRule> ours = translate(chain, rule->expressions);
    told += size_of(ours);
    if (told > kMaxTold) ours = {FilterRule{{}, FilterVerdict::unknown, ""}};
    const auto place = chain.rules.erase(chain.rules.begin() + static_cast<std::ptrdiff_t>(rule->place));
    chain.rules.insert(place, std::make_move_iterator(ours.begin()), std::make_move_iterator(ours.end()));
  }
  return std::move(ruleset_);
}

}  // namespace plumbline
