// SPDX-License-Identifier: Apache-2.0
// Each figure with its name, in the order of the reports.
#include "collector/report/figures.h"

#include "base/time.h"
#include "collector/report/phrases.h"
#include "collector/report/view.h"

namespace plumbline {
namespace {

double points(Tenths tenths) { return tenths / 10.0; }

Figure of_points(std::string name, std::string about, std::optional<Tenths> value) {
  if (!value) return {std::move(name), std::move(about), say("figure.none"), std::nullopt, "points"};
  return {std::move(name), std::move(about), show_points(*value), points(*value), "points"};
}

Figure of_count(std::string name, std::string about, std::size_t count, std::string unit) {
  return {std::move(name), std::move(about), grouped(static_cast<std::int64_t>(count)), static_cast<double>(count), std::move(unit)};
}

void add_score(std::vector<Figure>& all, const ReportInput& input) {
  const Score& score = input.assessment->score;
  all.push_back(of_points("score", "", score.value));
  all.push_back({"score.lower", "", whole_points(score.lower), points(score.lower), "points"});
  all.push_back({"score.upper", "", whole_points_up(score.upper), points(score.upper), "points"});
  all.push_back({"level", "", level_text(score.level), static_cast<double>(score.level), "level"});
  all.push_back({"checks_known", "", percent(score.checks_known), score.checks_known, "share"});
  all.push_back(of_count("hosts", "", static_cast<std::size_t>(score.hosts), "hosts"));
  for (const PillarResult& pillar : score.pillars) {
    const std::string name = "pillar." + std::string(to_text(pillar.pillar));
    all.push_back({name, pillar_text(pillar.pillar), out_of_hundred(pillar.value), pillar.value, "of 100"});
    all.push_back(of_points(name + ".points", pillar_text(pillar.pillar), pillar.value ? std::optional(pillar.contribution) : std::nullopt));
  }
}

void add_findings(std::vector<Figure>& all, const ReportInput& input) {
  for (const std::size_t rule : input.assessment->findings) {
    const Rule& about = input.rules->rules[rule];
    const RuleResult& result = input.assessment->rules[rule];
    const std::string name = "finding." + about.id;
    all.push_back({name + ".gain", about.title, gain_text(result.gain), points(result.gain), "points"});
    if (!about.fleet) all.push_back(of_count(name + ".hosts", about.title, static_cast<std::size_t>(result.tally.fail), "hosts"));
  }
}

void add_actions(std::vector<Figure>& all, const ReportInput& input) {
  for (const Action& action : input.assessment->actions) {
    const std::string name = "action." + action.id, title = capitalised(action_title(input, action));
    all.push_back({name + ".gain", title, gain_text(action.gain), points(action.gain), "points"});
    all.push_back({name + ".effort", title, effort_text(action.effort_days), action.effort_days, "days"});
    all.push_back(of_count(name + ".hosts", title, action.hosts.size(), "hosts"));
  }
}

/// The range as a text, and its ends as numbers.
void add_people(std::vector<Figure>& all, const std::string& name, const std::string& title, const PeopleRange& people) {
  const PeopleRange shown = shown_people(people);
  all.push_back({name + ".people", title, people_text(people), std::nullopt, "people"});
  all.push_back(of_count(name + ".people_low", title, static_cast<std::size_t>(shown.low), "people"));
  all.push_back(of_count(name + ".people_high", title, static_cast<std::size_t>(shown.high), "people"));
}

void add_workloads(std::vector<Figure>& all, const ReportInput& input) {
  for (const WorkloadResult& workload : input.assessment->workloads) {
    const Workload& about = input.rules->workloads[workload.workload];
    const std::string name = "workload." + about.id;
    std::string state;
    state_word(workload, state);
    all.push_back({name + ".state", about.title, state, std::nullopt, "state"});
    all.push_back(of_count(name + ".changes", about.title, static_cast<std::size_t>(workload.changes), "changes"));
    if (workload.workload >= input.assessment->serving.size()) continue;
    const WorkloadServing& serving = input.assessment->serving[workload.workload];
    if (serving.asked && serving.hosts > 0 && serving.fleet.high > 0) add_people(all, name, about.title, serving.fleet);
  }
}

void add_outlook(std::vector<Figure>& all, const ReportInput& input) {
  if (!input.outlook) return;
  for (const int months : {6, 12}) {
    const std::int64_t day = months_later(input.outlook->from, months);
    for (const ClockMoment& moment : input.outlook->moments)
      if (moment.day == day) all.push_back(of_points("outlook." + std::to_string(months), long_date(day), moment.assessment.score.value));
  }
}

}  // namespace

std::vector<Figure> figures(const ReportInput& input) {
  std::vector<Figure> all;
  add_score(all, input);
  add_findings(all, input);
  add_actions(all, input);
  add_workloads(all, input);
  add_outlook(all, input);
  return all;
}

}  // namespace plumbline
