// SPDX-License-Identifier: Apache-2.0
// The command lines of `digest`.
#include <CLI/CLI.hpp>

#include "collector/commands/digest.h"

namespace plumbline {
namespace {

CLI::App* add(CLI::App& parent, const std::string& name, const std::string& about, const std::string& examples, const std::shared_ptr<DigestOptions>& options) {
  CLI::App* command = parent.add_subcommand(name, about);
  command->footer("Examples:\n" + examples);
  command->add_option("--state", options->common.state, "The collector's folder")->capture_default_str();
  command->add_option("--store", options->common.store_url, "sqlite:FILE or postgresql://…, instead of the configured store");
  return command;
}

void add_packs(CLI::App* command, const std::shared_ptr<DigestOptions>& options) {
  command->add_option("--packs", options->common.packs, "The folder of rules, instead of the installed one");
  command->add_option("--site", options->common.site, "The folder of your own packs, overrides and waivers");
}

void add_to(CLI::App* command, const std::shared_ptr<DigestOptions>& options, const char* about) {
  command->add_option("--to", options->to, about)->check(CLI::IsMember({"email", "slack", "teams"}));
}

}  // namespace

void add_digest_commands(CLI::App& app, std::function<int()>& run) {
  const auto options = std::make_shared<DigestOptions>();
  CLI::App* digest = app.add_subcommand("digest", "What changed since the last digest and what to do next, by e-mail, Slack and Teams");
  digest->footer("Examples:\n  plumbline-collector digest show\n  plumbline-collector digest test\n  plumbline-collector digest send --to email\n\n"
                 "Where digests go and when stands in digest.yaml in the collector's folder: docs/digests.md.");
  digest->require_subcommand(1);

  CLI::App* show = add(*digest, "show", "The next digest as it would read",
                       "  plumbline-collector digest show\n  plumbline-collector digest show --format html > digest.html\n  plumbline-collector digest show --to slack --format slack", options);
  add_packs(show, options);
  show->add_option("--format", options->format, "text, html, slack or teams")->check(CLI::IsMember({"text", "html", "slack", "teams"}))->capture_default_str();
  add_to(show, options, "Since this channel's last digest; without it since the oldest one");
  show->callback([&run, options] { run = [options] { return run_digest_show(*options); }; });

  CLI::App* send = add(*digest, "send", "Send a digest now, whatever is scheduled",
                       "  plumbline-collector digest send\n  plumbline-collector digest send --to teams\n  plumbline-collector digest send --to email --dry-run", options);
  add_packs(send, options);
  add_to(send, options, "email, slack or teams; without it all that are configured");
  send->add_flag("--dry-run", options->dry_run, "Print what would leave, to whom, and send nothing");
  send->callback([&run, options] { run = [options] { return run_digest_send(*options); }; });

  CLI::App* test = add(*digest, "test", "Send a short test message, to see that settings and secrets are right", "  plumbline-collector digest test\n  plumbline-collector digest test --to email", options);
  add_to(test, options, "email, slack or teams; without it all that are configured");
  test->callback([&run, options] { run = [options] { return run_digest_test(*options); }; });

  CLI::App* status = add(*digest, "status", "When each channel's last digest was sent and the next is due", "  plumbline-collector digest status\n  plumbline-collector digest status --json", options);
  status->add_flag("--json", options->common.json, "JSON, for programs");
  status->callback([&run, options] { run = [options] { return run_digest_status(*options); }; });
}

}  // namespace plumbline
