// SPDX-License-Identifier: Apache-2.0
// The list of hosts and the page of one host: its facts with units, its verdicts with evidence, what its scan cost.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "collector/report/ai_in_use.h"
#include "collector/report/view.h"
#include "facts/catalog.h"
#include "rules/cause.h"

namespace plumbline {
namespace {

constexpr std::size_t kHostsOnPage = 100;
constexpr std::size_t kMostRowsInList = 60;      // of one list of facts, as sockets
constexpr std::size_t kMostColumnsInList = 8;
constexpr std::size_t kMostFactCharacters = 600;

using Counts = std::array<int, 4>;  // by Severity

Counts failing_by_severity(const ReportInput& input, const AssessedHost& host) {
  Counts counts{};
  const auto& verdicts = host.judgement.verdicts;
  const ToldByOthers told = told_by_others(*input.rules, host.judgement);
  for (std::size_t rule = 0; rule < verdicts.size() && rule < input.rules->rules.size(); ++rule)
    if (verdicts[rule] == Verdict::fail && told.count(rule) == 0) ++counts[static_cast<std::size_t>(input.rules->rules[rule].severity)];
  return counts;
}

const nlohmann::json* fact_at(const nlohmann::json& facts, std::string_view path) {
  const nlohmann::json* at = &facts;
  for (const std::string_view part : split(path, '.')) {
    if (!at->is_object()) return nullptr;
    const auto found = at->find(std::string(part));
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

std::string text_at(const nlohmann::json* facts, std::string_view path) {
  const nlohmann::json* fact = facts == nullptr ? nullptr : fact_at(*facts, path);
  return fact != nullptr && fact->is_string() ? fact->get<std::string>() : std::string();
}

/// "2 × NVIDIA L40S", from names and counts.
std::string accelerators_text(const nlohmann::json* facts) {
  if (facts == nullptr) return say("fact.unknown");
  const nlohmann::json* devices = fact_at(*facts, "accelerators.devices");
  if (devices == nullptr || !devices->is_array()) {
    const nlohmann::json* count = fact_at(*facts, "accelerators.count");
    return count != nullptr && count->is_number() ? fact_text(*count, {}) : say("fact.unknown");
  }
  std::vector<std::pair<std::string, int>> names;
  for (const auto& device : *devices) {
    std::string name = say("host.unnamed_card");
    if (device.is_object() && device.contains("name") && device["name"].is_string()) name = device["name"].get<std::string>();
    const auto same = std::find_if(names.begin(), names.end(), [&](const auto& known) { return known.first == name; });
    if (same == names.end()) names.emplace_back(name, 1);
    else ++same->second;
  }
  std::vector<std::string> parts;
  for (const auto& [name, count] : names) parts.push_back(count > 1 ? say("serving.cards", {{"count", std::to_string(count)}, {"card", name}}) : name);
  return parts.empty() ? say("fact.none") : listed(parts, 3);
}

View host_row(const ReportInput& input, std::size_t at) {
  const AssessedHost& host = input.assessment->hosts[at];
  const nlohmann::json* facts = input.facts ? input.facts(at) : nullptr;
  const HostScore score = host_score(input, at);
  const Counts counts = failing_by_severity(input, host);
  View row;
  row["host_id"] = View(host.id);
  row["name"] = View(host_title(host));
  row["score"] = View(score.value ? whole_points(*score.value) : std::string("–"));
  row["bounds"] = maybe(score.value ? say("score.span", {{"lower", whole_points(score.lower)}, {"upper", whole_points_up(score.upper)}}) : "");
  row["critical"] = View(std::to_string(counts[3]));
  row["high"] = View(std::to_string(counts[2]));
  row["medium"] = View(std::to_string(counts[1]));
  row["low"] = View(std::to_string(counts[0]));
  const std::string os = text_at(facts, "os.name");
  row["os"] = View(os.empty() ? say("fact.unknown") : os);
  row["accelerators"] = View(accelerators_text(facts));
  row["age"] = View(age_text(input.now - host.taken_at));
  return row;
}

std::vector<std::size_t> ordered_hosts(const ReportInput& input, std::string_view sort) {
  const auto& hosts = input.assessment->hosts;
  std::vector<std::size_t> order(hosts.size());
  for (std::size_t at = 0; at < order.size(); ++at) order[at] = at;
  if (sort == "age") std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return hosts[a].taken_at < hosts[b].taken_at; });
  if (sort == "findings") {
    std::vector<Counts> counts;
    for (const auto& host : hosts) {
      Counts count = failing_by_severity(input, host);
      std::reverse(count.begin(), count.end());  // critical first
      counts.push_back(count);
    }
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return counts[a] > counts[b]; });
  }
  if (sort == "score") {
    std::vector<int> values;
    for (std::size_t host = 0; host < hosts.size(); ++host) values.push_back(host_score(input, host).value.value_or(-1));
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  }
  return order;
}

