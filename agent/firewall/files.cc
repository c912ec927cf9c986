// SPDX-License-Identifier: Apache-2.0
// One manager is in force at a time; the first that is on is taken.
#include "agent/firewall/files.h"

#include <algorithm>

#include "agent/config/glob.h"
#include "agent/firewall/firewalld.h"
#include "agent/firewall/iptables.h"
#include "agent/firewall/nft_text.h"
#include "agent/firewall/words.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxConfigBytes = 1u << 20;
constexpr std::size_t kMaxIncludedFiles = 256;  // of one file, with all below

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
  return lower(value);
}

bool is_enabled(Machine& machine, std::string_view unit) {
  const UnitFile* file = machine.unit(unit);
  return file != nullptr && file->enabled;
}

bool is_process(Machine& machine, std::string_view name) {
  const auto& processes = machine.processes();
  return processes && std::any_of(processes->begin(), processes->end(), [name](const Process& one) {
           return one.name == name || std::any_of(one.arguments.begin(), one.arguments.end(), [name](const auto& argument) {
                    return argument.ends_with("/" + std::string(name));
                  });
         });
}

/// A file that need not be there.
Result<std::string> read_if_there(const Host& host, const std::string& path) {
  auto text = host.read(path, kMaxConfigBytes);
  if (!text && text.error().kind == ErrorKind::not_found) return std::string();
  return text;
}

// ---- ufw

/// The chains that ufw-init makes before it reads files; "6" stands in the names of those for IPv6.
std::string ufw_frame(const std::string& six, const std::string& policy) {
  const std::string name = "ufw" + six + "-";
  std::string text = "*filter\n:INPUT " + std::string(policy == "accept" ? "ACCEPT" : "DROP") + " [0:0]\n";
  for (const char* chain : {"before-logging-input", "before-input", "user-input", "after-input", "after-logging-input", "reject-input",
                            "track-input", "logging-deny", "logging-allow", "not-local", "user-limit", "user-limit-accept",
                            "user-logging-input", "skip-to-policy-input"})
    text.append(":").append(name).append(chain).append(" - [0:0]\n");
  for (const char* chain : {"before-logging-input", "before-input", "after-input", "after-logging-input", "reject-input", "track-input"})
    text.append("-A INPUT -j ").append(name).append(chain).append("\n");
  const std::string last = policy == "accept" ? "ACCEPT" : policy == "reject" ? "REJECT" : "DROP";
  text.append("-A ").append(name).append("skip-to-policy-input -j ").append(last).append("\n");
  if (policy == "reject") text.append("-A ").append(name).append("reject-input -j REJECT\n");
  return text;
}

Result<void> add_ufw_rules(const Host& host, bool v6, const std::string& policy, Ruleset& ruleset) {
  const std::string six = v6 ? "6" : "";
  if (auto done = add_iptables_rules(ufw_frame(six, policy), v6, ruleset); !done) return done;
  for (const std::string part : {"before", "user", "after"}) {
    const auto text = read_if_there(host, "/etc/ufw/" + part + six + ".rules");
    if (!text) return tl::unexpected<Error>(text.error());
    if (auto done = add_iptables_rules(*text, v6, ruleset); !done) return done;
    if (part != "before") continue;
    const std::string jump = "*filter\n-A ufw" + six + "-before-input -j ufw" + six + "-user-input\n";
    if (auto done = add_iptables_rules(jump, v6, ruleset); !done) return done;
  }
  return {};
}

Result<Ruleset> read_ufw_rules(const Host& host, std::string_view defaults, const std::string& policy) {
  Ruleset ruleset;
  if (auto done = add_ufw_rules(host, false, policy, ruleset); !done) return tl::unexpected<Error>(done.error());
  const std::string v6 = setting(defaults, "IPV6");
  // Where it is switched off, ufw refuses all IPv6 but that of the host with itself.
  auto done = v6 == "no" ? add_iptables_rules("*filter\n:INPUT DROP [0:0]\n-A INPUT -i lo -j ACCEPT\n", true, ruleset)
                         : add_ufw_rules(host, true, policy, ruleset);
  if (!done) return tl::unexpected<Error>(done.error());
  return ruleset;
}

/// ENABLED=yes in ufw.conf; DEFAULT_INPUT_POLICY="DROP" in /etc/default/ufw.
Result<bool> read_ufw(const Host& host, FirewallFiles& found) {
  const auto text = read_if_there(host, "/etc/ufw/ufw.conf");
  if (!text) return tl::unexpected<Error>(text.error());
  if (setting(*text, "ENABLED") != "yes") return false;
  found.manager = "ufw";
  found.active = true;
  const std::string defaults = host.read("/etc/default/ufw", kMaxConfigBytes).value_or("");
  std::string policy = setting(defaults, "DEFAULT_INPUT_POLICY");
  if (policy.empty()) policy = "drop";  // "deny (incoming)" is ufw's own default
  found.default_deny = policy == "drop" || policy == "reject";
  found.rules = read_ufw_rules(host, defaults, policy);
  return true;
}

