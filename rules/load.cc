// SPDX-License-Identifier: Apache-2.0
// The compiler of packs: drafts are checked field by field, conditions compiled, references resolved, all of it sorted.
#include <algorithm>
#include <map>

#include "base/text.h"
#include "facts/catalog.h"
#include "rules/drafts.h"
#include "rules/expressions.h"
#include "rules/fact_values.h"
#include "rules/fields.h"
#include "rules/files.h"
#include "rules/pack.h"

namespace plumbline {
namespace {

constexpr double kMaxEffortDays = 1'000;

const std::vector<std::string>& pillar_words() {
  static const std::vector<std::string> words = {"accelerators", "data",     "security",
                                                 "compute",      "storage_network", "platform"};
  return words;
}
const std::vector<std::string>& severity_words() {
  static const std::vector<std::string> words = {"low", "medium", "high", "critical"};
  return words;
}
const std::vector<std::string>& cost_words() {
  static const std::vector<std::string> words = {"C0", "C1", "C2", "C3", "C4"};
  return words;
}
const std::vector<std::string>& aggregate_words() {
  static const std::vector<std::string> words = {"sum", "max", "min", "count", "average"};
  return words;
}
const std::vector<std::string>& family_words() {
  static const std::vector<std::string> words = {"any", "debian", "rhel", "suse", "alpine", "arch"};
  return words;
}
const std::vector<std::string>& template_words() {
  static const std::vector<std::string> words = {"observed", "expected", "host", "failing", "applicable", "hosts"};
  return words;
}

// Everything that compiling needs to know about its surroundings.
struct Compiler {
  Mistakes& mistakes;
  Scope host;
  Scope fleet;
  std::map<std::string, const Draft*> first;  // "rule x" → where it stands, to name the first of two
  const SourceFile* counted = nullptr;        // lines were counted in this file, up to here
  std::size_t counted_to = 0;
  int counted_lines = 0;
  bool incomplete = false;  // a file could not be read: what it holds is not called missing

  const Scope& scope(bool is_fleet) const { return is_fleet ? fleet : host; }
};

void check_unique(Compiler& compiler, Fields& fields, const std::string& kind, const std::string& key,
                  const std::string& id, const Draft& draft) {
  if (id.empty()) return;
  auto [at, fresh] = compiler.first.emplace(kind + " " + id, &draft);
  if (fresh) return;
  const Draft& first = *at->second;
  int line = place_of(first.file->text, first.node->offset).line;
  fields.mistake(key, "another " + kind + " has the id '" + id + "': " + first.file->name + ":" + std::to_string(line));
}

// place_of() counts from the start of the file; drafts come in order, so counting on is enough.
Place place_in_order(Compiler& compiler, const Draft& draft) {
  std::string_view text = draft.file->text;
  if (compiler.counted != draft.file || compiler.counted_to > draft.node->offset) {
    compiler.counted = draft.file;
    compiler.counted_to = 0;
    compiler.counted_lines = 0;
  }
  auto from = text.begin() + static_cast<std::ptrdiff_t>(compiler.counted_to);
  auto to = text.begin() + static_cast<std::ptrdiff_t>(draft.node->offset);
  compiler.counted_lines += static_cast<int>(std::count(from, to, '\n'));
  compiler.counted_to = draft.node->offset;
  std::size_t line_start = text.rfind('\n', draft.node->offset);
  line_start = line_start == std::string_view::npos ? 0 : line_start + 1;
  return {compiler.counted_lines + 1, static_cast<int>(draft.node->offset - line_start) + 1};
}

// "{host}: PermitRootLogin is {observed}"
void check_template(Fields& fields, std::string_view key, const std::string& text) {
  for (std::size_t open = text.find('{'); open != std::string::npos; open = text.find('{', open + 1)) {
    std::size_t close = text.find('}', open);
    if (close == std::string::npos) return;
    std::string word = text.substr(open + 1, close - open - 1);
    bool is_word = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || c == '_';
    });
    const auto& known = template_words();
    if (is_word && std::find(known.begin(), known.end(), word) == known.end()) {
      fields.mistake(key, "no placeholder {" + word + "}; there are {" + join(known, "} {") + "}" +
                              suggestion(word, known));
    }
  }
}

