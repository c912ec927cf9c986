// SPDX-License-Identifier: Apache-2.0
// Judges one host's facts: a verdict for every host rule, a number for every measure, evidence on demand.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/cel/document.h"
#include "rules/host_compute.h"
#include "rules/pack.h"

namespace plumbline {

/// Of every condition that is judged: 100 ms beside the budget (goal S13), so that no rule stalls the collector. A
/// condition in the fast tier costs what its plan says and needs no clock.
inline constexpr cel::Limits kJudgingLimits{.time = std::chrono::milliseconds(100)};

enum class Verdict : unsigned char { not_applicable, pass, fail, unknown, waived };
std::string_view to_text(Verdict verdict);

/// A failing rule is about this on a host (cause.h): the rule's index and what stands for the text.
struct CauseMark {
  std::uint32_t rule = 0;
  std::uint64_t key = 0;
  bool operator==(const CauseMark& other) const { return rule == other.rule && key == other.key; }
};

/// What judging a host gives: the packed form of it is what a store keeps.
struct Judgement {
  std::vector<Verdict> verdicts;               // by index in RuleSet::rules; fleet rules are not_applicable here
  std::vector<std::optional<double>> measures; // by index in RuleSet::measures; nothing where unknown
  std::vector<Verdict> requirements;           // by index in requirements_of(); those of the fleet are not_applicable
  HostCompute compute;                         // accelerators and processor
  std::vector<CauseMark> causes = {};          // of rules that fail and say what they are about; by rule
};

/// The requirements of all workloads in one row: by workload, minimum before recommended; then RuleSet::ways. Judging them with the rules is
/// what lets a fleet's workloads be told without reading every host's facts again.
std::vector<const Requirement*> requirements_of(const RuleSet& rules);

/// Facts with derived facts among them. Never fails: what cannot be evaluated is unknown.
Judgement judge(const RuleSet& rules, const cel::Document& facts);
/// The same on facts as facts_of() gives them.
Judgement judge(const RuleSet& rules, const nlohmann::json& facts);

/// Which rules read which sections, so that a scan touches only the rules whose facts changed. Belongs to one rule set.
class RuleIndex {
 public:
  explicit RuleIndex(const RuleSet& rules);
  /// What judge() would give, made from what it gave for `before` and the sections (names as in a scan) whose facts are
  /// other now. Derived facts are of a day: `new_day` where the scans were taken on different ones. `judged`, where
  /// given, is set to the number of conditions that were judged.
  Judgement judge_again(const cel::Document& facts, const Judgement& before, const std::vector<std::string>& changed,
                        bool new_day, std::size_t* judged = nullptr) const;

 private:
  const RuleSet& rules_;
  std::vector<const Requirement*> requirements_;
  std::vector<std::uint64_t> rule_reads_, measure_reads_, requirement_reads_;  // bit: index in sections()
};

/// Why a verdict is what it is, computed from the facts again.
struct Evidence {
  Verdict verdict;
  std::string observed;              // "yes", "16 GB", "fact not read"
  std::string expected;
  std::vector<std::string> missing;  // catalog paths that were not there
  std::string problem;               // an evaluation error, in words; empty mostly
  std::string not_applicable;        // why the rule does not concern the host, in words; empty where it does
  std::vector<cel::Program::Step> steps;
};
Evidence explain(const Rule& rule, const cel::Document& facts);
Evidence explain(const Rule& rule, const nlohmann::json& facts);
/// The same for a fleet rule, on aggregates by index in RuleSet::measures.
Evidence explain_fleet(const RuleSet& rules, const Rule& rule, const std::vector<std::optional<double>>& aggregates);

/// A verdict on values that are there already; `degree` of fleet rules, 0 to 1.
struct Decision {
  Verdict verdict = Verdict::unknown;
  std::optional<double> degree;      // nothing where unknown or not applicable
  std::vector<std::string> missing;
  std::string problem;
};
Decision decide(const Rule& rule, const cel::Lookup& lookup);
/// The verdict alone of a host rule.
Verdict decide(const Rule& rule, const cel::Document& facts);
/// Pass, fail or unknown of a Boolean condition.
Verdict decide(const cel::Program& condition, const cel::Lookup& lookup);
Verdict decide(const cel::Program& condition, const cel::Document& facts);

/// What `observed` gives, for a person: units of facts, lists joined, "fact not read" where it is unknown. `unit` is for
/// numbers that no fact gives a unit to.
std::string show_observed(const cel::Program& observed, const cel::Lookup& lookup, std::string_view unit = {});
/// A value for a person: 48000000000 bytes are "48 GB", true is "yes", lists are joined, long ones cut.
std::string show_value(const cel::Value& value, std::string_view unit);

/// A version, 3 bits a rule and a requirement, the measures, what the host computes with, and causes; fails to unpack anything that
/// is not exactly that, and what an older version packed.
std::string pack_judgement(const Judgement& judgement);
Result<Judgement> unpack_judgement(std::string_view bytes, std::size_t rules, std::size_t measures);

}  // namespace plumbline
