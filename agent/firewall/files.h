// SPDX-License-Identifier: Apache-2.0
// The host's firewall as its files have it: ufw, firewalld, nftables.conf, files of iptables-save.
#pragma once

#include <optional>
#include <string>

#include "agent/firewall/ruleset.h"
#include "agent/machine.h"

namespace plumbline {

struct FirewallFiles {
  std::string manager = "none";      // the one in force: ufw, firewalld, nftables, iptables; or one that is configured alone
  bool active = false;
  std::optional<bool> default_deny;  // as one setting says; nothing where only the rules tell
  Result<Ruleset> rules = Ruleset();  // an error where they cannot be read, or not to their end
};

/// Fails where it cannot be told whether a firewall is on.
Result<FirewallFiles> read_firewall_files(const Host& host, Machine& machine);

}  // namespace plumbline
