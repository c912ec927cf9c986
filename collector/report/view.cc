// SPDX-License-Identifier: Apache-2.0
// What templates are filled with, and what every page says alike.
#include "collector/report/view.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <nlohmann/json.hpp>
#include <tuple>

#include "base/hash.h"
#include "base/text.h"
#include "base/time.h"
#include "collector/report/chart.h"
#include "collector/report/page_template.h"
#include "collector/report/templates.h"
#include "rules/catalogue.h"
#include "rules/shown_evidence.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostNamesInSentence = 3;

/// The hash a content security policy allows the style by; standard base64 as the policy wants it.
std::string style_hash() {
  std::string text = base64url(sha256(style_sheet()));
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  while (text.size() % 4 != 0) text += '=';
  return text;
}

const nlohmann::json* facts_of_host(const ReportInput& input, std::size_t host) {
  return input.facts ? input.facts(host) : nullptr;
}

bool is_plain_number(std::string_view text) {
  return !text.empty() && text.size() <= 12 && parse_double(text).has_value();
}

std::vector<std::string> host_names(const ReportInput& input, const std::vector<std::size_t>& hosts) {
  std::vector<std::string> names;
  for (const std::size_t host : hosts) {
    if (names.size() > kMostNamesInSentence) {
      names.resize(hosts.size(), {});  // counted, never shown
      break;
    }
    names.push_back(host_title(input.assessment->hosts[host]));
  }
  return names;
}

View navigation(const PageContext& context) {
  static constexpr std::pair<std::string_view, std::string_view> kPages[] = {
      {"/", "nav.overview"}, {"/workloads", "nav.workloads"}, {"/findings", "nav.findings"}, {"/roadmap", "nav.roadmap"}, {"/what-if", "nav.what_if"}, {"/outlook", "nav.outlook"}, {"/organisation", "nav.organisation"}, {"/ai", "nav.ai"}, {"/hosts", "nav.hosts"}, {"/reports", "nav.reports"}};
  View pages = view_list();
  for (const auto& [href, label] : kPages) {
    View page;
    page["href"] = View(std::string(href));
    page["label"] = View(say(label));
    const bool current = href == "/" ? context.path == "/" : context.path.rfind(href, 0) == 0;
    page["current"] = View(current);
    pages.push_back(page);
  }
  return pages;
}

View notice_rows(const std::vector<Notice>& notices) {
  View rows = view_list();
  for (const Notice& notice : notices) {
    View row;
    row["notice_title"] = View(notice.title);
    row["notice_text"] = maybe(notice.text);
    row["notice_css"] = View(std::string(notice.trouble ? "trouble" : "news"));
    row["notice_lines"] = maybe(join(notice.lines, "\n"));
    rows.push_back(row);
  }
  return rows;
}

std::string organisation_of(const ReportInput& input) {
  return input.organisation.empty() ? say("page.this_company") : input.organisation;
}

}  // namespace

std::string_view style_sheet() {
  for (const auto& file : template_files())
    if (file.name == "style.css") return file.text;
  return {};
}

View view_list() { return View(View::type::list); }
void put_text(View& view, const char* name, std::string text) { view[name] = View(std::move(text)); }
void put_truth(View& view, const char* name, bool truth) { view[name] = View(truth); }
void put_list(View& view, const std::string& name, View rows) {
  view["has_" + name] = View(!rows.list_value().empty());
  view[name] = std::move(rows);
}
View maybe(std::string text) { return text.empty() ? View(false) : View(std::move(text)); }

std::string render_page(std::string_view template_name, std::string_view title, View view, const ReportInput& input, const PageContext& context) {
  view["page_title"] = View(std::string(title));
  view["organisation"] = View(organisation_of(input));
  view["navigation"] = navigation(context);
  view["user"] = maybe(context.user);
  view["role"] = View(context.role);
  view["csrf"] = View(context.csrf);
  view["in_site"] = View(true);
  view["notices"] = notice_rows(context.notices);
  const Score& score = input.assessment->score;
  const std::string nobody = input.hosts_waiting > 0 ? say_count("page.waiting", input.hosts_waiting) : say("page.nobody");
  const std::string whose = input.organisation.empty() ? std::string() : input.organisation + " · ";
  view["status_line"] = View(score.hosts == 0 ? whose + nobody
                                              : whose + say("page.status", {{"hosts", host_count(input)}, {"age", age_text(input.now - score.newest_scan)}, {"rules", input.rules->version}}));
  return fill_template("layout.html", template_name, view);
}

std::string render_file(std::string_view template_name, std::string_view title, View view) {
  view["page_title"] = View(std::string(title));
  view["in_site"] = View(false);
  view["style"] = View(std::string(style_sheet()));
  view["style_hash"] = View(style_hash());
  return fill_template("file.html", template_name, view);
}

