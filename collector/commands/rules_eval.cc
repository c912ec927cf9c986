// SPDX-License-Identifier: Apache-2.0
// `rules eval` and `rules explain`: what a condition gives on real facts, and why.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "collector/commands/common.h"
#include "collector/commands/rules.h"
#include "rules/assessment.h"
#include "rules/cel/json.h"
#include "rules/fact_values.h"

namespace plumbline {
namespace {

using nlohmann::json;
using Steps = std::vector<cel::Program::Step>;

constexpr std::size_t kLineCharacters = 110;  // of a step that is shown in one line

std::string_view kind_text(const cel::Value& value) {
  switch (value.kind()) {
    case cel::ValueKind::null: return "null";
    case cel::ValueKind::boolean: return "bool";
    case cel::ValueKind::int_kind: return "int";
    case cel::ValueKind::uint_kind: return "uint";
    case cel::ValueKind::number: return "double";
    case cel::ValueKind::string: return "string";
    case cel::ValueKind::bytes: return "bytes";
    case cel::ValueKind::list: return "list";
    case cel::ValueKind::map: return "map";
    case cel::ValueKind::timestamp: return "timestamp";
    case cel::ValueKind::duration: return "duration";
    case cel::ValueKind::type: return "type";
    case cel::ValueKind::error: return "error";
    case cel::ValueKind::unknown: return "unknown";
    default: return "value";
  }
}

// What facts and values say comes from outside: nothing in it may move the cursor.
std::string value_text(const cel::Value& value) {
  if (value.is_unknown()) return "unknown";
  if (const cel::EvalError* error = value.as_error()) return "error: " + printable(error->message);
  return printable(cel::to_text(value));
}

// Newlines of a condition that stands over several lines of a pack.
std::string one_line(std::string_view text) {
  std::string out;
  for (const std::string_view word : words(text)) out += (out.empty() ? "" : " ") + std::string(word);
  return printable(out);
}

std::string styled(std::string_view text, const char* code) {
  return colour_wanted() ? std::string("\x1b[") + code + "m" + std::string(text) + "\x1b[0m" : std::string(text);
}

// "false    memory.total_bytes >= 24000000000   [16000000000 >= 24000000000]"
std::string step_lines(const cel::Program::Step& step) {
  const std::string indent(static_cast<std::size_t>(step.depth) * 2, ' ');
  const std::string expression = one_line(step.expression), values = one_line(step.with_values);
  std::string line = fmt::format("  {:<8} {}{}", value_text(step.value), indent, expression);
  if (values == expression || contains(values, "…")) return line + "\n";  // a list that was cut tells nothing; its elements follow
  if (line.size() + values.size() > kLineCharacters) return line + fmt::format("\n  {:<8} {}  [{}]\n", "", indent, values);
  return line + "   [" + values + "]\n";
}

std::string tree_text(std::string_view title, const cel::Program& program, const Steps& steps) {
  std::string text = "\n" + styled(title, "1") + "\n";
  if (steps.empty()) text += "  " + one_line(program.text()) + "\n";
  for (const cel::Program::Step& step : steps) text += step_lines(step);
  return text;
}

json steps_json(const Steps& steps) {
  json list = json::array();
  for (const cel::Program::Step& step : steps)
    list.push_back({{"expression", step.expression}, {"with_values", step.with_values}, {"value", cel::to_text(step.value)}, {"depth", step.depth}});
  return list;
}

Result<cel::Program> compile_expression(const std::string& expression) {
  auto program = cel::compile(expression, fact_declarations());
  if (program) return std::move(*program);
  std::string mistakes;
  for (const cel::Issue& issue : program.error())
    mistakes += (mistakes.empty() ? "" : "\n") + point_at("expression", expression, place_of(expression, issue.offset), issue.message);
  return fail(ErrorKind::invalid, mistakes);
}

std::vector<std::string> missing_of(const cel::Value& value) {
  const cel::Unknown* unknown = value.as_unknown();
  return unknown != nullptr ? unknown->paths : std::vector<std::string>();
}

int eval_expression(const cel::Program& program, const json& facts, bool as_json) {
  const FactValues values(facts);
  const auto measured = program.measure(values.lookup());
  const Steps steps = program.explain(values.lookup());
  const cel::EvalError* error = measured.value.as_error();
  if (as_json) {
    print_json({{"expression", program.text()}, {"value", cel::to_text(measured.value)}, {"json", cel::to_json(measured.value)},
                {"type", kind_text(measured.value)}, {"cost", measured.units}, {"budget", cel::kDefaultBudget},
                {"missing", missing_of(measured.value)}, {"error", error != nullptr ? json(error->message) : json()}, {"steps", steps_json(steps)}});
    return error != nullptr ? kExitError : kExitOk;
  }
  std::string text = value_text(measured.value) + "\n";
  text += fmt::format("  type {}, cost {} of {} units\n", kind_text(measured.value), measured.units, cel::kDefaultBudget);
  for (const std::string& path : missing_of(measured.value)) text += "  not read: " + path + "\n";
  if (steps.size() > 1 || (!steps.empty() && steps[0].with_values != steps[0].expression))
    for (const cel::Program::Step& step : steps) text += step_lines(step);
  print(text);
  return error != nullptr ? kExitError : kExitOk;
}

// Everything that is told of one rule on one host, or on the fleet that the given hosts are.
struct Explanation {
  const Rule* rule = nullptr;
  std::string subject;  // "web-01", "a fleet of 3 hosts"
  std::string family;   // of the host's distribution: which commands are shown
  Evidence evidence;
  Steps when, check;
  std::vector<std::pair<std::string, std::string>> shown;  // the rule's own evidence
};

Explanation explain_with_lookup(const Rule& rule, Evidence evidence, const cel::Lookup& lookup) {
  Explanation out;
  out.rule = &rule;
  out.evidence = std::move(evidence);
  if (rule.when) out.when = rule.when->explain(lookup);
  if (out.evidence.verdict != Verdict::not_applicable) out.check = rule.check->explain(lookup);
  if (out.evidence.verdict == Verdict::unknown && out.evidence.missing.empty() && rule.when)
    out.evidence.missing = missing_of(rule.when->evaluate(lookup));
  for (const NamedExpression& one : rule.evidence) out.shown.emplace_back(one.name, show_value(one.value.evaluate(lookup), ""));
  return out;
}

Explanation explain_on_host(const Rule& rule, const GivenFacts& given) {
  const FactValues values(given.facts);
  Explanation out = explain_with_lookup(rule, explain(rule, given.facts), values.lookup());
  out.subject = given.host;
  const auto os = given.facts.find("os");
  if (os != given.facts.end() && os->is_object()) out.family = os->value("family", "");
  return out;
}

Explanation explain_on_fleet(const RuleSet& rules, const Rule& rule, const std::vector<GivenFacts>& given) {
  std::vector<AssessedHost> hosts;
  for (const GivenFacts& one : given) hosts.push_back({one.host + std::to_string(hosts.size()), one.host, one.taken_at, judge(rules, one.facts)});
  const auto aggregates = aggregate(rules, hosts);
  Explanation out = explain_with_lookup(rule, explain_fleet(rules, rule, aggregates), fleet_lookup(rules, aggregates));
  out.subject = "a fleet of " + std::to_string(given.size()) + (given.size() == 1 ? " host" : " hosts");
  return out;
}

const char* verdict_colour(Verdict verdict) {
  if (verdict == Verdict::pass) return "32";
  return verdict == Verdict::fail ? "31" : "33";
}

std::string fix_text(const Explanation& about) {
  const Remediation& fix = about.rule->fix;
  std::string text = "\n" + styled("Fix", "1") + "\n  " + printable(fix.text) + "\n";
  text += fmt::format("  {} days{}, {}, {}\n", fix.effort_days, fix.once ? " once" : " a host", describe(fix.cost), printable(fix.owner));
  for (const auto& [family, lines] : fix.commands) {
    if (family != "any" && family != about.family && !about.family.empty()) continue;
    if (family != "any") text += "  on " + family + ":\n";
    for (const std::string& line : lines)
      for (const std::string_view row : plumbline::lines(line)) text += "    " + printable(row) + "\n";
  }
  return text;
}

std::string explanation_text(const Explanation& about) {
  const Rule& rule = *about.rule;
  std::string text = styled(rule.id, "1") + ": " + printable(rule.title) + "\n";
  text += fmt::format("on {}: {}   {}, {}, pack {}\n", printable(about.subject), styled(to_text(about.evidence.verdict), verdict_colour(about.evidence.verdict)),
                      title_of(rule.pillar), to_text(rule.severity), rule.pack);
  text += "\n  observed  " + printable(about.evidence.observed) + "\n  expected  " + printable(rule.expected) + "\n";
  for (const auto& [name, value] : about.shown) text += "  " + printable(name) + ": " + printable(value) + "\n";
  if (!about.evidence.not_applicable.empty()) text += "  not asked  " + printable(about.evidence.not_applicable) + "\n";
  for (const std::string& path : about.evidence.missing) text += "  not read: " + path + "\n";
  if (!about.evidence.problem.empty()) text += "  problem:  " + printable(about.evidence.problem) + "\n";
  if (rule.when) text += tree_text("Applies when", *rule.when, about.when);
  text += tree_text("Passes when", *rule.check, about.check);
  if (about.evidence.verdict == Verdict::fail) text += fix_text(about);
  for (const std::string& change : rule.site_changes) text += "\nThe site changed: " + printable(change) + "\n";
  return text;
}

json condition_json(const std::optional<cel::Program>& program, const Steps& steps) {
  return program ? json({{"expression", program->text()}, {"steps", steps_json(steps)}}) : json();
}

json explanation_json(const Explanation& about) {
  const Rule& rule = *about.rule;
  json shown = json::array();
  for (const auto& [name, value] : about.shown) shown.push_back({{"name", name}, {"value", value}});
  return {{"rule", rule.id}, {"title", rule.title}, {"pillar", to_text(rule.pillar)}, {"severity", to_text(rule.severity)}, {"subject", about.subject},
          {"verdict", to_text(about.evidence.verdict)}, {"observed", about.evidence.observed}, {"expected", rule.expected}, {"evidence", shown},
          {"missing", about.evidence.missing}, {"not_applicable", about.evidence.not_applicable}, {"problem", about.evidence.problem}, {"when", condition_json(rule.when, about.when)},
          {"check", condition_json(rule.check, about.check)},
          {"fix", {{"text", rule.fix.text}, {"commands", rule.fix.commands}, {"effort_days", rule.fix.effort_days}, {"once", rule.fix.once},
                   {"cost", to_text(rule.fix.cost)}, {"owner", rule.fix.owner}}}};
}

int tell(const std::vector<Explanation>& all, bool as_json) {
  if (as_json) {
    json list = json::array();
    for (const Explanation& one : all) list.push_back(explanation_json(one));
    print_json(all.size() == 1 ? list[0] : list);
    return kExitOk;
  }
  for (std::size_t i = 0; i < all.size(); ++i) print((i > 0 ? "\n" : "") + explanation_text(all[i]));
  return kExitOk;
}

int explain_rule(const RuleSet& rules, const Rule& rule, const std::vector<std::string>& paths, bool as_json) {
  std::vector<GivenFacts> given;
  for (const std::string& path : paths) {
    auto facts = read_given_facts(path, rules);
    if (!facts) return report_error(facts.error());
    given.push_back(std::move(*facts));
  }
  std::vector<Explanation> all;
  if (rule.fleet) all.push_back(explain_on_fleet(rules, rule, given));
  else
    for (const GivenFacts& one : given) all.push_back(explain_on_host(rule, one));
  return tell(all, as_json);
}

}  // namespace

int run_rules_eval(const RulesOptions& options, const std::string& rule_or_expression, const std::string& facts_path) {
  const auto rules = load_for(options);
  if (!rules) return report_mistakes(rules.error());
  if (const auto rule = find_rule(**rules, rule_or_expression)) return explain_rule(**rules, **rule, {facts_path}, options.json);
  // Compiled before the facts are read: a mistake is told at once, without waiting for standard input.
  const auto program = compile_expression(rule_or_expression);
  if (!program) return report_mistakes(program.error());
  const auto given = read_given_facts(facts_path, **rules);
  if (!given) return report_error(given.error());
  return eval_expression(*program, given->facts, options.json);
}

int run_rules_explain(const RulesOptions& options, const std::string& id, const std::vector<std::string>& facts) {
  const auto rules = load_for(options);
  if (!rules) return report_mistakes(rules.error());
  const auto rule = find_rule(**rules, id);
  if (!rule) return report_error(rule.error());
  return explain_rule(**rules, **rule, facts, options.json);
}

}  // namespace plumbline
