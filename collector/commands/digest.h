// SPDX-License-Identifier: Apache-2.0
// The commands about digests: options in, exit code out. Their command lines are read in digest_line.cc.
#pragma once

#include <functional>
#include <string>

#include "collector/commands/common.h"

namespace CLI {
class App;
}

namespace plumbline {

struct DigestOptions {
  StateOptions common;
  std::string format = "text";  // of show: text html slack teams
  std::string to;               // a channel, or empty: all that are configured
  bool dry_run = false;
};

/// What the next digest would tell.
int run_digest_show(const DigestOptions& options);
/// Sends it now; with `dry_run` prints what would leave. Fails where one could not be delivered.
int run_digest_send(const DigestOptions& options);
/// Sends a short message that says it is a test; nothing is recorded.
int run_digest_test(const DigestOptions& options);
/// When each channel's last one was sent, when the next is due, and what went wrong.
int run_digest_status(const DigestOptions& options);

/// Adds `digest` with its subcommands; the chosen one is put into `run`.
void add_digest_commands(CLI::App& app, std::function<int()>& run);

}  // namespace plumbline