std::string render_bare(std::string_view template_name, std::string_view title, View view) {
  view["page_title"] = View(std::string(title));
  return fill_template("bare.html", template_name, view);
}

HostEvidence::HostEvidence(const ReportInput& input, std::size_t host) : input_(input), host_(host) {
  if (input.document) {
    const auto scan = input.document(host);
    const auto read = scan ? reader_.read_scan(*scan) : Result<cel::Document*>(tl::unexpected(scan.error()));
    if (read) {
      document_ = *read;
      derive_facts(*document_, input.rules->catalogue, input.assessment->hosts[host].taken_at);
      return;
    }
  }
  if (const nlohmann::json* facts = facts_of_host(input, host))
    if (const auto read = reader_.read_facts(*facts)) document_ = *read;
}

Evidence HostEvidence::of(std::size_t rule) const {
  if (document_ != nullptr) return explain(input_.rules->rules[rule], *document_);
  Evidence gone;
  gone.verdict = input_.assessment->hosts[host_].judgement.verdicts[rule];
  gone.observed = say("evidence.gone");
  gone.expected = input_.rules->rules[rule].expected;
  return gone;
}

Evidence evidence_on(const ReportInput& input, std::size_t rule, std::size_t host) { return HostEvidence(input, host).of(rule); }

Evidence evidence_on_fleet(const ReportInput& input, std::size_t rule) {
  return explain_fleet(*input.rules, input.rules->rules[rule], input.assessment->measures);
}

std::string finding_sentence(const ReportInput& input, std::size_t rule, Altitude altitude) {
  const Rule& found = input.rules->rules[rule];
  const RuleResult& result = input.assessment->rules[rule];
  const std::string& wording = altitude == Altitude::it ? found.fail.it : altitude == Altitude::cio ? found.fail.cio : found.fail.ceo;
  if (wording.empty()) return found.title;
  Slots slots;
  slots["failing"] = grouped(result.tally.fail);
  slots["applicable"] = grouped(result.tally.applicable());
  slots["expected"] = found.expected;
  if (contains(wording, "{observed}")) {
    std::string observed;
    if (found.fleet) observed = evidence_on_fleet(input, rule).observed;
    else if (!result.failing.empty()) observed = evidence_on(input, rule, result.failing.front()).observed;
    if (altitude == Altitude::ceo && !is_plain_number(observed)) observed = say("evidence.seen");
    slots["observed"] = std::move(observed);
  }
  if (altitude == Altitude::ceo) {
    slots["hosts"] = say_count("count.machines", result.failing.size());
    slots["host"] = say_count("count.a_machine", result.failing.size());
  } else {
    const auto names = host_names(input, result.failing);
    slots["hosts"] = listed(names, kMostNamesInSentence);
    slots["host"] = names.size() == 1 ? names[0] : say_count("count.hosts", result.failing.size());
  }
  return fill_slots(wording, slots);
}

std::size_t leading_rule(const ReportInput& input, const Action& action) {
  std::size_t best = action.rules.empty() ? 0 : action.rules.front();
  for (const std::size_t rule : action.rules) {
    const auto weight = [&](std::size_t at) { return std::pair(input.assessment->rules[at].gain, weight_of(input.rules->rules[at].severity)); };
    if (weight(rule) > weight(best)) best = rule;
  }
  return best;
}

std::string action_title(const ReportInput& input, const Action& action) {
  const Rule& rule = input.rules->rules[leading_rule(input, action)];
  const std::string text = first_sentence(rule.fix.text);
  return text.empty() ? rule.title : text;
}

Word verdict_word(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass: return {say("verdict.pass"), "ok"};
    case Verdict::fail: return {say("verdict.fail"), "bad"};
    case Verdict::unknown: return {say("verdict.unknown"), "unknown"};
    case Verdict::waived: return {say("verdict.waived"), "wait"};
    case Verdict::not_applicable: break;
  }
  return {say("verdict.not_applicable"), "soft"};
}

Word severity_word(Severity severity) {
  switch (severity) {
    case Severity::critical: return {say("severity.critical"), "sev-critical"};
    case Severity::high: return {say("severity.high"), "sev-high"};
    case Severity::medium: return {say("severity.medium"), "sev-medium"};
    case Severity::low: break;
  }
  return {say("severity.low"), "sev-low"};
}

