// SPDX-License-Identifier: Apache-2.0
// How long what-if and the readiness clock take.
//   decisions_bench RULES [HOSTS]   prints a Markdown table; 1,000 simulated hosts where none are named
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "base/text.h"
#include "base/time.h"
#include "rules/clock.h"
#include "rules/fact_values.h"
#include "rules/what_if.h"
#include "tests/bench/simulated_scan.h"

using namespace plumbline;

namespace {

constexpr int kRounds = 5;
constexpr std::int64_t kTakenAt = 1'795'000'000;

[[noreturn]] void die(const std::string& message) {
  std::fprintf(stderr, "decisions_bench: %s\n", message.c_str());
  std::exit(1);
}

FleetFacts simulated_fleet(const RuleSet& rules, std::size_t count) {
  FleetFacts out;
  auto documents = std::make_shared<std::vector<std::string>>();
  FactReader reader;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string number = std::to_string(i);
    documents->push_back(to_json(testing::simulated_scan(std::string(32 - number.size(), '0') + number, i, 1, kTakenAt)));
    auto facts = reader.read_scan(documents->back());
    if (!facts) die(facts.error().message);
    derive_facts(**facts, rules.catalogue, kTakenAt);
    out.hosts.push_back({number, "host-" + number, kTakenAt, judge(rules, **facts)});
  }
  out.document = [documents](std::size_t host) -> Result<std::string> { return documents->at(host); };
  return out;
}

// The median of a few runs.
double milliseconds(const std::function<void()>& work) {
  std::vector<double> all;
  for (int i = 0; i < kRounds; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    all.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) die("name the folder of rules");
  const auto loaded = load_rules(argv[1]);
  if (!loaded) die(loaded.error().message);
  const RuleSet& rules = **loaded;
  const auto count = static_cast<std::size_t>(argc > 2 ? parse_u64(argv[2]).value_or(0) : 1000);
  if (count == 0) die("the number of hosts must be a whole number above 0");
  const FleetFacts fleet = simulated_fleet(rules, count);
  const RuleIndex index(rules);
  std::printf("| on %zu hosts | ms |\n|---|---|\n", count);
  std::printf("| the index of a rule set | %.1f |\n", milliseconds([&] { RuleIndex made(rules); }));
  std::string action = rules.rules.front().action;
  if (const Assessment now = assess(rules, fleet.hosts, {}); !now.actions.empty()) action = now.actions.front().id;
  for (const std::string& text : {std::string(), "do " + action, std::string("2 × L40S in host-7"), std::string("*: accelerators.nvidia_driver = \"580.95.05\""),
                                  std::string("*: os.version = \"12\"\n*: data_stores.instances[auth == \"none\"].auth = \"required\"")}) {
    const auto changes = parse_changes("bench", text, rules);
    if (!changes) die(changes.error().message);
    const double took = milliseconds([&] {
      if (const auto result = what_if(rules, index, fleet, *changes); !result) die(result.error().message);
    });
    std::string shown = text.empty() ? "no change" : text;
    std::replace(shown.begin(), shown.end(), '\n', ';');
    std::printf("| what-if: `%s` | %.1f |\n", shown.c_str(), took);
  }
  std::printf("| clock, 12 months | %.0f |\n", milliseconds([&] {
                if (const auto clock = run_clock(rules, index, fleet, {}); !clock) die(clock.error().message);
              }));
  return 0;
}
