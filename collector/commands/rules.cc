// SPDX-License-Identifier: Apache-2.0
// `rules check`, `rules list` and `rules test`: whether packs are right, and what is in them.
#include "collector/commands/rules.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "base/text.h"
#include "collector/commands/common.h"
#include "rules/expressions.h"
#include "rules/pack_tests.h"

namespace plumbline {
namespace {

using nlohmann::json;

// What the dearest condition of a rule costs: at least, at most on an ordinary host, at most on the largest scan that is
// accepted (there the budget ends it).
struct RuleCost {
  std::uint64_t least = 0, usual = 0, largest = 0;
};
RuleCost cost_of(const Rule& rule) {
  RuleCost out;
  for (const auto* program : {&rule.when, &rule.check, &rule.observed}) {
    if (!*program) continue;
    const cel::Bounds usual = (*program)->cost(usual_host_sizes());
    out.least = std::max(out.least, usual.least);
    out.usual = std::max(out.usual, usual.most);
    out.largest = std::max(out.largest, (*program)->cost().most);
  }
  return out;
}

// "3", "12k", and what the budget cuts off
std::string units_text(std::uint64_t units) {
  if (units >= cel::kDefaultBudget) return "budget";
  if (units >= 10'000) return fmt::format("{}k", units / 1000);
  return std::to_string(units);
}

json cost_json(const Rule& rule) {
  const RuleCost cost = cost_of(rule);
  return {{"least", cost.least}, {"usual", cost.usual}, {"largest", std::min(cost.largest, cel::kDefaultBudget)}, {"may_reach_budget", cost.largest >= cel::kDefaultBudget}};
}

std::string cost_lines(const RuleSet& rules) {
  std::string text = fmt::format("Units of {} that the dearest condition of a rule costs: at least, at most on an ordinary host, at most on the\nlargest scan that is accepted (\"budget\": there it may be ended).\n\n{:<40} {:>7} {:>8} {:>8}\n",
                                 cel::kDefaultBudget, "rule", "least", "ordinary", "largest");
  for (const Rule& rule : rules.rules) {
    const RuleCost cost = cost_of(rule);
    text += fmt::format("{:<40} {:>7} {:>8} {:>8}\n", rule.id, units_text(cost.least), units_text(cost.usual), units_text(cost.largest));
  }
  return text;
}

// Tests of the packs on the rules as they are shipped; those of the site on the rules as the site changes them.
Result<PackTestReport> run_all_tests(const RulesOptions& options, const std::string& folder) {
  const auto shipped = load_rules(folder);
  if (!shipped) return tl::unexpected(shipped.error());
  auto report = run_pack_tests(**shipped, folder);
  const std::string site = options.packs.empty() && options.site.empty() ? find_site_folder() : options.site;
  if (!report || site.empty()) return report;
  const auto with_site = load_rules(folder, site);
  if (!with_site) return tl::unexpected(with_site.error());
  const auto more = run_pack_tests(**with_site, site);
  if (!more) return more;
  for (PackTestFile file : more->by_file) {
    file.first_failure += report->failures.size();
    report->by_file.push_back(std::move(file));
  }
  report->files += more->files;
  report->cases += more->cases;
  report->failures.insert(report->failures.end(), more->failures.begin(), more->failures.end());
  return report;
}

void print_failures(const PackTestReport& report) {
  for (const std::string& failure : report.failures) std::fprintf(stderr, "%s\n", failure.c_str());
}

json check_json(const std::string& folder, const RuleSet& rules, const PackTestReport& tests, bool with_cost) {
  json summary = {{"folder", folder}, {"hash", rules.hash}, {"version", rules.version}, {"packs", rules.packs.size()},
                  {"rules", rules.rules.size()}, {"measures", rules.measures.size()}, {"gates", rules.gates.size()},
                  {"workloads", rules.workloads.size()}, {"test_cases", tests.cases}, {"failed_cases", tests.failures.size()},
                  {"untested", tests.untested}};
  if (!with_cost) return summary;
  for (const Rule& rule : rules.rules) summary["cost"][rule.id] = cost_json(rule);
  return summary;
}

bool is_file(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

// "rules/packs/ssh" names the rules folder and the pack; completion of the shell writes such names.
void take_folder(RulesOptions& options, std::string& pack) {
  if (!is_file(pack + "/pack.yaml")) return;
  const auto path = std::filesystem::path(pack).lexically_normal();
  const auto folder = path.has_filename() ? path : path.parent_path();
  if (!options.packs.empty() || folder.parent_path().filename() != "packs") return;
  const auto rules = folder.parent_path().parent_path();
  options.packs = rules.empty() ? "." : rules.string();
  pack = folder.filename().string();
}

// "packs/ssh/tests.yaml" → "ssh", "workloads/tests.yaml" → "workloads"
std::string pack_of(const PackTestFile& file) {
  return std::filesystem::path(file.name).parent_path().filename().string();
}

json test_json(const PackTestReport& report, const PackTestFile& file) {
  const auto first = report.failures.begin() + static_cast<std::ptrdiff_t>(file.first_failure);
  return {{"pack", pack_of(file)}, {"file", file.name}, {"cases", file.cases}, {"failed", file.failures},
          {"failures", std::vector<std::string>(first, first + static_cast<std::ptrdiff_t>(file.failures))}};
}

std::string test_line(const PackTestFile& file) {
  const std::string mark = file.failures == 0 ? "ok  " : "FAIL";
  return fmt::format("{} {:<28} {:>4} of {:>4} cases pass\n", mark, pack_of(file), static_cast<std::size_t>(file.cases) - file.failures, file.cases);
}

Result<void> require_known(const std::vector<std::string>& packs, const PackTestReport& report) {
  std::vector<std::string> known;
  for (const PackTestFile& file : report.by_file) known.push_back(pack_of(file));
  for (const std::string& pack : packs) {
    if (std::find(known.begin(), known.end(), pack) != known.end()) continue;
    const auto near = did_you_mean(pack, known);
    return fail(ErrorKind::not_found, printable(pack) + ": no pack with a tests.yaml has this name" + (near ? "; did you mean '" + *near + "'?" : "; there are " + join(known, ", ")));
  }
  return {};
}

}  // namespace

int run_rules_check(const RulesOptions& options) {
  const auto folder = rules_folder(options);
  if (!folder) return report_error(folder.error());
  const auto rules = load_for(options);
  if (!rules) return report_mistakes(rules.error());
  const auto tests = run_all_tests(options, *folder);
  if (!tests) return report_mistakes(tests.error());
  print_failures(*tests);
  if (options.json) {
    print_json(check_json(*folder, **rules, *tests, options.verbose));
  } else {
    if (options.verbose) print(cost_lines(**rules) + "\n");
    print(fmt::format("{}: {} packs, {} rules, {} measures, {} gates, {} workloads; {} of {} test cases pass\n", *folder,
                      (*rules)->packs.size(), (*rules)->rules.size(), (*rules)->measures.size(), (*rules)->gates.size(),
                      (*rules)->workloads.size(), static_cast<std::size_t>(tests->cases) - tests->failures.size(), tests->cases));
    if (!tests->untested.empty()) print("Without a test: " + join(tests->untested, ", ") + "\n");
  }
  return tests->failures.empty() ? kExitOk : kExitError;
}

int run_rules_list(const RulesOptions& options) {
  const auto rules = load_for(options);
  if (!rules) return report_mistakes(rules.error());
  json list = json::array();
  for (const Rule& rule : (*rules)->rules) {
    if (!options.json) {
      const std::string cost = options.verbose ? fmt::format(" {:>6}-{:<8}", units_text(cost_of(rule).least), units_text(cost_of(rule).usual)) : std::string();
      print(fmt::format("{:<34} {:<9} {:<16}{} {}\n", rule.id, to_text(rule.severity), to_text(rule.pillar), cost, rule.title));
      continue;
    }
    list.push_back({{"id", rule.id}, {"pack", rule.pack}, {"title", rule.title}, {"why", rule.why}, {"pillar", to_text(rule.pillar)},
                    {"severity", to_text(rule.severity)}, {"scope", rule.fleet ? "fleet" : "host"},
                    {"when", rule.when ? json(rule.when->text()) : json()}, {"check", rule.check ? json(rule.check->text()) : json()},
                    {"references", rule.references}, {"tags", rule.tags}, {"file", rule.file}, {"line", rule.place.line},
                    {"cost", cost_json(rule)}});
  }
  if (options.json) print_json(list);
  return kExitOk;
}

int run_rules_test(const RulesOptions& given, const std::vector<std::string>& given_packs) {
  RulesOptions options = given;
  std::vector<std::string> packs = given_packs;
  for (std::string& pack : packs) take_folder(options, pack);
  const auto folder = rules_folder(options);
  if (!folder) return report_error(folder.error());
  const auto report = run_all_tests(options, *folder);
  if (!report) return report_mistakes(report.error());
  if (auto known = require_known(packs, *report); !known) return report_error(known.error());
  json list = json::array();
  std::size_t failed = 0, cases = 0;
  for (const PackTestFile& file : report->by_file) {
    if (!packs.empty() && std::find(packs.begin(), packs.end(), pack_of(file)) == packs.end()) continue;
    cases += static_cast<std::size_t>(file.cases);
    failed += file.failures;
    const json about = test_json(*report, file);
    list.push_back(about);
    if (options.json) continue;
    print(test_line(file));
    for (const auto& failure : about["failures"]) std::fprintf(stderr, "%s\n", failure.get<std::string>().c_str());
  }
  if (options.json) print_json({{"folder", *folder}, {"packs", list}, {"cases", cases}, {"failed", failed}, {"untested", report->untested}});
  else print(fmt::format("{} of {} cases pass\n", cases - failed, cases));
  return failed == 0 ? kExitOk : kExitError;
}

}  // namespace plumbline