View finding_row(const ReportInput& input, std::size_t rule) {
  const Rule& found = input.rules->rules[rule];
  const RuleResult& result = input.assessment->rules[rule];
  const Word severity = severity_word(found.severity);
  View row;
  row["id"] = View(found.id);
  row["title"] = View(found.title);
  row["severity"] = View(severity.text);
  row["severity_css"] = View(std::string(severity.css));
  row["pillar"] = View(pillar_text(found.pillar));
  row["failing"] = View(found.fleet ? say("where.fleet_alone") : std::to_string(result.tally.fail));
  row["applicable"] = View(std::to_string(result.tally.applicable()));
  row["scope"] = View(found.fleet ? say("where.fleet") : say_count("where.hosts", static_cast<std::size_t>(result.tally.applicable()), {{"failing", grouped(result.tally.fail)}}));
  row["unknown_count"] = maybe(result.tally.unknown > 0 ? say("finding.unknown", {{"count", grouped(result.tally.unknown)}}) : "");
  row["waived_count"] = maybe(result.tally.waived > 0 ? say("finding.accepted", {{"count", grouped(result.tally.waived)}, {"points", points_text(result.accepted)}}) : "");
  row["fails"] = View(result.tally.fail > 0);
  row["also_seen"] = maybe(also_seen_text(input, result.also_seen_as));
  row["effort"] = View(effort_text(found.fix.effort_days * (found.fix.once || found.fleet ? 1.0 : std::max(1, result.tally.fail))));
  row["cost"] = View(cost_text(found.fix.cost));
  row["owner"] = View(found.fix.owner.empty() ? say("owner.none") : found.fix.owner);
  row["gain"] = View(gain_text(result.gain));
  row["contribution"] = View(points_text(result.contribution));
  return row;
}

std::string also_seen_text(const ReportInput& input, const std::vector<std::size_t>& rules) {
  std::vector<std::string> titles;
  for (const std::size_t rule : rules) titles.push_back(input.rules->rules[rule].title);
  return titles.empty() ? std::string() : say("finding.also_seen", {{"titles", join(titles, "; ")}});
}

std::vector<std::size_t> holding_gates(const ReportInput& input) {
  std::vector<std::size_t> gates;
  for (const auto& gate : input.assessment->gates)
    if (gate.shut && input.rules->gates[gate.gate].level < input.assessment->score.level_without_gates) gates.push_back(gate.gate);
  std::stable_sort(gates.begin(), gates.end(), [&](std::size_t a, std::size_t b) { return input.rules->gates[a].level < input.rules->gates[b].level; });
  return gates;
}

std::string host_title(const AssessedHost& host) {
  return host.name.empty() ? say("host.unnamed", {{"id", host.id.substr(0, 8)}}) : host.name;
}

std::string host_count(const ReportInput& input) { return say_count("count.hosts", static_cast<std::size_t>(input.assessment->score.hosts)); }

std::string family_title(std::string_view family) {
  const std::string key = "family." + std::string(family);
  return phrases().find(key) != nullptr ? say(key) : std::string(family);
}

View fix_view(const Rule& rule, bool open) {
  View fix;
  fix["text"] = View(rule.fix.text);
  fix["effort"] = View(effort_text(rule.fix.effort_days));
  fix["per"] = View(say(rule.fix.once || rule.fleet ? "effort.once" : "effort.per_host"));
  fix["cost"] = View(cost_text(rule.fix.cost));
  fix["owner"] = View(rule.fix.owner.empty() ? say("owner.none") : rule.fix.owner);
  View blocks = view_list();
  std::vector<std::string> order;
  for (const auto& [family, commands] : rule.fix.commands) order.insert(family == "any" ? order.begin() : order.end(), family);
  for (const auto& family : order) {
    View block;
    block["family"] = View(family_title(family));
    block["commands"] = View(join(rule.fix.commands.at(family), "\n"));
    block["open"] = View(open);
    blocks.push_back(block);
  }
  fix["blocks"] = std::move(blocks);
  fix["has_blocks"] = View(!order.empty());
  return fix;
}

View named_evidence_rows(const ReportInput& input, std::size_t rule, std::optional<std::size_t> host) {
  View rows = view_list();
  const Rule& about = input.rules->rules[rule];
  const nlohmann::json* facts = host && !about.evidence.empty() ? facts_of_host(input, *host) : nullptr;
  if (host && !facts) return rows;
  for (const ShownEvidence& one : host ? named_evidence(about, *facts) : named_evidence(*input.rules, about, input.assessment->measures)) {
    View row;
    row["evidence_name"] = View(one.name);
    row["evidence_value"] = View(one.value);
    rows.push_back(row);
  }
  return rows;
}

View reference_rows(const Rule& rule) {
  View rows = view_list();
  for (const auto& reference : rule.references) {
    View row;
    row["reference"] = View(reference);
    row["link"] = View(reference.rfind("https://", 0) == 0);
    rows.push_back(row);
  }
  return rows;
}

}  // namespace plumbline
