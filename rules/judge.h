// SPDX-License-Identifier: Apache-2.0
// Judges one host's facts: a verdict for every host rule, a number for every measure, evidence on demand.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/pack.h"

namespace plumbline {

enum class Verdict : unsigned char { not_applicable, pass, fail, unknown, waived };
std::string_view to_text(Verdict verdict);

/// What judging a host gives: the packed form of it is what a store keeps.
struct Judgement {
  std::vector<Verdict> verdicts;               // by index in RuleSet::rules; fleet rules are not_applicable here
  std::vector<std::optional<double>> measures; // by index in RuleSet::measures; nothing where unknown
};

/// Facts as facts_of() gives them, already with derived facts. Never fails: what cannot be evaluated is unknown.
Judgement judge(const RuleSet& rules, const nlohmann::json& facts);

/// Why a verdict is what it is, computed from the facts again.
struct Evidence {
  Verdict verdict;
  std::string observed;              // "yes", "16 GB", "fact not read"
  std::string expected;
  std::vector<std::string> missing;  // catalog paths that were not there
  std::string problem;               // an evaluation error, in words; empty mostly
  std::vector<cel::Program::Step> steps;
};
Evidence explain(const Rule& rule, const nlohmann::json& facts);

/// 3 bits a rule, and the measures; fails to unpack anything that is not exactly that.
std::string pack_judgement(const Judgement& judgement);
Result<Judgement> unpack_judgement(std::string_view bytes, std::size_t rules, std::size_t measures);

}  // namespace plumbline
