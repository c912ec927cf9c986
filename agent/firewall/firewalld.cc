// SPDX-License-Identifier: Apache-2.0
// Zones become chains as firewalld's nftables backend makes them: sources choose a zone before interfaces do, the default
// zone takes the rest. In a zone: rich rules below 0, those that refuse, those that allow with ports and services, rich
// rules above 0, then the target. Order and nesting matter here, which agent/config/xml.h does not keep.
#include "agent/firewall/firewalld.h"

#include <algorithm>
#include <map>
#include <set>

#include "agent/firewall/words.h"
#include "base/text.h"

namespace plumbline {
namespace {

using Kind = FilterCondition::Kind;

constexpr std::size_t kMaxConfigBytes = 1u << 20;
constexpr std::size_t kMaxZones = 200;
constexpr std::size_t kMaxRules = 20'000;
constexpr int kMaxServiceDepth = 8;
constexpr const char* kTable = "firewalld";

/// <name key="value">, </name> or <name/>.
struct Tag {
  std::string name;
  bool opens = false, closes = false;
  std::map<std::string, std::string> attributes;

  std::string get(const char* key) const {
    const auto found = attributes.find(key);
    return found == attributes.end() ? "" : found->second;
  }
};

/// The attributes behind a tag's name.
void read_attributes(std::string_view text, Tag& tag) {
  while (true) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return;
    const std::string key(trim(text.substr(0, equals)));
    text = trim(text.substr(equals + 1));
    if (text.empty() || (text[0] != '"' && text[0] != '\'')) return;
    const std::size_t end = text.find(text[0], 1);
    if (end == std::string_view::npos) return;
    tag.attributes[key] = std::string(text.substr(1, end - 1));
    text = text.substr(end + 1);
  }
}

std::vector<Tag> tags_of(std::string_view text) {
  std::vector<Tag> out;
  for (std::size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at)) {
    if (text.substr(at).starts_with("<!--")) {
      at = std::min(text.find("-->", at), text.size());
      continue;
    }
    const std::size_t end = text.find('>', at);
    if (end == std::string_view::npos) break;
    std::string_view body = trim(text.substr(at + 1, end - at - 1));
    at = end;
    if (body.empty() || body[0] == '?' || body[0] == '!') continue;
    Tag tag;
    tag.opens = body[0] != '/';
    tag.closes = !tag.opens || body.ends_with('/');
    if (!tag.opens) body.remove_prefix(1);
    else if (tag.closes) body.remove_suffix(1);
    tag.name = body.substr(0, body.find_first_of(" \t\r\n"));
    read_attributes(body.substr(tag.name.size()), tag);
    out.push_back(std::move(tag));
  }
  return out;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == std::string_view::npos &&
         !text.starts_with('.');
}

/// A zone or service: what the administrator wrote goes before what the package brings.
Result<std::string> read_own_or_shipped(const Host& host, const std::string& name) {
  auto text = host.read("/etc/firewalld/" + name, kMaxConfigBytes);
  if (text || text.error().kind != ErrorKind::not_found) return text;
  return host.read("/usr/lib/firewalld/" + name, kMaxConfigBytes);
}

FilterRule rule(std::vector<FilterCondition> when, FilterVerdict verdict, std::string target = "") {
  return {std::move(when), verdict, std::move(target)};
}
FilterCondition on(Kind kind, std::string value, bool negated = false) { return condition_on(kind, {std::move(value)}, negated); }

/// What an element lets in; several rules where a service has several ports.
using Alternatives = std::vector<std::vector<FilterCondition>>;

class Services {
 public:
  explicit Services(const Host& host) : host_(host) {}

  Alternatives of(const std::string& name, int depth = 0) {
    if (const auto known = known_.find(name); known != known_.end()) return known->second;
    const auto text = is_name(name) && depth < kMaxServiceDepth
                          ? read_own_or_shipped(host_, "services/" + name + ".xml")
                          : Result<std::string>(fail(ErrorKind::invalid, name));
    if (!text) return {{FilterCondition()}};
    Alternatives out;
    std::vector<FilterCondition> destination;
    for (const Tag& tag : tags_of(*text)) {
      if (!tag.opens) continue;
      if (tag.name == "port") out.push_back(port_of(tag));
      if (tag.name == "protocol") out.push_back({on(Kind::protocol, tag.get("value"))});
      if (tag.name == "source-port") out.push_back({on(Kind::protocol, tag.get("protocol")), FilterCondition()});
      if (tag.name == "include")
        for (auto& one : of(tag.get("service"), depth + 1)) out.push_back(std::move(one));
    }
    if (out.size() > kMaxRules) return {{FilterCondition()}};
    return known_[name] = std::move(out);
  }

