// SPDX-License-Identifier: Apache-2.0
// `goals` and `answers`: what the company wants, and what it says of itself; shown, changed, and as files.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "collector/commands/people.h"
#include "collector/decisions/decision_files.h"
#include "collector/decisions/edits.h"
#include "collector/decisions/records.h"
#include "collector/decisions/text.h"

namespace plumbline {
namespace {

using nlohmann::json;

template <class T>
json value_or_null(const std::optional<T>& value) { return value ? json(*value) : json(); }
json date_or_null(const std::optional<std::int64_t>& date) { return date ? json(iso_date(*date)) : json(); }

/// A collector's store with the rules and questions it works with.
struct OpenDecisions {
  std::unique_ptr<Store> store;
  std::shared_ptr<const RuleSet> rules;
  Questionnaire questions;
  Decisions decisions;
};

Result<OpenDecisions> open_decisions(const StateOptions& options) {
  OpenDecisions open;
  auto store = open_state_store(options.state, options.store_url);
  if (!store) return tl::unexpected(store.error());
  open.store = std::move(*store);
  const auto source = rules_source(options);
  if (!source) return tl::unexpected(source.error());
  auto rules = read_rules(*source);
  if (!rules) return tl::unexpected(rules.error());
  open.rules = std::move(*rules);
  auto questions = find_questionnaire(source->folder);
  if (!questions) return tl::unexpected(questions.error());
  open.questions = std::move(*questions);
  auto decisions = read_decisions(*open.store);
  if (!decisions) return tl::unexpected(decisions.error());
  open.decisions = std::move(*decisions);
  return open;
}

int write_text(const std::string& file, const std::string& text) {
  if (file.empty() || file == "-") {
    print(text);
    return kExitOk;
  }
  if (auto written = write_file_atomic(file, text, 0644); !written) return report_error(written.error());
  print(file + "\n");
  return kExitOk;
}

Result<std::string> read_text(const std::string& file) { return read_file(file == "-" ? "/dev/stdin" : file, kMaxDecisionFileBytes); }

json goals_json(const Goals& goals) {
  json workloads = json::array();
  for (const WorkloadGoal& goal : goals.workloads) {
    json kpis = json::array();
    for (const KpiGoal& kpi : goal.kpis)
      kpis.push_back({{"name", kpi.name}, {"unit", kpi.unit}, {"baseline", value_or_null(kpi.baseline)}, {"target", value_or_null(kpi.target)}, {"now", value_or_null(kpi.now)}, {"now_at", kpi.now ? json(iso_date(kpi.now_at)) : json()}});
    workloads.push_back({{"workload", goal.workload}, {"by", date_or_null(goal.by)}, {"people", value_or_null(goal.people)}, {"owner", goal.owner}, {"kpis", std::move(kpis)}});
  }
  return {{"score", value_or_null(goals.score)}, {"score_by", date_or_null(goals.score_by)}, {"workloads", std::move(workloads)}};
}

std::string goal_lines(const RuleSet& rules, const WorkloadGoal& goal, std::size_t place) {
  std::string title = "(not among the rules in force)";
  std::vector<std::string> offered;
  for (const Workload& workload : rules.workloads)
    if (workload.id == goal.workload) title = workload.title, offered = workload.kpis;
  std::string text = fmt::format("{}. {}  {}\n", place, goal.workload, title);
  if (goal.by || goal.people || !goal.owner.empty())
    text += fmt::format("   by {}, {} people, owner {}\n", goal.by ? iso_date(*goal.by) : "-", goal.people ? std::to_string(*goal.people) : "-", goal.owner.empty() ? "-" : printable(goal.owner));
  const auto number = [](const std::optional<double>& value) { return value ? exact_number(*value) : std::string("-"); };
  for (const KpiGoal& kpi : goal.kpis) text += fmt::format("   {}: {} -> {} {}, now {}\n", printable(kpi.name), number(kpi.baseline), number(kpi.target), printable(kpi.unit), number(kpi.now));
  for (const std::string& kpi : offered)
    if (std::none_of(goal.kpis.begin(), goal.kpis.end(), [&](const KpiGoal& one) { return one.name == kpi; })) text += "   offered: " + printable(kpi) + "\n";
  return text;
}

Result<std::optional<int>> whole(std::string_view option, const std::string& text, int most) {
  if (trim(text).empty()) return std::optional<int>();
  const auto number = parse_u64(trim(text));
  if (!number || *number > static_cast<std::uint64_t>(most)) return fail(ErrorKind::invalid, fmt::format("{}: '{}' is no whole number from 0 to {}", option, printable(text.substr(0, 40)), most));
  return std::optional(static_cast<int>(*number));
}

Result<void> set_kpi(WorkloadGoal& goal, const GoalsSetOptions& options) {
  if (!options.kpi) return {};
  auto kpi = std::find_if(goal.kpis.begin(), goal.kpis.end(), [&](const KpiGoal& one) { return one.name == *options.kpi; });
  if (kpi == goal.kpis.end()) kpi = goal.kpis.insert(goal.kpis.end(), KpiGoal{*options.kpi, {}, {}, {}, {}, 0});
  if (options.unit) kpi->unit = *options.unit;
  for (const auto& [option, text, value] : {std::tuple{"--baseline", &options.baseline, &kpi->baseline}, {"--target", &options.target, &kpi->target}, {"--now", &options.now, &kpi->now}}) {
    if (!*text) continue;
    const auto number = clean_number(option, **text);
    if (!number) return tl::unexpected(number.error());
    *value = *number;
    if (value == &kpi->now) kpi->now_at = 0;  // measured today, unless --measured says otherwise
  }
  if (!options.measured) return {};
  const auto at = clean_date("--measured", *options.measured);
  if (!at) return tl::unexpected(at.error());
  kpi->now_at = at->value_or(0);
  return {};
}

Result<void> set_goal(Goals& goals, const GoalsSetOptions& options) {
  auto place = std::find_if(goals.workloads.begin(), goals.workloads.end(), [&](const WorkloadGoal& one) { return one.workload == options.workload; });
  if (options.remove) {
    if (place == goals.workloads.end()) return fail(ErrorKind::not_found, "goals: " + printable(options.workload) + " is not chosen; see plumbline-collector goals show");
    goals.workloads.erase(place);
    return {};
  }
  if (place == goals.workloads.end()) place = goals.workloads.insert(goals.workloads.end(), WorkloadGoal{options.workload, {}, {}, {}, {}});
  if (options.owner) place->owner = *options.owner;
  if (options.by) {
    const auto by = clean_date("--by", *options.by);
    if (!by) return tl::unexpected(by.error());
    place->by = *by;
  }
  if (options.people) {
    const auto people = whole("--people", *options.people, kMostPeople);
    if (!people) return tl::unexpected(people.error());
    place->people = *people;
  }
  if (auto done = set_kpi(*place, options); !done) return done;
  if (!options.place) return {};
  const WorkloadGoal moved = *place;
  goals.workloads.erase(place);
  const auto at = std::min(static_cast<std::size_t>(std::max(*options.place, 1) - 1), goals.workloads.size());
  goals.workloads.insert(goals.workloads.begin() + static_cast<std::ptrdiff_t>(at), moved);
  return {};
}

Result<void> set_score(Goals& goals, const GoalsSetOptions& options) {
  if (options.score) {
    const auto score = whole("--score", *options.score, 100);
    if (!score) return tl::unexpected(score.error());
    goals.score = *score;
    if (!goals.score) goals.score_by.reset();
  }
  if (!options.by) return {};
  const auto by = clean_date("--by", *options.by);
  if (!by) return tl::unexpected(by.error());
  goals.score_by = *by;
  return {};
}

std::string goals_text(const OpenDecisions& open, const Goals& goals) {
  std::string text = goals.score ? fmt::format("Score wanted: {}{}\n", *goals.score, goals.score_by ? " by " + iso_date(*goals.score_by) : "") : std::string("No score is set as a goal.\n");
  if (goals.workloads.empty()) text += "No workload is chosen.\n";
  for (std::size_t i = 0; i < goals.workloads.size(); ++i) text += goal_lines(*open.rules, goals.workloads[i], i + 1);
  return text;
}

std::vector<std::pair<std::string, int>> given(const Decisions& decisions) {
  std::vector<std::pair<std::string, int>> all;
  for (const Answer& answer : decisions.answers) all.emplace_back(answer.question, answer.value);
  return all;
}

const Answer* answer_to(const Decisions& decisions, const std::string& question) {
  for (const Answer& answer : decisions.answers)
    if (answer.question == question) return &answer;
  return nullptr;
}

json attested_json(const Attested& result) { return {{"score", value_or_null(result.score)}, {"answered", result.answered}, {"asked", result.asked}}; }

json answers_json(const OpenDecisions& open) {
  json list = json::array(), areas = json::object();
  for (const Question& question : open.questions.questions) {
    const Answer* answer = answer_to(open.decisions, question.id);
    json row = {{"question", question.id}, {"text", question.text}, {"area", question.area}, {"function", question.function}, {"value", nullptr}};
    if (answer != nullptr)
      row.update({{"value", answer->value}, {"meaning", question.scale[static_cast<std::size_t>(answer->value)]}, {"evidence", answer->evidence}, {"owner", answer->owner},
                  {"answered_by", answer->answered_by}, {"answered_at", to_iso8601(answer->answered_at)}});
    list.push_back(std::move(row));
  }
  for (const QuestionArea& area : open.questions.areas) areas[area.id] = attested_json(attested(open.questions, given(open.decisions), area.id));
  return {{"attested", attested_json(attested(open.questions, given(open.decisions)))}, {"areas", std::move(areas)}, {"answers", std::move(list)}};
}

}  // namespace

int run_goals_show(const StateOptions& options) {
  const auto open = open_decisions(options);
  if (!open) return report_error(open.error());
  print(options.json ? canonical_json(goals_json(open->decisions.goals)) + "\n" : goals_text(*open, open->decisions.goals));
  return kExitOk;
}

int run_goals_set(const GoalsSetOptions& options) {
  auto open = open_decisions(options.common);
  if (!open) return report_error(open.error());
  Goals goals = open->decisions.goals;
  const auto set = options.workload.empty() ? set_score(goals, options) : set_goal(goals, options);
  if (!set) return report_error(set.error());
  const auto kept = edit_goals(*open->store, *open->rules, std::move(goals), {local_actor(), now_seconds()});
  if (!kept) return report_error(kept.error());
  print(options.common.json ? canonical_json(goals_json(*kept)) + "\n" : goals_text(*open, *kept));
  return kExitOk;
}

int run_goals_export(const DecisionFileOptions& options) {
  const auto open = open_decisions(options.common);
  if (!open) return report_error(open.error());
  return write_text(options.file, goals_yaml(*open->rules, open->decisions.goals));
}

int run_goals_import(const DecisionFileOptions& options) {
  const auto open = open_decisions(options.common);
  if (!open) return report_error(open.error());
  auto text = read_text(options.file);
  if (!text) return report_error(text.error());
  auto goals = read_goals_yaml(options.file == "-" ? "standard input" : options.file, std::move(*text), *open->rules);
  if (!goals) return report_error(goals.error());
  goals->version = open->decisions.goals.version;
  const auto kept = edit_goals(*open->store, *open->rules, std::move(*goals), {local_actor(), now_seconds()});
  if (!kept) return report_error(kept.error());
  print(goals_text(*open, *kept));
  return kExitOk;
}

int run_answers_show(const StateOptions& options) {
  const auto open = open_decisions(options);
  if (!open) return report_error(open.error());
  if (options.json) {
    print(canonical_json(answers_json(*open)) + "\n");
    return kExitOk;
  }
  const Attested all = attested(open->questions, given(open->decisions));
  std::string text = fmt::format("Attested: {} of 100, {} of {} answered. Never part of the measured score.\n", all.score ? std::to_string(*all.score) : "-", all.answered, all.asked);
  for (const Question& question : open->questions.questions) {
    const Answer* answer = answer_to(open->decisions, question.id);
    text += fmt::format("{:<4} {} {}\n", question.id, answer != nullptr ? std::to_string(answer->value) : "-", printable(question.text));
    if (answer != nullptr) text += fmt::format("       {}; {}, {}\n", printable(question.scale[static_cast<std::size_t>(answer->value)]), printable(answer->answered_by), iso_date(answer->answered_at));
  }
  print(text);
  return kExitOk;
}

int run_answers_export(const DecisionFileOptions& options) {
  const auto open = open_decisions(options.common);
  if (!open) return report_error(open.error());
  return write_text(options.file, answers_yaml(open->questions, open->decisions.answers));
}

int run_answers_import(const DecisionFileOptions& options) {
  const auto open = open_decisions(options.common);
  if (!open) return report_error(open.error());
  auto text = read_text(options.file);
  if (!text) return report_error(text.error());
  const auto answers = read_answers_yaml(options.file == "-" ? "standard input" : options.file, std::move(*text), open->questions);
  if (!answers) return report_error(answers.error());
  const auto changed = import_answers(*open->store, open->questions, *answers, {local_actor(), now_seconds()});
  if (!changed) return report_error(changed.error());
  print(fmt::format("{} answers read, {} changed.\n", answers->size(), *changed));
  return kExitOk;
}

}  // namespace plumbline