std::string asked(const PageContext& context, const char* key) {
  const auto found = context.query.find(key);
  return found == context.query.end() ? std::string() : found->second;
}

std::string clipped(std::string text) {
  if (text.size() <= kMostFactCharacters) return text;
  text.resize(kMostFactCharacters);
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0u) == 0x80u) text.pop_back();
  if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xC0u) text.pop_back();
  return text + " …";
}

/// The catalog's meaning up to its first explanation: "Distribution id: debian, …" is "Distribution id".
std::string label_of(const Fact& fact) {
  const auto cut = fact.meaning.find_first_of(":;,(");
  return std::string(trim(fact.meaning.substr(0, cut)));
}

std::string value_text(const nlohmann::json& value, const Fact& fact) { return clipped(to_utf8(fact_text(value, fact.unit))); }

/// A list of objects as a table: only columns that some row fills, the most telling first as the catalog orders them.
View list_table(const Fact& list, const nlohmann::json& items) {
  const std::string prefix = std::string(list.path) + "[].";
  std::vector<const Fact*> columns;
  for (const auto& fact : catalog()) {
    if (fact.path.substr(0, prefix.size()) != prefix || columns.size() == kMostColumnsInList) continue;
    const std::string key(fact.path.substr(prefix.size()));
    if (std::any_of(items.begin(), items.end(), [&](const nlohmann::json& item) { return item.is_object() && item.contains(key) && !item[key].is_null(); })) columns.push_back(&fact);
  }
  View head = view_list(), body = view_list();
  for (const Fact* column : columns) {
    View cell;
    std::string key(column->path.substr(prefix.size()));
    std::replace(key.begin(), key.end(), '_', ' ');
    for (const std::string_view suffix : {" bytes", " mbps", " gts", " watts", " percent", " celsius"})
      if (key.size() > suffix.size() && key.compare(key.size() - suffix.size(), suffix.size(), suffix) == 0) key.resize(key.size() - suffix.size());
    cell["column"] = View(capitalised(std::move(key)));
    head.push_back(cell);
  }
  std::size_t shown = 0;
  for (const auto& item : items) {
    if (shown++ == kMostRowsInList) break;
    View cells = view_list();
    for (const Fact* column : columns) {
      const std::string key(column->path.substr(prefix.size()));
      View cell;
      cell["cell"] = View(item.is_object() && item.contains(key) ? value_text(item[key], *column) : std::string("–"));
      cells.push_back(cell);
    }
    View row;
    row["cells"] = std::move(cells);
    body.push_back(row);
  }
  View table;
  table["head"] = std::move(head);
  table["lines"] = std::move(body);
  std::string title(list.path.substr(list.path.rfind('.') + 1));
  std::replace(title.begin(), title.end(), '_', ' ');
  table["table_title"] = View(capitalised(std::move(title)));
  table["table_path"] = View(std::string(list.path));
  table["table_count"] = View(say_count("count.entries", items.size()));
  table["more_lines"] = maybe(items.size() > kMostRowsInList ? say_count("more.in_scan", items.size() - kMostRowsInList) : "");
  return table;
}

