// SPDX-License-Identifier: Apache-2.0
// The compiler of packs: drafts are checked field by field, conditions compiled, references resolved, all of it sorted.
#include <algorithm>
#include <map>
#include <tuple>

#include "base/hash.h"
#include "base/text.h"
#include "facts/catalog.h"
#include "rules/dependencies.h"
#include "rules/drafts.h"
#include "rules/expressions.h"
#include "rules/fact_values.h"
#include "rules/fields.h"
#include "rules/files.h"
#include "rules/pack.h"
#include "rules/site.h"
#include "rules/words.h"

namespace plumbline {
namespace {

constexpr std::size_t kMaxEvidence = 20;  // named expressions of one rule
constexpr std::size_t kMaxWays = 8;       // actions that meet one requirement
constexpr std::string_view kCarriers = "carriers";  // fleet.carriers: hosts that carry a workload

// What the conditions and texts of one pack may name.
struct PackScope {
  PackProperties properties;
  Scope host, fleet, production;
};

// Everything that compiling needs to know about its surroundings.
struct Compiler {
  Drafts& drafts;
  Mistakes& mistakes;
  bool incomplete = false;                    // a file could not be read: what it holds is not called missing
  cel::Declarations host_names, fleet_names, production_names;
  std::map<std::string, PackScope> scopes;    // by pack
  std::map<std::string, const Draft*> first;  // "rule x" → where it stands, to name the first of two
  const SourceFile* counted = nullptr;        // lines were counted in this file, up to here
  std::size_t counted_to = 0;
  int counted_lines = 0;
  std::vector<NamedAction> named = {};  // by `after` and `met_by`
  std::vector<Requirement> ways = {};
  const Catalogue* catalogue = nullptr;

