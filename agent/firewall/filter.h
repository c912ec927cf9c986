// SPDX-License-Identifier: Apache-2.0
// What becomes of a connection that another machine begins, as a rule set has it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/firewall/ruleset.h"

namespace plumbline {

/// An interface that no rule names.
inline constexpr std::string_view kUnnamedInterface = "(none)";
/// A port that no rule names, of a packet whose sender none names either: what is allowed by name is not meant.
inline constexpr int kUnnamedPort = 0;

/// The first packet of a connection that another machine begins.
struct Arrival {
  std::string_view protocol;   // "tcp" or "udp"
  int port = kUnnamedPort;
  bool v6 = false;
  bool from_public = false;    // from a public address, else from a private one
  std::string_view to;         // the address the socket is bound to; empty: any of this host's
  std::string_view interface;  // where it comes in; empty: any but those of this machine's own guests and containers
  bool sent_on = false;        // it was sent to another address or port, which we do not know
};

/// Bridges of this machine's own containers and guests. What comes in there is no other machine.
bool is_inner_interface(std::string_view name);

/// Tells what becomes of arrivals. Every doubt is taken for "it gets through": unknown conditions may hold, rules
/// that were read in part may accept. The rule set must outlive it.
class Filter {
 public:
  /// `own` are this host's addresses, where they are known.
  Filter(const Ruleset& ruleset, std::optional<std::vector<AddressRange>> own);
  /// True where every such packet is dropped or refused before it reaches what listens there, be it a listener of this
  /// host or what the packet is sent on to.
  bool drops(const Arrival& arrival);
  /// True where such a packet may be sent on to another address (a container's): the input rules are not asked then.
  bool may_redirect(const Arrival& arrival);
  /// True where a chain on the way in refuses what is not from certain addresses alone.
  bool refuses_anything() const;
  /// The rules were too many to follow for all that was asked; drops() is false since then.
  bool exhausted() const { return steps_left_ == 0; }

 private:
  struct Outcome {
    bool may_pass = false;      // accepted, or handed to what we do not know
    bool may_go_on = false;     // comes to the end of the chain
    bool may_redirect = false;
  };
  Outcome follow(std::size_t chain, const Arrival& arrival, int depth);
  bool dropped_on(std::string_view hook, bool before_redirects, const Arrival& arrival);
  std::size_t target_of(const FilterChain& from, const std::string& name) const;
  bool leads_here(const std::string& target) const;

  const Ruleset& ruleset_;
  std::optional<std::vector<AddressRange>> own_;
  std::unordered_map<std::string, std::size_t> by_name_;
  bool redirects_here_ = false;  // some packets are sent on to another port of this host
  bool untracks_ = false;
  std::size_t steps_left_;
};

}  // namespace plumbline