std::string section_title(std::string_view section) {
  const std::string key = "section." + std::string(section);
  if (phrases().find(key) != nullptr) return say(key);
  std::string title(section);
  std::replace(title.begin(), title.end(), '_', ' ');
  return capitalised(std::move(title));
}

std::string milliseconds(double number, int decimals) { return say("unit.milliseconds", {{"number", decimal_text(number, decimals)}}); }

View section_view(std::string_view section, const nlohmann::json& facts, const nlohmann::json& recorded) {
  View rows = view_list(), tables = view_list(), missing = view_list();
  std::size_t row_count = 0, table_count = 0, missing_count = 0;
  const std::string prefix = std::string(section) + ".";
  for (const auto& fact : catalog()) {
    if (fact.path.substr(0, prefix.size()) != prefix || contains(fact.path, "[].")) continue;
    const nlohmann::json* value = fact_at(facts, fact.path);
    if (value == nullptr || value->is_null()) continue;
    if (fact.type == FactType::object_list && value->is_array()) {
      if (value->empty()) continue;
      tables.push_back(list_table(fact, *value));
      ++table_count;
      continue;
    }
    View row;
    row["label"] = View(label_of(fact));
    row["path"] = View(std::string(fact.path));
    row["value"] = View(value_text(*value, fact));
    rows.push_back(row);
    ++row_count;
  }
  if (recorded.is_object() && recorded.contains("missing") && recorded["missing"].is_object())
    for (const auto& [path, why] : recorded["missing"].items()) {
      View row;
      const Fact* fact = find_fact(path);
      row["missing_label"] = View(fact != nullptr ? label_of(*fact) : path);
      row["missing_path"] = View(path);
      row["why"] = View(why.is_string() ? clipped(why.get<std::string>()) : say("evidence.not_said"));
      missing.push_back(row);
      ++missing_count;
    }
  View view;
  view["section_id"] = View(std::string(section));
  view["section_title"] = View(section_title(section));
  view["fact_rows"] = std::move(rows);
  view["has_rows"] = View(row_count > 0);
  view["tables"] = std::move(tables);
  view["missing"] = std::move(missing);
  view["has_missing"] = View(missing_count > 0);
  view["missing_count"] = View(say_count("host.facts_missing", missing_count));
  view["fact_count"] = View(say_count("count.facts", row_count + table_count));
  view["failed"] = View(recorded.is_object() && recorded.value("status", "") == "failed");
  view["empty"] = View(row_count + table_count + missing_count == 0);
  return view;
}

/// What the scan cost its host: the agent's own figures and each probe's time.
void add_cost(View& view, const nlohmann::json& document) {
  const nlohmann::json agent = document.value("agent", nlohmann::json::object());
  const auto number = [&](const char* key) { return agent.contains(key) && agent[key].is_number() ? agent[key].get<double>() : 0.0; };
  view["cost_cpu"] = View(milliseconds(number("cpu_ms"), 1));
  view["cost_took"] = View(milliseconds(number("took_ms"), 1));
  view["cost_memory"] = View(bytes_text(number("peak_memory_bytes")));
  view["agent_version"] = View(agent.contains("version") && agent["version"].is_string() ? agent["version"].get<std::string>() : say("fact.unknown"));
  view["unprivileged"] = View(agent.contains("privileged") && agent["privileged"].is_boolean() && !agent["privileged"].get<bool>());
  std::vector<std::pair<double, std::string>> probes;
  if (document.contains("sections") && document["sections"].is_object())
    for (const auto& [name, section] : document["sections"].items())
      if (section.is_object() && section.contains("took_ms") && section["took_ms"].is_number()) probes.emplace_back(-section["took_ms"].get<double>(), name);
  std::sort(probes.begin(), probes.end());
  View rows = view_list();
  for (const auto& [took, name] : probes) {
    View row;
    row["probe"] = View(name);
    row["probe_ms"] = View(milliseconds(-took, 2));
    rows.push_back(row);
  }
  view["probes"] = std::move(rows);
  view["has_probes"] = View(!probes.empty());
}

