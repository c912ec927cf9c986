// SPDX-License-Identifier: Apache-2.0
// The command lines of `what-if`, `clock` and `trend`.
#include <CLI/CLI.hpp>

#include "collector/commands/decisions.h"

namespace plumbline {
namespace {

void add_fleet(CLI::App* command, DecisionOptions& options) {
  command->add_option("--facts", options.facts, "Scan documents, or folders of them, instead of the collector's store; may be repeated")->allow_extra_args(false);
  command->add_option("--state", options.common.state, "The collector's folder")->capture_default_str();
  command->add_option("--store", options.common.store_url, "sqlite:FILE or postgresql://…, instead of the configured store");
  command->add_option("--packs", options.common.packs, "The folder of rules, instead of the installed one");
  command->add_option("--site", options.common.site, "The site's own packs, overrides and waivers, instead of the installed ones");
  command->add_option("--as-of", options.as_of, "The store as it was on a day (2026-10-01, its end) or at a moment (2026-10-01T12:00:00Z)");
  command->add_flag("--json", options.common.json, "JSON, for programs");
}

void add_what_if(CLI::App& app, std::function<int()>& run) {
  const auto options = std::make_shared<WhatIfOptions>();
  CLI::App* command = app.add_subcommand("what-if", "The score, level and workloads with changes beside those without; nothing is kept");
  command->footer("Examples:\n"
                  "  plumbline-collector what-if 'do ssh-baseline'\n"
                  "  plumbline-collector what-if '2 × L40S in db-07' '*: accelerators.nvidia_driver = \"580.95.05\"'\n"
                  "  plumbline-collector what-if 'db-*: data_stores.instances[kind == \"redis\"].auth = \"required\"' --json\n"
                  "  plumbline-collector what-if --file plan.txt --facts scans/");
  command->add_option("CHANGE", options->changes, "`do ACTION`, `HOST: path = value`, `HOST: path += value`, `HOST: remove path`, `N × MODEL in HOST`");
  command->add_option("--file", options->file, "A file with one change a line; - is standard input");
  add_fleet(command, options->fleet);
  command->callback([&run, options] { run = [options] { return run_what_if(*options); }; });
}

void add_clock(CLI::App& app, std::function<int()>& run) {
  const auto options = std::make_shared<ClockCommandOptions>();
  CLI::App* command = app.add_subcommand("clock", "Score, level and workloads in 6 and 12 months if nothing is done, and the dates that do the damage");
  command->footer("Examples:\n  plumbline-collector clock\n  plumbline-collector clock --until 2028-06-30 --json\n"
                  "  plumbline-collector clock --facts scans/");
  command->add_option("--until", options->until, "The last day to look at, as 2027-11-23; without it 12 months from the newest scan");
  command->add_option("--from", options->from, "The day to start from; without it that of the newest scan");
  add_fleet(command, options->fleet);
  command->callback([&run, options] { run = [options] { return run_clock_command(*options); }; });
}

void add_roadmap(CLI::App& app, std::function<int()>& run) {
  const auto options = std::make_shared<RoadmapOptions>();
  CLI::App* command = app.add_subcommand("roadmap", "Actions in the order to do them: points, effort, what each waits for and which workloads it unlocks");
  command->footer("Examples:\n  plumbline-collector roadmap\n  plumbline-collector roadmap --for doc-rag --for chat-assistant\n"
                  "  plumbline-collector roadmap --facts scans/ --json");
  command->add_option("--for", options->workloads, "A workload whose needs come first; may be repeated, the most wanted first; without it the company's goals")->allow_extra_args(false);
  command->add_flag("--ignore-goals", options->ignore_goals, "The plain order, whatever the company's goals are");
  add_fleet(command, options->fleet);
  command->callback([&run, options] { run = [options] { return run_roadmap(*options); }; });
}

void add_trend(CLI::App& app, std::function<int()>& run) {
  const auto options = std::make_shared<TrendOptions>();
  CLI::App* command = app.add_subcommand("trend", "Every change of the score and why: the fleet, the rules, or only what is seen of it");
  command->footer("Examples:\n  plumbline-collector trend\n  plumbline-collector trend --from 2026-09-01 --to 2026-11-01\n"
                  "  plumbline-collector trend --from 2026-09-01 --packs rules-of-september --json");
  command->add_option("--from", options->from, "A day (its end) or moment to begin at; without it the first point that is kept");
  command->add_option("--to", options->to, "A day (its end) or moment to end at; without it now");
  command->add_flag("!--stored-only", options->judge_again, "Only what was kept with each change; judge nothing again");
  command->add_option("--state", options->common.state, "The collector's folder")->capture_default_str();
  command->add_option("--store", options->common.store_url, "sqlite:FILE or postgresql://…, instead of the configured store");
  command->add_option("--packs", options->common.packs, "The folder of rules to judge both ends by, instead of the installed one");
  command->add_flag("--json", options->common.json, "JSON, for programs");
  command->callback([&run, options] { run = [options] { return run_trend(*options); }; });
}

void add_capacity(CLI::App& app, std::function<int()>& run) {
  const auto options = std::make_shared<CapacityOptions>();
  CLI::App* command = app.add_subcommand("capacity", "Accelerators by host, people they serve with each workload, stranded cards; buy, keep or rent");
  command->footer("Examples:\n  plumbline-collector capacity\n  plumbline-collector capacity --workload doc-rag --facts scans/\n"
                  "  plumbline-collector capacity --json");
  command->add_option("--workload", options->workload, "One workload by its id, instead of all that ask a language model");
  add_fleet(command, options->fleet);
  command->callback([&run, options] { run = [options] { return run_capacity(*options); }; });
}

}  // namespace

void add_decision_commands(CLI::App& app, std::function<int()>& run) {
  add_what_if(app, run);
  add_clock(app, run);
  add_capacity(app, run);
  add_roadmap(app, run);
  add_trend(app, run);
}

}  // namespace plumbline
