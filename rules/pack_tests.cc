// SPDX-License-Identifier: Apache-2.0
// The runner of tests.yaml.
#include "rules/pack_tests.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "base/time.h"
#include "rules/assessment.h"
#include "rules/cause.h"
#include "rules/fact_tree.h"
#include "rules/fact_values.h"
#include "rules/fields.h"
#include "rules/files.h"
#include "rules/judge.h"
#include "rules/shown_evidence.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::int64_t kNoTime = -1;

// Everything one tests.yaml needs while it runs.
struct Run {
  const RuleSet& rules;
  const SourceFile& file;
  Mistakes& mistakes;
  PackTestReport& report;
  std::set<std::string>& tested;

  void fail(const YamlNode& at, const std::string& message) const {
    report.failures.push_back(point_at(file.name, file.text, place_of(file.text, at.offset), message));
  }
  void mistake(const YamlNode& at, std::string message) const { mistakes.add(file, at.offset, std::move(message)); }
};

// ---- facts, typed by the catalog

json read_fact(const Run& run, const YamlNode& node, const FactTree& tree);

json read_members(const Run& run, const YamlNode& node, const FactTree& tree) {
  json out = json::object();
  if (node.kind != YamlNode::map) {
    if (node.kind != YamlNode::null) run.mistake(node, "'" + tree.name + "' must be a mapping of its facts");
    return out;
  }
  std::vector<std::string> known;
  for (const FactTree& member : tree.members) known.push_back(member.name);
  for (const auto& [key, value] : node.entries) {
    const FactTree* member = tree.find(key.text);
    if (!member) {
      run.mistake(key, "no fact '" + (tree.name.empty() ? "" : tree.name + ".") + key.text + "'" +
                           suggestion(key.text, known));
    } else if (value.kind != YamlNode::null) {
      out[key.text] = read_fact(run, value, *member);
    }
  }
  return out;
}

json read_scalar(const Run& run, const YamlNode& node, const Fact& fact) {
  auto wrong = [&] {
    run.mistake(node, std::string(fact.path) + " is of type " + std::string(to_text(fact.type)) + "; '" + node.text +
                          "' is not");
    return json();
  };
  if (node.kind != YamlNode::scalar) return wrong();
  switch (fact.type) {
    case FactType::boolean:
      if (node.text == "true") return true;
      return node.text == "false" ? json(false) : wrong();
    case FactType::integer: {
      auto number = parse_i64(node.text);
      return number ? json(*number) : wrong();
    }
    case FactType::number: {
      auto number = parse_double(node.text);
      return number ? json(*number) : wrong();
    }
    default: return node.text;
  }
}

json read_fact(const Run& run, const YamlNode& node, const FactTree& tree) {
  if (tree.is_group()) return read_members(run, node, tree);
  FactType type = tree.fact->type;
  bool list = type == FactType::object_list || type == FactType::string_list;
  if (list && node.kind != YamlNode::list) {
    run.mistake(node, std::string(tree.fact->path) + " must be a list");
    return json();
  }
  json out = json::array();
  if (type == FactType::object_list) {
    for (const YamlNode& item : node.items) out.push_back(read_members(run, item, tree));
    return out;
  }
  if (type == FactType::string_list) {
    for (const YamlNode& item : node.items) out.push_back(item.text);
    return out;
  }
  if (type != FactType::string_map) return read_scalar(run, node, *tree.fact);
  out = json::object();
  if (node.kind != YamlNode::map) run.mistake(node, std::string(tree.fact->path) + " must be a mapping");
  for (const auto& [key, value] : node.entries) out[key.text] = value.text;
  return out;
}

json read_facts(const Run& run, const YamlNode& node, std::int64_t as_of) {
  json facts = read_members(run, node, fact_tree());
  if (as_of != kNoTime) derive_facts(facts, run.rules.catalogue, as_of);
  return facts;
}

