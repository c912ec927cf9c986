// SPDX-License-Identifier: Apache-2.0
// The command line of `rules`: what each command takes, with examples.
#include <CLI/CLI.hpp>
#include <memory>

#include "collector/commands/commands.h"
#include "collector/commands/rules.h"

namespace plumbline {
namespace {

// Every option of every rules command; shared by the callbacks, so it lives as long as they do.
struct RulesLine {
  RulesOptions common;
  DiffOptions diff;
  DocsOptions docs;
  SignOptions sign;
  VerifyOptions verify;
  std::vector<std::string> packs, facts;
  std::string name, into, subject, scan, password_file;
  bool no_password = false;
};
using Line = std::shared_ptr<RulesLine>;

CLI::App* add(CLI::App& parent, const std::string& name, const std::string& about, const std::string& examples) {
  CLI::App* command = parent.add_subcommand(name, about);
  command->footer("Examples:\n" + examples);
  return command;
}

void add_common(CLI::App* command, const Line& line) {
  command->add_option("--packs", line->common.packs, "The folder of rules, instead of the installed one");
  command->add_option("--site", line->common.site, "The folder of a site's own packs, overrides and waivers");
}
void add_json(CLI::App* command, bool& json) { command->add_flag("--json", json, "JSON, for programs"); }

void add_check_and_list(CLI::App& rules, const Line& line, std::function<int()>& run) {
  CLI::App* check = add(rules, "check", "Read every pack, report every mistake, run the packs' tests",
                        "  plumbline-collector rules check\n  plumbline-collector rules check ./rules\n  plumbline-collector rules check --verbose");
  check->add_option("DIR", line->common.packs, "The folder of rules, instead of the installed one");
  add_common(check, line);
  add_json(check, line->common.json);
  check->add_flag("--verbose", line->common.verbose, "Show what each rule may cost, in units of the budget");
  check->callback([line, &run] { run = [line] { return run_rules_check(line->common); }; });
  CLI::App* list = add(rules, "list", "Every rule", "  plumbline-collector rules list\n  plumbline-collector rules list --verbose\n  plumbline-collector rules list --json");
  add_common(list, line);
  add_json(list, line->common.json);
  list->add_flag("--verbose", line->common.verbose, "Show what each rule may cost, in units of the budget");
  list->callback([line, &run] { run = [line] { return run_rules_list(line->common); }; });
}

void add_test_and_new(CLI::App& rules, const Line& line, std::function<int()>& run) {
  CLI::App* test = add(rules, "test", "Run the tests.yaml of packs",
                       "  plumbline-collector rules test\n  plumbline-collector rules test ssh backup\n  plumbline-collector rules test ./rules/packs/ssh");
  test->add_option("PACK", line->packs, "Packs by id or folder; without one, all of them");
  add_common(test, line);
  add_json(test, line->common.json);
  test->callback([line, &run] { run = [line] { return run_rules_test(line->common, line->packs); }; });
  CLI::App* make = add(rules, "new", "Write a starter pack that is right as it stands",
                       "  plumbline-collector rules new acme\n  plumbline-collector rules new acme --into ./rules");
  make->add_option("NAME", line->name, "The pack's id: letters in lower case, digits, dashes")->required();
  make->add_option("--into", line->into, "The folder of rules that gets packs/NAME; without it, this one");
  add_json(make, line->common.json);
  make->callback([line, &run] { run = [line] { return run_rules_new(line->name, line->into, line->common.json); }; });
}

// The scan may stand behind the rule or after --facts; without one it comes from standard input.
void add_eval_and_explain(CLI::App& rules, const Line& line, std::function<int()>& run) {
  CLI::App* eval = add(rules, "eval", "A condition, or a rule, on one scan's facts: value, type, cost, what was not read",
                       "  plumbline-collector rules eval 'size(storage.disks)' --facts scan.json\n"
                       "  plumbline-collector rules eval ssh.root-login scan.json\n"
                       "  echo '{\"cpu\":{\"cores\":4}}' | plumbline-collector rules eval 'cpu.cores >= 8' -");
  eval->add_option("EXPR", line->subject, "A CEL condition or a rule's id")->required();
  CLI::Option* scan = eval->add_option("SCAN", line->scan, "A scan document, or facts such as {\"cpu\":{\"cores\":4}}; without it, or with -, standard input");
  eval->add_option("--facts", line->scan, "The same")->excludes(scan);
  add_common(eval, line);
  add_json(eval, line->common.json);
  eval->callback([line, &run] { run = [line] { return run_rules_eval(line->common, line->subject, line->scan.empty() ? "-" : line->scan); }; });
  CLI::App* explain = add(rules, "explain", "Why a rule's verdict is what it is: every part of its condition with its value",
                          "  plumbline-collector rules explain ssh.root-login --facts scan.json\n"
                          "  plumbline-collector rules explain backup.fleet --facts scans/*.json --json");
  explain->add_option("RULE", line->subject, "A rule's id")->required();
  explain->add_option("--facts", line->facts, "Scan documents, or facts alone; several are a fleet; without it, or with -, standard input");
  add_common(explain, line);
  add_json(explain, line->common.json);
  explain->callback([line, &run] {
    run = [line] { return run_rules_explain(line->common, line->subject, line->facts.empty() ? std::vector<std::string>{"-"} : line->facts); };
  });
}

void add_diff_and_docs(CLI::App& rules, const Line& line, std::function<int()>& run) {
  CLI::App* diff = add(rules, "diff", "What other rules would change on a folder of scans: verdicts that turn, rules that come and go, the score",
                       "  plumbline-collector rules diff /usr/share/plumbline ./rules --scans ./scans\n"
                       "  plumbline-collector rules diff old new --scans scans --json | jq '.rules[].turned[]'");
  diff->add_option("OLD", line->diff.before, "A folder of rules")->required();
  diff->add_option("NEW", line->diff.after, "The one to compare with it")->required();
  diff->add_option("--scans", line->diff.scans, "A folder of scan documents")->required();
  diff->add_option("--site", line->diff.common.site, "The site folder to use with both");
  diff->add_flag("--verbose", line->diff.common.verbose, "Name every host, not ten a rule");
  add_json(diff, line->diff.common.json);
  diff->callback([line, &run] { run = [line] { return run_rules_diff(line->diff); }; });
  CLI::App* docs = add(rules, "docs", "A page for every rule, with an index by pack and pillar",
                       "  plumbline-collector rules docs --into rule-pages\n  plumbline-collector rules docs --format html >rules.html");
  docs->add_option("--format", line->docs.format, "md: Markdown, or html: one page")->check(CLI::IsMember({"md", "html"}))->capture_default_str();
  docs->add_option("--into", line->docs.into, "A folder for the files; without it, standard output");
  docs->add_option("--packs", line->docs.common.packs, "The folder of rules, instead of the installed one");
  docs->add_option("--site", line->docs.common.site, "The folder of a site's own packs, overrides and waivers");
  docs->callback([line, &run] { run = [line] { return run_rules_docs(line->docs); }; });
}

void add_signing(CLI::App& rules, const Line& line, std::function<int()>& run) {
  CLI::App* sign = add(rules, "sign", "Write and sign the manifests of packs, as minisign does",
                       "  plumbline-collector rules sign ./rules/packs/acme --key acme.key\n"
                       "  plumbline-collector rules sign ./rules --key acme.key --password-file password --expires 2027-06-30\n"
                       "  plumbline-collector rules sign ./rules/packs/acme && minisign -S -m ./rules/packs/acme/pack.manifest");
  sign->add_option("DIR", line->sign.folders, "Packs, or a folder of rules for all that is in it")->required();
  sign->add_option("--key", line->sign.key, "A secret key of minisign or of `rules key new`; without it the manifest is written and not signed");
  sign->add_option("--password-file", line->sign.password_file, "The key's password, in a file or, with -, on standard input; without it the terminal is asked");
  sign->add_option("--expires", line->sign.expires, "The day from which on it is refused; without it, a year from now");
  sign->add_option("--version", line->sign.version, "Of workloads and catalogue, which have no pack.yaml; without it, this day's date");
  sign->add_option("--comment", line->sign.comment, "The trusted comment: one line, signed too");
  add_json(sign, line->sign.json);
  sign->callback([line, &run] { run = [line] { return run_rules_sign(line->sign); }; });
  CLI::App* verify = add(rules, "verify", "Check the signatures of packs, byte for byte",
                         "  plumbline-collector rules verify ./rules --key acme.pub\n  plumbline-collector rules verify ./rules/packs/acme --key /etc/plumbline/pack-keys");
  verify->add_option("DIR", line->verify.folders, "Packs, or a folder of rules for all that is in it")->required();
  verify->add_option("--key", line->verify.keys, "A public key, or a folder with several *.pub")->required();
  add_json(verify, line->verify.json);
  verify->callback([line, &run] { run = [line] { return run_rules_verify(line->verify); }; });
  CLI::App* key = add(rules, "key", "Keys that sign packs", "  plumbline-collector rules key new acme");
  key->require_subcommand(1);
  CLI::App* make = add(*key, "new", "Make NAME.key, which signs, and NAME.pub, which others check with; minisign reads both",
                       "  plumbline-collector rules key new acme\n  plumbline-collector rules key new acme --password-file password");
  make->add_option("NAME", line->name, "The files' name without ending")->required();
  make->add_option("--password-file", line->password_file, "The key's password, in a file or, with -, on standard input; without it the terminal is asked");
  make->add_flag("--no-password", line->no_password, "Leave the key unencrypted: who has the file signs");
  make->callback([line, &run] { run = [line] { return run_rules_key_new(line->name, line->password_file, line->no_password); }; });
}

}  // namespace

void add_rules_commands(CLI::App& app, std::function<int()>& run) {
  CLI::App* rules = add(app, "rules", "Write, test, explain, compare, document and sign rules",
                        "  plumbline-collector rules check\n  plumbline-collector rules eval 'cpu.cores >= 8' scan.json\n  plumbline-collector rules new acme");
  rules->require_subcommand(1);
  const auto line = std::make_shared<RulesLine>();
  add_check_and_list(*rules, line, run);
  add_test_and_new(*rules, line, run);
  add_eval_and_explain(*rules, line, run);
  add_diff_and_docs(*rules, line, run);
  add_signing(*rules, line, run);
}

}  // namespace plumbline