  static std::vector<FilterCondition> port_of(const Tag& tag) {
    std::vector<FilterCondition> out = {on(Kind::protocol, tag.get("protocol"))};
    if (!tag.get("port").empty()) out.push_back(on(Kind::dport, tag.get("port")));
    return out;
  }

 private:
  const Host& host_;
  std::map<std::string, Alternatives> known_;
};

/// What a zone's file says, in the order in which its chain asks it.
struct Zone {
  std::string name, target;
  std::vector<std::string> interfaces;
  std::vector<FilterCondition> sources;
  std::vector<std::pair<int, FilterRule>> rich;  // with their priority
  std::vector<FilterRule> allowed;
};

class ZoneReader {
 public:
  explicit ZoneReader(Services& services) : services_(services) {}

  Zone read(const std::string& name, std::string_view text) {
    Zone zone;
    zone.name = name;
    for (const Tag& tag : tags_of(text)) {
      if (tag.name == "zone" && tag.opens) zone.target = tag.get("target");
      if (tag.name == "rule") {
        if (tag.opens) begin_rule(tag);
        if (tag.closes) end_rule(zone);
      } else if (tag.opens) {
        if (inside_) add_to_rule(tag);
        else add(tag, zone);
      } else if (tag.name == verdict_name_) {
        verdict_open_ = false;
      }
    }
    return zone;
  }

 private:
  static FilterCondition source_of(const Tag& tag) {
    const std::string inverted = lower(tag.get("invert"));
    const bool negated = inverted == "true" || inverted == "yes" || inverted == "1";
    return on(Kind::saddr, tag.get("address"), negated);  // of a set of addresses or a card it is unknown
  }

  Alternatives element(const Tag& tag) {
    if (tag.name == "service") return services_.of(tag.get("name"));
    if (tag.name == "port") return {Services::port_of(tag)};
    if (tag.name == "protocol") return {{on(Kind::protocol, tag.get("value"))}};
    if (tag.name == "source-port") return {{on(Kind::protocol, tag.get("protocol")), FilterCondition()}};
    return {};
  }

  void add(const Tag& tag, Zone& zone) {
    if (tag.name == "interface") zone.interfaces.push_back(tag.get("name"));
    if (tag.name == "source") zone.sources.push_back(source_of(tag));
    for (auto& when : element(tag)) zone.allowed.push_back(rule(std::move(when), FilterVerdict::accept));
    if (tag.name == "forward-port") zone.allowed.push_back(rule(Services::port_of(tag), FilterVerdict::accept));
  }

  void begin_rule(const Tag& tag) {
    inside_ = true;
    common_.clear();
    what_.reset();
    verdict_ = FilterVerdict::none;
    limited_ = verdict_open_ = false;
    priority_ = static_cast<int>(std::clamp<std::int64_t>(parse_i64(tag.get("priority")).value_or(0), -32768, 32767));
    const std::string family = tag.get("family");
    if (!family.empty()) common_.push_back(on(Kind::family, family));
  }

  void add_to_rule(const Tag& tag) {
    if (tag.name == "source") common_.push_back(source_of(tag));
    else if (tag.name == "destination") common_.push_back(on(Kind::daddr, tag.get("address"), !tag.get("invert").empty() && lower(tag.get("invert")) != "false"));
    else if (tag.name == "accept" || tag.name == "reject" || tag.name == "drop") {
      verdict_ = tag.name == "accept" ? FilterVerdict::accept : FilterVerdict::drop;
      verdict_name_ = tag.name;
      verdict_open_ = !tag.closes;
    } else if (tag.name == "limit") {
      limited_ = limited_ || verdict_open_;
    } else if (tag.name == "forward-port") {
      what_ = Alternatives{Services::port_of(tag)};
      verdict_ = FilterVerdict::accept;
    } else if (tag.name == "icmp-type" || tag.name == "icmp-block") {
      what_ = Alternatives{{condition_on(Kind::protocol, {"icmp", "icmpv6"}), FilterCondition()}};
    } else if (Alternatives found = element(tag); !found.empty()) {
      what_ = std::move(found);
    } else if (tag.name != "log" && tag.name != "audit" && tag.name != "mark" && tag.name != "nflog") {
      common_.emplace_back();
    }
  }

