// SPDX-License-Identifier: Apache-2.0
// Rule sets as text and back.
#include "agent/firewall/ruleset.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr JsonLimits kRulesetLimits{16u << 20, 8, 2'000'000, 64u << 10};

using Kind = FilterCondition::Kind;
constexpr std::array<std::pair<std::string_view, Kind>, 8> kKinds = {{{"protocol", Kind::protocol},
                                                                      {"family", Kind::family},
                                                                      {"dport", Kind::dport},
                                                                      {"saddr", Kind::saddr},
                                                                      {"daddr", Kind::daddr},
                                                                      {"iif", Kind::iif},
                                                                      {"state", Kind::state},
                                                                      {"dst_type", Kind::dst_type}}};

using Address = std::array<std::uint8_t, 16>;

bool parse_address(std::string_view text, bool& v6, Address& address) {
  const std::string name(trim(text));
  address.fill(0);
  v6 = contains(name, ":");
  return v6 ? inet_pton(AF_INET6, name.c_str(), address.data()) == 1
            : inet_pton(AF_INET, name.c_str(), address.data() + 12) == 1;
}

std::string show(bool v6, const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(v6 ? AF_INET6 : AF_INET, v6 ? address.data() : address.data() + 12, text.data(), text.size());
  return text.data();
}

std::string show(const AddressRange& range) {
  return range.from == range.to ? show(range.v6, range.from)
                                : show(range.v6, range.from) + "-" + show(range.v6, range.to);
}

/// How many bits "24" or "255.255.255.0" keeps; nothing where the mask has holes.
std::optional<std::size_t> prefix_of(std::string_view text, bool v6) {
  const std::size_t width = v6 ? 128 : 32;
  if (const auto bits = parse_u64(text)) return *bits <= width ? std::optional<std::size_t>(*bits) : std::nullopt;
  bool mask_v6 = false;
  Address mask{};
  if (!parse_address(text, mask_v6, mask) || mask_v6 != v6) return std::nullopt;
  std::size_t bits = 0;
  const auto is_set = [&](std::size_t bit) { return (mask[(v6 ? 0 : 12) + bit / 8] >> (7 - bit % 8) & 1u) != 0; };
  while (bits < width && is_set(bits)) ++bits;
  for (std::size_t bit = bits; bit < width; ++bit)
    if (is_set(bit)) return std::nullopt;
  return bits;
}

// ---- text

std::string text_of(const FilterCondition& condition) {
  std::vector<std::string> values = condition.names;
  for (const auto& [from, to] : condition.ports)
    values.push_back(from == to ? std::to_string(from) : std::to_string(from) + "-" + std::to_string(to));
  for (const AddressRange& range : condition.addresses) values.push_back(show(range));
  for (const auto& [word, kind] : kKinds)
    if (kind == condition.kind) return std::string(condition.negated ? "!" : "") + std::string(word) + "=" + join(values, ",");
  return "?";
}

std::string text_of(const FilterRule& rule) {
  switch (rule.verdict) {
    case FilterVerdict::none: return "continue";
    case FilterVerdict::accept: return "accept";
    case FilterVerdict::drop: return "drop";
    case FilterVerdict::jump: return "jump " + rule.target;
    case FilterVerdict::go_to: return "goto " + rule.target;
    case FilterVerdict::back: return "return";
    case FilterVerdict::redirect: return rule.target.empty() ? "redirect" : "redirect " + rule.target;
    case FilterVerdict::untrack: return "untrack";
    case FilterVerdict::unknown: break;
  }
  return "?";
}

void set_verdict(FilterRule& rule, std::string_view text) {
  constexpr std::array<std::pair<std::string_view, FilterVerdict>, 6> kWords = {{{"continue", FilterVerdict::none},
                                                                                 {"accept", FilterVerdict::accept},
                                                                                 {"drop", FilterVerdict::drop},
                                                                                 {"return", FilterVerdict::back},
                                                                                 {"untrack", FilterVerdict::untrack},
                                                                                 {"redirect", FilterVerdict::redirect}}};
  rule.verdict = FilterVerdict::unknown;
  for (const auto& [word, verdict] : kWords)
    if (text == word) rule.verdict = verdict;
  const std::size_t blank = text.find(' ');
  const std::string_view word = text.substr(0, blank);
  if (blank == std::string_view::npos) return;
  if (word == "jump") rule.verdict = FilterVerdict::jump;
  if (word == "goto") rule.verdict = FilterVerdict::go_to;
  if (word == "redirect") rule.verdict = FilterVerdict::redirect;
  if (rule.verdict != FilterVerdict::unknown) rule.target = text.substr(blank + 1);
}

std::string word_at(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

FilterChain chain_from(const nlohmann::json& one) {
  FilterChain chain;
  chain.family = word_at(one, "family");
  chain.table = word_at(one, "table");
  chain.name = word_at(one, "name");
  chain.hook = word_at(one, "hook");
  chain.type = word_at(one, "type");
  chain.policy_drop = word_at(one, "policy") == "drop";
  const auto priority = one.find("priority");
  if (priority != one.end() && priority->is_number_integer())
    chain.priority = static_cast<int>(std::clamp<std::int64_t>(priority->get<std::int64_t>(), -1'000'000, 1'000'000));
  return chain;
}

FilterRule rule_from(const nlohmann::json& words) {
  FilterRule rule;
  for (const auto& word : words) {
    const std::string_view text = word.is_string() ? std::string_view(word.get_ref<const std::string&>()) : "?";
    if (&word == &words.back()) set_verdict(rule, text);
    else rule.when.push_back(parse_condition(text));
  }
  return rule;
}

}  // namespace

