// SPDX-License-Identifier: Apache-2.0
// Tables with their chains and sets, and the commands that add to them.
#include "agent/firewall/nft_text.h"

#include <algorithm>
#include <array>
#include <map>

#include "agent/firewall/nft_rule.h"
#include "agent/firewall/nft_words.h"
#include "agent/firewall/words.h"
#include "base/text.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxChains = 2'000;

bool is_family(const NftWord& word) {
  constexpr std::array<std::string_view, 6> kFamilies = {"ip", "ip6", "inet", "arp", "bridge", "netdev"};
  return !word.quoted && std::find(kFamilies.begin(), kFamilies.end(), word.text) != kFamilies.end();
}

/// "filter", "-100", "dstnat - 5", "filter -5"
int priority_of(const std::vector<std::string>& fields) {
  constexpr std::array<std::pair<std::string_view, int>, 6> kNames = {
      {{"raw", -300}, {"mangle", -150}, {"dstnat", -100}, {"filter", 0}, {"security", 50}, {"srcnat", 100}}};
  std::int64_t sum = 0;
  int sign = 1;
  for (const std::string& field : fields) {
    if (field == "-" || field == "+") sign = field == "-" ? -1 : 1;
    std::string_view number = field;
    if (number.starts_with('+')) number.remove_prefix(1);
    if (const auto value = parse_i64(number)) sum += sign * std::clamp<std::int64_t>(*value, -1'000'000, 1'000'000);
    for (const auto& [name, value] : kNames)
      if (field == name) sum += value;
  }
  return static_cast<int>(std::clamp<std::int64_t>(sum, -1'000'000, 1'000'000));
}

using Words = std::vector<NftWord>;

class File {
 public:
  explicit File(Words words) : words_(std::move(words)) {}

  Result<Ruleset> read() {
    while (at_ < words_.size() && !failure_) {
      if (take("\n")) continue;
      read_command();
    }
    if (failure_) return tl::unexpected<Error>(*failure_);
    Ruleset out;
    for (Chain& chain : chains_) {
      if (table_sleeps(chain.place)) continue;
      for (const auto& [words, front] : chain.rules) {
        const auto read = read_nft_rule(words, sets_[chain.place.family + '\n' + chain.place.table]);
        auto& rules = chain.told.rules;
        rules.insert(front ? rules.begin() : rules.end(), read.begin(), read.end());
        if ((told_ += read.size()) > kMaxFilterRules) return fail(ErrorKind::limit, "more rules than are followed");
      }
      out.chains.push_back(std::move(chain.told));
    }
    return out;
  }

 private:
  struct Place {
    std::string family, table;
    bool operator==(const Place&) const = default;
  };
  struct Chain {
    Place place;
    FilterChain told;
    std::vector<std::pair<Words, bool>> rules;  // in front of all others, or behind
  };

  bool is(std::string_view text) const { return at_ < words_.size() && words_[at_].is(text); }
  bool take(std::string_view text) {
    if (!is(text)) return false;
    ++at_;
    return true;
  }
  std::string next() {
    if (at_ >= words_.size() || is("\n") || is("{") || is("}")) return "";
    return words_[at_++].text;
  }
  void give_up(const std::string& why) {
    if (!failure_) failure_ = Error{ErrorKind::invalid, why};
  }
  bool table_sleeps(const Place& place) const { return std::find(asleep_.begin(), asleep_.end(), place) != asleep_.end(); }

  /// The words up to the end of the statement, which is passed.
  Words statement() {
    Words out;
    int depth = 0;
    for (; at_ < words_.size(); ++at_) {
      if (depth == 0 && (is("\n") || is("}"))) break;
      depth += is("{") ? 1 : is("}") ? -1 : 0;
      out.push_back(words_[at_]);
    }
    take("\n");
    return out;
  }

  Place place() {
    Place out{"ip", ""};
    if (at_ < words_.size() && is_family(words_[at_])) out.family = next();
    out.table = next();
    return out;
  }

  void read_command() {
    const bool adds = take("add") || take("create");
    if (!adds && take("insert")) return read_rule_command(true);
    if (take("table")) return read_table(place());
    if (take("chain")) return read_chain(place());
    if (take("set") || take("map")) return read_set(place());
    if (take("element")) return read_element();
    if (is("rule") || adds) return read_rule_command(false);
    if (take("flush")) return read_flush();
    if (take("delete") || take("destroy")) return read_delete();
    if (is("list") || is("counter") || is("quota") || is("limit") || is("flowtable") || is("ct")) return void(statement());
    give_up("a command that is not followed: " + (at_ < words_.size() ? words_[at_].text : std::string()));
  }

  // "flush ruleset"
  void read_flush() {
    if (!take("ruleset")) return give_up("a flush of a part");
    chains_.clear();
    sets_.clear();
    asleep_.clear();
    statement();
  }

