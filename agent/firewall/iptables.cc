// SPDX-License-Identifier: Apache-2.0
// One line of iptables-save is one rule; options come in any order.
#include "agent/firewall/iptables.h"

#include <algorithm>
#include <array>

#include "agent/firewall/words.h"
#include "agent/firewall/xtables.h"
#include "base/text.h"

namespace plumbline {
namespace {

using Kind = FilterCondition::Kind;

constexpr std::size_t kMaxChains = 2'000;  // of files: people write few

struct BaseChain {
  std::string_view table, name, hook, type;
  int priority;
};
constexpr std::array<BaseChain, 9> kBaseChains = {{{"filter", "INPUT", "input", "filter", 0},
                                                   {"filter", "FORWARD", "forward", "filter", 0},
                                                   {"nat", "PREROUTING", "prerouting", "nat", -100},
                                                   {"mangle", "PREROUTING", "prerouting", "filter", -150},
                                                   {"mangle", "INPUT", "input", "filter", -150},
                                                   {"mangle", "FORWARD", "forward", "filter", -150},
                                                   {"raw", "PREROUTING", "prerouting", "filter", -300},
                                                   {"security", "INPUT", "input", "filter", 50},
                                                   {"security", "FORWARD", "forward", "filter", 50}}};

/// Words of a line; blanks inside quotes belong to a word.
std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> out;
  bool inside = false, open = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"') {
      inside = !inside;
    } else if (!inside && (c == ' ' || c == '\t' || c == '\r')) {
      open = false;
      continue;
    } else if (c != '\\' || i + 1 == line.size()) {
      if (!open) out.emplace_back();
      open = true;
      out.back() += c;
      continue;
    }
    if (!open) out.emplace_back();
    open = true;
    if (c == '\\') out.back() += line[++i];
  }
  return out;
}

std::vector<std::string> listed(const std::string& text) {
  std::vector<std::string> out;
  for (const std::string_view one : split(text, ',')) out.push_back(lower(trim(one)));
  return out;
}

class RuleWords {
 public:
  explicit RuleWords(std::vector<std::string> all) : words_(std::move(all)) {}

  /// From word `at`, which stands behind the chain's name.
  FilterRule read(std::size_t at) {
    for (at_ = at; at_ < words_.size(); ++at_) {
      const std::string& word = words_[at_];
      if (word == "!") {
        negated_ = true;
        continue;
      }
      read_option(word);
      negated_ = false;
    }
    return std::move(rule_);
  }

 private:
  /// "-s ! 10.0.0.0/8" is what old versions wrote.
  std::string value() {
    if (at_ + 1 < words_.size() && words_[at_ + 1] == "!") {
      negated_ = true;
      ++at_;
    }
    return at_ + 1 < words_.size() ? words_[++at_] : std::string();
  }
  void ask(Kind kind, std::vector<std::string> values) { rule_.when.push_back(condition_on(kind, values, negated_)); }

  void read_option(const std::string& word) {
    if (word == "-p" || word == "--protocol") return read_protocol(value());
    if (word == "-s" || word == "--source" || word == "--src") return read_addresses(Kind::saddr, value());
    if (word == "-d" || word == "--destination" || word == "--dst") return read_addresses(Kind::daddr, value());
    if (word == "-i" || word == "--in-interface") return read_interface(value());
    if (word == "--dport" || word == "--destination-port" || word == "--dports" || word == "--destination-ports")
      return read_ports(value());
    if (word == "--state" || word == "--ctstate") return read_states(value());
    if (word == "--dst-type") return read_types(value());
    if (word == "-m" || word == "--match") return read_match(value());
    if (word == "-j" || word == "--jump" || word == "-g" || word == "--goto") return read_target(value(), word[1] == 'g' || word == "--goto");
    if (word == "--to-destination") return read_destination(value());
    if (word == "-c") {  // packets and bytes
      at_ = std::min(at_ + 2, words_.size());
      return;
    }
    if (word == "--comment" || word == "--log-prefix") return void(value());
    if (word.starts_with('-') && !after_target_) rule_.when.emplace_back();  // it asks what we do not know
  }