  PackScope& scope_of(const std::string& pack) {
    auto known = scopes.find(pack);
    if (known != scopes.end()) return known->second;
    PackProperties properties(drafts.properties, pack);
    Scope host{host_names, false, properties.constants(), nullptr};
    Scope fleet{fleet_names, true, properties.constants(), nullptr};
    Scope production{production_names, true, properties.constants(), nullptr};
    if (!properties.empty()) {
      for (Scope* one : {&host, &fleet, &production}) properties.declare(one->names);
    }
    PackScope& made = scopes.emplace(pack, PackScope{std::move(properties), std::move(host), std::move(fleet), std::move(production)}).first->second;
    made.host.properties = made.fleet.properties = made.production.properties = &made.properties;
    return made;
  }
  const Scope& scope(const std::string& pack, bool is_fleet) {
    PackScope& found = scope_of(pack);
    return is_fleet ? found.fleet : found.host;
  }
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

// A text that may name properties: "at most {props.max_tries}".
std::string read_text(PackScope& scope, Fields& fields, std::string_view key, Need need = Need::required) {
  return scope.properties.fill(fields, key, fields.text(key, need));
}

Wording read_wording(Compiler& compiler, PackScope& scope, Fields& parent, std::string_view key, Need need) {
  Wording out;
  const YamlNode* node = parent.node(key, YamlNode::map, need);
  if (!node) return out;
  Fields fields(compiler.mistakes, parent.file(), *node, "'" + std::string(key) + "'");
  out.it = read_text(scope, fields, "it", need);
  out.cio = read_text(scope, fields, "cio", need);
  out.ceo = read_text(scope, fields, "ceo", need);
  fields.finish();
  check_template(fields, "it", out.it);
  check_template(fields, "cio", out.cio);
  check_template(fields, "ceo", out.ceo);
  return out;
}

void read_commands(Compiler& compiler, PackScope& scope, Fields& parent, Remediation& out) {
  const YamlNode* node = parent.node("commands", YamlNode::map, Need::optional);
  if (!node) return;
  Fields fields(compiler.mistakes, parent.file(), *node, "commands");
  for (const std::string& family : family_words()) {
    if (fields.has(family)) {
      for (const std::string& line : fields.texts(family, Need::required)) {
        out.commands[family].push_back(scope.properties.fill(fields, family, line));
      }
    } else {
      fields.texts(family);  // makes it a known key for the suggestion
    }
  }
  fields.finish();
}

Remediation read_fix(Compiler& compiler, PackScope& scope, Fields& parent) {
  Remediation out;
  const YamlNode* node = parent.node("fix", YamlNode::map);
  if (!node) return out;
  Fields fields(compiler.mistakes, parent.file(), *node, "'fix'");
  out.text = read_text(scope, fields, "text");
  read_commands(compiler, scope, fields, out);
  out.effort_days = fields.number("effort_days", 0, kMaxEffortDays);
  out.once = fields.boolean("once");
  out.cost = static_cast<CostClass>(fields.choice("cost", cost_words()));
  out.owner = fields.text("owner");
  out.after = fields.texts("after");
  fields.finish();
  return out;
}

// Where the texts of a list stand: to name the one that is wrong.
std::vector<std::size_t> offsets_of(const YamlNode* list) {
  std::vector<std::size_t> out;
  if (list && list->kind == YamlNode::list) {
    for (const YamlNode& item : list->items) out.push_back(item.offset);
  }
  return out;
}

void note_after(Compiler& compiler, const Draft& draft, const Rule& rule) {
  const YamlNode* fix = draft.node->find("fix");
  const std::vector<std::size_t> offsets = offsets_of(fix ? fix->find("after") : nullptr);
  for (std::size_t i = 0; i < rule.fix.after.size() && i < offsets.size(); ++i) {
    compiler.named.push_back({draft.file, offsets[i], rule.fix.after[i], rule.action});
  }
}

bool read_scope(Fields& fields) {
  if (!fields.has("scope")) {
    fields.text("scope", Need::optional);
    return false;
  }
  return fields.choice("scope", {"host", "fleet"}) == 1;
}

// "CIS Ubuntu 24.04 5.1.20" in a plain list tells its kind by how it begins.
ReferenceKind kind_of(std::string_view text) {
  auto begins = [&](std::string_view word) { return text.substr(0, word.size()) == word; };
  if (begins("CIS ")) return ReferenceKind::cis;
  if (begins("NIST ")) return ReferenceKind::nist;
  if (begins("ISO ") || begins("ISO/")) return ReferenceKind::iso;
  if (begins("CVE-")) return ReferenceKind::cve;
  return ReferenceKind::other;
}

// Under a kind with a name of its own the name is left out: "cis: [Ubuntu 24.04 5.1.20]".
std::string shown_reference(ReferenceKind kind, const std::string& text) {
  std::string_view name = kind == ReferenceKind::cis ? "CIS " : kind == ReferenceKind::nist ? "NIST " : kind == ReferenceKind::iso ? "ISO " : "";
  return text.compare(0, name.size(), name) == 0 ? text : std::string(name) + text;
}

// Either a plain list, or lists by kind.
std::vector<Reference> read_references(Compiler& compiler, Fields& parent) {
  std::vector<Reference> out;
  const YamlNode* node = parent.any("references", Need::optional);
  if (!node) return out;
  if (node->kind != YamlNode::map) {
    for (std::string& text : parent.texts("references")) {
      ReferenceKind kind = kind_of(text);
      out.push_back({kind, std::move(text)});
    }
    return out;
  }
  Fields fields(compiler.mistakes, parent.file(), *node, "'references'");
  for (std::size_t i = 0; i < reference_words().size(); ++i) {
    auto kind = static_cast<ReferenceKind>(i);
    for (const std::string& text : fields.texts(reference_words()[i])) out.push_back({kind, shown_reference(kind, text)});
  }
  fields.finish();
  return out;
}

std::vector<NamedExpression> read_evidence(Compiler& compiler, const Scope& scope, Fields& parent) {
  std::vector<NamedExpression> out;
  for (const YamlNode* item : parent.mappings("evidence")) {
    Fields fields(compiler.mistakes, parent.file(), *item, "the evidence");
    std::string name = fields.text("name");
    auto value = read_condition(fields, "value", scope, Gives::any, Need::required, compiler.mistakes);
    fields.finish();
    if (value) out.push_back({std::move(name), std::move(*value)});
    if (out.size() > kMaxEvidence) {
      fields.mistake("name", "more than " + std::to_string(kMaxEvidence) + " pieces of evidence");
      break;
    }
  }
  return out;
}

Rule compile_rule(Compiler& compiler, const Draft& draft) {
  Fields fields(compiler.mistakes, *draft.file, *draft.node, "the rule");
  PackScope& pack = compiler.scope_of(draft.pack);
  Rule rule;
  rule.id = fields.id("id", ".-");
  rule.pack = draft.pack;
  rule.title = read_text(pack, fields, "title");
  rule.why = read_text(pack, fields, "why");
  rule.pillar = static_cast<Pillar>(fields.choice("pillar", pillar_words()));
  rule.severity = static_cast<Severity>(fields.choice("severity", severity_words()));
  rule.fleet = read_scope(fields);
  const Scope& scope = rule.fleet ? pack.fleet : pack.host;
  rule.when = read_condition(fields, "when", scope, Gives::boolean, Need::optional, compiler.mistakes);
  rule.check = read_condition(fields, "check", scope, rule.fleet ? Gives::degree : Gives::boolean, Need::required,
                              compiler.mistakes);
  rule.observed = read_condition(fields, "observed", scope, Gives::any, Need::optional, compiler.mistakes);
  rule.evidence = read_evidence(compiler, scope, fields);
  rule.cause = read_condition(fields, "cause", scope, Gives::texts, Need::optional, compiler.mistakes);
  if (rule.fleet && fields.has("cause")) fields.mistake("cause", "a fleet rule has no cause: findings are grouped on a host");
  rule.expected = read_text(pack, fields, "expected");
  rule.fail = read_wording(compiler, pack, fields, "fail", Need::required);
  rule.pass = read_wording(compiler, pack, fields, "pass", Need::optional);
  rule.fix = read_fix(compiler, pack, fields);
  rule.sources = read_references(compiler, fields);
  for (const Reference& source : rule.sources) rule.references.push_back(source.text);
  rule.tags = fields.texts("tags");
  rule.action = fields.has("action") ? fields.id("action", ".-") : rule.id;
  fields.text("action", Need::optional);
  note_after(compiler, draft, rule);
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
  if (id == kCarriers) fields.mistake("id", "no measure may be called 'carriers': fleet.carriers counts the hosts that carry a workload");
  std::string title = fields.text("title");
  std::string unit = fields.text("unit", Need::optional);
  auto value = read_condition(fields, "value", compiler.scope(draft.pack, false), Gives::number, Need::required, compiler.mistakes);
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
  gate.shut_when = read_condition(fields, "shut_when", compiler.scope(draft.pack, true), Gives::boolean, Need::optional, compiler.mistakes);
  fields.finish();
  check_rule_ids(compiler, fields, "rules", gate.rules, rule_ids);
  if (!fields.has("rules") && !fields.has("shut_when")) {
    fields.mistake("id", "the gate needs 'rules' or 'shut_when'");
  }
  check_unique(compiler, fields, "gate", "id", gate.id, draft);
  return gate;
}

// The actions that meet a requirement, each perhaps only where a condition of the same scope holds.
std::vector<Way> read_ways(Compiler& compiler, const Scope& scope, Fields& parent) {
  std::vector<Way> out;
  for (const YamlNode* item : parent.mappings("met_by")) {
    Fields fields(compiler.mistakes, parent.file(), *item, "the way to meet it");
    Way way{fields.id("action", ".-"), std::nullopt, false};
    auto when = read_condition(fields, "when", scope, Gives::boolean, Need::optional, compiler.mistakes);
    way.always = fields.boolean("always");
    fields.finish();
    if (!way.action.empty()) compiler.named.push_back({&parent.file(), fields.offset("action"), way.action, ""});
    if (when) {
      way.when = compiler.ways.size();
      compiler.ways.push_back({"", "", "", scope.fleet, std::move(*when), std::nullopt, 0, CostClass::c0, {}});
    }
    out.push_back(std::move(way));
    if (out.size() > kMaxWays) {
      fields.mistake("action", "more than " + std::to_string(kMaxWays) + " actions meet it");
      break;
    }
  }
  return out;
}

// Of production: it may ask how many hosts carry the workload.
Requirement compile_requirement(Compiler& compiler, const Draft& draft, const YamlNode& node, bool production) {
  Fields fields(compiler.mistakes, *draft.file, node, "the requirement");
  std::string id = fields.id("id", ".-");
  std::string text = fields.text("text");
  std::string ceo = fields.text("ceo");
  bool fleet = read_scope(fields);
  PackScope& pack = compiler.scope_of(draft.pack);
  const Scope& scope = !fleet ? pack.host : production ? pack.production : pack.fleet;
  auto check = read_condition(fields, "check", scope, Gives::boolean, Need::required, compiler.mistakes);
  auto observed = read_condition(fields, "observed", scope, Gives::any, Need::optional, compiler.mistakes);
  std::vector<Way> met_by = read_ways(compiler, fleet ? pack.fleet : pack.host, fields);
  double effort = fields.number("effort_days", 0, kMaxEffortDays);
  auto cost = static_cast<CostClass>(fields.choice("cost", cost_words()));
  fields.finish();
  if (!check) check = cel::Program(nullptr);
  return Requirement{id, text, ceo, fleet, std::move(*check), std::move(observed), effort, cost, std::move(met_by)};
}

std::vector<Requirement> compile_requirements(Compiler& compiler, const Draft& draft, Fields& parent, std::string_view key,
                                              Need need) {
  std::vector<Requirement> out;
  for (const YamlNode* item : parent.mappings(key, need)) {
    out.push_back(compile_requirement(compiler, draft, *item, key != "minimum"));
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
  out.minimum = compile_requirements(compiler, draft, fields, "minimum", Need::required);
  out.recommended = compile_requirements(compiler, draft, fields, "recommended", Need::optional);
  out.security_rules = fields.texts("security");
  out.decision = fields.text("decision");
  out.threshold = fields.text("threshold");
  out.serving = read_serving(fields, *compiler.catalogue, compiler.incomplete, compiler.mistakes);
  fields.finish();
  check_rule_ids(compiler, fields, "security", out.security_rules, rule_ids);
  check_unique(compiler, fields, "workload", "workload", out.id, draft);
  return out;
}

// What packs ask of every workload before daily use joins what the workload asks itself; its own word counts where both
// speak of the same.
void add_production(Compiler& compiler, RuleSet& out) {
  std::map<std::string, const Draft*> first;
  for (const Draft& draft : compiler.drafts.production) {
    const Requirement one = compile_requirement(compiler, draft, *draft.node, true);
    if (auto [at, fresh] = first.emplace(one.id, &draft); !fresh) {
      const Draft& other = *at->second;
      compiler.mistakes.add(*draft.file, draft.node->offset, "another requirement for production has the id '" + one.id + "': " + other.file->name + ":" +
                                                                 std::to_string(place_of(other.file->text, other.node->offset).line));
      continue;
    }
    for (Workload& workload : out.workloads) {
      const auto same = [&](const Requirement& other) { return other.id == one.id; };
      if (std::none_of(workload.recommended.begin(), workload.recommended.end(), same)) workload.recommended.push_back(one);
    }
  }
}

void check_actions(Compiler& compiler, const RuleSet& out) {
  std::vector<std::string> actions;
  for (const Rule& rule : out.rules) actions.push_back(rule.action);
  std::sort(actions.begin(), actions.end());
  actions.erase(std::unique(actions.begin(), actions.end()), actions.end());
  check_dependencies(compiler.named, actions, compiler.incomplete, compiler.mistakes);
}

template <class T>
void sort_by_id(std::vector<T>& items) {
  std::stable_sort(items.begin(), items.end(), [](const T& a, const T& b) { return a.id < b.id; });
}

PropertyInfo describe(const Property& property) {
  return {property.pack,  property.name,          std::string(to_text(property.type)), property.meaning,
          property.shown, property.default_shown, property.set_by_site};
}

void check_properties(Compiler& compiler, RuleSet& out) {
  for (const Property& property : compiler.drafts.properties) {
    out.properties.push_back(describe(property));
    if (property.used || compiler.incomplete) continue;
    compiler.mistakes.add(*property.file, property.offset,
                          "no condition and no text of the pack reads props." + property.name + "; use it or take it out");
  }
  std::sort(out.properties.begin(), out.properties.end(), [](const PropertyInfo& a, const PropertyInfo& b) {
    return std::tie(a.pack, a.name) < std::tie(b.pack, b.name);
  });
}

void describe_packs(const Drafts& drafts, RuleSet& out) {
  for (const PackDraft& pack : drafts.packs) {
    out.packs.push_back(pack.info);
    if (pack.info.of_site) continue;  // the version shown is that of the packs a customer can ask about
    if (newer(pack.info.version, out.version)) out.version = pack.info.version;
    out.date = std::max(out.date, pack.info.date);
  }
  sort_by_id(out.packs);
}

void set_properties(Drafts& drafts, Mistakes& mistakes) {
  std::vector<std::string> packs;
  for (const PackDraft& pack : drafts.packs) packs.push_back(pack.info.id);
  for (const Draft& values : drafts.property_values) {
    override_properties(*values.file, *values.node, drafts.properties, packs, drafts.incomplete, mistakes);
  }
}

void compile_drafts(Drafts& drafts, RuleSet& out, Mistakes& mistakes) {
  set_properties(drafts, mistakes);
  Compiler compiler{drafts, mistakes, drafts.incomplete, fact_declarations(), {}, {}, {}, {}};
  compiler.catalogue = &out.catalogue;
  for (const Draft& draft : drafts.measures) {
    if (auto measure = compile_measure(compiler, draft)) out.measures.push_back(std::move(*measure));
  }
  sort_by_id(out.measures);
  std::vector<std::string> measure_ids, rule_ids;
  for (const Measure& measure : out.measures) measure_ids.push_back(measure.id);
  compiler.fleet_names = fleet_declarations(measure_ids);
  measure_ids.emplace_back(kCarriers);
  compiler.production_names = fleet_declarations(measure_ids);
  if (compiler.incomplete) compiler.fleet_names = compiler.production_names = {{"fleet", std::make_shared<cel::Type>()}};  // any member will do
  compiler.scopes.clear();  // those of the measures did not know the aggregates yet

  for (const Draft& draft : drafts.rules) out.rules.push_back(compile_rule(compiler, draft));
  sort_by_id(out.rules);
  for (const Rule& rule : out.rules) rule_ids.push_back(rule.id);

  for (const Draft& draft : drafts.gates) out.gates.push_back(compile_gate(compiler, draft, rule_ids));
  sort_by_id(out.gates);
  for (const Draft& draft : drafts.workloads) {
    out.workloads.push_back(compile_workload(compiler, draft, rule_ids));
  }
  sort_by_id(out.workloads);
  add_production(compiler, out);
  check_actions(compiler, out);
  out.ways = std::move(compiler.ways);
  describe_packs(drafts, out);
  check_properties(compiler, out);
  read_people(drafts, out, mistakes);
  read_waivers(drafts, out, mistakes);
  apply_overrides(drafts, out, mistakes);  // last: it takes rules away
}

// Reads the two folders; the catalogue of the site and of packs may correct the shipped one.
void read_catalogues(RuleFolder& folder, RuleFolder* site, Drafts& drafts, RuleSet& out, Mistakes& mistakes) {
  out.catalogue = read_catalogue(folder, "catalogue", mistakes);
  for (Catalogue& more : drafts.catalogues) add_catalogue(out.catalogue, std::move(more));
  if (site) add_catalogue(out.catalogue, read_catalogue(*site, "catalogue", mistakes));
}

Result<std::shared_ptr<const RuleSet>> load(const std::string& folder_path, const std::string& site_path,
                                            std::optional<RuleBytes> bytes) {
  Mistakes mistakes;
  RuleFolder folder(folder_path, mistakes);
  if (bytes) folder.hold(std::move(*bytes));
  if (!folder.is_folder("")) {
    return fail(ErrorKind::not_found, folder_path + ": no such folder; name the one that holds packs/");
  }
  std::optional<RuleFolder> site;
  if (!site_path.empty()) site.emplace(site_path, mistakes);
  if (site && !site->is_folder("")) {
    return fail(ErrorKind::not_found, site_path + ": no such folder; name the one that holds your site's files");
  }
  auto rules = std::make_shared<RuleSet>();
  Drafts drafts;
  collect_rules(folder, drafts, mistakes);
  if (site) collect_site(*site, drafts, mistakes);
  check_needs(drafts, mistakes);
  read_catalogues(folder, site ? &*site : nullptr, drafts, *rules, mistakes);
  if (!drafts.too_many) compile_drafts(drafts, *rules, mistakes);
  if (!mistakes.empty()) return fail(ErrorKind::invalid, mistakes.text());
  rules->hash = site ? sha256_hex(folder.hash() + site->hash()) : folder.hash();
  return std::shared_ptr<const RuleSet>(std::move(rules));
}

}  // namespace

Result<std::shared_ptr<const RuleSet>> load_rules(const std::string& folder) { return load(folder, "", std::nullopt); }
Result<std::shared_ptr<const RuleSet>> load_rules(const std::string& folder, const std::string& site_folder) {
  return load(folder, site_folder, std::nullopt);
}
Result<std::shared_ptr<const RuleSet>> load_rules_from(const std::string& folder, RuleBytes bytes,
                                                       const std::string& site_folder) {
  return load(folder, site_folder, std::move(bytes));
}

}  // namespace plumbline
