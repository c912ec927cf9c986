// SPDX-License-Identifier: Apache-2.0
// The host's own firewall: whether it is on, and what it lets through to whom (docs/exposure.md).
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/firewall/files.h"
#include "agent/firewall/filter.h"

namespace plumbline {

/// What the firewall surely stops on its way to one socket. False is also "it may get through".
struct Reach {
  bool filtered = false;         // every new connection from other machines
  bool filtered_public = false;  // every one from public addresses
};

struct Firewall {
  Firewall(const Host& host, Machine& machine);
  Firewall(const Firewall&) = delete;
  Firewall& operator=(const Firewall&) = delete;

  std::string manager = "none";  // ufw, firewalld, nftables, iptables
  std::string source;            // "kernel": the rules in force; "files": those configured; empty where there is none to read
  Result<bool> active = false;
  Result<bool> default_deny = false;

  /// Nothing where the firewall cannot be read. A published port is a container's: what is sent on to it goes round the
  /// rules for this host, and only the kernel knows by which others.
  std::optional<Reach> reach_of(std::string_view protocol, std::string_view address, int port, bool published);
  /// Why reach_of() gives nothing.
  const Error& unreadable() const { return unreadable_; }

 private:
  void take_kernel(Ruleset rules);
  void take_files();
  void read_addresses(const Host& host);
  bool denies_by_default();
  bool drops_everywhere(Arrival arrival);

  Result<FirewallFiles> files_;
  std::optional<std::vector<AddressRange>> own_addresses_;
  std::map<bool, std::vector<std::string>> interfaces_;  // where IPv4 (false) or IPv6 (true) comes in from other machines
  Ruleset rules_;
  std::unique_ptr<Filter> filter_;
  bool complete_ = false;  // the rules are all that is in force
  Error unreadable_;
  std::map<std::string, Reach> known_;
};

/// Whether a container engine sends what comes to this TCP port on to a container.
bool is_published(Machine& machine, int port, const Process* owner);
/// Puts "filtered" and "filtered_public" into each of these services that has a "port" and an "exposure" to others.
void add_reach(Machine& machine, nlohmann::json& services);

}  // namespace plumbline