Wording read_wording(Compiler& compiler, Fields& parent, std::string_view key, Need need) {
  Wording out;
  const YamlNode* node = parent.node(key, YamlNode::map, need);
  if (!node) return out;
  Fields fields(compiler.mistakes, parent.file(), *node, "'" + std::string(key) + "'");
  out.it = fields.text("it", need);
  out.cio = fields.text("cio", need);
  out.ceo = fields.text("ceo", need);
  fields.finish();
  check_template(fields, "it", out.it);
  check_template(fields, "cio", out.cio);
  check_template(fields, "ceo", out.ceo);
  return out;
}

void read_commands(Compiler& compiler, Fields& parent, Remediation& out) {
  const YamlNode* node = parent.node("commands", YamlNode::map, Need::optional);
  if (!node) return;
  Fields fields(compiler.mistakes, parent.file(), *node, "commands");
  for (const std::string& family : family_words()) {
    if (fields.has(family)) {
      out.commands[family] = fields.texts(family, Need::required);
    } else {
      fields.texts(family);  // makes it a known key for the suggestion
    }
  }
  fields.finish();
}

Remediation read_fix(Compiler& compiler, Fields& parent) {
  Remediation out;
  const YamlNode* node = parent.node("fix", YamlNode::map);
  if (!node) return out;
  Fields fields(compiler.mistakes, parent.file(), *node, "'fix'");
  out.text = fields.text("text");
  read_commands(compiler, fields, out);
  out.effort_days = fields.number("effort_days", 0, kMaxEffortDays);
  out.once = fields.boolean("once");
  out.cost = static_cast<CostClass>(fields.choice("cost", cost_words()));
  out.owner = fields.text("owner");
  fields.finish();
  return out;
}

bool read_scope(Fields& fields) {
  if (!fields.has("scope")) {
    fields.text("scope", Need::optional);
    return false;
  }
  return fields.choice("scope", {"host", "fleet"}) == 1;
}

Rule compile_rule(Compiler& compiler, const Draft& draft) {
  Fields fields(compiler.mistakes, *draft.file, *draft.node, "the rule");
  Rule rule;
  rule.id = fields.id("id", ".-");
  rule.pack = draft.pack;
  rule.title = fields.text("title");
  rule.why = fields.text("why");
  rule.pillar = static_cast<Pillar>(fields.choice("pillar", pillar_words()));
  rule.severity = static_cast<Severity>(fields.choice("severity", severity_words()));
  rule.fleet = read_scope(fields);
  const Scope& scope = compiler.scope(rule.fleet);
  rule.when = read_condition(fields, "when", scope, Gives::boolean, Need::optional, compiler.mistakes);
  rule.check = read_condition(fields, "check", scope, rule.fleet ? Gives::degree : Gives::boolean, Need::required,
                              compiler.mistakes);
  rule.observed = read_condition(fields, "observed", scope, Gives::any, Need::optional, compiler.mistakes);
  rule.expected = fields.text("expected");
  rule.fail = read_wording(compiler, fields, "fail", Need::required);
  rule.pass = read_wording(compiler, fields, "pass", Need::optional);
  rule.fix = read_fix(compiler, fields);
  rule.references = fields.texts("references");
  rule.tags = fields.texts("tags");
  rule.action = fields.has("action") ? fields.id("action", ".-") : rule.id;
  fields.text("action", Need::optional);
  fields.finish();
  rule.file = draft.file->name;
  rule.place = place_in_order(compiler, draft);
  check_unique(compiler, fields, "rule", "id", rule.id, draft);
  return rule;
}

