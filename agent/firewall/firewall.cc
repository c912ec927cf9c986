// SPDX-License-Identifier: Apache-2.0
// The rules in force where the kernel tells them, else those in files.
#include "agent/firewall/firewall.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/containers_on_disk.h"
#include "agent/services.h"
#include "base/json.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxInterfaces = 16;

/// Tables of the old iptables, which netlink does not show: "filter", "nat", …
Result<std::string> read_old_tables(const Host& host) {
  std::string all;
  for (const char* path : {"/proc/net/ip_tables_names", "/proc/net/ip6_tables_names"}) {
    const auto text = host.read(path, 4096);
    if (text) all += *text;
    else if (text.error().kind != ErrorKind::not_found) return tl::unexpected<Error>(text.error());
  }
  return all;
}

/// Chains of iptables-nft are named as they have always been.
bool is_iptables(const Ruleset& rules) {
  return std::any_of(rules.chains.begin(), rules.chains.end(), [](const FilterChain& chain) {
    return chain.name == "INPUT" && chain.table == "filter" && chain.hook == "input" && (chain.policy_drop || !chain.rules.empty());
  });
}

/// "::ffff:10.0.0.5" is a socket for IPv4.
std::string_view without_mapping(std::string_view address) {
  constexpr std::string_view kMapped = "::ffff:";
  return address.starts_with(kMapped) && contains(address, ".") ? address.substr(kMapped.size()) : address;
}

}  // namespace

Firewall::Firewall(const Host& host, Machine& machine) : files_(read_firewall_files(host, machine)) {
  read_addresses(host);
  if (files_) manager = files_->manager;
  const auto answer = host.ask("nftables");
  auto told = answer ? parse_ruleset(*answer) : Result<Ruleset>(tl::unexpected<Error>(answer.error()));
  const auto old = read_old_tables(host);
  complete_ = told && old && old->empty();
  const bool old_filter = old && contains(*old, "filter");
  if (told && !old_filter) {
    take_kernel(std::move(*told));
    return;
  }
  take_files();
  if (told && filter_) {  // both must be passed
    rules_.chains.insert(rules_.chains.end(), std::make_move_iterator(told->chains.begin()), std::make_move_iterator(told->chains.end()));
    filter_ = std::make_unique<Filter>(rules_, own_addresses_);
    default_deny = denies_by_default();
  }
  if (manager != "none" || !old_filter) return;
  // Rules that somebody loaded by hand: that they are there is all that is known.
  manager = "iptables";
  source.clear();
  const Error why{ErrorKind::unavailable, "iptables has a filter table whose rules no file tells"};
  active = tl::unexpected<Error>(why);
  default_deny = tl::unexpected<Error>(why);
  unreadable_ = why;
  filter_.reset();
}

void Firewall::take_kernel(Ruleset rules) {
  source = "kernel";
  rules_ = std::move(rules);
  filter_ = std::make_unique<Filter>(rules_, own_addresses_);
  default_deny = denies_by_default();
  active = *default_deny || filter_->refuses_anything();
  if (*active && (!files_ || !files_->active)) manager = is_iptables(rules_) ? "iptables" : "nftables";
}

void Firewall::take_files() {
  if (!files_) {
    active = tl::unexpected<Error>(files_.error());
    default_deny = tl::unexpected<Error>(files_.error());
    unreadable_ = files_.error();
    return;
  }
  active = files_->active;
  if (manager != "none") source = "files";
  if (!files_->active) {
    filter_ = std::make_unique<Filter>(rules_, own_addresses_);
    return;
  }
  if (files_->rules) {
    rules_ = std::move(*files_->rules);
    filter_ = std::make_unique<Filter>(rules_, own_addresses_);
    default_deny = denies_by_default();
    return;
  }
  unreadable_ = files_->rules.error();
  if (files_->default_deny) default_deny = *files_->default_deny;
  else default_deny = tl::unexpected<Error>(unreadable_);
}

