// SPDX-License-Identifier: Apache-2.0
// The CIO report: every sentence with a link to its evidence, which stands in the same file.
#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "base/time.h"
#include "collector/report/ai_in_use.h"
#include "collector/report/estate.h"
#include "collector/report/evidence_list.h"
#include "collector/report/reports.h"
#include "collector/report/trend.h"
#include "rules/questionnaire.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostEvidenceHosts = 20;
constexpr std::size_t kMostDates = 10;
constexpr std::size_t kMostCauses = 4;
constexpr std::int64_t kDay = 86'400;

View workload_group(const ReportInput& input, std::initializer_list<WorkloadState> states) {
  View rows = view_list();
  for (const auto* workload : workloads_in_order(input))
    if (std::find(states.begin(), states.end(), workload->pilot) != states.end()) rows.push_back(workload_row(input, *workload));
  return rows;
}

View roadmap_rows(const ReportInput& input) {
  static constexpr struct { int phase; std::string_view title; std::int64_t days; } kPhases[] = {{1, "phase.1", 30}, {2, "phase.2", 90}, {3, "phase.3", 180}};
  View phases = view_list();
  for (const auto& phase : kPhases) {
    View actions = view_list();
    double days = 0;
    Tenths gain = 0;
    for (const auto& action : input.assessment->actions) {
      if (action.phase != phase.phase) continue;
      actions.push_back(action_row(input, action));
      days += action.effort_days;
      gain += action.gain;
    }
    View row;
    put_text(row, "phase_title", say(phase.title));
    put_text(row, "phase_due", date_text(input.assessment->as_of + phase.days * kDay));
    put_text(row, "phase_sum", say_count("phase.sum", actions.list_value().size(), {{"effort", effort_text(days)}, {"gain", gain_text(gain)}}));
    put_list(row, "phase_actions", std::move(actions));
    phases.push_back(row);
  }
  return phases;
}

/// Who owns a finding: whoever owns the action that mends it.
std::string owner_of_finding(const ReportInput& input, std::size_t rule) {
  for (const Action& action : input.assessment->actions)
    if (std::find(action.rules.begin(), action.rules.end(), rule) != action.rules.end()) return owner_of(input, action);
  const std::string& owner = input.rules->rules[rule].fix.owner;
  return owner.empty() ? say("owner.none") : owner;
}

View risk_rows(const ReportInput& input) {
  View rows = view_list();
  for (const std::size_t rule : input.assessment->findings)
    if (input.rules->rules[rule].severity >= Severity::high) {
      View row = finding_row(input, rule);
      put_text(row, "owner", owner_of_finding(input, rule));
      put_text(row, "sentence", with_full_stop(finding_sentence(input, rule, Altitude::cio)));
      rows.push_back(row);
    }
  return rows;
}

// ---- what time alone does

std::size_t ready_count(const Assessment& assessment) {
  return static_cast<std::size_t>(std::count_if(assessment.workloads.begin(), assessment.workloads.end(), [](const WorkloadResult& w) { return w.pilot == WorkloadState::ready; }));
}

View moment_row(const std::string& when, const Assessment& assessment, const std::optional<Tenths>& now) {
  View row;
  const Score& score = assessment.score;
  put_text(row, "moment", when);
  put_text(row, "moment_score", score.value ? points_text(*score.value) : std::string("–"));
  const int change = score.value && now ? *score.value - *now : 0;
  put_text(row, "moment_change", change == 0 ? std::string("–") : (change > 0 ? "+" : "−") + points_text(std::abs(change)));
  put_text(row, "moment_level", level_text(score.level));
  put_text(row, "moment_ready", grouped(static_cast<std::int64_t>(ready_count(assessment))));
  return row;
}

/// What ends on a day: by rule, the hosts it turns on and the points it costs.
struct DateCost {
  std::int64_t day = 0;
  double points = 0;
  std::size_t hosts = 0;
  std::vector<std::size_t> rules;
  std::vector<std::string> causes;
};

std::string cause_text(const ClockCause& cause) {
  if (cause.product == "certificate") return say("ahead.certificate");
  const std::string what = cause.cycle.empty() ? cause.version : cause.cycle;
  return what.empty() ? cause.product : say("ahead.product", {{"product", cause.product}, {"version", what}});
}

std::vector<DateCost> costly_dates(const Clock& clock) {
  std::map<std::int64_t, DateCost> by_day;
  std::map<std::int64_t, std::set<std::size_t>> hosts;
  for (const ClockTurn& turn : clock.turns) {
    if (turn.day < clock.from || turn.points > -0.005) continue;
    DateCost& cost = by_day[turn.day];
    cost.day = turn.day;
    cost.points += turn.points;
    if (turn.host) hosts[turn.day].insert(*turn.host);
    if (std::find(cost.rules.begin(), cost.rules.end(), turn.rule) == cost.rules.end()) cost.rules.push_back(turn.rule);
    for (const ClockCause& cause : turn.causes)
      if (const std::string text = cause_text(cause); std::find(cost.causes.begin(), cost.causes.end(), text) == cost.causes.end()) cost.causes.push_back(text);
  }
  std::vector<DateCost> all;
  for (auto& [day, cost] : by_day) {
    cost.hosts = hosts[day].size();
    all.push_back(cost);
  }
  std::stable_sort(all.begin(), all.end(), [](const DateCost& a, const DateCost& b) { return a.points < b.points; });
  if (all.size() > kMostDates) all.resize(kMostDates);
  std::sort(all.begin(), all.end(), [](const DateCost& a, const DateCost& b) { return a.day < b.day; });
  return all;
}