std::int64_t read_as_of(const Run& run, Fields& fields) {
  std::string text = fields.text("as_of", Need::optional);
  if (text.empty()) return kNoTime;
  auto date = parse_date(text);
  if (!date) run.mistake(*fields.yaml().find("as_of"), "'" + text + "' is no date such as 2026-11-23");
  return date.value_or(kNoTime);
}

// ---- cases

const std::vector<std::string>& verdict_words() {
  static const std::vector<std::string> words = {"not_applicable", "pass", "fail", "unknown"};
  return words;
}
const std::vector<std::string>& state_words() {
  static const std::vector<std::string> words = {"ready", "after_changes", "not_ready", "unknown"};
  return words;
}

std::string why(const Evidence& evidence) {
  std::string out = "; observed: " + evidence.observed;
  if (!evidence.missing.empty()) out += "; not read: " + join(evidence.missing, ", ");
  if (!evidence.problem.empty()) out += "; problem: " + evidence.problem;
  return out;
}

void check_observed(const Run& run, const YamlNode& node, Fields& fields, const Evidence& evidence) {
  std::string observed = fields.text("observed", Need::optional);
  if (!observed.empty() && observed != evidence.observed) {
    run.fail(*node.find("observed"), "observed is '" + evidence.observed + "', not '" + observed + "'");
  }
}

std::vector<std::optional<double>> read_aggregates(const Run& run, const YamlNode& node) {
  std::vector<std::optional<double>> out(run.rules.measures.size());
  std::vector<std::string> known;
  for (const Measure& measure : run.rules.measures) known.push_back(measure.id);
  for (const auto& [key, value] : node.entries) {
    auto at = std::find(known.begin(), known.end(), key.text);
    if (at == known.end()) {
      run.mistake(key, "no measure '" + key.text + "'" + suggestion(key.text, known));
      continue;
    }
    auto number = parse_double(value.text);
    if (!number) run.mistake(value, "an aggregate is a number");
    out[static_cast<std::size_t>(at - known.begin())] = number;
  }
  return out;
}

// "evidence: {Configured ciphers: none}"
void check_evidence(const Run& run, Fields& fields, const std::vector<ShownEvidence>& shown) {
  const YamlNode* wanted = fields.node("evidence", YamlNode::map, Need::optional);
  if (!wanted) return;
  std::vector<std::string> known;
  for (const ShownEvidence& one : shown) known.push_back(one.name);
  for (const auto& [name, value] : wanted->entries) {
    auto at = std::find(known.begin(), known.end(), name.text);
    if (at == known.end()) {
      run.mistake(name, "the rule has no evidence '" + name.text + "'" + suggestion(name.text, known));
      continue;
    }
    const std::string& is = shown[static_cast<std::size_t>(at - known.begin())].value;
    if (is != value.text) run.fail(value, "'" + name.text + "' is '" + is + "', not '" + value.text + "'");
  }
}

// "cause: [open redis:6379]"
void check_cause(const Run& run, const YamlNode& node, Fields& fields, const Rule& rule, const json& facts) {
  std::vector<std::string> wanted = fields.texts("cause");
  if (!fields.has("cause")) return;
  std::sort(wanted.begin(), wanted.end());
  const std::vector<std::string> is = rule.fleet ? std::vector<std::string>() : causes_of(rule, facts);
  if (is != wanted) run.fail(*node.find("cause"), "the cause is '" + join(is, ", ") + "', not '" + join(wanted, ", ") + "'");
}

// Facts for a host rule, aggregates for a fleet rule; nullptr after a mistake.
const YamlNode* read_input(const Run& run, Fields& fields, const Rule& rule) {
  const char* wrong = rule.fleet ? "facts" : "fleet";
  if (const YamlNode* other = fields.any(wrong, Need::optional)) {
    run.mistake(*other, rule.fleet ? "'" + rule.id + "' is judged on the fleet: give 'fleet', aggregates by measure"
                                   : "'" + rule.id + "' is judged on each host: give 'facts'");
  }
  return fields.node(rule.fleet ? "fleet" : "facts", YamlNode::map, fields.has(wrong) ? Need::optional : Need::required);
}

