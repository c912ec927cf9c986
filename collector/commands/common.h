// SPDX-License-Identifier: Apache-2.0
// What the commands share: printing, errors, reading scans, opening a fleet.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "collector/commands/commands.h"
#include "collector/rules_in_force.h"
#include "facts/scan.h"

namespace plumbline {

/// To standard output; a closed pipe ends the program quietly.
void print(std::string_view text);
/// "plumbline-collector: <message>" on standard error; returns kExitError.
int report_error(const Error& error);
int report_usage(std::string_view message);
/// Standard output is a terminal and NO_COLOR is not set.
bool colour_wanted();
/// "local:ada": who runs this command, for the audit log.
std::string local_actor();

/// The rules of a folder, or the installed ones with those of the site.
Result<std::shared_ptr<const RuleSet>> rules_for(const std::string& packs);
/// Where a collector's rules come from and what they must be: its configuration, changed by the options.
Result<RulesSource> rules_source(const StateOptions& options);
Result<std::shared_ptr<const RuleSet>> rules_for(const StateOptions& options);

/// A document from a file or "-", as text; plain or one zstd frame. The error names the file.
Result<std::string> read_document(const std::string& path);
/// A scan document from a file or "-"; plain JSON or one zstd frame of it.
Result<Scan> read_scan_file(const std::string& path);

/// A collector's store with the assessment of what is in it now. Read-only.
struct OpenFleet {
  std::unique_ptr<Store> store;
  std::unique_ptr<Fleet> fleet;
  std::shared_ptr<const FleetView> view;
};
Result<OpenFleet> open_fleet(const StateOptions& options);
/// The same as it was at a moment that the command line gives; as it is now where that is empty. Without a host it fails.
Result<OpenFleet> open_fleet(const StateOptions& options, const std::string& as_of);
/// "2026-11-23" is the end of that day, "2026-11-23T12:00:00Z" a moment; the error names the option.
Result<std::int64_t> read_moment(std::string_view option, const std::string& text);

/// Runs the readiness clock and has the view show it; with too many hosts the view shows why there is none.
Result<void> show_outlook(const FleetView& view);

/// Whether a rule of this severity or worse fails somewhere.
bool reaches(const FleetView& view, std::optional<Severity> threshold);

/// Writes or prints a view: the one place that knows formats.
struct Rendering {
  std::string format;
  std::optional<Audience> audience;
  std::string out;
};
int render(const FleetView& view, const Rendering& rendering);
/// The same for `report`, which knows more formats and places.
int write_report(const FleetView& view, const ReportOptions& options);

}  // namespace plumbline
