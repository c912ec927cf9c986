// SPDX-License-Identifier: Apache-2.0
// The list of findings with filters and order, and the page of one finding.
#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "base/time.h"
#include "collector/report/ai_pages.h"
#include "collector/report/view.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostHostsOnPage = 200;

/// What the reader asked for; every value is one of ours, so nothing of the address is shown again.
struct Filter {
  std::string pillar, severity, state = "fail", sort = "severity";
};

constexpr Pillar kPillars[] = {Pillar::accelerators, Pillar::data, Pillar::security, Pillar::compute, Pillar::storage_network, Pillar::platform};
constexpr Severity kSeverities[] = {Severity::critical, Severity::high, Severity::medium, Severity::low};
constexpr std::string_view kStates[] = {"fail", "unknown", "waived", "pass", "all"};
constexpr std::string_view kSorts[] = {"severity", "gain", "hosts", "effort", "pillar", "title"};

std::string asked(const PageContext& context, const char* key) {
  const auto found = context.query.find(key);
  return found == context.query.end() ? std::string() : found->second;
}

Filter read_filter(const PageContext& context) {
  Filter filter;
  for (const Pillar pillar : kPillars)
    if (asked(context, "pillar") == to_text(pillar)) filter.pillar = to_text(pillar);
  for (const Severity severity : kSeverities)
    if (asked(context, "severity") == to_text(severity)) filter.severity = to_text(severity);
  for (const std::string_view id : kStates)
    if (asked(context, "state") == id) filter.state = id;
  for (const std::string_view id : kSorts)
    if (asked(context, "sort") == id) filter.sort = id;
  return filter;
}

std::string query_of(const Filter& filter) {
  std::string text = "?state=" + filter.state + "&sort=" + filter.sort;
  if (!filter.pillar.empty()) text += "&pillar=" + filter.pillar;
  if (!filter.severity.empty()) text += "&severity=" + filter.severity;
  return text;
}

bool wanted(const ReportInput& input, std::size_t rule, const Filter& filter) {
  const Rule& about = input.rules->rules[rule];
  const Tally& tally = input.assessment->rules[rule].tally;
  if (!filter.pillar.empty() && filter.pillar != to_text(about.pillar)) return false;
  if (!filter.severity.empty() && filter.severity != to_text(about.severity)) return false;
  if (filter.state == "fail") return input.assessment->rules[rule].is_finding();
  if (filter.state == "unknown") return tally.unknown > 0;
  if (filter.state == "waived") return tally.waived > 0;
  if (filter.state == "pass") return tally.pass > 0 && tally.fail == 0 && tally.unknown == 0;
  return true;
}

double total_effort(const ReportInput& input, std::size_t rule) {
  const Rule& about = input.rules->rules[rule];
  return about.fix.effort_days * (about.fix.once ? 1 : std::max(1, input.assessment->rules[rule].tally.fail));
}

std::vector<std::size_t> chosen_rules(const ReportInput& input, const Filter& filter) {
  std::vector<std::size_t> rules;
  std::set<std::size_t> listed_already;
  for (const std::size_t rule : input.assessment->findings)
    if (wanted(input, rule, filter) && listed_already.insert(rule).second) rules.push_back(rule);
  for (std::size_t rule = 0; rule < input.assessment->rules.size(); ++rule)
    if (wanted(input, rule, filter) && listed_already.insert(rule).second) rules.push_back(rule);
  const auto by = [&](auto key) { std::stable_sort(rules.begin(), rules.end(), [&](std::size_t a, std::size_t b) { return key(a) < key(b); }); };
  const auto& of = input.rules->rules;
  if (filter.sort == "severity") by([&](std::size_t r) { return -weight_of(of[r].severity); });
  if (filter.sort == "gain") by([&](std::size_t r) { return -input.assessment->rules[r].gain; });
  if (filter.sort == "hosts") by([&](std::size_t r) { return -input.assessment->rules[r].tally.fail; });
  if (filter.sort == "effort") by([&](std::size_t r) { return total_effort(input, r); });
  if (filter.sort == "pillar") by([&](std::size_t r) { return static_cast<int>(of[r].pillar); });
  if (filter.sort == "title") by([&](std::size_t r) { return of[r].title; });
  return rules;
}

