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
#include "rules/shown_evidence.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostNamesInSentence = 3;
constexpr std::int64_t kStaleSeconds = 26 * 3600;  // agents report every hour; a day and two hours is silence

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
      {"/", "nav.overview"}, {"/workloads", "nav.workloads"}, {"/findings", "nav.findings"}, {"/hosts", "nav.hosts"}, {"/reports", "nav.reports"}};
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
  return input.organisation.empty() ? "This company" : input.organisation;
}

}  // namespace

std::string_view style_sheet() {
  for (const auto& file : template_files())
    if (file.name == "style.css") return file.text;
  return {};
}

View view_list() { return View(View::type::list); }
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
  const std::string nobody = input.hosts_waiting > 0 ? count_of(input.hosts_waiting, "host") + " waiting to be judged" : std::string("no host has reported yet");
  const std::string whose = input.organisation.empty() ? std::string() : input.organisation + " · ";
  view["status_line"] = View(score.hosts == 0 ? whose + nobody
                                              : whose + host_count(input) + " · newest " + age(std::max<std::int64_t>(0, input.now - score.newest_scan)) + " · rules " + input.rules->version);
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
  if (const nlohmann::json* facts = facts_of_host(input, host)) facts_.emplace(*facts);
}

Evidence HostEvidence::of(std::size_t rule) const {
  if (facts_) return explain(input_.rules->rules[rule], facts_->document());
  Evidence gone;
  gone.verdict = input_.assessment->hosts[host_].judgement.verdicts[rule];
  gone.observed = "no longer kept";
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
    if (altitude == Altitude::ceo && !is_plain_number(observed)) observed = "what we saw";
    slots["observed"] = std::move(observed);
  }
  if (altitude == Altitude::ceo) {
    slots["hosts"] = count_of(result.failing.size(), "machine");
    slots["host"] = result.failing.size() == 1 ? "one machine" : count_of(result.failing.size(), "machine");
  } else {
    const auto names = host_names(input, result.failing);
    slots["hosts"] = listed(names, kMostNamesInSentence);
    slots["host"] = names.size() == 1 ? names[0] : count_of(result.failing.size(), "host");
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
    case Verdict::pass: return {"Pass", "ok"};
    case Verdict::fail: return {"Fail", "bad"};
    case Verdict::unknown: return {"Unknown", "unknown"};
    case Verdict::waived: return {"Accepted", "wait"};
    case Verdict::not_applicable: break;
  }
  return {"Not applicable", "soft"};
}

Word severity_word(Severity severity) {
  switch (severity) {
    case Severity::critical: return {"Critical", "sev-critical"};
    case Severity::high: return {"High", "sev-high"};
    case Severity::medium: return {"Medium", "sev-medium"};
    case Severity::low: break;
  }
  return {"Low", "sev-low"};
}

Word state_word(const WorkloadResult& workload, std::string& text) {
  switch (workload.pilot) {
    case WorkloadState::ready:
      text = workload.production == WorkloadState::ready ? "Ready" : "Ready for a pilot";
      return {text, "ok"};
    case WorkloadState::after_changes:
      text = "After " + count_of(static_cast<std::size_t>(std::max(workload.changes, 1)), "change");
      return {text, "wait"};
    case WorkloadState::not_ready: text = "Not here"; return {text, "bad"};
    case WorkloadState::unknown: break;
  }
  text = "Unknown";
  return {text, "unknown"};
}

