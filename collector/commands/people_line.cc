// SPDX-License-Identifier: Apache-2.0
// The command lines of `plan`, `review`, `goals` and `answers`.
#include <CLI/CLI.hpp>

#include "collector/commands/people.h"

namespace plumbline {
namespace {

CLI::App* add(CLI::App& parent, const std::string& name, const std::string& about, const std::string& examples) {
  CLI::App* command = parent.add_subcommand(name, about);
  command->footer("Examples:\n" + examples);
  return command;
}

void add_state(CLI::App* command, StateOptions& options) {
  command->add_option("--state", options.state, "The collector's folder")->capture_default_str();
  command->add_option("--store", options.store_url, "sqlite:FILE or postgresql://…, instead of the configured store");
  command->add_option("--packs", options.packs, "The folder of rules, instead of the installed one");
  command->add_option("--site", options.site, "The folder of your own packs, overrides and waivers");
}

void add_json(CLI::App* command, StateOptions& options) { command->add_flag("--json", options.json, "JSON, for programs"); }

template <class Options>
CLI::App* add_run(CLI::App& parent, const std::string& name, const std::string& about, const std::string& examples, Options& options, StateOptions& common,
                  std::function<int()>& run, int (*command_run)(const Options&)) {
  CLI::App* command = add(parent, name, about, examples);
  add_state(command, common);
  command->callback([&run, &options, command_run] { run = [&options, command_run] { return command_run(options); }; });
  return command;
}

void add_plan(CLI::App& app, std::function<int()>& run) {
  static StateOptions list_options;
  static PlanSetOptions set_options;
  CLI::App* plan = add(app, "plan", "Who does what until when; scans close it and reopen it", "  plumbline-collector plan list\n  plumbline-collector plan set --help");
  plan->require_subcommand(1);
  add_json(add_run(*plan, "list", "Every action with owner, due date and status, in the order of the roadmap", "  plumbline-collector plan list\n  plumbline-collector plan list --json | jq '.plan[] | select(.overdue)'", list_options, list_options, run, run_plan_list), list_options);
  CLI::App* set = add_run(*plan, "set", "Set owner, due date, status, KPI or note of an action; an empty text clears. A scan alone sets done and reopened",
                          "  plumbline-collector plan set security.openssh --owner 'Ada Byron' --due 2026-12-15 --status planned\n  plumbline-collector plan set security.openssh --due ''", set_options, set_options.common, run, run_plan_set);
  set->add_option("ACTION", set_options.action, "As `plan list` names it")->required();
  set->add_option("--owner", set_options.owner, "A person or a role");
  set->add_option("--due", set_options.due, "A date, as 2026-12-15");
  set->add_option("--status", set_options.status, "proposed, planned or in_progress");
  set->add_option("--kpi", set_options.kpi, "What it is measured by");
  set->add_option("--note", set_options.note, "Anything else");
  add_json(set, set_options.common);
}

void add_review(CLI::App& app, std::function<int()>& run) {
  static StateOptions list_options;
  static ReviewOptions record_options;
  CLI::App* review = add(app, "review", "When people looked: IT every month, the board every quarter", "  plumbline-collector review record --audience it --note 'Firewall is next'\n  plumbline-collector review list");
  review->require_subcommand(1);
  CLI::App* record = add_run(*review, "record", "Keep score and verdicts of this moment, so that the next review begins with what changed",
                             "  plumbline-collector review record --audience it\n  plumbline-collector review record --audience board --note 'Pilot approved'", record_options, record_options.common, run, run_review_record);
  record->add_option("--audience", record_options.audience, "it or board")->check(CLI::IsMember({"it", "board"}))->capture_default_str();
  record->add_option("--note", record_options.note, "What was decided");
  add_json(record, record_options.common);
  add_json(add_run(*review, "list", "Every review, and when the next ones are due", "  plumbline-collector review list --json", list_options, list_options, run, run_review_list), list_options);
}

void add_goals_set(CLI::App& goals, std::function<int()>& run) {
  static GoalsSetOptions options;
  CLI::App* set = add_run(goals, "set", "Choose a workload, or change one; without a workload: the score",
                          "  plumbline-collector goals set --score 70 --by 2027-06-30\n"
                          "  plumbline-collector goals set doc-rag --by 2027-03-31 --people 120 --owner 'Head of Sales' --place 1\n"
                          "  plumbline-collector goals set doc-rag --kpi 'time to find an answer' --unit minutes --baseline 12 --target 4 --now 9\n"
                          "  plumbline-collector goals set doc-rag --remove", options, options.common, run, run_goals_set);
  set->add_option("WORKLOAD", options.workload, "Its id; left out: the score");
  set->add_option("--score", options.score, "0 to 100; empty: none");
  set->add_option("--by", options.by, "A date, as 2027-03-31; empty: none");
  set->add_option("--people", options.people, "Who shall use it");
  set->add_option("--owner", options.owner, "A person or a role");
  set->add_option("--place", options.place, "1 is the most important");
  set->add_option("--kpi", options.kpi, "Name of the KPI that the next five are of");
  set->add_option("--unit", options.unit, "minutes, %, …");
  set->add_option("--baseline", options.baseline, "Its value before");
  set->add_option("--target", options.target, "Its wanted value");
  set->add_option("--now", options.now, "Its value now");
  set->add_option("--measured", options.measured, "The day of --now; without it today");
  set->add_flag("--remove", options.remove, "Choose it no more");
  add_json(set, options.common);
}

void add_goals(CLI::App& app, std::function<int()>& run) {
  static StateOptions show_options;
  static DecisionFileOptions export_options, import_options;
  CLI::App* goals = add(app, "goals", "What the company wants: workloads in their order with KPIs, and a score", "  plumbline-collector goals show\n  plumbline-collector goals export goals.yaml");
  goals->require_subcommand(1);
  add_json(add_run(*goals, "show", "The goals, with the KPIs that each workload offers", "  plumbline-collector goals show --json", show_options, show_options, run, run_goals_show), show_options);
  add_goals_set(*goals, run);
  add_run(*goals, "export", "Write them as YAML to edit", "  plumbline-collector goals export goals.yaml\n  plumbline-collector goals export > goals.yaml", export_options, export_options.common, run, run_goals_export)
      ->add_option("FILE", export_options.file, "Left out or -: standard output");
  add_run(*goals, "import", "Replace them by a file", "  plumbline-collector goals import goals.yaml", import_options, import_options.common, run, run_goals_import)
      ->add_option("FILE", import_options.file, "-: standard input")->required();
}

void add_answers(CLI::App& app, std::function<int()>& run) {
  static StateOptions show_options;
  static DecisionFileOptions export_options, import_options;
  CLI::App* answers = add(app, "answers", "What the company says of itself: twenty questions that no scan can answer", "  plumbline-collector answers show\n  plumbline-collector answers export answers.yaml");
  answers->require_subcommand(1);
  add_json(add_run(*answers, "show", "Every question with its answer, and the attested score", "  plumbline-collector answers show --json", show_options, show_options, run, run_answers_show), show_options);
  add_run(*answers, "export", "Write every question with its answer as YAML to fill in", "  plumbline-collector answers export answers.yaml", export_options, export_options.common, run, run_answers_export)
      ->add_option("FILE", export_options.file, "Left out or -: standard output");
  add_run(*answers, "import", "Take answers from a file; those it leaves empty stay as they are", "  plumbline-collector answers import answers.yaml", import_options, import_options.common, run, run_answers_import)
      ->add_option("FILE", import_options.file, "-: standard input")->required();
}

}  // namespace

void add_people_commands(CLI::App& app, std::function<int()>& run) {
  add_plan(app, run);
  add_review(app, run);
  add_goals(app, run);
  add_answers(app, run);
}

}  // namespace plumbline