View option(std::string_view id, std::string_view title, bool selected) {
  View row;
  row["option_id"] = View(std::string(id));
  row["option_title"] = View(std::string(title));
  row["selected"] = View(selected);
  return row;
}

View filter_view(const Filter& filter) {
  View view;
  View pillars = view_list(), severities = view_list(), states = view_list(), sorts = view_list();
  for (const Pillar pillar : kPillars) pillars.push_back(option(to_text(pillar), pillar_text(pillar), filter.pillar == to_text(pillar)));
  for (const Severity severity : kSeverities) severities.push_back(option(to_text(severity), severity_word(severity).text, filter.severity == to_text(severity)));
  for (const std::string_view id : kStates) states.push_back(option(id, say("filter.state_" + std::string(id)), filter.state == id));
  for (const std::string_view id : kSorts) sorts.push_back(option(id, say("filter.sort_" + std::string(id)), filter.sort == id));
  view["pillars"] = std::move(pillars);
  view["severities"] = std::move(severities);
  view["states"] = std::move(states);
  view["sorts"] = std::move(sorts);
  for (const std::string_view id : kSorts) {
    Filter other = filter;
    other.sort = id;
    View column;
    column["href"] = View("/findings" + query_of(other));
    column["sorted"] = View(std::string(filter.sort == id ? (id == "title" || id == "effort" || id == "pillar" ? "ascending" : "descending") : "none"));
    view["by_" + std::string(id)] = std::move(column);
  }
  return view;
}

View host_evidence(const ReportInput& input, std::size_t rule, std::size_t host) {
  const AssessedHost& about = input.assessment->hosts[host];
  const Evidence evidence = evidence_on(input, rule, host);
  View row;
  row["host_id"] = View(about.id);
  row["host_name"] = View(host_title(about));
  row["observed"] = View(evidence.observed.empty() ? std::string("–") : evidence.observed);
  row["expected"] = View(evidence.expected);
  row["age"] = View(age_text(input.now - about.taken_at));
  std::string missing = evidence.missing.empty() ? evidence.problem : join(evidence.missing, ", ");
  row["missing"] = View(missing.empty() ? say("evidence.not_said") : std::move(missing));
  Slots slots{{"host", host_title(about)}, {"observed", evidence.observed}, {"expected", evidence.expected}, {"hosts", host_title(about)}, {"failing", "1"}, {"applicable", "1"}};
  row["named"] = named_evidence_rows(input, rule, host);
  return row;
}

View evidence_rows(const ReportInput& input, std::size_t rule, const std::vector<std::size_t>& hosts) {
  View rows = view_list();
  for (std::size_t at = 0; at < hosts.size() && at < kMostHostsOnPage; ++at) rows.push_back(host_evidence(input, rule, hosts[at]));
  return rows;
}

View rule_links(const ReportInput& input, const std::vector<std::size_t>& rules) {
  View rows = view_list();
  for (const std::size_t rule : rules) {
    View row;
    put_text(row, "same_id", input.rules->rules[rule].id);
    put_text(row, "same_title", input.rules->rules[rule].title);
    row["same_gain"] = View(gain_text(input.assessment->rules[rule].gain));
    rows.push_back(row);
  }
  return rows;
}

std::string more_hosts(std::size_t hosts) {
  return hosts > kMostHostsOnPage ? say_count("more.hosts_in_csv", hosts - kMostHostsOnPage) : "";
}

}  // namespace

std::string page_findings(const ReportInput& input, const PageContext& context) {
  const Filter filter = read_filter(context);
  const auto rules = chosen_rules(input, filter);
  View rows = view_list();
  Tenths sum = 0;
  for (const std::size_t rule : rules) {
    rows.push_back(finding_row(input, rule));
    sum += input.assessment->rules[rule].contribution;
  }
  View view;
  view["rows"] = std::move(rows);
  view["any"] = View(!rules.empty());
  view["filter"] = filter_view(filter);
  view["count"] = View(capitalised(say_count("findings.shown", rules.size())));
  View disabled = view_list();
  for (const DisabledRule& rule : input.rules->disabled) {
    View row;
    row["off_title"] = View(rule.title);
    row["off_id"] = View(rule.id);
    row["off_reason"] = View(rule.reason);
    disabled.push_back(row);
  }
  view["disabled"] = std::move(disabled);
  view["has_disabled"] = View(!input.rules->disabled.empty());
  view["show_contribution"] = View(filter.state == "all" || filter.state == "pass");
  view["contribution_sum"] = View(points_text(sum));
  view["whole_sum"] = View(filter.state == "all" && filter.pillar.empty() && filter.severity.empty());
  return render_page("findings.html", say("nav.findings"), std::move(view), input, context);
}