// ---- the others

/// Every zone but "trusted" refuses what it does not list: target "default" is reject.
bool read_firewalld(const Host& host, Machine& machine, FirewallFiles& found) {
  if (!is_process(machine, "firewalld") && (machine.processes() || !is_enabled(machine, "firewalld.service"))) return false;
  found.manager = "firewalld";
  found.active = true;
  found.rules = read_firewalld_rules(host);
  const std::string zone = firewalld_default_zone(host);
  const bool plain = zone.find('/') == std::string::npos;
  const std::string text = plain ? host.read("/etc/firewalld/zones/" + zone + ".xml", kMaxConfigBytes).value_or("") : "";
  found.default_deny = zone != "trusted" && !contains(text, "target=\"ACCEPT\"");
  return true;
}

Result<Ruleset> read_nft_file(const Host& host, const std::string& path) {
  std::size_t files = 0;
  const ReadIncludes includes = [&](std::string_view pattern) -> Result<std::vector<std::string>> {
    std::vector<std::string> texts;
    const std::string whole = pattern.starts_with('/') ? std::string(pattern) : "/etc/" + std::string(pattern);
    for (const std::string& file : glob(host, whole)) {
      if (++files > kMaxIncludedFiles) return fail(ErrorKind::limit, "more files than are read");
      auto text = host.read(file, kMaxConfigBytes);
      if (!text) return tl::unexpected<Error>(text.error());
      texts.push_back(std::move(*text));
    }
    return texts;
  };
  const auto text = host.read(path, kMaxConfigBytes);
  if (!text) return tl::unexpected<Error>(text.error());
  auto ruleset = read_nft_rules(*text, includes);
  if (!ruleset) return fail(path, ruleset.error());
  return ruleset;
}

bool has_input_rules(const Ruleset& ruleset) {
  return std::any_of(ruleset.chains.begin(), ruleset.chains.end(), [](const FilterChain& chain) {
    const bool asked = chain.hook == "input" || (chain.hook == "prerouting" && chain.type == "filter");
    return asked && (chain.policy_drop || !chain.rules.empty());
  });
}

bool read_nftables(const Host& host, Machine& machine, FirewallFiles& found) {
  for (const std::string path : {"/etc/nftables.conf", "/etc/sysconfig/nftables.conf"}) {
    auto rules = read_nft_file(host, path);
    if (!rules && rules.error().kind == ErrorKind::not_found) continue;
    if (rules && !has_input_rules(*rules)) continue;
    found.manager = "nftables";
    found.active = is_enabled(machine, "nftables.service");
    found.rules = std::move(rules);
    return found.active;
  }
  return false;
}

/// iptables-save files that a service loads at start.
bool read_iptables(const Host& host, Machine& machine, FirewallFiles& found) {
  for (const auto& [v4, v6] : {std::pair("/etc/iptables/rules.v4", "/etc/iptables/rules.v6"),
                               std::pair("/etc/sysconfig/iptables", "/etc/sysconfig/ip6tables")}) {
    const auto text = host.read(v4, kMaxConfigBytes);
    if (!text) continue;
    Ruleset ruleset;
    auto done = add_iptables_rules(*text, false, ruleset);
    const FilterChain* input = find_chain(ruleset, "ip", "filter", "INPUT");
    if (done && input == nullptr) continue;
    const auto more = read_if_there(host, v6);
    if (done && more) done = add_iptables_rules(*more, true, ruleset);
    found.manager = "iptables";
    found.active = has_input_rules(ruleset) && (is_enabled(machine, "netfilter-persistent.service") || is_enabled(machine, "iptables.service"));
    if (!more) found.rules = tl::unexpected<Error>(more.error());
    else if (!done) found.rules = tl::unexpected<Error>(done.error());
    else found.rules = std::move(ruleset);
    return found.active;
  }
  return false;
}

}  // namespace

Result<FirewallFiles> read_firewall_files(const Host& host, Machine& machine) {
  FirewallFiles found;
  const auto ufw = read_ufw(host, found);
  if (!ufw) return tl::unexpected<Error>(ufw.error());
  if (!*ufw && !read_firewalld(host, machine, found) && !read_nftables(host, machine, found)) read_iptables(host, machine, found);
  return found;
}

}  // namespace plumbline
