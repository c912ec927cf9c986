// SPDX-License-Identifier: Apache-2.0
// A rule is read from its left: matches that are known, statements that change nothing, and what is done at last. A word
// that is none of them makes the rule one that may hold.
#include "agent/firewall/nft_rule.h"

#include <algorithm>
#include <array>
#include <optional>

#include "agent/firewall/words.h"
#include "base/text.h"

namespace plumbline {
namespace {

using Kind = FilterCondition::Kind;

constexpr std::size_t kMaxMapRules = 2'000;

/// What "accept", "jump wan" and their like do.
std::optional<FilterRule> verdict_of(std::string_view text) {
  const auto fields = words(text);
  FilterRule out;
  if (fields.empty()) return std::nullopt;
  const std::string_view verb = fields[0];
  if (verb == "accept") out.verdict = FilterVerdict::accept;
  else if (verb == "drop") out.verdict = FilterVerdict::drop;
  else if (verb == "return") out.verdict = FilterVerdict::back;
  else if (verb == "continue") out.verdict = FilterVerdict::none;
  else if (verb == "queue") out.verdict = FilterVerdict::unknown;
  else if (verb == "jump" || verb == "goto") {
    out.verdict = verb == "jump" ? FilterVerdict::jump : FilterVerdict::go_to;
    if (fields.size() < 2) return std::nullopt;
    out.target = fields[1];
  } else {
    return std::nullopt;
  }
  return out;
}

class RuleWords {
 public:
  RuleWords(const std::vector<NftWord>& words, const std::map<std::string, NftSet>& sets) : words_(words), sets_(sets) {}

  std::vector<FilterRule> read() {
    while (at_ < words_.size() && !ended_) {
      const std::size_t before = at_;
      read_part();
      if (at_ == before) skip_unknown();
    }
    if (!is_map_) mapped_.push_back(std::move(rule_));
    if (untracks_) mapped_.insert(mapped_.begin(), {*untracks_, FilterVerdict::untrack, ""});
    return std::move(mapped_);
  }

 private:
  bool is(std::string_view text, std::size_t ahead = 0) const { return at_ + ahead < words_.size() && words_[at_ + ahead].is(text); }
  bool is_any(std::initializer_list<std::string_view> texts, std::size_t ahead = 0) const {
    return std::any_of(texts.begin(), texts.end(), [&](auto text) { return is(text, ahead); });
  }
  bool take(std::string_view text) {
    if (!is(text)) return false;
    ++at_;
    return true;
  }
  std::string next() { return at_ < words_.size() ? words_[at_++].text : std::string(); }
  void ask(FilterCondition condition) { rule_.when.push_back(std::move(condition)); }
  void ask(Kind kind, std::string value) { ask(condition_on(kind, {std::move(value)})); }
  void end(FilterVerdict verdict, std::string target = "") {
    rule_.verdict = verdict;
    rule_.target = std::move(target);
    ended_ = true;
  }

  void skip_braces() {
    int depth = 0;
    do {
      depth += is("{") ? 1 : is("}") ? -1 : 0;
      ++at_;
    } while (depth > 0 && at_ < words_.size());
  }
  void skip_unknown() {
    if (rule_.when.empty() || rule_.when.back().kind != Kind::unknown) ask({});
    if (is("{")) skip_braces();
    else ++at_;
  }

  void read_part() {
    if (read_statement() || read_verdict()) return;
    if (is_any({"tcp", "udp", "sctp", "th"})) return read_transport();
    if (is_any({"ip", "ip6"})) return read_network();
    if (is_any({"icmp", "icmpv6"})) return ask(Kind::protocol, next());  // what it asks beside is left over as unknown
    if (is("meta") && is_any({"iif", "iifname", "l4proto", "nfproto"}, 1)) ++at_;
    if (is_any({"iif", "iifname"})) return read_field(Kind::iif, 1);
    if (is("l4proto")) return read_field(Kind::protocol, 1);
    if (is("nfproto")) return read_field(Kind::family, 1);
    if (is("ct") && is("state", 1)) return read_field(Kind::state, 2);
    if (is("ct") && is("status", 1) && is("dnat", 2)) {
      at_ += 3;
      return ask(Kind::state, "dnat");
    }
    if (is("fib") && is("daddr", 1) && is("type", 2)) return read_field(Kind::dst_type, 3);
  }