std::optional<AddressRange> parse_address_range(std::string_view text) {
  AddressRange range;
  const std::size_t slash = text.find('/'), dash = text.find('-');
  bool other = false;
  if (!parse_address(text.substr(0, std::min(slash, dash)), range.v6, range.from)) return std::nullopt;
  range.to = range.from;
  if (dash != std::string_view::npos) {
    const bool good = parse_address(text.substr(dash + 1), other, range.to) && other == range.v6 && range.from <= range.to;
    return good ? std::optional(range) : std::nullopt;
  }
  if (slash == std::string_view::npos) return range;
  const auto bits = prefix_of(text.substr(slash + 1), range.v6);
  if (!bits) return std::nullopt;
  for (std::size_t bit = *bits; bit < (range.v6 ? 128u : 32u); ++bit) {
    const std::size_t at = (range.v6 ? 0 : 12) + bit / 8;
    const unsigned mask = 0x80u >> (bit % 8);
    range.from[at] = static_cast<std::uint8_t>(range.from[at] & ~mask);
    range.to[at] = static_cast<std::uint8_t>(range.to[at] | mask);
  }
  return range;
}

FilterCondition parse_condition(std::string_view text) {
  FilterCondition out;
  if (text.starts_with('!')) {
    out.negated = true;
    text.remove_prefix(1);
  }
  const std::size_t equals = text.find('=');
  for (const auto& [word, kind] : kKinds)
    if (text.substr(0, equals) == word) out.kind = kind;
  if (equals == std::string_view::npos || out.kind == Kind::unknown) return {};
  for (const std::string_view value : split(text.substr(equals + 1), ',')) {
    if (out.kind == Kind::dport) {
      const std::size_t dash = value.find('-');
      const auto from = parse_u64(value.substr(0, dash));
      const auto to = dash == std::string_view::npos ? from : parse_u64(value.substr(dash + 1));
      if (!from || !to || *from > *to || *to > 65535) return {};
      out.ports.emplace_back(static_cast<std::uint16_t>(*from), static_cast<std::uint16_t>(*to));
    } else if (out.kind == Kind::saddr || out.kind == Kind::daddr) {
      const auto range = parse_address_range(value);
      if (!range) return {};
      out.addresses.push_back(*range);
    } else {
      out.names.emplace_back(value);
    }
  }
  return out;
}

std::string to_json(const Ruleset& ruleset) {
  // Written piece by piece: a tree of a large rule set would take as much memory as all the rest of a scan.
  const auto quoted = [](const std::string& one) {
    return nlohmann::json(one).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  };
  std::string out = "{\"chains\":[";
  for (const FilterChain& chain : ruleset.chains) {
    out.append(out.ends_with('[') ? "" : ",").append("{\"family\":").append(quoted(chain.family));
    out.append(",\"table\":").append(quoted(chain.table)).append(",\"name\":").append(quoted(chain.name));
    if (!chain.hook.empty()) {
      out.append(",\"hook\":").append(quoted(chain.hook)).append(",\"type\":").append(quoted(chain.type));
      out.append(",\"priority\":").append(std::to_string(chain.priority));
      out.append(",\"policy\":").append(chain.policy_drop ? "\"drop\"" : "\"accept\"");
    }
    out.append(",\"rules\":[");
    for (const FilterRule& rule : chain.rules) {
      out.append(out.ends_with('[') ? "[" : ",[");
      for (const FilterCondition& one : rule.when) out.append(quoted(text_of(one))).append(",");
      out.append(quoted(text_of(rule))).append("]");
    }
    out.append("]}");
  }
  return out.append("]}");
}

Result<Ruleset> parse_ruleset(std::string_view text) {
  const auto document = parse_json(text, kRulesetLimits);
  if (!document) return fail("nftables", document.error());
  if (!document->is_object() || !document->contains("chains") || !document->at("chains").is_array())
    return fail(ErrorKind::invalid, "nftables: the answer has no list of chains");
  Ruleset out;
  std::size_t rules = 0;
  for (const auto& one : document->at("chains")) {
    if (!one.is_object()) continue;
    if (out.chains.size() >= kMaxFilterChains) return fail(ErrorKind::limit, "nftables: more chains than are followed");
    FilterChain chain = chain_from(one);
    const auto list = one.find("rules");
    if (list != one.end() && list->is_array()) {
      for (const auto& words : *list)
        if (words.is_array() && !words.empty()) chain.rules.push_back(rule_from(words));
    }
    rules += chain.rules.size();
    if (rules > kMaxFilterRules) return fail(ErrorKind::limit, "nftables: more rules than are followed");
    out.chains.push_back(std::move(chain));
  }
  return out;
}

}  // namespace plumbline