  void read_protocol(const std::string& name) {
    if (name != "all" && name != "0") ask(Kind::protocol, {name});
  }
  void read_addresses(Kind kind, const std::string& text) {
    std::vector<std::string> values;
    for (const std::string_view one : split(text, ',')) values.emplace_back(one);
    ask(kind, std::move(values));
  }
  void read_interface(std::string name) {
    if (name.ends_with('+')) name.back() = '*';
    ask(Kind::iif, {std::move(name)});
  }
  void read_ports(const std::string& text) { ask(Kind::dport, listed(text)); }
  void read_states(const std::string& text) { ask(Kind::state, listed(text)); }
  void read_types(const std::string& text) {
    std::vector<std::string> types = listed(text);
    for (std::string& type : types)
      if (type != "local" && type != "unicast") type = "other";
    ask(Kind::dst_type, std::move(types));
  }
  /// What a match asks stands in options of its own; limits and the like that have none are unknown.
  void read_match(const std::string& name) {
    constexpr std::array<std::string_view, 7> kTold = {"tcp", "udp", "multiport", "state", "conntrack", "addrtype", "comment"};
    if (std::find(kTold.begin(), kTold.end(), name) == kTold.end()) rule_.when.emplace_back();
    after_target_ = false;
  }

  void read_target(const std::string& name, bool go_to) {
    after_target_ = true;
    rule_.verdict = go_to ? FilterVerdict::go_to : FilterVerdict::jump;
    rule_.target = name;
    if (go_to) return;
    if (name == "ACCEPT" || name == "DROP" || name == "RETURN") {
      rule_.verdict = name == "ACCEPT" ? FilterVerdict::accept : name == "DROP" ? FilterVerdict::drop : FilterVerdict::back;
      rule_.target.clear();
      return;
    }
    const FilterRule known = read_xt_target(name, 0, Bytes(), false);
    if (known.verdict == FilterVerdict::unknown) return;  // a chain; where there is none of that name, all is possible
    rule_.verdict = known.verdict;
    rule_.target = destination_;
  }

  /// "172.17.0.2:80", "172.17.0.2-172.17.0.9", "[fd00::2]:80", "fd00::2"
  void read_destination(const std::string& text) {
    std::string_view address = text;
    if (address.starts_with('[')) address = address.substr(1, address.find(']') - 1);
    else if (std::count(address.begin(), address.end(), ':') == 1) address = address.substr(0, address.find(':'));
    destination_ = address;
    if (rule_.verdict == FilterVerdict::redirect) rule_.target = destination_;
  }

  std::vector<std::string> words_;
  std::size_t at_ = 0;
  bool negated_ = false, after_target_ = false;
  std::string destination_;
  FilterRule rule_;
};

class File {
 public:
  File(bool v6, Ruleset& ruleset) : family_(v6 ? "ip6" : "ip"), ruleset_(ruleset) {
    for (const FilterChain& one : ruleset.chains) rules_ += one.rules.size();
  }

  Result<void> read(std::string_view text) {
    for (std::string_view line : lines(text)) {
      line = trim(line);
      if (line.starts_with('*')) table_ = line.substr(1);
      else if (line.starts_with(':')) declare(words(line.substr(1)));
      else if (line.starts_with("-")) add(words_of(line));
      if (rules_ > kMaxFilterRules || ruleset_.chains.size() > kMaxChains)
        return fail(ErrorKind::limit, "more rules than are followed");
    }
    return {};
  }

 private:
  FilterChain& chain(std::string_view name) {
    FilterChain& found = chain_named(ruleset_, family_, table_, name);
    for (const BaseChain& base : kBaseChains) {
      if (base.table != table_ || base.name != name) continue;
      found.hook = base.hook;
      found.type = base.type;
      found.priority = base.priority;
    }
    return found;
  }

  // ":INPUT DROP [0:0]", ":ufw-user-input - [0:0]"
  void declare(const std::vector<std::string_view>& fields) {
    if (fields.empty()) return;
    FilterChain& found = chain(fields[0]);
    if (fields.size() > 1 && fields[1] != "-") found.policy_drop = fields[1] == "DROP";
    else found.rules.clear();
  }

  // "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT"
  void add(std::vector<std::string> line) {
    if (line.size() < 2) return;
    const std::string verb = line[0];
    FilterChain& found = chain(line[1]);
    if (verb == "-P" && line.size() > 2) found.policy_drop = line[2] == "DROP";
    if (verb != "-A" && verb != "-I") return;
    ++rules_;
    std::size_t first = 2, place = 0;
    if (verb == "-I" && line.size() > 2 && parse_u64(line[2])) place = *parse_u64(line[first++]) - 1;
    FilterRule rule = RuleWords(std::move(line)).read(first);
    if (verb == "-A") place = found.rules.size();
    const auto before = found.rules.begin() + static_cast<std::ptrdiff_t>(std::min(place, found.rules.size()));
    found.rules.insert(before, std::move(rule));
  }

  std::string family_;
  std::string table_ = "filter";
  Ruleset& ruleset_;
  std::size_t rules_ = 0;
};

}  // namespace

Result<void> add_iptables_rules(std::string_view text, bool v6, Ruleset& ruleset) {
  return File(v6, ruleset).read(text);
}

}  // namespace plumbline
