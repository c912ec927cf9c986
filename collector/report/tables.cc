// SPDX-License-Identifier: Apache-2.0
// The tables, each a list of columns and a row for each thing.
#include "collector/report/tables.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "base/time.h"
#include "collector/report/figures.h"
#include "collector/report/phrases.h"
#include "collector/report/view.h"
#include "rules/cause.h"
#include "rules/questionnaire.h"

namespace plumbline {
namespace {

constexpr std::size_t kMostNames = 20;  // of hosts in one cell
constexpr std::size_t kMostFindingRows = kMostWorkRows;

double points(Tenths tenths) { return tenths / 10.0; }

/// Columns from "sheet.<area>.<name>" of the catalogue, with their widths.
Table table_of(std::string_view sheet, std::string file, const std::vector<std::pair<std::string_view, double>>& columns) {
  Table table;
  table.name = say("sheet." + std::string(sheet));
  table.file = std::move(file);
  for (const auto& [name, width] : columns) table.columns.push_back({say("sheet.column." + std::string(name)), width});
  return table;
}

std::string names_of(const ReportInput& input, const std::vector<std::size_t>& hosts) {
  std::vector<std::string> names;
  for (const std::size_t host : hosts) names.push_back(host_title(input.assessment->hosts[host]));
  return listed(names, kMostNames);
}

std::string organisation_name(const ReportInput& input) { return input.organisation.empty() ? say("organisation.unnamed") : input.organisation; }

/// The columns that both lists of work have, in the order of work_cells().
std::vector<std::pair<std::string_view, double>> work_columns() {
  return {{"action", 40}, {"status", 12}, {"owner", 18}, {"due", 11}, {"severity", 10}, {"rule", 26}, {"check", 40}, {"observed", 32}, {"expected", 32},
          {"how", 50}, {"commands", 60}, {"commands_for", 14}, {"effort_days", 10}, {"cost", 16}, {"action_points", 10}, {"waits_for", 24}, {"done_when", 44}};
}

std::vector<Cell> work_cells(const ReportInput& input, const WorkList& list, const WorkRow& row) {
  const WorkAction& work = list.actions[row.action];
  const Action& action = input.assessment->actions[work.action];
  const Rule& rule = input.rules->rules[row.rule];
  return {work.title, status_text(work.status), work.owner, Cell::on(work.due_at), severity_word(rule.severity).text, rule.id, rule.title, row.observed, row.expected,
          rule.fix.text, join(row.commands, "\n"), row.commands.empty() ? std::string() : family_title(row.family), Cell::of(row.effort_days), cost_text(rule.fix.cost),
          Cell::of(points(action.gain)), join(work.waits_for, ", "), work.done_when};
}

void add_finding(Table& table, const ReportInput& input, std::size_t rule, const std::string& host, Verdict verdict, const Evidence& evidence,
                 const std::vector<std::size_t>& also = {}) {
  std::vector<std::string> same_cause;
  for (const std::size_t other : also) same_cause.push_back(input.rules->rules[other].id);
  const Rule& about = input.rules->rules[rule];
  std::string observed = evidence.observed;
  if (verdict == Verdict::unknown && !evidence.missing.empty()) observed = say("sheet.not_read", {{"facts", join(evidence.missing, ", ")}});
  table.rows.push_back({severity_word(about.severity).text, pillar_text(about.pillar), about.id, about.title, host, verdict_word(verdict).text, observed,
                        evidence.expected.empty() ? about.expected : evidence.expected, Cell::of(points(input.assessment->rules[rule].gain)), Cell::of(about.fix.effort_days),
                        cost_text(about.fix.cost), about.fix.owner, about.fix.text, join(about.references, "; "), join(same_cause, ", ")});
}

/// Rules that fail somewhere as reports order them, then those that only could not be read.
std::vector<std::size_t> told_rules(const Assessment& assessment) {
  std::vector<std::size_t> order(assessment.findings);
  for (std::size_t rule = 0; rule < assessment.rules.size(); ++rule)
    if (assessment.rules[rule].tally.fail == 0 && assessment.rules[rule].tally.unknown > 0) order.push_back(rule);
  return order;
}

/// A requirement that is not met, with what it takes.
std::string needs_of(const std::vector<NeededChange>& needed) {
  std::vector<std::string> parts;
  for (const NeededChange& change : needed) {
    const std::string what = change.requirement != nullptr ? change.requirement->text : change.action;
    parts.push_back(what + " (" + effort_text(change.effort_days) + ", " + cost_text(change.cost) + ")");
  }
  return join(parts, "; ");
}

void add_people(std::vector<Cell>& row, const std::optional<PeopleRange>& people) {
  const auto shown = people ? std::optional(shown_people(*people)) : std::nullopt;
  row.push_back(shown ? Cell::of(shown->low) : Cell());
  row.push_back(shown ? Cell::of(shown->high) : Cell());
}

void add_serving(std::vector<Cell>& row, const ReportInput& input, std::size_t workload) {
  const bool told = workload < input.assessment->serving.size() && input.assessment->serving[workload].asked;
  const WorkloadServing* serving = told ? &input.assessment->serving[workload] : nullptr;
  const ServingOption* best = serving != nullptr && serving->best ? &*serving->best : nullptr;
  add_people(row, serving != nullptr && serving->hosts > 0 ? std::optional(serving->fleet) : std::nullopt);
  add_people(row, best != nullptr ? std::optional(best->people) : std::nullopt);
  add_people(row, serving != nullptr && serving->best_free ? std::optional(serving->best_free->people) : std::nullopt);
  row.push_back(serving != nullptr && serving->people_wanted > 0 ? Cell::of(serving->people_wanted) : Cell());
  row.emplace_back(best != nullptr ? best->model_title : std::string());
  row.emplace_back(best == nullptr ? std::string() : best->card.empty() ? say("sheet.processor_alone") : std::to_string(best->cards * best->replicas) + " × " + best->card);
  row.emplace_back(best != nullptr ? host_title(input.assessment->hosts[best->host]) : std::string());
  row.emplace_back(serving != nullptr ? join(serving->assumptions, " ") : std::string());
}

/// Actions that people planned and no scan finds open any more.
void add_closed(Table& table, const ReportInput& input) {
  if (!input.decisions) return;
  for (const PlanItem& item : input.decisions->plan) {
    const auto open = std::any_of(input.assessment->actions.begin(), input.assessment->actions.end(), [&](const Action& action) { return action.id == item.action; });
    if (open) continue;
    table.rows.push_back({Cell(), Cell(), item.title.empty() ? item.action : item.title, item.action, status_text(item.status), item.owner, Cell::on(item.due_at), Cell(), Cell(), Cell(), Cell(),
                          Cell(), Cell(), Cell(), Cell(), item.kpi, item.note, Cell::on(item.done_at)});
  }
}

std::string phase_text(int phase) { return say("sheet.phase_" + std::to_string(std::clamp(phase, 1, 3))); }

std::string gates_of(const ReportInput& input, const std::vector<std::size_t>& gates) {
  std::vector<std::string> titles;
  for (const std::size_t gate : gates) titles.push_back(input.rules->gates[gate].title);
  return join(titles, "; ");
}

std::string cause_text(const ClockCause& cause) {
  std::string text = cause.product;
  if (!cause.version.empty()) text += " " + cause.version;
  if (!cause.cycle.empty() && cause.cycle != cause.version) text += " (" + cause.cycle + ")";
  return text;
}

void add_moment(Table& table, const ClockMoment& moment) {
  const Score& score = moment.assessment.score;
  table.rows.push_back({Cell::on(moment.day), say("sheet.outlook_moment"), score.value ? Cell::of(points(*score.value)) : Cell(), level_text(score.level)});
}

void add_turn(Table& table, const ReportInput& input, const ClockTurn& turn) {
  const Clock& clock = *input.outlook;
  std::vector<std::string> causes;
  std::optional<std::int64_t> ends;
  for (const ClockCause& cause : turn.causes) {
    causes.push_back(cause_text(cause));
    if (cause.ends && (!ends || *cause.ends < *ends)) ends = cause.ends;
  }
  table.rows.push_back({Cell::on(turn.day), say("sheet.outlook_turn"), Cell(), Cell(), input.rules->rules[turn.rule].id, input.rules->rules[turn.rule].title,
                        turn.host ? host_title(clock.now.hosts[*turn.host]) : say("work.fleet"), verdict_word(turn.was).text, verdict_word(turn.is).text, join(causes, "; "), Cell::on(ends), Cell::of(turn.points)});
}

}  // namespace

Table summary_table(const ReportInput& input) {
  Table table = table_of("summary", "summary", {{"figure", 34}, {"whose", 44}, {"shown", 30}, {"number", 12}, {"unit", 12}});
  table.rows.push_back({say("sheet.organisation_name"), Cell(), organisation_name(input)});
  table.rows.push_back({say("sheet.measured"), Cell(), Cell::on(input.assessment->as_of)});
  for (const Figure& figure : figures(input))
    table.rows.push_back({figure.name, figure.about, figure.text, Cell::of(figure.number), figure.unit});
  return table;
}

Table work_by_action_table(const ReportInput& input, const WorkList& list) {
  auto columns = work_columns();
  columns.insert(columns.begin() + 4, {"host", 20});
  Table table = table_of("work_by_action", "work-list", columns);
  for (const WorkRow& row : list.rows) {
    table.rows.push_back(work_cells(input, list, row));
    table.rows.back().insert(table.rows.back().begin() + 4, Cell(row.host_name));
  }
  table.left_out = list.left_out;
  return table;
}

Table work_by_host_table(const ReportInput& input, const WorkList& list) {
  auto columns = work_columns();
  columns.insert(columns.begin(), {"host", 20});
  Table table = table_of("work_by_host", "work-list-by-host", columns);
  for (const std::size_t at : list.by_host) {
    table.rows.push_back(work_cells(input, list, list.rows[at]));
    table.rows.back().insert(table.rows.back().begin(), Cell(list.rows[at].host_name));
  }
  table.left_out = list.left_out;
  return table;
}

Table findings_table(const ReportInput& input) {
  Table table = table_of("findings", "findings", {{"severity", 10}, {"pillar", 20}, {"rule", 26}, {"check", 44}, {"host", 22}, {"verdict", 10}, {"observed", 34}, {"expected", 34},
                                                  {"finding_points", 12}, {"effort_per_host", 10}, {"cost", 16}, {"owner", 18}, {"how", 60}, {"references", 40}, {"also_seen", 40}});
  const Assessment& assessment = *input.assessment;
  struct Spot { std::size_t at, host, row; };
  const std::vector<std::size_t> order = told_rules(assessment);
  std::vector<Spot> places;
  std::map<std::size_t, std::vector<std::pair<std::size_t, Verdict>>> by_host;
  for (std::size_t at = 0; at < order.size(); ++at) {
    const RuleResult& result = assessment.rules[order[at]];
    if (input.rules->rules[order[at]].fleet) {
      places.push_back({at, 0, table.rows.size()});
      add_finding(table, input, order[at], say("sheet.fleet"), result.tally.fail > 0 ? Verdict::fail : Verdict::unknown, evidence_on_fleet(input, order[at]));
    }
    for (const std::size_t host : result.failing) by_host[host].emplace_back(at, Verdict::fail);
    for (const std::size_t host : result.unknown) by_host[host].emplace_back(at, Verdict::unknown);
  }
  for (const auto& [host, found] : by_host) {
    if (table.rows.size() + found.size() > kMostFindingRows) {
      table.left_out += found.size();
      continue;
    }
    const HostEvidence evidence(input, host);
    const ToldByOthers told = told_by_others(*input.rules, assessment.hosts[host].judgement);
    for (const auto& [at, verdict] : found) {
      if (verdict == Verdict::fail && told.count(order[at]) > 0) continue;  // one row for one cause
      places.push_back({at, host, table.rows.size()});
      add_finding(table, input, order[at], host_title(assessment.hosts[host]), verdict, evidence.of(order[at]), told_by(told, order[at]));
    }
  }
  std::stable_sort(places.begin(), places.end(), [](const Spot& a, const Spot& b) { return std::pair(a.at, a.host) < std::pair(b.at, b.host); });
  std::vector<std::vector<Cell>> sorted;
  for (const Spot& place : places) sorted.push_back(std::move(table.rows[place.row]));
  table.rows = std::move(sorted);
  return table;
}

Table workloads_table(const ReportInput& input) {
  Table table = table_of("workloads", "workloads", {{"workload", 36}, {"state", 20}, {"production", 18}, {"changes", 10}, {"effort_days", 10}, {"cost", 16}, {"hosts", 30}, {"needs", 60},
                                                    {"people_low", 12}, {"people_high", 12}, {"people_best_low", 12}, {"people_best_high", 12}, {"people_free_low", 12}, {"people_free_high", 12}, {"people_wanted", 12},
                                                    {"model", 28}, {"cards", 28}, {"best_host", 20}, {"assumptions", 80}});
  for (const WorkloadResult* result : workloads_in_order(input)) {
    std::string state;
    state_word(*result, state);
    std::vector<Cell> row = {input.rules->workloads[result->workload].title, state, say("sheet.production_" + std::string(to_text(result->production))), Cell::of(result->changes),
                             Cell::of(result->effort_days), cost_text(result->cost), result->carried ? names_of(input, result->hosts) : std::string(), needs_of(result->needed)};
    add_serving(row, input, result->workload);
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table roadmap_table(const ReportInput& input, const WorkList& list) {
  Table table = table_of("roadmap", "roadmap", {{"place", 7}, {"phase", 14}, {"action", 44}, {"action_id", 26}, {"status", 12}, {"owner", 18}, {"due", 11}, {"action_points", 10}, {"effort_days", 10}, {"cost", 16},
                                                {"host_count", 8}, {"opens_gates", 30}, {"waits_for", 24}, {"unlocks", 30}, {"helps", 30}, {"kpi", 24}, {"note", 30}, {"done", 11}});
  for (std::size_t at = 0; at < list.actions.size(); ++at) {
    const WorkAction& work = list.actions[at];
    const Action& action = input.assessment->actions[work.action];
    table.rows.push_back({Cell::of(static_cast<double>(at + 1)), phase_text(action.phase), work.title, action.id, status_text(work.status), work.owner, Cell::on(work.due_at), Cell::of(points(action.gain)),
                          Cell::of(action.effort_days), cost_text(action.cost), Cell::of(static_cast<double>(action.hosts.size())), gates_of(input, action.opens_gates), join(work.waits_for, ", "),
                          join(work.unlocks, "; "), join(work.helps, "; "), work.kpi, work.note});
  }
  add_closed(table, input);
  return table;
}

Table risks_table(const ReportInput& input) {
  Table table = table_of("risks", "accepted-risks", {{"rule", 26}, {"check", 44}, {"risk_state", 12}, {"points", 10}, {"host_count", 8}, {"covers", 24}, {"owner", 20}, {"reason", 50}, {"until", 11}});
  constexpr std::int64_t kSecond = 1;
  for (const AcceptedRisk& risk : input.assessment->risks) {
    const Waiver& waiver = input.rules->waivers[risk.waiver];
    const Rule& rule = input.rules->rules[risk.rule];
    table.rows.push_back({rule.id, rule.title, say("sheet.risk_" + std::string(to_text(risk.state))), Cell::of(points(risk.points)), Cell::of(static_cast<double>(risk.hosts.size())), waiver.hosts, waiver.owner,
                          waiver.reason, Cell::on(waiver.ends - kSecond)});
  }
  return table;
}

Table outlook_table(const ReportInput& input) {
  Table table = table_of("outlook", "outlook", {{"day", 11}, {"what", 28}, {"score", 8}, {"level", 14}, {"rule", 26}, {"check", 40}, {"host", 20}, {"was", 10}, {"becomes", 10}, {"because", 40}, {"ends", 11}, {"points", 8}});
  if (!input.outlook) {
    table.rows.push_back({Cell(), say("sheet.outlook_none")});
    return table;
  }
  for (const ClockMoment& moment : input.outlook->moments) add_moment(table, moment);
  for (const ClockTurn& turn : input.outlook->turns) {
    if (table.rows.size() < kMostFindingRows) add_turn(table, input, turn);
    else ++table.left_out;
  }
  return table;
}

Table organisation_table(const ReportInput& input) {
  Table table = table_of("organisation", "organisation", {{"question", 12}, {"question_text", 60}, {"answer", 8}, {"answer_text", 16}, {"evidence", 60}, {"owner", 20}, {"answered_by", 18}, {"answered", 11}});
  if (!input.decisions || input.decisions->answers.empty()) {
    table.rows.push_back({Cell(), say("sheet.organisation_none")});
    return table;
  }
  for (const Answer& answer : input.decisions->answers) {
    const Question* question = input.questionnaire ? find_question(*input.questionnaire, answer.question) : nullptr;
    table.rows.push_back({answer.question, question != nullptr ? question->text : std::string(), Cell::of(answer.value), say("sheet.answer_" + std::to_string(std::clamp(answer.value, 0, 4))), answer.evidence, answer.owner, answer.answered_by, Cell::on(answer.answered_at)});
  }
  return table;
}

Table measures_table(const ReportInput& input) {
  Table table = table_of("measures", "measures", {{"measure", 34}, {"meaning", 50}, {"value", 14}, {"unit", 14}});
  for (std::size_t at = 0; at < input.assessment->measures.size(); ++at) {
    const Measure& measure = input.rules->measures[at];
    table.rows.push_back({measure.id, measure.title, Cell::of(input.assessment->measures[at]), measure.unit});
  }
  return table;
}

Table method_table(const ReportInput& input) {
  Table table = table_of("method", "method", {{"what", 34}, {"value", 80}});
  const RuleSet& rules = *input.rules;
  const Score& score = input.assessment->score;
  table.rows = {{say("sheet.rules_version"), rules.version}, {say("sheet.rules_date"), rules.date}, {say("sheet.rules_hash"), rules.hash}, {say("sheet.catalogue_date"), rules.catalogue.date},
                {say("sheet.oldest_scan"), Cell::on(score.oldest_scan)}, {say("sheet.newest_scan"), Cell::on(score.newest_scan)}, {say("sheet.method_score"), say("sheet.method_score_text")},
                {say("sheet.method_unknown"), say("sheet.method_unknown_text")}, {say("sheet.method_cost"), say("sheet.method_cost_text")}, {say("sheet.method_people"), say("sheet.method_people_text")}};
  for (const PackInfo& pack : rules.packs)
    table.rows.push_back({say("sheet.pack", {{"pack", pack.id}}), pack.version + (pack.date.empty() ? "" : ", " + pack.date) + (pack.licence.empty() ? "" : ", " + pack.licence)});
  return table;
}

}  // namespace plumbline