void run_rule_case(const Run& run, const YamlNode& node, const Rule& rule) {
  Fields fields(run.mistakes, run.file, node, "the case of a rule");
  std::int64_t as_of = read_as_of(run, fields);
  const YamlNode* input = read_input(run, fields, rule);
  std::size_t wanted = fields.choice("verdict", verdict_words());
  if (!input) {
    fields.any("observed", Need::optional);
    fields.any("evidence", Need::optional);
    fields.any("cause", Need::optional);
    return fields.finish();
  }
  std::vector<std::optional<double>> aggregates;
  json facts;
  if (rule.fleet) aggregates = read_aggregates(run, *input);
  else facts = read_facts(run, *input, as_of);
  Evidence evidence = rule.fleet ? explain_fleet(run.rules, rule, aggregates) : explain(rule, facts);
  if (to_text(evidence.verdict) != verdict_words()[wanted]) {
    run.fail(node, rule.id + " gives " + std::string(to_text(evidence.verdict)) + ", not " + verdict_words()[wanted] +
                       why(evidence));
  }
  check_observed(run, node, fields, evidence);
  check_cause(run, node, fields, rule, facts);
  check_evidence(run, fields, rule.fleet ? named_evidence(run.rules, rule, aggregates) : named_evidence(rule, facts));
  fields.finish();
}

void run_measure_case(const Run& run, const YamlNode& node, std::size_t index) {
  Fields fields(run.mistakes, run.file, node, "the case of a measure");
  std::int64_t as_of = read_as_of(run, fields);
  const YamlNode* input = fields.node("facts", YamlNode::map);
  std::string wanted = fields.text("value");
  fields.finish();
  if (!input) return;
  std::optional<double> value = judge(run.rules, read_facts(run, *input, as_of)).measures[index];
  std::optional<double> number = parse_double(wanted);
  if (!number && wanted != "unknown") run.mistake(*node.find("value"), "'value' is a number or unknown");
  bool same = value.has_value() == number.has_value() && (!value || std::abs(*value - *number) < 1e-6);
  if (!same) {
    run.fail(node, run.rules.measures[index].id + " gives " + (value ? std::to_string(*value) : "unknown") + ", not " +
                       wanted);
  }
}

void check_state(const Run& run, const YamlNode& node, Fields& fields, std::string_view key, WorkloadState state) {
  if (!fields.any(key, Need::optional)) return;
  std::size_t wanted = fields.choice(key, state_words());
  if (to_text(state) != state_words()[wanted]) {
    run.fail(node, std::string(key) + " is " + std::string(to_text(state)) + ", not " + state_words()[wanted]);
  }
}

