// SPDX-License-Identifier: Apache-2.0
// What templates are filled with, and what every page says alike: findings, actions, workloads, gates, coverage.
// A view is a tree of strings, lists and truths; the template decides where they stand, and escapes them.
#pragma once

#include <kainjow/mustache.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collector/report/chart.h"
#include "collector/report/report.h"
#include "collector/report/wording.h"
#include "rules/fact_record.h"
#include "rules/fact_values.h"

namespace plumbline {

using View = kainjow::mustache::data;

View view_list();
void put_text(View& view, const char* name, std::string text);
void put_truth(View& view, const char* name, bool truth);
/// A list under a name, with `has_name` to say whether anything is in it.
void put_list(View& view, const std::string& name, View rows);
/// The text, or false where it is empty, so that a section around it vanishes.
View maybe(std::string text);

/// A page of the site: the template inside the layout with navigation.
std::string render_page(std::string_view template_name, std::string_view title, View view, const ReportInput& input, const PageContext& context);
/// The same template as a file of its own, with the style inside.
std::string render_file(std::string_view template_name, std::string_view title, View view);
/// A page without navigation: login and errors.
std::string render_bare(std::string_view template_name, std::string_view title, View view);

enum class Altitude { it, cio, ceo };

/// What was read where a rule was judged, for one host.
Evidence evidence_on(const ReportInput& input, std::size_t rule, std::size_t host);
/// The facts of one host, read once for many questions: from the scan itself where the input has it, which is quick, else
/// from the facts. The input must outlive it.
class HostEvidence {
 public:
  HostEvidence(const ReportInput& input, std::size_t host);
  Evidence of(std::size_t rule) const;
  /// The facts with the derived ones; a record that is not there where they are gone.
  FactRecord facts() const { return document_ != nullptr ? FactRecord(*document_) : FactRecord(); }
  /// os.family; empty where it is not known.
  std::string family() const { return facts().object("os").text("family"); }

 private:
  const ReportInput& input_;
  std::size_t host_;
  FactReader reader_;
  cel::Document* document_ = nullptr;  // nothing where they are no longer kept
};
/// For a fleet rule: from the aggregates.
Evidence evidence_on_fleet(const ReportInput& input, std::size_t rule);
/// The finding in the reader's words; names of hosts never appear at the CEO's altitude.
std::string finding_sentence(const ReportInput& input, std::size_t rule, Altitude altitude);
/// "Set PermitRootLogin no, …": the first sentence of the fix that gains most among an action's rules.
std::string action_title(const ReportInput& input, const Action& action);
std::size_t leading_rule(const ReportInput& input, const Action& action);

View finding_row(const ReportInput& input, std::size_t rule);
/// "Also seen as: Every store encrypts; …": rules that fail for the same cause and are told by this one; empty where none.
std::string also_seen_text(const ReportInput& input, const std::vector<std::size_t>& rules);
View action_row(const ReportInput& input, const Action& action);
View workload_row(const ReportInput& input, const WorkloadResult& workload);
/// Actions in the order they should be done: for the company's goals where it has any, else in that of the roadmap.
std::vector<std::size_t> actions_in_order(const ReportInput& input);
/// Owner of an action: whom people named, else the role the packs propose.
std::string owner_of(const ReportInput& input, const Action& action);
/// People a workload serves; nullptr where it asks no language model.
const WorkloadServing* serving_of(const ReportInput& input, const WorkloadResult& workload);
/// "time to find an answer: from 12 to 4 minutes".
std::string kpi_text(const KpiGoal& kpi);
/// "Three of 14 workloads can start as a pilot today, two after named changes."
std::string workloads_sentence(const ReportInput& input);
View stranded_rows(const ReportInput& input);
/// Buy, keep or rent, for each workload that asks a language model.
View money_rows(const ReportInput& input);
/// "between 41 and 55"
std::string score_range(const Score& score);
View score_view(const ReportInput& input);
View pillar_rows(const ReportInput& input);
View gate_rows(const ReportInput& input);
View coverage_view(const ReportInput& input);
View change_view(const ReportInput& input);

/// The score against the audience's last review, or against a month ago where there was none; empty without either.
struct Movement {
  std::string text;           // "▲ 9 since the review of 24 August"
  std::string css = "soft";
  int points = 0;
};
Movement movement_of(const ReportInput& input, std::string_view audience);

/// What could not be judged: rules by the number of hosts where they could not.
struct Coverage {
  std::size_t stale = 0, checks = 0, unknown = 0;
  std::vector<std::size_t> unread;
};
Coverage coverage_of(const ReportInput& input);

/// What the company says of itself, told apart from what is measured.
struct SelfReport {
  std::size_t answered = 0, asked = 0;
  std::string sentence;
};
SelfReport self_report_of(const ReportInput& input);

/// Words and marks of states; the class name is a word of our own.
struct Word {
  std::string text;
  std::string_view css;
};
Word verdict_word(Verdict verdict);
Word severity_word(Severity severity);
Word state_word(const WorkloadResult& workload);
Word state_word(const WorkloadResult& workload, std::string& text);  // the same, with its text

/// The host's name, or "unnamed 2bd4c9ab" from its id.
std::string host_title(const AssessedHost& host);
/// Workloads as a reader wants them: ready, after changes, unknown, not here.
std::vector<const WorkloadResult*> workloads_in_order(const ReportInput& input);
/// The score people want, for the trend.
ScoreGoal score_goal(const ReportInput& input);
/// Below this share of known checks nobody should decide anything.
inline constexpr double kLeastKnownToDecide = 0.5;

/// Gates that hold the level below what the score alone would give.
std::vector<std::size_t> holding_gates(const ReportInput& input);
std::string host_count(const ReportInput& input);
/// Title of a packaging family: "Debian and Ubuntu".
std::string family_title(std::string_view family);
View fix_view(const Rule& rule, bool open);
/// Waivers that count or have expired: "accepted risk: 4.0 points until 31 March 2027"; of one rule, or of all.
View accepted_rows(const ReportInput& input, std::optional<std::size_t> rule);
/// The same in one sentence for a verdict that is waived; empty where none is.
std::string acceptance_of(const ReportInput& input, std::size_t rule, std::size_t host);
/// A rule's named values on a host, or on the fleet where it is judged there.
View named_evidence_rows(const ReportInput& input, std::size_t rule, std::optional<std::size_t> host);
View reference_rows(const Rule& rule);

}  // namespace plumbline