View finding_row(const ReportInput& input, std::size_t rule) {
  const Rule& found = input.rules->rules[rule];
  const RuleResult& result = input.assessment->rules[rule];
  const Word severity = severity_word(found.severity);
  View row;
  row["id"] = View(found.id);
  row["title"] = View(found.title);
  row["severity"] = View(std::string(severity.text));
  row["severity_css"] = View(std::string(severity.css));
  row["pillar"] = View(std::string(title_of(found.pillar)));
  row["failing"] = View(found.fleet ? std::string("fleet") : std::to_string(result.tally.fail));
  row["applicable"] = View(std::to_string(result.tally.applicable()));
  row["scope"] = View(found.fleet ? std::string("the fleet") : std::to_string(result.tally.fail) + " of " + count_of(static_cast<std::size_t>(result.tally.applicable()), "host"));
  row["unknown_count"] = maybe(result.tally.unknown > 0 ? std::to_string(result.tally.unknown) + " unknown" : "");
  row["waived_count"] = maybe(result.tally.waived > 0 ? std::to_string(result.tally.waived) + " accepted, " + show_points(result.accepted) + " points" : "");
  row["fails"] = View(result.tally.fail > 0);
  row["effort"] = View(effort_text(found.fix.effort_days * (found.fix.once || found.fleet ? 1.0 : std::max(1, result.tally.fail))));
  row["cost"] = View(std::string(describe(found.fix.cost)));
  row["owner"] = View(found.fix.owner.empty() ? "not named" : found.fix.owner);
  row["gain"] = View(gain_text(result.gain));
  row["contribution"] = View(show_points(result.contribution));
  return row;
}

View action_row(const ReportInput& input, const Action& action) {
  const std::size_t lead = leading_rule(input, action);
  View row;
  row["id"] = View(input.rules->rules[lead].id);
  row["title"] = View(capitalised(action_title(input, action)));
  row["sentence"] = maybe(finding_sentence(input, lead, Altitude::cio));
  row["hosts"] = View(action.hosts.empty() ? std::string("fleet") : std::to_string(action.hosts.size()));
  row["hosts_text"] = View(action.hosts.empty() ? std::string("the fleet") : count_of(action.hosts.size(), "host"));
  row["effort"] = View(effort_text(action.effort_days));
  row["cost"] = View(std::string(describe(action.cost)));
  row["owner"] = View(action.owner.empty() ? "not named" : action.owner);
  row["gain"] = View(gain_text(action.gain));
  std::vector<std::string> opens;
  for (const std::size_t gate : action.opens_gates) opens.push_back(input.rules->gates[gate].title);
  row["opens"] = maybe(opens.empty() ? "" : "Opens the gate: " + listed(opens, 2));
  row["done_when"] = View(count_of(action.rules.size(), "check") + (action.rules.size() == 1 ? " passes" : " pass") + (action.hosts.empty() ? std::string(" for the fleet") : " on " + count_of(action.hosts.size(), "host")));
  std::vector<std::string> unlocks;
  for (const auto& workload : input.assessment->workloads)
    for (const std::size_t rule : workload.blocking_rules)
      if (std::find(action.rules.begin(), action.rules.end(), rule) != action.rules.end()) {
        unlocks.push_back(input.rules->workloads[workload.workload].title);
        break;
      }
  row["unlocks"] = maybe(unlocks.empty() ? "" : "Clears the way for " + listed(unlocks, 3));
  return row;
}