  void end_rule(Zone& zone) {
    inside_ = false;
    if (verdict_ == FilterVerdict::none) return;
    if (limited_) common_.emplace_back();
    for (const auto& more : what_.value_or(Alternatives{{}})) {
      std::vector<FilterCondition> when = common_;
      when.insert(when.end(), more.begin(), more.end());
      zone.rich.emplace_back(priority_, rule(std::move(when), verdict_));
    }
  }

  Services& services_;
  bool inside_ = false;
  std::vector<FilterCondition> common_;
  std::optional<Alternatives> what_;
  FilterVerdict verdict_ = FilterVerdict::none;
  std::string verdict_name_;
  bool verdict_open_ = false, limited_ = false;
  int priority_ = 0;
};

FilterChain chain_of(Zone zone) {
  FilterChain chain;
  chain.family = "inet";
  chain.table = kTable;
  chain.name = "zone_" + zone.name;
  std::stable_sort(zone.rich.begin(), zone.rich.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  const auto take = [&](auto wanted) {
    for (const auto& [priority, one] : zone.rich)
      if (wanted(priority, one.verdict)) chain.rules.push_back(one);
  };
  take([](int priority, FilterVerdict) { return priority < 0; });
  take([](int priority, FilterVerdict verdict) { return priority == 0 && verdict == FilterVerdict::drop; });
  take([](int priority, FilterVerdict verdict) { return priority == 0 && verdict != FilterVerdict::drop; });
  chain.rules.insert(chain.rules.end(), zone.allowed.begin(), zone.allowed.end());
  take([](int priority, FilterVerdict) { return priority > 0; });
  chain.rules.push_back(rule({}, zone.target == "ACCEPT" ? FilterVerdict::accept : FilterVerdict::drop));
  return chain;
}

/// "zone=internal" and "interface-name=eth1" of a connection; its secrets stay there.
std::string redact_connection(std::string_view text) {
  std::string out;
  for (const std::string_view line : lines(text)) {
    const std::string_view body = trim(line);
    if (body.starts_with("zone=") || body.starts_with("interface-name=")) out.append(body).append("\n");
  }
  return out;
}

class Reader {
 public:
  explicit Reader(const Host& host) : host_(host), services_(host), default_zone_(firewalld_default_zone(host)) {}

  Result<Ruleset> read() {
    if (auto done = read_zones(); !done) return tl::unexpected<Error>(done.error());
    if (auto done = read_connections(); !done) return tl::unexpected<Error>(done.error());
    if (zones_.count(default_zone_) == 0) return fail(ErrorKind::not_found, "firewalld: no zone " + default_zone_);
    FilterChain input;
    input.family = "inet";
    input.table = kTable;
    input.name = "filter_INPUT";
    input.hook = "input";
    input.type = "filter";
    input.priority = 10;
    input.rules = {rule({condition_on(Kind::state, {"established", "related"})}, FilterVerdict::accept),
                   rule({on(Kind::state, "dnat")}, FilterVerdict::accept), rule({on(Kind::iif, "lo")}, FilterVerdict::accept)};
    if (accepts_more()) input.rules.push_back(rule({FilterCondition()}, FilterVerdict::accept));
    Ruleset out;
    for (const auto& [name, zone] : zones_)
      for (const FilterCondition& source : zone.sources) input.rules.push_back(rule({source}, FilterVerdict::go_to, "zone_" + name));
    for (const auto& [name, zone] : zones_)
      for (std::string card : zone.interfaces) {
        if (card.ends_with('+')) card.back() = '*';
        input.rules.push_back(rule({on(Kind::iif, card)}, FilterVerdict::go_to, "zone_" + name));
      }
    input.rules.push_back(rule({}, FilterVerdict::go_to, "zone_" + default_zone_));
    out.chains.push_back(std::move(input));
    for (auto& [name, zone] : zones_) out.chains.push_back(chain_of(std::move(zone)));
    return out;
  }

 private:
  Result<void> read_zones() {
    std::set<std::string> names = {default_zone_};
    for (const std::string folder : {"/etc/firewalld/zones", "/usr/lib/firewalld/zones"}) {
      const auto entries = host_.list(folder);
      if (!entries && entries.error().kind != ErrorKind::not_found) return tl::unexpected<Error>(entries.error());
      for (const auto& entry : entries.value_or(std::vector<FolderEntry>()))
        if (entry.name.ends_with(".xml") && names.size() < kMaxZones) names.insert(entry.name.substr(0, entry.name.size() - 4));
    }
    for (const std::string& name : names) {
      if (!is_name(name)) continue;
      const auto text = read_own_or_shipped(host_, "zones/" + name + ".xml");
      if (!text && text.error().kind != ErrorKind::not_found) return tl::unexpected<Error>(text.error());
      if (text) zones_.emplace(name, ZoneReader(services_).read(name, *text));
    }
    return {};
  }

  /// NetworkManager tells firewalld the zones of its connections.
  Result<void> read_connections() {
    for (const std::string folder : {"/etc/NetworkManager/system-connections", "/run/NetworkManager/system-connections", "/etc/sysconfig/network-scripts"}) {
      const auto entries = host_.list(folder);
      if (!entries && entries.error().kind != ErrorKind::not_found) return tl::unexpected<Error>(entries.error());
      for (const auto& entry : entries.value_or(std::vector<FolderEntry>())) {
        const bool old = entry.name.starts_with("ifcfg-");
        if (!old && !entry.name.ends_with(".nmconnection")) continue;
        const auto text = host_.read_redacted(folder + "/" + entry.name, old ? redact_script : redact_connection, kMaxConfigBytes);
        if (!text) return tl::unexpected<Error>(text.error());
        std::string zone, card;
        for (const std::string_view line : lines(*text)) (line.starts_with("zone=") ? zone : card) = line.substr(line.find('=') + 1);
        const auto known = zones_.find(zone);
        if (zone.empty()) continue;
        if (known == zones_.end() || card.empty()) doubtful_ = true;
        else known->second.interfaces.push_back(card);
      }
    }
    return {};
  }

  /// "ZONE=internal", "DEVICE=eth1" in the form of the others.
  static std::string redact_script(std::string_view text) {
    std::string out;
    for (const std::string_view line : lines(text)) {
      std::string body(trim(line));
      std::erase(body, '"');
      if (body.starts_with("ZONE=") || body.starts_with("zone=")) out.append("zone=").append(body.substr(5)).append("\n");
      if (body.starts_with("DEVICE=")) out.append("interface-name=").append(body.substr(7)).append("\n");
      if (body.starts_with("interface-name=")) out.append(body).append("\n");
    }
    return out;
  }

  /// Direct rules and policies that lead to this host are asked before zones are.
  bool accepts_more() const {
    const auto direct = host_.read("/etc/firewalld/direct.xml", kMaxConfigBytes);
    if (direct ? contains(*direct, "ACCEPT") : direct.error().kind != ErrorKind::not_found) return true;
    const auto policies = host_.list("/etc/firewalld/policies");
    if (!policies) return doubtful_ || policies.error().kind != ErrorKind::not_found;
    for (const auto& entry : *policies) {
      const auto text = host_.read("/etc/firewalld/policies/" + entry.name, kMaxConfigBytes);
      if (!text || contains(*text, "\"HOST\"") || contains(*text, "'HOST'")) return true;
    }
    return doubtful_;
  }

  const Host& host_;
  Services services_;
  std::string default_zone_;
  std::map<std::string, Zone> zones_;
  bool doubtful_ = false;
};

}  // namespace

std::string firewalld_default_zone(const Host& host) {
  std::string zone;
  const std::string text = host.read("/etc/firewalld/firewalld.conf", kMaxConfigBytes).value_or("");
  for (const std::string_view line : lines(text)) {
    const std::string_view body = trim(line);
    if (body.starts_with("DefaultZone=")) zone = trim(body.substr(12));
  }
  return zone.empty() ? "public" : zone;
}

Result<Ruleset> read_firewalld_rules(const Host& host) {
  return Reader(host).read();
}

}  // namespace plumbline