void run_workload_case(const Run& run, const YamlNode& node, std::size_t index) {
  Fields fields(run.mistakes, run.file, node, "the case of a workload");
  std::int64_t as_of = read_as_of(run, fields);
  std::vector<json> all_facts;
  if (const YamlNode* one = fields.node("facts", YamlNode::map, Need::optional)) {
    all_facts.push_back(read_facts(run, *one, as_of));
  }
  for (const YamlNode* item : fields.mappings("hosts")) all_facts.push_back(read_facts(run, *item, as_of));
  std::vector<AssessedHost> hosts;
  for (const json& facts : all_facts) {
    std::string name = "host" + std::to_string(hosts.size());
    hosts.push_back({name, name, 1, judge(run.rules, facts)});
  }
  Assessment assessment = assess(run.rules, hosts, [&](std::size_t i) { return &all_facts[i]; });
  const WorkloadResult& result = assessment.workloads[index];
  check_state(run, node, fields, "pilot", result.pilot);
  check_state(run, node, fields, "production", result.production);
  if (fields.any("changes", Need::optional)) {
    double wanted = fields.number("changes", 0, 1'000);
    if (wanted != result.changes) run.fail(node, "there are " + std::to_string(result.changes) + " changes");
  }
  fields.finish();
}

template <class T>
std::optional<std::size_t> index_of(const Run& run, const YamlNode& at, const std::vector<T>& items,
                                    std::string_view kind) {
  std::vector<std::string> known;
  for (const T& item : items) known.push_back(item.id);
  auto found = std::find(known.begin(), known.end(), at.text);
  if (found != known.end()) return static_cast<std::size_t>(found - known.begin());
  run.mistake(at, "no " + std::string(kind) + " '" + at.text + "'" + suggestion(at.text, known));
  return std::nullopt;
}

template <class T, class RunCase>
void run_kind(const Run& run, Fields& fields, std::string_view kind, const std::vector<T>& items, RunCase run_case) {
  const YamlNode* name = fields.node(kind, YamlNode::scalar, Need::optional);
  auto cases = fields.mappings("cases", Need::required);
  if (!name) return;
  auto index = index_of(run, *name, items, kind);
  if (!index) return;
  run.tested.insert(name->text);
  for (const YamlNode* one : cases) {
    ++run.report.cases;
    run_case(*one, *index);
  }
}

void run_test(const Run& run, const YamlNode& node) {
  Fields fields(run.mistakes, run.file, node, "the test");
  for (const char* kind : {"rule", "measure", "workload"}) fields.any(kind, Need::optional);
  if (fields.has("rule")) {
    run_kind(run, fields, "rule", run.rules.rules,
             [&](const YamlNode& one, std::size_t i) { run_rule_case(run, one, run.rules.rules[i]); });
  } else if (fields.has("measure")) {
    run_kind(run, fields, "measure", run.rules.measures,
             [&](const YamlNode& one, std::size_t i) { run_measure_case(run, one, i); });
  } else if (fields.has("workload")) {
    run_kind(run, fields, "workload", run.rules.workloads,
             [&](const YamlNode& one, std::size_t i) { run_workload_case(run, one, i); });
  } else {
    run.mistake(node, "a test names a rule, a measure or a workload");
    fields.any("cases", Need::optional);
  }
  fields.finish();
}

std::vector<std::string> test_files(RuleFolder& folder) {
  std::vector<std::string> out;
  for (const std::string& pack : folder.list("packs")) {
    if (pack.back() != '/') continue;
    for (const std::string& name : folder.list("packs/" + pack)) {
      if (name == "tests.yaml") out.push_back("packs/" + pack + name);
    }
  }
  for (const std::string& name : folder.list("workloads")) {
    if (name == "tests.yaml") out.push_back("workloads/" + name);
  }
  return out;
}

}  // namespace

Result<PackTestReport> run_pack_tests(const RuleSet& rules, const std::string& folder_path) {
  Mistakes mistakes;
  RuleFolder folder(folder_path, mistakes);
  PackTestReport report;
  std::set<std::string> tested;
  for (const std::string& name : test_files(folder)) {
    const SourceFile* file = folder.read(name);
    if (!file) continue;
    ++report.files;
    YamlNode root = read_yaml(*file, mistakes);
    Run run{rules, *file, mistakes, report, tested};
    Fields fields(mistakes, *file, root, "tests.yaml");
    const int cases_before = report.cases;
    const std::size_t failures_before = report.failures.size();
    for (const YamlNode* test : fields.mappings("tests", Need::required)) run_test(run, *test);
    fields.finish();
    report.by_file.push_back({name, report.cases - cases_before, failures_before, report.failures.size() - failures_before});
  }
  if (!mistakes.empty()) return fail(ErrorKind::invalid, mistakes.text());
  for (const Rule& rule : rules.rules) {
    if (tested.count(rule.id) == 0) report.untested.push_back(rule.id);
  }
  return report;
}

}  // namespace plumbline
