// SPDX-License-Identifier: Apache-2.0
// The command line of plumbline-collector: what each command takes, with examples; the commands are in commands/.
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <functional>
#include <map>

#include "collector/commands/common.h"
#include "collector/commands/decisions.h"
#include "collector/commands/people.h"
#include "collector/commands/digest.h"
#include "collector/commands/language.h"
#include "collector/commands/rules.h"

namespace plumbline {
namespace {

const std::map<std::string, Severity> kSeverities = {
    {"low", Severity::low}, {"medium", Severity::medium}, {"high", Severity::high}, {"critical", Severity::critical}};

// Every option of every command, filled by the parser; `run` is the chosen command.
struct CommandLine {
  std::function<int()> run;
  StateOptions common;
  InitOptions init;
  ServeOptions serve;
  TokenOptions token;
  UserOptions user;
  FindingsOptions findings;
  ReportOptions report;
  ImportOptions import;
  AssessOptions assess;
  DemoOptions demo;
  std::string host, audience, severity;
};

std::optional<Severity> chosen_severity(const CommandLine& line) {
  const auto found = kSeverities.find(line.severity);
  return found == kSeverities.end() ? std::nullopt : std::optional(found->second);
}

CLI::App* add(CLI::App& parent, const std::string& name, const std::string& about, const std::string& examples) {
  CLI::App* command = parent.add_subcommand(name, about);
  command->footer("Examples:\n" + examples);
  return command;
}

void add_state(CLI::App* command, CommandLine& line) {
  command->add_option("--state", line.common.state, "The collector's folder")->capture_default_str();
  command->add_option("--store", line.common.store_url, "sqlite:FILE or postgresql://…, instead of the configured store");
}
void add_packs(CLI::App* command, std::string& packs) {
  command->add_option("--packs", packs, "The folder of rules, instead of the installed one");
}
void add_site(CLI::App* command, CommandLine& line) {
  command->add_option("--site", line.common.site, "The folder of your own packs, overrides and waivers");
}
// What is configured stays required; these ask for more, or name other keys.
void add_signed_packs(CLI::App* command, CommandLine& line) {
  command->add_flag("--require-signed-packs", line.common.require_signed_packs, "Refuse packs that no trusted key has signed");
  command->add_option("--pack-keys", line.common.pack_keys, "A minisign public key, or a folder with *.pub, instead of the configured ones");
  command->add_flag("--allow-old-packs", line.common.allow_old_packs, "Accept signed packs older than those before, and expired ones");
}
void add_json(CLI::App* command, bool& json) { command->add_flag("--json", json, "JSON, for programs"); }

void add_threshold(CLI::App* command, CommandLine& line) {
  command->add_option("--fail-on", line.severity, "Exit 3 where a finding is this severe or more: low, medium, high, critical")
      ->check(CLI::IsMember({"low", "medium", "high", "critical"}));
}
void add_as_of(CLI::App* command, std::string& as_of) {
  command->add_option("--as-of", as_of, "As it was on a day (2026-10-01, its end) or at a moment (2026-10-01T12:00:00Z), by the rules given");
}
void add_audience(CLI::App* command, CommandLine& line) {
  command->add_option("--audience", line.audience, "it, cio or ceo")->check(CLI::IsMember({"it", "cio", "ceo"}));
}

void add_init(CLI::App& app, CommandLine& line) {
  CLI::App* command = add(app, "init", "Make a collector's folder: authority, certificates, store, configuration",
                          "  plumbline-collector init --organisation 'Example Ltd'\n"
                          "  plumbline-collector init --state /srv/plumbline --address 0.0.0.0 --name plumbline.example.com");
  Config& config = line.init.config;
  command->add_option("--state", line.init.state, "The folder to make")->capture_default_str();
  command->add_option("--organisation", config.organisation, "The name reports carry");
  command->add_option("--store", config.store_url, "sqlite:FILE or postgresql://…")->capture_default_str();
  command->add_option("--address", config.address, "Address both listeners bind")->capture_default_str();
  command->add_option("--agents-port", config.agents_port, "Port for agents; 0: any")->check(CLI::Range(0, 65535))->capture_default_str();
  command->add_option("--people-port", config.people_port, "Port for browsers; 0: any")->check(CLI::Range(0, 65535))->capture_default_str();
  command->add_flag("--require-signed-packs", config.require_signed_packs, "Refuse packs that no trusted key has signed");
  command->add_option("--pack-keys", config.pack_keys, "A minisign public key, or a folder with *.pub; a relative path is inside the folder")->capture_default_str();
  command->add_option("--name", config.names, "DNS name or address this collector is reached by; may be repeated");
  command->callback([&line] { line.run = [&line] { return run_init(line.init); }; });
}

void add_serve(CLI::App& app, CommandLine& line) {
  CLI::App* command = add(app, "serve", "Take scans from agents and show pages to people, until SIGTERM; rules are read again when their files change, at once on SIGHUP",
                          "  plumbline-collector serve\n"
                          "  plumbline-collector serve --store 'postgresql:///plumbline' --people-port 8443");
  add_state(command, line);
  add_packs(command, line.common.packs);
  add_site(command, line);
  add_signed_packs(command, line);
  command->add_option("--address", line.serve.address, "Address both listeners bind");
  command->add_option("--agents-port", line.serve.agents_port, "Port for agents; 0: any")->check(CLI::Range(0, 65535));
  command->add_option("--people-port", line.serve.people_port, "Port for browsers; 0: any")->check(CLI::Range(0, 65535));
  command->callback([&line] {
    line.run = [&line] {
      line.serve.common = line.common;
      return run_serve(line.serve);
    };
  });
}

void add_status(CLI::App& app, CommandLine& line) {
  CLI::App* command = add(app, "status", "The rules on disk, how much of the store they have judged, and whether a collector serves it",
                          "  plumbline-collector status\n  plumbline-collector status --json");
  add_state(command, line);
  add_packs(command, line.common.packs);
  add_site(command, line);
  add_json(command, line.common.json);
  command->callback([&line] { line.run = [&line] { return run_status(line.common); }; });
}

void add_token(CLI::App& app, CommandLine& line) {
  CLI::App* token = add(app, "token", "Enrolment tokens", "  plumbline-collector token create");
  token->require_subcommand(1);
  CLI::App* create = add(*token, "create", "Make a token that enrols one host within 15 minutes",
                         "  plumbline-collector token create\n  plumbline-collector token create --json | jq -r .token");
  add_state(create, line);
  add_json(create, line.common.json);
  constexpr int kMostTokens = 10'000;
  create->add_option("--count", line.token.count, "How many")->check(CLI::Range(1, kMostTokens))->capture_default_str();
  create->callback([&line] {
    line.run = [&line] {
      line.token.common = line.common;
      return run_token_create(line.token);
    };
  });
}

void add_user(CLI::App& app, CommandLine& line) {
  CLI::App* user = add(app, "user", "People who may sign in", "  plumbline-collector user create ada --role admin");
  user->require_subcommand(1);
  CLI::App* create = add(*user, "create", "Make a user, or give one a new password and role; ends their sessions",
                         "  plumbline-collector user create ada --role viewer\n"
                         "  pass show plumbline | plumbline-collector user create ada --role admin --password-stdin");
  create->add_option("NAME", line.user.name, "Letters, digits and . - _ @")->required();
  create->add_option("--role", line.user.role, "viewer, operator or admin")->required()->check(CLI::IsMember({"viewer", "operator", "admin"}));
  create->add_flag("--password-stdin", line.user.password_stdin, "Read the password from standard input; without it one is generated");
  add_state(create, line);
  add_json(create, line.common.json);
  create->callback([&line] {
    line.run = [&line] {
      line.user.common = line.common;
      return run_user_create(line.user);
    };
  });
  CLI::App* list = add(*user, "list", "Who may sign in", "  plumbline-collector user list --json");
  add_state(list, line);
  add_json(list, line.common.json);
  list->callback([&line] { line.run = [&line] { return run_user_list(line.common); }; });
}

void add_hosts(CLI::App& app, CommandLine& line) {
  CLI::App* hosts = add(app, "hosts", "Every host with its score and the age of its scan",
                        "  plumbline-collector hosts\n  plumbline-collector hosts --json\n  plumbline-collector hosts deny db-07");
  add_state(hosts, line);
  add_packs(hosts, line.common.packs);
  add_json(hosts, line.common.json);
  hosts->require_subcommand(0, 1);
  hosts->callback([&line] {
    if (!line.run) line.run = [&line] { return run_hosts(line.common); };
  });
  for (const bool denied : {true, false}) {
    CLI::App* command = add(*hosts, denied ? "deny" : "allow", denied ? "Refuse a host from now on, whatever certificate it holds" : "Take back a refusal",
                            std::string("  plumbline-collector hosts ") + (denied ? "deny" : "allow") + " 0123456789abcdef0123456789abcdef");
    command->add_option("HOST", line.host, "Its id, or its name where only one host has it")->required();
    add_state(command, line);
    command->callback([&line, denied] { line.run = [&line, denied] { return run_hosts_deny(line.common, line.host, denied); }; });
  }
}

void add_findings(CLI::App& app, CommandLine& line, const std::string& name, const std::string& about, int (*run)(const FindingsOptions&)) {
  CLI::App* command = add(app, name, about, "  plumbline-collector " + name + "\n  plumbline-collector " + name + " --json --fail-on critical\n  plumbline-collector " + name + " --as-of 2026-10-01");
  add_state(command, line);
  add_packs(command, line.common.packs);
  add_json(command, line.common.json);
  add_as_of(command, line.findings.as_of);
  add_threshold(command, line);
  command->callback([&line, run] {
    line.run = [&line, run] {
      line.findings.common = line.common;
      line.findings.fail_on = chosen_severity(line);
      return run(line.findings);
    };
  });
}

void add_report(CLI::App& app, CommandLine& line) {
  CLI::App* command = add(app, "report", "The fleet for IT, the CIO and the CEO",
                          "  plumbline-collector report --out reports\n"
                          "  plumbline-collector report --audience ceo --pdf -o ceo.pdf\n"
                          "  plumbline-collector report --format xlsx -o report.xlsx\n"
                          "  plumbline-collector report --format csv --list hosts -o work-list-by-host.csv\n"
                          "  plumbline-collector report --format json -o - | jq .report.figures");
  add_state(command, line);
  add_packs(command, line.common.packs);
  add_audience(command, line);
  command->add_option("--format", line.report.format, "html, pdf, text, csv, xlsx or json")
      ->check(CLI::IsMember({"html", "pdf", "text", "csv", "xlsx", "json"}))->capture_default_str();
  command->add_flag_callback("--json", [&line] { line.report.format = "json"; }, "The same as --format json");
  command->add_flag_callback("--pdf", [&line] { line.report.format = "pdf"; }, "The same as --format pdf; needs WeasyPrint or Chromium");
  command->add_option("--list", line.report.list, "Of CSV: findings, actions (the work list), hosts (the same by host) or ai (AI in use)")
      ->check(CLI::IsMember({"findings", "actions", "hosts", "ai"}))->capture_default_str();
  command->add_option("--pdf-engine", line.report.pdf_engine, "weasyprint or chromium, instead of the first that is installed")->check(CLI::IsMember({"weasyprint", "chromium"}));
  constexpr int kMostSeconds = 3600;
  command->add_option("--pdf-seconds", line.report.pdf_seconds, "How long one PDF may take")->check(CLI::Range(1, kMostSeconds))->capture_default_str();
  add_as_of(command, line.report.as_of);
  command->add_flag_callback("--no-outlook", [&line] { line.report.outlook = false; }, "Leave out what becomes of the fleet if nothing is done");
  command->add_option("--out", line.report.out, "Folder for ceo.html, cio.html and it.html; without it standard output");
  command->add_option("-o,--output", line.report.file, "One file; - is standard output");
  command->callback([&line] {
    line.run = [&line] {
      line.report.common = line.common;
      line.report.audience = audience_from(line.audience);
      return run_report(line.report);
    };
  });
}

void add_import(CLI::App& app, CommandLine& line) {
  CLI::App* command = add(app, "import", "Take in scans carried from hosts that cannot reach the collector",
                          "  plumbline-collector import scan-db-07.json\n  ssh db-07 plumbline-agent scan --format json | plumbline-collector import -");
  command->add_option("SCAN", line.import.scans, "Scan documents; - is standard input")->required();
  add_state(command, line);
  add_packs(command, line.common.packs);
  add_json(command, line.common.json);
  command->callback([&line] {
    line.run = [&line] {
      line.import.common = line.common;
      return run_import(line.import);
    };
  });
}

void add_assess(CLI::App& app, CommandLine& line) {
  CLI::App* command = add(app, "assess", "Judge scan documents, without a server and without keeping anything",
                          "  plumbline-agent scan --format json | plumbline-collector assess -\n"
                          "  plumbline-collector assess scans/*.json --format html --out reports\n"
                          "  plumbline-collector assess scan.json --format json --fail-on critical");
  command->add_option("SCAN", line.assess.scans, "Scan documents; - is standard input")->required();
  add_packs(command, line.assess.packs);
  command->add_option("--format", line.assess.format, "text, json, html, csv or xlsx")
      ->check(CLI::IsMember({"text", "json", "html", "csv", "xlsx"}))->capture_default_str();
  command->add_flag_callback("--json", [&line] { line.assess.format = "json"; }, "The same as --format json");
  add_audience(command, line);
  command->add_option("--out", line.assess.out, "Folder for the files; without it standard output");
  command->add_option("--organisation", line.assess.organisation, "The name reports carry");
  add_threshold(command, line);
  command->callback([&line] {
    line.run = [&line] {
      line.assess.audience = audience_from(line.audience);
      line.assess.fail_on = chosen_severity(line);
      return run_assess(line.assess);
    };
  });
}

void add_demo(CLI::App& app, CommandLine& line) {
  CLI::App* command = add(app, "demo", "Load a made-up company with three months of scans, to see everything at once",
                          "  plumbline-collector demo --into /tmp/sample && plumbline-collector serve --state /tmp/sample\n"
                          "  plumbline-collector demo --out scans --date 2026-11-23");
  command->add_option("--into", line.demo.into, "The collector's folder for it; made where it is not there, never one with real hosts");
  command->add_option("--out", line.demo.out, "Instead: a folder for the last scan of each host, as documents");
  command->add_option("--company", line.demo.company, "The folder it is written in, instead of packaging/demo beside the rules");
  command->add_option("--date", line.demo.date, "The last day of its story, as 2026-11-23; without it the present hour");
  add_packs(command, line.common.packs);
  add_site(command, line);
  command->callback([&line] {
    line.run = [&line] {
      line.demo.common = line.common;
      return run_demo(line.demo);
    };
  });
}

/// The collector's folder that the chosen command works in; empty where it works in none.
std::string state_of(const CLI::App& app) {
  for (const CLI::App* command : app.get_subcommands())
    if (const std::string state = state_of(*command); !state.empty()) return state;
  const CLI::Option* option = app.get_option_no_throw("--state");
  if (option == nullptr) return {};
  return option->count() > 0 ? option->as<std::string>() : default_state_folder();
}

int main_program(int argc, char** argv) {
  CLI::App app("Plumbline's collector: keeps the scans of your hosts, judges them, and shows how ready they are for AI.", "plumbline-collector");
  app.set_version_flag("--version", PLUMBLINE_VERSION);
  app.require_subcommand(1);
  app.fallthrough();  // --language may stand behind the command, too
  std::string language;
  app.add_option("--language", language, "A file of texts that pages and reports are said in, instead of English or the configured one");
  app.footer("Examples:\n  plumbline-agent scan --format json | plumbline-collector assess -\n"
             "  plumbline-collector init && plumbline-collector serve\n\n"
             "Exit codes: 0 fine, 1 error, 2 usage, 3 findings at or over --fail-on.");
  CommandLine line;
  add_init(app, line);
  add_serve(app, line);
  add_status(app, line);
  add_token(app, line);
  add_user(app, line);
  add_hosts(app, line);
  add_findings(app, line, "score", "Where the fleet stands: score, bounds, level, gates, what gains most", run_score);
  add_findings(app, line, "findings", "Every rule that fails somewhere", run_findings);
  add_report(app, line);
  add_import(app, line);
  add_assess(app, line);
  add_demo(app, line);
  add_decision_commands(app, line.run);
  add_people_commands(app, line.run);
  add_digest_commands(app, line.run);
  add_rules_commands(app, line.run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {  // CLI11 reports everything, --help too, by throwing
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  if (auto chosen = choose_language(language, state_of(app)); !chosen) return report_error(chosen.error());
  return line.run();
}

}  // namespace
}  // namespace plumbline

int main(int argc, char** argv) {
  // Large buffers (a body inflated, its window) go back to the system at once. Left alone, glibc raises this bound to
  // the largest block it ever freed and keeps such blocks in each thread's heap: a few bombs would stay in memory.
  constexpr int kLargeBlockBytes = 1 << 20;
  mallopt(M_MMAP_THRESHOLD, kLargeBlockBytes);
  try {
    return plumbline::main_program(argc, argv);
  } catch (const std::exception& error) {  // of a library; ours throw nothing
    return plumbline::report_error({plumbline::ErrorKind::io, std::string("internal error: ") + error.what()});
  }
}
