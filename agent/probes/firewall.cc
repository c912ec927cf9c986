// SPDX-License-Identifier: Apache-2.0
// The host's firewall, by the configuration of its manager and by what the kernel shows of rule sets.
#include <algorithm>

#include "agent/config/glob.h"
#include "agent/machine.h"
#include "agent/probes/all.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxConfigBytes = 1u << 20;

struct Firewall {
  std::string manager = "none";
  bool active = false;
  std::optional<bool> default_deny;
};

std::string setting(std::string_view text, std::string_view name) {
  std::string value;
  for (const std::string_view line : lines(text)) {
    const std::string_view body = trim(line);
    if (!body.starts_with(name)) continue;
    const std::string_view rest = trim(body.substr(name.size()));
    if (!rest.starts_with('=')) continue;
    value = trim(rest.substr(1));
    std::erase(value, '"');
  }
  return value;
}

bool is_process(Machine& machine, std::string_view name) {
  const auto& processes = machine.processes();
  return processes && std::any_of(processes->begin(), processes->end(), [name](const Process& one) {
           return one.name == name ||
                  std::any_of(one.arguments.begin(), one.arguments.end(), [name](const auto& argument) {
                    return argument.ends_with("/" + std::string(name));
                  });
         });
}

/// ENABLED=yes in ufw.conf; DEFAULT_INPUT_POLICY="DROP" in /etc/default/ufw.
Result<bool> read_ufw(const Host& host, Firewall& found) {
  const auto text = host.read("/etc/ufw/ufw.conf", kMaxConfigBytes);
  if (!text) {
    if (text.error().kind == ErrorKind::not_found) return false;
    return tl::unexpected<Error>(text.error());
  }
  if (lower(setting(*text, "ENABLED")) != "yes") return false;
  found.manager = "ufw";
  found.active = true;
  const std::string policy =
      lower(setting(host.read("/etc/default/ufw", kMaxConfigBytes).value_or(""), "DEFAULT_INPUT_POLICY"));
  found.default_deny =
      policy.empty() || policy == "drop" || policy == "reject";  // "deny (incoming)" is ufw's own default
  return true;
}

/// Every zone but "trusted" refuses what it does not list: target "default" is reject.
bool read_firewalld(const Host& host, Machine& machine, Firewall& found) {
  const UnitFile* unit = machine.unit("firewalld.service");
  if (!is_process(machine, "firewalld") && !(unit != nullptr && unit->enabled && !machine.processes()))
    return false;
  found.manager = "firewalld";
  found.active = true;
  std::string zone =
      setting(host.read("/etc/firewalld/firewalld.conf", kMaxConfigBytes).value_or(""), "DefaultZone");
  if (zone.empty()) zone = "public";
  const bool known =
      zone.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
      std::string::npos;
  const std::string text =
      known ? host.read("/etc/firewalld/zones/" + zone + ".xml", kMaxConfigBytes).value_or("") : "";
  found.default_deny = zone != "trusted" && !contains(text, "target=\"ACCEPT\"");
  return true;
}

/// A base chain on the input hook in nftables.conf or a file that it includes.
bool read_nftables(const Host& host, Machine& machine, Firewall& found) {
  const UnitFile* unit = machine.unit("nftables.service");
  std::string text;
  for (const std::string path : {"/etc/nftables.conf", "/etc/sysconfig/nftables.conf"}) {
    auto part = host.read(path, kMaxConfigBytes);
    if (!part) continue;
    text += *part;
    for (const std::string_view line : lines(*part)) {
      std::string target(trim(line));
      if (!target.starts_with("include")) continue;
      target = trim(std::string_view(target).substr(7));
      std::erase(target, '"');
      if (target.starts_with('/'))
        for (const auto& file : glob(host, target)) text += host.read(file, kMaxConfigBytes).value_or("");
    }
  }
  std::string body;
  for (const std::string_view line : lines(text))
    if (!trim(line).starts_with('#')) body.append(line).append("\n");
  const std::size_t hook = body.find("hook input");
  if (hook == std::string::npos) return false;
  found.manager = "nftables";
  found.active = unit != nullptr && unit->enabled;
  const std::string chain = body.substr(hook, std::min(body.find('}', hook), body.size()) - hook);
  const bool has_rules = contains(chain, "accept") || contains(chain, "drop") || contains(chain, "reject");
  found.default_deny = contains(chain, "policy drop") || contains(trim(chain), "\tdrop\n") ||
                       trim(chain).ends_with("drop") || trim(chain).ends_with("reject");
  found.active = found.active && has_rules;
  return found.active;
}

/// iptables-save files that a service loads at start.
bool read_iptables(const Host& host, Machine& machine, Firewall& found) {
  for (const std::string path : {"/etc/iptables/rules.v4", "/etc/sysconfig/iptables"}) {
    const auto text = host.read(path, kMaxConfigBytes);
    if (!text) continue;
    const std::size_t at = text->find(":INPUT ");  // ":INPUT DROP [0:0]"
    if (at == std::string::npos) continue;
    found.manager = "iptables";
    bool enabled = false;
    for (const std::string_view unit : {"netfilter-persistent.service", "iptables.service"}) {
      const UnitFile* file = machine.unit(unit);
      enabled = enabled || (file != nullptr && file->enabled);
    }
    const bool drop = text->substr(at + 7).starts_with("DROP") || text->substr(at + 7).starts_with("REJECT");
    const bool last_rule = contains(*text, "-A INPUT -j REJECT") || contains(*text, "-A INPUT -j DROP");
    found.default_deny = drop || last_rule;
    found.active = enabled && (drop || contains(*text, "-A INPUT"));
    return found.active;
  }
  return false;
}

}  // namespace

Result<void> probe_firewall(const Host& host, Machine& machine, Facts& facts) {
  Firewall found;
  const auto ufw = read_ufw(host, found);
  if (!ufw) {
    for (const std::string_view fact : {"firewall.active", "firewall.manager", "firewall.default_deny"})
      facts.missing(fact, ufw.error());
    return {};
  }
  if (!*ufw && !read_firewalld(host, machine, found) && !read_nftables(host, machine, found))
    read_iptables(host, machine, found);
  facts.set("firewall.manager", found.manager);
  if (!found.active && found.manager == "none") {
    // Rules that somebody loaded by hand cannot be seen from files; the kernel tells only whether there are
    // tables.
    const auto tables = host.read("/proc/net/ip_tables_names", 4096);
    if (tables && contains(*tables, "filter")) {
      facts.set("firewall.manager", "iptables");
      facts.missing("firewall.active",
                    Error{ErrorKind::unavailable,
                          "firewall.active: iptables has a filter table whose rules no file tells"});
      facts.missing("firewall.default_deny",
                    Error{ErrorKind::unavailable,
                          "firewall.default_deny: iptables has a filter table whose rules no file tells"});
      return {};
    }
  }
  facts.set("firewall.active", found.active);
  facts.set("firewall.default_deny", found.active && found.default_deny.value_or(false));
  return {};
}

}  // namespace plumbline