View verdict_rows(const ReportInput& input, std::size_t host, Verdict verdict, const HostEvidence& evidence_of_host) {
  View rows = view_list();
  const auto& verdicts = input.assessment->hosts[host].judgement.verdicts;
  const ToldByOthers told = told_by_others(*input.rules, input.assessment->hosts[host].judgement);
  std::vector<std::size_t> rules;
  for (std::size_t rule = 0; rule < verdicts.size() && rule < input.rules->rules.size(); ++rule)
    if (verdicts[rule] == verdict && !input.rules->rules[rule].fleet && (verdict != Verdict::fail || told.count(rule) == 0)) rules.push_back(rule);
  std::stable_sort(rules.begin(), rules.end(), [&](std::size_t a, std::size_t b) { return weight_of(input.rules->rules[a].severity) > weight_of(input.rules->rules[b].severity); });
  for (const std::size_t rule : rules) {
    const Rule& about = input.rules->rules[rule];
    const Word word = verdict_word(verdict), severity = severity_word(about.severity);
    View row;
    row["rule_id"] = View(about.id);
    row["rule_title"] = View(about.title);
    row["severity"] = View(std::string(severity.text));
    row["severity_css"] = View(std::string(severity.css));
    row["word"] = View(std::string(word.text));
    row["word_css"] = View(std::string(word.css));
    row["also_seen"] = maybe(verdict == Verdict::fail ? also_seen_text(input, told_by(told, rule)) : "");
    row["incident"] = maybe(verdict == Verdict::fail ? leading_incident(input, rule) : "");
    row["accepted_by"] = maybe(verdict == Verdict::waived ? acceptance_of(input, rule, host) : "");
    const Evidence evidence = evidence_of_host.of(rule);
    if (verdict == Verdict::not_applicable) {
      const std::string& reason = evidence.not_applicable.empty() ? evidence.observed : evidence.not_applicable;  // facts that are gone say so
      row["observed"] = View(reason.empty() ? std::string("–") : clipped(reason));
      row["expected"] = View(about.when ? about.when->text() : std::string("–"));
    } else {
      std::string observed = evidence.observed;
      if (verdict == Verdict::unknown && !evidence.missing.empty()) observed = say("evidence.not_read", {{"facts", join(evidence.missing, ", ")}});
      if (verdict == Verdict::unknown && evidence.missing.empty() && !evidence.problem.empty()) observed = evidence.problem;
      row["observed"] = View(observed.empty() ? std::string("–") : clipped(observed));
      row["expected"] = View(evidence.expected.empty() ? about.expected : evidence.expected);
    }
    rows.push_back(row);
  }
  return rows;
}

void add_verdicts(View& view, const ReportInput& input, std::size_t host) {
  const std::pair<const char*, Verdict> groups[] = {{"fails", Verdict::fail}, {"unknowns", Verdict::unknown}, {"waivers", Verdict::waived}, {"passes", Verdict::pass}, {"not_applicables", Verdict::not_applicable}};
  const HostEvidence evidence(input, host);
  for (const auto& [name, verdict] : groups) {
    View rows = verdict_rows(input, host, verdict, evidence);
    const std::size_t count = rows.list_value().size();
    view["has_" + std::string(name)] = View(count > 0);
    view[std::string(name) + "_count"] = View(std::to_string(count));
    view[name] = std::move(rows);
  }
}

}  // namespace

HostScore host_score(const ReportInput& input, std::size_t host) {
  if (input.host_score) return input.host_score(host);
  const Score score = score_of_host(*input.rules, input.assessment->hosts[host]);
  return {score.value, score.lower, score.upper};
}

