// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes as a stored scan read into a document. What can be read is turned into values, derived facts are
// added, every shipped rule judges it, and both tiers of the rule language agree.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "rules/fact_values.h"
#include "rules/judge.h"

namespace {

using namespace plumbline;

const RuleSet& shipped() {
  static const auto rules = [] {
    auto loaded = load_rules(PLUMBLINE_SOURCE_DIR "/rules");
    if (!loaded) std::abort();
    return *loaded;
  }();
  return *rules;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static FactReader reader;
  static unsigned turn = 0;
  auto document = reader.read_scan(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!document) return 0;
  const RuleSet& rules = shipped();
  derive_facts(**document, rules.catalogue, 1'795'000'000);
  const Judgement judged = judge(rules, **document);
  if (!unpack_judgement(pack_judgement(judged), rules.rules.size(), rules.measures.size())) std::abort();
  // The evaluator is slow: a few rules a run.
  for (int i = 0; i < 8; ++i) {
    const std::size_t at = turn++ % rules.rules.size();
    const Rule& rule = rules.rules[at];
    if (rule.fleet) continue;
    if (decide(rule, (*document)->lookup()).verdict != judged.verdicts[at]) std::abort();
  }
  return 0;
}
