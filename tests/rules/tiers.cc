// SPDX-License-Identifier: Apache-2.0
// The fast tier and the evaluator say the same of every shipped condition, on facts made at random from the catalog and
// from the words that stand in the conditions; judging again what changed gives what judging everything gives.
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "facts/catalog.h"
#include "rules/fact_tree.h"
#include "rules/fact_values.h"
#include "rules/judge.h"
#include "tests/catch.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr int kHosts = 300;
constexpr std::int64_t kDay = 86'400;

std::shared_ptr<const RuleSet> shipped() {
  static const auto rules = [] {
    auto loaded = load_rules(PLUMBLINE_SOURCE_DIR "/rules");
    REQUIRE(loaded);
    return *loaded;
  }();
  return rules;
}

std::vector<const cel::Program*> programs_of(const RuleSet& rules) {
  std::vector<const cel::Program*> out;
  for (const Rule& rule : rules.rules) {
    if (rule.fleet) continue;
    if (rule.when) out.push_back(&*rule.when);
    out.push_back(&*rule.check);
  }
  for (const Measure& measure : rules.measures) out.push_back(&measure.value);
  for (const Requirement* one : requirements_of(rules))
    if (!one->fleet) out.push_back(&one->check);
  return out;
}

/// Facts at random; texts are mostly those that conditions compare with.
class Facts {
 public:
  Facts(const RuleSet& rules, unsigned seed) : random_(seed) {
    for (const cel::Program* program : programs_of(rules)) note_words(program->text());
  }

  /// A scan document as it is stored, without what judging does not read.
  json scan() {
    json sections = json::object();
    for (const FactTree& section : fact_tree().members) sections[section.name] = this->section(section);
    return {{"sections", sections}};
  }
  json section(const FactTree& node) {
    if (chance(10)) return {{"status", "failed"}, {"data", json::object()}, {"missing", missing(node, node.name)}};
    missing_ = json::object();
    json data = object(node, node.name);
    return {{"data", data}, {"missing", missing_}};
  }
  bool chance(unsigned percent) { return random_() % 100 < percent; }

 private:
  void note_words(const std::string& text) {
    for (const char quote : {'"', '\''})
      for (std::size_t at = 0; (at = text.find(quote, at)) != std::string::npos;) {
        const std::size_t end = text.find(quote, at + 1);
        if (end == std::string::npos) break;
        words_.push_back(text.substr(at + 1, end - at - 1));
        at = end + 1;
      }
  }

  static json missing(const FactTree& node, const std::string& path) {
    json out = json::object();
    for (const FactTree& member : node.members) out[path + "." + member.name] = "permission denied";
    return out;
  }

  json object(const FactTree& node, const std::string& path) {
    json out = json::object();
    for (const FactTree& member : node.members) {
      const std::string own = path + "." + member.name;
      if (chance(15)) continue;
      if (chance(5))
        missing_[own] = "permission denied";
      else if (chance(2))
        out[member.name] = chance(50) ? json() : json("of another type");
      else
        out[member.name] = member.is_group() ? object(member, own) : value(member, own);
    }
    return out;
  }

  json value(const FactTree& node, const std::string& path) {
    switch (node.fact->type) {
      case FactType::boolean: return chance(50);
      case FactType::integer: return whole();
      case FactType::number: return chance(30) ? json(whole()) : json(static_cast<double>(whole()) / 8);
      case FactType::string: return text();
      case FactType::string_list: {
        json out = json::array();
        for (unsigned i = random_() % 4; i > 0; --i) out.push_back(text());
        return out;
      }
      case FactType::string_map: {
        json out = json::object();
        for (unsigned i = random_() % 4; i > 0; --i) out[text()] = text();
        return out;
      }
      case FactType::object_list: {
        json out = json::array();
        for (unsigned i = random_() % 4; i > 0; --i) out.push_back(object(node, path + "[]"));
        return out;
      }
    }
    return {};
  }
  std::int64_t whole() {
    static const std::vector<std::int64_t> few = {-1, 0, 1, 2, 3, 8, 64, 1000, 23'000'000'000, INT64_MAX};
    return chance(80) ? few[random_() % few.size()] : static_cast<std::int64_t>(random_());
  }
  std::string text() {
    if (chance(70)) return words_[random_() % words_.size()];
    static const std::vector<std::string> few = {"", "15.8", "1:10.11.6-0+deb12u1", "é\n\"x\\", "0000:41:00.0"};
    return few[random_() % few.size()];
  }

  std::mt19937 random_;
  std::vector<std::string> words_;
  json missing_ = json::object();
};

std::string answer_of(const cel::Value& value) {
  if (value.is_unknown()) return "unknown";
  if (value.is_error()) return "error";
  return cel::to_text(value);
}
std::string answer_of(cel::Answer answer) {
  static const std::vector<std::string> words = {"false", "true", "unknown", "error"};
  return words[static_cast<std::size_t>(answer)];
}

}  // namespace

