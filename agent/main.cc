// SPDX-License-Identifier: Apache-2.0
// plumbline-agent: reads this host and tells, on the terminal or to its collector, what is there.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "agent/delivery/commands.h"
#include "agent/delivery/identity.h"
#include "agent/delivery/spool.h"
#include "agent/host.h"
#include "agent/manners/guard.h"
#include "agent/manners/privacy.h"
#include "agent/manners/sandbox.h"
#include "agent/manners/settings.h"
#include "agent/probe.h"
#include "agent/render.h"
#include "agent/scan.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "facts/catalog.h"
#include "facts/wire.h"

namespace plumbline {
namespace {

constexpr int kFine = 0;
constexpr int kError = 1;
constexpr int kUsage = 2;
constexpr std::int64_t kShortestIntervalSeconds = 60;
constexpr std::int64_t kLongestIntervalSeconds = 7 * 86400;
constexpr std::size_t kBootIdBytes = 64;

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
  std::string settings_file;
  bool no_sandbox = false;
  bool no_greetings = false;
  EnrollOptions enrol;
  std::int64_t interval_seconds = ServiceOptions().interval_seconds;
  AgentSettings settings;
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

/// Landlock would hide other processes where this agent may look at them; a recorded machine has none.
bool wants_landlock(const Options& options) { return !options.root.empty() || !reads_other_processes(); }

/// From here on this program can do what it is for and little else. Folders that it will write to exist.
void confine(const Options& options, std::vector<std::string> writable) {
  if (!options.settings.sandbox || options.no_sandbox) return;
  confine_agent({std::move(writable), wants_landlock(options)});
}

bool wants_greetings(const Options& options) { return options.settings.greetings && !options.no_greetings; }

GuardedScan guarded_scan(const Options& options) {
  GuardedScan work;
  work.open_host = [root = options.root, record = options.record, greetings = wants_greetings(options)](
                       KeepFile keep, const std::string& before) -> Result<std::unique_ptr<Host>> {
    if (!root.empty()) return recorded_host(root);
    if (!record.empty()) return recording_host(record, std::move(keep), before, greetings);
    return live_host(greetings);
  };
  work.options.only = options.only;
  work.limits = options.settings.limits;
  work.confine = options.settings.sandbox && !options.no_sandbox;
  work.landlock = wants_landlock(options);
  work.greetings = wants_greetings(options);
  work.record = options.record;
  return work;
}

/// Which probes had to be ended on this host since it was started.
ProbeHistory history_of(const std::string& state) {
  const auto boot = live_host()->read("/proc/sys/kernel/random/boot_id", kBootIdBytes);
  return ProbeHistory::load(state + "/probes.json", PLUMBLINE_VERSION, boot ? std::string(trim(*boot)) : std::string());
}

/// What leaves this host, or is shown: names and addresses as the settings say.
void keep_private(Scan& scan, const Options& options) {
  auto privacy = options.settings.privacy;
  if (!privacy.changes_anything()) return;
  if (privacy.key.empty()) privacy.key = privacy_key(options.state);
  apply_privacy(scan, privacy);
  hash_sections(scan);
}

/// The document as `send` would post it: an enrolled host's id and next number, without what its collector
/// has.
Result<std::string> as_sent(Scan scan, const std::string& state) {
  const auto identity = load_identity(state);
  if (!identity && identity.error().kind == ErrorKind::not_found)
    return to_wire(scan);  // nothing would be left out
  if (!identity) return tl::unexpected<Error>(identity.error());
  const auto lock = StateLock::take(state);
  if (!lock) return tl::unexpected<Error>(lock.error());
  const auto spool = Spool::open(state);
  if (!spool) return tl::unexpected<Error>(spool.error());
  scan.host_id = identity->host_id;
  scan.sequence = spool->next_sequence();
  scan.dropped_scans = spool->delivered().dropped;
  hash_sections(scan);
  return to_wire(scan, spool->delivered().sections);
}

/// Takes the scan and, where wanted, the recording.
Result<Scan> scan_or_record(const Options& options) {
  std::vector<std::string> writable;
  if (!options.record.empty()) {
    if (const auto ready = prepare_recording(options.record); !ready) return tl::unexpected<Error>(ready.error());
    writable.push_back(options.record);
  }
  if (options.dry_run || options.settings.privacy.changes_anything()) writable.push_back(options.state);
  confine(options, std::move(writable));
  // A dry run leaves out what `run` would leave out; a person who scans wants to see it tried.
  ProbeHistory history = options.dry_run ? history_of(options.state) : ProbeHistory();
  auto scan = take_guarded_scan(guarded_scan(options), probes(), history);
  if (scan) keep_private(*scan, options);
  return scan;
}

int run_scan(const Options& options) {
  auto scan = scan_or_record(options);
  if (!scan) {
    complain(scan.error());
    const bool usage = scan.error().kind == ErrorKind::invalid && !options.only.empty();
    return usage ? kUsage : kError;
  }
  if (!options.record.empty())
    std::fprintf(stderr, "recorded into %s; replay it with: plumbline-agent scan --root %s\n",
                 options.record.c_str(), options.record.c_str());
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

TakeScan take_live_scan(const Options& options) {
  return [options]() -> Result<Scan> {
    auto history = history_of(options.state);
    auto scan = take_guarded_scan(guarded_scan(options), probes(), history);
    if (const auto saved = history.save(); !saved) log_warning("probes: " + saved.error().message);
    if (scan) keep_private(*scan, options);
    return scan;
  };
}

int run_enroll(Options options) {
  options.enrol.state_folder = options.state;
  options.enrol.version = PLUMBLINE_VERSION;
  // enroll() makes the folder and tells why it cannot; the sandbox wants it to be there.
  if (const auto made = make_folder(options.state, 0700); made) confine(options, {options.state});
  const auto line = enroll(options.enrol);
  return line ? print(*line + "\n") : complain(line.error());
}

int run_send(const Options& options) {
  confine(options, {options.state});
  const auto outcome = send_once(options.state, take_live_scan(options));
  return outcome ? print(outcome->message + "\n") : complain(outcome.error());
}

int run_as_service(Options options) {
  confine(options, {options.state});
  auto& processor = options.settings.limits.scan_processor;
  processor = std::min(processor, most_processor(options.interval_seconds));
  const auto ended = run_service({options.state, options.interval_seconds}, take_live_scan(options));
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

void add_manners(CLI::App& command, Options& options) {
  command.add_option("--config", options.settings_file, std::string("settings; default: ") + kSettingsFile);
  command.add_flag("--no-greetings", options.no_greetings, "ask no listener of this host for its version and login (docs/greetings.md)");
  command.add_flag("--no-sandbox", options.no_sandbox, "without seccomp and Landlock, to see whether they are in the way");
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
  add_manners(*scan, options);
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
  for (auto* command : {enrol, run, send}) {
    command->add_option("--state", options.state, "folder of identity and spool")->capture_default_str();
    add_manners(*command, options);
  }
}

/// The settings file, under what the command line says. Who only looks at a host need not be able to read it.
Result<void> take_settings(const CLI::App& command, Options& options) {
  const bool named = !options.settings_file.empty();
  auto settings = read_settings(named ? options.settings_file : kSettingsFile);
  if (settings) {
    options.settings = std::move(*settings);
  } else {
    const auto kind = settings.error().kind;
    const bool only_looks = command.get_name() == "scan" && !options.dry_run && kind == ErrorKind::permission_denied;
    if (named || (kind != ErrorKind::not_found && !only_looks)) return tl::unexpected<Error>(settings.error());
  }
  if (options.settings.state && command.count("--state") == 0) options.state = *options.settings.state;
  if (options.settings.interval_seconds && (command.get_name() != "run" || command.count("--interval") == 0))
    options.interval_seconds = *options.settings.interval_seconds;
  return {};
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
  if (app.got_subcommand("facts")) return run_facts(options);
  if (const auto taken = take_settings(*app.get_subcommands().front(), options); !taken) return complain(taken.error());
  if (app.got_subcommand("scan")) return run_scan(options);
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