void put_outlook(View& view, const ReportInput& input) {
  put_truth(view, "has_outlook", input.outlook != nullptr);
  put_list(view, "moments", view_list());
  put_list(view, "dates", view_list());
  if (!input.outlook) return;
  const Clock& clock = *input.outlook;
  const auto& now = clock.now.score.value;
  View moments = view_list(), dates = view_list();
  moments.push_back(moment_row(say("ahead.now"), clock.now, now));
  for (const ClockMoment& moment : clock.moments) moments.push_back(moment_row(date_text(moment.day), moment.assessment, now));
  for (const DateCost& cost : costly_dates(clock)) {
    View row;
    put_text(row, "date_day", date_text(cost.day));
    const std::string& lead = input.rules->rules[cost.rules.front()].title;
    put_text(row, "date_what", cost.causes.empty() ? lead : listed(cost.causes, kMostCauses));
    put_text(row, "date_rule", input.rules->rules[cost.rules.front()].title);
    put_text(row, "date_hosts", cost.hosts == 0 ? say("where.fleet_alone") : grouped(static_cast<std::int64_t>(cost.hosts)));
    put_text(row, "date_points", "−" + decimal_text(-cost.points, 1));
    dates.push_back(row);
  }
  put_list(view, "moments", std::move(moments));
  put_list(view, "dates", std::move(dates));
  view["undated"] = maybe(clock.undated.empty() ? "" : say_count("ahead.undated", clock.undated.size()));
}

// ---- what the company says of itself

void put_organisation(View& view, const ReportInput& input) {
  View rows = view_list();
  if (input.decisions)
    for (const Answer& answer : input.decisions->answers) {
      View row;
      const Question* question = input.questionnaire ? find_question(*input.questionnaire, answer.question) : nullptr;
      put_text(row, "question_id", answer.question);
      put_text(row, "question", question == nullptr ? answer.question : question->text);
      put_text(row, "answer", say("answer." + std::to_string(std::clamp(answer.value, 0, 4))));
      row["answer_evidence"] = maybe(answer.evidence);
      row["answer_owner"] = maybe(answer.owner);
      row["answer_date"] = maybe(answer.answered_at > 0 ? date_text(answer.answered_at) : "");
      rows.push_back(row);
    }
  put_list(view, "answers", std::move(rows));
  put_text(view, "attested", self_report_of(input).sentence);
}

// ---- summary: each sentence with where its figures come from

class Summary {
 public:
  void add(std::string text, std::string_view anchor, std::string_view label) {
    View row;
    put_text(row, "say", std::move(text));
    put_text(row, "say_href", "#" + std::string(anchor));
    put_text(row, "say_link", say(label));
    rows_.push_back(row);
  }
  View rows() { return std::move(rows_); }

 private:
  View rows_ = view_list();
};

std::string level_sentence(const ReportInput& input) {
  const Score& score = input.assessment->score;
  const auto gates = holding_gates(input);
  if (gates.empty()) return say("summary.level_free", {{"level", level_text(score.level)}, {"number", std::to_string(score.level)}});
  return say_count("summary.level_held", gates.size(), {{"level", level_text(score.level)}, {"free", level_text(score.level_without_gates)}});
}

std::string findings_sentence(const ReportInput& input) {
  std::size_t critical = 0, high = 0;
  for (const std::size_t rule : input.assessment->findings) {
    critical += input.rules->rules[rule].severity == Severity::critical ? 1u : 0u;
    high += input.rules->rules[rule].severity == Severity::high ? 1u : 0u;
  }
  return capitalised(say_count("summary.findings", input.assessment->findings.size(), {{"critical", grouped(static_cast<std::int64_t>(critical))}, {"high", grouped(static_cast<std::int64_t>(high))}}));
}

std::string work_sentence(const ReportInput& input) {
  double days = 0;
  std::size_t owned = 0;
  for (const auto& action : input.assessment->actions) {
    days += action.effort_days;
    owned += input.decisions && std::any_of(input.decisions->plan.begin(), input.decisions->plan.end(), [&](const PlanItem& item) { return item.action == action.id && !item.owner.empty(); }) ? 1u : 0u;
  }
  std::string text = say_count("summary.work", input.assessment->actions.size(), {{"effort", effort_text(days)}});
  if (input.decisions && !input.assessment->actions.empty()) text += " " + say_count("summary.owned", owned);
  return text;
}