  void read_delete() {
    if (!take("table")) return give_up("a part is deleted");
    const Place gone = place();
    std::erase_if(chains_, [&](const Chain& one) { return one.place == gone; });
    std::erase_if(asleep_, [&](const Place& one) { return one == gone; });
    sets_.erase(gone.family + '\n' + gone.table);
    statement();
  }

  // "rule inet filter input tcp dport 22 accept", without "rule" as well
  void read_rule_command(bool front) {
    take("rule");
    const Place where = place();
    Chain& chain = chain_at(where, next());
    if (is("handle") || is("position") || is("index")) return give_up("a rule at a place");
    chain.rules.emplace_back(statement(), front);
  }

  void read_element() {
    const Place where = place();
    NftSet& set = set_at(where, next());
    if (!take("{")) return give_up("elements without braces");
    at_ = std::min(read_nft_elements(words_, at_, set) + 1, words_.size());
  }

  NftSet& set_at(const Place& where, const std::string& name) { return sets_[where.family + '\n' + where.table][name]; }

  Chain& chain_at(const Place& where, const std::string& name) {
    const auto known = std::find_if(chains_.begin(), chains_.end(), [&](const Chain& one) { return one.place == where && one.told.name == name; });
    if (known != chains_.end()) return *known;
    if (chains_.size() >= kMaxChains) give_up("more chains than are followed");
    Chain made;
    made.place = where;
    made.told.family = where.family;
    made.told.table = where.table;
    made.told.name = name;
    chains_.push_back(std::move(made));
    return chains_.back();
  }

  void read_table(const Place& where) {
    if (!take("{")) return void(statement());
    while (at_ < words_.size() && !is("}") && !failure_) {
      if (take("\n")) continue;
      if (take("chain")) read_chain(where);
      else if (take("set") || take("map")) read_set(where);
      else if (take("flags")) {
        for (const NftWord& word : statement())
          if (word.is("dormant")) asleep_.push_back(where);
      } else {
        statement();  // counters, quotas, helpers and remarks
      }
    }
    if (!take("}")) give_up("a table without its end");
  }

  /// From the chain's name on; `where` is read already.
  void read_chain(const Place& where) {
    const std::string name = next();
    Chain& chain = chain_at(where, name);
    if (!take("{")) return void(statement());
    while (at_ < words_.size() && !is("}") && !failure_) {
      if (take("\n")) continue;
      if (is("type")) read_hook(chain.told);
      else if (take("policy")) chain.told.policy_drop = next() == "drop";
      else if (is("comment") || is("flags") || is("devices")) statement();
      else chain.rules.emplace_back(statement(), false);
    }
    if (!take("}")) give_up("a chain without its end");
  }

  // "type filter hook input priority filter - 5;"
  void read_hook(FilterChain& chain) {
    std::vector<std::string> priority;
    bool counting = false;
    while (at_ < words_.size() && !is("\n") && !is("}")) {
      const std::string word = words_[at_++].text;
      if (word == "type") chain.type = next();
      else if (word == "hook") chain.hook = next();
      else if (word == "priority") counting = true;
      else if (counting) priority.push_back(word);
    }
    chain.priority = priority_of(priority);
  }

  // "set allowed { type ipv4_addr; flags interval; elements = { 10.0.0.0/8 } }"
  void read_set(const Place& where) {
    NftSet& set = set_at(where, next());
    if (!take("{")) return void(statement());
    while (at_ < words_.size() && !is("}") && !failure_) {
      if (take("\n")) continue;
      if (take("elements")) {
        take("=");
        if (!take("{")) return give_up("elements without braces");
        at_ = std::min(read_nft_elements(words_, at_, set) + 1, words_.size());
        continue;
      }
      const bool typed = is("type") || is("typeof"), changes = is("flags");
      for (const NftWord& word : statement()) {
        if (typed && word.is(".")) set.readable = false;
        if (changes && (word.is("dynamic") || word.is("timeout"))) set.readable = false;
        if (word.is("timeout")) set.readable = false;
      }
    }
    if (!take("}")) give_up("a set without its end");
  }

  Words words_;
  std::size_t at_ = 0;
  std::vector<Chain> chains_;
  std::vector<Place> asleep_;
  std::map<std::string, std::map<std::string, NftSet>> sets_;  // by family and table, then by name
  std::size_t told_ = 0;
  std::optional<Error> failure_;
};

}  // namespace

Result<Ruleset> read_nft_rules(std::string_view text, const ReadIncludes& read_includes) {
  auto words = read_nft_words(text, read_includes);
  if (!words) return tl::unexpected<Error>(words.error());
  return File(std::move(*words)).read();
}

}  // namespace plumbline