std::optional<Measure> compile_measure(Compiler& compiler, const Draft& draft) {
  Fields fields(compiler.mistakes, *draft.file, *draft.node, "the measure");
  std::string id = fields.id("id", "_");
  if (!id.empty() && (id[0] < 'a' || id[0] > 'z')) fields.mistake("id", "the id of a measure begins with a letter");
  std::string title = fields.text("title");
  std::string unit = fields.text("unit", Need::optional);
  auto value = read_condition(fields, "value", compiler.host, Gives::number, Need::required, compiler.mistakes);
  auto aggregate = static_cast<Aggregate>(fields.choice("aggregate", aggregate_words()));
  fields.finish();
  check_unique(compiler, fields, "measure", "id", id, draft);
  if (!value) value = cel::Program(nullptr);  // never evaluated: there is a mistake, so no rule set comes of this
  return Measure{id, title, unit, std::move(*value), aggregate};
}

void check_rule_ids(Compiler& compiler, Fields& fields, std::string_view key, const std::vector<std::string>& ids,
                    const std::vector<std::string>& known) {
  if (compiler.incomplete) return;
  const YamlNode* list = fields.yaml().find(key);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (std::binary_search(known.begin(), known.end(), ids[i])) continue;
    std::size_t at = list && i < list->items.size() ? list->items[i].offset : fields.offset(key);
    compiler.mistakes.add(fields.file(), at, "no rule '" + ids[i] + "'" + suggestion(ids[i], known));
  }
}

Gate compile_gate(Compiler& compiler, const Draft& draft, const std::vector<std::string>& rule_ids) {
  Fields fields(compiler.mistakes, *draft.file, *draft.node, "the gate");
  Gate gate;
  gate.id = fields.id("id", ".-");
  gate.title = fields.text("title");
  gate.ceo = fields.text("ceo");
  gate.level = static_cast<int>(fields.number("level", 1, 5));
  gate.rules = fields.texts("rules");
  gate.shut_when = read_condition(fields, "shut_when", compiler.fleet, Gives::boolean, Need::optional, compiler.mistakes);
  fields.finish();
  check_rule_ids(compiler, fields, "rules", gate.rules, rule_ids);
  if (!fields.has("rules") && !fields.has("shut_when")) {
    fields.mistake("id", "the gate needs 'rules' or 'shut_when'");
  }
  check_unique(compiler, fields, "gate", "id", gate.id, draft);
  return gate;
}

Requirement compile_requirement(Compiler& compiler, const SourceFile& file, const YamlNode& node) {
  Fields fields(compiler.mistakes, file, node, "the requirement");
  std::string id = fields.id("id", ".-");
  std::string text = fields.text("text");
  std::string ceo = fields.text("ceo");
  bool fleet = read_scope(fields);
  const Scope& scope = compiler.scope(fleet);
  auto check = read_condition(fields, "check", scope, Gives::boolean, Need::required, compiler.mistakes);
  auto observed = read_condition(fields, "observed", scope, Gives::any, Need::optional, compiler.mistakes);
  double effort = fields.number("effort_days", 0, kMaxEffortDays);
  auto cost = static_cast<CostClass>(fields.choice("cost", cost_words()));
  fields.finish();
  if (!check) check = cel::Program(nullptr);
  return Requirement{id, text, ceo, fleet, std::move(*check), std::move(observed), effort, cost};
}

std::vector<Requirement> compile_requirements(Compiler& compiler, Fields& parent, std::string_view key, Need need) {
  std::vector<Requirement> out;
  for (const YamlNode* item : parent.mappings(key, need)) {
    out.push_back(compile_requirement(compiler, parent.file(), *item));
    auto same = [&](const Requirement& other) { return other.id == out.back().id; };
    if (std::count_if(out.begin(), out.end(), same) > 1) {
      compiler.mistakes.add(parent.file(), item->offset, "two requirements have the id '" + out.back().id + "'");
    }
  }
  return out;
}