View workload_row(const ReportInput& input, const WorkloadResult& result) {
  const Workload& workload = input.rules->workloads[result.workload];
  std::string text;
  const Word state = state_word(result, text);
  View row;
  row["id"] = View(workload.id);
  row["title"] = View(workload.title);
  row["outcome"] = View(workload.outcome);
  row["state"] = View(text);
  row["state_css"] = View(std::string(state.css));
  row["kpis"] = maybe(listed(workload.kpis, 4));
  row["decision"] = maybe(workload.decision);
  row["threshold"] = maybe(workload.threshold);
  row["effort"] = View(effort_text(result.effort_days));
  row["cost"] = View(std::string(describe(result.cost)));
  row["has_changes"] = View(result.pilot == WorkloadState::after_changes);
  std::string production = result.production == WorkloadState::ready ? "ready" : result.production == WorkloadState::after_changes ? "after changes" : result.production == WorkloadState::unknown ? "unknown" : "not ready";
  row["production"] = View(std::move(production));
  View hosts = view_list();
  std::vector<std::string> names;
  for (std::size_t at = 0; at < result.hosts.size() && at < 5; ++at) {
    View host;
    host["name"] = View(host_title(input.assessment->hosts[result.hosts[at]]));
    host["host_id"] = View(input.assessment->hosts[result.hosts[at]].id);
    hosts.push_back(host);
  }
  row["hosts"] = std::move(hosts);
  row["more_hosts"] = maybe(result.hosts.size() > 5 ? "and " + std::to_string(result.hosts.size() - 5) + " more" : "");
  row["hosts_label"] = View(std::string(result.pilot == WorkloadState::ready ? "Can run on" : "Nearest"));
  row["has_hosts"] = View(!result.hosts.empty());
  std::vector<std::string> unmet, unread;
  const auto requirement_rows = [&](const std::vector<RequirementResult>& results) {
    View rows = view_list();
    for (const auto& requirement : results) {
      const Word word = verdict_word(requirement.verdict);
      View one;
      one["text"] = View(capitalised(requirement.requirement->text));
      one["word"] = View(std::string(requirement.verdict == Verdict::pass ? "Met" : requirement.verdict == Verdict::unknown ? "Unknown" : "Not met"));
      one["word_css"] = View(std::string(word.css));
      one["observed"] = maybe(requirement.observed);
      const bool change = requirement.verdict == Verdict::fail;
      one["change"] = maybe(change ? effort_text(requirement.requirement->effort_days) + ", " + std::string(describe(requirement.requirement->cost)) : "");
      rows.push_back(one);
    }
    return rows;
  };
  for (const auto& requirement : result.minimum) {
    if (requirement.verdict == Verdict::fail) unmet.push_back(requirement.requirement->text);
    if (requirement.verdict == Verdict::unknown) unread.push_back(requirement.requirement->text);
  }
  row["minimum"] = requirement_rows(result.minimum);
  row["recommended"] = requirement_rows(result.recommended);
  row["has_recommended"] = View(!result.recommended.empty());
  View blocking = view_list();
  for (const std::size_t rule : result.blocking_rules) {
    View one;
    one["rule_id"] = View(input.rules->rules[rule].id);
    one["rule_title"] = View(input.rules->rules[rule].title);
    blocking.push_back(one);
  }
  row["blocking"] = std::move(blocking);
  row["has_blocking"] = View(!result.blocking_rules.empty());
  std::string because, because_first;
  if (result.pilot == WorkloadState::ready) {
    because = because_first = count_of(result.hosts.size(), "host") + " can carry it";
  } else {
    std::vector<std::string> parts;
    if (!unmet.empty()) parts.push_back("needs " + listed(unmet, 2));
    if (!result.blocking_rules.empty()) parts.push_back(count_of(result.blocking_rules.size(), "security check") + (result.blocking_rules.size() == 1 ? " fails" : " fail"));
    if (!unread.empty()) parts.push_back("could not be read: " + listed(unread, 2));
    because = join(parts, "; ");
    if (!parts.empty()) because_first = !unmet.empty() ? "needs " + unmet.front() : !unread.empty() && result.blocking_rules.empty() ? "could not be read: " + unread.front() : parts.front();
  }
  row["because"] = maybe(capitalised(because));
  row["because_first"] = maybe(capitalised(because_first));
  return row;
}

std::vector<std::size_t> holding_gates(const ReportInput& input) {
  std::vector<std::size_t> gates;
  for (const auto& gate : input.assessment->gates)
    if (gate.shut && input.rules->gates[gate.gate].level < input.assessment->score.level_without_gates) gates.push_back(gate.gate);
  std::stable_sort(gates.begin(), gates.end(), [&](std::size_t a, std::size_t b) { return input.rules->gates[a].level < input.rules->gates[b].level; });
  return gates;
}