void Firewall::read_addresses(const Host& host) {
  const auto answer = host.ask("addresses");
  const auto rows = answer ? parse_json(*answer, JsonLimits{4u << 20, 4, 200'000, 4096}) : Result<nlohmann::json>(nlohmann::json());
  if (!rows || !rows->is_array()) return;
  own_addresses_.emplace();
  for (const auto& row : *rows) {
    const auto name = row.find("interface"), address = row.find("address");
    if (!row.is_object() || name == row.end() || address == row.end() || !name->is_string() || !address->is_string()) continue;
    const auto range = parse_address_range(address->get_ref<const std::string&>());
    if (!range) continue;
    own_addresses_->push_back(*range);
    const std::string& label = name->get_ref<const std::string&>();
    const std::string card = label.substr(0, label.find(':'));  // "eth0:1" is a second address of eth0
    auto& cards = interfaces_[range->v6];
    if (card != "lo" && !is_inner_interface(card) && std::find(cards.begin(), cards.end(), card) == cards.end()) cards.push_back(card);
  }
}

/// On each interface that other machines may come in by.
bool Firewall::drops_everywhere(Arrival arrival) {
  const auto cards = interfaces_.find(arrival.v6);
  if (cards == interfaces_.end() || cards->second.empty() || cards->second.size() > kMaxInterfaces) return filter_->drops(arrival);
  return std::all_of(cards->second.begin(), cards->second.end(), [&](const std::string& card) {
    arrival.interface = card;
    return filter_->drops(arrival);
  });
}

/// A port and a sender that no rule names, of both protocols and families that this host speaks. An interface that lets all
/// in is allowed to, where another does not.
bool Firewall::denies_by_default() {
  const bool any_v6 = !own_addresses_ || !interfaces_[true].empty();
  for (const bool v6 : {false, true}) {
    if (v6 && !any_v6) continue;
    const auto& cards = interfaces_[v6];
    const bool known = !cards.empty() && cards.size() <= kMaxInterfaces;
    const std::vector<std::string> tried = known ? cards : std::vector<std::string>{std::string(kUnnamedInterface)};
    for (const std::string_view protocol : {"tcp", "udp"}) {
      const bool denied = std::any_of(tried.begin(), tried.end(), [&](const std::string& card) {
        return filter_->drops({protocol, kUnnamedPort, v6, true, "", card});
      });
      if (!denied) return false;
    }
  }
  return true;
}

std::optional<Reach> Firewall::reach_of(std::string_view protocol, std::string_view address, int port, bool published) {
  if (!filter_) return std::nullopt;
  if (published && !complete_) return Reach();
  address = without_mapping(address);
  const std::string key = std::string(protocol) + ' ' + std::string(address) + ' ' + std::to_string(port);
  if (const auto known = known_.find(key); known != known_.end()) return known->second;
  const bool v6 = contains(address, ":"), any = address.empty() || address == "::" || address == "0.0.0.0";
  std::vector<bool> families;
  if (!v6 || address == "::") families.push_back(false);
  if (v6 || address.empty()) families.push_back(true);
  // A family that this host has no address of comes in nowhere, unless it has none at all.
  if (own_addresses_ && families.size() > 1)
    std::erase_if(families, [&](bool one) { return interfaces_[one].empty() && !interfaces_[!one].empty(); });
  const auto all_dropped = [&](bool from_public) {
    return std::all_of(families.begin(), families.end(), [&](bool one) {
      return drops_everywhere({protocol, port, one, from_public, any ? std::string_view() : address, ""});
    });
  };
  Reach reach;
  reach.filtered_public = all_dropped(true);
  reach.filtered = reach.filtered_public && all_dropped(false);
  return known_[key] = reach;
}

bool is_published(Machine& machine, int port, const Process* owner) {
  if (owner != nullptr && (owner->name == "docker-proxy" || owner->name == "conmon" || owner->name == "rootlessport")) return true;
  const auto& containers = machine.containers().containers;
  return std::any_of(containers.begin(), containers.end(), [port](const Container& one) {
    return one.running && std::any_of(one.published.begin(), one.published.end(), [port](const auto& place) { return place.port == port; });
  });
}

namespace {

/// All sockets of a port together; one that nobody listens on is a container's.
std::optional<Reach> reach_of_port(Machine& machine, int port) {
  std::optional<Reach> all;
  for (const Socket& socket : machine.sockets().value_or(std::vector<Socket>())) {
    if (socket.protocol != "tcp" || socket.port != port || exposure_of(socket.address) == "loopback") continue;
    const bool published = is_published(machine, port, machine.process(socket.pid));
    const auto one = machine.firewall().reach_of("tcp", socket.address, port, published);
    if (!one) return std::nullopt;
    if (!all) all = *one;
    all->filtered = all->filtered && one->filtered;
    all->filtered_public = all->filtered_public && one->filtered_public;
  }
  return all ? all : machine.firewall().reach_of("tcp", "", port, true);
}

}  // namespace

void add_reach(Machine& machine, nlohmann::json& services) {
  for (auto& service : services) {
    const auto port = service.find("port"), exposure = service.find("exposure");
    if (port == service.end() || exposure == service.end() || !port->is_number_integer()) continue;
    if (*exposure == "loopback" || *exposure == "none") continue;
    const auto reach = reach_of_port(machine, port->get<int>());
    if (!reach) continue;
    service["filtered"] = reach->filtered;
    service["filtered_public"] = reach->filtered_public;
  }
}

}  // namespace plumbline