std::string page_hosts(const ReportInput& input, const PageContext& context) {
  static constexpr std::string_view kSorts[] = {"name", "score", "findings", "age"};
  std::string sort = "name";
  for (const std::string_view id : kSorts)
    if (asked(context, "sort") == id) sort = id;
  const auto order = ordered_hosts(input, sort);
  const std::size_t pages = std::max<std::size_t>(1, (order.size() + kHostsOnPage - 1) / kHostsOnPage);
  const std::size_t page = std::clamp<std::size_t>(parse_u64(asked(context, "page")).value_or(1), 1, pages);
  View rows = view_list();
  for (std::size_t at = (page - 1) * kHostsOnPage; at < order.size() && at < page * kHostsOnPage; ++at) rows.push_back(host_row(input, order[at]));
  View view;
  view["rows"] = std::move(rows);
  view["any"] = View(!order.empty());
  view["count"] = View(capitalised(host_count(input)));
  for (const std::string_view id : kSorts) {
    View column;
    column["href"] = View("/hosts?sort=" + std::string(id));
    column["sorted"] = View(std::string(sort != id ? "none" : id == "findings" ? "descending" : "ascending"));
    view["by_" + std::string(id)] = std::move(column);
  }
  view["many_pages"] = View(pages > 1);
  view["page_text"] = View(say("hosts.page", {{"page", std::to_string(page)}, {"pages", std::to_string(pages)}}));
  view["previous"] = maybe(page > 1 ? "/hosts?sort=" + sort + "&page=" + std::to_string(page - 1) : "");
  view["next_page"] = maybe(page < pages ? "/hosts?sort=" + sort + "&page=" + std::to_string(page + 1) : "");
  return render_page("hosts.html", say("nav.hosts"), std::move(view), input, context);
}

std::optional<std::string> page_host(const ReportInput& input, const PageContext& context, std::string_view host_id, const std::optional<std::string>& scan_document_json) {
  const auto& hosts = input.assessment->hosts;
  const auto found = std::find_if(hosts.begin(), hosts.end(), [&](const AssessedHost& host) { return host.id == host_id; });
  if (found == hosts.end()) return std::nullopt;
  const auto at = static_cast<std::size_t>(found - hosts.begin());
  const Result<nlohmann::json> document = scan_document_json ? parse_json(*scan_document_json) : Result<nlohmann::json>(nlohmann::json::object());
  const nlohmann::json recorded = document && document->is_object() ? *document : nlohmann::json::object();
  const nlohmann::json sections_recorded = recorded.value("sections", nlohmann::json::object());
  nlohmann::json facts = nlohmann::json::object();
  if (const nlohmann::json* derived = input.facts ? input.facts(at) : nullptr) {
    facts = *derived;
  } else if (sections_recorded.is_object()) {
    for (const auto& [name, section] : sections_recorded.items())
      if (section.is_object() && section.contains("data")) facts[name] = section["data"];
  }
  View view = host_row(input, at);
  const Score score = score_of_host(*input.rules, *found);
  view["taken_at"] = View(say("host.taken", {{"date", date_text(found->taken_at)}, {"time", to_iso8601(found->taken_at).substr(11, 5)}}));
  view["known"] = View(percent(score.checks_known));
  view["kernel"] = maybe(text_at(&facts, "os.kernel_release"));
  view["product"] = maybe(text_at(&facts, "host.product"));
  view["cpu"] = maybe(text_at(&facts, "cpu.model"));
  const nlohmann::json* memory = fact_at(facts, "memory.total_bytes");
  view["memory"] = maybe(memory != nullptr ? fact_text(*memory, "bytes") : "");
  const nlohmann::json* threads = fact_at(facts, "cpu.threads");
  view["threads"] = maybe(threads != nullptr && threads->is_number_integer() ? say_count("count.threads", threads->get<std::size_t>()) : "");
  const nlohmann::json* roles = fact_at(facts, "roles.names");
  view["roles"] = maybe(roles != nullptr && roles->is_array() && !roles->empty() ? fact_text(*roles, {}) : "");
  view["has_document"] = View(scan_document_json.has_value() && recorded.contains("sections"));
  add_verdicts(view, input, at);
  add_cost(view, recorded);
  View list = view_list();
  for (const std::string_view section : sections()) {
    const std::string name(section);
    const nlohmann::json one = sections_recorded.is_object() && sections_recorded.contains(name) ? sections_recorded[name] : nlohmann::json();
    list.push_back(section_view(section, facts, one));
  }
  view["sections"] = std::move(list);
  return render_page("host.html", host_title(*found), std::move(view), input, context);
}

}  // namespace plumbline