  /// What neither asks nor decides.
  bool read_statement() {
    if (take("counter")) {
      while (is_any({"packets", "bytes", "name"})) at_ += 2;
      return true;
    }
    if (take("comment")) {
      ++at_;
      return true;
    }
    if (take("log")) {
      while (is_any({"prefix", "level", "group", "snaplen", "queue-threshold"})) at_ += 2;
      return true;
    }
    if (take("notrack")) {
      untracks_ = rule_.when;  // the rule goes on
      return true;
    }
    return false;
  }

  bool read_verdict() {
    if (at_ >= words_.size() || words_[at_].quoted) return false;
    const bool named = is_any({"jump", "goto"});
    const std::string more = named && at_ + 1 < words_.size() ? " " + words_[at_ + 1].text : "";
    if (const auto verdict = verdict_of(words_[at_].text + more)) {
      at_ += named ? 2 : 1;
      if (verdict->verdict != FilterVerdict::none) end(verdict->verdict, verdict->target);
      return true;
    }
    if (is("reject")) end(FilterVerdict::drop);
    else if (is_any({"masquerade", "snat"})) end(FilterVerdict::accept);
    else if (is_any({"redirect", "tproxy"})) end(FilterVerdict::redirect);
    else if (is("dnat")) end(FilterVerdict::redirect, destination());
    else if (is("synproxy")) end(FilterVerdict::unknown);
    else return false;
    at_ = words_.size();
    return true;
  }

  /// "dnat to 10.0.0.2:80", "dnat ip to 10.0.0.2", "dnat to [fd00::2]:80"; "" where it is no plain address
  std::string destination() const {
    for (std::size_t i = at_; i + 1 < words_.size(); ++i) {
      if (!words_[i].is("to")) continue;
      std::string_view address = words_[i + 1].text;
      if (address.starts_with('[')) address = address.substr(1, address.find(']') - 1);
      else if (std::count(address.begin(), address.end(), ':') == 1) address = address.substr(0, address.find(':'));
      return parse_address_range(address) ? std::string(address) : "";
    }
    return "";
  }

  void read_transport() {
    const std::string protocol = next();
    if (protocol != "th") ask(Kind::protocol, protocol);
    if (is("dport")) read_field(Kind::dport, 1);
    else skip_unknown();
  }

  void read_network() {
    const std::string family = next();
    ask(Kind::family, family == "ip" ? "ipv4" : "ipv6");
    if (is("saddr")) read_field(Kind::saddr, 1);
    else if (is("daddr")) read_field(Kind::daddr, 1);
    else if (family == "ip" && is("protocol")) read_field(Kind::protocol, 1);
    else skip_unknown();
  }

  /// What a field is compared with, from word `length` on.
  void read_field(Kind kind, std::size_t length) {
    if (is(".", length)) return skip_concatenation();
    at_ += length;
    if (take("vmap")) return read_map(kind);
    if (is("map")) return skip_unknown();
    const bool negated = take("!=") || take("ne");
    if (!negated && is_any({"<", ">", "<=", ">=", "lt", "gt", "le", "ge"})) return read_bound(kind);
    if (is_any({"==", "eq"})) ++at_;
    ask(condition(kind, negated));
  }

  FilterCondition condition(Kind kind, bool negated) {
    if (is("{")) {
      NftSet set;
      at_ = std::min(read_nft_elements(words_, at_ + 1, set) + 1, words_.size());
      return set.readable ? condition_on(kind, set.values, negated) : FilterCondition();
    }
    if (at_ < words_.size() && words_[at_].text.starts_with('@')) {
      const auto known = sets_.find(next().substr(1));
      return known == sets_.end() || !known->second.readable ? FilterCondition() : condition_on(kind, known->second.values, negated);
    }
    std::vector<std::string> values = {next()};
    while (take(",")) values.push_back(next());
    if (is_any({"|", "&", "^"})) return {};
    return condition_on(kind, values, negated);
  }

