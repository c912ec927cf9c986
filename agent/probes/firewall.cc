// SPDX-License-Identifier: Apache-2.0
// The host's firewall: who manages it, whether it is on, what it does with what nobody allowed.
#include "agent/firewall/firewall.h"
#include "agent/machine.h"
#include "agent/probes/all.h"

namespace plumbline {

Result<void> probe_firewall(const Host& host, Machine& machine, Facts& facts) {
  const Firewall& firewall = machine.firewall();
  if (!firewall.active && firewall.manager == "none") facts.missing("firewall.manager", firewall.active.error());
  else facts.set("firewall.manager", firewall.manager);
  const auto kernel = host.ask("nftables");
  if (!firewall.source.empty()) facts.set("firewall.source", firewall.source);
  else if (!kernel && kernel.error().kind != ErrorKind::not_found) facts.missing("firewall.source", kernel.error());
  facts.set("firewall.active", firewall.active);
  if (firewall.active && !*firewall.active) facts.set("firewall.default_deny", false);
  else facts.set("firewall.default_deny", firewall.default_deny);
  return {};
}

}  // namespace plumbline