TEST_CASE("the fast tier runs nearly every shipped condition of hosts") {
  std::size_t typed = 0, all = 0;
  for (const cel::Program* program : programs_of(*shipped())) {
    ++all;
    typed += program->is_typed() ? 1 : 0;
    if (!program->is_typed() && std::getenv("PLUMBLINE_VERBOSE")) UNSCOPED_INFO(program->text());
  }
  INFO(typed << " of " << all);
  CHECK(typed * 100 >= all * 95);
}

TEST_CASE("the fast tier and the evaluator say the same on facts at random") {
  const auto rules = shipped();
  const auto programs = programs_of(*rules);
  Facts facts(*rules, 20261123);
  FactReader reader;
  std::map<std::string, int> seen;
  for (int host = 0; host < kHosts; ++host) {
    const json scan = facts.scan();
    auto document = reader.read_scan(scan.dump());
    REQUIRE(document);
    derive_facts(**document, rules->catalogue, 1'795'000'000);
    const cel::Lookup lookup = (*document)->lookup();
    for (const cel::Program* program : programs) {
      const std::string slow = answer_of(program->evaluate(lookup));
      const bool boolean = program->result_type().kind == cel::Type::boolean;
      const std::string fast = boolean ? answer_of(program->decide(**document)) : answer_of(program->evaluate(**document));
      if (fast != slow) {
        INFO(program->text() << "\n" << scan.dump());
        CHECK(fast == slow);
      }
      ++seen[boolean ? slow : "number"];
    }
  }
  for (const char* answer : {"true", "false", "unknown"}) CHECK(seen[answer] > 1000);
}

TEST_CASE("judging again what changed gives what judging everything gives") {
  const auto rules = shipped();
  const RuleIndex index(*rules);
  Facts facts(*rules, 7);
  FactReader before_reader, after_reader;
  const auto names = sections();
  std::size_t judged = 0, all = 0;
  for (int round = 0; round < kHosts; ++round) {
    json scan = facts.scan();
    const std::int64_t first_day = 1'795'000'000, next = first_day + (round % 3 == 0 ? kDay : 60);
    auto before = before_reader.read_scan(scan.dump());
    REQUIRE(before);
    derive_facts(**before, rules->catalogue, first_day);
    const Judgement first = judge(*rules, **before);
    std::vector<std::string> changed;
    for (std::size_t i = 0; i < 1 + static_cast<std::size_t>(round) % 3; ++i) {
      const FactTree& section = fact_tree().members[static_cast<std::size_t>(round * 7 + static_cast<int>(i) * 3) % fact_tree().members.size()];
      scan["sections"][section.name] = facts.section(section);
      changed.push_back(section.name);
    }
    auto after = after_reader.read_scan(scan.dump());
    REQUIRE(after);
    derive_facts(**after, rules->catalogue, next);
    std::size_t count = 0;
    const Judgement again = index.judge_again(**after, first, changed, next / kDay != first_day / kDay, &count);
    CHECK(pack_judgement(again) == pack_judgement(judge(*rules, **after)));
    judged += count;
    all += first.verdicts.size() + first.measures.size() + first.requirements.size();
  }
  CHECK(judged * 2 < all);
}

}  // namespace plumbline