  /// "tcp dport >= 1024"
  void read_bound(Kind kind) {
    const std::string sign = next();
    const auto limit = parse_ports(next());
    const bool below = sign == "<" || sign == "lt" || sign == "<=" || sign == "le";
    const int step = sign == "<" || sign == "lt" ? -1 : sign == ">" || sign == "gt" ? 1 : 0;
    const int port = limit ? limit->first + step : -1;
    if (kind != Kind::dport || port < 0 || port > 65535) return ask({});
    ask(Kind::dport, below ? "0-" + std::to_string(port) : std::to_string(port) + "-65535");
  }

  /// "ip saddr . tcp dport @allowed", "… vmap { … }"
  void skip_concatenation() {
    ask({});
    while (at_ < words_.size() && !is_any({"{", "vmap"}) && !words_[at_].text.starts_with('@')) ++at_;
    if (is("vmap")) return end(FilterVerdict::unknown);
    if (is("{")) return skip_braces();
    ++at_;
  }

  void read_map(Kind kind) {
    NftSet set;
    if (is("{")) {
      at_ = std::min(read_nft_elements(words_, at_ + 1, set) + 1, words_.size());
    } else {
      const auto known = sets_.find(at_ < words_.size() ? next().substr(1) : "");
      set.readable = known != sets_.end();
      if (set.readable) set = known->second;
    }
    if (!set.readable || !set.values.empty() || set.verdicts.size() > kMaxMapRules) return end(FilterVerdict::unknown);
    // What no other element is comes last.
    std::stable_sort(set.verdicts.begin(), set.verdicts.end(), [](const auto& a, const auto& b) { return (a.first == "*") < (b.first == "*"); });
    for (const auto& [value, verdict] : set.verdicts) {
      FilterRule one = rule_;
      if (value != "*") one.when.push_back(condition_on(kind, {value}));
      one.verdict = verdict.verdict;
      one.target = verdict.target;
      mapped_.push_back(std::move(one));
    }
    is_map_ = ended_ = true;
  }

  const std::vector<NftWord>& words_;
  const std::map<std::string, NftSet>& sets_;
  std::size_t at_ = 0;
  FilterRule rule_;
  std::vector<FilterRule> mapped_;
  std::optional<std::vector<FilterCondition>> untracks_;
  bool is_map_ = false, ended_ = false;
};

/// "22", "80-90", "10.0.0.0/8 timeout 1h", "22 : accept", "established:accept", "10.0.0.1 . 22"
void add_element(const std::vector<std::string>& words, NftSet& set) {
  if (words.empty()) return;
  if (std::find(words.begin(), words.end(), ".") != words.end()) {
    set.readable = false;
    return;
  }
  const std::string text = join(words, " ");
  for (std::size_t colon = text.find(':'); colon != std::string::npos; colon = text.find(':', colon + 1)) {
    const auto verdict = verdict_of(trim(std::string_view(text).substr(colon + 1)));
    if (!verdict) continue;
    const auto key = plumbline::words(std::string_view(text).substr(0, colon));
    if (key.empty()) set.readable = false;
    else set.verdicts.emplace_back(key[0], *verdict);
    return;
  }
  set.values.push_back(words[0]);
}

}  // namespace

std::size_t read_nft_elements(const std::vector<NftWord>& words, std::size_t at, NftSet& set) {
  std::vector<std::string> element;
  for (; at < words.size() && !words[at].is("}"); ++at) {
    if (words[at].is("{")) set.readable = false;  // sets in sets: "{ { 22, 80 }, 443 }"
    if (words[at].is("{") || words[at].is("\n")) continue;
    if (!words[at].is(",")) {
      element.push_back(words[at].text);
      continue;
    }
    add_element(element, set);
    element.clear();
  }
  add_element(element, set);
  return at;
}

std::vector<FilterRule> read_nft_rule(const std::vector<NftWord>& words, const std::map<std::string, NftSet>& sets) {
  return RuleWords(words, sets).read();
}

}  // namespace plumbline