std::optional<std::string> page_finding(const ReportInput& input, const PageContext& context, std::string_view rule_id) {
  const auto& all = input.rules->rules;
  const auto found = std::find_if(all.begin(), all.end(), [&](const Rule& rule) { return rule.id == rule_id; });
  if (found == all.end()) return std::nullopt;
  const auto rule = static_cast<std::size_t>(found - all.begin());
  const RuleResult& result = input.assessment->rules[rule];
  View view = finding_row(input, rule);
  view["why"] = View(found->why);
  view["same_cause"] = rule_links(input, result.also_seen_as);
  view["has_same_cause"] = View(!result.also_seen_as.empty());
  view["told_under"] = rule_links(input, result.told_under);
  view["has_told_under"] = View(!result.told_under.empty());
  view["told_elsewhere"] = maybe(result.told_elsewhere.empty() ? "" : say_count("finding.told_elsewhere", result.told_elsewhere.size(), {{"failing", grouped(result.tally.fail)}}));
  view["failing_now"] = View(result.tally.fail > 0);
  view["sentence_it"] = maybe(result.tally.fail > 0 ? finding_sentence(input, rule, Altitude::it) : "");
  view["sentence_cio"] = maybe(result.tally.fail > 0 ? finding_sentence(input, rule, Altitude::cio) : "");
  view["sentence_ceo"] = maybe(result.tally.fail > 0 ? finding_sentence(input, rule, Altitude::ceo) : "");
  view["fix"] = fix_view(*found, true);
  View incidents = view_list();
  for (const Incident* one : incidents_of(*input.rules, *found)) incidents.push_back(incident_view(*one));
  put_list(view, "incidents", std::move(incidents));
  view["references"] = reference_rows(*found);
  view["has_references"] = View(!found->references.empty());
  view["tags"] = maybe(join(found->tags, ", "));
  view["pack"] = View(found->pack);
  view["expected_text"] = View(found->expected);
  view["condition"] = maybe(found->check ? found->check->text() : "");
  view["applies_when"] = maybe(found->when ? found->when->text() : "");
  view["site_changes"] = maybe(join(found->site_changes, "; "));
  view["risks"] = accepted_rows(input, rule);
  view["has_risks"] = View(!view["risks"].list_value().empty());
  view["is_fleet"] = View(found->fleet);
  const Tally& tally = result.tally;
  view["tally_pass"] = View(std::to_string(tally.pass));
  view["tally_fail"] = View(std::to_string(tally.fail));
  view["tally_unknown"] = View(std::to_string(tally.unknown));
  view["tally_na"] = View(std::to_string(tally.not_applicable));
  view["tally_waived"] = View(std::to_string(tally.waived));
  if (found->fleet) {
    const Evidence evidence = evidence_on_fleet(input, rule);
    view["fleet_named"] = named_evidence_rows(input, rule, std::nullopt);
    view["fleet_observed"] = View(evidence.observed.empty() ? std::string("–") : evidence.observed);
    const Word word = verdict_word(tally.fail > 0 ? Verdict::fail : tally.waived > 0 ? Verdict::waived : tally.pass > 0 ? Verdict::pass : Verdict::unknown);
    view["fleet_word"] = View(std::string(word.text));
    view["fleet_css"] = View(std::string(word.css));
  }
  view["affected"] = evidence_rows(input, rule, result.failing);
  view["has_affected"] = View(!result.failing.empty());
  view["more_affected"] = maybe(more_hosts(result.failing.size()));
  view["unread"] = evidence_rows(input, rule, result.unknown);
  view["has_unread"] = View(!result.unknown.empty());
  view["more_unread"] = maybe(more_hosts(result.unknown.size()));
  return render_page("finding.html", found->title, std::move(view), input, context);
}

}  // namespace plumbline
