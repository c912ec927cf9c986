// SPDX-License-Identifier: Apache-2.0
// A rule set as the kernel tells it over netlink: tables, chains, rules and the sets that they look things up in.
// Messages and attributes: linux/netfilter/nf_tables.h.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/firewall/netlink.h"
#include "agent/firewall/ruleset.h"

namespace plumbline {

struct KernelSetElement {
  std::string key, key_end;           // as the kernel holds them
  bool ends = false;                  // an interval ends before `key`
  bool catch_all = false;
  std::optional<FilterRule> verdict;  // of a map: verdict and target alone
};

struct KernelSet {
  int family = 0;
  std::string table, name;
  bool interval = false;
  bool readable = false;  // its elements stay what they are, each of one value or range
  std::vector<KernelSetElement> elements;
};

/// Takes messages in this order: tables, chains, rules, sets, elements of the sets that are wanted().
class KernelRules {
 public:
  /// `interfaces` are the names by number.
  explicit KernelRules(std::map<std::uint32_t, std::string> interfaces) : interfaces_(std::move(interfaces)) {}

  /// One message: NFT_MSG_NEWTABLE, NEWCHAIN, NEWRULE, NEWSET or NEWSETELEM, others are passed over; its family
  /// (NFPROTO_*) and the bytes behind its heads. Fails with limit where there is more than is followed.
  Result<void> take(int type, int family, Bytes attributes);
  /// Sets that rules look into and that can be read: known once all sets were taken.
  std::vector<const KernelSet*> wanted() const;
  /// The rules of all chains that are in force.
  Ruleset finish();

 private:
  struct Waiting {
    std::size_t chain, place;
    std::string expressions;
  };
  std::string place_of(int family, const std::string& table, const std::string& name) const;
  Result<void> take_chain(int family, const Attributes& told);
  Result<void> take_rule(int family, const Attributes& told);
  void take_set(int family, const Attributes& told);
  void take_elements(int family, const Attributes& told);
  bool looks_up(int family, const std::string& table, Bytes expressions);
  std::vector<FilterRule> translate(const FilterChain& chain, Bytes expressions) const;

  std::map<std::uint32_t, std::string> interfaces_;
  std::map<std::string, bool> dormant_;
  std::map<std::string, std::size_t> chains_;
  std::map<std::string, KernelSet> sets_;  // those that rules look into
  Ruleset ruleset_;
  std::vector<Waiting> waiting_;  // rules that need the sets
  std::size_t rules_ = 0, elements_ = 0;
};

/// One rule of nftables as one of ours or, where it has a verdict map, several.
std::vector<FilterRule> translate_rule(const FilterChain& chain, Bytes expressions, const std::map<std::string, const KernelSet*>& sets,
                                       const std::map<std::uint32_t, std::string>& interfaces);
/// NFTA_VERDICT_*: jump with its chain, accept, drop, …
FilterRule read_kernel_verdict(const Attributes& verdict);

}  // namespace plumbline
