// SPDX-License-Identifier: Apache-2.0
// `rules check`, `rules list` and `rules eval`: for who writes packs.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/source.h"
#include "base/text.h"
#include "collector/commands/common.h"
#include "collector/judging.h"
#include "rules/fact_values.h"
#include "rules/pack_tests.h"

namespace plumbline {
namespace {

Result<std::string> folder_for(const std::string& packs) {
  if (!packs.empty()) return packs;
  return find_rules_folder();
}

// Mistakes already name file, line and column; a prefix would stand in the way of editors that jump to them.
int report_mistakes(const Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return kExitError;
}

std::string evidence_text(const Rule& rule, const Evidence& evidence) {
  std::string text = fmt::format("{}: {}\n  observed: {}\n  expected: {}\n", rule.id, to_text(evidence.verdict), evidence.observed, evidence.expected);
  for (const std::string& path : evidence.missing) text += "  not read: " + path + "\n";
  if (!evidence.problem.empty()) text += "  problem:  " + evidence.problem + "\n";
  for (const cel::Program::Step& step : evidence.steps)
    text += fmt::format("  {:{}}{}   {}   is {}\n", "", step.depth * 2, step.expression, step.with_values, cel::to_text(step.value));
  return text;
}

nlohmann::json evidence_json(const Rule& rule, const Evidence& evidence) {
  nlohmann::json steps = nlohmann::json::array();
  for (const cel::Program::Step& step : evidence.steps)
    steps.push_back({{"expression", step.expression}, {"with_values", step.with_values}, {"value", cel::to_text(step.value)}, {"depth", step.depth}});
  return {{"rule", rule.id}, {"verdict", to_text(evidence.verdict)}, {"observed", evidence.observed}, {"expected", evidence.expected},
          {"missing", evidence.missing}, {"problem", evidence.problem}, {"steps", steps}};
}

int eval_rule(const Rule& rule, const nlohmann::json& facts, bool as_json) {
  if (rule.fleet) return report_usage(rule.id + " is judged on the fleet, not on one scan; see plumbline-collector assess SCAN.json…");
  const Evidence evidence = explain(rule, facts);
  print(as_json ? evidence_json(rule, evidence).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n" : evidence_text(rule, evidence));
  return kExitOk;
}

Result<cel::Program> compile_expression(const std::string& expression) {
  auto program = cel::compile(expression, fact_declarations());
  if (program) return std::move(*program);
  std::string mistakes;
  for (const cel::Issue& issue : program.error())
    mistakes += (mistakes.empty() ? "" : "\n") + point_at("expression", expression, place_of(expression, issue.offset), issue.message);
  return fail(ErrorKind::invalid, mistakes);
}

int eval_expression(const cel::Program& program, const nlohmann::json& facts, bool as_json) {
  const FactValues values(facts);
  const cel::Value value = program.evaluate(values.lookup());
  const std::string text = cel::to_text(value);
  print(as_json ? nlohmann::json({{"expression", program.text()}, {"value", text}}).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n" : text + "\n");
  return value.is_error() ? kExitError : kExitOk;
}

}  // namespace

int run_rules_check(const RulesOptions& options) {
  const auto folder = folder_for(options.packs);
  if (!folder) return report_error(folder.error());
  const auto rules = load_rules(*folder);
  if (!rules) return report_mistakes(rules.error());
  const auto tests = run_pack_tests(**rules, *folder);
  if (!tests) return report_mistakes(tests.error());
  for (const std::string& failure : tests->failures) std::fprintf(stderr, "%s\n", failure.c_str());
  const nlohmann::json summary = {{"folder", *folder}, {"hash", (*rules)->hash}, {"version", (*rules)->version},
                                  {"packs", (*rules)->packs.size()}, {"rules", (*rules)->rules.size()},
                                  {"measures", (*rules)->measures.size()}, {"gates", (*rules)->gates.size()},
                                  {"workloads", (*rules)->workloads.size()}, {"test_cases", tests->cases},
                                  {"failed_cases", tests->failures.size()}, {"untested", tests->untested}};
  if (options.json) print(summary.dump() + "\n");
  else
    print(fmt::format("{}: {} packs, {} rules, {} measures, {} gates, {} workloads; {} of {} test cases pass\n", *folder,
                      (*rules)->packs.size(), (*rules)->rules.size(), (*rules)->measures.size(), (*rules)->gates.size(),
                      (*rules)->workloads.size(), static_cast<std::size_t>(tests->cases) - tests->failures.size(), tests->cases));
  if (!options.json && !tests->untested.empty()) print("Without a test: " + join(tests->untested, ", ") + "\n");
  return tests->failures.empty() ? kExitOk : kExitError;
}

int run_rules_list(const RulesOptions& options) {
  const auto rules = rules_for(options.packs);
  if (!rules) return report_mistakes(rules.error());
  nlohmann::json list = nlohmann::json::array();
  for (const Rule& rule : (*rules)->rules) {
    if (!options.json) {
      print(fmt::format("{:<34} {:<9} {:<16} {}\n", rule.id, to_text(rule.severity), to_text(rule.pillar), rule.title));
      continue;
    }
    list.push_back({{"id", rule.id}, {"pack", rule.pack}, {"title", rule.title}, {"why", rule.why}, {"pillar", to_text(rule.pillar)},
                    {"severity", to_text(rule.severity)}, {"scope", rule.fleet ? "fleet" : "host"},
                    {"when", rule.when ? nlohmann::json(rule.when->text()) : nlohmann::json()},
                    {"check", rule.check ? nlohmann::json(rule.check->text()) : nlohmann::json()},
                    {"references", rule.references}, {"tags", rule.tags}, {"file", rule.file}, {"line", rule.place.line}});
  }
  if (options.json) print(list.dump() + "\n");
  return kExitOk;
}

int run_rules_eval(const RulesOptions& options, const std::string& rule_or_expression, const std::string& scan_path) {
  const auto rules = rules_for(options.packs);
  if (!rules) return report_mistakes(rules.error());
  const auto& all = (*rules)->rules;
  const auto rule = std::find_if(all.begin(), all.end(), [&](const Rule& one) { return one.id == rule_or_expression; });
  // Compiled before the scan is read: a mistake is told at once, without waiting for standard input.
  const auto program = rule == all.end() ? compile_expression(rule_or_expression) : Result<cel::Program>(*rule->check);
  if (!program) return report_mistakes(program.error());
  const auto scan = read_scan_file(scan_path);
  if (!scan) return report_error(scan.error());
  const nlohmann::json facts = judgeable_facts(*scan, **rules);
  return rule != all.end() ? eval_rule(*rule, facts, options.json) : eval_expression(*program, facts, options.json);
}

}  // namespace plumbline