View summary_rows(const ReportInput& input) {
  const Score& score = input.assessment->score;
  Summary summary;
  if (!score.value) {
    summary.add(say("summary.nothing"), "unknown", "link.unknown");
    return summary.rows();
  }
  summary.add(say("summary.score", {{"hosts", host_count(input)}, {"score", points_text(*score.value)}, {"lower", whole_points(score.lower)}, {"upper", whole_points_up(score.upper)}, {"known", percent(score.checks_known)}}), "pillars", "link.pillars");
  if (const Movement movement = movement_of(input, "board"); !movement.text.empty()) summary.add(with_full_stop(movement.text), "trend", "link.trend");
  summary.add(level_sentence(input), "gates", "link.gates");
  if (!input.assessment->workloads.empty()) summary.add(workloads_sentence(input), "workloads", "link.workloads");
  summary.add(findings_sentence(input), "evidence", "link.evidence");
  if (!input.assessment->actions.empty()) summary.add(work_sentence(input), "roadmap", "link.roadmap");
  if (const std::string in_use = ai_sentence(survey_ai(input).totals); !in_use.empty()) summary.add(in_use, "ai", "link.ai");
  if (input.outlook)
    for (const ClockMoment& moment : input.outlook->moments)
      if (moment.assessment.score.value && &moment == &input.outlook->moments.back())
        summary.add(say("summary.outlook", {{"date", date_text(moment.day)}, {"score", points_text(*moment.assessment.score.value)}}), "outlook", "link.outlook");
  return summary.rows();
}

View pack_rows(const ReportInput& input) {
  View rows = view_list();
  for (const auto& pack : input.rules->packs) {
    View row;
    put_text(row, "pack_title", pack.title.empty() ? pack.id : pack.title);
    put_text(row, "pack_version", pack.version);
    const auto date = parse_date(pack.date);
    put_text(row, "pack_date", date ? date_text(*date) : pack.date);
    put_text(row, "pack_licence", pack.licence);
    const auto rules = std::count_if(input.rules->rules.begin(), input.rules->rules.end(), [&](const Rule& rule) { return rule.pack == pack.id; });
    put_text(row, "pack_rules", std::to_string(rules));
    rows.push_back(row);
  }
  return rows;
}

}  // namespace

void put_method(View& view, const ReportInput& input) {
  put_text(view, "organisation_name", input.organisation.empty() ? say("page.this_company") : input.organisation);
  put_text(view, "date", date_text(input.assessment->as_of > 0 ? input.assessment->as_of : input.now));
  put_text(view, "rules_version", input.rules->version);
  put_text(view, "rules_hash", input.rules->hash.substr(0, 16));
  const auto rules_date = parse_date(input.rules->date), catalogue_date = parse_date(input.rules->catalogue.date);
  put_text(view, "rules_date", rules_date ? date_text(*rules_date) : input.rules->date);
  const std::string& catalogue = input.rules->catalogue.date;
  put_text(view, "catalogue_date", catalogue_date ? date_text(*catalogue_date) : catalogue.empty() ? say("fact.unknown") : catalogue);
  constexpr std::int64_t kOldDays = 90;
  const auto old = [&](const std::optional<std::int64_t>& date) { return date && input.assessment->as_of - *date > kOldDays * kDay; };
  view["old_rules"] = maybe(old(rules_date) ? say("method.old_rules", {{"days", std::to_string((input.assessment->as_of - *rules_date) / kDay)}}) : "");
  view["old_catalogue"] = maybe(old(catalogue_date) ? say("method.old_catalogue", {{"days", std::to_string((input.assessment->as_of - *catalogue_date) / kDay)}}) : "");
}

View cio_view(const ReportInput& input) {
  View view;
  put_method(view, input);
  view["score"] = score_view(input);
  view["pillars"] = pillar_rows(input);
  put_text(view, "total", input.assessment->score.value ? points_text(*input.assessment->score.value) : std::string("–"));
  put_list(view, "gates", gate_rows(input));
  view["coverage"] = coverage_view(input);
  view["summary"] = summary_rows(input);
  view["packs"] = pack_rows(input);
  put_list(view, "ready", workload_group(input, {WorkloadState::ready}));
  put_list(view, "after", workload_group(input, {WorkloadState::after_changes}));
  put_list(view, "not_ready", workload_group(input, {WorkloadState::not_ready, WorkloadState::unknown}));
  put_list(view, "stranded", stranded_rows(input));
  put_list(view, "money", money_rows(input));
  view["phases"] = roadmap_rows(input);
  put_outlook(view, input);
  view["month"] = trend_view(input);
  put_inventory(view, input);
  put_list(view, "risks", risk_rows(input));
  put_list(view, "accepted", accepted_rows(input, std::nullopt));
  put_organisation(view, input);
  put_list(view, "evidence", evidence_list(input, kMostEvidenceHosts, Altitude::cio));
  return view;
}

}  // namespace plumbline
