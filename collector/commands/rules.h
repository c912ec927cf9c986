// SPDX-License-Identifier: Apache-2.0
// The commands for who writes packs: `rules check`, `list`, `test`, `new`, `eval`, `explain`, `diff`, `docs`, `sign`,
// `verify`, `key new`. Their command lines are in rules_line.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "rules/pack.h"

namespace CLI {
class App;
}

namespace plumbline {

/// What every command over rules takes.
struct RulesOptions {
  std::string packs;  // the rules folder; empty: the installed one
  std::string site;   // the site folder; empty: that of the installed one, where `packs` is empty too
  bool json = false;
  bool verbose = false;
};
int run_rules_check(const RulesOptions& options);
int run_rules_list(const RulesOptions& options);
/// Packs by id or by folder; none: all.
int run_rules_test(const RulesOptions& options, const std::vector<std::string>& packs);
int run_rules_new(const std::string& name, const std::string& into, bool json);
/// A rule's id or a CEL expression, on a scan's facts.
int run_rules_eval(const RulesOptions& options, const std::string& rule_or_expression, const std::string& facts);
int run_rules_explain(const RulesOptions& options, const std::string& rule, const std::vector<std::string>& facts);

struct DiffOptions {
  RulesOptions common;
  std::string before, after;  // rules folders
  std::string scans;          // a folder of scan documents
};
int run_rules_diff(const DiffOptions& options);

struct DocsOptions {
  RulesOptions common;
  std::string format = "md";  // md or html
  std::string into;           // a folder; empty: standard output
};
int run_rules_docs(const DocsOptions& options);

struct SignOptions {
  std::vector<std::string> folders;  // packs, or a rules folder with all in it
  std::string key, password_file;
  std::string version, expires, comment;
  bool json = false;
};
int run_rules_sign(const SignOptions& options);
struct VerifyOptions {
  std::vector<std::string> folders;
  std::string keys;
  bool json = false;
};
int run_rules_verify(const VerifyOptions& options);
int run_rules_key_new(const std::string& name, const std::string& password_file, bool no_password);

/// Adds `rules` and its commands; the chosen one is put into `run`.
void add_rules_commands(CLI::App& app, std::function<int()>& run);

// What these commands share.

/// The rules folder that is meant.
Result<std::string> rules_folder(const RulesOptions& options);
Result<std::shared_ptr<const RuleSet>> load_for(const RulesOptions& options);
/// Mistakes name file, line and column already; a prefix would stand in the way of editors that jump to them.
int report_mistakes(const Error& error);
/// One line of JSON.
void print_json(const nlohmann::json& value);
/// The rule with this id; the error names the nearest.
Result<const Rule*> find_rule(const RuleSet& rules, const std::string& id);

/// Facts to judge, as a person has them: a scan document, or facts alone, {"cpu":{"cores":4}}.
struct GivenFacts {
  std::string host;      // the host's name, or the file's
  std::string host_id;   // empty where it has none
  std::int64_t taken_at = 0;
  nlohmann::json facts;  // with those that are derived
};
/// `path` may be "-". Facts alone count as read now; names that the catalog lacks and wrong types are refused.
Result<GivenFacts> read_given_facts(const std::string& path, const RuleSet& rules);

}  // namespace plumbline