std::string host_title(const AssessedHost& host) {
  return host.name.empty() ? "unnamed " + host.id.substr(0, 8) : host.name;
}

std::vector<const WorkloadResult*> workloads_in_order(const ReportInput& input) {
  std::vector<const WorkloadResult*> order;
  for (const auto& workload : input.assessment->workloads) order.push_back(&workload);
  const auto rank = [](const WorkloadResult* w) {
    const int state = w->pilot == WorkloadState::ready ? 0 : w->pilot == WorkloadState::after_changes ? 1 : w->pilot == WorkloadState::unknown ? 2 : 3;
    return std::tuple(state, w->changes, w->effort_days);
  };
  std::stable_sort(order.begin(), order.end(), [&](const auto* a, const auto* b) { return rank(a) < rank(b); });
  return order;
}

std::string host_count(const ReportInput& input) { return count_of(static_cast<std::size_t>(input.assessment->score.hosts), "host"); }

View gate_rows(const ReportInput& input) {
  View rows = view_list();
  for (const auto& gate : input.assessment->gates) {
    const Gate& about = input.rules->gates[gate.gate];
    View row;
    row["title"] = View(about.title);
    row["state"] = View(std::string(gate.shut ? "Shut" : gate.unknown ? "Unknown" : "Open"));
    row["state_css"] = View(std::string(gate.shut ? "bad" : gate.unknown ? "unknown" : "ok"));
    row["caps"] = View(std::string(level_title(about.level)));
    row["shut"] = View(gate.shut);
    View rules = view_list();
    for (const std::size_t rule : gate.failing_rules) {
      View one;
      one["rule_id"] = View(input.rules->rules[rule].id);
      one["rule_title"] = View(input.rules->rules[rule].title);
      one["rule_scope"] = View(input.rules->rules[rule].fleet ? std::string("the fleet") : count_of(static_cast<std::size_t>(input.assessment->rules[rule].tally.fail), "host"));
      rules.push_back(one);
    }
    row["rules"] = std::move(rules);
    rows.push_back(row);
  }
  return rows;
}

View score_view(const ReportInput& input) {
  const Score& score = input.assessment->score;
  View view;
  view["has_score"] = View(score.value.has_value());
  view["value"] = View(score.value ? show_points(*score.value) : std::string("–"));
  view["whole"] = View(score.value ? whole_points(*score.value) : std::string("–"));
  view["lower"] = View(whole_points(score.lower));
  view["upper"] = View(whole_points_up(score.upper));
  view["known"] = View(percent(score.checks_known));
  view["level"] = View(std::string(level_title(score.level)));
  view["level_number"] = View(std::to_string(score.level));
  view["level_free"] = View(std::string(level_title(score.level_without_gates)));
  const auto gates = holding_gates(input);
  view["held"] = View(!gates.empty());
  view["gate_count"] = View(gates.size() == 1 ? std::string("one gate") : small_number(gates.size()) + " gates");
  View list = view_list();
  for (const std::size_t gate : gates) {
    View one;
    one["gate_title"] = View(input.rules->gates[gate].title);
    const auto& failing = input.assessment->gates;
    const auto found = std::find_if(failing.begin(), failing.end(), [&](const GateResult& g) { return g.gate == gate; });
    one["gate_rule"] = maybe(found != failing.end() && !found->failing_rules.empty() ? input.rules->rules[found->failing_rules.front()].id : "");
    one["gate_caps"] = View(std::string(level_title(input.rules->gates[gate].level)));
    list.push_back(one);
  }
  view["holding"] = std::move(list);
  view["closed_word"] = View(std::string(gates.size() == 1 ? "Without it" : "Without them"));
  view["level_chart"] = View(level_chart(score));
  view["trend"] = maybe(trend_chart(input.history));
  return view;
}