Workload compile_workload(Compiler& compiler, const Draft& draft, const std::vector<std::string>& rule_ids) {
  Fields fields(compiler.mistakes, *draft.file, *draft.node, "the workload");
  Workload out;
  out.id = fields.id("workload", "-");
  out.title = fields.text("title");
  out.outcome = fields.text("outcome");
  out.kpis = fields.texts("kpis");
  out.minimum = compile_requirements(compiler, fields, "minimum", Need::required);
  out.recommended = compile_requirements(compiler, fields, "recommended", Need::optional);
  out.security_rules = fields.texts("security");
  out.decision = fields.text("decision");
  out.threshold = fields.text("threshold");
  fields.finish();
  check_rule_ids(compiler, fields, "security", out.security_rules, rule_ids);
  check_unique(compiler, fields, "workload", "workload", out.id, draft);
  return out;
}

template <class T>
void sort_by_id(std::vector<T>& items) {
  std::stable_sort(items.begin(), items.end(), [](const T& a, const T& b) { return a.id < b.id; });
}

// Whether a dotted version is newer: "2026.11.0" after "2026.9.3".
bool newer(const std::string& a, const std::string& b) {
  auto left = split(a, '.'), right = split(b, '.');
  for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    auto x = i < left.size() ? parse_u64(left[i]).value_or(0) : 0;
    auto y = i < right.size() ? parse_u64(right[i]).value_or(0) : 0;
    if (x != y) return x > y;
  }
  return false;
}

void compile_drafts(Drafts& drafts, RuleSet& out, Mistakes& mistakes) {
  Compiler compiler{mistakes, {fact_declarations(), false}, {{}, true}, {}, nullptr, 0, 0, !mistakes.empty()};
  for (const Draft& draft : drafts.measures) {
    if (auto measure = compile_measure(compiler, draft)) out.measures.push_back(std::move(*measure));
  }
  sort_by_id(out.measures);
  std::vector<std::string> measure_ids, rule_ids;
  for (const Measure& measure : out.measures) measure_ids.push_back(measure.id);
  compiler.fleet.names = fleet_declarations(measure_ids);
  if (compiler.incomplete) compiler.fleet.names = {{"fleet", std::make_shared<cel::Type>()}};  // any member will do

  for (const Draft& draft : drafts.rules) out.rules.push_back(compile_rule(compiler, draft));
  sort_by_id(out.rules);
  for (const Rule& rule : out.rules) rule_ids.push_back(rule.id);

  for (const Draft& draft : drafts.gates) out.gates.push_back(compile_gate(compiler, draft, rule_ids));
  sort_by_id(out.gates);
  for (const Draft& draft : drafts.workloads) {
    out.workloads.push_back(compile_workload(compiler, draft, rule_ids));
  }
  sort_by_id(out.workloads);
  out.packs = std::move(drafts.packs);
  sort_by_id(out.packs);
  for (const PackInfo& pack : out.packs) {
    if (newer(pack.version, out.version)) out.version = pack.version;
    out.date = std::max(out.date, pack.date);
  }
}

}  // namespace

Result<std::shared_ptr<const RuleSet>> load_rules(const std::string& folder_path) {
  Mistakes mistakes;
  RuleFolder folder(folder_path, mistakes);
  if (!folder.is_folder("")) {
    return fail(ErrorKind::not_found, folder_path + ": no such folder; name the one that holds packs/");
  }
  auto rules = std::make_shared<RuleSet>();
  Drafts drafts = collect_drafts(folder, mistakes);
  if (!drafts.too_many) compile_drafts(drafts, *rules, mistakes);
  rules->catalogue = read_catalogue(folder, mistakes);
  if (!mistakes.empty()) return fail(ErrorKind::invalid, mistakes.text());
  rules->hash = folder.hash();
  return std::shared_ptr<const RuleSet>(std::move(rules));
}

}  // namespace plumbline
