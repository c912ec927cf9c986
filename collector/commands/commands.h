// SPDX-License-Identifier: Apache-2.0
// The commands of plumbline-collector, one a file: options in, exit code out. main.cc reads the command line.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "collector/fleet.h"
#include "collector/report/report.h"
#include "collector/state.h"
#include "rules/pack.h"

namespace plumbline {

inline constexpr int kExitOk = 0;
inline constexpr int kExitError = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitThreshold = 3;  // findings at or over --fail-on

/// What every command that uses a collector's folder takes.
struct StateOptions {
  std::string state = default_state_folder();
  std::string store_url;  // empty: the configured one
  std::string packs;      // empty: find_rules_folder()
  std::string site;       // empty: find_site_folder(), where `packs` is empty too
  bool require_signed_packs = false;  // whatever is configured
  std::string pack_keys;  // instead of the configured ones
  bool allow_old_packs = false;
  bool json = false;
};

struct InitOptions {
  std::string state = default_state_folder();
  Config config;
};
int run_init(const InitOptions& options);

struct ServeOptions {
  StateOptions common;
  std::optional<int> agents_port, people_port;
  std::string address;
};
int run_serve(const ServeOptions& options);
/// The rules on disk, how much of the store they have judged, whether a collector serves it. Fails where they are broken.
int run_status(const StateOptions& options);

struct TokenOptions {
  StateOptions common;
  int count = 1;
};
int run_token_create(const TokenOptions& options);

struct UserOptions {
  StateOptions common;
  std::string name;
  std::string role;
  bool password_stdin = false;
};
int run_user_create(const UserOptions& options);
int run_user_list(const StateOptions& options);

int run_hosts(const StateOptions& options);
/// Denies a host, by id or by its one name, or allows it again.
int run_hosts_deny(const StateOptions& options, const std::string& host, bool denied);

struct FindingsOptions {
  StateOptions common;
  std::string as_of;  // a date or moment; empty: now
  std::optional<Severity> fail_on;
};
int run_score(const FindingsOptions& options);
int run_findings(const FindingsOptions& options);

struct ReportOptions {
  StateOptions common;
  std::string as_of;                 // a date or moment; empty: now
  bool outlook = true;               // what becomes of the fleet if nothing is done: 3 s for 1,000 hosts
  std::optional<Audience> audience;  // nothing: all three
  std::string format = "html";       // html pdf text csv xlsx json
  std::string out;                   // folder; empty: `file`
  std::string file;                  // one file; "-" or empty: standard output
  std::string list = "findings";     // of CSV: findings, actions, hosts
  std::string pdf_engine;            // weasyprint, chromium; empty: the preferred one
  int pdf_seconds = 180;             // that one PDF may take
};
int run_report(const ReportOptions& options);

struct ImportOptions {
  StateOptions common;
  std::vector<std::string> scans;
};
int run_import(const ImportOptions& options);

struct DemoOptions {
  StateOptions common;
  std::string into;     // a collector's folder for the sample, made where it is not there
  std::string out;      // or: a folder for the last scan of each host
  std::string company;  // where it is written; empty: packaging/demo beside the rules
  std::string date;     // the last day of its story; empty: now
};
int run_demo(DemoOptions options);

struct AssessOptions {
  std::vector<std::string> scans;
  std::string packs;
  std::string format = "text";
  std::optional<Audience> audience;
  std::string out;
  std::string organisation;
  std::optional<Severity> fail_on;
};
int run_assess(const AssessOptions& options);

}  // namespace plumbline