View pillar_rows(const ReportInput& input) {
  View rows = view_list();
  for (const auto& pillar : input.assessment->score.pillars) {
    View row;
    row["title"] = View(std::string(title_of(pillar.pillar)));
    row["pillar_id"] = View(std::string(to_text(pillar.pillar)));
    row["value"] = View(out_of_hundred(pillar.value));
    row["measured"] = View(pillar.value.has_value());
    const bool ranged = pillar.value && pillar.lower && pillar.upper && std::lround(*pillar.lower) != std::lround(*pillar.upper);
    row["range"] = maybe(ranged ? out_of_hundred(pillar.lower) + " to " + out_of_hundred(pillar.upper) : "");
    row["share"] = View(pillar.value ? percent(pillar.share) : std::string("–"));
    row["points"] = View(pillar.value ? show_points(pillar.contribution) : std::string("–"));
    row["chart"] = View(bar_chart(title_of(pillar.pillar), pillar));
    std::size_t failing = 0;
    for (const auto& rule : input.assessment->rules)
      if (input.rules->rules[rule.rule].pillar == pillar.pillar && rule.tally.fail > 0) ++failing;
    row["findings"] = View(count_of(failing, "finding"));
    rows.push_back(row);
  }
  return rows;
}

View coverage_view(const ReportInput& input) {
  const Assessment& assessment = *input.assessment;
  std::size_t stale = 0, unknown_checks = 0, checks = 0;
  for (const auto& host : assessment.hosts)
    if (input.now - host.taken_at > kStaleSeconds) ++stale;
  std::vector<std::pair<int, std::size_t>> unread;  // count, rule
  for (std::size_t rule = 0; rule < assessment.rules.size(); ++rule) {
    const Tally& tally = assessment.rules[rule].tally;
    checks += static_cast<std::size_t>(tally.applicable());
    unknown_checks += static_cast<std::size_t>(tally.unknown);
    if (tally.unknown > 0) unread.emplace_back(-tally.unknown, rule);
  }
  std::sort(unread.begin(), unread.end());
  View view;
  view["hosts"] = View(host_count(input));
  view["checks"] = View(count_of(checks, "check"));
  view["unknown_checks"] = View(unknown_checks == 0 ? std::string("Every check could be judged.") : grouped(static_cast<std::int64_t>(unknown_checks)) + " of " + count_of(checks, "check") + " could not be judged: " + (unknown_checks == 1 ? "a fact was" : "facts were") + " not readable.");
  view["stale"] = maybe(stale > 0 ? count_of(stale, "host") + (stale == 1 ? " has" : " have") + " not reported for more than a day." : "");
  view["silent"] = maybe(input.hosts_without_scan > 0 ? count_of(input.hosts_without_scan, "enrolled host") + (input.hosts_without_scan == 1 ? " has" : " have") + " never reported." : "");
  view["oldest"] = maybe(assessment.hosts.size() > 1 && long_date(assessment.score.oldest_scan) != long_date(assessment.score.newest_scan) ? "The oldest scan is from " + long_date(assessment.score.oldest_scan) + "." : "");
  View rows = view_list();
  for (std::size_t at = 0; at < unread.size() && at < 5; ++at) {
    const Rule& rule = input.rules->rules[unread[at].second];
    View row;
    row["rule_id"] = View(rule.id);
    row["rule_title"] = View(rule.title);
    row["rule_scope"] = View(rule.fleet ? std::string("the fleet") : count_of(static_cast<std::size_t>(-unread[at].first), "host"));
    rows.push_back(row);
  }
  view["unread"] = std::move(rows);
  view["has_unread"] = View(!unread.empty());
  return view;
}

