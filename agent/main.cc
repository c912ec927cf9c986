// SPDX-License-Identifier: Apache-2.0
// plumbline-agent: reads this host and tells, on the terminal or to its collector, what is there.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "agent/delivery/commands.h"
#include "agent/delivery/identity.h"
#include "agent/delivery/spool.h"
#include "agent/host.h"
#include "agent/probe.h"
#include "agent/render.h"
#include "agent/scan.h"
#include "base/text.h"
#include "facts/catalog.h"

namespace plumbline {
namespace {

constexpr int kFine = 0;
constexpr int kError = 1;
constexpr int kUsage = 2;
constexpr std::int64_t kShortestIntervalSeconds = 60;
constexpr std::int64_t kLongestIntervalSeconds = 7 * 86400;

struct Options {
  std::string format = "text";
  bool json = false;
  std::vector<std::string> only;
  std::string root;
  std::string record;
  bool timings = false;
  bool dry_run = false;
  std::string facts_format = "md";
  std::string state = default_agent_state();
  EnrollOptions enrol;
  std::int64_t interval_seconds = ServiceOptions().interval_seconds;
};

int complain(const Error& error) {
  std::fprintf(stderr, "plumbline-agent: %s\n", printable(error.message).c_str());
  return kError;
}

/// All to standard output; a reader that left or a full disk is an error, not silence.
int print(const std::string& text) {
  const bool written =
      std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  return written ? kFine : complain({ErrorKind::io, "standard output: could not be written"});
}

bool wants_colour() {
  const char* no = std::getenv("NO_COLOR");  // no-color.org: set and not empty
  const char* terminal = std::getenv("TERM");
  return isatty(STDOUT_FILENO) != 0 && (no == nullptr || *no == '\0') &&
         (terminal == nullptr || std::string_view(terminal) != "dumb");
}

Result<std::unique_ptr<Host>> open_host(const Options& options) {
  if (!options.root.empty()) return recorded_host(options.root);
  if (!options.record.empty()) return recording_host(options.record);
  return live_host();
}

/// The document as `send` would post it: an enrolled host's id and next number, without what its collector
/// has.
Result<std::string> as_sent(Scan scan, const std::string& state) {
  const auto identity = load_identity(state);
  if (!identity && identity.error().kind == ErrorKind::not_found)
    return to_json(scan);  // nothing would be left out
  if (!identity) return tl::unexpected<Error>(identity.error());
  const auto lock = StateLock::take(state);
  if (!lock) return tl::unexpected<Error>(lock.error());
  const auto spool = Spool::open(state);
  if (!spool) return tl::unexpected<Error>(spool.error());
  scan.host_id = identity->host_id;
  scan.sequence = spool->next_sequence();
  scan.dropped_scans = spool->delivered().dropped;
  hash_sections(scan);
  return to_json(scan, spool->delivered().sections);
}

int run_scan(const Options& options) {
  auto host = open_host(options);
  if (!host) return complain(host.error());
  auto scan = take_scan(**host, {options.only});
  if (!scan) {
    complain(scan.error());
    return scan.error().kind == ErrorKind::invalid ? kUsage : kError;
  }
  if (!options.record.empty()) {
    if (const auto kept = finish_recording(**host); !kept) return complain(kept.error());
    std::fprintf(stderr, "recorded into %s; replay it with: plumbline-agent scan --root %s\n",
                 options.record.c_str(), options.record.c_str());
  }
  if (options.format == "json" || options.json) {
    if (options.dry_run) {
      const auto document = as_sent(std::move(*scan), options.state);
      return document ? print(*document) : complain(document.error());
    }
    return print(to_json(*scan) + "\n");
  }
  return print(render_scan(*scan, {wants_colour(), options.timings}));
}

int run_facts(const Options& options) {
  return print(options.facts_format == "json" ? catalog_json() : catalog_markdown());
}

TakeScan take_live_scan() {
  return [] { return take_scan(*live_host()); };
}

int run_enroll(Options options) {
  options.enrol.state_folder = options.state;
  options.enrol.version = PLUMBLINE_VERSION;
  const auto line = enroll(options.enrol);
  return line ? print(*line + "\n") : complain(line.error());
}

int run_send(const Options& options) {
  const auto outcome = send_once(options.state, take_live_scan());
  return outcome ? print(outcome->message + "\n") : complain(outcome.error());
}

int run_as_service(const Options& options) {
  const auto ended = run_service({options.state, options.interval_seconds}, take_live_scan());
  return ended ? kFine : complain(ended.error());
}

std::string list_sections() {
  std::string text = "Sections for --only:\n";
  for (const auto& probe : probes()) {
    text += "  " + std::string(probe.name) +
            std::string(probe.name.size() < 14 ? 14 - probe.name.size() : 1, ' ') + std::string(probe.about) +
            "\n";
  }
  return text;
}

void add_scan(CLI::App& app, Options& options) {
  auto* scan = app.add_subcommand("scan", "read this host and show what is there; nothing is sent");
  scan->add_option("--format", options.format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  scan->add_flag("--json", options.json, "the same as --format json");
  scan->add_option("--only", options.only, "sections, as cpu,memory")->delimiter(',');
  auto* root = scan->add_option("--root", options.root, "scan a recorded machine instead of this one");
  scan->add_option("--record", options.record, "keep all that was read in a new folder, for replay")
      ->excludes(root);
  scan->add_flag("--timings", options.timings, "show the time each section took");
  scan->add_flag("--dry-run", options.dry_run, "with --format json: exactly the document that would be sent");
  scan->add_option("--state", options.state, "folder of identity and spool, for --dry-run")
      ->capture_default_str();
  scan->footer(
      "\n" + list_sections() +
      "\nExamples:\n"
      "  plumbline-agent scan\n"
      "  plumbline-agent scan --only cpu,memory,accelerators\n"
      "  plumbline-agent scan --format json | plumbline-collector assess -\n"
      "  plumbline-agent scan --json --dry-run          what would be sent, byte for byte\n"
      "  plumbline-agent scan --record /tmp/this-host && plumbline-agent scan --root /tmp/this-host\n");
}

void add_delivery(CLI::App& app, Options& options) {
  auto* enrol = app.add_subcommand("enroll", "make this host known to a collector, once");
  enrol->add_option("--collector", options.enrol.collector_url, "https://host:port")->required();
  enrol->add_option("--token", options.enrol.token, "one-use token from: plumbline-collector token create")
      ->required();
  enrol->add_option("--name", options.enrol.name, "how people call this host; default: its host name");
  enrol->add_flag("--replace", options.enrol.replace, "enrol again, with a new identity");
  enrol->footer(
      "\nExample:\n  plumbline-agent enroll --collector https://plumbline.example:7443 --token plumb_…\n");
  auto* run = app.add_subcommand("run", "the service: scan and send, again and again");
  run->add_option("--interval", options.interval_seconds, "seconds between two scans")
      ->check(CLI::Range(kShortestIntervalSeconds, kLongestIntervalSeconds))
      ->capture_default_str();
  auto* send = app.add_subcommand("send", "scan and send once");
  for (auto* command : {enrol, run, send})
    command->add_option("--state", options.state, "folder of identity and spool")->capture_default_str();
}

int run_command(int argc, char** argv) {
  Options options;
  CLI::App app{
      "plumbline-agent reads what a host is made of and how ready it is for AI. It starts no program, opens "
      "no port\n"
      "and takes no command from anybody; what it would send, it shows: scan --format json --dry-run.",
      "plumbline-agent"};
  app.set_version_flag("--version", std::string("plumbline-agent ") + PLUMBLINE_VERSION);
  app.require_subcommand(1);
  add_scan(app, options);
  auto* facts = app.add_subcommand("facts", "print the catalog of facts this agent may read");
  facts->add_option("--format", options.facts_format, "md or json")
      ->check(CLI::IsMember({"md", "json"}))
      ->capture_default_str();
  add_delivery(app, options);
  app.footer(
      "\nExamples:\n"
      "  plumbline-agent scan                      what is on this host\n"
      "  plumbline-agent scan --format json        the same as a document\n"
      "  plumbline-agent facts --format md         every fact, its unit, source and privacy class\n"
      "\nExit codes: 0 fine, 1 error, 2 usage.\n");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kFine : kUsage;
  }
  if (app.got_subcommand("scan")) return run_scan(options);
  if (app.got_subcommand("facts")) return run_facts(options);
  if (app.got_subcommand("enroll")) return run_enroll(options);
  if (app.got_subcommand("send")) return run_send(options);
  return run_as_service(options);
}

}  // namespace
}  // namespace plumbline

int main(int argc, char** argv) {
  try {
    return plumbline::run_command(argc, argv);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "plumbline-agent: %s\n", failure.what());
    return plumbline::kError;
  }
}