View change_view(const ReportInput& input) {
  View view;
  View won = view_list(), lost = view_list();
  std::size_t wins = 0, losses = 0;
  std::int64_t since = 0;
  for (const auto& host : input.before) since = std::max(since, host.taken_at);
  const auto changed = input.before.empty() ? std::vector<Change>{} : changes(*input.rules, input.before, input.assessment->hosts);
  for (const auto& change : changed) {
    const Rule& rule = input.rules->rules[change.rule];
    View row;
    row["rule_id"] = View(rule.id);
    if (change.newly_passing > 0) {
      ++wins;
      row["what"] = View(rule.title);
      row["where"] = View(rule.fleet ? std::string("fleet") : count_of(change.newly_passing, "host"));
      won.push_back(row);
    }
    if (change.newly_failing > 0) {
      View loss;
      ++losses;
      loss["rule_id"] = View(rule.id);
      loss["what"] = View(rule.title);
      loss["where"] = View(rule.fleet ? std::string("fleet") : count_of(change.newly_failing, "host"));
      lost.push_back(loss);
    }
  }
  view["won"] = std::move(won);
  view["lost"] = std::move(lost);
  view["has_won"] = View(wins > 0);
  view["has_lost"] = View(losses > 0);
  view["won_count"] = View(count_of(wins, "check"));
  view["lost_count"] = View(count_of(losses, "check"));
  view["first"] = View(input.before.empty());
  view["same"] = View(!input.before.empty() && wins == 0 && losses == 0);
  view["since"] = View(since > 0 ? long_date(since) : std::string());
  return view;
}

std::string family_title(std::string_view family) {
  static constexpr std::pair<std::string_view, std::string_view> kFamilies[] = {
      {"any", "Any distribution"}, {"debian", "Debian and Ubuntu"}, {"rhel", "Red Hat, Rocky, Alma, Oracle"}, {"suse", "SUSE and openSUSE"}, {"alpine", "Alpine"}, {"arch", "Arch"}};
  for (const auto& [id, title] : kFamilies)
    if (id == family) return std::string(title);
  return std::string(family);
}

View fix_view(const Rule& rule, bool open) {
  View fix;
  fix["text"] = View(rule.fix.text);
  fix["effort"] = View(effort_text(rule.fix.effort_days));
  fix["per"] = View(std::string(rule.fix.once || rule.fleet ? "once" : "a host"));
  fix["cost"] = View(std::string(describe(rule.fix.cost)));
  fix["owner"] = View(rule.fix.owner.empty() ? "not named" : rule.fix.owner);
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

View accepted_rows(const ReportInput& input, std::optional<std::size_t> rule) {
  View rows = view_list();
  for (const AcceptedRisk& risk : input.assessment->risks) {
    if (risk.state == RiskState::unused || (rule && risk.rule != *rule)) continue;
    const Waiver& waiver = input.rules->waivers[risk.waiver];
    const Rule& about = input.rules->rules[risk.rule];
    const bool active = risk.state == RiskState::active;
    const std::string last_day = long_date(waiver.ends - 1);
    View row;
    row["risk_rule"] = View(about.id);
    row["risk_title"] = View(about.title);
    row["risk_price"] = View(active ? "accepted risk: " + show_points(risk.points) + " points until " + last_day : "expired on " + last_day + ": it counts as open again");
    row["risk_css"] = View(std::string(active ? "wait" : "bad"));
    row["risk_hosts"] = View(about.fleet ? std::string("the fleet") : (waiver.hosts == "*" ? std::string("all hosts") : waiver.hosts) + ": " + count_of(risk.hosts.size(), "host"));
    row["risk_owner"] = View(waiver.owner);
    row["risk_reason"] = View(waiver.reason);
    rows.push_back(row);
  }
  return rows;
}

std::string acceptance_of(const ReportInput& input, std::size_t rule, std::size_t host) {
  for (const AcceptedRisk& risk : input.assessment->risks) {
    const bool here = risk.rule == rule && risk.state == RiskState::active && std::find(risk.hosts.begin(), risk.hosts.end(), host) != risk.hosts.end();
    if (!here) continue;
    const Waiver& waiver = input.rules->waivers[risk.waiver];
    return "accepted by " + waiver.owner + " until " + long_date(waiver.ends - 1) + ": " + waiver.reason;
  }
  return "";
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
